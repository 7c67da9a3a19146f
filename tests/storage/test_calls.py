import pytest

from bot.core.calls import CallStatus
from bot.core.changes import ChangeKind
from bot.core.ports import Rate
from bot.core.subscriptions import Delivery, Options, Reason, SubscriptionState
from bot.storage.schema import budgets, channels, followed_calls, notices
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock
from tests.factories import CHANNEL, OTHER_TEAM, USER
from tests.storage.acting import LEASE, Actor


class TestClaiming:
    async def test_a_call_that_is_due_is_leased_to_one(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        claim = await actor.claim_calls()
        (known,) = claim.rows
        assert known.state.status == "ONGOING"
        assert known.lease
        assert claim.next_at == clock() + LEASE
        assert not (await actor.claim_calls()).rows

    async def test_who_does_not_come_back_loses_it_by_the_clock(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        (first,) = (await actor.claim_calls()).rows
        clock.advance(LEASE)
        (second,) = (await actor.claim_calls()).rows
        assert second.lease != first.lease
        assert not await actor.store.followed.save(actor.observe(first, "UNANSWERED"), due_at=None)
        assert (await actor.call())["status"] == "ONGOING"
        await actor.store.followed.put_off(first, due_at=clock() + HOUR, held_until=clock())
        await actor.store.followed.release(first)
        assert (await actor.call())["lease"] == second.lease
        assert (await actor.call())["failures"] == 0

    async def test_longest_due_first(self, actor: Actor, clock: FakeClock) -> None:
        for n in (1, 2, 3):
            await actor.follow(f"sub-{n}", n=n)
            await actor.set(followed_calls, {"due_at": clock() - n * SECOND}, id=n)
        claim = await actor.claim_calls(limit=2)
        assert {row.id for row in claim.rows} == {2, 3}
        assert claim.next_at == clock() - SECOND

    async def test_nothing_due_writes_nothing(self, actor: Actor, clock: FakeClock) -> None:
        assert (await actor.claim_calls()).next_at is None
        await actor.follow()
        await actor.set(followed_calls, {"due_at": clock() + MINUTE})
        claim = await actor.claim_calls()
        assert (claim.rows, claim.next_at) == ((), clock() + MINUTE)
        assert not await actor.rows(budgets)

    async def test_another_workspaces_calls_are_not_ours(self, actor: Actor) -> None:
        await actor.follow(team_id=OTHER_TEAM)
        claim = await actor.claim_calls()
        assert (claim.rows, claim.next_at) == ((), None)


class TestRates:
    RATE = Rate(name="looks", most=3, window=2 * SECOND)

    @pytest.fixture(autouse=True)
    async def many(self, actor: Actor) -> None:
        for n in range(1, 7):
            await actor.follow(f"sub-{n}", n=n, channel_id=f"C{n}")

    async def test_a_window_slides(self, actor: Actor, clock: FakeClock) -> None:
        began = clock()
        assert len((await actor.claim_calls(limit=2, rate=self.RATE)).rows) == 2
        clock.advance(SECOND)
        claim = await actor.claim_calls(rate=self.RATE)
        assert len(claim.rows) == 1
        assert claim.next_at is not None
        assert abs((claim.next_at - began - 2 * SECOND).total_seconds()) < 0.01
        claim = await actor.claim_calls(rate=self.RATE)
        assert not claim.rows
        clock.now = claim.next_at or clock()
        assert len((await actor.claim_calls(rate=self.RATE)).rows) == 2
        assert not (await actor.claim_calls(rate=self.RATE)).rows

    async def test_each_rate_is_counted_by_itself(self, actor: Actor) -> None:
        assert len((await actor.claim_calls(rate=self.RATE)).rows) == 3
        other = Rate(name="other", most=2, window=SECOND)
        assert len((await actor.claim_calls(rate=other)).rows) == 2

    async def test_a_clock_that_was_wrong_blocks_nobody(self, actor: Actor, clock: FakeClock) -> None:
        await actor.claim_calls(rate=self.RATE)
        clock.advance(-HOUR)
        await actor.set(followed_calls, {"due_at": clock()})
        assert len((await actor.claim_calls(rate=self.RATE)).rows) == 3

    async def test_what_waits_longer_than_the_rate_is_not_asked_for_earlier(
        self, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.set(followed_calls, {"due_at": clock() + MINUTE})
        await actor.set(followed_calls, {"due_at": clock()}, id=1)
        claim = await actor.claim_calls(rate=Rate(name="one", most=1, window=2 * SECOND))
        assert claim.next_at == clock() + LEASE


class TestSaving:
    async def test_a_look_without_news(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        before = await actor.card()
        clock.advance(MINUTE)
        known = await actor.take_call()
        assert await actor.store.followed.save(actor.observe(known, "ONGOING"), due_at=clock() + MINUTE)
        row = await actor.call()
        assert (row["due_at"], row["lease"], row["read_at"]) == (clock() + MINUTE, None, clock())
        assert await actor.card() == before
        assert not await actor.rows(notices)

    async def test_a_change_of_status_is_owed_once_to_each(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        seen = await actor.see("CALL_FINISHED")
        assert await actor.owed() == [("sub-1", "status"), ("sub-2", "status")]
        claim = await actor.claim_turns()
        (first, second) = sorted((turn.notice for turn in claim.rows), key=lambda notice: notice.id)
        assert first.key == f"sub-1.status.{seen.followed.number}"
        assert (first.facts.old, first.facts.new, first.facts.is_final) == ("ONGOING", "CALL_FINISHED", True)
        assert first.facts.seconds == 325
        assert second.channel_id == "C2"
        assert not await actor.store.followed.save(seen, due_at=clock())
        row = await actor.call()
        assert (row["number"], row["status"], row["due_at"]) == (1, "CALL_FINISHED", clock() + MINUTE)

    async def test_who_only_wants_the_card_is_owed_none(self, actor: Actor) -> None:
        await actor.follow("sub-1", options=Options(to=Delivery.CARD))
        await actor.follow("sub-2", options=Options(statuses=frozenset({CallStatus.REJECTED})), channel_id="C2")
        await actor.see("CALL_FINISHED")
        assert not await actor.owed()
        assert {job.subscription_id for job in await actor.draw()} == {"sub-1", "sub-2"}
        assert {(await actor.card(each))["seen_status"] for each in ("sub-1", "sub-2")} == {"CALL_FINISHED"}

    async def test_who_was_told_already_is_not_told_again(self, actor: Actor) -> None:
        await actor.follow("sub-1", status="ONGOING")
        await actor.follow("sub-2", status="CALL_FINISHED", channel_id="C2")
        await actor.see("CALL_FINISHED")
        assert await actor.owed() == [("sub-1", "status")]

    async def test_cards_become_old_with_every_news(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        await actor.see("CALL_FINISHED", recording=True)
        job = await actor.take_card()
        assert (job.wanted, job.number) == (3, 2)
        assert await actor.owed() == [("sub-1", "status")]
        assert (await actor.call())["media_at"] == clock()

    async def test_a_leased_card_stays_leased(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        job = await actor.take_card()
        until = clock() + LEASE
        await actor.see("CALL_FINISHED")
        card = await actor.card()
        assert (card["card_lease"], card["card_due_at"], card["card_wanted"]) == (job.lease, until, 3)
        await actor.store.outbox.mark_card(job, ts=job.card_ts)
        assert (await actor.take_card()).wanted == 3

    async def test_a_channel_that_is_put_off_is_not_hurried(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        turn = await actor.take_turn()
        await actor.store.outbox.put_off(turn, due_at=clock() + HOUR, is_unknown=False)
        due_at = clock() + HOUR
        await actor.see("CALL_FINISHED")
        assert (await actor.channel())["due_at"] == due_at

    async def test_a_notice_waits_for_the_pause_between_two_posts(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await actor.set(channels, {"next_post_at": clock() + MINUTE})
        later = clock() + MINUTE
        await actor.see("CALL_FINISHED")
        assert (await actor.channel())["due_at"] == later

    async def test_paused_and_ended_ones_are_owed_nothing(self, actor: Actor) -> None:
        for n in (1, 2, 3):
            await actor.follow(f"sub-{n}", channel_id=f"C{n}")
        await actor.store.subscriptions.pause("sub-1", by=USER)
        await actor.store.subscriptions.end("sub-2", by=USER)
        await actor.see("CALL_FINISHED")
        assert await actor.owed() == [("sub-3", "status")]
        assert (await actor.card("sub-1"))["seen_status"] == "ONGOING"

    async def test_the_end_of_a_call_ends_its_subscriptions(self, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await actor.store.subscriptions.pause("sub-2", by=USER)
        seen = await actor.see("UNANSWERED")
        assert seen.end is Reason.DONE
        assert await actor.due_at() is None
        ended = await actor.find("sub-1")
        assert (ended.state, ended.reason) == (SubscriptionState.ENDED, Reason.DONE)
        assert (await actor.find("sub-2")).state is SubscriptionState.PAUSED
        assert [turn.notice.subscription_id for turn in await actor.deliver()] == ["sub-1"]
        assert [job.state for job in await actor.draw()] == [SubscriptionState.ENDED]

    async def test_nothing_to_tell_but_the_end(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(status="CALL_FINISHED")
        clock.advance(2 * HOUR)
        seen = await actor.see("CALL_FINISHED")
        assert (seen.kind, seen.is_card_old, seen.end) == (None, False, Reason.DONE)
        assert (await actor.find()).state is SubscriptionState.ENDED
        assert (await actor.take_card()).state is SubscriptionState.ENDED

    async def test_a_quiet_call_is_let_go(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(status="PENDING")
        clock.advance(25 * HOUR)
        seen = await actor.see("PENDING")
        assert (seen.kind, seen.end) == (ChangeKind.LET_GO, Reason.QUIET)
        (turn,) = await actor.deliver()
        assert turn.notice.facts.seconds == 25 * 3600 + 1
        assert (await actor.find()).reason == Reason.QUIET
        assert await actor.due_at() is None

    async def test_nobody_active_means_never_due(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        known = await actor.take_call()
        await actor.store.subscriptions.pause("sub-1", by=USER)
        # As if the pause had come while the row was looked at by a bot of an older kind.
        await actor.set(followed_calls, {"lease": known.lease})
        assert await actor.store.followed.save(actor.observe(known, "CALL_FINISHED"), due_at=clock() + MINUTE)
        assert await actor.due_at() is None

    async def test_what_a_look_may_not_forget(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(status="TRIGGERED")
        clock.advance(HOUR)
        seen = await actor.see("TRIGGERED")
        assert seen.kind is ChangeKind.STUCK
        assert (await actor.call())["is_stuck_told"] is True
        known = await actor.take_call()
        assert known.is_stuck_told
        assert known.number == 1
        assert actor.observe(known, "TRIGGERED").kind is None


class TestGivingBack:
    async def test_a_failure_is_counted(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        (known,) = (await actor.claim_calls()).rows
        await actor.store.followed.put_off(known, due_at=clock() + MINUTE, held_until=clock())
        row = await actor.call()
        assert (row["failures"], row["due_at"], row["lease"]) == (1, clock() + MINUTE, None)
        assert (await actor.take_call()).failures == 1

    async def test_a_released_call_is_due_at_once(self, actor: Actor) -> None:
        await actor.follow()
        (known,) = (await actor.claim_calls()).rows
        await actor.store.followed.release(known)
        assert len((await actor.claim_calls()).rows) == 1


async def test_a_status_that_no_database_likes(actor: Actor) -> None:
    nasty = 'a"\\b\x00\ud83d💥'
    await actor.follow()
    await actor.see(nasty)
    assert (await actor.take_call()).state.status == nasty
    (turn,) = (await actor.claim_turns()).rows
    assert turn.notice.facts.new == nasty
    assert turn.channel_id == CHANNEL
