"""One world a worker and transport: both sandbox servers, and the real bot process between them."""

import os
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.e2e.world import World, find_leaks

READY_SECONDS = 30.0

# A bot that believes these would drop its token and keep tokens in files (slack-facts 8.5): the whole suite has them.
OAUTH_TRAP = {"SLACK_CLIENT_ID": "111.222", "SLACK_CLIENT_SECRET": "not-for-us"}


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
        async with BotProcess(environment | {"PORT": str(port), "LOG_LEVEL": "DEBUG"} | OAUTH_TRAP) as bot:
            there = World(slack=slack, samora=samora, clock=clock, bot=bot, url=f"http://127.0.0.1:{port}")
            await wait_until_ready(there)
            yield there
            leaks = find_leaks(there)
            files = [name for _folder, _folders, names in os.walk(bot.folder) for name in names]
        assert bot.exit_code == 0, list(bot.lines)
        assert leaks == []
        assert files == []


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
