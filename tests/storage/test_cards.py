import pytest

from bot.core.calls import Call
from bot.core.outbox import BETWEEN_POSTS, CardJob
from bot.core.ports import Rate
from bot.core.subscriptions import SubscriptionState
from bot.storage.schema import subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock
from tests.factories import CHANNEL, OTHER_TEAM, TEAM, USER, make_call, make_call_id
from tests.storage.acting import LEASE, Actor

ACTIVE, PAUSED, ENDED = SubscriptionState


@pytest.fixture
async def job(actor: Actor) -> CardJob:
    """A card that stands there, is out of date and claimed."""
    await actor.follow()
    await actor.see("TRIGGERED")
    return await actor.take_card()


class TestClaiming:
    async def test_many_wishes_are_one_drawing(self, actor: Actor) -> None:
        await actor.follow()
        for status in ("TRIGGERED", "PENDING", "ONGOING"):
            await actor.see(status)
        job = await actor.take_card()
        assert (job.wanted, job.number) == (4, 3)
        await actor.store.outbox.mark_card(job, ts=job.card_ts)
        assert (await actor.claim_cards()).next_at is None
        assert (await actor.card())["card_drawn"] == 4

    async def test_what_is_remembered_of_the_call_comes_along(self, actor: Actor) -> None:
        """For those of another organisation a card can be drawn even if Samora can't be asked."""
        await actor.follow()
        await actor.see("CALL_FINISHED", recording=True)
        seen = make_call(read_at=actor.clock())
        assert seen.started_at
        assert seen.ended_at
        assert (await actor.take_card()).known == Call(
            id=make_call_id(), status="CALL_FINISHED", read_at=seen.read_at, started_at=seen.started_at,
            ended_at=seen.ended_at, agent_id="agent-7",
        )  # fmt: skip

    async def test_wanted_anew_meanwhile(self, store: Store, actor: Actor, job: CardJob) -> None:
        await actor.see("PENDING")
        assert not (await actor.claim_cards()).rows
        await store.outbox.mark_card(job, ts=job.card_ts)
        assert (await actor.take_card()).wanted == job.wanted + 1

    async def test_a_rate_holds_for_cards_too(self, actor: Actor) -> None:
        for n in range(1, 5):
            await actor.follow(f"sub-{n}", n=n)
            await actor.see("TRIGGERED", n=n)
        claim = await actor.claim_cards(rate=Rate(name="edits", most=3, window=MINUTE))
        assert len(claim.rows) == 3

    async def test_other_workspaces_and_refused_ones(self, store: Store, actor: Actor, job: CardJob) -> None:
        await actor.follow("other", team_id=OTHER_TEAM, is_posted=False)
        await store.outbox.pause_card(job, reason="not_in_channel", whole_channel=False)
        actor.clock.advance(HOUR)
        assert (await actor.claim_cards()).next_at is None
        await store.subscriptions.want_card(TEAM, CHANNEL, job.card_ts)
        assert (await actor.claim_cards()).next_at is None


