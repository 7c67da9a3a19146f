"""What a subscription has seen: so that what it missed is told once, and what it saw is not told again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.core.errors import StoreUnavailable
from bot.storage.database import Database, StorageError
from bot.storage.migrate import check_revision, migrate
from bot.storage.opening import open_database
from bot.storage.store import Store
from tests.core.making import MINUTE, FakeClock
from tests.factories import CHANNEL, TEAM, USER
from tests.postgres import Postgres
from tests.storage.acting import Actor


class TestMedia:
    async def test_who_was_paused_when_others_were_told_is_told_at_the_end_of_the_pause(
        self, store: Store, actor: Actor
    ) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await actor.see("CALL_FINISHED")
        await actor.deliver()
        await store.subscriptions.pause("sub-2", by=USER)
        await actor.see("CALL_FINISHED", recording=True, transcript=True)
        assert await actor.owed() == [("sub-1", "media")]
        await actor.deliver()

        assert await store.subscriptions.resume("sub-2", by=USER) == 1

        (turn,) = await actor.deliver()
        assert (turn.notice.subscription_id, turn.notice.kind, turn.notice.facts.recording) == ("sub-2", "media", True)

    async def test_who_was_told_is_not_told_again(self, store: Store, actor: Actor) -> None:
        await actor.follow("sub-1")
        await actor.follow("sub-2", channel_id="C2")
        await actor.see("CALL_FINISHED")
        await actor.see("CALL_FINISHED", recording=True)
        for _ in range(12):
            actor.clock.advance(MINUTE)
        await actor.see("CALL_FINISHED", recording=True)
        await actor.deliver()
        await store.subscriptions.pause("sub-1", by=USER)

        await store.subscriptions.resume("sub-1", by=USER)

        assert await actor.owed() == []


class TestCards:
    async def test_the_last_card_of_what_has_ended_is_drawn_when_the_channel_is_open_again(
        self, store: Store, actor: Actor
    ) -> None:
        await actor.follow("sub-1")
        await actor.see("UNANSWERED")
        await actor.deliver()
        await store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=True)
        assert (await actor.claim_cards()).rows == ()

        await store.subscriptions.resume_channel(TEAM, CHANNEL)

        (job,) = await actor.draw()
        assert job.subscription_id == "sub-1"
        assert (await actor.claim_cards()).rows == ()

    async def test_a_card_that_somebody_refreshed_has_its_call_read_again(
        self, store: Store, actor: Actor, clock: FakeClock
    ) -> None:
        subscription = await actor.follow("sub-1")
        await actor.see("ONGOING")
        assert await actor.due_at() == clock() + MINUTE

        await store.subscriptions.want_card(TEAM, CHANNEL, subscription.card_ts)

        assert await actor.due_at() == clock()


class TestTroubles:
    async def test_a_database_that_hangs_is_given_up(self, database: Database) -> None:
        never = asyncio.Event()
        with pytest.raises(StoreUnavailable, match="time-out"):
            async with database.transaction(seconds=0.05):
                await never.wait()

    async def test_a_write_that_fails_together_with_others_is_told_to_each(
        self, store: Store, actor: Actor, kind: str
    ) -> None:
        if kind != "sqlite":
            pytest.skip("PostgreSQL's commits share their wait by themselves")
        await actor.follow("sub-1", n=1)
        await actor.follow("sub-2", n=2)
        first, second = await actor.take_call(1), await actor.take_call(2)
        lost = replace(second, lease="somebody else's")
        when = {"due_at": actor.clock() + MINUTE, "held_until": actor.clock()}

        await asyncio.gather(store.followed.put_off(first, **when), store.followed.put_off(lost, **when))

        assert (await actor.call(1))["failures"] == 1
        assert (await actor.call(2))["failures"] == 0, "its lease is another's"

    async def test_who_may_not_make_tables_is_told_what_to_grant(self, postgres: Postgres) -> None:
        name = postgres.make_database()
        postgres.run("CREATE ROLE visitor LOGIN")
        url = postgres.url(name).replace("//postgres:", "//visitor:")
        async with opened(url) as database:
            with pytest.raises(StorageError, match="GRANT CREATE"):
                await migrate(database)
        postgres.drop_database(name)

    async def test_a_check_refuses_what_a_start_would_refuse(self, database: Database) -> None:
        assert await check_revision(database)
        async with database.writing() as connection:
            await connection.exec_driver_sql(
                "UPDATE alembic_version SET version_num = '9999', compatible_since = '9998'"
            )
        try:
            with pytest.raises(StorageError, match="newer than this bot"):
                await check_revision(database)
        finally:
            async with database.writing() as connection:
                await connection.exec_driver_sql(
                    "UPDATE alembic_version SET version_num = '0001', compatible_since = '0001'"
                )


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        await database.close()
