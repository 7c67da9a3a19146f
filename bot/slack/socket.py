"""Socket Mode: one connection to Slack is always open, and the next one before Slack ends it.

Slack ends each connection every few hours, and says so some ten seconds before: ``disconnect`` with ``warning`` or
``refresh_requested``. Until then it sends envelopes over either, so both are read.
Source: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

# So long a connection that Slack wants to end may stay beside the next one. Ended by us, what Slack is sending just
# then would be lost; some ten seconds after its warning Slack ends it.
_STAY_SECONDS = 30.0
_CLOSE_SECONDS = 5.0

# A try to connect takes ten seconds at most. This is far more.
_STALLED_SECONDS = 120.0


class Connection(Protocol):
    """One WebSocket.

    Attributes:
        is_open: whether frames go both ways.
        of_app: how many connections the app had when this one was made, itself included; 0 until Slack has said so.
        due_at: when something is to be done about it, by the monotonic clock; infinite as long as it is open.
    """

    of_app: int
    due_at: float

    @property
    def is_open(self) -> bool:
        """Whether frames go both ways."""

    async def connect(self) -> None:
        """Connects, trying again and again until Slack says hello."""

    async def last(self) -> None:
        """Waits until it has ended, or Slack has said that it will."""

    async def end(self) -> None:
        """Waits until it has ended."""

    async def close(self) -> None:
        """Takes no more envelopes, acks those taken, and ends it."""


class Socket:
    """Keeps one connection open, and two while one follows the other.

    Attributes:
        of_app: how many connections the app had when the newest was made, those that make room for it not counted.
        connects: how many were made.
    """

    def __init__(self, *, connect: Callable[[], Connection], stay: float = _STAY_SECONDS) -> None:
        """Takes how to make a connection, and how many seconds one stays that Slack wants to end."""
        self._connect = connect
        self._stay = stay
        self._connections: list[Connection] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self.of_app = 0
        self.connects = 0

    @property
    def is_connected(self) -> bool:
        """Whether Slack can reach us."""
        return any(each.is_open for each in self._connections)

    @property
    def is_stalled(self) -> bool:
        """Whether it isn't connected, and doesn't even try to be: nothing but a new process helps then."""
        if self.is_connected or not self._connections:
            return False
        return self._connections[-1].due_at < monotonic() - _STALLED_SECONDS

    async def run(self, stopped: asyncio.Event) -> None:
        """Connects, and again whenever a connection ends or is about to; returns once stopped and closed."""
        keeping = asyncio.create_task(self._keep(), name="keep a connection")
        stopping = asyncio.create_task(stopped.wait(), name="stop the socket")
        try:
            await asyncio.wait({keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                await keeping
        finally:
            for task in (keeping, stopping, *self._leaving):
                task.cancel()
            await asyncio.gather(keeping, stopping, *self._leaving, return_exceptions=True)
            await asyncio.gather(*(self._close(each) for each in list(self._connections)))

    async def _keep(self) -> None:
        while True:
            connection = self._connect()
            self._connections.append(connection)
            others = sum(each.is_open for each in self._connections)
            await connection.connect()
            # Those that make room for this one are none of another process.
            self.of_app = max(connection.of_app - others, min(connection.of_app, 1))
            self.connects += 1
            log.info("socket_connected")
            await connection.last()
            leaving = asyncio.create_task(self._let_leave(connection), name="leaving connection")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _let_leave(self, connection: Connection) -> None:
        """Reads what still comes over it until Slack ends it."""
        await asyncio.wait({ending := asyncio.create_task(connection.end(), name="ending")}, timeout=self._stay)
        ending.cancel()
        await self._close(connection)

    async def _close(self, connection: Connection) -> None:
        """A stuck close must not keep a second connection, or the end of the process, waiting."""
        try:
            await asyncio.wait_for(connection.close(), _CLOSE_SECONDS)
        except Exception:
            log.exception("socket_not_closed")
        self._connections.remove(connection)
