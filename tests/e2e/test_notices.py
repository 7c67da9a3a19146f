"""Notices: what a thread is told of a call, and how the options of a subscription change that."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.sandbox.slack import Message
from tests.e2e.following import (
    ask,
    card_in,
    drawn,
    follow,
    grow_old,
    looked_at,
    notice_messages,
    notices_in,
    open_channel,
    open_world,
    press,
    query,
    query_until,
    subscriptions_in,
    told,
)
from tests.e2e.world import JON, MIRA, World, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_change_is_one_line_in_order(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    quick.samora.move(call.call_id, "answer")
    await told(quick, card, "Pending → Triggered", "Triggered → Ongoing")
    assert call.started_at
    call.started_at -= timedelta(minutes=5, seconds=25)
    call.has_recording = call.has_transcript = True
    quick.samora.move(call.call_id, "hang_up")
    lines = await told(quick, card, "Pending → Triggered", "Triggered → Ongoing", "Ongoing → Finished")
    assert re.fullmatch(r"Ongoing → Finished after 5m 2[5-9]s · recording and transcript ready", lines[-1])
    now = await drawn(quick, card, "Finished")
    assert [*labels(now)][:3] == ["Recording", "Transcript", "Refresh"]
    assert "Followed here" not in now.everything_written
    await query_until(quick, "SELECT state FROM subscriptions WHERE channel_id = ?", channel, equals="ended")


async def test_what_follows_quickly_is_told_in_order_even_so(quick: World, channel: str) -> None:
    """A channel takes one message a second: what is seen meanwhile waits its turn, each change a line of its own."""
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    for event, status in (("trigger", "TRIGGERED"), ("answer", "ONGOING"), ("hang_up", "CALL_FINISHED")):
        quick.samora.move(call.call_id, event)  # type: ignore[arg-type]
        await query_until(quick, "SELECT status FROM followed_calls WHERE call_id = ?", call.call_id, equals=status)
    await told(quick, card, "Pending → Triggered", "Triggered → Ongoing", "Ongoing → Finished")
    posted = [float(each.ts) for each in notice_messages(quick, card.ts, channel)]
    assert all(later - earlier > 0.5 for earlier, later in pairwise(posted)), posted


async def test_media_that_come_one_after_the_other_are_one_notice(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING")
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Ongoing → Finished")
    quick.samora.move(call.call_id, "recording_ready")
    await drawn(quick, card, "recording ready")
    quick.samora.move(call.call_id, "transcript_ready")
    await told(quick, card, "Ongoing → Finished", "Recording and transcript ready")
    await query_until(quick, "SELECT reason FROM subscriptions WHERE channel_id = ?", channel, equals="done")


async def test_a_recording_that_stays_alone_is_told_alone(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING")
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "hang_up")
    quick.samora.move(call.call_id, "recording_ready")
    await told(quick, card, "Ongoing → Finished")
    quick.samora.move(call.call_id, "transcript_ready")
    # What the first notice said already is not said again as if it were new.
    await told(quick, card, "Ongoing → Finished", "Recording and transcript ready")


async def test_media_that_never_come_are_waited_for_an_hour_without_a_word(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING")
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Ongoing → Finished")
    await grow_old(quick, call.call_id, "status_since")
    await query_until(quick, "SELECT reason FROM subscriptions WHERE channel_id = ?", channel, equals="done")
    assert len(notices_in(quick, card.ts, channel)) == 1


async def test_a_status_that_nobody_knows_yet_is_told_in_its_own_words(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.set_status(call.call_id, "WAITING_FOR_<!channel>")
    lines = await told(quick, card, "Pending → Waiting For &lt;!channel&gt;")
    assert "<!channel>" not in lines[0]


async def test_a_choice_of_statuses_is_all_that_is_told(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel, options="on:ongoing,finished")
    quick.samora.move(call.call_id, "trigger")
    await drawn(quick, card, "Triggered:")
    quick.samora.move(call.call_id, "answer")
    await told(quick, card, "Triggered → Ongoing")
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Triggered → Ongoing", "Ongoing → Finished")


async def test_what_is_excluded_is_not_told(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel, options="-on:triggered,ongoing")
    for event, words in (("trigger", "Triggered:"), ("answer", "Ongoing:")):
        quick.samora.move(call.call_id, event)  # type: ignore[arg-type]
        await drawn(quick, card, words)
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Ongoing → Finished")


async def test_to_channel_shows_the_final_state_alone_in_the_channel(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel, options="to:channel")
    assert "the final one in the channel too" in card.everything_written
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    quick.samora.move(call.call_id, "reject")
    await told(quick, card, "Pending → Triggered", "Triggered → Rejected")
    first, last = notice_messages(quick, card.ts, channel)
    assert [first.reply_broadcast, last.reply_broadcast] == [False, True]
    assert last.text == f"Triggered → Rejected · call `{call.call_id[:8]}`"


async def test_to_channel_keeps_later_media_in_the_thread(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING")
    card = await follow(quick, call.call_id, channel=channel, options="to:channel")
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Ongoing → Finished")
    call.has_recording = call.has_transcript = True
    await told(quick, card, "Ongoing → Finished", "Recording and transcript ready")
    assert [each.reply_broadcast for each in notice_messages(quick, card.ts, channel)] == [True, False]


async def test_to_card_redraws_and_says_nothing(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel, options="to:card")
    for event, words in (("trigger", "Triggered:"), ("answer", "Ongoing:"), ("hang_up", "Finished")):
        quick.samora.move(call.call_id, event)  # type: ignore[arg-type]
        await drawn(quick, card, words)
    call.has_recording = call.has_transcript = True
    await drawn(quick, card, "recording ready")
    await query_until(quick, "SELECT state FROM subscriptions WHERE channel_id = ?", channel, equals="ended")
    assert query(quick, "SELECT * FROM notices") == []
    assert notices_in(quick, card.ts, channel) == []


@pytest.mark.parametrize(
    ("who", "ping"), [("@mira", "<@U0MIRA>"), ("@night-shift", "<!subteam^S0NIGHT>")], ids=["person", "group"]
)
async def test_a_mention_stands_on_the_final_state_alone(quick: World, channel: str, who: str, ping: str) -> None:
    call = quick.samora.add_call(status="TRIGGERED")
    card = await follow(quick, call.call_id, channel=channel, options=f"mention:{who}")
    quick.samora.move(call.call_id, "answer")
    await told(quick, card, "Triggered → Ongoing")
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Triggered → Ongoing", f"{ping} Ongoing → Finished")
    call.has_recording = call.has_transcript = True
    await told(quick, card, "Triggered → Ongoing", f"{ping} Ongoing → Finished", "Recording and transcript ready")


async def test_a_compact_card_keeps_the_variables_for_those_who_ask(quick: World, channel: str) -> None:
    call = quick.samora.add_call(variables={"reason": "check-up in the morning"})
    card = await follow(quick, call.call_id, channel=channel, options="style:compact")
    assert "check-up" not in card.everything_written
    assert "Show all" in labels(card)
    quick.samora.move(call.call_id, "trigger")
    now = await drawn(quick, card, "Triggered:")
    assert "check-up" not in now.everything_written


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("on:finnished", "I don't know `on:finnished`. Did you mean `on:finished`?"),
        ("to:chanel", "I don't know `to:chanel`. Did you mean `to:channel`?"),
        ("style:compct", "I don't know `style:compct`. Did you mean `style:compact`?"),
        ("too:card", "I don't know the option `too:card`. Did you mean `to:card`?"),
        ("finished", "I don't know the option `finished`. Did you mean `on:finished`?"),
        ("colour:blue", "I don't know the option `colour:blue`. I know `on:`"),
        ("mention:@nobody-here", "I can't tell who `@nobody-here` is."),
        ("mention:@channel", "I never ping a whole channel."),
        ("mention:@here", "I never ping a whole channel."),
        ("on:", "An empty filter would never tell you anything."),
        ("on:finished -on:finished", "an empty filter would never tell you anything"),
        ("to:card mention:@mira", "With `to:card` there are no notices, so nobody could be mentioned."),
        ("to:card to:thread", "I can only do one of them."),
    ],
)
async def test_an_option_that_makes_no_sense_is_refused_with_what_was_meant(
    quick: World, channel: str, options: str, words: str
) -> None:
    call = quick.samora.add_call()
    answer = await ask(quick, f"subscribe {call.call_id} {options}", channel=channel)
    assert words in answer.text
    assert subscriptions_in(quick, channel) == []
    assert card_in(quick, call.call_id, channel) is None


@pytest.mark.parametrize(
    ("status", "minutes", "words"),
    [
        ("TRIGGERED", 16, "Still Triggered after 16m"),
        ("ONGOING", 61, "Still Ongoing after 1h 1m"),
    ],
)
async def test_a_call_that_is_stuck_is_told_once(
    quick: World, channel: str, status: str, minutes: int, words: str
) -> None:
    call = quick.samora.add_call(status=status)
    call.updated_at -= timedelta(minutes=minutes)
    call.started_at = call.started_at and call.updated_at
    card = await follow(quick, call.call_id, channel=channel)
    await told(quick, card, words)
    # However often it is looked at after that: the next thing told is the next change.
    await looked_at(quick, call.call_id, times=5)
    quick.samora.set_status(call.call_id, "UNANSWERED")
    await told(quick, card, words, f"{status.title()} → Unanswered")


async def test_how_long_is_too_long_is_a_setting(unused_tcp_port_factory: Callable[[], int]) -> None:
    async with open_world(unused_tcp_port_factory, STUCK_TRIGGERED_MINUTES="0.03") as there:
        channel = open_channel(there)
        call = there.samora.add_call()
        card = await follow(there, call.call_id, channel=channel, options="on:finished")
        there.samora.move(call.call_id, "trigger")
        lines = await told(there, card, "Still Triggered after ")
        assert re.fullmatch(r"Still Triggered after \ds: that is longer than it should take", lines[0])
        there.samora.set_status(call.call_id, "CALL_FINISHED")
        await told(there, card, "Still Triggered", "Triggered → Finished")


async def test_without_news_for_a_day_a_call_is_let_go_and_can_be_followed_again(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    await grow_old(quick, call.call_id)
    words = "No news for 24 hours, so I don't follow this call any more."
    await told(quick, card, words)
    assert "Follow" in labels(await drawn(quick, card, "Pending:"))
    assert "No call is followed here." in (await ask(quick, "list", channel=channel)).text
    quick.samora.move(call.call_id, "trigger")
    answer = await press(quick, "Follow again", _last_notice(quick, card), user=JON)
    assert answer.text == f"Call `{call.call_id}` is followed again. What changed meanwhile is told now."
    await told(quick, card, words, "Pending → Triggered")
    quick.samora.move(call.call_id, "reject")
    await told(quick, card, words, "Pending → Triggered", "Triggered → Rejected")


async def test_following_again_what_is_followed_already_says_so(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    await grow_old(quick, call.call_id)
    await told(quick, card, "No news for 24 hours")
    await ask(quick, f"subscribe {call.call_id}", channel=channel, user=JON)
    answer = await press(quick, "Follow again", _last_notice(quick, card), user=MIRA)
    assert "is followed here already, since" in answer.text
    assert f"by <@{JON}>" in answer.text


def _last_notice(world: World, card: Message) -> Message:
    return notice_messages(world, card.ts, card.channel)[-1]
