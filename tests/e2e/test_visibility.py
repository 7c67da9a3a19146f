"""What others see of variables, on every way that a card takes to them; and what nobody sees."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from bot.sandbox.slack import Message
from tests.e2e.following import ask, card_in, follow, open_channel, open_world, press
from tests.e2e.world import JON, MIRA, World, assert_quick

pytestmark = pytest.mark.asyncio(loop_scope="module")

VARIABLES: dict[str, object] = {
    "desk": "desk@example.com",
    "customer": {"contact": [{"email": "jane@example.com", "phone": "+91 98765 43210", "pin": "pin-4711"}]},
    "Notes": "nobody's business",
    "fax": "fax@example.com",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot whose administrator hides some variables and shows others; nothing hidden may stand anywhere in the end."""
    port = unused_tcp_port_factory
    async with open_world(port, HIDE_VARIABLES="notes, *.pin", SHOW_VARIABLES="desk, notes") as there:
        yield there
        everything = f"{there.slack.messages!r} {there.slack.requests!r} {[*there.bot.lines]!r}"
    assert "desk@example.com" in everything
    assert "nobody's business" not in everything
    assert "pin-4711" not in everything


@pytest.fixture
def channel(world: World) -> str:
    """A new channel with Mira, Jon and the bot in it."""
    return open_channel(world)


def assert_for_all(card: Message) -> None:
    assert card.ephemeral_to is None
    written = card.everything_written
    assert "desk@example.com" in written
    assert "f•••@example.com" in written
    assert "j•••@example.com" in written
    assert "+91 •••• ••10" in written
    for secret in ("fax@", "jane@", "98765"):
        assert secret not in written


async def test_a_private_card_shows_all_but_what_is_hidden(world: World, channel: str) -> None:
    call = world.samora.add_call(variables=VARIABLES)
    card = await ask(world, call.call_id, channel=channel)
    assert "jane@example.com" in card.text
    assert "jane@example.com" in str(card.blocks)
    assert_quick(await world.slack.press(MIRA, "Refresh", message=card))


async def test_a_shared_card_is_masked_and_stays_so_when_it_is_refreshed(world: World, channel: str) -> None:
    call = world.samora.add_call(variables=VARIABLES)
    shared = await world.share(await ask(world, call.call_id, channel=channel))
    assert_for_all(shared)
    world.samora.move(call.call_id, "trigger")
    assert_for_all(await world.press("Refresh", shared, user=JON, expect="Triggered"))


async def test_a_card_shared_from_a_window_is_masked(world: World, channel: str) -> None:
    call = world.samora.add_call(variables=VARIABLES)
    assert_quick(await world.slack.global_shortcut(MIRA, "find_call"))
    form = await world.modal(lambda view: view.callback_id == "find_call")
    assert_quick(await world.slack.submit(MIRA, form, {"call_id": call.call_id}))
    card = await world.modal(lambda view: "Pending" in str(view.blocks))
    assert "jane@example.com" in str(card.blocks)
    assert_quick(await world.slack.press(MIRA, "Share", view=card))
    form = await world.modal(lambda view: view.callback_id == "share_call")
    world.look()
    assert_quick(await world.slack.submit(MIRA, form, {"channel": channel}))
    assert_for_all(await world.new("Pending"))


@pytest.mark.parametrize("is_pressed", [False, True])
async def test_a_followed_card_is_masked_as_often_as_it_is_drawn(world: World, channel: str, is_pressed: bool) -> None:
    call = world.samora.add_call(variables=VARIABLES)
    if is_pressed:
        shared = await world.share(await ask(world, call.call_id, channel=channel))
        await press(world, "Follow", shared)
        card = world.now_in(shared)
    else:
        card = await follow(world, call.call_id, channel=channel)
    assert_for_all(card)
    for event, words in (("trigger", "Triggered"), ("answer", "Ongoing"), ("hang_up", "Finished")):
        world.samora.move(call.call_id, event)  # type: ignore[arg-type]

        def is_drawn(words: str = words) -> bool:
            return words in world.now_in(card).text

        await world.slack.wait_for(is_drawn, 20.0)
        assert_for_all(world.now_in(card))


async def test_the_card_of_a_call_that_is_over_is_masked_too(world: World, channel: str) -> None:
    call = world.samora.add_call(variables=VARIABLES)
    for event in ("trigger", "reject"):
        world.samora.move(call.call_id, event)
    await ask(world, f"subscribe {call.call_id}", channel=channel)
    posted = [each for each in world.slack.messages if each.channel == channel and not each.ephemeral_to]
    assert len(posted) == 1
    assert_for_all(posted[0])


async def test_show_all_counts_what_is_hidden(world: World, channel: str) -> None:
    call = world.samora.add_call(variables=VARIABLES)
    shared = await world.share(await ask(world, call.call_id, channel=channel))
    assert_quick(await world.slack.press(JON, "Show all", message=shared))
    view = await world.modal(lambda view: "jane@example.com" in str(view.blocks), user=JON)
    assert "2 hidden by your administrator" in str(view.blocks)
    assert card_in(world, call.call_id, channel) is None


async def test_no_filter_is_about_what_is_hidden(world: World, channel: str) -> None:
    agent = "subscribe agent 8a1f3c5e-7b9d-4e2f-a1c3-5d7f9b1e3a5c"
    assert "`notes` is hidden from everybody" in (await ask(world, f"{agent} var.notes:*", channel=channel)).text
    assert "whose `desk` is like `*`" in (await ask(world, f"{agent} var.desk:*", channel=channel)).text
