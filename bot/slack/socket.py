"""Socket Mode: the bot opens the connection, and a watchdog replaces a connection that is dead without saying so.

Source: docs.slack.dev/apis/events-api/using-socket-mode. slack-sdk reconnects by itself; but its client has been seen
silently dead after weeks (python-slack-sdk #1110, bolt-python #417), and then only a new one helps.
"""

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.lookup import is_loopback

log = structlog.get_logger()

_LOOK_SECONDS = 5.0
_DEAD_SECONDS = 30.0
_CLOSE_SECONDS = 2.0
_LONGEST_PATIENCE = 8


class Connection(Protocol):
    """One Socket Mode client.

    Attributes:
        of_app: how many connections the app had when this one was made, itself included; 0 until Slack has said so.
    """

    of_app: int

    async def connect(self) -> None:
        """Connects, trying again and again until it succeeds or is cancelled."""

    async def is_connected(self) -> bool:
        """Whether frames go both ways."""

    async def close(self) -> None:
        """Ends the connection."""


def make_connection(*, app: AsyncApp, app_token: str, web: AsyncWebClient) -> Connection:
    """A connection whose envelopes go to a Bolt app. ``web`` asks ``apps.connections.open`` for the address."""
    handler = AsyncSocketModeHandler(app, app_token, web_client=web, ping_interval=_LOOK_SECONDS)
    host = urlsplit(web.base_url).hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        # slack-sdk reads HTTPS_PROXY but not NO_PROXY.
        handler.client.proxy = None
    return _SdkConnection(handler.client)


class _SdkConnection:
    """slack-sdk's client, whose own ``close`` waits for a goodbye that a dead peer never sends."""

    def __init__(self, client: SocketModeClient) -> None:
        self._client = client
        self.of_app = 0
        client.message_listeners.append(self._hear)

    async def _hear(self, _client: object, message: dict[str, Any], _raw: object) -> None:
        count = message.get("num_connections")
        if message.get("type") == "hello" and isinstance(count, int):
            self.of_app = count

    async def connect(self) -> None:
        await self._client.connect()  # type: ignore[no-untyped-call]

    async def is_connected(self) -> bool:
        return await self._client.is_connected()

    async def close(self) -> None:
        client = self._client
        try:
            await asyncio.wait_for(client.close(), _CLOSE_SECONDS)  # type: ignore[no-untyped-call]
        except TimeoutError:
            log.info("socket_left", reason="no goodbye")
        finally:
            for task in (client.message_processor, client.current_session_monitor, client.message_receiver):
                if task is not None:
                    task.cancel()
            await client.aiohttp_client_session.close()


class Socket:
    """Keeps one connection alive.

    Attributes:
        is_connected: whether it is up.
        of_app: as the connection's.
        connects: how many times it came up.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Connection],
        look_every: float = _LOOK_SECONDS,
        dead_after: float = _DEAD_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Takes how to make a connection, how often to look at it, and how long it may be down, in seconds."""
        self._connect = connect
        self._look_every = look_every
        self._dead_after = dead_after
        self._clock = clock
        self.is_connected = False
        self.of_app = 0
        self.connects = 0

    async def run(self, stopped: asyncio.Event) -> None:
        """Connects, watches, and replaces the connection when it stays down; returns once stopped."""
        patience = 1
        while not stopped.is_set():
            connection = self._connect()
            connecting = asyncio.create_task(connection.connect(), name="socket connect")
            try:
                was_up = await self._watch(connection, stopped, patience * self._dead_after)
                # A Slack that asks to wait is not asked more often for being asked anew.
                patience = 1 if was_up else min(2 * patience, _LONGEST_PATIENCE)
            finally:
                self.is_connected = False
                connecting.cancel()
                # A stuck close must not keep a second connection, or the end of the process, waiting.
                try:
                    await asyncio.wait_for(connection.close(), 2 * _CLOSE_SECONDS)
                except Exception:
                    log.exception("socket_not_closed")

    async def _watch(self, connection: Connection, stopped: asyncio.Event, dead_after: float) -> bool:
        """Returns once stopped or the connection is dead: whether it ever lived."""
        was_up = False
        alive_at = self._clock()
        while not stopped.is_set():
            was_connected, self.is_connected = self.is_connected, await connection.is_connected()
            self.of_app = connection.of_app
            if self.is_connected:
                was_up, alive_at = True, self._clock()
                if not was_connected:
                    self.connects += 1
                    log.info("socket_connected")
            elif self._clock() - alive_at >= dead_after:
                log.warning("socket_replaced", down_seconds=round(self._clock() - alive_at))
                return was_up
            # A connection that is down is looked at closely, so that "ready" is said as soon as it is true.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), self._look_every if self.is_connected else self._look_every / 50)
        return was_up
