"""What tests of following a call share: a bot that looks quickly, between servers that it has for itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Message, SlackSandbox
from tests.e2e.conftest import READY_SECONDS
from tests.e2e.world import World

# Looks twenty times a second, and isn't held back by rates that the tests would have to wait for.
QUICK = {
    "POLL_INTERVAL": "0.05",
    "SAMORA_RATE": "1000",
    "LEASE_SECONDS": "2",
    "SLACK_POSTS_PER_MINUTE": "6000",
    "SLACK_EDITS_PER_MINUTE": "6000",
    "LOG_LEVEL": "DEBUG",
}


@asynccontextmanager
async def open_world(free_port: Callable[[], int], *, rates: bool = False, **settings: str) -> AsyncIterator[World]:
    """A bot over HTTP between servers of its own."""
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=rates) as slack:
        # Lane pacing is one post a second and channel: a limit of Slack's that the bot keeps by itself.
        port = free_port()
        slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
        environment = bot_environment(slack=slack, samora=samora, port=port) | QUICK | settings
        async with BotProcess(environment) as bot:
            await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
            yield World(slack=slack, samora=samora, clock=clock, bot=bot, url=f"http://127.0.0.1:{port}")


def card_in(world: World, call_id: str, channel: str) -> Message | None:
    """The card of a call in a channel as it is now."""
    cards = [
        each
        for each in world.slack.messages
        if each.channel == channel and each.bot_id and not each.deleted and not each.ephemeral_to
        if call_id in each.text and each.metadata and not each.reply_broadcast
    ]
    return cards[-1] if cards else None


def notices_in(world: World, root_ts: str, channel: str) -> list[str]:
    """What the bot has said in a thread, in order."""
    return [
        each.text
        for each in world.slack.messages
        if each.channel == channel and each.thread_ts == root_ts and each.bot_id and not each.deleted
        if not each.ephemeral_to and "Samora call" not in each.text
    ]


async def follow(world: World, call_id: str, *, channel: str, options: str = "") -> Message:
    """Has a call followed in a channel, and returns its card."""
    ack = await world.slack.command("U0MIRA", f"subscribe {call_id} {options}", channel=channel)
    assert ack.ok, ack
    return await world.slack.wait_for(lambda: card_in(world, call_id, channel), 10.0)
