"""Boards: what goes onto one, when it is drawn, and what becomes of it when the burst is over."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import pytest

from bot.core.boards import redraw_wait
from bot.core.calls import CallStatus
from bot.core.outbox import BETWEEN_POSTS
from bot.core.ports import Rate
from bot.core.rates import Rates
from bot.storage.boards import want_boards
from bot.storage.database import Database
from bot.storage.schema import boards, followed_calls, subscriptions
from bot.storage.store import Store
from tests.core.making import MINUTE, SECOND, make_subscription
from tests.factories import CHANNEL, OTHER_TEAM, TEAM, USER, make_call_id
from tests.storage.acting import LEASE, PLENTY, Actor
from tests.storage.announced import Campaign
from tests.storage.bursting import Burst, call_ids

FINISHED, UNANSWERED, REJECTED = CallStatus.CALL_FINISHED, CallStatus.UNANSWERED, CallStatus.REJECTED


@pytest.fixture
def burst(actor: Actor) -> Burst:
    return Burst(actor)


class TestFolding:
    async def test_ten_a_minute_have_cards_and_the_next_ones_a_board(self, burst: Burst, actor: Actor) -> None:
        assert not await burst.come(10)
        await actor.draw()

        assert await burst.come(2) == {"sub-0011", "sub-0012"}

        assert await burst.on_boards() == ["sub-0011", "sub-0012"]
        assert not await actor.draw()
        job = await burst.take()
        assert (job.board.team_id, job.board.channel_id, job.board.opened_at) == (TEAM, CHANNEL, actor.clock())
        assert job.key == f"{job.board.id}.board.1"

    async def test_cards_that_nobody_has_begun_to_post_go_along(self, burst: Burst, actor: Actor, store: Store) -> None:
        await burst.come(1)
        await actor.draw()
        await burst.come(2)
        actor.clock.advance(2 * SECOND)
        begun = await actor.take_card()
        assert await store.outbox.begin_card(begun)
        await store.outbox.put_off_card(begun, due_at=actor.clock() + MINUTE, is_unknown=True)
        actor.clock.advance(2 * SECOND)
        leased = await actor.take_card()
        await burst.come(7)
        assert await burst.come() == {f"sub-{n:04d}" for n in range(4, 12)}
        assert {begun.subscription_id, leased.subscription_id, "sub-0001"}.isdisjoint(await burst.on_boards())

    async def test_even_those_of_calls_that_were_over_at_once(self, burst: Burst, actor: Actor) -> None:
        """As all of them are where a channel asks for failed calls only."""
        await burst.come(10)
        await actor.set(subscriptions, {"state": "ended", "reason": "done", "ended_at": actor.clock()})
        assert len(await burst.come()) == 11

    async def test_what_they_were_owed_is_on_the_board(self, burst: Burst, actor: Actor) -> None:
        """Else it would wait for a card for ever."""
        await burst.come(10)
        await actor.see("ONGOING", n=10)
        assert ("sub-0010", "status") in await actor.owed()
        await burst.come()
        assert not await actor.owed()

    async def test_only_the_last_minute_counts(self, burst: Burst, actor: Actor) -> None:
        await burst.come(10)
        await actor.draw()
        actor.clock.advance(MINUTE)
        assert not await burst.come(10)

    async def test_each_channel_has_its_own(self, burst: Burst) -> None:
        await burst.come(10)
        await burst.come(10, channel_id="C9")
        await burst.come(10, team_id=OTHER_TEAM)
        assert await burst.on_boards() == []
        await burst.come()
        await burst.come(channel_id="C9")
        assert {(row["channel_id"], row["team_id"]) for row in await burst.actor.rows(boards)} == {
            (CHANNEL, TEAM),
            ("C9", TEAM),
        }

    async def test_a_call_may_be_too_much_for_one_channel_only(self, burst: Burst) -> None:
        await burst.come(10)
        born = [
            make_subscription(
                f"twin-{channel}",
                channel_id=channel,
                call_id=make_call_id(99),
                card_ts="",
                parent_id=f"agent-{channel}",
                created_at=burst.clock(),
            )
            for channel in ("C9", CHANNEL)
        ]
        assert f"twin-{CHANNEL}" in await burst.bear(*born)
        assert "twin-C9" not in await burst.on_boards()

    async def test_everybody_whom_the_calls_mention_is_mentioned_once(self, burst: Burst) -> None:
        await burst.come(4, mention="U1")
        await burst.come(4, mention="S2")
        await burst.come(2)
        await burst.come(1, mention="U1")
        assert sorted((await burst.take()).mention.split(",")) == ["S2", "U1"]

    async def test_several_processes_open_one_board(self, burst: Burst, actor: Actor) -> None:
        await burst.come(10)
        await actor.draw()
        others = [Burst(actor) for _ in range(4)]
        for n, other in enumerate(others, start=1):
            other.count = n * 1_000
        await asyncio.gather(*(other.come(5) for other in others))
        assert len(await actor.rows(boards)) == 1
        assert len(await burst.on_boards()) >= 16

    async def test_a_person_asking_for_that_call_to_be_redrawn_brings_no_card(self, burst: Burst, store: Store) -> None:
        await burst.come(11)
        await store.subscriptions.change("sub-0011", (await burst.actor.find("sub-0011")).options, by=USER)
        await store.subscriptions.end("sub-0011", by=USER)
        assert not (await burst.actor.claim_cards()).rows


class TestRedrawing:
    async def test_news_wait_as_long_as_the_board_is_old_enough_for(self, burst: Burst, actor: Actor) -> None:
        await burst.come(11)
        assert await burst.draw() == 1
        await burst.change(3, FINISHED)
        assert await burst.next_at() == timedelta(seconds=5)
        actor.clock.advance(timedelta(seconds=2))
        await burst.come()
        assert await burst.next_at() == timedelta(seconds=3)
        actor.clock.advance(timedelta(seconds=98))
        await burst.come(10)
        await burst.draw()
        await burst.come()
        assert await burst.next_at() == redraw_wait(timedelta(seconds=100)) == timedelta(seconds=10)

    async def test_many_wishes_are_one_drawing(self, burst: Burst) -> None:
        await burst.come(30)
        assert await burst.draw() == 1
        assert burst.slack.boards[(await burst.board())["id"]].by_status == {"TRIGGERED": 30}
        assert await burst.next_at() == MINUTE

    async def test_news_while_it_is_being_drawn(self, burst: Burst, store: Store) -> None:
        await burst.come(11)
        job = await burst.take()
        await burst.change(1, FINISHED)
        assert not await burst.claim()
        await store.boards.mark(job, ts="1.1")
        assert await burst.next_at() == timedelta(seconds=5)

    async def test_what_was_put_off_waits_for_that(self, burst: Burst, actor: Actor, store: Store) -> None:
        await burst.come(11)
        job = await burst.take()
        assert await store.boards.begin(job)
        await store.boards.put_off(job, due_at=actor.clock() + MINUTE, is_unknown=True)
        await burst.come()
        assert await burst.next_at() == MINUTE
        actor.clock.advance(MINUTE)
        again = await burst.take()
        assert (again.failures, again.begun_at) == (1, actor.clock() - MINUTE)
        await store.boards.put_off(again, due_at=actor.clock(), is_unknown=False)
        assert (await burst.take()).begun_at is None

    async def test_a_rate_of_posts_holds_for_boards_cards_and_notices_together(
        self, burst: Burst, actor: Actor, store: Store
    ) -> None:
        rate, until = Rate(name="posts", most=2, window=MINUTE), actor.clock() + LEASE
        await actor.follow("sub-9", n=900, channel_id="C8")
        await actor.see("TRIGGERED", n=900)
        await burst.come(11)
        await burst.come(2, channel_id="C9")
        assert len((await actor.claim_turns(rate=rate)).rows) == 1
        assert len((await store.outbox.claim_new_cards(limit=8, until=until, rate=rate)).rows) == 1
        claim = await store.boards.claim_new(limit=8, until=until, rate=rate)
        assert not claim.rows
        assert claim.next_at is not None
        assert claim.next_at >= actor.clock() + MINUTE - SECOND

    async def test_a_rate_of_edits_holds_for_boards_and_cards_together_and_for_no_post(
        self, burst: Burst, actor: Actor, store: Store
    ) -> None:
        rate, until = Rate(name="edits", most=1, window=MINUTE), actor.clock() + LEASE
        await actor.follow("sub-9", n=900, channel_id="C8")
        await actor.see("TRIGGERED", n=900)
        await burst.open()
        await burst.come(11, channel_id="C9")
        assert len((await store.outbox.claim_cards(limit=8, until=until, rate=rate)).rows) == 1
        await burst.change(1, FINISHED)
        actor.clock.advance(timedelta(seconds=20))
        assert not (await store.boards.claim(limit=8, until=until, rate=rate)).rows
        assert len((await store.boards.claim_new(limit=8, until=until, rate=PLENTY)).rows) == 1

    async def test_a_post_holds_the_channel_back(self, burst: Burst, actor: Actor, store: Store) -> None:
        await burst.come(11)
        assert await store.boards.begin(await burst.take())
        assert (await actor.channel())["next_post_at"] == actor.clock() + BETWEEN_POSTS

    async def test_it_waits_while_something_else_is_posted_there(
        self, burst: Burst, actor: Actor, store: Store
    ) -> None:
        await actor.follow("sub-9", n=900)
        await actor.see("TRIGGERED", n=900)
        turn = await actor.take_turn()
        await burst.come(11)
        assert not await store.boards.begin(await burst.take())
        assert await burst.next_at() == BETWEEN_POSTS
        assert (await burst.board())["begun_at"] is None
        await store.outbox.mark_sent(turn, ts="1.2", next_at=actor.clock() + SECOND)
        actor.clock.advance(BETWEEN_POSTS)
        assert await store.boards.begin(await burst.take())

    async def test_released(self, burst: Burst, store: Store) -> None:
        await burst.come(11)
        job = await burst.take()
        await store.boards.release(job)
        assert (await burst.take()).wanted == job.wanted


class TestLosingTheLease:
    async def test_nothing_is_written_but_where_a_new_message_is(
        self, burst: Burst, actor: Actor, store: Store
    ) -> None:
        await burst.come(11)
        first = await burst.take()
        actor.clock.advance(LEASE)
        second = await burst.take()
        before = await burst.board()
        assert not await store.boards.begin(first)
        await store.boards.put_off(first, due_at=actor.clock(), is_unknown=False)
        await store.boards.release(first)
        await store.boards.give_up(first)
        await store.boards.pause(first, reason="is_archived")
        assert await store.boards.repost(first)
        assert await store.boards.close(first, most=10) is None
        assert await burst.board() == before
        assert (await actor.find("sub-0011")).state == "active"
        await store.boards.mark(first, ts="1.1")
        assert await burst.board() == before | {"ts": "1.1"}
        await store.boards.mark(second, ts="2.2")
        assert (await burst.board())["ts"] == "1.1"

    async def test_a_board_that_was_erased(self, burst: Burst, store: Store, database: Database, actor: Actor) -> None:
        job = await burst.open()
        async with database.writing() as connection:
            await connection.execute(boards.delete())
        await store.boards.mark(job, ts="1.1")
        assert (await store.boards.tally(job.board.id)).count == 0
        assert await store.boards.find(job.board.id) is None
        assert await store.boards.close(job, most=10) is None
        async with database.transaction() as connection:
            await want_boards(connection, {job.board.id}, actor.clock())
        assert not await actor.rows(boards)


class TestTally:
    async def test_statuses_rate_and_the_latest_failures(self, burst: Burst, actor: Actor, store: Store) -> None:
        await burst.come(12)
        board_id = (await burst.take()).board.id
        for n in range(1, 7):
            actor.clock.advance(SECOND)
            await burst.change(n, UNANSWERED if n % 2 else REJECTED)
        await burst.change(7, FINISHED)
        await burst.change(8, CallStatus.ONGOING)
        tally = await store.boards.tally(board_id)
        assert tally.by_status == {
            "UNANSWERED": 3, "REJECTED": 3, "CALL_FINISHED": 1, "ONGOING": 1, "TRIGGERED": 4,
        }  # fmt: skip
        assert (tally.count, tally.last_minute, tally.unfinished) == (12, 12, 5)
        assert [call.id for call in tally.failures] == call_ids(6, 5, 4, 3, 2)
        assert tally.failures[0].ended_at == actor.clock()
        actor.clock.advance(MINUTE)
        assert (await store.boards.tally(board_id)).last_minute == 0

    async def test_statuses_that_nobody_knows_and_calls_that_nobody_follows(
        self, burst: Burst, actor: Actor, store: Store
    ) -> None:
        await burst.come(11)
        board_id = (await burst.take()).board.id
        await actor.set(followed_calls, {"status": "PARKED"}, call_id=str(make_call_id(1)))
        await actor.set(followed_calls, {"status": "VOID", "ended_at": actor.clock()}, call_id=str(make_call_id(2)))
        assert (await store.boards.tally(board_id)).unfinished == 10
        await store.subscriptions.end("sub-0003", by=USER)
        tally = await store.boards.tally(board_id)
        assert (tally.unfinished, tally.count) == (9, 11)

    async def test_pages_of_its_calls(self, burst: Burst, actor: Actor, store: Store) -> None:
        for _ in range(12):
            await burst.come()
            actor.clock.advance(SECOND)
        board_id = (await burst.take()).board.id
        page, count = await store.boards.list_calls(board_id, status=None, offset=10, limit=10)
        assert (count, [call.id for call in page]) == (12, call_ids(2, 1))
        page, _ = await store.boards.list_calls(board_id, status=None, offset=0, limit=2)
        assert [(call.id, call.status) for call in page] == [(each, "TRIGGERED") for each in call_ids(12, 11)]

    async def test_pages_of_one_status(self, burst: Burst, store: Store) -> None:
        await burst.come(12)
        board_id = (await burst.take()).board.id
        for n in (2, 5, 9):
            await burst.change(n, UNANSWERED)
        found = {each: await store.boards.list_calls(board_id, status=each, offset=1, limit=1) for each in CallStatus}
        assert {each: count for each, (_, count) in found.items() if count} == {UNANSWERED: 3, CallStatus.TRIGGERED: 9}
        assert [call.id for call in found[UNANSWERED][0]] == call_ids(5)

    async def test_whose_calls_they_are(self, burst: Burst, actor: Actor, store: Store) -> None:
        await burst.come(12)
        board_id = (await burst.take()).board.id
        for n, agent_id in ((1, "one"), (2, "one"), (3, "another")):
            await actor.set(followed_calls, {"agent_id": agent_id}, call_id=str(make_call_id(n)))
        await burst.change(1, UNANSWERED)
        tally = await store.boards.tally(board_id)
        assert dict(tally.by_agent) == {"one": 2, "another": 1}
        assert tally.count == 12
        assert [call.agent_id for call in tally.failures] == ["one"]

    async def test_found_by_its_id(self, burst: Burst, store: Store) -> None:
        job = await burst.open()
        assert await store.boards.find(job.board.id) == job.board
        assert await store.boards.find("nobody") is None


class TestTheEndOfABurst:
    async def test_it_closes_when_a_minute_brought_less_than_too_many(self, burst: Burst, actor: Actor) -> None:
        await burst.come(30)
        await burst.draw()
        actor.clock.advance(timedelta(seconds=30))
        await burst.come(8)
        assert await burst.draw()
        assert (await burst.board())["closed_at"] is None
        actor.clock.advance(timedelta(seconds=30))
        await burst.come()
        assert await burst.draw()
        assert (await burst.board())["closed_at"] == actor.clock()
        assert await burst.next_at() is None

    async def test_without_any_news_too(self, burst: Burst, actor: Actor) -> None:
        await burst.come(30)
        await burst.draw()
        actor.clock.advance(MINUTE)
        await burst.draw()
        assert (await burst.board())["closed_at"] == actor.clock()

    async def test_then_there_are_cards_again_and_for_the_next_burst_another_board(
        self, burst: Burst, actor: Actor
    ) -> None:
        await self.test_without_any_news_too(burst, actor)
        assert not await burst.come(10)
        await burst.come()
        assert {row["closed_at"] for row in await actor.rows(boards)} == {None, actor.clock()}

    async def test_it_unfolds_if_few_calls_are_not_over(self, burst: Burst, actor: Actor) -> None:
        await burst.come(14)
        for n in range(1, 5):
            await burst.change(n, FINISHED)
        await burst.change(5, CallStatus.ONGOING)
        await burst.draw()
        actor.clock.advance(MINUTE)
        await burst.draw()
        assert await burst.on_boards() == [f"sub-{n:04d}" for n in range(1, 5)]
        assert {job.subscription_id for job in await actor.draw()} == {f"sub-{n:04d}" for n in range(5, 15)}
        # They go on as single calls do: changes are told, and not the one that the board has shown.
        await actor.see("CALL_FINISHED", n=5)
        assert await actor.owed() == [("sub-0005", "status")]
        assert not await burst.draw()

    async def test_many_stay_and_it_is_redrawn_until_all_are_over(self, burst: Burst, actor: Actor) -> None:
        await burst.come(15)
        await burst.draw()
        actor.clock.advance(MINUTE)
        await burst.draw()
        assert len(await burst.on_boards()) == 15
        for n in range(1, 16):
            await burst.change(n, FINISHED)
        assert await burst.next_at() == timedelta(seconds=6)
        actor.clock.advance(timedelta(seconds=6))
        await burst.draw()
        assert burst.slack.boards[(await burst.board())["id"]].unfinished == 0
        assert await burst.next_at() is None

    async def test_what_comes_just_as_it_closes_is_shown_there(self, burst: Burst, store: Store, actor: Actor) -> None:
        job = await burst.open()
        closed = await store.boards.close(job, most=0)
        assert closed is not None
        assert closed.board.closed_at == actor.clock()
        await burst.change(11, FINISHED)
        await store.boards.mark(closed, ts="board-1")
        assert await burst.next_at() == timedelta(seconds=5)


class TestSomebodyWantsACard:
    """A person follows a call that stands on a board."""

    async def test_it_leaves_the_board_and_gets_one(self, burst: Burst, store: Store, actor: Actor) -> None:
        await burst.come(12)
        await burst.draw()
        actor.clock.advance(timedelta(seconds=5))
        assert not (await actor.claim_cards()).rows
        assert await store.subscriptions.unfold("sub-0003")
        (card,) = await actor.draw()
        assert (card.subscription_id, card.card_ts) == ("sub-0003", "")
        assert await burst.draw()
        assert burst.slack.boards[(await burst.board())["id"]].count == 11
        # From then on it goes on as any other.
        await actor.see("CALL_FINISHED", n=3)
        assert await actor.owed() == [("sub-0003", "status")]
        await burst.come()
        assert "sub-0003" not in await burst.on_boards()

    async def test_what_is_on_none_stays_as_it_is(self, burst: Burst, store: Store, actor: Actor) -> None:
        await burst.come(12)
        await store.subscriptions.unfold("sub-0003")
        await actor.draw()
        before = await actor.card("sub-0003")
        assert not await store.subscriptions.unfold("sub-0003")
        assert not await store.subscriptions.unfold("nobody")
        assert await actor.card("sub-0003") == before

    async def test_while_slack_refuses_the_channel_it_stays(self, burst: Burst, store: Store, actor: Actor) -> None:
        await store.boards.pause(await burst.open(), reason="is_archived")
        assert not await store.subscriptions.unfold("sub-0003")
        assert not (await actor.claim_cards()).rows


class TestTheChannelAndTheWorkspace:
    async def test_without_a_token_nothing_is_due_until_there_is_one(
        self, burst: Burst, store: Store, actor: Actor
    ) -> None:
        job = await burst.open()
        await store.outbox.stop_team(TEAM)
        assert await burst.next_at() is None
        await store.boards.mark(job, ts=job.board.ts)
        assert await burst.next_at() is None
        await store.subscriptions.resume_team(TEAM)
        assert (await burst.take()).board.id == job.board.id
        assert not (await actor.claim_cards()).rows

    async def test_a_channel_that_is_open_to_us_again_has_it_drawn_even_if_all_calls_are_over(
        self, burst: Burst, store: Store, actor: Actor
    ) -> None:
        job = await burst.open()
        await actor.set(subscriptions, {"state": "ended", "reason": "done", "ended_at": actor.clock()})
        await store.boards.pause(job, reason="is_archived")
        assert await burst.next_at() is None
        await store.subscriptions.resume_channel(TEAM, CHANNEL)
        assert (await burst.take()).board.id == job.board.id

    @pytest.mark.parametrize("how", ["its call's", "its agent's", "the channel", "the workspace"])
    async def test_a_closed_one_that_was_refused_is_drawn_a_last_time_once_somebody_resumes(
        self, burst: Burst, store: Store, actor: Actor, how: str
    ) -> None:
        wish = await Campaign(actor).wish(agent_id=str(make_call_id(77)))
        closed = await store.boards.close(await burst.open(), most=0)
        assert closed
        await actor.set(subscriptions, {"state": "ended", "reason": "done", "ended_at": actor.clock()}, id="sub-0002")
        if how == "the workspace":
            await store.outbox.stop_team(TEAM)
        else:
            await store.boards.pause(closed, reason="is_archived")
        assert await burst.next_at() is None
        resuming: dict[str, Callable[[], Awaitable[object]]] = {
            "its call's": lambda: store.subscriptions.resume("sub-0003", by=USER),
            "its agent's": lambda: store.agents.resume(wish.id, by=USER),
            "the channel": lambda: store.subscriptions.resume_channel(TEAM, CHANNEL),
            "the workspace": lambda: store.subscriptions.resume_team(TEAM),
        }
        await resuming[how]()
        await store.boards.mark(await burst.take(), ts=closed.board.ts)
        assert await burst.next_at() is None

    @pytest.mark.parametrize("who", ["the channel", "the workspace"])
    async def test_an_open_one_is_looked_at_again_even_if_there_was_no_news(
        self, burst: Burst, store: Store, actor: Actor, who: str
    ) -> None:
        await Campaign(actor).wish()
        await burst.come(11)
        await burst.draw()
        await actor.set(subscriptions, {"state": "ended", "reason": "done", "ended_at": actor.clock()})
        actor.clock.advance(MINUTE)
        job = await burst.take()
        if who == "the channel":
            await store.boards.pause(job, reason="is_archived")
            await store.subscriptions.resume_channel(TEAM, CHANNEL)
        else:
            await store.outbox.stop_team(TEAM)
            await store.subscriptions.resume_team(TEAM)
        assert (await burst.take()).board.closed_at is None, "as nobody else would close it"

    async def test_nor_is_one_redrawn_for_that_which_shows_all(self, burst: Burst, store: Store, actor: Actor) -> None:
        wish = await Campaign(actor).wish(agent_id=str(make_call_id(77)))
        closed = await store.boards.close(await burst.open(), most=0)
        assert closed
        await store.boards.mark(closed, ts=closed.board.ts)
        await actor.set(subscriptions, {"state": "ended", "reason": "done", "ended_at": actor.clock()})
        await store.agents.pause(wish.id, by=USER)
        await store.agents.resume(wish.id, by=USER)
        await store.subscriptions.resume_channel(TEAM, CHANNEL)
        assert await burst.next_at() is None

    async def test_a_channel_gets_another_id(self, burst: Burst, store: Store, actor: Actor) -> None:
        await burst.come(11, channel_id="C9")
        job = await burst.open()
        await store.boards.mark(job, ts=job.board.ts)
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
        moved = await store.boards.find(job.board.id)
        assert moved
        assert (moved.channel_id, moved.closed_at) == ("C9", actor.clock())
        assert {row["channel_id"] for row in await actor.rows(boards)} == {"C9"}


class TestACampaign:
    """What issue 5 promises: 5,000 calls in ten minutes are at most 130 messages and edits in the channel."""

    @pytest.mark.parametrize("kind", ["sqlite"])
    async def test_five_thousand_calls_in_ten_minutes(self, burst: Burst, actor: Actor) -> None:
        channel = Channel(burst)
        for second in range(800):
            due = min(5_000, (second + 1) * 5_000 // 600)
            if due > burst.count:
                await burst.come_together(due - burst.count)
            if changes := dict(_find_changes(second)):
                await burst.change_all(changes)
            await channel.hear()
            actor.clock.advance(SECOND)

        (last,) = burst.slack.boards.values()
        # Nothing is lost: who has no card is on the board, which has closed and rests.
        assert channel.cards + last.count == 5_000
        assert last.unfinished == 0
        assert (await burst.board())["closed_at"] is not None
        assert await burst.next_at() is None
        assert not await actor.owed()
        # Each change that a card shows is told in its thread, too.
        assert channel.notices == 3 * channel.cards > 0
        assert channel.cards + channel.redrawn + channel.notices + burst.slack.posts + burst.slack.edits <= 130
        assert channel.most_posts == 1, "in a second"


class Channel:
    """What is said in a channel, at the rates that the settings have by default, with a second between two rounds."""

    RATES = Rates.of(looks_per_second=10, posts_per_minute=300, edits_per_minute=50)

    def __init__(self, burst: Burst) -> None:
        self._burst, self._outbox, self._boards = burst, burst.store.outbox, burst.store.boards
        self.cards = self.redrawn = self.notices = self.most_posts = 0

    async def hear(self) -> None:
        """All that may be said now."""
        before = self._posts()
        now, posts, edits = self._burst.clock(), self.RATES.posts, self.RATES.edits
        for turn in (await self._outbox.claim_turns(limit=32, until=now + LEASE, rate=posts)).rows:
            assert await self._outbox.begin(turn)
            self.notices += 1
            await self._outbox.mark_sent(turn, ts=f"notice-{self.notices}", next_at=now + SECOND)
        for job in (await self._outbox.claim_new_cards(limit=8, until=now + LEASE, rate=posts)).rows:
            if await self._outbox.begin_card(job):
                self.cards += 1
                await self._outbox.mark_card(job, ts=f"card-{self.cards}")
        for job in (await self._outbox.claim_cards(limit=8, until=now + LEASE, rate=edits)).rows:
            self.redrawn += 1
            await self._outbox.mark_card(job, ts=job.card_ts)
        for claim, rate in ((self._boards.claim_new, posts), (self._boards.claim, edits)):
            for board in (await claim(limit=4, until=now + LEASE, rate=rate)).rows:
                await self._burst.drawer.draw(board)
        self.most_posts = max(self.most_posts, self._posts() - before)

    def _posts(self) -> int:
        return self.cards + self.notices + self._burst.slack.posts


class TestGoneAndRefused:
    async def test_posted_anew_once(self, burst: Burst, store: Store) -> None:
        job = await burst.open()
        assert await store.boards.repost(job)
        again = await burst.take()
        assert (again.board.ts, again.key) == ("", f"{job.board.id}.board.2")
        await store.boards.mark(job, ts=job.board.ts)
        assert (await burst.board())["ts"] == ""
        assert not await store.boards.repost(again)

    async def test_given_up(self, burst: Burst, store: Store, actor: Actor) -> None:
        job = await burst.open()
        await store.boards.give_up(job)
        await burst.change(1, FINISHED)
        assert await burst.next_at() is None
        assert (await burst.board())["closed_at"] == actor.clock()
        await burst.come()
        assert len(await actor.rows(boards)) == 2

    async def test_a_channel_that_refuses_it_is_paused_and_its_people_are_told(
        self, burst: Burst, store: Store, actor: Actor
    ) -> None:
        job = await burst.open()
        await store.boards.pause(job, reason="is_archived")
        found = await actor.find("sub-0011")
        assert (found.state, found.reason) == ("paused", "is_archived")
        assert [turn.channel_id for turn in await actor.deliver()] == [USER]
        assert await burst.next_at() is None
        await store.subscriptions.resume("sub-0001", by=USER)
        assert (await burst.take()).board.id == job.board.id
        assert not (await actor.claim_cards()).rows


def _find_changes(second: int) -> Iterator[tuple[int, CallStatus]]:
    """Whose status changes in that second: each call is dialled, spoken with, and over within a minute and a half."""
    for after, status in ((5, CallStatus.ONGOING), (20, CallStatus.PENDING), (60, FINISHED)):
        if second >= after:
            came = second - after
            for n in range(came * 5_000 // 600 + 1, min(5_000, (came + 1) * 5_000 // 600) + 1):
                yield n, (UNANSWERED if status is FINISHED and n % 7 == 0 else status)
