"""Subscribing: every way to have a call followed, and what happens where that can't be."""

import asyncio

import pytest

from bot.sandbox import company
from bot.sandbox.faults import Fault
from bot.sandbox.slack import Message
from tests.e2e.following import (
    PATIENCE,
    answer_to,
    ask,
    card_in,
    cards_in,
    drawn,
    drawn_without,
    follow,
    new_modal,
    notices_in,
    open_channel,
    press,
    query,
    query_until,
    said_in_modal,
    subscriptions_in,
    told,
)
from tests.e2e.world import JON, MIRA, OUTSIDER, World, assert_quick, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLLOWED = "Followed here: changes are told in the thread."
UNKNOWN = "00000000-1111-4222-8333-444444444444"


async def test_the_command_posts_the_card_and_follows_in_its_thread(quick: World, channel: str) -> None:
    call = quick.samora.add_call(variables={"name": "Priya", "email": "priya@example.com"})
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel)
    assert answer.text == f"Following call `{call.call_id}` here: every change, in the thread."
    card = _card(quick, call.call_id, channel)
    assert card in quick.slack.visible_to(JON, channel)
    assert FOLLOWED in card.everything_written
    assert "priya@example.com" not in card.everything_written
    assert "Follow" not in labels(card)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    assert (await drawn(quick, card, "Triggered:")).ts == card.ts


