"""One Socket Mode connection: one WebSocket, from its hello to its end.

slack-sdk's client closes the old WebSocket before it opens another, and what Slack has sent over the old one by then is
thrown away unread, though Slack sends a command once. So here a connection never becomes another one:
:mod:`bot.slack.socket` opens the next beside it, and each envelope is acked over the connection that it came over.
Source: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import json
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import BotError, SlackUnavailable, TemporaryError
from bot.slack.refusals import translated
from bot.slack.socket import Connection

log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 10.0
# aiohttp pings so often, and calls a peer dead that answers nothing within half of it.
_PING_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_AGAIN_SECONDS = 0.25
_LONGEST_AGAIN_SECONDS = 15.0

# Called with an envelope's payload that was acked, and how many seconds after it had come.
AckNoter = Callable[[dict[str, Any], float], None]


def make_connection(
    *, app: AsyncApp, app_token: str, web: AsyncWebClient, note_ack: AckNoter = lambda _payload, _seconds: None
) -> Connection:
    """A connection whose envelopes go to a Bolt app. ``web`` asks ``apps.connections.open``; its session connects."""
    if web.session is None:
        raise AssertionError  # pragma: no cover - make_web_client gives it one
    return WebSocket(app=app, app_token=app_token, web=web, session=web.session, note_ack=note_ack)


class WebSocket:
    """Slack's end of one, read until it ends. Fulfils :class:`bot.slack.socket.Connection`."""

    def __init__(
        self,
        *,
        app: AsyncApp,
        app_token: str,
        web: AsyncWebClient,
        session: aiohttp.ClientSession,
        note_ack: AckNoter,
    ) -> None:
        self.of_app = 0
        self.due_at = monotonic()
        self._note_ack = note_ack
        self._app = app
        self._app_token = app_token
        self._web = web
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reading: asyncio.Task[None] | None = None
        self._taken: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._lasted = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether frames go both ways."""
        return self._socket is not None and not self._ended.is_set()

    async def connect(self) -> None:
        """Asks for an address and connects there; an address works once, so each try asks anew."""
        wait = _AGAIN_SECONDS
        while True:
            self.due_at = monotonic()
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._connect()
            except (BotError, TimeoutError) as error:
                reason = error.reason if isinstance(error, BotError) else "time-out"
                asked = error.retry_after if isinstance(error, TemporaryError) else None
                log.warning("socket_not_connected", reason=reason)
            else:
                return
            rest = max(wait, asked or 0.0)
            self.due_at = monotonic() + rest
            await asyncio.sleep(rest)
            wait = min(2 * wait, _LONGEST_AGAIN_SECONDS)

    async def last(self) -> None:
        """Waits until it has ended, or Slack has said that it will."""
        await self._lasted.wait()

    async def end(self) -> None:
        """Waits until it has ended."""
        await self._ended.wait()

    async def close(self) -> None:
        """Takes no more envelopes, acks those taken, and ends it, all within four seconds."""
        self._is_closing = True
        if self._taken:
            await asyncio.wait(self._taken, timeout=_CLOSE_SECONDS)
        if self._socket is not None:
            await self._socket.close()
        for task in (*self._taken, *([self._reading] if self._reading else [])):
            task.cancel()
        self._finish()

    async def _connect(self) -> None:
        with translated("apps.connections.open"):
            answer = await self._web.apps_connections_open(app_token=self._app_token)
            socket = await self._session.ws_connect(
                str(answer["url"]),
                heartbeat=_PING_SECONDS,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
            )
        try:
            greeting = _read(await socket.receive())
            if greeting.get("type") != "hello":
                raise SlackUnavailable(str(greeting.get("reason") or "no hello")[:40])
        except BaseException:
            await socket.close()
            raise
        count = greeting.get("num_connections")
        self.of_app = count if isinstance(count, int) else 0
        self._socket, self.due_at = socket, float("inf")
        self._reading = asyncio.create_task(self._read_all(socket), name="socket")

    async def _read_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                message = _read(frame)
                if message.get("type") == "disconnect":
                    log.info("socket_leaving", reason=str(message.get("reason"))[:40])
                    self._lasted.set()
                elif (envelope := SocketModeRequest.from_dict(message)) and not self._is_closing:
                    self._take(envelope, socket)
        finally:
            self._finish()

    def _take(self, envelope: SocketModeRequest, socket: aiohttp.ClientWebSocketResponse) -> None:
        task = asyncio.create_task(self._answer(envelope, socket, perf_counter()), name="envelope")
        self._taken.add(task)
        task.add_done_callback(self._taken.discard)

    async def _answer(
        self, envelope: SocketModeRequest, socket: aiohttp.ClientWebSocketResponse, came_at: float
    ) -> None:
        response = await run_async_bolt_app(self._app, envelope)
        if response.status != 200:
            return  # not acked, an event comes again
        try:
            await socket.send_str(json.dumps(_ack(envelope.envelope_id, response)))
        except (ConnectionError, aiohttp.ClientError):
            log.info("ack_lost", reason="connection ended")  # Slack sends an event again then: answered already
        else:
            self._note_ack(envelope.payload, perf_counter() - came_at)

    def _finish(self) -> None:
        self.due_at = monotonic()
        self._lasted.set()
        self._ended.set()


def _read(frame: aiohttp.WSMessage) -> dict[str, Any]:
    """The JSON object in a frame; an empty one for anything else."""
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        message = json.loads(frame.data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _ack(envelope_id: str, response: BoltResponse) -> dict[str, Any]:
    body = response.body
    if not body:
        return {"envelope_id": envelope_id}
    is_json = response.first_headers().get("content-type", "").startswith("application/json")
    return {"envelope_id": envelope_id, "payload": json.loads(body) if is_json else {"text": body}}
