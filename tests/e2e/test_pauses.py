"""Pauses: where Slack won't let the bot post, the subscription waits, its creator is told, and nothing is lost."""

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.slack import payloads
from tests.e2e.following import (
    PATIENCE,
    answer_to,
    ask,
    card_in,
    cards_in,
    direct_message,
    drawn,
    follow,
    is_ready_again,
    looked_at,
    notices_in,
    open_channel,
    press,
    query,
    query_until,
    subscriptions_in,
    told,
)
from tests.e2e.world import JON, MIRA, World, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")

POST = "/api/chat.postMessage"
STATE = "SELECT state FROM subscriptions WHERE channel_id = ?"


async def test_an_archived_channel_pauses_tells_its_creator_and_resumes_by_itself(quick: World, channel: str) -> None:
    call, other = quick.samora.add_call(), open_channel(quick)
    card, elsewhere = [await follow(quick, call.call_id, channel=each) for each in (channel, other)]
    await quick.slack.archive(channel)
    quick.samora.move(call.call_id, "trigger")
    message = await direct_message(quick, f"<#{channel}>", "the channel is archived")
    assert labels(message) == ["Resume"]
    await told(quick, elsewhere, "Pending → Triggered")
    quick.samora.move(call.call_id, "answer")
    await told(quick, elsewhere, "Pending → Triggered", "Triggered → Ongoing")
    assert notices_in(quick, card.ts, channel) == []
    await quick.slack.unarchive(channel)
    # The change that was owed when it paused, and what came after it as one.
    await told(quick, card, "Pending → Triggered", "Triggered → Ongoing")
    await drawn(quick, card, "Ongoing:")
    assert subscriptions_in(quick, channel) == [("active", "")]
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, card, "Pending → Triggered", "Triggered → Ongoing", "Ongoing → Finished")


async def test_what_ended_while_a_channel_was_archived_is_told_there_once(quick: World, channel: str) -> None:
    call, other = quick.samora.add_call(status="ONGOING"), open_channel(quick)
    card, elsewhere = [await follow(quick, call.call_id, channel=each) for each in (channel, other)]
    await quick.slack.archive(channel)
    call.has_recording = call.has_transcript = True
    quick.samora.move(call.call_id, "hang_up")
    await told(quick, elsewhere, "Ongoing → Finished")
    await query_until(quick, STATE, other, equals="ended")
    await query_until(quick, STATE, channel, equals="paused")
    await quick.slack.unarchive(channel)
    (line,) = await told(quick, card, "Ongoing → Finished")
    assert line.endswith("recording and transcript ready")
    assert "Followed here" not in (await drawn(quick, card, "Finished")).everything_written
    await query_until(quick, STATE, channel, equals="ended")


async def test_a_creator_who_can_not_be_told_holds_up_nobody(quick: World, channel: str) -> None:
    calls, other = [quick.samora.add_call() for _ in range(2)], open_channel(quick)
    await follow(quick, calls[0].call_id, channel=channel)
    elsewhere = await follow(quick, calls[1].call_id, channel=other)
    await quick.slack.archive(channel)
    quick.samora.move(calls[0].call_id, "trigger")
    await query_until(quick, STATE, channel, equals="paused")
    quick.slack.faults.add(Fault(path=POST, status=200, body='{"ok": false, "error": "user_not_found"}'))
    await query_until(quick, "SELECT dead_reason FROM notices WHERE kind = 'paused'", equals="user_not_found")
    quick.samora.move(calls[1].call_id, "trigger")
    await told(quick, elsewhere, "Pending → Triggered")


async def test_the_creator_of_several_gets_one_message_and_one_press_resumes_all(quick: World, channel: str) -> None:
    calls = [quick.samora.add_call() for _ in range(3)]
    cards = [await follow(quick, call.call_id, channel=channel) for call in calls]
    quick.slack.granted_scopes.discard("channels:read")
    await quick.slack.archive(channel)
    quick.samora.move(calls[0].call_id, "trigger")
    message = await direct_message(quick, f"<#{channel}>", "3 calls that you follow")
    await quick.slack.unarchive(channel)
    answer = await press(quick, "Resume", message)
    assert "is followed again, and so are 2 others" in answer.text
    await told(quick, cards[0], "Pending → Triggered")
    quick.samora.move(calls[2].call_id, "trigger")
    await told(quick, cards[2], "Pending → Triggered")
    assert subscriptions_in(quick, channel) == [("active", "")] * 3


