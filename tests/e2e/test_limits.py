"""Too many look-ups: refused to whoever asks too often, and to nobody else."""

from collections.abc import Callable

import pytest

from bot.sandbox import company
from tests.e2e.following import ask, open_channel, open_world, press
from tests.e2e.world import JON, MIRA, labels

pytestmark = pytest.mark.asyncio


async def test_who_asks_too_often_is_told_when_to_come_back(unused_tcp_port_factory: Callable[[], int]) -> None:
    settings = {"USER_LOOKUPS_PER_MINUTE": "2", "CHANNEL_LOOKUPS_PER_MINUTE": "3"}
    async with open_world(unused_tcp_port_factory, rates=False, **settings) as world:
        first, second = open_channel(world), open_channel(world)
        card = await ask(world, company.FINISHED, channel=first)
        shared = await world.share(card)
        asked = world.calls_of_samora()

        for refused in (
            await ask(world, company.FINISHED, channel=second),
            await press(world, "Recording", shared),
            await press(world, "Refresh", shared),
        ):
            assert refused.text.startswith("You've asked 2 times within a minute. Please try again in ")
            assert refused.ephemeral_to == MIRA
            assert labels(refused) == ["Try again"]
        assert world.calls_of_samora() == asked

        assert "recording" in (await press(world, "Recording", shared, user=JON)).text
        there = await ask(world, company.FINISHED, channel=first, user=JON)
        assert there.text.startswith("This channel has asked 3 times within a minute.")
        assert "Finished" in (await ask(world, company.FINISHED, channel=second, user=JON)).text
        assert "Look up and follow" in (await ask(world, "help", channel=first)).text
