from datetime import timedelta

import pytest

from bot.core.calls import CallStatus
from bot.core.subscriptions import Delivery, Options, Style, SubscriptionState
from bot.storage.schema import channels, followed_calls, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock, make_reading, make_subscription
from tests.factories import CHANNEL, OTHER_TEAM, ROOT_TS, TEAM, USER, make_call_id
from tests.storage.acting import LEASE, Actor


class TestAdding:
    async def test_the_first_of_a_call(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        options = Options(
            statuses=frozenset({CallStatus.REJECTED, CallStatus.ONGOING}),
            to=Delivery.CHANNEL,
            mention="U9",
            style=Style.COMPACT,
        )
        wanted = make_subscription(card_ts="", options=options)
        call = make_reading("TRIGGERED", at=clock() - SECOND)
        subscription, job = await store.subscriptions.add(wanted, call, card_until=clock() + LEASE)
        assert subscription == make_subscription(card_ts="", options=options, status="TRIGGERED")
        assert job is not None
        assert (job.key, job.card_ts, job.wanted, job.number) == ("sub-1.card.1", "", 1, 0)
        assert job.begun_at == clock()
        row = await actor.call()
        assert (row["due_at"], row["read_at"], row["number"]) == (clock(), clock() - SECOND, 0)
        assert (await actor.claim_cards()).next_at == clock() + LEASE
        assert (await actor.channel())["next_post_at"] == clock() + SECOND
        await store.outbox.mark_card(job, ts="1.1")
        assert (await actor.find()).card_ts == "1.1"
        assert (await actor.claim_cards()).next_at is None

    async def test_a_channel_follows_a_call_once(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        first = await actor.follow()
        again = make_subscription("sub-2", creator_id="U9", card_ts="")
        reading = make_reading("ONGOING", at=clock())
        assert await store.subscriptions.add(again, reading, card_until=clock() + LEASE) == (first, None)
        await store.subscriptions.pause("sub-1", by=USER)
        found, job = await store.subscriptions.add(again, reading, card_until=clock() + LEASE)
        assert (found.id, found.state, job) == ("sub-1", SubscriptionState.PAUSED, None)
        assert await actor.due_at() is None
        await store.subscriptions.end("sub-1", by=USER)
        found, job = await store.subscriptions.add(again, reading, card_until=clock() + LEASE)
        assert found.id == "sub-2"
        assert job is not None

    async def test_a_card_that_stands_there_is_redrawn(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        wanted = make_subscription(card_ts="5.5", thread_ts=ROOT_TS)
        _, job = await store.subscriptions.add(wanted, make_reading("ONGOING"), card_until=clock() + LEASE)
        assert job is not None
        assert (job.card_ts, job.thread_ts) == ("5.5", ROOT_TS)
        assert not await actor.rows(channels)

    async def test_whoever_must_take_over_looks_for_the_card_first(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow(is_posted=False)
        clock.advance(LEASE)
        job = await actor.take_card()
        assert (job.begun_at, job.key) == (clock() - LEASE, "sub-1.card.1")

    async def test_a_call_that_is_followed_already(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1", status="PENDING")
        known = await actor.take_call()
        await store.followed.save(actor.observe(known, "PENDING"), due_at=clock() + MINUTE)
        clock.advance(SECOND)
        await actor.follow("sub-2", channel_id="C2", status="ONGOING")
        row = await actor.call()
        assert (row["status"], row["number"], row["due_at"]) == ("PENDING", 0, clock())
        await actor.see("ONGOING")
        assert await actor.owed() == [("sub-1", "status")]

    async def test_a_lease_is_not_taken_away(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1")
        known = await actor.take_call()
        await actor.follow("sub-2", channel_id="C2")
        assert (await actor.call())["lease"] == known.lease
        assert await actor.due_at() == clock() + LEASE

    async def test_a_call_that_nobody_followed_any_more(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1", status="TRIGGERED")
        clock.advance(HOUR)
        await actor.see("TRIGGERED")
        await actor.store.subscriptions.pause("sub-1", by=USER)
        clock.advance(48 * HOUR)
        await actor.follow("sub-2", channel_id="C2", status="ONGOING")
        row = await actor.call()
        assert (row["status"], row["number"], row["is_stuck_told"]) == ("ONGOING", 2, False)
        assert row["due_at"] == row["news_at"] == row["read_at"] == clock()
        assert not await actor.rows(notices, subscription_id="sub-2")

    @pytest.mark.parametrize("thread_ts", ["", ROOT_TS])
    async def test_an_older_reading_than_what_is_known(
        self, store: Store, actor: Actor, clock: FakeClock, thread_ts: str
    ) -> None:
        await actor.follow("sub-1")
        old = make_reading("ONGOING", at=clock())
        await actor.see("CALL_FINISHED")
        await actor.deliver()
        wanted = make_subscription("sub-2", channel_id="C2", card_ts="", thread_ts=thread_ts)
        _, job = await store.subscriptions.add(wanted, old, card_until=clock() + LEASE)
        assert job is not None
        assert job.wanted == 1
        assert await actor.owed() == [("sub-2", "status")]
        await store.outbox.mark_card(job, ts="1.1")
        assert (await actor.card("sub-2"))["card_due_at"] == clock()
        (turn,) = await actor.deliver()
        assert (turn.notice.facts.old, turn.notice.facts.new) == ("ONGOING", "CALL_FINISHED")
        assert turn.notice.root_ts == (thread_ts or "1.1")

    async def test_an_older_reading_of_the_same_status(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await actor.follow("sub-1", status="CALL_FINISHED")
        old = make_reading("CALL_FINISHED", at=clock())
        await actor.see("CALL_FINISHED", recording=True)
        wanted = make_subscription("sub-2", channel_id="C2", card_ts="")
        await store.subscriptions.add(wanted, old, card_until=clock() + LEASE)
        assert not await actor.owed()
        assert (await actor.card("sub-2"))["card_wanted"] == 2

    async def test_workspaces_do_not_mix(self, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", team_id=OTHER_TEAM)
        assert len(await actor.rows(followed_calls)) == 2


class TestTakingBack:
    async def test_as_if_it_had_never_been(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        await store.subscriptions.discard("sub-1")
        assert not await actor.rows(subscriptions)
        assert not await actor.rows(notices)
        assert await actor.due_at() is None
        await store.subscriptions.discard("sub-1")

    async def test_others_follow_on(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await store.subscriptions.discard("sub-1")
        assert await actor.due_at() is not None


class TestFinding:
    async def test_by_id_and_by_place(self, store: Store, actor: Actor) -> None:
        made = await actor.follow()
        assert await store.subscriptions.find("nobody") is None
        assert await store.subscriptions.find_here(TEAM, CHANNEL, make_call_id()) == made
        assert await store.subscriptions.find_here(TEAM, "C2", make_call_id()) is None
        assert await store.subscriptions.find_here(OTHER_TEAM, CHANNEL, make_call_id()) is None
        await store.subscriptions.end("sub-1", by=USER)
        assert await store.subscriptions.find_here(TEAM, CHANNEL, make_call_id()) is None
        assert await store.subscriptions.find("sub-1") is not None

    async def test_pages_oldest_first(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        for n in range(5):
            await actor.follow(f"sub-{n}", n=n, created_at=clock() - n * timedelta(seconds=1))
        await actor.follow("elsewhere", channel_id="C2")
        await store.subscriptions.end("sub-1", by=USER)
        page, in_all = await store.subscriptions.list_here(TEAM, CHANNEL, offset=1, limit=2)
        assert ([each.id for each in page], in_all) == (["sub-3", "sub-2"], 4)

    async def test_what_one_person_follows_anywhere(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        for n, channel_id in enumerate(["C1", "C2", "D3", "C1"], start=1):
            made = clock() - n * timedelta(seconds=1)
            await actor.follow(f"sub-{n}", n=n, channel_id=channel_id, creator_id="U1", created_at=made)
        await actor.follow("somebody's", channel_id="C1", creator_id="U2", n=5)
        await actor.follow("elsewhere", channel_id="C1", creator_id="U1", team_id=OTHER_TEAM)
        await store.subscriptions.end("sub-3", by=USER)
        await store.subscriptions.pause("sub-4", by=USER)
        page, in_all = await store.subscriptions.list_of(TEAM, "U1", offset=0, limit=2)
        assert ([each.id for each in page], in_all) == (["sub-4", "sub-2"], 3)
        page, in_all = await store.subscriptions.list_of(TEAM, "U1", offset=2, limit=2)
        assert ([each.id for each in page], in_all) == (["sub-1"], 3)
        assert await store.subscriptions.list_of(TEAM, "U3", offset=0, limit=2) == ((), 0)

    async def test_what_is_known_of_the_call(self, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        found = await actor.find()
        assert (found.status, found.changed_at) == ("CALL_FINISHED", clock())


class TestChanging:
    async def test_options_and_card(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        assert await store.subscriptions.change("sub-1", Options(style=Style.COMPACT, to=Delivery.CARD), by=USER)
        assert (await actor.find()).options == Options(style=Style.COMPACT, to=Delivery.CARD)
        assert (await actor.take_card()).options.style is Style.COMPACT
        await store.subscriptions.end("sub-1", by=USER)
        assert not await store.subscriptions.change("sub-1", Options(), by=USER)
        assert not await store.subscriptions.change("nobody", Options(), by=USER)

    async def test_a_notice_goes_out_as_is_wanted_by_then(self, store: Store, actor: Actor) -> None:
        await actor.follow()
        await actor.see("CALL_FINISHED")
        await store.subscriptions.change("sub-1", Options(mention="U9"), by=USER)
        (turn,) = await actor.deliver()
        assert turn.notice.options.mention == "U9"

    async def test_a_card_that_was_drawn_over(self, store: Store, actor: Actor) -> None:
        made = await actor.follow()
        await store.subscriptions.want_card(TEAM, CHANNEL, "9.9")
        await store.subscriptions.want_card(TEAM, "C2", made.card_ts)
        assert not (await actor.claim_cards()).rows
        await store.subscriptions.want_card(TEAM, CHANNEL, made.card_ts)
        assert (await actor.take_card()).card_ts == made.card_ts
