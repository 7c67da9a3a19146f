"""A load of signed slash commands over raw keep-alive connections: cheap enough not to be what is measured."""

import asyncio
import hmac
import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter, time
from typing import cast
from urllib.parse import urlencode

SECRET = "bench-signing-secret"
TEAM = "T0BENCH"


@dataclass(frozen=True)
class Figures:
    """What one load came to: requests per second, and the middle one's milliseconds."""

    per_second: float
    p50_ms: float


def signed_commands(text: str, *, response_url: str, count: int) -> Iterator[bytes]:
    """So many requests, each with a trigger of its own, over and over (a repetition is a retry to the bot)."""
    moment = str(int(time()))
    requests = []
    for number in range(count):
        fields = {
            "command": "/samora-call",
            "text": text,
            "team_id": TEAM,
            "user_id": "U0BENCH",
            "channel_id": "C0BENCH",
            "api_app_id": "A0BENCH",
            "response_url": response_url,
            "trigger_id": f"{number}.bench.{moment}",
        }
        body = urlencode(fields).encode()
        signature = hmac.digest(SECRET.encode(), b"v0:" + moment.encode() + b":" + body, "sha256").hex()
        head = (
            "POST /slack/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Slack-Request-Timestamp: {moment}\r\nX-Slack-Signature: v0={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return itertools.cycle(requests)


class _Connection(asyncio.Protocol):
    """Sends one request after the other and times each."""

    def __init__(self, requests: Iterator[bytes], until: float, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._until = until
        self._done = done
        self._received = b""
        self.milliseconds: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, received: bytes) -> None:
        self._received += received
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        self.milliseconds.append((perf_counter() - self._sent) * 1000)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self._sent = perf_counter()
        if self._sent < self._until:
            self._transport.write(next(self._requests))
        elif not self._done.done():
            self._done.set_result(None)
            self._transport.close()


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _same(connection: _Connection) -> _Connection:
    return connection


async def measure(port: int, requests: Iterator[bytes], *, at_once: int, seconds: float) -> Figures:
    """Keeps so many requests in flight for so long."""
    loop = asyncio.get_running_loop()
    began = perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(at_once)]
    connections = [_Connection(requests, began + seconds, end) for end in ends]
    for connection in connections:
        await loop.create_connection(partial(_same, connection), "127.0.0.1", port)
    await asyncio.gather(*ends)
    spent = perf_counter() - began
    times = [each for connection in connections for each in connection.milliseconds]
    return Figures(per_second=len(times) / spent, p50_ms=statistics.median(times))