async def test_every_creator_is_told(quick: World, channel: str) -> None:
    calls = [quick.samora.add_call(), quick.samora.add_call()]
    for call, user in zip(calls, (MIRA, JON), strict=True):
        await follow(quick, call.call_id, channel=channel, user=user)
    await quick.slack.archive(channel)
    quick.samora.move(calls[0].call_id, "trigger")
    for user in (MIRA, JON):
        message = await direct_message(quick, f"<#{channel}>", "a call that you follow", user=user)
        assert labels(message) == ["Resume"]


async def test_resume_without_anything_put_right_pauses_again(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.granted_scopes.discard("channels:read")
    await quick.slack.archive(channel)
    quick.samora.move(call.call_id, "trigger")
    message = await direct_message(quick, f"<#{channel}>")
    answer = await press(quick, "Resume", message)
    assert f"Call `{call.call_id}` is followed again" in answer.text
    again = await quick.slack.wait_for(
        lambda: next(
            (each for each in quick.slack.messages if f"<#{channel}>" in each.text and each.ts > message.ts), None
        ),
        PATIENCE,
    )
    await quick.slack.unarchive(channel)
    await press(quick, "Resume", again)
    await told(quick, card, "Pending → Triggered")


@pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
async def test_a_bot_that_was_removed_goes_on_once_it_is_back(quick: World, is_private: bool) -> None:
    channel = open_channel(quick, is_private=is_private)
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    await quick.slack.kick_bot(channel)
    quick.samora.move(call.call_id, "trigger")
    await direct_message(quick, f"<#{channel}>", "I can't see the channel" if is_private else "I'm not in the channel")
    assert "*Paused*" in (await ask(quick, "list", channel=channel)).everything_written
    await quick.slack.invite_bot(channel)
    await told(quick, card, "Pending → Triggered")
    await drawn(quick, card, "Triggered:")


async def test_without_the_scope_the_button_resumes(quick: World, channel: str) -> None:
    """Slack then tells the bot nothing of channels."""
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.granted_scopes -= {"channels:read", "groups:read"}
    assert (await quick.slack.kick_bot(channel)).error == "missing_scope"
    quick.samora.move(call.call_id, "trigger")
    message = await direct_message(quick, f"<#{channel}>", "I'm not in the channel")
    assert (await quick.slack.invite_bot(channel)).error == "missing_scope"
    answer = await press(quick, "Resume", message)
    assert answer.text == f"Call `{call.call_id}` is followed again. What changed meanwhile is told now."
    await told(quick, card, "Pending → Triggered")
    answer = await press(quick, "Resume", message)
    assert "is followed here already" in answer.text, "an old button does no harm"


async def test_a_channel_with_a_new_id_goes_on_there(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    new = f"{channel}NEW"
    await quick.slack.change_channel_id(channel, new)
    quick.samora.move(call.call_id, "trigger")
    moved = card_in(quick, call.call_id, new)
    assert moved
    assert moved.ts == card.ts
    await told(quick, moved, "Pending → Triggered")
    await drawn(quick, moved, "Triggered:")
    assert call.call_id in (await ask(quick, "list", channel=new)).text


async def test_a_channel_whose_new_id_is_told_late_goes_on_there_too(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel)
    new = f"{channel}NEW"
    after = quick.slack.workspace.rename_channel(channel, new)
    quick.samora.move(call.call_id, "trigger")
    await direct_message(quick, f"<#{channel}>", "I can't see the channel")
    event = {"type": "channel_id_changed", "old_channel_id": channel, "new_channel_id": new, "event_ts": "1.1"}
    await quick.slack.dispatch_raw(payloads.event_callback(event, after), "events_api")
    moved = card_in(quick, call.call_id, new)
    assert moved
    await told(quick, moved, "Pending → Triggered")
    await drawn(quick, moved, "Triggered:")


@pytest.mark.parametrize("error", [None, "thread_not_found"])
async def test_a_card_that_somebody_deletes_is_posted_anew_once(quick: World, channel: str, error: str | None) -> None:
    """Whatever Slack says to a reply whose root is gone: it documents nothing."""
    quick.slack.workspace.lost_thread_error = error
    call = quick.samora.add_call()
    first = await follow(quick, call.call_id, channel=channel)
    quick.slack.delete_message(MIRA, channel, first.ts)
    quick.samora.move(call.call_id, "trigger")
    second = await quick.slack.wait_for(lambda: card_in(quick, call.call_id, channel), PATIENCE)
    await told(quick, second, "Pending → Triggered")
    quick.samora.move(call.call_id, "answer")
    await told(quick, second, "Pending → Triggered", "Triggered → Ongoing")
    await drawn(quick, second, "Ongoing:")
    standing = [each for each in quick.slack.visible_to(JON, channel) if not each.thread_ts and not each.ephemeral_to]
    assert [each.ts for each in standing] == [second.ts], "nothing else may stand in the channel"

    quick.slack.delete_message(MIRA, channel, second.ts)
    quick.samora.move(call.call_id, "hang_up")
    message = await direct_message(quick, f"<#{channel}>", "its card was deleted")
    await query_until(quick, STATE, channel, equals="paused")
    # Both who found it gone may say so, one after the other: nobody posts it a second time by himself.
    await looked_at(quick, (await _followed_elsewhere(quick)).call_id, times=3)
    assert cards_in(quick, call.call_id, channel) == []

    await press(quick, "Resume", message)
    third = await quick.slack.wait_for(lambda: card_in(quick, call.call_id, channel), PATIENCE)
    await drawn(quick, third, "Finished")
    lines = await quick.slack.wait_for(lambda: _everywhere(quick, channel, second.ts, third.ts)[2:], PATIENCE)
    assert [line.split(" after")[0] for line in lines] == ["Ongoing → Finished"]
    assert len(cards_in(quick, call.call_id, channel)) == 1


async def test_a_deleted_card_with_replies_leaves_its_thread(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    first = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, first, "Pending → Triggered")
    quick.slack.delete_message(MIRA, channel, first.ts)
    quick.samora.move(call.call_id, "answer")
    second = await quick.slack.wait_for(lambda: card_in(quick, call.call_id, channel), PATIENCE)
    await quick.slack.wait_for(lambda: len(_everywhere(quick, channel, first.ts, second.ts)) == 2, PATIENCE)
    quick.samora.move(call.call_id, "hang_up")
    await quick.slack.wait_for(lambda: len(_everywhere(quick, channel, first.ts, second.ts)) == 3, PATIENCE)
    assert notices_in(quick, second.ts, channel)[-1].startswith("Ongoing → Finished")
    assert len(cards_in(quick, call.call_id, channel)) == 1


async def test_a_deleted_card_in_a_thread_is_posted_anew_there(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    message = quick.slack.post_as(JON, channel, f"Please watch {call.call_id}")
    doing = quick.slack.message_shortcut(MIRA, "follow_call", channel, message.ts)
    await answer_to(quick, doing, channel=channel)
    (first,) = cards_in(quick, call.call_id, channel)
    quick.slack.delete_message(MIRA, channel, first.ts)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, first, "Pending → Triggered")
    second = await quick.slack.wait_for(lambda: card_in(quick, call.call_id, channel), PATIENCE)
    assert second.thread_ts == message.ts
    quick.samora.move(call.call_id, "answer")
    await drawn(quick, second, "Ongoing:")
    await told(quick, second, "Pending → Triggered", "Triggered → Ongoing")


async def test_a_thread_that_is_gone_pauses_what_hung_in_it(quick: World, channel: str) -> None:
    call, other = quick.samora.add_call(), quick.samora.add_call()
    message = quick.slack.post_as(JON, channel, f"Please watch {call.call_id}")
    doing = quick.slack.message_shortcut(MIRA, "follow_call", channel, message.ts)
    await answer_to(quick, doing, channel=channel)
    card = await follow(quick, other.call_id, channel=channel)
    for each in (message, *cards_in(quick, call.call_id, channel)):
        quick.slack.delete_message(MIRA, channel, each.ts)
    quick.samora.move(call.call_id, "trigger")
    await direct_message(quick, f"<#{channel}>", "a call that you follow")
    quick.samora.move(other.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    standing = [each for each in quick.slack.visible_to(JON, channel) if not each.thread_ts and not each.ephemeral_to]
    assert [each.ts for each in standing] == [card.ts], "nothing may fall out of a thread into the channel"


@pytest.mark.parametrize("tokens_first", [False, True], ids=["app_uninstalled first", "tokens_revoked first"])
async def test_removing_the_app_erases_everything_whichever_event_comes_first(
    mortal: World, channel: str, tokens_first: bool
) -> None:
    call, paused, other = mortal.samora.add_call(), mortal.samora.add_call(), open_channel(mortal)
    await follow(mortal, call.call_id, channel=channel)
    await follow(mortal, paused.call_id, channel=other)
    await press(mortal, "Pause", await ask(mortal, "list", channel=other))
    mortal.samora.move(call.call_id, "trigger")
    assert (await mortal.slack.uninstall(tokens_first=tokens_first)).ok
    assert _kept(mortal) == []
    mortal.samora.move(call.call_id, "answer")
    assert await mortal.bot.stop() == 0
    late = [each for each in mortal.samora.requests if each.at > call.updated_at]
    assert len(late) <= 1, "but for the look that was under way, nobody is asked about what nobody may be told"
    assert _kept(mortal) == [], "whoever was at work makes nothing anew"

    mortal.slack.reinstall()
    await mortal.bot.start()
    await is_ready_again(mortal)
    assert call.call_id not in (await ask(mortal, "list", channel=channel)).everything_written
    card = await follow(mortal, call.call_id, channel=channel)
    mortal.samora.move(call.call_id, "hang_up")
    await told(mortal, card, "Ongoing → Finished")


async def test_a_token_that_is_revoked_alone_stops_everything_until_one_works_again(
    mortal: World, channel: str
) -> None:
    call, paused, other = mortal.samora.add_call(), mortal.samora.add_call(), open_channel(mortal)
    card = await follow(mortal, call.call_id, channel=channel)
    await follow(mortal, paused.call_id, channel=other)
    await press(mortal, "Pause", await ask(mortal, "list", channel=other))
    mortal.slack.workspace.is_installed = False
    event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0BOT"]}, "event_ts": "1.1"}
    assert (await mortal.slack.dispatch_raw(payloads.event_callback(event, None), "events_api")).ok
    assert subscriptions_in(mortal, channel) == [("paused", "uninstalled")]
    assert query(mortal, "SELECT * FROM followed_calls WHERE due_at IS NOT NULL") == []
    mortal.samora.move(call.call_id, "trigger")
    assert await mortal.bot.stop() == 0
    mortal.slack.reinstall()
    await mortal.bot.start()
    await told(mortal, card, "Pending → Triggered")
    await drawn(mortal, card, "Triggered:")
    assert subscriptions_in(mortal, channel) == [("active", "")]
    assert subscriptions_in(mortal, other) == [("paused", "person")], "what a person paused stays so"


async def test_a_token_that_is_taken_back_without_a_word_stops_everything_too(mortal: World, channel: str) -> None:
    """The events of an uninstallation may never come: the token's refusal says the same."""
    call = mortal.samora.add_call()
    card = await follow(mortal, call.call_id, channel=channel)
    mortal.slack.workspace.is_installed = False
    mortal.samora.move(call.call_id, "trigger")
    await query_until(mortal, STATE, channel, equals="paused")
    assert subscriptions_in(mortal, channel) == [("paused", "uninstalled")]
    mortal.slack.reinstall()
    assert await mortal.bot.stop() == 0
    await mortal.bot.start()
    await told(mortal, card, "Pending → Triggered")


async def _followed_elsewhere(world: World):  # type: ignore[no-untyped-def]
    """Another call that is followed: what is seen of it passes the time."""
    call = world.samora.add_call()
    await follow(world, call.call_id, channel=open_channel(world))
    return call


def _kept(world: World) -> list[str]:
    """In which tables anything is kept of the workspace."""
    tables = ("followed_calls", "subscriptions", "channels", "notices", "budgets", "audit")
    return [table for table in tables if query(world, f"SELECT * FROM {table}")]  # noqa: S608 - the names above


def _everywhere(world: World, channel: str, *roots: str) -> list[str]:
    return [line for root in roots for line in notices_in(world, root, channel)]
