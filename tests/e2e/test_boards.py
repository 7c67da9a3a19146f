"""A burst, with the real process: webhooks announce many calls at once, and the channel sees one message."""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio

from bot.core.calls import CallStatus
from bot.samora.webhook import SECRET_HEADER
from bot.sandbox.slack import Message
from tests.e2e.following import PATIENCE, ask, open_channel, open_world, press, said_in_modal
from tests.e2e.world import MIRA, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

AGENT = "8a1f3c5e-7b9d-4e2f-a1c3-5d7f9b1e3a5c"
SECRET = "a-secret-of-our-own-for-webhooks"


@pytest_asyncio.fixture(loop_scope="session")
async def busy(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot that hears of calls, and takes three cards a minute."""
    async with open_world(unused_tcp_port_factory, WEBHOOK_SECRET=SECRET, BURST_CARDS="3") as world:
        yield world


async def announce(world: World, *call_ids: str) -> None:
    async with aiohttp.ClientSession(headers={SECRET_HEADER: SECRET}) as session:
        for call_id in call_ids:
            body = {"event": "CALL_STARTED", "call_id": call_id}
            async with session.post(f"{world.url}/samora/webhook", json=body) as answer:
                assert answer.status < 300


def board_in(world: World, channel: str, words: str) -> Message | None:
    there = [each for each in world.slack.messages if each.channel == channel and each.bot_id and not each.deleted]
    boards = [each for each in there if "Many calls at once" in each.text]
    assert len(boards) < 2
    return next((each for each in boards if words in each.text), None)


async def test_many_calls_at_once_are_one_message_and_all_of_them_in_a_modal(busy: World) -> None:
    channel = open_channel(busy)
    await press(busy, "Follow", await ask(busy, f"subscribe agent {AGENT}", channel=channel))
    calls = [busy.samora.add_call(agent_id=AGENT, status=CallStatus.ONGOING) for _ in range(14)]

    await announce(busy, *(call.call_id for call in calls))
    board = await busy.slack.wait_for(lambda: board_in(busy, channel, "ongoing"), PATIENCE)

    assert board.thread_ts is None
    said = " ".join(each.text for each in busy.slack.messages if each.channel == channel)
    on_it = next(call.call_id for call in calls if call.call_id not in said)
    busy.samora.set_status(on_it, CallStatus.UNANSWERED)
    await announce(busy, on_it)
    failed = await busy.slack.wait_for(lambda: board_in(busy, channel, "1 unanswered"), PATIENCE)
    card = await press(busy, "Show", failed)
    assert on_it in card.text
    cards = [each for each in busy.slack.messages if each.channel == channel and "Samora call" in each.text]
    assert len([each for each in cards if not each.ephemeral_to]) <= 3
    await busy.slack.press(MIRA, "See all", message=failed)
    view = await said_in_modal(busy, "Page 1 of 2")
    assert "newest first" in str(view.blocks)
