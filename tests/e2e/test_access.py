"""Who may see what: guests, people of other organisations, and an administrator's lists."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.sandbox import company
from bot.sandbox.faults import Fault
from bot.sandbox.slack import Message, User
from tests.e2e.following import ask, card_in, drawn, drawn_without, follow, new_modal, open_world, press, said_in_modal
from tests.e2e.world import JON, MIRA, OPERATIONS, OUTSIDER, World, assert_quick, labels, link_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUEST = "U0GUEST"
SHARED = "C0SHARED"
PERSONAL: dict[str, object] = {"email": "ana@example.com", "city": "Lisbon"}
GUESTS_GET = "Guests get no recordings, no transcripts and no unmasked variables."


# Guests


async def test_a_guests_own_card_is_masked_as_a_channels(world: World) -> None:
    card = await world.ask(company.FINISHED, user=GUEST)
    assert card.ephemeral_to == GUEST
    assert "p•••@example.com" in card.everything_written
    assert "priya.raman" not in card.everything_written
    fresh = await world.press("Refresh", card, user=GUEST)
    assert "priya.raman" not in fresh.everything_written


@pytest.mark.parametrize("label", ["Recording", "Transcript"])
async def test_guests_get_no_media_and_nothing_is_asked_of_samora(world: World, label: str) -> None:
    shared = await world.share(await world.ask(company.FINISHED))
    before = world.calls_of_samora()
    answer = await world.press(label, shared, user=GUEST)
    assert answer.ephemeral_to == GUEST
    assert answer.text == f"{GUESTS_GET} Ask whoever administers this app."
    assert world.calls_of_samora() == before


async def test_guests_are_not_shown_all(world: World) -> None:
    card = await world.ask(company.FINISHED, user=GUEST)
    assert_quick(await world.slack.press(GUEST, "Show all", message=card))
    view = await world.modal(lambda view: GUESTS_GET in str(view.blocks), user=GUEST)
    assert "priya.raman" not in str(view.blocks)


async def test_while_slack_does_not_say_who_somebody_is_the_card_is_masked(quick: World, channel: str) -> None:
    call = quick.samora.add_call(variables=PERSONAL)
    newcomer = "U0NEWCOMER"
    quick.slack.workspace.users[newcomer] = User(id=newcomer, name="newcomer")
    members = quick.slack.workspace.channel(channel).members | {newcomer}
    quick.slack.workspace.change_channel(channel, members=members)
    quick.slack.faults.add(Fault(path="/api/users.info", status=503))
    card = await ask(quick, call.call_id, channel=channel, user=newcomer)
    assert "ana@example.com" not in card.everything_written
    assert "Slack doesn't say right now" in card.everything_written
    fresh = await press(quick, "Refresh", card, user=newcomer)
    assert "ana@example.com" in fresh.everything_written


# Channels that are shared with another organisation


def assert_bare(card: Message, call_id: str) -> None:
    everything = card.everything_written
    assert call_id in card.text
    assert [text for text in ("example.com", "Lisbon", "email", "Agent") if text in everything] == []
    assert "people of other organisations may read this" in everything


async def test_sharing_there_asks_first_and_then_shows_no_variables(world: World) -> None:
    call = world.samora.add_call(status="CALL_FINISHED", variables=PERSONAL)
    card = await world.ask(call.call_id, channel=SHARED)
    assert "ana@example.com" in card.everything_written, "what one person asks for stays with that person"
    posts = len([each for each in world.slack.messages if each.ephemeral_to is None])
    question = await world.press("Share", card)
    assert question.ephemeral_to == MIRA
    assert "<#C0SHARED>. They will see the call's id, status, times and duration; not its variables." in question.text
    assert len([each for each in world.slack.messages if each.ephemeral_to is None]) == posts
    assert "nothing was shared" in (await world.press("Cancel", question)).text

    shared = await world.share_with_strangers(card)
    assert shared in world.slack.visible_to(OUTSIDER, SHARED)
    assert_bare(shared, call.call_id)

    fresh = await world.press("Refresh", shared, user=JON)
    assert fresh.ts == shared.ts
    assert_bare(fresh, call.call_id)


async def test_a_member_still_gets_there_what_members_get(world: World) -> None:
    shared = await world.share_with_strangers(await world.ask(company.FINISHED, channel=SHARED))
    answer = await world.press("Recording", shared, user=JON)
    assert answer.ephemeral_to == JON
    assert link_in(answer.blocks)


async def test_a_shared_channel_that_is_chosen_in_a_window_asks_there(quick: World) -> None:
    call = quick.samora.add_call(status="CALL_FINISHED", variables=PERSONAL)
    form = await new_modal(quick, quick.slack.global_shortcut(MIRA, "find_call"), "find_call")
    assert_quick(await quick.slack.submit(MIRA, form, {"call_id": call.call_id}))
    card = await said_in_modal(quick, "Finished")
    choice = await new_modal(quick, quick.slack.press(MIRA, "Share", view=card), "share_call")
    assert_quick(await quick.slack.submit(MIRA, choice, {"channel": SHARED}))
    question = await said_in_modal(quick, "People of another organisation")
    quick.look()
    assert_quick(await quick.slack.press(MIRA, "Share here", view=question))
    await said_in_modal(quick, "no variables")
    (shared,) = [each for each in quick.news() if each.ephemeral_to is None]
    assert shared.channel == SHARED
    assert_bare(shared, call.call_id)


async def test_what_is_followed_there_shows_no_variables_and_that_is_said(quick: World) -> None:
    call = quick.samora.add_call(status="ONGOING", variables=PERSONAL)
    answer = await ask(quick, f"subscribe {call.call_id}", channel=SHARED)
    assert "People of another organisation are in that channel" in answer.text
    card = card_in(quick, call.call_id, SHARED)
    assert card
    assert_bare(card, call.call_id)
    quick.samora.move(call.call_id, "hang_up")
    assert_bare(await drawn(quick, card, "Finished"), call.call_id)


async def test_a_channel_that_comes_to_be_shared_has_its_cards_redrawn(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING", variables=PERSONAL)
    card = await follow(quick, call.call_id, channel=channel)
    assert "Lisbon" in card.everything_written
    assert_quick(await quick.slack.share_channel(channel))
    assert_bare(await drawn_without(quick, card, "Lisbon"), call.call_id)
    quick.samora.move(call.call_id, "hang_up")
    assert_bare(await drawn(quick, card, "Finished"), call.call_id)
    assert_quick(await quick.slack.unshare_channel(channel))
    assert "a•••@example.com" in (await drawn(quick, card, "Lisbon")).everything_written


async def test_so_has_it_while_samora_is_down(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING", variables=PERSONAL)
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.faults.rain(path="/v1/call/*", share=1, kinds=["500"])
    try:
        assert_quick(await quick.slack.share_channel(channel))
        assert_bare(await drawn_without(quick, card, "Lisbon"), call.call_id)
    finally:
        quick.samora.faults.clear()
    quick.samora.move(call.call_id, "hang_up")
    assert_bare(await drawn(quick, card, "Finished"), call.call_id)


async def test_so_has_one_that_gets_another_id_as_it_comes_to_be_shared(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING", variables=PERSONAL)
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.workspace.change_channel(channel, is_pending_ext_shared=True)
    moved = f"{channel}MOVED"
    assert_quick(await quick.slack.change_channel_id(channel, moved))
    assert_bare(await drawn_without(quick, replace(card, channel=moved), "Lisbon"), call.call_id)


async def test_without_the_scope_nobody_knows_who_reads_along(quick: World, channel: str) -> None:
    quick.slack.granted_scopes.discard("channels:read")
    call = quick.samora.add_call(status="ONGOING", variables=PERSONAL)
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel)
    assert "I can't tell who else reads along there" in answer.text
    card = card_in(quick, call.call_id, channel)
    assert card
    assert_bare(card, call.call_id)


# An administrator's lists


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def strict(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot that may be used in #operations, by Mira, Jon and guests, of whom the night shift (Jon) gets media."""
    strictly = open_world(
        unused_tcp_port_factory,
        ALLOWED_CHANNELS=OPERATIONS,
        ALLOWED_USERS="U0MIRA, S0NIGHT, U0GUEST",
        MEDIA_USERS="S0NIGHT,U0GUEST",
        GUESTS="allow",
        ADMIN_CONTACT=MIRA,
    )
    async with strictly as there:
        yield there


