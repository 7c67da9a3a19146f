"""One browser's WebSocket: it is sent whatever changes before its person's eyes, and its orders are carried out."""

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from typing import Final, TypeVar

from aiohttp import WSMsgType, web

from bot.sandbox.orders import OrderRefusedError, Orders
from bot.sandbox.showing import Exchange, exchange_json, message_json, state_json
from bot.sandbox.slack import Message
from bot.sandbox.slack.elements import Json
from bot.sandbox.stage import Stage

FIRST_PERSON: Final = "U0MIRA"

# Changes come in bursts, and nobody sees more pictures a second than this allows.
_PAUSE_SECONDS: Final = 0.04
_ORDERS_AT_ONCE: Final = 32
_PIECES_A_FRAME: Final = 200
_KEPT: Final = 500  # exchanges and lines that a page shows at most

Piece = TypeVar("Piece")


class Live:
    """Sends frames, at first of all there is and then of each change; carries orders out beside each other."""

    def __init__(self, *, socket: web.WebSocketResponse, stage: Stage) -> None:
        """Takes an open socket; its person is :data:`FIRST_PERSON` until the page says otherwise."""
        self._socket = socket
        self._stage = stage
        self._orders = Orders(stage)
        self._numbers = count(1)
        self._under_way = 0
        self._look_through(FIRST_PERSON)

    async def run(self) -> None:
        """Works until the page goes away; orders under way are carried out to their end."""
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send_changes(), name="page frames")
            async for frame in self._socket:
                if frame.type is WSMsgType.TEXT and (order := _read(frame.data)):
                    tasks.create_task(self._answer(order), name="page order")
            sending.cancel()

    async def _answer(self, order: Json) -> None:
        number = order.pop("id", None)
        self._under_way += 1
        try:
            answer = await self._carry_out(order)
        finally:
            self._under_way -= 1
        with contextlib.suppress(ConnectionError):  # whoever gave the order is gone
            await self._socket.send_json({"reply": number, **answer})

    async def _carry_out(self, order: Json) -> Json:
        if self._under_way > _ORDERS_AT_ONCE:
            return {"refused": "That is more than the sandbox does at once."}
        if order.get("do") == "be":
            return self._be(order.get("user"))
        try:
            ack = await self._orders.carry_out(self._me, order)
        except OrderRefusedError as refusal:
            return {"refused": str(refusal)}
        return {"result": {"ok": ack.ok, "error": ack.error}}

    def _be(self, user: object) -> Json:
        if user not in self._stage.slack.workspace.users:
            return {"refused": f"There is nobody called {user!r} here."}
        self._look_through(str(user))
        self._stage.changes.announce()
        return {"result": {"ok": True, "error": None}}

    def _look_through(self, user: str) -> None:
        """From now on it is that person's eyes, which have seen nothing yet."""
        self._me = user
        self._state: Json | None = None
        self._messages: dict[tuple[str, str], Message] = {}
        self._newest: dict[str, object] = {}

    async def _send_changes(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                change = self._stage.changes.next
                for frame in self._frames():
                    await self._socket.send_json(frame)
                await change.wait()
                await asyncio.sleep(_PAUSE_SECONDS)

    def _frames(self) -> list[Json]:
        """What the page doesn't know yet."""
        frames: list[Json] = []
        if self._state is None:
            frames.append({"reset": True})
        state, known = state_json(self._stage, self._me), self._state or {}
        if changed := {key: value for key, value in state.items() if key not in known or known[key] != value}:
            frames.append({"state": changed})
        self._state = state
        frames += self._message_frames()
        frames += ({"traffic": page} for page in _pages(self._traffic()))
        frames += ({"lines": page} for page in _pages(self._newer("lines", self._stage.bot.lines)))
        return frames

    def _message_frames(self) -> Iterator[Json]:
        workspace = self._stage.slack.workspace
        visible = {
            (message.channel, message.ts): message
            for channel in workspace.channels
            for message in workspace.visible_to(self._me, channel)
        }
        # An edit makes a new value, so identity tells what changed.
        news = [message for place, message in visible.items() if self._messages.get(place) is not message]
        gone = [{"channel": channel, "ts": ts} for channel, ts in self._messages.keys() - visible.keys()]
        self._messages = visible
        yield from ({"messages": [message_json(message) for message in page]} for page in _pages(news))
        yield from ({"gone": page} for page in _pages(gone))

    def _traffic(self) -> list[Json]:
        slack, samora = self._stage.slack, self._stage.samora
        news: list[Exchange] = [
            *self._newer("delivered", slack.delivered),
            *self._newer("requests", slack.requests),
            *self._newer("samora", samora.requests),
            *self._newer("webhooks", samora.sender.attempts),
        ]
        news.sort(key=lambda exchange: exchange.at)
        return [exchange_json(exchange, next(self._numbers)) for exchange in news[-_KEPT:]]

    def _newer(self, name: str, kept: Sequence[Piece]) -> list[Piece]:
        """The newest pieces that were not there the last time, oldest first."""
        last = self._newest.get(name)
        newer = list(takewhile(lambda piece: piece is not last, reversed(kept)))[:_KEPT]
        if newer:
            self._newest[name] = newer[0]
        return newer[::-1]


def _pages(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    return (pieces[start : start + _PIECES_A_FRAME] for start in range(0, len(pieces), _PIECES_A_FRAME))


def _read(text: str) -> Json | None:
    """An order, or nothing that makes sense."""
    try:
        order = json.loads(text)
    except ValueError:
        return None
    return order if isinstance(order, dict) else None
