"""Several processes on one PostgreSQL: nobody gets what somebody else has, and nothing is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from bot.core.changes import ChangeKind
from bot.core.ports import Rate
from bot.storage.adding import find_or_add
from bot.storage.births import lock_parents
from bot.storage.database import Database
from bot.storage.erasing import erase_piece
from bot.storage.opening import open_database
from bot.storage.outbox import _give_back, _hold
from bot.storage.schema import followed_calls, metadata, subscriptions
from bot.storage.steps import Debt, make_due, owe
from bot.storage.store import Store
from tests.core.making import MINUTE, SECOND, FakeClock, make_facts, make_reading, make_subscription, make_wish
from tests.factories import CHANNEL, TEAM, USER, make_call_id
from tests.postgres import Postgres
from tests.storage.acting import LEASE, Actor

DEADLINE = 20.0
AGENT = "a6e27000-0000-4000-8000-000000000001"


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
async def others(url: str, clock: FakeClock) -> AsyncIterator[list[Actor]]:
    """Other processes of the bot, each with connections of its own."""
    databases = [open_database(url) for _ in range(3)]
    yield [Actor(Store(database=each, clock=clock, team_id=lambda: TEAM), each, clock) for each in databases]
    for each in databases:
        await each.close()


async def wait_for_a_lock(postgres: Postgres, count: int = 1) -> None:
    """Until so many of the database's connections wait for somebody else's lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(DEADLINE):
        while (await asyncio.to_thread(postgres.run, waiting))[0][0] < count:
            pass


class TestClaims:
    async def test_nobody_gets_what_somebody_else_has(self, actor: Actor, others: list[Actor]) -> None:
        await actor.follow()
        await actor.multiply(60)
        claims = await asyncio.gather(*(each.claim_calls(limit=5) for each in others * 4))
        ids = [row.id for claim in claims for row in claim.rows]
        assert sorted(ids) == list(range(1, 61))

    async def test_what_is_locked_is_passed_over(self, actor: Actor, database: Database, others: list[Actor]) -> None:
        await actor.follow()
        await actor.multiply(10)
        async with database.transaction() as connection:
            held = followed_calls.select().where(followed_calls.c.id <= 4).with_for_update()
            await connection.execute(held)
            async with asyncio.timeout(DEADLINE):
                claim = await others[0].claim_calls()
        assert {row.id for row in claim.rows} == set(range(5, 11))
        assert claim.next_at == actor.clock()
        assert len((await others[1].claim_calls()).rows) == 4

    async def test_all_that_is_due_is_locked(self, actor: Actor, database: Database, others: list[Actor]) -> None:
        await actor.follow()
        async with database.transaction() as connection:
            await connection.execute(followed_calls.select().with_for_update())
            claim = await others[0].claim_calls()
        assert not claim.rows
        assert claim.next_at is not None
        assert actor.clock() < claim.next_at < actor.clock() + SECOND

    async def test_a_rate_is_exact(self, actor: Actor, others: list[Actor]) -> None:
        await actor.follow()
        await actor.multiply(100)
        rate = Rate(name="exact", most=37, window=MINUTE)
        claims = await asyncio.gather(*(each.claim_calls(limit=5, rate=rate) for each in others * 4))
        assert sum(len(claim.rows) for claim in claims) == 37


class TestReleasing:
    """A notice that comes to be while its channel is given back is seen by the one or by the other."""

    @pytest.fixture(autouse=True)
    async def two(self, actor: Actor) -> None:
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2)
        await actor.see("TRIGGERED", n=1)

    async def test_the_notice_first(
        self, actor: Actor, database: Database, others: list[Actor], postgres: Postgres
    ) -> None:
        turn = await actor.take_turn()
        subscription = await actor.find("sub-2")
        async with database.transaction() as connection:
            debt = Debt(subscription=subscription, kind=ChangeKind.STATUS, number=9, facts=make_facts())
            await owe(connection, [debt], actor.clock())
            await make_due(connection, TEAM, [CHANNEL], actor.clock())
            sent = others[0].store.outbox.mark_sent(turn, ts="1.1", next_at=actor.clock() + SECOND)
            marking = asyncio.create_task(sent)
            await wait_for_a_lock(postgres)
        await marking
        assert (await actor.channel())["due_at"] == actor.clock() + SECOND

    async def test_the_release_first(
        self, actor: Actor, database: Database, others: list[Actor], postgres: Postgres
    ) -> None:
        turn = await actor.take_turn()
        known = await actor.take_call(2)
        seen = actor.observe(known, "TRIGGERED")
        async with database.transaction() as connection:
            await connection.execute(followed_calls.select())
            assert await _hold(connection, turn)
            await _give_back(connection, turn, actor.clock())
            saving = asyncio.create_task(others[0].store.followed.save(seen, due_at=actor.clock()))
            await wait_for_a_lock(postgres)
        assert await saving
        assert (await actor.channel())["due_at"] is not None
        assert len(await actor.deliver()) == 2

    async def test_a_claim_that_finds_nothing(self, actor: Actor, database: Database, others: list[Actor]) -> None:
        await actor.deliver()
        await make_channel_due(actor, database)
        async with database.transaction() as connection:
            debt = Debt(subscription=await actor.find("sub-2"), kind=ChangeKind.STATUS, number=9, facts=make_facts())
            await owe(connection, [debt], actor.clock())
            # The other one claims the channel, sees no notice yet, and gives the channel back.
            assert not (await others[0].claim_turns()).rows
            await make_due(connection, TEAM, [CHANNEL], actor.clock())
        assert len(await actor.deliver()) == 1


