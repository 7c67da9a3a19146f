"""A steady load of webhooks: so many a second, whether answers come or not, as Samora would send them.

``python -m tests.bench.steady PER_SECOND SECONDS PORT [PORT …]``, with a call's id on each line of its standard input.
Prints one line of JSON. A delivery is late by what lies between when it should have left and its answer: a server that
falls behind can't hide that by being sent less.
"""

import json
import select
import socket
import sys
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

WEBHOOK_SECRET = "bench-webhook-secret"

_CONNECTIONS = 64  # for each port
_EVENTS = ("CALL_STARTED", "CALL_FINISHED")


@dataclass(frozen=True)
class Steadiness:
    """What one load came to.

    Attributes:
        per_second: deliveries a second that were answered.
        p50_ms: what half of the answers took, in milliseconds, from when the delivery should have left.
        p99_ms: likewise for 99 in 100.
        worst_ms: the longest.
        statuses: how many answers had which status.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    statuses: dict[str, int]


def deliveries(ids: list[str], port: int) -> Iterator[bytes]:
    """Each call as it begins, and later as it is over, in the shape that the bot has to search for the id."""
    for event in _EVENTS:
        for call_id in ids:
            body = json.dumps({"event": event, "data": {"call_id": call_id, "note": "x" * 400}}).encode()
            head = (
                f"POST /samora/webhook HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
                f"X-Samora-Bot-Secret: {WEBHOOK_SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            yield head.encode() + body


class _Line:
    """One connection: a delivery at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.since = 0.0
        self._received = b""

    def send(self, delivery: bytes, *, since: float) -> None:
        self.since = since
        self.socket.sendall(delivery)

    def receive(self) -> str | None:
        """The answer's status, once it is whole."""
        received = self.socket.recv(65536)
        if not received:
            message = "the server closed the connection"
            raise RuntimeError(message)
        self._received += received
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return None
        self._received = b""
        return head.split(b" ", 2)[1].decode()


def _content_length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r", 1)[0]) if start >= 0 else 0


def send(ids: list[str], ports: list[int], *, per_second: float, seconds: float) -> Steadiness:
    """Sends them in turn to these ports."""
    lines = {line.socket.fileno(): line for port in ports for line in (_Line(port) for _ in range(_CONNECTIONS))}
    free = deque(lines.values())
    source = deliveries(ids, ports[0])
    statuses: Counter[str] = Counter()
    took: list[float] = []
    total = min(round(per_second * seconds), len(ids) * len(_EVENTS))
    sent, began = 0, perf_counter()
    with select.epoll() as poll:
        for number in lines:
            poll.register(number, select.EPOLLIN)
        while len(took) < total:
            while sent < total and free and perf_counter() - began >= sent / per_second:
                free.popleft().send(next(source), since=began + sent / per_second)
                sent += 1
            for number, _event in poll.poll(0.001):
                line = lines[number]
                if status := line.receive():
                    took.append((perf_counter() - line.since) * 1000)
                    statuses[status] += 1
                    free.append(line)
    spent = perf_counter() - began
    took.sort()
    return Steadiness(
        per_second=len(took) / spent,
        p50_ms=took[len(took) // 2],
        p99_ms=took[len(took) * 99 // 100],
        worst_ms=took[-1],
        statuses=dict(statuses),
    )


def main(arguments: list[str]) -> None:
    """Prints the figures."""
    per_second, seconds, *ports = arguments
    ids = [line.strip() for line in sys.stdin]
    found = send(ids, [int(port) for port in ports], per_second=float(per_second), seconds=float(seconds))
    print(json.dumps({name: getattr(found, name) for name in Steadiness.__annotations__}))


if __name__ == "__main__":
    main(sys.argv[1:])
