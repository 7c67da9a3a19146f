"""Socket Mode: the next connection is open before the old one ends, and an envelope is acked where it came from."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from structlog.testing import capture_logs

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from bot.slack.bolt import make_bolt
from bot.slack.client import make_web_client, open_session
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Busy
from bot.slack.listeners.dispatcher import COMMAND, Dispatcher, Listener
from bot.slack.payloads import Payload
from bot.slack.socket import Connection, Socket
from bot.slack.websocket import AckNoter, make_connection
from tests.factories import make_seal

MIRA = "U0MIRA"
OPERATIONS = "C0OPS"


class FakeConnection:
    """A connection that ends when a test says so."""

    def __init__(self, line: "Line") -> None:
        self._line = line
        self.of_app = line.of_app
        self.is_open = False
        self.due_at = monotonic()
        self.leaves = asyncio.Event()
        self.ends = asyncio.Event()

    async def connect(self) -> None:
        await self._line.connects.wait()
        self.is_open = True

    async def last(self) -> None:
        await self.leaves.wait()

    async def end(self) -> None:
        await self.ends.wait()

    async def close(self) -> None:
        self._line.closed.append(self)
        self.is_open = False
        if self._line.close_error:
            raise self._line.close_error
        await self._line.closes.wait()


class Line:
    """Makes connections and remembers them."""

    def __init__(self) -> None:
        self.made: list[FakeConnection] = []
        self.closed: list[FakeConnection] = []
        self.of_app = 1
        self.close_error: Exception | None = None
        self.connects = asyncio.Event()
        self.connects.set()
        self.closes = asyncio.Event()
        self.closes.set()

    def connect(self) -> Connection:
        self.made.append(FakeConnection(self))
        return self.made[-1]


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - many things may bring it about
            await asyncio.sleep(0.001)


@pytest.fixture
def line() -> Line:
    return Line()


@asynccontextmanager
async def running(connect: Callable[[], Connection], *, stay: float = 30.0) -> AsyncIterator[Socket]:
    socket, stopped = Socket(connect=connect, stay=stay), asyncio.Event()
    task = asyncio.create_task(socket.run(stopped))
    try:
        await until(lambda: socket.is_connected)
        yield socket
    finally:
        stopped.set()
        await asyncio.wait_for(task, 10)


async def test_the_next_connection_is_open_before_the_old_one_is_closed(line: Line) -> None:
    async with running(line.connect) as socket:
        line.made[0].leaves.set()
        await until(lambda: len(line.made) == 2 and line.made[1].is_open)

        assert line.made[0].is_open
        assert line.closed == []

        line.made[0].ends.set()
        await until(lambda: line.closed == [line.made[0]])
        assert socket.is_connected


async def test_while_the_next_one_cannot_connect_the_old_one_goes_on(line: Line) -> None:
    async with running(line.connect) as socket:
        line.connects.clear()
        line.made[0].leaves.set()
        await until(lambda: len(line.made) == 2)

        assert socket.is_connected
        assert line.closed == []


async def test_a_connection_that_slack_forgets_to_end_is_ended_in_time(line: Line) -> None:
    async with running(line.connect, stay=0.01):
        line.made[0].leaves.set()
        await until(lambda: line.closed == [line.made[0]])

        assert line.made[1].is_open


async def test_a_connection_that_ended_is_followed_by_another_at_once(line: Line) -> None:
    with capture_logs() as logs:
        async with running(line.connect) as socket:
            assert socket.connects == 1
            for each in (line.made[0].ends, line.made[0].leaves):
                each.set()
            await until(lambda: socket.connects == 2 and line.made[1].is_open)

    assert [entry["event"] for entry in logs] == ["socket_connected", "socket_connected"]


async def test_of_the_apps_connections_those_that_make_room_are_not_counted(line: Line) -> None:
    line.of_app = 3
    async with running(line.connect) as socket:
        assert socket.of_app == 3

        line.of_app = 4  # for a moment, this process has two
        line.made[0].leaves.set()
        await until(lambda: len(line.made) == 2 and line.made[1].is_open)
        assert socket.of_app == 3


async def test_who_neither_is_connected_nor_tries_to_be_is_stalled(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Socket(connect=line.connect).is_stalled, "it doesn't run"
    async with running(line.connect) as socket:
        now = monotonic()
        monkeypatch.setattr("bot.slack.socket.monotonic", lambda: now)
        connection = line.made[0]
        connection.due_at = now - 1_000
        found = [socket.is_stalled]
        connection.is_open = False
        for due_at in (now - 1_000, now - 121, now - 119, now + 3_600):
            connection.due_at = due_at
            found.append(socket.is_stalled)

    assert found == [False, True, True, False, False], (
        "connected; not; not; it has just tried; it rests as it was asked to"
    )


@pytest.mark.parametrize("is_leaving", [False, True])
async def test_stopped_it_closes_every_connection(line: Line, is_leaving: bool) -> None:
    async with running(line.connect) as socket:
        if is_leaving:
            line.made[0].leaves.set()
            await until(lambda: len(line.made) == 2 and line.made[1].is_open)

    assert line.closed == line.made
    assert not socket.is_connected


async def test_a_close_that_hangs_or_fails_keeps_nobody_waiting(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.socket._CLOSE_SECONDS", 0.01)
    line.closes.clear()
    with capture_logs() as logs:
        async with running(line.connect):
            line.made[0].leaves.set()
            line.made[0].ends.set()
            await until(lambda: "socket_not_closed" in [entry["event"] for entry in logs])
            line.close_error = ConnectionResetError("reset by peer")

    assert [entry["event"] for entry in logs].count("socket_not_closed") == 2


async def test_cancelled_it_closes_its_connection(line: Line) -> None:
    task = asyncio.create_task(Socket(connect=line.connect).run(asyncio.Event()))
    await until(lambda: bool(line.made) and line.made[0].is_open)

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert line.closed == line.made


# Real connections, to the sandbox's Slack


class Desk:
    """Listens to commands, and acks them when a test lets it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.is_busy = False

    async def on_command(self, ack: Ack, body: Payload) -> None:
        self.heard.append(str(body["text"]))
        await self.answers.wait()
        if self.is_busy:
            raise Busy
        await ack("Heard.")

    def listeners(self) -> dict[str, Listener]:
        return {COMMAND: self.on_command}