async def test_in_other_channels_it_is_not_to_be_used(strict: World) -> None:
    before = strict.calls_of_samora()
    answer = await ask(strict, company.FINISHED, channel="C0SALES")
    assert answer.ephemeral_to == MIRA
    assert answer.text == "That channel isn't one that I may be used in. Ask <@U0MIRA>."
    assert strict.calls_of_samora() == before
    direct = await ask(strict, company.FINISHED, channel="D0MIRA")
    assert "Finished" in direct.text


async def test_whoever_is_not_listed_is_refused_whatever_they_do(strict: World) -> None:
    stranger = "U0NEW"
    strict.slack.workspace.users[stranger] = User(id=stranger, name="stranger")
    members = strict.slack.workspace.channel(OPERATIONS).members | {stranger}
    strict.slack.workspace.change_channel(OPERATIONS, members=members)
    answer = await ask(strict, "list", channel=OPERATIONS, user=stranger)
    assert answer.text == "You aren't among those who may use me. Ask <@U0MIRA>."
    await strict.slack.open_home(stranger)
    home = await strict.slack.wait_for(lambda: strict.slack.home_of(stranger))
    assert "You aren't among those" in str(home.blocks)


@pytest.mark.parametrize(("user", "gets"), [(MIRA, False), (JON, True), (GUEST, True)])
async def test_media_users_get_media_and_others_do_not(strict: World, user: str, gets: bool) -> None:
    card = await ask(strict, company.FINISHED, channel=OPERATIONS, user=user)
    assert ("priya.raman@example.com" in card.everything_written) is gets
    answer = await press(strict, "Recording", card, user=user)
    assert (labels(answer) == ["Open recording"]) is gets
    assert ("You aren't among those who get recordings" in answer.text) is not gets