class TestSharing:
    """Another organisation reads along in a channel, or doesn't any more."""

    async def test_every_card_there_is_redrawn_and_any_process_knows_why(self, store: Store, actor: Actor) -> None:
        await actor.follow("live", n=1)
        await actor.follow("ended", n=2)
        await actor.follow("elsewhere", n=3, channel_id="C9")
        await actor.follow("other", n=4, team_id=OTHER_TEAM)
        await store.subscriptions.end("ended", by=USER)
        await actor.draw()
        assert not (await actor.claim_cards()).rows

        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)

        drawn = {job.subscription_id: job.is_shared for job in await actor.draw()}
        assert drawn == {"live": True, "ended": True}
        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=False)
        assert {job.subscription_id: job.is_shared for job in await actor.draw()} == {"live": False, "ended": False}

    @pytest.mark.parametrize("state", ["active", "paused", "ended"])
    async def test_what_is_followed_there_later_knows_it_from_the_others(
        self, store: Store, actor: Actor, state: str
    ) -> None:
        await actor.follow("first", n=1)
        if state == "paused":
            await store.subscriptions.pause("first", by=USER)
        if state == "ended":
            await store.subscriptions.end("first", by=USER)
        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)

        await actor.follow("later", n=2)
        await actor.follow("elsewhere", n=2, channel_id="C9")
        await actor.follow("other", n=2, team_id=OTHER_TEAM)

        named = ("first", "later", "elsewhere", "other")
        assert [(await actor.card(each))["is_shared"] for each in named] == [True, True, False, False]
        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=False)
        await actor.follow("last", n=3)
        assert not (await actor.card("last"))["is_shared"]

    async def test_a_card_that_is_being_drawn_is_drawn_again(self, store: Store, actor: Actor, job: CardJob) -> None:
        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)
        assert not job.is_shared
        await store.outbox.mark_card(job, ts=job.card_ts)
        assert (await actor.take_card()).is_shared

    async def test_a_channel_that_refuses_us_waits_for_its_cards(
        self, store: Store, actor: Actor, job: CardJob
    ) -> None:
        await store.outbox.pause_card(job, reason="not_in_channel", whole_channel=True)
        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)
        assert not (await actor.claim_cards()).rows
        await store.subscriptions.resume_channel(TEAM, CHANNEL)
        assert (await actor.take_card()).is_shared

    async def test_a_channel_with_another_id_has_its_cards_redrawn(self, store: Store, actor: Actor) -> None:
        await actor.follow("live", n=1)
        await actor.follow("ended", n=2)
        await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)
        await store.subscriptions.end("ended", by=USER)
        await actor.draw()
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
        drawn = {(job.subscription_id, job.channel_id, job.is_shared) for job in await actor.draw()}
        assert drawn == {("live", "C9", True), ("ended", "C9", True)}


