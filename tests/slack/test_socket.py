"""The watchdog of Socket Mode: a connection that is dead without saying so is replaced, and never are two alive."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack import SlackSandbox
from bot.slack.bolt import make_bolt
from bot.slack.client import make_web_client, open_session
from bot.slack.listeners.dispatcher import Dispatcher
from bot.slack.socket import Connection, Socket, make_connection
from tests.factories import make_seal

TICK = 0.001


class FakeClock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class FakeConnection:
    """A connection that is up or down as a test wants it."""

    def __init__(self, line: "Line") -> None:
        self._line = line
        self.is_up = True
        self.of_app = 0
        self.looks = 0
        self.is_open = False
        self.connect_cancelled = False

    async def connect(self) -> None:
        self.is_open = True
        self._line.most_open = max(self._line.most_open, sum(each.is_open for each in self._line.made))
        try:
            await self._line.connects.wait()
        except asyncio.CancelledError:
            self.connect_cancelled = True
            raise

    async def is_connected(self) -> bool:
        self.looks += 1
        self._line.looked.set()
        return self.is_up

    async def close(self) -> None:
        self._line.closing += 1
        if self._line.close_error:
            raise self._line.close_error
        await self._line.closes.wait()
        self.is_open = False


class Line:
    """Makes connections and remembers them."""

    def __init__(self) -> None:
        self.made: list[FakeConnection] = []
        self.most_open = 0
        self.closing = 0
        self.close_error: Exception | None = None
        self.looked = asyncio.Event()
        self.connects = asyncio.Event()
        self.connects.set()
        self.closes = asyncio.Event()
        self.closes.set()

    def connect(self) -> Connection:
        self.made.append(FakeConnection(self))
        return self.made[-1]

    async def look(self, times: int = 2) -> None:
        """Waits until the newest connection was looked at so often again."""
        connection = self.made[-1]
        wanted = connection.looks + times
        while connection.looks < wanted:
            self.looked.clear()
            await asyncio.wait_for(self.looked.wait(), 5)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - many things may bring it about
            await asyncio.sleep(TICK)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def line() -> Line:
    return Line()


@asynccontextmanager
async def running(
    line: Line, clock: FakeClock, *, look_every: float = TICK
) -> AsyncIterator[tuple[Socket, asyncio.Event]]:
    socket = Socket(connect=line.connect, look_every=look_every, dead_after=30, clock=clock)
    stopped = asyncio.Event()
    task = asyncio.create_task(socket.run(stopped))
    await until(lambda: bool(line.made) and line.made[-1].looks > 0)
    try:
        yield socket, stopped
    finally:
        stopped.set()
        line.closes.set()
        await asyncio.wait_for(task, 5)


async def test_a_connection_that_is_up_is_kept(line: Line, clock: FakeClock) -> None:
    async with running(line, clock) as (socket, _):
        clock.seconds += 1_000_000
        await line.look()

        assert socket.is_connected
        assert len(line.made) == 1


async def test_how_many_connections_the_app_has_is_known_once_slack_has_said_so(line: Line, clock: FakeClock) -> None:
    async with running(line, clock) as (socket, _):
        assert socket.of_app == 0

        line.made[0].of_app = 3
        await until(lambda: socket.of_app == 3)


async def test_it_is_said_once_that_the_socket_is_connected(line: Line, clock: FakeClock) -> None:
    with capture_logs() as logs:
        async with running(line, clock):
            await line.look(3)

    assert [entry["event"] for entry in logs] == ["socket_connected"]


async def test_a_connection_that_comes_back_in_time_is_kept(line: Line, clock: FakeClock) -> None:
    async with running(line, clock) as (socket, _):
        line.made[0].is_up = False
        await until(lambda: not socket.is_connected)
        clock.seconds += 29
        await line.look()
        line.made[0].is_up = True
        await until(lambda: socket.is_connected)
        clock.seconds += 29
        line.made[0].is_up = False
        await line.look()

        assert len(line.made) == 1, "the seconds down are counted anew"


async def test_a_dead_connection_is_replaced_after_thirty_seconds(line: Line, clock: FakeClock) -> None:
    """slack-sdk's client has been seen dead after weeks without noticing: only a new one helps."""
    with capture_logs() as logs:
        async with running(line, clock) as (socket, _):
            line.made[0].is_up = False
            await until(lambda: not socket.is_connected)
            clock.seconds += 30
            await until(lambda: len(line.made) == 2)
            await until(lambda: socket.is_connected)

    assert line.closing == 2
    assert [entry["event"] for entry in logs] == ["socket_connected", "socket_replaced", "socket_connected"]
    assert logs[1]["down_seconds"] == 30


