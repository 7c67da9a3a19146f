"""The list of what a channel follows, its buttons, and ending what is followed."""

import pytest

from bot.sandbox.slack import Message
from tests.e2e.following import (
    PATIENCE,
    ask,
    card_in,
    drawn,
    drawn_without,
    follow,
    looked_at,
    new_modal,
    notices_in,
    open_channel,
    press,
    query_until,
    said_in_modal,
    subscriptions_in,
    told,
)
from tests.e2e.world import JON, MIRA, World, assert_quick, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_it_says_state_creator_since_when_and_how(quick: World, channel: str) -> None:
    one, other = quick.samora.add_call(), quick.samora.add_call(status="ONGOING")
    await follow(quick, one.call_id, channel=channel)
    await follow(quick, other.call_id, channel=channel, user=JON, options="on:finished to:channel")
    shown = await ask(quick, "list", channel=channel)
    assert shown.ephemeral_to == MIRA
    assert "Calls followed in this channel: 2" in shown.text
    first, second = (block["text"]["text"] for block in shown.blocks if block["type"] == "section")
    assert one.call_id in first
    assert "*Following*" in first
    assert f"by <@{MIRA}>" in first
    assert "since <!date^" in first
    assert "last change <!date^" in first
    assert other.call_id in second
    assert f"by <@{JON}>" in second
    assert "only Finished, in the thread, the final state in the channel too" in second.lower().replace(
        "only f", "only F"
    )


async def test_nothing_followed_says_how_to_begin(quick: World, channel: str) -> None:
    answer = await ask(quick, "list", channel=channel)
    assert "No call is followed here." in answer.text
    assert "/samora-call subscribe" in answer.text


async def test_another_channels_list_is_another_one(quick: World, channel: str) -> None:
    await follow(quick, quick.samora.add_call().call_id, channel=open_channel(quick))
    assert "No call is followed here." in (await ask(quick, "list", channel=channel)).text


async def test_many_come_in_pages(quick: World, channel: str) -> None:
    calls = [quick.samora.add_call() for _ in range(7)]
    for call in calls:
        await follow(quick, call.call_id, channel=channel)
    first = await ask(quick, "list", channel=channel)
    assert "Page 1 of 2" in first.everything_written
    assert "Next" in labels(first)
    second = await press(quick, "Next", first)
    assert second.ts == first.ts, "a page takes the place of the one before"
    assert "Page 2 of 2" in second.everything_written
    listed = [call.call_id for call in calls if call.call_id in first.text] + [
        call.call_id for call in calls if call.call_id in second.text
    ]
    assert listed == [call.call_id for call in calls]
    # The last page loses its last rows: what is shown then is a page that there is.
    for call in calls[5:]:
        shown = await press(quick, "End", second, value=_value(second, "End", call.call_id))
        second = shown
    assert "Page" not in second.everything_written
    assert "Calls followed in this channel: 5" in second.text


