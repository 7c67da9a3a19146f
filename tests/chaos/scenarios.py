"""What can befall the lines between the bot, Slack, Samora and the database, and what then comes of it."""

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.chaos.disk import SmallDisk, open_small_disk
from tests.chaos.proxy import Fault, Proxy
from tests.e2e.following import QUICK, follow, open_channel, told
from tests.e2e.world import MIRA, READY_SECONDS, World
from tests.postgres import Postgres

NOTHING = "nothing; who asks next is told so at once"
_UNHEARD = "Slack didn't take my last answer."
_NO_SAMORA = "Samora can't answer right now."
FULL = "the disk is full"
_NO_MEMORY = "I can't reach my memory right now."
_LOOK_SECONDS = 50.0
_RECOVERY_SECONDS = 40.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One fault on one line.

    Attributes:
        line: whose: "Samora", "Slack", "PostgreSQL" or "SQLite".
        fault: what happens, in a few words.
        begin, end: bring it about, and end it.
        sees: how what the asker is told begins, once; several where it depends on who comes first.
        within: seconds in which that is told.
    """

    line: str
    fault: str
    begin: Callable[["Place"], Awaitable[None]]
    end: Callable[["Place"], Awaitable[None]]
    sees: str | tuple[str, ...]
    within: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it: what the asker saw and after how long, and how long after the fault the notice came, once."""

    saw: str
    after: float
    recovered: float


@dataclass
class Place:
    """A bot whose every line can be disturbed."""

    world: World
    lines: dict[str, Proxy]
    postgres: Postgres
    process_id: Callable[[], int] = field(default=lambda: 0)
    disk: SmallDisk | None = None


def on_line(line: str, fault: Fault, words: str, sees: str, within: float = 5.0) -> Scenario:
    """A fault of the network."""

    async def begin(place: Place) -> None:
        await place.lines[line].set(fault)

    async def end(place: Place) -> None:
        await place.lines[line].set("none")

    return Scenario(line=line, fault=words, begin=begin, end=end, sees=sees, within=within)


async def _nothing(_: Place) -> None:
    """It is over already, or has not to be brought about."""


async def _stop_postgres(place: Place) -> None:
    await asyncio.to_thread(place.postgres.stop)


async def _start_postgres(place: Place) -> None:
    await asyncio.to_thread(place.postgres.start)


async def _kill_backends(place: Place) -> None:
    asking = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'samora-bot'"
    await asyncio.to_thread(place.postgres.run, asking)


def _limit_files(place: Place, size: int) -> None:
    _soft, hard = resource.prlimit(place.process_id(), resource.RLIMIT_FSIZE)
    resource.prlimit(place.process_id(), resource.RLIMIT_FSIZE, (size, hard))


async def _fill_disk(place: Place) -> None:
    # No file of the bot's can grow beyond a page: to SQLite that is a disk that takes nothing more.
    _limit_files(place, 4096)


async def _empty_disk(place: Place) -> None:
    _limit_files(place, resource.RLIM_INFINITY)


async def _fill_small_disk(place: Place) -> None:
    assert place.disk
    await asyncio.to_thread(place.disk.fill)


async def _empty_small_disk(place: Place) -> None:
    assert place.disk
    await asyncio.to_thread(place.disk.empty)


SCENARIOS = (
    on_line("Samora", "latency", "each chunk 2 s late", "Pending: Samora call", 15),
    on_line("Samora", "reset", "connections are reset", _NO_SAMORA),
    on_line("Samora", "refuse", "connections are refused", _NO_SAMORA),
    on_line("Samora", "truncate", "answers end after 60 bytes", _NO_SAMORA),
    on_line("Samora", "half-open", "silence, half-open connections", _NO_SAMORA, 20),
    on_line("Slack", "latency", "each chunk 2 s late", "Pending: Samora call", 15),
    on_line("Slack", "reset", "connections are reset", NOTHING),
    on_line("Slack", "refuse", "connections are refused", NOTHING),
    on_line("Slack", "truncate", "answers end after 60 bytes", "Pending: Samora call"),
    on_line("Slack", "half-open", "silence, half-open connections", NOTHING, 35),
    on_line("PostgreSQL", "latency", "each chunk 0.2 s late", "Following call", 15),
    on_line("PostgreSQL", "reset", "connections are reset", _NO_MEMORY),
    on_line("PostgreSQL", "refuse", "connections are refused", _NO_MEMORY),
    on_line("PostgreSQL", "truncate", "answers end after 60 bytes", _NO_MEMORY),
    on_line("PostgreSQL", "half-open", "silence, half-open connections", _NO_MEMORY, 20),
    Scenario(
        line="PostgreSQL",
        fault="the server is stopped, and started again",
        begin=_stop_postgres,
        end=_start_postgres,
        sees=_NO_MEMORY,
    ),
    Scenario(
        line="PostgreSQL",
        fault="its connections are killed (`pg_terminate_backend`)",
        begin=_kill_backends,
        end=_nothing,
        # Whoever comes first upon a connection that was killed sees it: mostly a worker, but it may be the asker.
        sees=("Following call", _NO_MEMORY),
    ),
    Scenario(line="PostgreSQL", fault=FULL, begin=_fill_small_disk, end=_empty_small_disk, sees=_NO_MEMORY, within=10),
    Scenario(line="SQLite", fault=FULL, begin=_fill_disk, end=_empty_disk, sees=_NO_MEMORY, within=10),
)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    import socket

    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return int(there.getsockname()[1])


