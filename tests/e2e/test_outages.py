"""Outages: Samora or Slack is away, slow or forgetful, and what happened meanwhile is told once all the same."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.faults import Fault
from tests.e2e.following import (
    PATIENCE,
    answer_to,
    ask,
    card_in,
    cards_in,
    drawn,
    failed,
    follow,
    locked_database,
    looked_at,
    notices_in,
    open_channel,
    query,
    query_until,
    read,
    subscriptions_in,
    told,
    told_of,
)
from tests.e2e.world import MIRA, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

POST = "/api/chat.postMessage"
EDIT = "/api/chat.update"
OWED = "SELECT count(*) FROM notices WHERE done_at IS NULL"

# Slack has taken it, and its answer is lost on the way.
LOST = [Fault(path=POST, drop=True, after=True), Fault(path=POST, status=500, after=True)]


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(drop=True)], ids=["500", "dropped"])
async def test_an_outage_of_samora_is_no_news_and_what_it_hid_is_told_once(
    quick: World, channel: str, fault: Fault
) -> None:
    calls = [quick.samora.add_call() for _ in range(3)]
    card, *others = [await follow(quick, call.call_id, channel=channel) for call in calls]
    quick.samora.faults.add(Fault(path="/v1/*", status=fault.status, drop=fault.drop, times=1000))
    await looked_at(quick, calls[0].call_id, times=3, status=fault.status)
    quick.samora.move(calls[0].call_id, "trigger")
    quick.samora.move(calls[0].call_id, "answer")
    await looked_at(quick, calls[0].call_id, status=fault.status)
    status, text = await read(quick, "/readyz")
    assert status == 200, "calls can't be looked up, and people can be told so"
    assert json.loads(text)["neighbours"]["samora"]["last_outcome"] in {str(fault.status), "dropped"}
    assert query(quick, "SELECT * FROM notices") == []
    quick.samora.faults.clear()
    await told(quick, card, "Pending → Ongoing")
    for other, call in zip(others, calls[1:], strict=True):
        await looked_at(quick, call.call_id)
        assert notices_in(quick, other.ts, channel) == []


async def test_after_an_outage_nobody_is_asked_more_than_before(quick: World, channel: str) -> None:
    """Each failure makes the next look later, so what comes back finds no crowd at the door."""
    call = quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel)
    quick.samora.faults.add(Fault(path="/v1/*", status=500, times=1000))
    await looked_at(quick, call.call_id, times=5, status=500)
    seen = [each.at for each in quick.samora.requests if each.path.endswith(call.call_id) and each.status == 500]
    # A tenth of a second after the first failure, then twice as long each time. Before, five took a quarter of one.
    assert (seen[4] - seen[0]).total_seconds() > 1.0, seen


async def test_a_call_that_samora_forgets_stays_as_it_was(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    forgotten = quick.samora.calls.pop(call.call_id)
    await looked_at(quick, call.call_id, times=3, status=404)
    assert notices_in(quick, card.ts, channel) == []
    assert subscriptions_in(quick, channel) == [("active", "")]
    quick.samora.calls[call.call_id] = forgotten
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")


async def test_a_refused_key_waits_for_the_administrator_and_loses_nothing(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.faults.add(Fault(path="/v1/*", status=403, times=1000))
    await looked_at(quick, call.call_id, times=3, status=403)
    quick.samora.move(call.call_id, "trigger")
    quick.samora.faults.clear()
    await told(quick, card, "Pending → Triggered")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=POST, status=429, retry_after=1),
        Fault(path=POST, status=500),
        Fault(path=POST, status=503, body="<html>"),
        Fault(path=POST, status=200, body='{"ok": false, "error": "service_unavailable"}'),
        Fault(path=POST, status=200, body='{"ok": false, "error": "invalid_auth"}'),
        Fault(path=POST, drop=True),
    ],
    ids=["429", "500", "html", "unavailable", "token", "dropped"],
)
async def test_a_notice_that_slack_does_not_take_is_posted_later_and_once(
    quick: World, channel: str, fault: Fault
) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(fault)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    await query_until(quick, OWED, equals=0)


@pytest.mark.parametrize("fault", LOST, ids=["dropped", "500"])
async def test_a_notice_whose_answer_is_lost_is_found_and_not_posted_again(
    quick: World, channel: str, fault: Fault
) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(fault)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    quick.samora.move(call.call_id, "answer")
    await told(quick, card, "Pending → Triggered", "Triggered → Ongoing")
    await query_until(quick, OWED, equals=0)


async def test_a_notice_is_looked_for_until_slack_lets_it_be_looked_for(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(LOST[0])
    quick.slack.faults.add(Fault(path="/api/conversations.replies", status=500))
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    quick.samora.move(call.call_id, "answer")
    await told(quick, card, "Pending → Triggered", "Triggered → Ongoing")


async def test_without_the_scope_to_look_a_notice_comes_at_least_once(quick: World, channel: str) -> None:
    quick.slack.granted_scopes -= {"channels:history", "groups:history"}
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(LOST[0])
    quick.samora.move(call.call_id, "trigger")
    await quick.slack.wait_for(lambda: len(notices_in(quick, card.ts, channel)) == 2, PATIENCE)
    quick.samora.move(call.call_id, "answer")
    await told(quick, card, "Pending → Triggered", "Pending → Triggered", "Triggered → Ongoing")


@pytest.mark.parametrize("fault", LOST, ids=["dropped", "500"])
async def test_a_card_whose_answer_is_lost_is_found_and_followed(quick: World, channel: str, fault: Fault) -> None:
    call = quick.samora.add_call()
    quick.slack.faults.add(fault)
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel)
    assert "Slack didn't confirm its card" in answer.text
    card = card_in(quick, call.call_id, channel)
    assert card
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    await drawn(quick, card, "Triggered:")
    assert cards_in(quick, call.call_id, channel) == [quick.now_in(card)]


async def test_a_card_in_a_thread_whose_answer_is_lost_is_found_too(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    message = quick.slack.post_as(MIRA, channel, f"Please watch {call.call_id}")
    quick.slack.faults.add(LOST[0])
    doing = quick.slack.message_shortcut(MIRA, "follow_call", channel, message.ts)
    assert "Slack didn't confirm its card" in (await answer_to(quick, doing, channel=channel)).text
    quick.samora.move(call.call_id, "trigger")
    card = card_in(quick, call.call_id, channel)
    assert card
    await told(quick, card, "Pending → Triggered")
    assert len(cards_in(quick, call.call_id, channel)) == 1


async def test_a_card_that_never_came_is_posted_later(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    quick.slack.faults.add(Fault(path=POST, drop=True))
    assert "Slack didn't confirm its card" in (await ask(quick, f"subscribe {call.call_id}", channel=channel)).text
    card = await quick.slack.wait_for(lambda: card_in(quick, call.call_id, channel), PATIENCE)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")


async def test_a_card_is_waited_for_where_slack_asks_for_a_second(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    quick.slack.faults.add(Fault(path=POST, status=429, retry_after=1))
    assert (await ask(quick, f"subscribe {call.call_id}", channel=channel)).text.startswith("Following call")
    assert len(cards_in(quick, call.call_id, channel)) == 1


async def test_where_slack_asks_for_a_minute_the_asker_can_try_again(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    quick.slack.faults.add(Fault(path=POST, status=429, retry_after=60))
    answer = await ask(quick, f"subscribe {call.call_id}", channel=channel)
    assert answer.text == "Slack can't do that right now."
    assert subscriptions_in(quick, channel) == []
    again = await answer_to(quick, quick.slack.press(MIRA, "Try again", message=answer), channel=channel)
    assert again.text.startswith("Following call")


@pytest.mark.parametrize("fault", [Fault(path=EDIT, status=500, times=2), Fault(path=EDIT, drop=True, after=True)])
async def test_a_card_that_could_not_be_redrawn_is_redrawn_later(quick: World, channel: str, fault: Fault) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(fault)
    quick.samora.move(call.call_id, "trigger")
    await drawn(quick, card, "Triggered:")
    await told(quick, card, "Pending → Triggered")
    await query_until(
        quick, "SELECT card_wanted - card_drawn FROM subscriptions WHERE channel_id = ?", channel, equals=0
    )


async def test_a_minute_that_slack_asks_for_in_one_channel_holds_up_no_other(quick: World, channel: str) -> None:
    held, free, other = quick.samora.add_call(), quick.samora.add_call(), open_channel(quick)
    waiting = await follow(quick, held.call_id, channel=channel)
    going = await follow(quick, free.call_id, channel=other)
    quick.slack.faults.add(Fault(path=POST, status=429, retry_after=60))
    began = datetime.now(UTC)
    quick.samora.move(held.call_id, "trigger")
    await failed(quick, POST, status=429)
    quick.samora.move(free.call_id, "trigger")
    await told(quick, going, "Pending → Triggered")
    quick.samora.move(free.call_id, "reject")
    await told(quick, going, "Pending → Triggered", "Triggered → Rejected")
    assert notices_in(quick, waiting.ts, channel) == []
    ((due_at,),) = query(quick, "SELECT due_at FROM channels WHERE channel_id = ?", channel)
    assert timedelta(seconds=60) <= datetime.fromisoformat(due_at).replace(tzinfo=UTC) - began < timedelta(seconds=90)
    # A minute later:
    query(quick, "UPDATE channels SET due_at = '2020-01-01 00:00:00.000000' WHERE channel_id = ?", channel)
    await told(quick, waiting, "Pending → Triggered")


async def test_a_database_that_takes_its_time_delays_notices_and_loses_none(quick: World, channel: str) -> None:
    followed, call = quick.samora.add_call(), quick.samora.add_call()
    card = await follow(quick, followed.call_id, channel=channel)
    with locked_database(quick):
        quick.samora.move(followed.call_id, "trigger")
        assert "Pending" in (await ask(quick, call.call_id, channel=channel)).text, "looking up needs no memory"
        assert call.call_id not in (await ask(quick, "list", channel=channel)).text, "and so does reading"
    await told(quick, card, "Pending → Triggered")


async def test_in_rain_everything_is_told_once_and_in_order(quick: World) -> None:
    calls = [quick.samora.add_call() for _ in range(4)]
    cards = [await follow(quick, call.call_id, channel=open_channel(quick)) for call in calls]
    quick.slack.faults.rain(path="/api/chat.*", share=0.25, seed=7)
    quick.samora.faults.rain(path="/v1/*", share=0.2, seed=7, kinds=("429", "500"))
    lines = ["Pending → Triggered", "Triggered → Ongoing", "Ongoing → Finished"]
    statuses = ("TRIGGERED", "ONGOING", "CALL_FINISHED")
    for event, status in zip(("trigger", "answer", "hang_up"), statuses, strict=True):
        for call in calls:
            quick.samora.move(call.call_id, event)  # type: ignore[arg-type]
        for call in calls:
            await query_until(quick, "SELECT status FROM followed_calls WHERE call_id = ?", call.call_id, equals=status)
    assert quick.slack.faults.rained
    # What has failed five times in a row, as one in a hundred does, waits for longer than this test.
    quick.slack.faults.clear()
    quick.samora.faults.clear()
    for card in cards:
        await told(quick, card, *lines)
        await drawn(quick, card, "Finished")


async def test_health_and_figures_tell_of_following(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    card = await follow(quick, call.call_id, channel=channel)
    quick.samora.move(call.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    status, text = await read(quick, "/readyz")
    report = json.loads(text)
    assert (status, report["ready"], report["neighbours"]["database"]) == (200, True, {"state": "fine"})
    assert report["following"].keys() == {
        "calls_due", "late_seconds", "notices_owed", "oldest_notice_seconds", "cards_old", "active", "paused",
        "refused", "agents_active", "agents_paused", "agents_refused", "agents_announced", "agents_silent",
        "webhook_seconds",
    }  # fmt: skip
    for worker in ("poller", "relay", "cards"):
        # A notice is in its thread before whoever has posted it has counted it.
        await told_of(quick, f'samora_bot_worked_total{{outcome="done",worker="{worker}"}}')
    _status, figures = await read(quick, "/metrics")
    for name in ("calls_due", "late_seconds", "notices_owed", "oldest_notice_seconds", "cards_old"):
        assert f"\nsamora_bot_{name} " in figures