async def test_a_paused_one_is_not_told_until_it_is_resumed_and_then_once(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    shown = await press(quick, "Pause", await ask(quick, "list", channel=channel), user=MIRA)
    assert "*Paused*: somebody paused it" in shown.everything_written
    await query_until(
        quick, "SELECT count(*) FROM followed_calls WHERE call_id = ? AND due_at IS NOT NULL", call.call_id, equals=0
    )
    quick.samora.move(call.call_id, "trigger")
    quick.samora.move(call.call_id, "answer")
    assert notices_in(quick, card.ts, channel) == []
    resumed = await press(quick, "Resume", shown)
    assert "*Following*" in resumed.everything_written
    await told(quick, card, "Pending → Ongoing")
    await drawn(quick, card, "Ongoing:")


async def test_a_paused_one_does_not_hold_up_others_of_the_call(quick: World, channel: str) -> None:
    call, other = quick.samora.add_call(), open_channel(quick)
    paused, active = [await follow(quick, call.call_id, channel=each) for each in (channel, other)]
    await press(quick, "Pause", await ask(quick, "list", channel=channel))
    quick.samora.move(call.call_id, "trigger")
    await told(quick, active, "Pending → Triggered")
    quick.samora.move(call.call_id, "answer")
    await told(quick, active, "Pending → Triggered", "Triggered → Ongoing")
    assert notices_in(quick, paused.ts, channel) == []
    await press(quick, "Resume", await ask(quick, "list", channel=channel))
    await told(quick, paused, "Pending → Ongoing")


async def test_end_ends_it_and_its_card_offers_to_follow_again(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    shown = await press(quick, "End", await ask(quick, "list", channel=channel))
    assert "No call is followed here." in shown.text
    assert "Follow" in labels(await drawn_without(quick, card, "Followed here"))
    assert subscriptions_in(quick, channel) == [("ended", "person")]
    await query_until(
        quick, "SELECT count(*) FROM followed_calls WHERE call_id = ? AND due_at IS NOT NULL", call.call_id, equals=0
    )


async def test_edit_changes_how_it_is_followed(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    shown = await ask(quick, "list", channel=channel)
    form = await new_modal(quick, quick.slack.press(MIRA, "Edit", message=shown), "edit_options")
    assert call.call_id in str(form.blocks)
    values = {"statuses": ["Rejected"], "to": "channel", "mention": JON, "style": "compact"}
    assert_quick(await quick.slack.submit(MIRA, form, values))
    saved = await said_in_modal(quick, "Saved.")
    assert f"only Rejected, in the thread, the final state in the channel too, <@{JON}> is mentioned" in str(
        saved.blocks
    )
    await drawn(quick, card, "the final one in the channel too")
    quick.samora.move(call.call_id, "trigger")
    await drawn(quick, card, "Triggered:")
    quick.samora.move(call.call_id, "reject")
    await told(quick, card, f"<@{JON}> Triggered → Rejected")


async def test_edit_refuses_what_contradicts_itself(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel)
    shown = await ask(quick, "list", channel=channel)
    form = await new_modal(quick, quick.slack.press(MIRA, "Edit", message=shown), "edit_options")
    assert_quick(await quick.slack.submit(MIRA, form, {"to": "card", "mention": JON}))
    refused = await quick.modal(lambda view: bool(view.errors))
    assert "nobody can be mentioned" in refused.errors["mention"]
    assert_quick(await quick.slack.submit(MIRA, refused, {"mention": None}))
    await said_in_modal(quick, "the card is kept up to date, without notices")


async def test_edit_knows_a_group_and_lets_it_be_kept_or_not(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel, options="mention:@night-shift")
    shown = await ask(quick, "list", channel=channel)
    form = await new_modal(quick, quick.slack.press(MIRA, "Edit", message=shown), "edit_options")
    assert_quick(await quick.slack.submit(MIRA, form, {"style": "compact"}))
    await said_in_modal(quick, "<!subteam^S0NIGHT> is mentioned on the final state, compact card")
    form = await new_modal(quick, quick.slack.press(MIRA, "Edit", message=shown), "edit_options")
    assert_quick(await quick.slack.submit(MIRA, form, {"group": None}))
    saved = await said_in_modal(quick, "Saved.")
    assert "mentioned" not in str(saved.blocks)


async def test_unsubscribe_ends_one(quick: World, channel: str) -> None:
    one, other = quick.samora.add_call(), quick.samora.add_call()
    cards = [await follow(quick, call.call_id, channel=channel) for call in (one, other)]
    answer = await ask(quick, f"unsubscribe {one.call_id}", channel=channel)
    assert answer.text == f"Call `{one.call_id}` isn't followed here any more."
    for call in (one, other):
        quick.samora.move(call.call_id, "trigger")
    await told(quick, cards[1], "Pending → Triggered")
    assert notices_in(quick, cards[0].ts, channel) == []


async def test_unsubscribe_of_what_is_not_followed_says_so(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    answer = await ask(quick, f"unsubscribe {call.call_id}", channel=channel)
    assert answer.text == f"Call `{call.call_id}` isn't followed here. `/samora-call list` shows what is."


async def test_what_is_owed_when_it_ends_is_never_told(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    # The channel has its message of this second: the next notice is owed, and waits.
    quick.samora.move(call.call_id, "answer")
    await query_until(quick, "SELECT count(*) FROM notices WHERE done_at IS NULL", equals=1)
    await ask(quick, f"unsubscribe {call.call_id}", channel=channel)
    await query_until(quick, "SELECT count(*) FROM notices WHERE done_at IS NULL", equals=0)
    assert len(notices_in(quick, card.ts, channel)) in {1, 2}, "it may have been on its way already"


async def test_unsubscribe_all_asks_and_keeps(quick: World, channel: str) -> None:
    for _ in range(2):
        await follow(quick, quick.samora.add_call().call_id, channel=channel)
    question = await ask(quick, "unsubscribe all", channel=channel)
    assert question.text == "2 calls are followed here. Do you want to end all of that?"
    answer = await press(quick, "Keep them", question)
    assert answer.text == "All right, nothing has ended."
    assert answer.ts == question.ts
    assert subscriptions_in(quick, channel) == [("active", ""), ("active", "")]


async def test_unsubscribe_all_ends_all_of_this_channel_and_no_other(quick: World, channel: str) -> None:
    calls, other = [quick.samora.add_call() for _ in range(2)], open_channel(quick)
    for call in calls:
        await follow(quick, call.call_id, channel=channel)
    kept = await follow(quick, calls[0].call_id, channel=other)
    answer = await press(quick, "End all", await ask(quick, "unsubscribe all", channel=channel))
    assert answer.text == "Ended: 2 calls are not followed here any more."
    quick.samora.move(calls[0].call_id, "trigger")
    await told(quick, kept, "Pending → Triggered")
    gone = card_in(quick, calls[0].call_id, channel)
    assert gone
    assert notices_in(quick, gone.ts, channel) == []


async def test_unsubscribe_all_of_nothing_says_so(quick: World, channel: str) -> None:
    assert "No call is followed here." in (await ask(quick, "unsubscribe all", channel=channel)).text


async def test_refresh_on_a_followed_card_keeps_it_followed(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    await looked_at(quick, call.call_id)
    assert_quick(await quick.slack.press(JON, "Refresh", message=card))
    await quick.slack.wait_for(lambda: quick.now_in(card).edited >= 2, PATIENCE)
    now = await drawn(quick, card, "Followed here")
    assert "Follow" not in labels(now)


def _value(message: Message, label: str, call_id: str) -> str:
    """The value of the button of that name beside that call."""
    for block in message.blocks:
        for element in block.get("elements", ()):
            if element.get("accessibility_label") == f"{label} call {call_id[:8]}":
                return str(element["value"])
    raise LookupError(call_id)
