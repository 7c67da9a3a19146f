"""One world a worker and transport: both sandbox servers, and the real bot process between them.

And one more that follows calls quickly, for tests about that: over HTTP alone, for the transport matters little there.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
import pytest
import pytest_asyncio

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.server import OPTIONAL_SCOPES, SCOPES
from tests.e2e.following import find_stored_secrets, forget_everything, is_ready_again, open_channel, open_world
from tests.e2e.world import MANY_LOOKUPS, READY_SECONDS, World, find_leaks, find_leaky_lines

# A bot that believes these would drop its token and keep tokens in files (slack-facts 8.5): the whole suite has them.
OAUTH_TRAP = {"SLACK_CLIENT_ID": "111.222", "SLACK_CLIENT_SECRET": "not-for-us"}

BUGS = ('"event": "bug"', "Traceback")


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["http", "socket"])
async def world(request: pytest.FixtureRequest, unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """The real bot between the sandbox's servers; at the end of it all, nothing secret may have leaked anywhere."""
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        port = unused_tcp_port_factory()
        is_http = request.param == "http"
        environment = bot_environment(slack=slack, samora=samora, port=port if is_http else None)
        if is_http:
            slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
        settings = {"PORT": str(port), "LOG_LEVEL": "DEBUG", "POLL_INTERVAL": "0.5"} | MANY_LOOKUPS
        async with BotProcess(environment | settings | OAUTH_TRAP) as bot:
            there = World(slack=slack, samora=samora, clock=clock, bot=bot, url=f"http://127.0.0.1:{port}")
            await wait_until_ready(there)
            yield there
            # While it runs, so that what isn't in the database itself yet, but beside it, is looked through too.
            leaks = find_leaks(there) + find_stored_secrets(there)
            await bot.stop()
            files = [name for _folder, _folders, names in os.walk(bot.folder) for name in names]
        assert bot.exit_code == 0, list(bot.lines)
        assert leaks == []
        assert files == ["samora-bot.db"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def quick_world(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot that follows quickly; at the end, nothing secret may stand anywhere, the database included."""
    async with open_world(unused_tcp_port_factory) as there:
        yield there
        leaks = find_leaks(there) + find_stored_secrets(there)
    assert there.bot.exit_code == 0, list(there.bot.lines)
    assert leaks == []


@pytest.fixture
def quick(quick_world: World) -> Iterator[World]:
    """The quick world for one test: nothing fails yet, and nothing is followed yet."""
    _mend(quick_world)
    yield quick_world
    _mend(quick_world)
    forget_everything(quick_world)
    assert find_leaky_lines(quick_world) == []
    assert [line for line in quick_world.bot.lines if any(bug in line for bug in BUGS)] == []


@pytest_asyncio.fixture(loop_scope="session")
async def mortal(quick: World) -> AsyncIterator[World]:
    """The quick world for a test that stops or kills its bot: afterwards it runs again."""
    yield quick
    quick.slack.reinstall()
    if quick.bot.exit_code is not None:
        await quick.bot.start()
    await is_ready_again(quick)


@pytest.fixture
def channel(quick: World) -> str:
    """A new channel with Mira, Jon and the bot in it."""
    return open_channel(quick)


def _mend(there: World) -> None:
    there.samora.faults.clear()
    there.slack.faults.clear()
    there.slack.granted_scopes |= {*SCOPES, *OPTIONAL_SCOPES}
    there.slack.workspace.lost_thread_error = None
    there.look()


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> None:
    if "world" in request.fixturenames:
        there: World = request.getfixturevalue("world")
        there.samora.faults.clear()
        there.slack.faults.clear()
        there.look()


async def wait_until_ready(there: World) -> None:
    """Waits until the bot says at ``/readyz`` that it can answer, by asking each time something happens at Slack."""

    async def is_ready() -> bool:
        try:
            async with aiohttp.ClientSession() as browser, browser.get(f"{there.url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    await there.bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
    if not await is_ready():
        await there.bot.wait_for_line('"event": "socket_connected"', within=READY_SECONDS)
    assert await is_ready()
