"""Socket Mode's WebSockets (docs.slack.dev/apis/events-api/using-socket-mode)."""

import asyncio
import itertools
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import WSMsgType, web

from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.people import APP_ID

CONNECTIONS_LIMIT = 10

# How long before its end Slack warns a connection.
WARNING_SECONDS = 10.0

# What may befall a connection with an envelope: it breaks within the frame, or just after it; or Slack wants it to end.
Trouble = Literal["", "within", "after", "warning", "refresh_requested"]


@dataclass(eq=False)
class Connection:
    """One open socket of the bot."""

    socket: web.WebSocketResponse
    request: web.Request
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def cut_within(self, text: str) -> None:
        """Breaks in the midst of a frame with this text: half of it gets through."""
        if self.request.transport is not None:
            head = b"\x81\x7e" + len(text.encode()).to_bytes(2, "big")
            self.request.transport.write(head + text.encode()[: len(text) // 2])
            self.request.transport.close()

    def cut(self) -> None:
        """Ends it without a goodbye, as a broken network does."""
        if self.request.transport is not None:
            self.request.transport.abort()


class Sockets:
    """Takes connections, sends envelopes over one of them, waits for the acknowledgement.

    An envelope whose connection ends before it is acknowledged is sent over another one.

    Attributes:
        made: how many connections there ever were.
        doubtful: the envelopes that were sent whole, and sent again because no acknowledgement came.
        troubles: what befalls the next envelopes' connections, one each; then nothing does.
        warning_seconds: how long before its end a connection is warned of it.
    """

    def __init__(self, changes: Changes) -> None:
        self.made = 0
        self.doubtful: list[Json] = []
        self.troubles: Iterator[Trouble] = iter(())
        self.warning_seconds = WARNING_SECONDS
        self._dismissals: set[asyncio.Task[None]] = set()
        self._changes = changes
        self._tickets: set[str] = set()
        self._open: list[Connection] = []
        self._turn = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def issue_ticket(self) -> str:
        """A ticket for one connection, as ``apps.connections.open`` gives it out."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answers ``/socket?ticket=…``: says hello, then takes acknowledgements until the socket closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="ticket not found")
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.count >= CONNECTIONS_LIMIT:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        connection = Connection(socket, request)
        self._open.append(connection)
        self.made += 1
        try:
            await socket.send_json(self._hello())
            self._changes.announce()
            await self._listen(socket)
        finally:
            connection.ended.set()
            self._open.remove(connection)
            self._changes.announce()
        return socket

    async def send(self, envelope: Json, within: float) -> Ack:
        """Sends an envelope over one arbitrary connection and waits so many seconds for its acknowledgement."""
        envelope_id = envelope["envelope_id"]
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        started = time.perf_counter()
        try:
            if not self._open:
                return Ack(ok=False, error="dispatch_failed")
            async with asyncio.timeout(within):
                body = await self._send_until_acknowledged(envelope, waiting)
            return Ack(ok=True, status=200, body=body, seconds=time.perf_counter() - started)
        except TimeoutError:
            return Ack(ok=False, error="operation_timeout", seconds=time.perf_counter() - started)
        finally:
            del self._waiting[envelope_id]

    def cut_all(self) -> None:
        """Breaks every connection without a goodbye."""
        for connection in self._open:
            connection.cut()

    async def announce_disconnect(self, reason: str) -> None:
        """Sends every connection a ``disconnect`` frame: "warning", "refresh_requested" or "link_disabled"."""
        for connection in list(self._open):
            await self._dismiss(connection, reason)

    async def close(self) -> None:
        """Says goodbye on every connection."""
        for dismissal in self._dismissals:
            dismissal.cancel()
        for connection in list(self._open):
            await connection.socket.close(code=1001)

    async def _send_until_acknowledged(self, envelope: Json, waiting: asyncio.Future[Json | None]) -> Json | None:
        while True:
            while not self._open:
                await self._changes.next.wait()
            connection = self._open[next(self._turn) % self.count]
            is_whole = await self._send_over(connection, envelope)
            ending = asyncio.create_task(connection.ended.wait(), name="connection ends")
            waiting.add_done_callback(lambda _done, ending=ending: ending.cancel())  # type: ignore[misc]
            await asyncio.wait({ending})
            if waiting.done():
                return waiting.result()
            if is_whole:
                self.doubtful.append(envelope)
            envelope = envelope | {"retry_attempt": envelope.get("retry_attempt", 0) + 1, "retry_reason": "timeout"}

    async def _send_over(self, connection: Connection, envelope: Json) -> bool:
        """Sends it, or half of it; whether the connection took it whole."""
        text, trouble = json.dumps(envelope), next(self.troubles, "")
        if trouble == "within":
            connection.cut_within(text)
            return False
        try:
            await connection.socket.send_str(text)
            if trouble == "after":
                connection.cut()
            elif trouble:
                await self._dismiss(connection, trouble)
        except ConnectionError:  # closing at this very moment
            return False
        return True

    async def _dismiss(self, connection: Connection, reason: str) -> None:
        """Says that a connection is to end, and ends it a little later; envelopes go over it until then."""
        await connection.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        dismissal = asyncio.create_task(self._end(connection), name="end a connection")
        self._dismissals.add(dismissal)
        dismissal.add_done_callback(self._dismissals.discard)

    async def _end(self, connection: Connection) -> None:
        await asyncio.sleep(self.warning_seconds)
        await connection.socket.close(code=1001)

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                self._take(frame.data)

    def _take(self, text: str) -> None:
        try:
            ack = json.loads(text)
            waiting = self._waiting.get(ack["envelope_id"])
        except (ValueError, KeyError, TypeError):  # Slack ignores what it cannot read
            return
        if waiting is not None and not waiting.done():
            waiting.set_result(ack.get("payload") or None)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }
