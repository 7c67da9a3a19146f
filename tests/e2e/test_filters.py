"""Filters of an agent's calls, with the real process: from Samora's webhooks through a filter to the card."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from bot.core.calls import CallStatus
from bot.samora.webhook import SECRET_HEADER
from bot.sandbox.company import SandboxCall
from bot.sandbox.slack import Message
from tests.e2e.following import PATIENCE, ask, card_in, cards_in, open_channel, open_world, press, query, query_until
from tests.e2e.world import World, find_leaks

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "a-secret-of-our-own-for-webhooks"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot that hears of calls by webhooks alone: it looks at a call by itself no more than once an hour."""
    seldom = {"POLL_INTERVAL": "3600", "WEBHOOK_POLL_INTERVAL": "3600"}
    async with open_world(unused_tcp_port_factory, rates=False, WEBHOOK_SECRET=SECRET, **seldom) as world:
        yield world
        assert find_leaks(world) == []


async def follow_some(world: World, filters: str) -> tuple[str, str]:
    """A new agent with a webhook, some of whose calls a new channel follows; its id, and the channel's."""
    agent_id, channel = str(uuid4()), open_channel(world)
    url = f"{world.url}/samora/webhook"
    world.samora.webhooks.install(agent_id=agent_id, name="bot", url=url, custom_headers={SECRET_HEADER: SECRET})
    await press(world, "Follow", await ask(world, f"subscribe agent {agent_id} {filters}", channel=channel))
    return agent_id, channel


def start(world: World, agent_id: str, *, variables: Mapping[str, object] | None = None) -> SandboxCall:
    """A call that goes on, which a CALL_STARTED tells of."""
    call = world.samora.add_call(agent_id=agent_id, variables=dict(variables or {}))
    world.samora.move(call.call_id, "trigger")
    return world.samora.move(call.call_id, "answer")


async def is_seen(world: World, call: SandboxCall, status: CallStatus) -> None:
    """Waits until the bot has seen a call's status, and settled whether it is wanted."""
    await query_until(world, "SELECT status FROM followed_calls WHERE call_id = ?", call.call_id, equals=status)


async def only_card(world: World, call: SandboxCall, channel: str) -> Message:
    """The card of a call, once it is there; nothing else was said to the channel."""
    card = await world.slack.wait_for(lambda: card_in(world, call.call_id, channel), PATIENCE)
    said = [each for each in world.slack.messages if each.channel == channel and each.bot_id and not each.ephemeral_to]
    assert said == cards_in(world, call.call_id, channel) == [card]
    return card


def is_nothing_owed(world: World, channel: str) -> bool:
    """Whether there is neither a card nor a notice that the channel will ever hear of."""
    return not query(world, "SELECT id FROM subscriptions WHERE channel_id = ?", channel)


async def test_a_card_comes_when_a_call_fails_and_not_before(told: World) -> None:
    agent_id, channel = await follow_some(told, "status:unanswered,rejected")
    spoken, failing = start(told, agent_id), start(told, agent_id)
    told.samora.move(spoken.call_id, "hang_up")
    await is_seen(told, spoken, CallStatus.CALL_FINISHED)
    await is_seen(told, failing, CallStatus.ONGOING)
    assert is_nothing_owed(told, channel)

    told.samora.set_status(failing.call_id, CallStatus.UNANSWERED)

    assert "Unanswered" in (await only_card(told, failing, channel)).text


async def test_a_card_comes_when_a_call_was_long_enough(told: World) -> None:
    agent_id, channel = await follow_some(told, "duration>5m")
    short, long = start(told, agent_id), start(told, agent_id)
    told.samora.move(short.call_id, "hang_up")
    await is_seen(told, short, CallStatus.CALL_FINISHED)
    await is_seen(told, long, CallStatus.ONGOING)
    assert is_nothing_owed(told, channel)

    # Samora's own clock says so: it was answered earlier than the bot was told.
    assert long.started_at
    long.started_at -= timedelta(minutes=6)
    told.samora.move(long.call_id, "hang_up")

    assert "Finished after 6m" in (await only_card(told, long, channel)).text


async def test_a_card_comes_at_once_for_calls_with_a_variable(told: World) -> None:
    agent_id, channel = await follow_some(told, 'var.customer.city:"new y*" -var.plan:free*')
    free: Mapping[str, object] = {"customer": {"city": "New York"}, "plan": "free-trial"}
    unwanted = [start(told, agent_id, variables=each) for each in ({"customer": {"city": "Bonn"}}, {}, free)]
    for call in unwanted:
        await is_seen(told, call, CallStatus.ONGOING)
    assert is_nothing_owed(told, channel)

    wanted = start(told, agent_id, variables={"customer": {"city": "New York"}, "plan": "paid"})

    assert "Ongoing" in (await only_card(told, wanted, channel)).text