@asynccontextmanager
async def opened(
    desk: Desk, *, note_ack: AckNoter = lambda _payload, _seconds: None
) -> AsyncIterator[tuple[SlackSandbox, Callable[[], Connection]]]:
    async with SlackSandbox(clock=SandboxClock()) as slack, open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url)
        bolt = make_bolt(Dispatcher(desk.listeners(), seal=make_seal()))
        yield slack, lambda: make_connection(app=bolt, app_token=slack.app_token, web=web, note_ack=note_ack)


async def test_a_real_connection_opens_and_closes() -> None:
    async with opened(Desk()) as (slack, connect):
        connection = connect()
        await connection.connect()

        assert (slack.connections, connection.of_app, connection.is_open) == (1, 1, True)

        await connection.close()
        await until(lambda: not connection.is_open)
        await slack.wait_for(lambda: slack.connections == 0)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_what_slack_sends_over_a_connection_that_is_to_end_is_acked(reason: str) -> None:
    """slack-sdk's client throws it away: it closes the old WebSocket before it has the new one."""
    desk = Desk()
    async with opened(desk) as (slack, connect), running(connect):
        await slack.send_disconnect(reason)
        acks = [await slack.command(MIRA, str(number), channel=OPERATIONS) for number in range(50)]
        assert slack.connections == 2, "Slack has yet to end the old one"
        await slack.sockets._open[0].socket.close(code=1001)
        await slack.wait_for(lambda: slack.connections_made == 2 and slack.connections == 1)
        acks.append(await slack.command(MIRA, "50", channel=OPERATIONS))

    assert all(ack.ok for ack in acks)
    assert desk.heard == [str(number) for number in range(51)]
    assert slack.sockets.doubtful == []


async def test_an_envelope_is_acked_over_the_connection_that_it_came_over() -> None:
    """While its listener is at it, the next connection opens; the ack does not go there."""
    desk = Desk()
    desk.answers.clear()
    async with opened(desk) as (slack, connect), running(connect):
        command = asyncio.create_task(slack.command(MIRA, "one", channel=OPERATIONS))
        await until(lambda: desk.heard == ["one"])
        await slack.send_disconnect("warning")
        await slack.wait_for(lambda: slack.connections == 2)
        desk.answers.set()

        assert (await command).ok
        assert slack.connections == 2, "the old one is still there to ack over"


async def test_half_a_frame_is_no_envelope_and_it_comes_again() -> None:
    desk = Desk()
    async with opened(desk) as (slack, connect), running(connect):
        slack.sockets.troubles = iter(["within"])
        ack = await slack.command(MIRA, "one", channel=OPERATIONS)

    assert ack.ok
    assert desk.heard == ["one"]


