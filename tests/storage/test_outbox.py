import pytest

from bot.core.changes import ChangeKind, Facts
from bot.core.outbox import BETWEEN_POSTS
from bot.core.ports import Rate
from bot.core.subscriptions import Reason, SubscriptionState
from bot.storage.schema import budgets, channels, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock
from tests.factories import CHANNEL, OTHER_TEAM, ROOT_TS, TEAM, USER
from tests.storage.acting import LEASE, Actor

ACTIVE, PAUSED, ENDED = SubscriptionState


class TestClaiming:
    async def test_one_turn_for_each_channel(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2)
        await actor.follow("sub-3", n=2, channel_id="C2")
        await actor.see("ONGOING", n=1, due_in=None)
        await actor.see("TRIGGERED", n=2)
        await actor.see("TRIGGERED", n=1)
        claim = await actor.claim_turns()
        assert {turn.channel_id: turn.notice.subscription_id for turn in claim.rows} == {
            CHANNEL: "sub-2",
            "C2": "sub-3",
        }
        assert claim.next_at == clock() + LEASE
        assert not (await actor.claim_turns()).rows

    async def test_in_the_order_of_what_happened(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        for status in ("TRIGGERED", "PENDING", "CALL_FINISHED"):
            await actor.see(status)
        began = clock()
        assert [turn.notice.facts.new for turn in await actor.deliver()] == ["TRIGGERED", "PENDING", "CALL_FINISHED"]
        assert clock() - began == 2 * SECOND
        assert (await actor.claim_turns()).next_at is None

    async def test_a_thread_without_a_root_waits_for_its_card(self, actor: Actor) -> None:
        await actor.follow("sub-1", is_posted=False)
        await actor.follow("sub-2", n=2)
        await actor.see("TRIGGERED", n=1)
        await actor.see("TRIGGERED", n=2)
        assert [turn.notice.subscription_id for turn in await actor.deliver()] == ["sub-2"]
        assert (await actor.channel())["due_at"] is None
        actor.clock.advance(LEASE)
        (job,) = [job for job in (await actor.claim_cards()).rows if job.subscription_id == "sub-1"]
        await actor.store.outbox.mark_card(job, ts="8.8")
        (turn,) = await actor.deliver()
        assert (turn.notice.root_ts, turn.notice.has_own_thread) == ("8.8", True)

    async def test_a_thread_that_it_was_asked_for_in(self, actor: Actor) -> None:
        await actor.follow(thread_ts=ROOT_TS, is_posted=False)
        await actor.see("TRIGGERED")
        (turn,) = await actor.deliver()
        assert (turn.notice.root_ts, turn.notice.has_own_thread) == (ROOT_TS, False)

    async def test_a_channel_with_nothing_to_send_costs_no_budget(self, actor: Actor) -> None:
        rate = Rate(name="posts", most=1, window=MINUTE)
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2", n=2)
        await actor.see("TRIGGERED", n=1)
        await actor.see("TRIGGERED", n=2)
        await actor.store.subscriptions.pause("sub-1", by=USER)
        claim = await actor.claim_turns(rate=rate)
        while not claim.rows:
            actor.clock.now = claim.next_at or actor.clock()
            claim = await actor.claim_turns(rate=rate)
        assert [turn.channel_id for turn in claim.rows] == ["C2"]
        assert (await actor.row(budgets, name="posts"))["taken"].count(".") == 1

    async def test_another_workspaces_channels_are_not_ours(self, actor: Actor) -> None:
        await actor.follow(team_id=OTHER_TEAM)
        await actor.set(channels, {"due_at": actor.clock()})
        assert (await actor.claim_turns()).next_at is None

    async def test_hundreds_of_notices_of_a_paused_one_are_passed_over(self, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", n=2)
        await actor.see("TRIGGERED", n=1)
        await actor.see("PENDING", n=1)
        await actor.store.subscriptions.pause("sub-1", by=USER)
        await actor.see("TRIGGERED", n=2)
        assert [turn.notice.subscription_id for turn in await actor.deliver()] == ["sub-2"]


@pytest.fixture
async def owed(actor: Actor) -> None:
    """One subscription with two notices."""
    await actor.follow()
    await actor.see("TRIGGERED")
    await actor.see("CALL_FINISHED")


@pytest.mark.usefixtures("owed")
class TestPosting:
    async def test_begun_and_sent(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        turn = await actor.take_turn()
        assert (turn.notice.begun_at, turn.notice.attempts) == (None, 0)
        assert await store.outbox.begin(turn)
        row = (await actor.rows(notices))[0]
        assert (row["begun_at"], row["attempts"]) == (clock(), 1)
        await store.outbox.mark_sent(turn, ts="3.3", next_at=clock() + SECOND)
        row = (await actor.rows(notices))[0]
        assert (row["sent_ts"], row["done_at"]) == ("3.3", clock())
        channel = await actor.channel()
        assert (channel["due_at"], channel["next_post_at"], channel["lease"]) == (clock() + SECOND,) * 2 + (None,)

    async def test_whoever_takes_over_knows_that_it_may_be_there(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        first = await actor.take_turn()
        assert await store.outbox.begin(first)
        clock.advance(LEASE)
        second = await actor.take_turn()
        assert second.notice.key == first.notice.key
        assert (second.notice.begun_at, second.notice.attempts) == (clock() - LEASE, 1)
        assert not await store.outbox.begin(first)
        await store.outbox.put_off(first, due_at=clock() + HOUR, is_unknown=False)
        await store.outbox.release(first)
        await store.outbox.pause(first, reason="not_in_channel", whole_channel=True)
        assert await store.outbox.lose_card(first)
        assert (await actor.channel())["lease"] == second.lease
        assert (await actor.find()).state is ACTIVE

    async def test_what_stands_there_is_sent_whoever_holds_the_channel(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        first = await actor.take_turn()
        await store.outbox.begin(first)
        clock.advance(LEASE)
        second = await actor.take_turn()
        await store.outbox.mark_sent(first, ts="3.3", next_at=clock())
        assert (await actor.channel())["lease"] == second.lease
        assert not await store.outbox.begin(second)
        third = await actor.take_turn()
        assert third.notice.facts.new == "CALL_FINISHED"

    async def test_nobody_is_owed_it_any_more(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-2", n=2)
        await actor.see("TRIGGERED", n=2)
        turn = await actor.take_turn()
        await store.subscriptions.end("sub-1", by=USER)
        assert not await store.outbox.begin(turn)
        assert [each.notice.subscription_id for each in await actor.deliver()] == ["sub-2"]

    async def test_paused_meanwhile(self, store: Store, actor: Actor) -> None:
        turn = await actor.take_turn()
        await store.subscriptions.pause("sub-1", by=USER)
        assert not await store.outbox.begin(turn)
        channel = await actor.channel()
        assert (channel["due_at"], channel["lease"]) == (None, None)

    @pytest.mark.parametrize("is_unknown", [True, False])
    async def test_put_off(self, store: Store, actor: Actor, clock: FakeClock, is_unknown: bool) -> None:
        turn = await actor.take_turn()
        began = clock()
        await store.outbox.begin(turn)
        await store.outbox.put_off(turn, due_at=clock() + MINUTE, is_unknown=is_unknown)
        claim = await actor.claim_turns()
        assert (claim.rows, claim.next_at) == ((), clock() + MINUTE)
        clock.advance(MINUTE)
        again = await actor.take_turn()
        assert (again.failures, again.notice.id) == (1, turn.notice.id)
        assert again.notice.begun_at == (began if is_unknown else None)
        await store.outbox.mark_sent(again, ts="3.3", next_at=clock())
        assert (await actor.take_turn()).failures == 0

    async def test_dropped(self, store: Store, actor: Actor) -> None:
        turn = await actor.take_turn()
        await store.outbox.drop(turn, reason="user_not_found")
        row = (await actor.rows(notices))[0]
        assert (row["dead_reason"], row["sent_ts"]) == ("user_not_found", "")
        assert [each.notice.facts.new for each in await actor.deliver()] == ["CALL_FINISHED"]

    async def test_released(self, store: Store, actor: Actor) -> None:
        turn = await actor.take_turn()
        await store.outbox.release(turn)
        assert (await actor.take_turn()).notice == turn.notice

    async def test_a_notice_that_comes_to_be_while_one_is_posted(self, store: Store, actor: Actor) -> None:
        await actor.deliver()
        await actor.see("TRIGGERED")
        turn = await actor.take_turn()
        await actor.see("PENDING")
        assert (await actor.channel())["lease"] == turn.lease
        await store.outbox.mark_sent(turn, ts="3.3", next_at=actor.clock() + SECOND)
        assert [each.notice.facts.new for each in await actor.deliver()] == ["PENDING"]


class TestRefusals:
    async def test_one_subscription(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", n=2)
        await actor.see("TRIGGERED", n=1)
        await actor.see("TRIGGERED", n=2)
        turn = await actor.take_turn()
        await store.outbox.begin(turn)
        await store.outbox.pause(turn, reason="restricted_action_thread_locked", whole_channel=False)
        paused = await actor.find("sub-1")
        assert (paused.state, paused.reason) == (PAUSED, "restricted_action_thread_locked")
        assert (await actor.find("sub-2")).state is ACTIVE
        assert (await actor.rows(notices))[0]["begun_at"] is None
        assert await actor.due_at(1) is None
        delivered = {turn.channel_id: turn for turn in await actor.deliver()}
        assert delivered.keys() == {CHANNEL, USER}
        told = delivered[USER].notice
        facts = Facts(reason="restricted_action_thread_locked", channel_id=CHANNEL, count=1)
        assert (told.kind, told.facts, told.root_ts) == (ChangeKind.PAUSED, facts, "")
        assert told.key == "sub-1.paused.1"

    async def test_a_whole_channel_and_each_of_its_creators(self, store: Store, actor: Actor) -> None:
        for n, creator in ((1, "U1"), (2, "U2"), (3, "U1")):
            await actor.follow(f"sub-{n}", n=n, creator_id=creator)
        await actor.follow("sub-4", n=1, channel_id="C2")
        await actor.follow("sub-5", n=5)
        await store.subscriptions.pause("sub-5", by=USER)
        await actor.see("TRIGGERED", n=3)
        await store.outbox.pause(await actor.take_turn(), reason="not_in_channel", whole_channel=True)
        delivered = {turn.channel_id: turn.notice for turn in await actor.deliver()}
        counts = {channel_id: notice.facts.count for channel_id, notice in delivered.items()}
        assert counts == {"U1": 2, "U2": 1}
        assert delivered["U1"].subscription_id == "sub-1"
        assert (await actor.find("sub-4")).state is ACTIVE
        assert (await actor.find("sub-5")).reason == Reason.PERSON
        assert await actor.due_at(1) is not None
        assert await actor.due_at(2) is None
        assert (await actor.claim_cards()).next_at is None

    async def test_nothing_is_lost(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        await store.outbox.pause(await actor.take_turn(), reason="not_in_channel", whole_channel=True)
        await actor.deliver()
        assert await actor.owed() == [("sub-1", "status")]
        assert await store.subscriptions.resume("sub-1", by=USER) == 1
        assert [turn.notice.facts.new for turn in await actor.deliver()] == ["TRIGGERED"]

    async def test_what_an_ended_one_is_owed_waits_too(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("UNANSWERED")
        await store.outbox.pause(await actor.take_turn(), reason="not_in_channel", whole_channel=True)
        assert (await actor.find()).state is PAUSED
        assert [turn.channel_id for turn in await actor.deliver()] == [USER]
        assert await store.subscriptions.resume_channel(TEAM, CHANNEL) == 1
        assert [turn.notice.facts.new for turn in await actor.deliver()] == ["UNANSWERED"]
        assert (await actor.see("UNANSWERED")).end is Reason.DONE

    @pytest.mark.parametrize("whole_channel", [True, False])
    async def test_unless_the_channel_follows_the_call_anew(
        self, store: Store, actor: Actor, whole_channel: bool
    ) -> None:
        for n in (1, 2):
            await actor.follow(f"sub-{n}")
            await actor.see("UNANSWERED" if n == 1 else "REJECTED")
        await actor.follow("sub-3", status="UNANSWERED")
        actor.clock.advance(SECOND)
        turn = await actor.take_turn()
        await store.outbox.pause(turn, reason="not_in_channel", whole_channel=whole_channel)
        assert (await actor.find("sub-1")).state is ENDED
        assert (await actor.rows(notices, subscription_id="sub-1"))[0]["dead_reason"] == "not_in_channel"
        assert (await actor.find("sub-3")).state is (PAUSED if whole_channel else ACTIVE)

    async def test_of_two_ended_ones_of_a_call_one_waits(self, store: Store, actor: Actor) -> None:
        for n, status in ((1, "UNANSWERED"), (2, "REJECTED")):
            await actor.follow(f"sub-{n}", status="ONGOING")
            await actor.see(status)
        await store.outbox.pause(await actor.take_turn(), reason="not_in_channel", whole_channel=True)
        states = [(await actor.find(each)).state for each in ("sub-1", "sub-2")]
        assert sorted(states) == [ENDED, PAUSED]
        assert len([kind for _, kind in await actor.owed() if kind == "status"]) == 1


class TestLosingTheRoot:
    async def test_the_card_is_posted_anew_once(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        await actor.draw()
        turn = await actor.take_turn()
        await store.outbox.begin(turn)
        assert await store.outbox.lose_card(turn)
        assert (await actor.channel())["due_at"] is None
        job = await actor.take_card()
        assert (job.card_ts, job.key, job.begun_at) == ("", "sub-1.card.2", None)
        await store.outbox.mark_card(job, ts="7.7")
        turn = await actor.take_turn()
        assert (turn.notice.root_ts, turn.notice.begun_at) == ("7.7", None)
        assert not await store.outbox.lose_card(turn)
        assert (await actor.channel())["lease"] == turn.lease
        await store.outbox.pause(turn, reason="message_not_found", whole_channel=False)
        await store.subscriptions.resume("sub-1", by=USER)
        await actor.draw()
        turn = next(turn for turn in (await actor.claim_turns()).rows if turn.channel_id == CHANNEL)
        assert await store.outbox.lose_card(turn)
        assert (await actor.take_card()).key == "sub-1.card.3"

    async def test_another_root_stands_there_already(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        turn = await actor.take_turn()
        assert await store.outbox.repost_card(await actor.take_card())
        await actor.draw()
        assert await store.outbox.lose_card(turn)
        assert (await actor.card())["card_posts"] == 2
        actor.clock.advance(BETWEEN_POSTS)
        assert (await actor.take_turn()).notice.root_ts == (await actor.card())["card_ts"]

    async def test_a_thread_of_somebody_elses_is_not_ours_to_mend(self, store: Store, actor: Actor) -> None:
        await actor.follow(thread_ts=ROOT_TS)
        await actor.see("TRIGGERED")
        assert not await store.outbox.lose_card(await actor.take_turn())

    async def test_the_card_of_a_refused_one_waits(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        turn = await actor.take_turn()
        await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=False)
        assert await store.outbox.lose_card(turn)
        assert (await actor.claim_cards()).next_at is None
        assert (await actor.rows(subscriptions))[0]["card_ts"] == ""
        await store.subscriptions.resume("sub-1", by=USER)
        assert (await actor.take_card()).card_ts == ""
