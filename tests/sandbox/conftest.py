"""A stage whose bot process was never started: what the page sees and steers, without waiting for a process."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.sandbox.clock import SandboxClock
from bot.sandbox.manifest import read_features
from bot.sandbox.process import BotProcess
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.stage import Stage
from bot.sandbox.weather import Weather
from bot.slack.manifest import make_manifest


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = SandboxClock()
    async with SlackSandbox(clock=clock) as slack:
        changes = slack.workspace.changes
        async with SamoraSandbox(clock=clock, on_change=changes.announce) as samora:
            yield Stage(
                clock=clock,
                changes=changes,
                slack=slack,
                samora=samora,
                weather=Weather(slack=slack.faults, samora=samora.faults),
                bot=BotProcess({}, on_change=changes.announce),
                features=read_features(make_manifest()),
            )
