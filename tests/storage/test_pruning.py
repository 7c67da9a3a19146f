"""Pruning: what is over goes when its time is up, and nothing else does, whatever its age."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.core.audit import AuditAction, AuditEntry
from bot.core.changes import ChangeKind
from bot.core.subscriptions import Reason, SubscriptionState
from bot.storage import pruning
from bot.storage.schema import agents, audit, boards, channels, followed_calls, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock
from tests.factories import CHANNEL, OTHER_TEAM, TEAM, USER, make_call_id
from tests.storage.acting import Actor
from tests.storage.announced import Campaign
from tests.storage.bursting import Burst

DAY = timedelta(days=1)
KEPT, AUDIT_KEPT = 30 * DAY, 400 * DAY
FOLLOWING = (followed_calls, subscriptions, notices)


async def prune(store: Store) -> int:
    """Prunes until there is nothing left to do, and says how many rows that were."""
    count = 0
    while pruned := await store.prune(kept=KEPT, audit_kept=AUDIT_KEPT):
        count += pruned
    return count


async def counts(actor: Actor) -> list[int]:
    """How many followed calls, subscriptions and notices there are."""
    return [len(await actor.rows(table)) for table in FOLLOWING]


async def end_by_person(actor: Actor) -> None:
    await actor.store.subscriptions.end("sub-1", by=USER)


async def end_all(actor: Actor) -> None:
    await actor.store.subscriptions.end_all(TEAM, CHANNEL, by=USER)


async def end_as_done(actor: Actor) -> None:
    await actor.see("UNANSWERED")


async def let_go(actor: Actor) -> None:
    actor.clock.advance(25 * HOUR)
    await actor.see("ONGOING")


async def end_as_doubled(actor: Actor) -> None:
    """Its channel moves to where its call is followed already; the other one is ended by a person."""
    await actor.follow("sub-2", channel_id="C9")
    await actor.store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
    await actor.store.subscriptions.end("sub-2", by=USER)


ENDS = [end_by_person, end_all, end_as_done, let_go, end_as_doubled]


@pytest.mark.parametrize("end", ENDS, ids=[end.__name__ for end in ENDS])
async def test_what_has_ended_goes_thirty_days_later_with_all_that_hangs_on_it(
    store: Store, actor: Actor, clock: FakeClock, end: Any
) -> None:
    await actor.follow(team_id=TEAM, status="ONGOING")
    await end(actor)
    await actor.deliver()
    await actor.draw()
    before, ended_at = await counts(actor), clock()
    assert (await actor.card())["ended_at"] <= ended_at
    clock.now = (await actor.card())["ended_at"] + KEPT
    await prune(store)
    assert await counts(actor) == before
    clock.now = ended_at + KEPT + MINUTE
    assert await prune(store) >= 2
    assert await counts(actor) == [0, 0, 0]
    assert await actor.rows(channels) == []


async def test_what_is_active_stays_and_so_does_its_call(store: Store, actor: Actor, clock: FakeClock) -> None:
    await actor.follow()
    clock.advance(500 * DAY)
    await prune(store)
    assert await counts(actor) == [1, 1, 0]


@pytest.mark.parametrize("by_slack", [False, True])
async def test_what_is_paused_stays_with_what_it_is_owed(
    store: Store, actor: Actor, clock: FakeClock, by_slack: bool
) -> None:
    await actor.follow()
    await actor.see("CALL_FINISHED")
    if by_slack:
        await store.outbox.pause(await actor.take_turn(), reason="is_archived", whole_channel=True)
        await actor.deliver()  # to its creator
    else:
        await store.subscriptions.pause("sub-1", by=USER)
    clock.advance(500 * DAY)
    await prune(store)
    assert await counts(actor) == [1, 1, 1]
    assert await store.subscriptions.resume("sub-1", by=USER) == 1
    assert ChangeKind.STATUS in {turn.notice.kind for turn in await actor.deliver()}


async def test_what_has_ended_and_is_owed_something_waits_for_that(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    await actor.follow()
    await actor.see("UNANSWERED")
    await actor.draw()
    clock.advance(500 * DAY)
    await prune(store)
    assert await counts(actor) == [1, 1, 1]
    await actor.deliver()
    await prune(store)
    assert await counts(actor) == [0, 0, 0]


async def test_a_card_that_is_still_to_be_drawn_is_owed_too(store: Store, actor: Actor, clock: FakeClock) -> None:
    await actor.follow()
    await store.subscriptions.end("sub-1", by=USER)
    clock.advance(500 * DAY)
    await prune(store)
    assert await counts(actor) == [1, 1, 0]
    await actor.draw()
    await prune(store)
    assert await counts(actor) == [0, 0, 0]


async def test_what_is_active_forgets_what_it_was_told_long_ago(store: Store, actor: Actor, clock: FakeClock) -> None:
    await actor.follow(status="PENDING")
    await actor.see("TRIGGERED")
    await actor.deliver()
    clock.advance(KEPT - HOUR)
    await actor.see("ONGOING")
    await actor.deliver()
    await prune(store)
    assert len(await actor.rows(notices)) == 2
    clock.advance(2 * HOUR)
    await prune(store)
    (left,) = await actor.rows(notices)
    assert "ONGOING" in left["facts"]
    assert (await actor.find()).state is SubscriptionState.ACTIVE


async def test_what_was_followed_again_is_kept_from_its_last_end(store: Store, actor: Actor, clock: FakeClock) -> None:
    await actor.follow()
    await let_go(actor)
    clock.advance(20 * DAY)
    assert await store.subscriptions.resume("sub-1", by=USER) == 1
    assert (await actor.card())["ended_at"] is None
    await store.subscriptions.end("sub-1", by=USER)
    await actor.draw()
    clock.advance(20 * DAY)
    await prune(store)
    assert (await actor.find()).reason == Reason.PERSON


async def test_what_an_older_bot_has_ended_is_kept_from_when_that_is_noticed(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    await actor.follow("sub-1")
    await actor.follow("sub-2", n=2)
    await store.subscriptions.end("sub-1", by=USER)
    await actor.draw()
    await actor.set(subscriptions, {"ended_at": None})
    clock.advance(500 * DAY)
    assert await prune(store) > 0
    assert (await actor.card("sub-1"))["ended_at"] == clock()
    assert (await actor.card("sub-2"))["ended_at"] is None
    clock.advance(KEPT + SECOND)
    await prune(store)
    assert [row["id"] for row in await actor.rows(subscriptions)] == ["sub-2"]


async def test_a_call_that_nobody_came_to_follow_goes(store: Store, actor: Actor, clock: FakeClock) -> None:
    made = await actor.follow(is_posted=False)
    await store.subscriptions.discard(made.id)
    clock.advance(KEPT - SECOND)
    await prune(store)
    assert await counts(actor) == [1, 0, 0]
    clock.advance(2 * SECOND)
    await prune(store)
    assert await counts(actor) == [0, 0, 0]


async def test_a_call_that_was_only_announced_goes_once_nobody_wants_it(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    campaign = Campaign(actor)
    await campaign.wish(agent_id="agent-8")
    await campaign.announce()
    await prune(store)
    assert await counts(actor) == [1, 0, 0], "it is yet to be read"
    await campaign.read("ONGOING")  # and is another agent's
    assert await actor.due_at() is None
    clock.advance(KEPT - SECOND)
    await prune(store)
    assert await counts(actor) == [1, 0, 0]
    clock.advance(2 * SECOND)
    await prune(store)
    assert await counts(actor) == [0, 0, 0]


async def test_an_agent_goes_that_nobody_named_and_no_webhook_tells_of(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    long_ago, lately = clock() - KEPT - SECOND, clock() - KEPT + SECOND
    rows = {"heard": ("", lately), "named": ("Sales", long_ago), "renamed": ("", None), "silent": ("", long_ago)}
    async with actor.database.transaction() as connection:
        for agent_id, (name, seen_at) in rows.items():
            row = {"team_id": TEAM, "agent_id": agent_id, "name": name, "webhook_seen_at": seen_at}
            await connection.execute(agents.insert().values(row))
    assert await prune(store) == 2
    assert [row["agent_id"] for row in await actor.rows(agents)] == ["heard", "named"]


async def test_a_board_goes_when_it_has_closed_and_no_call_is_left_on_it(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    burst = Burst(actor)
    await burst.come(30)
    await burst.draw()
    clock.advance(MINUTE)
    await burst.draw()
    closed_at = (await burst.board())["closed_at"]
    clock.now = closed_at + KEPT + SECOND
    await prune(store)
    assert await burst.on_boards(), "they are followed still"
    assert await actor.rows(boards)
    await store.subscriptions.end_all(TEAM, CHANNEL, by=USER)
    await actor.draw()
    await burst.draw()
    clock.advance(KEPT - SECOND)
    await prune(store)
    assert await actor.rows(boards)
    clock.advance(MINUTE)
    await prune(store)
    assert await actor.rows(boards) == []


async def test_a_channel_that_has_something_to_do_stays(store: Store, actor: Actor, clock: FakeClock) -> None:
    await actor.follow()
    await actor.see("CALL_FINISHED")
    clock.advance(500 * DAY)
    await prune(store)
    assert (await actor.channel())["due_at"] is not None
    assert await actor.deliver()
    await actor.set(channels, {"next_post_at": None})  # it was found idle before it was ever posted to
    await prune(store)
    assert await actor.rows(channels) == []


async def test_the_audit_has_its_own_time_and_every_workspace_its_end(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    began = clock()
    for days, team_id in ((0, TEAM), (1, OTHER_TEAM), (2, TEAM)):
        at, call_id = began + days * DAY, make_call_id()
        await store.audit.add(
            AuditEntry(at=at, team_id=team_id, user_id=USER, action=AuditAction.SHARE, call_id=call_id)
        )
    clock.now = began + AUDIT_KEPT
    assert await prune(store) == 0
    clock.advance(DAY + SECOND)
    assert await prune(store) == 2
    (left,) = await actor.rows(audit)
    assert left["at"] == began + 2 * DAY


async def test_one_batch_at_a_time(
    store: Store, actor: Actor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_BATCH", 4)
    await actor.follow()
    await actor.multiply(10)
    await store.subscriptions.end_all(TEAM, CHANNEL, by=USER)
    await actor.draw()
    assert len(await actor.rows(audit)) == 11
    clock.advance(500 * DAY)
    turns = [await store.prune(kept=KEPT, audit_kept=AUDIT_KEPT) for _ in range(5)]
    assert turns[0] <= 4 * 4
    assert turns[-1] == 0
    assert await counts(actor) == [0, 0, 0]
    assert await actor.rows(audit) == []


async def test_several_prune_at_once_and_somebody_follows_meanwhile(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    await actor.follow("sub-1")
    await actor.multiply(40)
    await store.subscriptions.end_all(TEAM, CHANNEL, by=USER)
    await actor.draw()
    clock.advance(500 * DAY)
    following = [actor.follow(f"new-{n}", n=n) for n in range(1, 6)]
    await asyncio.gather(*(prune(store) for _ in range(3)), *following)
    await prune(store)
    assert {row["id"] for row in await actor.rows(subscriptions)} == {f"new-{n}" for n in range(1, 6)}
    assert len(await actor.rows(followed_calls)) == 5
    clock.advance(MINUTE)
    assert len((await actor.claim_calls()).rows) == 5
