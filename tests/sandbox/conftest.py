"""A stage whose bot process was never started: what the page sees and steers, without waiting for a process."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.sandbox.stage import Stage, set_stage
from bot.slack.manifest import make_manifest


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with set_stage(make_manifest()) as stage:
        yield stage