async def test_an_ack_that_is_lost_leaves_a_word_in_the_log_and_the_envelope_comes_again() -> None:
    desk = Desk()
    desk.answers.clear()
    with capture_logs() as logs:
        async with opened(desk) as (slack, connect), running(connect):
            command = asyncio.create_task(slack.command(MIRA, "one", channel=OPERATIONS))
            await until(lambda: desk.heard == ["one"])
            slack.drop_connections()
            await until(lambda: desk.heard == ["one", "one"])
            desk.answers.set()
            assert (await command).ok

    assert "ack_lost" in [entry["event"] for entry in logs]


async def test_what_is_not_acked_stays_unacked() -> None:
    desk = Desk()
    desk.is_busy = True
    async with opened(desk) as (slack, connect), running(connect):
        slack._delivery.ack_seconds = 0.2
        ack = await slack.command(MIRA, "one", channel=OPERATIONS)

    assert ack.error == "operation_timeout"


async def test_stopping_acks_what_was_taken_and_takes_nothing_more() -> None:
    desk = Desk()
    desk.answers.clear()
    async with opened(desk) as (slack, connect):
        connection = connect()
        await connection.connect()
        taken = asyncio.create_task(slack.command(MIRA, "taken", channel=OPERATIONS))
        await until(lambda: desk.heard == ["taken"])
        closing = asyncio.create_task(connection.close())
        await asyncio.sleep(0)
        late = asyncio.create_task(slack.command(MIRA, "late", channel=OPERATIONS))
        await until(lambda: len(slack.sockets._waiting) == 2)
        desk.answers.set()
        await closing

        assert (await taken).ok
        assert desk.heard == ["taken"]
        # Another replica takes it.
        async with running(connect):
            assert (await late).ok
    assert desk.heard == ["taken", "late"]


async def test_an_address_is_asked_for_until_slack_gives_one() -> None:
    desk = Desk()
    with capture_logs() as logs:
        async with opened(desk) as (slack, connect):
            slack.faults.add(Fault(path="/api/apps.connections.open", status=500))
            async with running(connect):
                assert (await slack.command(MIRA, "one", channel=OPERATIONS)).ok

    assert {"event": "socket_not_connected", "reason": "HTTP 500", "log_level": "warning"} in logs


async def test_a_connection_too_many_is_no_connection() -> None:
    async with opened(Desk()) as (_slack, connect):
        ten = [connect() for _ in range(10)]
        await asyncio.gather(*(each.connect() for each in ten))
        with capture_logs() as logs:
            another = connect()
            connecting = asyncio.create_task(another.connect())
            await until(lambda: bool(logs))
            await ten[0].close()
            await asyncio.wait_for(connecting, 5)

        assert another.is_open
        for each in (*ten[1:], another):
            await each.close()
    assert logs[0]["reason"] == "too_many_websockets"


async def test_a_peer_that_falls_silent_is_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """No FIN, no answer to a ping: as when a firewall forgets the connection."""
    monkeypatch.setattr("bot.slack.websocket._PING_SECONDS", 0.2)
    async with opened(Desk()) as (slack, connect), running(connect):
        slack.sockets._open[0].request.transport.pause_reading()  # type: ignore[union-attr]
        await slack.wait_for(lambda: slack.connections_made == 2)


async def test_a_real_connection_says_when_something_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []

    async def rest(_seconds: float) -> None:
        rests.append(connection.due_at - monotonic())

    async with opened(Desk()) as (slack, connect):
        connection = connect()
        assert connection.due_at <= monotonic()
        slack.faults.add(Fault(path="/api/apps.connections.open", status=429, retry_after=600))
        with monkeypatch.context() as patched:
            patched.setattr("bot.slack.websocket.asyncio.sleep", rest)
            await connection.connect()
        assert rests == [pytest.approx(600, abs=5)]
        assert connection.due_at == float("inf")

        slack.drop_connections()
        await until(lambda: not connection.is_open)
        assert connection.due_at <= monotonic()
        await connection.close()


async def test_an_ack_is_timed_from_when_its_envelope_came(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, now, acks = Desk(), 100.0, list[tuple[str, float]]()
    desk.answers.clear()
    monkeypatch.setattr("bot.slack.websocket.perf_counter", lambda: now)

    def note(payload: Payload, seconds: float) -> None:
        acks.append((payload["text"], seconds))

    async with opened(desk, note_ack=note) as (slack, connect), running(connect):
        command = asyncio.create_task(slack.command(MIRA, "one", channel=OPERATIONS))
        await until(lambda: desk.heard == ["one"])
        now += 2.5
        desk.answers.set()
        assert (await command).ok
        await until(lambda: bool(acks))
        desk.is_busy = True
        slack._delivery.ack_seconds = 0.1
        assert not (await slack.command(MIRA, "not acked", channel=OPERATIONS)).ok

    assert acks == [("one", 2.5)]
