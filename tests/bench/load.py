"""A load of signed slash commands over raw keep-alive connections: cheap enough not to be what is measured."""

import hmac
import itertools
import select
import socket
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter, time
from urllib.parse import urlencode

SECRET = "bench-signing-secret"
TEAM = "T0BENCH"


@dataclass(frozen=True)
class Figures:
    """What one load came to.

    Attributes:
        requests: how many were answered.
        per_second: how many a second.
        p50_ms: the middle one's milliseconds.
        cpu_us: the microseconds of CPU that one took the server, where that was looked at.
    """

    requests: int
    per_second: float
    p50_ms: float
    cpu_us: float = 0.0


def signed_commands(text: str, *, response_url: str, count: int) -> Iterator[bytes]:
    """So many requests, each with a trigger of its own, over and over (a repetition is a retry to the bot)."""
    return itertools.cycle(
        [
            signed_command(text, response_url=response_url, trigger_id=f"{number}.bench.{time():.0f}")
            for number in range(count)
        ]
    )


def signed_command(text: str, *, response_url: str, trigger_id: str) -> bytes:
    """A whole request, signed now."""
    moment = str(int(time()))
    fields = {
        "command": "/samora-call",
        "text": text,
        "team_id": TEAM,
        "user_id": "U0BENCH",
        "channel_id": "C0BENCH",
        "api_app_id": "A0BENCH",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
    body = urlencode(fields).encode()
    signature = hmac.digest(SECRET.encode(), b"v0:" + moment.encode() + b":" + body, "sha256").hex()
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Slack-Request-Timestamp: {moment}\r\nX-Slack-Signature: v0={signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection:
    """Sends one request after the other over one socket, and times each."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.milliseconds: list[float] = []
        self._requests = requests
        self._received = b""

    def send(self) -> None:
        """Sends the next request."""
        self._sent = perf_counter()
        self.socket.sendall(next(self._requests))

    def receive(self) -> bool:
        """Whether the answer is whole now."""
        received = self.socket.recv(65536)
        assert received, "the server closed the connection"
        self._received += received
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return False
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        self.milliseconds.append((perf_counter() - self._sent) * 1000)
        return True


def _content_length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r", 1)[0]) if start >= 0 else 0


def measure(port: int, requests: Iterator[bytes], *, at_once: int, seconds: float) -> Figures:
    """Keeps so many requests in flight for so long, by plain sockets: the load must not slow what it measures."""
    connections = {}
    with select.epoll() as poll:
        began = perf_counter()
        until = began + seconds
        for _ in range(at_once):
            connection = _Connection(port, requests)
            connections[connection.socket.fileno()] = connection
            poll.register(connection.socket, select.EPOLLIN)
            connection.send()
        open_ones = at_once
        while open_ones:
            for number, _event in poll.poll(10):
                connection = connections[number]
                if not connection.receive():
                    continue
                if perf_counter() < until:
                    connection.send()
                else:
                    poll.unregister(connection.socket)
                    connection.socket.close()
                    open_ones -= 1
        spent = perf_counter() - began
    times = [each for connection in connections.values() for each in connection.milliseconds]
    return Figures(requests=len(times), per_second=len(times) / spent, p50_ms=statistics.median(times))