async def test_never_are_two_connections_alive(line: Line, clock: FakeClock) -> None:
    """Two would each get half of the envelopes."""
    async with running(line, clock):
        for count in (2, 3, 4):
            line.made[-1].is_up = False
            clock.seconds += 60
            await until(lambda count=count: len(line.made) == count)  # type: ignore[misc]
            await until(lambda: line.made[-1].is_open)

    assert line.most_open == 1


async def test_a_connection_that_never_comes_up_is_replaced_too(line: Line, clock: FakeClock) -> None:
    line.connects.clear()
    async with running(line, clock):
        line.made[0].is_up = False
        await line.look()
        clock.seconds += 60
        await until(lambda: len(line.made) == 2)
        await until(lambda: line.made[0].connect_cancelled)

    assert line.made[0].connect_cancelled


async def test_a_close_that_hangs_keeps_nobody_waiting(
    line: Line, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.socket._CLOSE_SECONDS", 0.01)
    line.closes.clear()
    async with running(line, clock):
        line.made[0].is_up = False
        await line.look()
        clock.seconds += 60
        await until(lambda: len(line.made) == 2)

    assert line.closing >= 1


async def test_a_close_that_fails_does_not_end_the_watch(line: Line, clock: FakeClock) -> None:
    async with running(line, clock):
        line.close_error = ConnectionResetError("reset by peer")
        line.made[0].is_up = False
        await line.look()
        clock.seconds += 60
        await until(lambda: len(line.made) == 2)
        line.close_error = None

    assert len(line.made) == 2


async def test_stopping_closes_at_once_however_seldom_somebody_looks(line: Line, clock: FakeClock) -> None:
    async with running(line, clock, look_every=3600) as (socket, stopped):
        await until(lambda: socket.is_connected)
        stopped.set()
        await until(lambda: line.closing == 1)

        assert not socket.is_connected
        assert not line.made[0].is_open
        assert len(line.made) == 1


async def test_stopped_before_it_began_it_connects_to_nothing(line: Line, clock: FakeClock) -> None:
    stopped = asyncio.Event()
    stopped.set()

    await Socket(connect=line.connect, clock=clock).run(stopped)

    assert line.made == []


async def test_cancelled_it_closes_its_connection(line: Line, clock: FakeClock) -> None:
    socket = Socket(connect=line.connect, look_every=TICK, clock=clock)
    task = asyncio.create_task(socket.run(asyncio.Event()))
    await until(lambda: bool(line.made) and line.made[0].is_open)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert line.closing == 1
    assert not socket.is_connected


# The real client, against the sandbox's Slack


async def test_a_real_connection_opens_and_closes() -> None:
    async with SlackSandbox(clock=SandboxClock()) as slack, open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url)
        connection = make_connection(
            app=make_bolt(Dispatcher({}, seal=make_seal())), app_token=slack.app_token, web=web
        )

        await connection.connect()
        assert await slack.wait_for_connection() == 1
        assert await connection.is_connected()
        await until(lambda: connection.of_app == 1)

        await connection.close()
        assert not await connection.is_connected()
        await slack.wait_for(lambda: slack.connections == 0)


async def test_a_stopped_socket_leaves_no_connection_behind() -> None:
    async with SlackSandbox(clock=SandboxClock()) as slack, open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url)
        bolt = make_bolt(Dispatcher({}, seal=make_seal()))
        socket = Socket(connect=lambda: make_connection(app=bolt, app_token=slack.app_token, web=web), look_every=0.05)
        stopped = asyncio.Event()
        running_socket = asyncio.create_task(socket.run(stopped))
        await slack.wait_for_connection()
        await until(lambda: socket.is_connected)

        stopped.set()
        await asyncio.wait_for(running_socket, 5)
        await slack.wait_for(lambda: slack.connections == 0)

    assert slack.connections_made == 1