async def test_follow_on_a_private_card_posts_a_public_one(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    private = await ask(quick, call.call_id, channel=channel)
    answer = await press(quick, "Follow", private)
    assert answer.text.startswith(f"Following call `{call.call_id}` here")
    card = _card(quick, call.call_id, channel)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")


async def test_follow_on_a_shared_card_follows_on_that_card(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    shared = await quick.share(await ask(quick, call.call_id, channel=channel))
    answer = await press(quick, "Follow", shared, user=JON)
    assert answer.text.startswith(f"Following call `{call.call_id}` here")
    assert FOLLOWED in (await drawn(quick, shared, FOLLOWED)).everything_written
    quick.samora.move(call.call_id, "trigger")
    await told(quick, shared, "Pending → Triggered")
    assert len([each for each in quick.slack.messages if each.channel == channel and not each.ephemeral_to]) == 2


async def test_follow_on_a_card_in_a_thread_tells_that_thread(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    root = quick.slack.post_as(JON, channel, "What about this one?")
    private = await answer_to(
        quick, quick.slack.mention(MIRA, channel, call.call_id, thread_ts=root.ts), channel=channel
    )
    shared = await quick.share(private)
    assert shared.thread_ts == root.ts
    await press(quick, "Follow", shared)
    await drawn(quick, shared, FOLLOWED)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, shared, f"Pending → Triggered · call `{call.call_id[:8]}`")


async def test_follow_on_a_card_where_the_bot_is_not_gets_the_way_to_invite_it(quick: World) -> None:
    """There a response_url has shared it."""
    channel = open_channel(quick)
    await quick.slack.kick_bot(channel)
    call = quick.samora.add_call()
    shared = await quick.share(await ask(quick, call.call_id, channel=channel))
    refused = await press(quick, "Follow", shared)
    assert "/invite @Samora" in refused.text
    assert subscriptions_in(quick, channel) == []
    await quick.slack.invite_bot(channel)
    assert (await press(quick, "Follow", shared)).text.startswith("Following call")
    assert subscriptions_in(quick, channel) == [("active", "")]


async def test_the_shortcut_hangs_card_and_notices_in_the_messages_thread(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    message = quick.slack.post_as(JON, channel, f"Please watch {call.call_id}")
    doing = quick.slack.message_shortcut(MIRA, "follow_call", channel, message.ts)
    assert (await answer_to(quick, doing, channel=channel)).text.startswith("Following call")
    card = _card(quick, call.call_id, channel)
    assert card.thread_ts == message.ts
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, f"Pending → Triggered · call `{call.call_id[:8]}`")


async def test_the_shortcut_asks_which_of_several_calls(quick: World, channel: str) -> None:
    one, other = quick.samora.add_call(), quick.samora.add_call()
    message = quick.slack.post_as(JON, channel, f"{one.call_id} or {other.call_id}?")
    doing = quick.slack.message_shortcut(MIRA, "follow_call", channel, message.ts)
    picker = await new_modal(quick, doing, "pick_call")
    assert picker.definition["submit"]["text"] == "Follow"
    assert_quick(await quick.slack.submit(MIRA, picker, {"call_id": other.call_id}))
    await said_in_modal(quick, f"Following call `{other.call_id}`")
    assert _card(quick, other.call_id, channel).thread_ts == message.ts
    assert card_in(quick, one.call_id, channel) is None


async def test_the_shortcut_asks_for_the_id_where_the_message_has_none(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    root = quick.slack.post_as(JON, channel, "Look here")
    reply = quick.slack.post_as(JON, channel, "Who follows the call?", thread_ts=root.ts)
    doing = quick.slack.message_shortcut(MIRA, "follow_call", channel, reply.ts)
    form = await new_modal(quick, doing, "find_call")
    assert_quick(await quick.slack.submit(MIRA, form, {"call_id": call.call_id}))
    await said_in_modal(quick, f"Following call `{call.call_id}`")
    card = _card(quick, call.call_id, channel)
    assert card.thread_ts == root.ts
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")


async def test_a_mention_in_a_thread_follows_in_that_thread(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    root = quick.slack.post_as(JON, channel, "Please watch that call")
    text = f"subscribe {call.call_id} -on:pending mention:<@{JON}>"
    doing = quick.slack.mention(MIRA, channel, text, thread_ts=root.ts)
    answer = await answer_to(quick, doing, channel=channel)
    assert answer.thread_ts == root.ts
    assert f"every change but Pending, in the thread, <@{JON}> is mentioned on the final state" in answer.text
    card = _card(quick, call.call_id, channel)
    assert card.thread_ts == root.ts
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    quick.samora.move(call.call_id, "reject")
    await told(quick, card, "Pending → Triggered", f"<@{JON}> Triggered → Rejected")


async def test_from_a_modal_a_channel_is_chosen(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    form = await new_modal(quick, quick.slack.global_shortcut(MIRA, "find_call"), "find_call")
    assert_quick(await quick.slack.submit(MIRA, form, {"call_id": call.call_id}))
    card = await said_in_modal(quick, "Pending")
    which = await new_modal(quick, quick.slack.press(MIRA, "Follow", view=card), "follow_in")
    assert_quick(await quick.slack.submit(MIRA, which, {"channel": channel}))
    await said_in_modal(quick, f"Following call `{call.call_id}` in <#{channel}>")
    quick.samora.move(call.call_id, "trigger")
    await told(quick, _card(quick, call.call_id, channel), "Pending → Triggered")


async def test_from_a_modal_a_channel_without_the_bot_gets_the_way_to_invite_it(quick: World) -> None:
    call = quick.samora.add_call()
    form = await new_modal(quick, quick.slack.global_shortcut(MIRA, "find_call"), "find_call")
    assert_quick(await quick.slack.submit(MIRA, form, {"call_id": call.call_id}))
    card = await said_in_modal(quick, "Pending")
    which = await new_modal(quick, quick.slack.press(MIRA, "Follow", view=card), "follow_in")
    assert_quick(await quick.slack.submit(MIRA, which, {"channel": "C0QUIET"}))
    await said_in_modal(quick, "/invite @Samora")
    assert subscriptions_in(quick, "C0QUIET") == []


async def test_twice_is_once(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel, user=JON)
    assert answer.text.startswith(f"Call `{call.call_id}` is followed here already, since")
    assert f"by <@{MIRA}>" in answer.text
    assert "its options" not in answer.text
    assert cards_in(quick, call.call_id, channel) == [card]
    assert len(subscriptions_in(quick, channel)) == 1


async def test_twice_with_other_options_says_where_to_change_them(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel)
    answer = await ask(quick, f"subscribe {call.call_id} to:card", channel=channel)
    assert "is followed here already" in answer.text
    assert "press *Edit* in `/samora-call list`" in answer.text


async def test_two_people_at_the_same_moment_are_one_subscription(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    await asyncio.gather(
        *(quick.slack.command(user, f"subscribe {call.call_id}", channel=channel) for user in (MIRA, JON, MIRA, JON))
    )
    card = await quick.slack.wait_for(lambda: card_in(quick, call.call_id, channel), PATIENCE)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    assert len(cards_in(quick, call.call_id, channel)) == 1
    assert len(subscriptions_in(quick, channel)) == 1


async def test_two_channels_follow_one_call_and_samora_is_asked_for_both_at_once(quick: World, channel: str) -> None:
    call, other = quick.samora.add_call(), open_channel(quick)
    cards = [await follow(quick, call.call_id, channel=each) for each in (channel, other)]
    assert query(quick, "SELECT count(*) FROM followed_calls WHERE call_id = ?", call.call_id) == [(1,)]
    quick.samora.move(call.call_id, "trigger")
    for card in cards:
        await told(quick, card, "Pending → Triggered")


async def test_asking_for_a_paused_one_resumes_it(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    await press(quick, "Pause", await ask(quick, "list", channel=channel))
    quick.samora.move(call.call_id, "trigger")
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel, user=JON)
    assert answer.text == f"Call `{call.call_id}` was paused here: somebody paused it. Now I follow it again."
    await told(quick, card, "Pending → Triggered")


async def test_what_was_unsubscribed_can_be_followed_anew(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    old = await follow(quick, call.call_id, channel=channel)
    await ask(quick, f"unsubscribe {call.call_id}", channel=channel)
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel)
    assert answer.text.startswith("Following call")
    cards = cards_in(quick, call.call_id, channel)
    assert len(cards) == 2
    quick.samora.move(call.call_id, "trigger")
    await told(quick, cards[1], "Pending → Triggered")
    assert notices_in(quick, old.ts, channel) == []


@pytest.mark.parametrize("call_id", [company.FINISHED, company.REJECTED, company.UNANSWERED])
async def test_a_call_that_is_over_gets_its_card_and_a_sentence(quick: World, channel: str, call_id: str) -> None:
    answer = await ask(quick, f"subscribe {call_id}", channel=channel)
    assert answer.text == f"Call `{call_id}` is over. Nothing is left to follow."
    cards = [each for each in quick.slack.messages if each.channel == channel and not each.ephemeral_to]
    assert len(cards) == 1
    assert "Followed here" not in cards[0].everything_written
    assert subscriptions_in(quick, channel) == []
    assert query(quick, "SELECT count(*) FROM followed_calls") == [(0,)]


async def test_a_call_that_is_over_is_followed_for_its_recording(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="CALL_FINISHED")
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel)
    words = "I'll tell you here when its recording and transcript are ready."
    assert answer.text == f"Call `{call.call_id}` is over. {words}"
    card = _card(quick, call.call_id, channel)
    assert "being prepared" in card.everything_written
    call.has_recording = call.has_transcript = True
    await told(quick, card, "Recording and transcript ready")
    assert "Recording" in labels(await drawn(quick, card, "recording ready"))
    await query_until(quick, "SELECT reason FROM subscriptions WHERE channel_id = ?", channel, equals="done")


@pytest.mark.parametrize(
    ("channel_id", "words"),
    [
        ("C0QUIET", "/invite @Samora"),
        ("C0SECRET", "/invite @Samora"),
        ("C0OLD", "archived"),
        ("D0MIRAJON", "/invite @Samora"),
    ],
    ids=["public", "private", "archived", "direct"],
)
async def test_where_the_bot_cannot_post_the_asker_learns_why_and_nothing_stays(
    quick: World, channel_id: str, words: str
) -> None:
    call = quick.samora.add_call()
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel_id)
    assert words in answer.text
    assert answer.ephemeral_to == MIRA
    assert not [each for each in quick.slack.messages if call.call_id in each.text and not each.ephemeral_to]
    assert query(quick, "SELECT * FROM subscriptions") == []
    assert query(quick, "SELECT * FROM notices") == []
    # Nobody looks at a call that nobody follows.
    await query_until(quick, "SELECT count(*) FROM followed_calls WHERE due_at IS NOT NULL", equals=0)


async def test_once_it_is_invited_a_private_channel_can_follow(quick: World) -> None:
    call = quick.samora.add_call()
    channel = open_channel(quick, is_private=True)
    await quick.slack.kick_bot(channel)
    assert "/invite @Samora" in (await ask(quick, f"subscribe {call.call_id}", channel=channel)).text
    await quick.slack.invite_bot(channel)
    assert (await ask(quick, f"subscribe {call.call_id}", channel=channel)).text.startswith("Following call")
    quick.samora.move(call.call_id, "trigger")
    await told(quick, _card(quick, call.call_id, channel), "Pending → Triggered")


async def test_the_direct_messages_with_the_bot_can_follow_too(quick: World) -> None:
    call = quick.samora.add_call()
    await ask(quick, f"subscribe {call.call_id}", channel="D0MIRA")
    quick.samora.move(call.call_id, "trigger")
    await told(quick, _card(quick, call.call_id, "D0MIRA"), "Pending → Triggered")


async def test_an_unknown_call_is_said_and_not_followed(quick: World, channel: str) -> None:
    answer = await ask(quick, f"subscribe {UNKNOWN}", channel=channel)
    assert answer.text == f"There is no such call in your company: `{UNKNOWN}`."
    assert query(quick, "SELECT * FROM subscriptions") == []


async def test_while_samora_is_down_try_again_follows_as_was_asked(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    quick.samora.faults.add(Fault(path="/v1/*", status=500, times=9))
    answer = await ask(quick, f"subscribe {call.call_id} to:card", channel=channel)
    assert answer.text == "Samora can't answer right now."
    assert subscriptions_in(quick, channel) == []
    quick.samora.faults.clear()
    again = await press(quick, "Try again", answer)
    assert "the card is kept up to date, without notices" in again.text
    assert "this card is kept up to date" in _card(quick, call.call_id, channel).everything_written


async def test_several_ids_are_asked_back_and_the_options_kept(quick: World, channel: str) -> None:
    one, other = quick.samora.add_call(), quick.samora.add_call()
    question = await ask(quick, f"subscribe {one.call_id} {other.call_id} to:card", channel=channel)
    assert labels(question) == [one.call_id, other.call_id]
    answer = await press(quick, other.call_id, question)
    assert "the card is kept up to date, without notices" in answer.text
    assert card_in(quick, one.call_id, channel) is None


async def test_somebody_from_another_organisation_can_not_follow(quick: World) -> None:
    call = quick.samora.add_call()
    shared = await quick.share_with_strangers(await ask(quick, call.call_id, channel="C0SHARED"))
    answer = await press(quick, "Follow", shared, user=OUTSIDER)
    assert "Only members of the workspace" in answer.text
    assert subscriptions_in(quick, "C0SHARED") == []


async def test_over_either_transport(world: World) -> None:
    channel, call = open_channel(world), world.samora.add_call(variables={"email": "ana@example.com"})
    card = await follow(world, call.call_id, channel=channel)
    world.samora.move(call.call_id, "trigger")
    await told(world, card, "Pending → Triggered")
    answer = await ask(world, f"unsubscribe {call.call_id}", channel=channel)
    assert answer.text == f"Call `{call.call_id}` isn't followed here any more."
    assert "Follow" in labels(await drawn_without(world, card, "Followed here"))


def _card(world: World, call_id: str, channel: str) -> Message:
    card = card_in(world, call_id, channel)
    assert card, world.slack.messages[-5:]
    return card
