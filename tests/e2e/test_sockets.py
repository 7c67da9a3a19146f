"""Socket Mode with two replicas while Slack warns, refreshes and drops their connections: nothing is lost."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Ack, SlackSandbox
from bot.sandbox.slack.sockets import Trouble
from tests.e2e.world import MANY_LOOKUPS, MIRA, OPERATIONS, READY_SECONDS

COMMANDS = 300
AT_ONCE = 10
TROUBLES: tuple[Trouble, ...] = ("within", "after", "warning", "refresh_requested")


def troubles(seed: int) -> Iterator[Trouble]:
    """One envelope in eight has trouble."""
    dice = random.Random(seed)
    while True:
        yield dice.choice(TROUBLES) if dice.random() < 0.125 else ""


@pytest.mark.parametrize("seed", [7])
async def test_no_command_is_lost_between_two_replicas_whose_connections_come_and_go(seed: int) -> None:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False, ack_seconds=10) as slack:
        slack.sockets.warning_seconds = 0.2
        environment = bot_environment(slack=slack, samora=samora) | MANY_LOOKUPS
        calls = [samora.add_call().call_id for _ in range(COMMANDS)]
        async with BotProcess(environment) as one, BotProcess(environment) as other:
            for each in (one, other):
                await each.wait_for_line('"event": "ready"', within=READY_SECONDS)
                await each.wait_for_line('"event": "socket_connected"', within=READY_SECONDS)
            slack.sockets.troubles = troubles(seed)
            taking_turns = asyncio.Semaphore(AT_ONCE)

            async def ask(call_id: str) -> Ack:
                async with taking_turns:
                    while (ack := await slack.command(MIRA, call_id, channel=OPERATIONS)).error == "dispatch_failed":
                        await slack.wait_for_connection(within=10)  # never sent: the person types it again
                    return ack

            acks = await asyncio.gather(*(ask(call_id) for call_id in calls))
            slack.sockets.troubles = iter(())
            await slack.wait_for(lambda: set(answered(slack, calls)) == set(calls), within=20)
            assert await one.stop() == await other.stop() == 0
        assert [ack.error for ack in acks if not ack.ok] == []
        doubtful = {envelope["payload"]["text"] for envelope in slack.sockets.doubtful}
        twice = {call_id for call_id, times in answered(slack, calls).items() if times > 1}
        # Only where the connection broke between envelope and ack can another replica not know of the first.
        assert twice <= doubtful
        assert slack.connections_made > 20
        for each in (one, other):
            assert any('"event": "answered"' in line for line in each.lines)
            assert not [line for line in each.lines if "Traceback" in line or '"event": "bug"' in line]


def answered(slack: SlackSandbox, calls: list[str]) -> Counter[str]:
    """How often each call was answered."""
    texts = [each.everything_written for each in slack.messages if each.ephemeral_to == MIRA]
    return Counter({call_id: count for call_id in calls if (count := sum(call_id in text for text in texts))})
