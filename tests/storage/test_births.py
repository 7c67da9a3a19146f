"""Births: each call that an agent's follower wants has one card in the channel, once, and then is like any other."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import event

from bot.core.calls import CallStatus
from bot.core.changes import ChangeKind, Facts
from bot.core.subscriptions import Delivery, Options, Reason, SubscriptionState
from bot.storage.database import Database
from bot.storage.schema import agent_subscriptions, boards, followed_calls, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock, make_reading
from tests.factories import CHANNEL, TEAM, USER, make_call_id
from tests.storage.acting import PLENTY, Actor
from tests.storage.announced import Campaign

ONLY_REJECTED = Options(statuses=frozenset({CallStatus.REJECTED}))


@pytest.fixture
def campaign(actor: Actor) -> Campaign:
    return Campaign(actor)


class TestBeing:
    async def test_each_channel_that_follows_the_agent_gets_a_card(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(options=Options(to=Delivery.CHANNEL, mention="U5"))
        await campaign.wish("wish-2", channel_id="C2", creator_id="U7")
        await campaign.announce()

        await campaign.read("ONGOING")

        first, second = await campaign.born()
        assert (first["parent_id"], first["channel_id"], first["delivery"], first["mention"]) == (
            "wish-1", CHANNEL, "channel", "U5",
        )  # fmt: skip
        assert (second["parent_id"], second["channel_id"], second["creator_id"]) == ("wish-2", "C2", "U7")
        assert (first["state"], first["seen_status"], first["created_at"]) == ("active", "ONGOING", clock())
        jobs = (await actor.claim_cards()).rows
        assert [(job.card_ts, job.begun_at, job.wanted, job.call_id) for job in jobs] == [
            ("", None, 1, make_call_id())
        ] * 2
        assert (await actor.find("born-1")).parent_id == "wish-1"
        assert await actor.owed() == [], "its card says it all"

    async def test_from_then_on_it_is_told_like_any_other(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        await campaign.read("ONGOING")
        await actor.draw()
        clock.advance(MINUTE)

        await campaign.read("REJECTED")

        (turn,) = await actor.deliver()
        assert (turn.notice.subscription_id, turn.notice.facts.old, turn.notice.facts.new) == (
            "born-1", "ONGOING", "REJECTED",
        )  # fmt: skip
        assert (await actor.find("born-1")).reason == Reason.DONE
        assert await actor.due_at() is None

    async def test_a_call_is_read_on_for_those_that_were_born_with_it(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()

        await campaign.read("ONGOING")

        row = await actor.call()
        assert (row["due_at"], row["agent_id"], row["is_awaited"]) == (clock() + 5 * SECOND, "agent-7", False)

    async def test_it_hides_what_strangers_who_read_along_must_not_see(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow(n=9)
        await actor.store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)
        await actor.set(followed_calls, {"due_at": None})
        await campaign.wish()
        await campaign.announce()

        await campaign.read("ONGOING")

        (born,) = await campaign.born()
        assert born["is_shared"]

    async def test_a_call_that_somebody_follows_is_weighed_too(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish(channel_id="C2")
        await actor.follow(status="ONGOING")

        await campaign.read("ONGOING")

        assert [row["channel_id"] for row in await campaign.born()] == ["C2"]


class TestOnce:
    async def test_further_looks_give_no_more_births(self, campaign: Campaign, clock: FakeClock) -> None:
        await campaign.wish()
        await campaign.announce()
        await campaign.read("TRIGGERED")
        for status in ("TRIGGERED", "ONGOING", "CALL_FINISHED"):
            clock.advance(10 * MINUTE)
            known = await campaign.read(status)
            assert known.taken == {CHANNEL}, "so that most looks are one statement"

        assert len(await campaign.born()) == 1

    async def test_a_channel_that_follows_the_call_has_its_card(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish()
        await actor.follow(status="TRIGGERED")

        await campaign.read("ONGOING")

        assert await campaign.born() == []

    async def test_whoever_ended_it_is_not_told_anew(self, campaign: Campaign, actor: Actor, clock: FakeClock) -> None:
        await campaign.wish()
        await campaign.wish("wish-2", channel_id="C2")
        await campaign.announce()
        await campaign.read("TRIGGERED")
        await actor.store.subscriptions.end("born-1", by=USER)
        clock.advance(MINUTE)

        await campaign.read("ONGOING")

        assert [row["id"] for row in await campaign.born()] == ["born-1", "born-2"]

    async def test_whoever_ended_it_by_hand_neither(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow("sub-1", status="TRIGGERED")
        await actor.follow("sub-2", status="TRIGGERED", channel_id="C2")
        await actor.store.subscriptions.end("sub-1", by=USER)
        await campaign.wish()

        await campaign.read("ONGOING")

        assert await campaign.born() == []

    async def test_a_channel_whose_call_was_let_go_is_told_anew(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow(status="PENDING")
        clock.advance(25 * HOUR)
        await actor.see("PENDING")
        await campaign.wish()
        await actor.set(followed_calls, {"agent_id": "agent-7"})
        await campaign.announce()

        await campaign.read("ONGOING")

        assert [row["channel_id"] for row in await campaign.born()] == [CHANNEL]

    async def test_what_came_to_be_since_the_claim_counts(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        (known,) = (await actor.claim_calls()).rows
        await actor.follow(status="ONGOING")
        clock.advance(SECOND)

        await campaign.look(known, make_reading("ONGOING", at=clock()))

        assert await campaign.born() == []
        assert await actor.due_at() == clock() + 5 * SECOND

    async def test_so_does_what_has_come_and_gone_since(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        (known,) = (await actor.claim_calls()).rows
        await actor.follow(status="ONGOING")
        await actor.store.subscriptions.end("sub-1", by=USER)
        clock.advance(SECOND)

        await campaign.look(known, make_reading("ONGOING", at=clock()))

        assert await campaign.born() == []

    async def test_a_channel_that_follows_the_agent_anew_is_not_told_anew(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        await campaign.read("ONGOING")
        clock.advance(25 * HOUR)
        await campaign.read("ONGOING")
        assert (await actor.find("born-1")).reason == Reason.QUIET
        await actor.set(agent_subscriptions, {"state": "ended"})
        campaign.agents.active = ()
        await campaign.wish("wish-2")
        await campaign.announce()

        await campaign.read("PENDING")

        assert [row["id"] for row in await campaign.born()] == ["born-1"]

    async def test_somebody_who_has_lost_the_lease_bears_nothing(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        (known,) = (await actor.claim_calls()).rows
        clock.advance(MINUTE)
        await campaign.read("ONGOING")

        await campaign.look(known, make_reading("ONGOING", at=clock()))

        assert [row["id"] for row in await campaign.born()] == ["born-1"]

    @pytest.mark.parametrize("state", ["paused", "ended"])
    async def test_an_agent_that_is_followed_no_more_bears_nothing(
        self, campaign: Campaign, actor: Actor, state: str
    ) -> None:
        """What the poller knows of it may be a moment old."""
        await campaign.wish()
        await campaign.announce()
        await actor.set(agent_subscriptions, {"state": state})

        await campaign.read("ONGOING")

        assert await campaign.born() == []
        assert await actor.due_at() is None, "nobody follows it, and nobody waits for it"

    async def test_many_calls_at_once(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish()
        await campaign.wish("wish-2", channel_id="C2")
        numbers = list(range(1, 9))
        await campaign.announce(*numbers)
        claimed = (await actor.claim_calls()).rows

        await asyncio.gather(
            *(campaign.look(known, replace(make_reading("ONGOING"), id=known.call_id)) for known in claimed)
        )

        pairs = {(row["call_id"], row["channel_id"]) for row in await campaign.born()}
        assert len(pairs) == len(await campaign.born()) == 16


class TestWaiting:
    async def test_the_card_appears_when_the_call_has_become_what_is_wanted(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("ONGOING")
        assert await campaign.born() == []
        assert (await actor.call())["is_awaited"]
        clock.advance(MINUTE)
        await campaign.read("ONGOING")
        clock.advance(MINUTE)

        await campaign.read("REJECTED")

        (born,) = await campaign.born()
        assert (born["state"], born["reason"], born["seen_status"]) == ("ended", "done", "REJECTED")
        (job,) = (await actor.claim_cards()).rows
        assert (job.subscription_id, job.state) == ("born-1", SubscriptionState.ENDED)
        assert await actor.due_at() is None

    async def test_a_call_that_nobody_wants_in_the_end_is_read_no_more(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("ONGOING")
        clock.advance(MINUTE)

        await campaign.read("CALL_FINISHED")

        assert await campaign.born() == []
        row = await actor.call()
        assert (row["due_at"], row["is_awaited"], row["status"]) == (None, False, "CALL_FINISHED")

    async def test_whoever_follows_a_call_while_it_is_looked_at_for_an_agent_is_told_all_the_same(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("TRIGGERED")
        clock.advance(MINUTE)
        (known,) = (await actor.claim_calls()).rows
        await actor.follow(channel_id="C2", status="TRIGGERED")

        await campaign.look(known, make_reading("CALL_FINISHED", at=clock()))

        assert [turn.notice.facts.new for turn in await actor.deliver()] == ["CALL_FINISHED"]
        assert not (await actor.call())["is_awaited"]

    async def test_calls_that_nobody_wants_cost_little(
        self, campaign: Campaign, actor: Actor, database: Database, kind: str
    ) -> None:
        if kind != "sqlite":
            pytest.skip("PostgreSQL's commits share their wait by themselves")
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.cover()
        await campaign.announce(*range(1, 21))
        claimed = (await actor.claim_calls()).rows
        begun: list[str] = []
        event.listen(database.sync_engine, "begin", lambda _: begun.append("begin"))

        await asyncio.gather(
            *(campaign.look(known, replace(make_reading("CALL_FINISHED"), id=known.call_id)) for known in claimed)
        )

        assert len(begun) <= 3, "they share a transaction, and the first tells that their agent's webhooks arrive"
        rows = await actor.rows(followed_calls)
        assert {(row["status"], row["due_at"], row["is_awaited"]) for row in rows} == {("CALL_FINISHED", None, False)}
        assert len(rows) == 20

    async def test_no_more_than_one_that_is_awaited_by_an_agent_unfollowed_since(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        """Nothing else about it is new: even so it is stopped."""
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("ONGOING")
        campaign.agents.active = ()
        clock.advance(MINUTE)

        await campaign.read("ONGOING")

        assert await actor.due_at() is None

    async def test_a_call_that_is_let_go_is_awaited_no_more(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("ONGOING")
        clock.advance(25 * HOUR)

        await campaign.read("ONGOING")

        row = await actor.call()
        assert (row["due_at"], row["is_awaited"]) == (None, False)


class TestNoticesAtBirth:
    @pytest.mark.parametrize("options", [Options(mention="U5"), Options(to=Delivery.CHANNEL)])
    async def test_whoever_is_to_be_named_or_heard_is_told_under_the_new_card(
        self, campaign: Campaign, actor: Actor, options: Options
    ) -> None:
        await campaign.wish(options=options)
        await campaign.announce()

        await campaign.read("REJECTED")

        assert await actor.deliver() == [], "its card comes first"
        await actor.draw()
        (turn,) = await actor.deliver()
        assert turn.notice.facts == Facts(new="REJECTED", is_final=True, seconds=325, recording=False)
        assert (turn.notice.path, turn.notice.root_ts != "") == ("webhook", True)

    @pytest.mark.parametrize(
        ("options", "status"),
        [
            (Options(), "REJECTED"),
            (Options(mention="U5"), "ONGOING"),
            (Options(mention="U5", to=Delivery.CARD), "REJECTED"),
        ],
    )
    async def test_nobody_else_is(self, campaign: Campaign, actor: Actor, options: Options, status: str) -> None:
        await campaign.wish(options=options)
        await campaign.announce()

        await campaign.read(status)

        assert len(await campaign.born()) == 1
        assert await actor.rows(notices) == []


class TestBursts:
    async def come(self, campaign: Campaign, actor: Actor, status: str = "ONGOING") -> None:
        """Eleven calls: one more than a channel takes cards of within a minute."""
        await campaign.announce(*range(1, 12))
        for known in (await actor.claim_calls()).rows:
            await campaign.look(known, replace(make_reading(status), id=known.call_id))

    async def test_what_is_too_much_goes_onto_a_board(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish(options=Options(mention="U5"))

        await self.come(campaign, actor)

        (board,) = await actor.rows(boards)
        assert {row["board_id"] for row in await campaign.born()} == {board["id"]}
        assert (await actor.claim_cards()).rows == ()

    async def test_there_it_is_told_by_the_board_alone(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await self.come(campaign, actor)
        await actor.follow("sub-1", channel_id="C2", status="ONGOING")
        before = (await actor.row(boards))["wanted"]
        clock.advance(SECOND)

        await actor.see("CALL_FINISHED")

        assert await actor.owed() == [("sub-1", "status")]
        assert (await actor.row(boards))["wanted"] == before + 1
        (born,) = await actor.rows(subscriptions, call_id=str(make_call_id()), channel_id=CHANNEL)
        assert (born["seen_status"], born["card_due_at"]) == ("CALL_FINISHED", None)

    async def test_what_goes_onto_a_board_is_owed_nothing(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish(options=Options(to=Delivery.CHANNEL))

        await self.come(campaign, actor, "REJECTED")

        assert "born-11" not in {subscription_id for subscription_id, _ in await actor.owed()}


class TestRefused:
    """Slack refuses a channel in which all calls are over: its agents are paused, and somebody must hear of it."""

    async def test_by_the_card_of_a_call_that_was_over_at_once(
        self, campaign: Campaign, actor: Actor, store: Store
    ) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("REJECTED")

        await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=True)

        assert (await actor.row(agent_subscriptions))["reason"] == "is_archived"
        (told,) = await actor.deliver()
        assert (told.channel_id, told.notice.kind, told.notice.facts.reason) == (
            USER, ChangeKind.PAUSED, "is_archived",
        )  # fmt: skip
        await actor.set(agent_subscriptions, {"agent_id": str(make_call_id(7))})
        await store.subscriptions.resume(told.notice.subscription_id, by=USER)
        assert (await actor.row(agent_subscriptions))["state"] == "active"
        assert (await actor.take_card()).card_ts == "", "nor is the card lost"

    async def test_by_a_board(self, campaign: Campaign, actor: Actor, store: Store) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await TestBursts().come(campaign, actor, "REJECTED")
        (job,) = (await store.boards.claim_new(limit=1, until=actor.clock() + MINUTE, rate=PLENTY)).rows

        await store.boards.pause(job, reason="is_archived")

        (told,) = await actor.deliver()
        assert told.notice.kind is ChangeKind.PAUSED
        await actor.set(agent_subscriptions, {"agent_id": str(make_call_id(7))})
        await store.subscriptions.resume(told.notice.subscription_id, by=USER)
        assert (await store.boards.claim_new(limit=1, until=actor.clock() + MINUTE, rate=PLENTY)).rows

    async def test_nobody_hears_of_it_where_no_agent_is_followed_any_more(
        self, campaign: Campaign, actor: Actor, store: Store
    ) -> None:
        await campaign.wish(options=ONLY_REJECTED)
        await campaign.announce()
        await campaign.read("REJECTED")
        await actor.set(agent_subscriptions, {"state": "ended", "reason": "person"})

        await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=True)

        assert not await actor.deliver()
        assert (await campaign.born())[0]["state"] == "ended"
