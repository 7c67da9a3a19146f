"""The process: how it starts, how it ends, and how it gets over a Slack that is away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from tests.e2e.following import find_stored_secrets
from tests.e2e.world import MIRA, READY_SECONDS, World, find_leaks


@pytest.fixture
async def servers() -> AsyncIterator[tuple[SlackSandbox, SamoraSandbox]]:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        yield slack, samora


Servers = tuple[SlackSandbox, SamoraSandbox]


async def test_sigterm_lets_the_answer_under_way_finish(
    servers: Servers, unused_tcp_port_factory: Callable[[], int]
) -> None:
    slack, samora = servers
    port = unused_tcp_port_factory()
    slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
    samora.faults.add(Fault(path="/v1/*", delay=1.0))
    async with BotProcess(bot_environment(slack=slack, samora=samora, port=port)) as bot:
        await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
        await slack.command(MIRA, company.FINISHED)
        assert await bot.stop() == 0
    assert slack.find_message("Finished"), list(bot.lines)


async def test_in_socket_mode_sigterm_ends_it_in_time(servers: Servers) -> None:
    slack, samora = servers
    async with BotProcess(bot_environment(slack=slack, samora=samora)) as bot:
        await slack.wait_for_connection(within=READY_SECONDS)
        assert await bot.stop() == 0
    assert slack.connections == 0


async def test_a_lost_connection_comes_back(servers: Servers) -> None:
    slack, samora = servers
    async with BotProcess(bot_environment(slack=slack, samora=samora)) as bot:
        await slack.wait_for_connection(within=READY_SECONDS)
        await slack.send_disconnect("refresh_requested")
        await slack.wait_for(lambda: slack.connections_made >= 2 and slack.connections == 1, within=20)
        await slack.command(MIRA, company.FINISHED)
        await slack.wait_for(lambda: slack.find_message("Finished"))
        made = slack.connections_made
        slack.drop_connections()
        await slack.wait_for(lambda: slack.connections_made > made and slack.connections == 1, within=30)
        await slack.command(MIRA, company.REJECTED)
        await slack.wait_for(lambda: slack.find_message("Rejected"))
        assert bot.exit_code is None


async def test_a_slack_that_is_away_at_the_start_is_waited_for(
    servers: Servers, unused_tcp_port_factory: Callable[[], int]
) -> None:
    slack, samora = servers
    port = unused_tcp_port_factory()
    slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
    slack.faults.add(Fault(path="/api/auth.test", status=429, retry_after=1))
    async with BotProcess(bot_environment(slack=slack, samora=samora, port=port)) as bot:
        await bot.wait_for_line("slack_unavailable", within=READY_SECONDS)
        async with aiohttp.ClientSession() as browser, browser.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 503
        await bot.wait_for_line('"event": "ready"')
        await slack.command(MIRA, company.FINISHED)
        await slack.wait_for(lambda: slack.find_message("Finished"))


async def test_auth_test_is_asked_once_and_not_inside_the_first_request(
    servers: Servers, unused_tcp_port_factory: Callable[[], int]
) -> None:
    slack, samora = servers
    port = unused_tcp_port_factory()
    slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
    async with BotProcess(bot_environment(slack=slack, samora=samora, port=port)) as bot:
        await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
        await asyncio.gather(*(slack.command(MIRA, company.FINISHED) for _ in range(5)))
        await slack.wait_for(lambda: len(slack.messages) == 5)
    assert sum(each.path == "/api/auth.test" for each in slack.requests) == 1


async def test_a_refused_token_ends_it_with_a_sentence(servers: Servers) -> None:
    slack, samora = servers
    environment = bot_environment(slack=slack, samora=samora) | {"SLACK_BOT_TOKEN": "xoxb-of-somebody-else"}
    async with BotProcess(environment) as bot:
        assert await bot.wait() == 1
    assert any("Slack refuses SLACK_BOT_TOKEN (invalid_auth)" in line for line in bot.lines)
    assert not any("Traceback" in line for line in bot.lines)


async def test_a_taken_port_ends_it_with_a_sentence(servers: Servers) -> None:
    slack, samora = servers
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with BotProcess(bot_environment(slack=slack, samora=samora, port=port)) as bot:
            assert await bot.wait() == 1
    assert any(f"PORT {port}" in line for line in bot.lines)
    assert not any("Traceback" in line for line in bot.lines)


async def test_missing_settings_end_it_with_a_line_each() -> None:
    async with BotProcess({}) as bot:
        assert await bot.wait() == 2
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SAMORA_API_KEY"):
        assert any(line.startswith(f"{name} is missing.") for line in bot.lines), list(bot.lines)


async def test_the_search_for_leaks_finds_what_it_should(servers: Servers) -> None:
    """A check that cannot fail would prove nothing: here it has something to find."""
    slack, samora = servers
    bot = BotProcess({})
    there = World(slack=slack, samora=samora, clock=slack.clock, bot=bot)
    assert find_leaks(there) == []
    slack.workspace.post("C0OPS", "U0SAMORA", text="https://x.example/a?X-Amz-Signature=1")
    bot.lines.append(f"using {samora.api_key}")
    bot.lines.append("sent to priya@example.com")
    assert len(find_leaks(there)) == 3
    slack.workspace.post("C0OPS", "U0SAMORA", text="https://x.example/a?X-Amz-Signature=1", ephemeral_to=MIRA)
    assert len(find_leaks(there)) == 3


async def test_the_search_of_the_database_finds_what_it_should(servers: Servers, tmp_path: Path) -> None:
    slack, samora = servers
    bot = BotProcess({})
    bot.folder = str(tmp_path)
    there = World(slack=slack, samora=samora, clock=slack.clock, bot=bot)
    database = tmp_path / "samora-bot.db"
    database.write_bytes(b"\0CALL_FINISHED\0C0OPS")
    assert find_stored_secrets(there) == []
    for secret in ("priya.raman@example.com", "Priya Raman", "+91 55550 10001", slack.bot_token, "https://x.example/"):
        database.write_text(f"something {secret} something")
        assert find_stored_secrets(there), secret
