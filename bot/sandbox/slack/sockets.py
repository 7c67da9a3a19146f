"""Socket Mode's WebSockets (docs.slack.dev/apis/events-api/using-socket-mode)."""

import asyncio
import itertools
import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.people import APP_ID

CONNECTIONS_LIMIT = 10


@dataclass(eq=False)
class Connection:
    """One open socket of the bot."""

    socket: web.WebSocketResponse
    request: web.Request

    def cut(self) -> None:
        """Ends it without a goodbye, as a broken network does."""
        if self.request.transport is not None:
            self.request.transport.abort()


class Sockets:
    """Takes connections, sends envelopes over one of them, waits for the acknowledgement.

    Attributes:
        made: how many connections there ever were.
    """

    def __init__(self, changes: Changes) -> None:
        self.made = 0
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
            if not await self._sent(envelope):
                return Ack(ok=False, error="dispatch_failed")
            body = await asyncio.wait_for(waiting, within)
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
        frame = {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
        for connection in list(self._open):
            await connection.socket.send_json(frame)

    async def close(self) -> None:
        """Says goodbye on every connection."""
        for connection in list(self._open):
            await connection.socket.close(code=1001)

    async def _sent(self, envelope: Json) -> bool:
        text = json.dumps(envelope)
        for _ in range(self.count):
            connection = self._open[next(self._turn) % self.count]
            try:
                await connection.socket.send_str(text)
            except ConnectionError:  # closing at this very moment: another one gets it
                continue
            return True
        return False

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
