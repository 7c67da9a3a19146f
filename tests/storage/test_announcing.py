"""Webhooks: a known call is due at once, an unknown one is read if any agent is followed, and a flood is harmless."""

import asyncio

import pytest

from bot.core.agent_ports import Announced
from bot.core.calls import CallStatus
from bot.core.changes import ChangeKind
from bot.core.subscriptions import Options, Reason, SubscriptionState
from bot.storage import coverage
from bot.storage.schema import agent_subscriptions, agents, followed_calls
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND, FakeClock, make_reading
from tests.factories import OTHER_TEAM, TEAM, USER, make_call_id
from tests.storage.acting import LEASE, Actor
from tests.storage.announced import Campaign


@pytest.fixture
def campaign(actor: Actor) -> Campaign:
    return Campaign(actor)


class TestKnownCalls:
    async def test_a_call_that_is_followed_is_due_at_once(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        await actor.see("ONGOING", due_in=HOUR)
        clock.advance(MINUTE)

        assert await campaign.announce() == Announced(nudged=1)

        row = await actor.call()
        assert (row["due_at"], row["nudged_at"]) == (clock(), clock())

    async def test_a_flood_about_one_call_is_no_flood_of_questions(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        await actor.see("ONGOING", due_in=HOUR)
        read_at = clock()
        clock.advance(SECOND / 4)

        assert await campaign.announce(1, 1, 1) == Announced(nudged=1)
        assert await campaign.announce(1) == Announced(nudged=1)

        assert await actor.due_at() == read_at + SECOND

    async def test_what_is_due_sooner_stays_so(self, campaign: Campaign, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        due_at = await actor.due_at()
        clock.advance(MINUTE)

        await campaign.announce()

        assert await actor.due_at() == due_at

    async def test_after_a_failure_it_is_hurried_to_the_end_of_that_wait_and_no_further(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        await actor.see("ONGOING")
        known, until = await actor.take_call(), clock() + 20 * SECOND
        await actor.store.followed.put_off(known, due_at=clock() + HOUR, held_until=until)
        assert await actor.due_at() == clock() + HOUR
        clock.advance(2 * SECOND)

        assert await campaign.announce() == Announced(nudged=1)

        assert await actor.due_at() == until
        clock.advance(19 * SECOND)
        await campaign.announce()
        assert await actor.due_at() == until, "not even then"

    async def test_so_it_is_if_the_webhook_came_before_the_failure(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        await actor.see("ONGOING")
        known = await actor.take_call()
        clock.advance(SECOND)
        await campaign.announce()

        await actor.store.followed.put_off(known, due_at=clock() + HOUR, held_until=clock() + MINUTE)

        assert await actor.due_at() == clock() + MINUTE
        clock.advance(MINUTE)
        await actor.see("TRIGGERED", due_in=HOUR)
        clock.advance(2 * SECOND)
        await campaign.announce()
        assert await actor.due_at() == clock(), "once it was read, nothing holds it"

    async def test_a_look_under_way_keeps_its_lease_and_is_followed_by_another(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        (known,) = (await actor.claim_calls()).rows
        until = clock() + LEASE
        clock.advance(SECOND)

        await campaign.announce()

        row = await actor.call()
        assert (row["due_at"], row["lease"], row["nudged_at"]) == (until, known.lease, clock())
        clock.advance(SECOND)
        assert await actor.store.followed.save(actor.observe(known, "ONGOING"), due_at=clock() + MINUTE)
        assert await actor.due_at() == clock() + SECOND
        clock.advance(SECOND)
        (again,) = (await actor.claim_calls()).rows
        assert again.is_nudged, "the webhook counts for the look that it is followed by"
        assert await actor.store.followed.save(actor.observe(again, "ONGOING"), due_at=clock() + MINUTE)
        assert await actor.due_at() == clock() + MINUTE
        assert not (await actor.take_call()).is_nudged

    async def test_the_other_look_is_not_later_than_it_would_have_been(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        (known,) = (await actor.claim_calls()).rows
        clock.advance(SECOND)
        await campaign.announce()

        assert await actor.store.followed.save(actor.observe(known, "ONGOING"), due_at=clock() + SECOND / 5)

        assert await actor.due_at() == clock() + SECOND / 5

    async def test_even_the_last_look_is_followed_by_another(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        (known,) = (await actor.claim_calls()).rows
        clock.advance(SECOND)
        await campaign.announce()

        assert await actor.store.followed.save(actor.observe(known, "UNANSWERED"), due_at=None)

        assert await actor.due_at() == clock() + SECOND
        await campaign.read("UNANSWERED")
        assert await actor.due_at() is None
        assert await actor.owed() == [("sub-1", "status")]

    async def test_a_call_that_is_over_and_told_is_left_alone(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish()
        await actor.follow()
        await actor.see("UNANSWERED")

        assert await campaign.announce() == Announced(ignored=frozenset({make_call_id(1)}))

        assert await actor.due_at() is None

    async def test_a_call_that_was_let_go_is_read_again_if_its_agent_is_followed(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        clock.advance(25 * HOUR)
        assert (await actor.see("ONGOING")).end is Reason.QUIET
        await campaign.wish(channel_id="C2", agent_id="agent-8")
        await actor.set(followed_calls, {"agent_id": "agent-7"})
        assert await campaign.announce() == Announced(ignored=frozenset({make_call_id(1)}))
        assert await actor.due_at() is None
        await campaign.wish("wish-2", channel_id="C2")
        clock.advance(MINUTE)

        assert await campaign.announce() == Announced(nudged=1)

        row = await actor.call()
        assert (row["due_at"], row["is_awaited"], row["news_at"]) == (clock(), True, clock())
        await campaign.read("ONGOING")
        assert [row["channel_id"] for row in await campaign.born()] == ["C2"]

    async def test_nobody_reads_what_people_have_paused(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow()
        await actor.store.subscriptions.pause("sub-1", by=USER)

        assert await campaign.announce() == Announced(ignored=frozenset({make_call_id(1)}))

        assert await actor.due_at() is None

    async def test_another_workspace_has_calls_of_its_own(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow(team_id=OTHER_TEAM)

        assert await campaign.announce() == Announced(ignored=frozenset({make_call_id(1)}))

        assert (await actor.row(followed_calls))["nudged_at"] is None


class TestUnknownCalls:
    async def test_they_are_read_if_an_agent_is_followed(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()

        assert await campaign.announce(2, 1, 2) == Announced(added=2)
        assert await campaign.announce(2) == Announced(nudged=1)

        row = await actor.call(2)
        assert (row["status"], row["number"], row["is_awaited"], row["read_at"].year) == ("", 0, True, 1970)
        times = ("due_at", "seen_at", "nudged_at", "status_since", "news_at")
        assert [row[name] for name in times] == [clock()] * 5
        assert {known.call_id for known in (await actor.claim_calls()).rows} == {make_call_id(1), make_call_id(2)}

    @pytest.mark.parametrize("state", ["paused", "ended"])
    async def test_nobody_hears_of_them_if_none_is(self, campaign: Campaign, actor: Actor, state: str) -> None:
        await campaign.wish()
        await campaign.wish("other", team_id=OTHER_TEAM)
        await actor.set(agent_subscriptions, {"state": state}, id="wish-1")

        assert await campaign.announce(1, 2) == Announced(ignored=frozenset({make_call_id(1), make_call_id(2)}))

        assert await actor.rows(followed_calls) == []

    async def test_a_call_that_samora_does_not_know_is_asked_for_ten_minutes_and_no_longer(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        began, looks = clock(), 0
        while (due_at := await actor.due_at()) is not None:
            clock.now = max(clock.now, due_at)
            await campaign.read(None)
            looks += 1
        assert 10 * MINUTE <= clock() - began < 12 * MINUTE
        assert looks < 20
        assert not (await actor.call())["is_awaited"]

        await campaign.announce()

        assert await actor.due_at() == clock() + SECOND
        await campaign.read(None)
        assert await actor.due_at() == clock() + 5 * SECOND, "ten minutes more"

    async def test_hundreds_come_in_one_batch(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish()
        await campaign.announce(*range(1, 301))

        assert await campaign.announce(*range(1, 701)) == Announced(nudged=300, added=400)

        assert len(await actor.rows(followed_calls)) == 700

    async def test_two_processes_hear_of_the_same_calls(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.wish()
        numbers = list(range(1, 51))

        both = await asyncio.gather(campaign.announce(*numbers), campaign.announce(*reversed(numbers)))

        assert sum(each.added for each in both) == 50
        assert not any(each.ignored for each in both)
        assert len(await actor.rows(followed_calls)) == 50

    async def test_nothing_at_all_is_nothing(self, campaign: Campaign, store: Store) -> None:
        await campaign.wish()

        assert await store.announcements.announce([], {}) == Announced()

    async def test_each_call_that_nobody_cares_for_is_named(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow(n=1)
        await actor.follow("sub-2", n=2)
        await actor.store.subscriptions.pause("sub-2", by=USER)

        announced = await campaign.announce(1, 2, 3)

        assert announced == Announced(nudged=1, ignored=frozenset({make_call_id(2), make_call_id(3)}))


class TestFollowingMeanwhile:
    async def test_who_follows_a_call_before_it_is_read_is_told_of_what_comes_later_only(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(channel_id="C2")
        await campaign.announce()
        await actor.follow(status="ONGOING")

        await campaign.read("ONGOING")

        assert await actor.owed() == []
        assert (await actor.find()).status == "ONGOING"
        clock.advance(MINUTE)
        await campaign.read("CALL_FINISHED")
        (first, second) = (await actor.claim_turns()).rows[0].notice, await campaign.born()
        assert (first.subscription_id, first.facts.old, first.facts.new) == ("sub-1", "ONGOING", "CALL_FINISHED")
        assert [row["channel_id"] for row in second] == ["C2"]

    async def test_what_changed_between_its_card_and_the_first_look_is_told(
        self, campaign: Campaign, actor: Actor
    ) -> None:
        await campaign.wish(channel_id="C2")
        await campaign.announce()
        await actor.follow(status="TRIGGERED")

        await campaign.read("ONGOING")

        (turn,) = (await actor.claim_turns()).rows
        assert (turn.notice.subscription_id, turn.notice.facts.old) == ("sub-1", "TRIGGERED")

    async def test_its_first_look_is_under_way(self, campaign: Campaign, actor: Actor, clock: FakeClock) -> None:
        await campaign.wish(channel_id="C2")
        await campaign.announce()
        (known,) = (await actor.claim_calls()).rows
        await actor.follow(status="ONGOING")
        clock.advance(SECOND)

        await campaign.look(known, make_reading("ONGOING", at=clock()))

        assert await actor.owed() == []
        assert len(await campaign.born()) == 1

    async def test_to_unfollow_it_does_not_stop_what_is_awaited(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish(channel_id="C2", options=Options(statuses=frozenset({CallStatus.CALL_FINISHED})))
        await campaign.announce()
        await actor.follow(status="ONGOING")
        await campaign.read("ONGOING")

        await actor.store.subscriptions.end("sub-1", by=USER)

        assert await actor.due_at() == clock() + 5 * SECOND
        assert (await actor.find()).state is SubscriptionState.ENDED
        clock.advance(MINUTE)
        await campaign.read("CALL_FINISHED")
        assert [row["channel_id"] for row in await campaign.born()] == ["C2"]


class TestCoverage:
    async def test_a_webhook_about_a_known_call_says_that_they_arrive(
        self, campaign: Campaign, actor: Actor, store: Store, clock: FakeClock
    ) -> None:
        await actor.follow()
        await campaign.read("ONGOING")
        await campaign.cover(missed=2, seen_at=clock() - HOUR)

        await campaign.announce()

        row = await campaign.agent()
        assert (row["webhook_seen_at"], row["missed"], row["name"]) == (clock(), 0, "")
        coverage = await store.announcements.measure_coverage(silent_after=MINUTE)
        assert (coverage.arriving, coverage.stopped, coverage.last_at) == (1, 0, clock())

    async def test_it_is_put_down_every_minute_only(self, campaign: Campaign, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()
        await campaign.read("ONGOING")
        await campaign.announce()
        first = clock()
        clock.advance(59 * SECOND)
        await campaign.announce()
        assert (await campaign.agent())["webhook_seen_at"] == first
        clock.advance(SECOND)

        await campaign.announce()

        assert (await campaign.agent())["webhook_seen_at"] == clock()

    async def test_what_was_missed_is_forgiven_at_once(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        await campaign.read("ONGOING")
        await campaign.cover(missed=2, seen_at=clock() - SECOND)

        await campaign.announce()

        assert (await campaign.agent())["missed"] == 0

    async def test_nor_is_one_missed_that_another_webhook_follows_within_the_same_seconds(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow(status="TRIGGERED")
        await actor.follow("sub-2", n=2, status="TRIGGERED")
        await campaign.cover(seen_at=clock() - HOUR)
        await actor.set(followed_calls, {"agent_id": "agent-7", "due_at": clock() + HOUR}, call_id=str(make_call_id(2)))
        await campaign.announce(2)
        await actor.set(followed_calls, {"due_at": clock() + HOUR}, call_id=str(make_call_id(2)))
        await campaign.read("ONGOING")
        assert (await campaign.agent())["missed"] == 1

        await campaign.announce(2)

        assert (await campaign.agent())["missed"] == 0

    async def test_agents_without_end_are_not_remembered(
        self, actor: Actor, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(coverage, "_MOST_NOTED", 1)
        arrivals = coverage.Arrivals()
        async with actor.database.transaction() as connection:
            for n in (1, 2, 3):
                await arrivals.note(connection, TEAM, [f"agent-{n}"], clock())

        assert len(await actor.rows(agents)) == 3
        assert len(arrivals._noted) <= 2

    async def test_what_counts_as_stopped_misses_no_more(self, campaign: Campaign, actor: Actor) -> None:
        await campaign.cover(missed=3)
        await actor.follow(status="TRIGGERED")

        await campaign.read("ONGOING")

        assert (await campaign.agent())["missed"] == 3

    async def test_a_name_is_kept(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow()
        await campaign.read("ONGOING")
        await campaign.cover(missed=1)
        await actor.set(agents, {"name": "Collections"})

        await campaign.announce()

        assert (await campaign.agent())["name"] == "Collections"

    async def test_the_first_look_at_an_announced_call_says_so_too(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.wish()
        await campaign.announce()
        announced_at = clock()

        known = await campaign.read("PENDING")

        assert (known.is_covered, known.is_nudged) == (False, True)
        assert (await campaign.agent())["webhook_seen_at"] == announced_at
        assert (await actor.take_call()).is_covered

    @pytest.mark.parametrize(
        ("status", "missed"), [("ONGOING", 1), ("CALL_FINISHED", 1), ("REJECTED", 1), ("PENDING", 0)]
    )
    async def test_a_change_that_no_webhook_announced_is_missed(
        self, campaign: Campaign, actor: Actor, status: str, missed: int
    ) -> None:
        await actor.follow(status="TRIGGERED")
        await campaign.cover()

        known = await campaign.read(status)

        assert known.is_covered
        assert (await campaign.agent())["missed"] == missed

    async def test_after_three_in_a_row_they_are_polled_again(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.cover(missed=2)
        await actor.follow(status="TRIGGERED")
        await campaign.read("ONGOING")
        assert await actor.due_at() == clock() + MINUTE
        clock.advance(MINUTE)

        known = await campaign.read("ONGOING")

        assert not known.is_covered
        assert await actor.due_at() == clock() + 5 * SECOND
        coverage = await actor.store.announcements.measure_coverage(silent_after=HOUR)
        assert (coverage.arriving, coverage.stopped) == (0, 1)
        await campaign.announce()
        assert (await actor.take_call()).is_covered

    async def test_what_was_never_covered_is_not_missed(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow(status="TRIGGERED")

        await campaign.read("ONGOING")

        assert await actor.rows(agents) == []

    async def test_after_a_day_of_silence_they_are_polled_again(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await campaign.cover()
        await actor.follow()
        await actor.set(followed_calls, {"agent_id": "agent-7"})
        clock.advance(24 * HOUR)
        assert (await actor.take_call()).is_covered
        clock.advance(SECOND)
        clock.advance(LEASE)

        assert not (await actor.take_call()).is_covered

    async def test_where_no_webhook_ever_came(self, store: Store) -> None:
        coverage = await store.announcements.measure_coverage(silent_after=MINUTE)

        assert (coverage.arriving, coverage.stopped, coverage.last_at) == (0, 0, None)


class TestDelays:
    async def test_a_notice_says_when_it_happened_and_that_a_webhook_told(
        self, campaign: Campaign, actor: Actor, clock: FakeClock
    ) -> None:
        await actor.follow()
        clock.advance(MINUTE)
        await campaign.announce()

        await campaign.read("CALL_FINISHED")

        (turn,) = (await actor.claim_turns()).rows
        call = make_reading("CALL_FINISHED")
        assert (turn.notice.kind, turn.notice.path) == (ChangeKind.STATUS, "webhook")
        assert turn.notice.happened_at == call.ended_at

    async def test_what_polling_found_says_so(self, campaign: Campaign, actor: Actor, clock: FakeClock) -> None:
        await actor.follow()

        await campaign.read("CALL_FINISHED", ended=False)

        (turn,) = (await actor.claim_turns()).rows
        assert (turn.notice.path, turn.notice.happened_at) == ("poll", clock())

    async def test_what_was_missed_during_a_pause_is_not_late(self, campaign: Campaign, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await actor.store.subscriptions.pause("sub-1", by=USER)
        await campaign.read("CALL_FINISHED")
        await actor.deliver()

        await actor.store.subscriptions.resume("sub-1", by=USER)

        (turn,) = (await actor.claim_turns()).rows
        assert (turn.notice.path, turn.notice.happened_at) == ("", None)


async def test_teams_are_told_apart(campaign: Campaign, actor: Actor) -> None:
    await campaign.wish()
    await campaign.announce()

    assert (await actor.row(followed_calls))["team_id"] == TEAM


async def test_calls_carry_the_trace_of_the_webhook_that_named_them(campaign: Campaign, actor: Actor) -> None:
    await campaign.wish()
    await actor.follow(n=1)
    announcements = campaign.store.announcements
    await announcements.announce([make_call_id(n) for n in (1, 2, 3)], {make_call_id(1): "old", make_call_id(2): "new"})
    traces = {row["call_id"]: row["traceparent"] for row in await actor.rows(followed_calls)}
    assert traces == {str(make_call_id(1)): "old", str(make_call_id(2)): "new", str(make_call_id(3)): None}