@asynccontextmanager
async def open_place(postgres: Postgres, scenario: Scenario) -> AsyncIterator[Place]:
    """The bot over HTTP; what it says to Slack, Samora and PostgreSQL goes through a proxy each.

    Raises:
        PermissionError: that scenario can't be played here.
    """
    if (scenario.line, scenario.fault) == ("PostgreSQL", FULL):
        with open_small_disk(postgres) as disk:
            async with _open_place(postgres, scenario.line, disk.name) as place:
                yield replace(place, disk=disk)
        return
    name = postgres.make_database()
    async with _open_place(postgres, scenario.line, name) as place:
        yield place
    postgres.drop_database(name)


@asynccontextmanager
async def _open_place(postgres: Postgres, line: str, name: str) -> AsyncIterator[Place]:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        port = free_port()
        lines = {
            "Samora": Proxy(lambda: _connect(samora.url), delay=2),
            "Slack": Proxy(lambda: _connect(slack.url), delay=2),
            "PostgreSQL": Proxy(lambda: asyncio.open_unix_connection(postgres.socket), delay=0.2),
        }
        async with lines["Samora"], lines["Slack"], lines["PostgreSQL"]:
            slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
            slack._response_urls.address = f"http://127.0.0.1:{lines['Slack'].port}"
            environment = bot_environment(slack=slack, samora=samora, port=port) | QUICK
            environment |= {
                "SLACK_API_URL": f"http://127.0.0.1:{lines['Slack'].port}/api/",
                "SAMORA_API_URL": f"http://127.0.0.1:{lines['Samora'].port}",
            }
            if line != "SQLite":
                environment["DATABASE_URL"] = postgres.url_at(lines["PostgreSQL"].port, name)
            async with BotProcess(environment) as bot:
                await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
                world = World(slack=slack, samora=samora, clock=clock, bot=bot, url=f"http://127.0.0.1:{port}")
                yield Place(world=world, lines=lines, postgres=postgres, process_id=lambda: _process_id(bot))
            assert bot.exit_code == 0, list(bot.lines)
            assert not [each for each in bot.lines if '"event": "bug"' in each or "Traceback" in each]


async def play(scenario: Scenario, place: Place) -> Outcome:
    """Follows a call, brings the fault about, asks something, changes the call, ends the fault, and watches.

    Raises:
        TimeoutError: the notice didn't come.
        AssertionError: it came more than once, or the asker was told something else, or too late.
    """
    world, channel = place.world, open_channel(place.world)
    followed, other = world.samora.add_call(), world.samora.add_call()
    card = await follow(world, followed.call_id, channel=channel)
    words = other.call_id if scenario.line in {"Samora", "Slack"} else f"subscribe {other.call_id}"
    # Else the fault would befall what is still said about that.
    await world.bot.wait_for_line('"event": "answered"')
    await scenario.begin(place)
    saw, after = await _ask(world, words, channel)
    assert saw.startswith(scenario.sees), saw
    assert after < scenario.within, f"told only after {after:.1f} s"
    if saw == NOTHING:
        # The ack is another line: Slack's own to the bot.
        ack = await world.slack.command(MIRA, "help", channel=channel)
        assert _UNHEARD in str(ack.body), ack
    world.samora.move(followed.call_id, "trigger")
    await scenario.end(place)
    began = monotonic()
    await told_once(world, card, "Pending → Triggered")
    recovered = monotonic() - began
    world.samora.move(followed.call_id, "answer")
    await told_once(world, card, "Pending → Triggered", "Triggered → Ongoing")
    return Outcome(saw=saw, after=after, recovered=recovered)


async def told_once(world: World, card: object, *lines: str) -> None:
    """Waits until the thread holds these notices and no others; longer than other tests do."""
    async with asyncio.timeout(_RECOVERY_SECONDS):
        while True:
            try:
                await told(world, card, *lines)  # type: ignore[arg-type]
            except TimeoutError:
                continue
            return


async def _ask(world: World, words: str, channel: str) -> tuple[str, float]:
    """What the asker is told in the end, and after how many seconds."""
    began = monotonic()

    def answer() -> str | None:
        texts = [each.text for each in world.slack.messages if each.channel == channel and each.ephemeral_to == MIRA]
        last = texts[-1] if len(texts) > before else ""
        return last if last and not last.startswith("Still asking") else None

    before = len([each for each in world.slack.messages if each.channel == channel and each.ephemeral_to == MIRA])
    ack = await world.slack.command(MIRA, words, channel=channel)
    assert ack.ok, ack
    lost = asyncio.create_task(world.bot.wait_for_line("answer_lost", within=_LOOK_SECONDS))
    found = asyncio.create_task(world.slack.wait_for(answer, _LOOK_SECONDS))
    await asyncio.wait({lost, found}, return_when=asyncio.FIRST_COMPLETED)
    after = monotonic() - began
    for task in (lost, found):
        task.cancel()
    with suppress(asyncio.CancelledError, TimeoutError):
        await lost
    with suppress(asyncio.CancelledError, TimeoutError):
        await found
    return answer() or NOTHING, after


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


def _process_id(bot: BotProcess) -> int:
    assert bot._process
    return bot._process.pid


DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "chaos.md"