async def make_channel_due(actor: Actor, database: Database) -> None:
    async with database.transaction() as connection:
        await make_due(connection, TEAM, [CHANNEL], actor.clock())


class TestFollowing:
    async def test_a_channel_follows_a_call_once_however_many_ask(self, actor: Actor, others: list[Actor]) -> None:
        call, until = make_reading("ONGOING"), actor.clock() + LEASE
        added = await asyncio.gather(
            *(
                each.store.subscriptions.add(make_subscription(f"sub-{n}", card_ts=""), call, card_until=until)
                for n, each in enumerate(others * 3)
            )
        )
        assert len({subscription.id for subscription, _ in added}) == 1
        assert len([job for _, job in added if job]) == 1
        assert len(await actor.rows(followed_calls)) == 1

    async def test_the_last_one_pauses_while_another_comes(self, actor: Actor, others: list[Actor]) -> None:
        await actor.follow("sub-1")
        for n in range(10):
            await asyncio.gather(
                others[0].store.subscriptions.pause("sub-1", by=USER),
                others[1].follow(f"new-{n}", channel_id=f"C{n}", call_id=make_call_id()),
            )
            assert await actor.due_at() is not None
            await asyncio.gather(
                others[0].store.subscriptions.end(f"new-{n}", by=USER),
                others[1].store.subscriptions.resume("sub-1", by=USER),
            )
            assert await actor.due_at() is not None


class TestErasing:
    async def test_whoever_is_about_to_follow_a_call_is_waited_for(
        self, actor: Actor, database: Database, others: list[Actor], postgres: Postgres
    ) -> None:
        """Its call has no subscription yet that others see, and must not go alone."""
        await actor.follow()
        await actor.store.subscriptions.discard("sub-1")
        now, wanted = actor.clock(), make_subscription("sub-2", card_ts="")
        async with database.transaction() as connection:
            await find_or_add(connection, wanted, make_reading("ONGOING"), now=now, card_until=now + LEASE, token="x")
            erasing = asyncio.create_task(others[0].store.subscriptions.erase_team(TEAM))
            await wait_for_a_lock(postgres)
        await erasing
        assert not any([await actor.rows(each, team_id=TEAM) for each in metadata.tables.values()])

    async def test_whoever_follows_a_call_that_is_being_erased_begins_anew(
        self, actor: Actor, database: Database, others: list[Actor], postgres: Postgres
    ) -> None:
        await actor.follow()
        async with database.transaction() as connection:
            await erase_piece(connection, followed_calls.c.team_id == TEAM)
            following = asyncio.create_task(others[0].follow("sub-2", channel_id="C2"))
            await wait_for_a_lock(postgres)
        assert (await following).state == "active"
        assert [row["id"] for row in await actor.rows(subscriptions)] == ["sub-2"]
        assert await actor.due_at() is not None


class TestBirths:
    """A look at a call locks the agents' subscriptions that want it, and then the call; so does everybody else."""

    @pytest.mark.parametrize("act", ["stop_team", "end_all", "move_channel", "refuse"])
    async def test_who_waits_for_an_agents_subscription_holds_no_call(
        self, act: str, actor: Actor, database: Database, others: list[Actor], postgres: Postgres
    ) -> None:
        await actor.store.agents.add(make_wish(agent_id=AGENT))
        await actor.follow()
        await actor.see("PENDING")
        turn = await actor.take_turn()
        subscriptions = others[0].store.subscriptions
        acts: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
            "stop_team": lambda: subscriptions.stop_team(TEAM),
            "end_all": lambda: subscriptions.end_all(TEAM, CHANNEL, by=USER),
            "move_channel": lambda: subscriptions.move_channel(TEAM, CHANNEL, "C9"),
            "refuse": lambda: others[0].store.outbox.pause(turn, reason="is_archived", whole_channel=True),
        }
        born = make_subscription("born-1", parent_id="wish-1")
        async with database.transaction() as connection:
            assert await lock_parents(connection, [born]) == [born]
            acting = asyncio.create_task(acts[act]())
            await wait_for_a_lock(postgres)
            calls = await connection.execute(followed_calls.select().with_for_update(nowait=True))
            assert len(calls.all()) == 1
        await acting
        found = await actor.store.agents.find("wish-1")
        assert found is not None
        assert (found.state, found.channel_id) != ("active", CHANNEL)