class TestPosting:
    async def test_begun_holds_the_channel_back(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(is_posted=False)
        clock.advance(LEASE)
        job = await actor.take_card()
        assert await store.outbox.begin_card(job)
        assert (await actor.card())["card_begun_at"] == clock()
        assert (await actor.channel())["next_post_at"] == clock() + BETWEEN_POSTS
        await store.outbox.mark_card(job, ts="5.5")
        assert (await actor.card())["card_begun_at"] is None

    async def test_a_notice_waits_for_its_root_and_a_second_more(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow(is_posted=False)
        await actor.see("TRIGGERED")
        assert not await actor.deliver()
        clock.advance(LEASE)
        job = await actor.take_card()
        await store.outbox.begin_card(job)
        await store.outbox.mark_card(job, ts="5.5")
        assert (await actor.claim_turns()).next_at == clock() + BETWEEN_POSTS
        clock.advance(BETWEEN_POSTS)
        assert (await actor.take_turn()).notice.root_ts == "5.5"

    async def test_many_cards_do_not_starve_a_notice(self, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.see("TRIGGERED")
        due_at = (await actor.channel())["due_at"]
        for n in (2, 3):
            await actor.follow(f"sub-{n}", n=n)
        assert (await actor.channel())["due_at"] == due_at

    async def test_of_those_in_one_channel_one_is_taken_at_a_time_and_only_those_taken_count(
        self, actor: Actor, clock: FakeClock
    ) -> None:
        for n in range(1, 4):
            await actor.follow(f"sub-{n}", n=n, is_posted=False)
        await actor.follow("sub-9", n=1, channel_id="C9", is_posted=False)
        clock.advance(LEASE)
        rate = Rate(name="posts", most=4, window=MINUTE)
        claim = await actor.claim_new_cards(rate=rate)
        assert [job.subscription_id for job in claim.rows] == ["sub-1", "sub-9"]
        assert [(await actor.card(f"sub-{n}"))["card_due_at"] - clock() for n in (2, 3)] == [
            BETWEEN_POSTS, 2 * BETWEEN_POSTS,
        ]  # fmt: skip
        clock.advance(BETWEEN_POSTS)
        assert len((await actor.claim_new_cards(rate=rate)).rows) == 1
        clock.advance(BETWEEN_POSTS)
        assert len((await actor.claim_new_cards(rate=rate)).rows) == 1

    async def test_two_processes_never_post_to_one_channel_at_once(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        """One claims a moment after the other: neither has begun when the other looks."""
        await actor.follow("sub-1", is_posted=False)
        clock.advance(LEASE)
        first = await actor.take_card()
        await actor.follow("sub-2", n=2, is_posted=False)
        clock.advance(LEASE - SECOND)
        await actor.set(subscriptions, {"card_due_at": clock()}, id="sub-2")
        second = await actor.take_card()
        assert await store.outbox.begin_card(second)
        assert not await store.outbox.begin_card(first)
        waiting = await actor.card("sub-1")
        assert (waiting["card_due_at"], waiting["card_lease"]) == (clock() + BETWEEN_POSTS, None)
        assert (waiting["card_failures"], waiting["card_begun_at"]) == (0, clock() - 2 * LEASE + SECOND)
        clock.advance(BETWEEN_POSTS)
        assert await store.outbox.begin_card(await actor.take_card())

    async def test_a_card_waits_while_a_notice_is_on_its_way_there_and_a_notice_for_a_card(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow("sub-1")
        await actor.see("TRIGGERED")
        await actor.follow("sub-2", n=2, is_posted=False)
        clock.advance(LEASE)
        turn = await actor.take_turn()
        assert not (await actor.claim_new_cards()).rows
        await store.outbox.mark_sent(turn, ts="1.2", next_at=clock() + SECOND)
        await actor.see("PENDING")
        clock.advance(BETWEEN_POSTS)
        assert await store.outbox.begin_card(await self._take_new(actor))
        claim = await actor.claim_turns()
        assert (claim.rows, claim.next_at) == ((), clock() + BETWEEN_POSTS)
        clock.advance(BETWEEN_POSTS)
        assert (await actor.take_turn()).notice.subscription_id == "sub-1"

    async def test_a_notice_whose_process_has_died_holds_no_card_back(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow("sub-1")
        await actor.see("TRIGGERED")
        await actor.take_turn()
        await actor.follow("sub-2", n=2, is_posted=False)
        clock.advance(LEASE)
        assert await store.outbox.begin_card(await self._take_new(actor))

    async def _take_new(self, actor: Actor) -> CardJob:
        (job,) = (await actor.claim_new_cards()).rows
        return job

    async def test_the_lease_was_lost(self, store: Store, actor: Actor, clock: FakeClock, job: CardJob) -> None:
        clock.advance(LEASE)
        second = await actor.take_card()
        assert not await store.outbox.begin_card(job)
        await store.outbox.mark_card(job, ts="9.9")
        await store.outbox.put_off_card(job, due_at=clock() + HOUR, is_unknown=False)
        await store.outbox.release_card(job)
        await store.outbox.pause_card(job, reason="not_in_channel", whole_channel=True)
        assert await store.outbox.repost_card(job)
        card = await actor.card()
        assert (card["card_lease"], card["card_ts"], card["state"]) == (second.lease, job.card_ts, ACTIVE)

    async def test_a_card_that_was_posted_late_is_not_forgotten(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow(is_posted=False)
        clock.advance(LEASE)
        first = await actor.take_card()
        clock.advance(LEASE)
        second = await actor.take_card()
        await store.outbox.mark_card(first, ts="1.1")
        assert (await actor.find()).card_ts == "1.1"
        assert (await actor.card())["card_lease"] == second.lease
        await store.outbox.mark_card(second, ts="2.2")
        assert (await actor.find()).card_ts == "1.1"

    async def test_nor_is_an_old_one_taken_for_the_new_one(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(is_posted=False)
        clock.advance(LEASE)
        first = await actor.take_card()
        clock.advance(LEASE)
        await store.outbox.repost_card(await actor.take_card())
        await store.outbox.mark_card(first, ts="1.1")
        assert (await actor.find()).card_ts == ""

    async def test_a_subscription_that_is_gone(self, store: Store, job: CardJob) -> None:
        await store.subscriptions.discard("sub-1")
        await store.outbox.mark_card(job, ts="1.1")
        await store.outbox.pause_card(job, reason="not_in_channel", whole_channel=False)
        assert await store.outbox.repost_card(job)

    @pytest.mark.parametrize("is_unknown", [True, False])
    async def test_put_off(self, store: Store, actor: Actor, clock: FakeClock, is_unknown: bool) -> None:
        await actor.follow(is_posted=False)
        clock.advance(LEASE)
        job = await actor.take_card()
        await store.outbox.begin_card(job)
        began = clock()
        await store.outbox.put_off_card(job, due_at=clock() + MINUTE, is_unknown=is_unknown)
        assert (await actor.claim_cards()).next_at == clock() + MINUTE
        await store.subscriptions.change("sub-1", (await actor.find()).options, by=USER)
        assert (await actor.claim_cards()).next_at == clock() + MINUTE
        clock.advance(MINUTE)
        again = await actor.take_card()
        assert (again.failures, again.begun_at) == (1, began if is_unknown else None)
        await store.outbox.mark_card(again, ts="1.1")
        assert (await actor.card())["card_failures"] == 0

    async def test_released(self, store: Store, actor: Actor, job: CardJob) -> None:
        await store.outbox.release_card(job)
        assert (await actor.take_card()).wanted == job.wanted


class TestGone:
    async def test_posted_anew_once(self, store: Store, actor: Actor, job: CardJob) -> None:
        assert await store.outbox.repost_card(job)
        again = await actor.take_card()
        assert (again.card_ts, again.key, again.failures) == ("", "sub-1.card.2", 0)
        await store.outbox.mark_card(again, ts="2.2")
        await actor.see("PENDING")
        last = await actor.take_card()
        assert last.card_ts == "2.2"
        assert not await store.outbox.repost_card(last)
        await store.outbox.pause_card(last, reason="message_not_found", whole_channel=False)
        await store.subscriptions.resume("sub-1", by=USER)
        assert await store.outbox.repost_card(await actor.take_card())

    async def test_another_one_stands_there_already(self, store: Store, actor: Actor, job: CardJob) -> None:
        await actor.set(subscriptions, {"card_ts": "4.4"})
        assert await store.outbox.repost_card(job)
        assert (await actor.take_card()).card_ts == "4.4"


class TestRefusals:
    async def test_its_creator_is_told(self, store: Store, actor: Actor, job: CardJob) -> None:
        await store.outbox.pause_card(job, reason="is_archived", whole_channel=True)
        found = await actor.find()
        assert (found.state, found.reason) == (PAUSED, "is_archived")
        assert [turn.channel_id for turn in await actor.deliver()] == [USER]
        assert await actor.due_at() is None
        assert (await actor.channel())["lease"] is None

    async def test_an_ended_one_that_is_owed_nothing_is_let_be(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await store.subscriptions.end("sub-1", by=USER)
        await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=True)
        assert (await actor.find()).state is ENDED
        assert (await actor.claim_cards()).next_at is None
        assert not await actor.deliver()

    async def test_one_that_a_person_paused_stays_so(self, store: Store, actor: Actor, job: CardJob) -> None:
        await store.subscriptions.pause("sub-1", by=USER)
        await store.outbox.pause_card(job, reason="is_archived", whole_channel=False)
        assert (await actor.find()).reason == "person"
        assert (await actor.claim_cards()).next_at is None
