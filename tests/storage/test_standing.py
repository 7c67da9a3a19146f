import pytest

from bot.core.changes import ChangeKind
from bot.core.subscriptions import Delivery, Options, Reason, SubscriptionState
from bot.storage.schema import channels, notices
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock
from tests.factories import CHANNEL, OTHER_TEAM, TEAM, USER
from tests.storage.acting import Actor

ACTIVE, PAUSED, ENDED = SubscriptionState


class TestPausing:
    async def test_by_a_person(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        assert await store.subscriptions.pause("sub-1", by=USER)
        assert not await store.subscriptions.pause("sub-1", by=USER)
        assert not await store.subscriptions.pause("nobody", by=USER)
        found = await actor.find()
        assert (found.state, found.reason) == (PAUSED, Reason.PERSON)
        assert await actor.due_at() is None

    async def test_the_call_is_read_for_others(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await store.subscriptions.pause("sub-1", by=USER)
        assert await actor.due_at() is not None
        await store.subscriptions.pause("sub-2", by=USER)
        assert await actor.due_at() is None

    async def test_what_is_owed_waits(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("TRIGGERED")
        await store.subscriptions.pause("sub-1", by=USER)
        assert not await actor.deliver()
        assert await store.subscriptions.resume("sub-1", by=USER) == 1
        assert [turn.notice.facts.new for turn in await actor.deliver()] == ["TRIGGERED"]

    async def test_its_card_can_still_be_drawn(self, store: Store, actor: Actor) -> None:
        made = await actor.follow()
        await store.subscriptions.pause("sub-1", by=USER)
        await store.subscriptions.want_card(TEAM, CHANNEL, made.card_ts)
        assert (await actor.take_card()).state is PAUSED


class TestResuming:
    async def test_what_changed_meanwhile_is_one_notice(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1", status="TRIGGERED")
        await actor.follow("sub-2", status="TRIGGERED", channel_id="C2")
        await store.subscriptions.pause("sub-1", by=USER)
        await actor.see("ONGOING")
        await actor.see("CALL_FINISHED")
        await actor.deliver()
        await actor.draw()
        assert await store.subscriptions.resume("sub-1", by=USER) == 1
        assert await store.subscriptions.resume("sub-1", by=USER) == 0
        assert (await actor.find()).state is ACTIVE
        assert await actor.due_at() == clock()
        (turn,) = await actor.deliver()
        assert (turn.notice.facts.old, turn.notice.facts.new) == ("TRIGGERED", "CALL_FINISHED")
        assert (await actor.take_card()).subscription_id == "sub-1"
        await actor.see("CALL_FINISHED")
        assert not await actor.owed()

    async def test_who_does_not_want_that_is_not_told(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1", options=Options(to=Delivery.CARD))
        await actor.follow("sub-2", channel_id="C2")
        await store.subscriptions.pause("sub-1", by=USER)
        await actor.see("TRIGGERED")
        await actor.deliver()
        await store.subscriptions.resume("sub-1", by=USER)
        assert not await actor.owed()
        assert (await actor.card())["seen_status"] == "TRIGGERED"

    async def test_a_long_pause_is_not_quiet(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await store.subscriptions.pause("sub-1", by=USER)
        clock.advance(48 * HOUR)
        await store.subscriptions.resume("sub-1", by=USER)
        assert (await actor.see("ONGOING")).end is None

    async def test_a_lease_is_not_taken_away(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await store.subscriptions.pause("sub-1", by=USER)
        known = await actor.take_call()
        await store.subscriptions.resume("sub-1", by=USER)
        assert (await actor.call())["lease"] == known.lease

    async def test_one_that_was_let_go(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(status="PENDING")
        clock.advance(25 * HOUR)
        await actor.see("PENDING")
        assert (await actor.find()).reason == Reason.QUIET
        assert await store.subscriptions.resume("sub-1", by=USER) == 1
        assert (await actor.call())["news_at"] == clock()
        assert (await actor.see("PENDING")).end is None

    async def test_not_if_the_channel_follows_the_call_anew(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(status="PENDING")
        clock.advance(25 * HOUR)
        await actor.see("PENDING")
        await actor.follow("sub-2", status="PENDING")
        assert await store.subscriptions.resume("sub-1", by=USER) == 0

    async def test_not_one_that_ended_for_good(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.see("UNANSWERED")
        assert await store.subscriptions.resume("sub-1", by=USER) == 0
        await actor.follow("sub-2")
        await store.subscriptions.end("sub-2", by=USER)
        assert await store.subscriptions.resume("sub-2", by=USER) == 0
        assert await store.subscriptions.resume("nobody", by=USER) == 0

    async def test_one_that_slack_refused_and_its_neighbours(self, store: Store, actor: Actor) -> None:
        for n in (1, 2, 3):
            await actor.follow(f"sub-{n}", n=n)
        await actor.follow("sub-4", n=4, channel_id="C2")
        await store.subscriptions.pause("sub-3", by=USER)
        for channel_id in (CHANNEL, "C2"):
            await refuse(actor, channel_id)
        assert await store.subscriptions.resume("sub-1", by=USER) == 2
        assert [(await actor.find(f"sub-{n}")).state for n in (1, 2, 3, 4)] == [ACTIVE, ACTIVE, PAUSED, PAUSED]
        assert await store.subscriptions.resume_channel(TEAM, "C2") == 1
        assert await store.subscriptions.resume_channel(TEAM, CHANNEL) == 0


async def refuse(actor: Actor, channel_id: str = CHANNEL, *, reason: str = "not_in_channel") -> None:
    """Slack lets the bot do nothing there any more, which a card's redrawing finds out."""
    listed, _ = await actor.store.subscriptions.list_here(TEAM, channel_id, offset=0, limit=1)
    await actor.store.subscriptions.want_card(TEAM, channel_id, listed[0].card_ts)
    (job,) = (await actor.claim_cards(limit=1)).rows
    await actor.store.outbox.pause_card(job, reason=reason, whole_channel=True)


class TestEnding:
    async def test_by_a_person(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        assert await store.subscriptions.end("sub-1", by=USER)
        assert not await store.subscriptions.end("sub-1", by=USER)
        found = await actor.find()
        assert (found.state, found.reason) == (ENDED, Reason.PERSON)
        assert not await actor.deliver()
        assert (await actor.row(notices))["dead_reason"] == "ended"
        assert await actor.due_at() is None
        assert (await actor.take_card()).state is ENDED

    async def test_all_of_a_channel(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2)
        await actor.follow("sub-3", n=2, channel_id="C2")
        await store.subscriptions.pause("sub-2", by=USER)
        assert await store.subscriptions.end_all(TEAM, CHANNEL, by=USER) == 2
        assert await store.subscriptions.end_all(TEAM, CHANNEL, by=USER) == 0
        assert await actor.due_at(1) is None
        assert await actor.due_at(2) is not None

    async def test_what_its_creator_is_owed_about_a_pause_stays(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await refuse(actor)
        await store.subscriptions.end("sub-1", by=USER)
        assert [turn.notice.kind for turn in await actor.deliver()] == [ChangeKind.PAUSED]


class TestMoving:
    async def test_everything_goes_along(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2)
        await actor.see("CALL_FINISHED", n=1)
        await refuse(actor)
        await actor.deliver()
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
        assert [(await actor.find(each)).state for each in ("sub-1", "sub-2")] == [ACTIVE, ACTIVE]
        (turn,) = await actor.deliver()
        assert (turn.channel_id, turn.notice.channel_id) == ("C9", "C9")
        assert not await actor.rows(channels, channel_id=CHANNEL)

    async def test_a_turn_that_was_under_way(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        turn = await actor.take_turn()
        assert await store.outbox.begin(turn)
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
        assert not await store.outbox.begin(turn)
        await store.outbox.mark_sent(turn, ts="1.1", next_at=actor.clock() + SECOND)
        assert not await actor.deliver()

    async def test_what_is_followed_there_already(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C9")
        await actor.see("TRIGGERED")
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
        assert (await actor.find("sub-1")).state is ENDED
        assert [turn.notice.subscription_id for turn in await actor.deliver()] == ["sub-2"]
        assert await actor.due_at() is not None


class TestUninstalling:
    @pytest.fixture(autouse=True)
    async def some(self, actor: Actor) -> None:
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2, channel_id="C2")
        await actor.follow("sub-3", n=3, channel_id="C3", status="PENDING")
        await actor.follow("other", team_id=OTHER_TEAM)
        await actor.see("CALL_FINISHED", n=1)
        await actor.see("UNANSWERED", n=3)
        await actor.store.subscriptions.pause("sub-2", by=USER)

    async def test_nothing_is_due_any_more(self, store: Store, actor: Actor) -> None:
        known = await actor.take_call(1)
        assert await store.outbox.stop_team(TEAM) == 1
        assert await store.subscriptions.stop_team(TEAM) == 0
        assert (await actor.find("sub-1")).reason == Reason.UNINSTALLED
        assert (await actor.find("sub-2")).reason == Reason.PERSON
        assert (await actor.find("other")).state is ACTIVE
        for claim in (await actor.claim_calls(), await actor.claim_turns(), await actor.claim_cards()):
            assert (claim.rows, claim.next_at) == ((), None)
        assert not await store.followed.save(actor.observe(known, "CALL_FINISHED"), due_at=actor.clock())
        assert (await actor.rows(channels, team_id=OTHER_TEAM))[0]["next_post_at"] is not None

    async def test_and_everything_comes_back(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await store.subscriptions.stop_team(TEAM)
        assert await store.subscriptions.resume_team(TEAM) == 1
        assert await store.subscriptions.resume_team(TEAM) == 0
        assert (await actor.find("sub-1")).state is ACTIVE
        assert await actor.due_at(1) == clock()
        assert {turn.notice.subscription_id for turn in await actor.deliver()} == {"sub-1", "sub-3"}
        assert {job.subscription_id for job in await actor.draw()} == {"sub-1", "sub-3"}

    async def test_a_start_without_a_stop_changes_nothing(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        turn = next(turn for turn in (await actor.claim_turns()).rows if turn.channel_id == CHANNEL)
        await store.outbox.put_off(turn, due_at=clock() + MINUTE, is_unknown=False)
        assert await store.subscriptions.resume_team(TEAM) == 0
        assert (await actor.channel())["due_at"] == clock() + MINUTE
        assert (await actor.find("sub-2")).state is PAUSED


async def test_hundreds_at_once(store: Store, actor: Actor) -> None:
    await actor.follow("sub-1")
    await actor.multiply(1202)
    assert await store.subscriptions.stop_team(TEAM) == 1202
    assert await store.subscriptions.resume_team(TEAM) == 1202
    await refuse(actor)
    assert await store.subscriptions.resume_channel(TEAM, CHANNEL) == 1202
    (told,) = [turn for turn in await actor.deliver() if turn.channel_id == USER]
    assert told.notice.facts.count == 1202
    assert await store.subscriptions.end_all(TEAM, CHANNEL, by=USER) == 1202
