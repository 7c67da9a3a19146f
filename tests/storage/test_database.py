import asyncio
import gc
import random
import sqlite3
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, bindparam, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from bot.core.errors import StoreUnavailable
from bot.storage import database as database_module
from bot.storage.database import READERS, Database, StorageError
from bot.storage.migrate import migrate
from bot.storage.opening import open_database
from bot.storage.schema import channels, followed_calls, notices
from bot.storage.store import Store
from tests.core.making import SECOND, FakeClock
from tests.factories import TEAM, USER
from tests.postgres import Postgres
from tests.storage.acting import Actor


async def run(database: Database, *statements: Executable) -> None:
    async with database.transaction() as connection:
        for statement in statements:
            await connection.execute(statement)


class TestErrors:
    async def test_a_bug_stays_a_bug(self, database: Database) -> None:
        with pytest.raises(DBAPIError):
            async with database.reading() as connection:
                await connection.execute(text("SELECT nothing FROM nowhere"))
        twice = [insert(channels).values(team_id=TEAM, channel_id="C1")] * 2
        with pytest.raises(IntegrityError):
            await run(database, *twice)
        with pytest.raises(SQLAlchemyError):
            async with database.writing() as connection:
                await connection.execute(insert(notices).values(nothing=1))
        await database.ping()

    async def test_all_or_nothing(self, database: Database, actor: Actor) -> None:
        with pytest.raises(DBAPIError):
            await run(database, insert(channels).values(team_id=TEAM, channel_id="C1"), text("no statement"))
        assert not await actor.rows(channels)

    async def test_no_parameter_gets_out(self, database: Database) -> None:
        with pytest.raises(IntegrityError) as caught:
            async with database.writing() as connection:
                await connection.execute(insert(followed_calls).values(team_id="geheim"))
        assert "geheim" not in str(caught.value).split("DETAIL")[0]

    async def test_nobody_answers(self) -> None:
        database = open_database("postgresql://jane:geheim@127.0.0.1:1/x")
        with pytest.raises(StoreUnavailable) as caught:
            await database.ping()
        assert caught.value.reason == "OperationalError"
        shown = "".join(traceback.format_exception(caught.value))
        assert "geheim" not in shown
        assert "jane" not in shown
        await database.close()

    async def test_the_server_goes_and_comes_back(self, postgres: Postgres, migrated: str) -> None:
        database = open_database(postgres.url(migrated))
        store = Store(database=database, clock=FakeClock(), team_id=lambda: TEAM)
        await store.measure()
        postgres.stop()
        try:
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    await store.measure()
                with pytest.raises(StoreUnavailable):
                    await store.subscriptions.end("sub-1", by=USER)
        finally:
            postgres.start()
        await store.measure()
        assert not await store.subscriptions.end("sub-1", by=USER)
        await database.close()

    async def test_a_connection_that_was_cut(self, postgres: Postgres, migrated: str) -> None:
        database = open_database(postgres.url(migrated))
        await database.ping()
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'samora-bot'"
        postgres.run(cut)
        with pytest.raises(StoreUnavailable):
            await database.ping()
        await database.ping()
        write = insert(channels).values(team_id=TEAM, channel_id="gone")
        with pytest.raises(StoreUnavailable) as caught:
            await run(database, write, text(cut))
        assert caught.value.reason == "57P01"
        async with database.reading() as connection:
            assert (await connection.execute(channels.select().filter_by(channel_id="gone"))).first() is None
        await database.close()

    @pytest.mark.parametrize(
        ("statement", "reason"),
        [
            ("SET LOCAL statement_timeout = 10; SELECT pg_sleep(9)", "57014"),
            ("SET TRANSACTION READ ONLY; CREATE TABLE a (b int)", "25006"),
        ],
    )
    async def test_what_time_may_mend(self, postgres: Postgres, statement: str, reason: str) -> None:
        database = open_database(postgres.url())
        with pytest.raises(StoreUnavailable) as caught:
            await run(database, *map(text, statement.split("; ")))
        assert caught.value.reason == reason
        await database.close()

    async def test_a_full_pool(self, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.storage.opening._CONNECTIONS", 1)
        monkeypatch.setattr("bot.storage.opening._PATIENCE_SECONDS", 0.01)
        database = open_database(postgres.url())
        async with database.reading():
            with pytest.raises(StoreUnavailable, match="no connection was free"):
                await database.ping()
        await database.ping()
        await database.close()

    def test_an_error_of_the_system(self) -> None:
        assert database_module._find_passing_reason(ConnectionRefusedError()) == "ConnectionRefusedError"


class TestSqlite:
    @pytest.fixture
    def kind(self) -> str:
        return "sqlite"

    async def test_locked_by_another_process(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.storage.opening._PATIENCE_SECONDS", 0.01)
        database = open_database(url)
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable) as caught:
            async with database.transaction():
                pass
        assert caught.value.reason == "SQLITE_BUSY"
        other.execute("ROLLBACK")
        other.close()
        async with database.transaction():
            await database.ping()
        await database.close()

    async def test_a_full_disk(self, database: Database) -> None:
        rows = [{"team_id": TEAM, "channel_id": str(n) * 100, "failures": 0} for n in range(1000)]
        with pytest.raises(StoreUnavailable, match="SQLITE_FULL"):
            await run(database, text("PRAGMA max_page_count = 1"), insert(channels).values(rows))

    async def test_another_kind_of_file(self, tmp_path: Path) -> None:
        path = tmp_path / "letter.txt"
        path.write_text("Dear Jane, " * 1000)
        database = open_database(f"sqlite:///{path}")
        with pytest.raises(StorageError, match="isn't an SQLite database"):
            await migrate(database)
        await database.close()

    async def test_readers_do_not_wait_for_a_writer(self, database: Database) -> None:
        async with database.transaction() as connection:
            await connection.execute(insert(channels).values(team_id=TEAM, channel_id="C1"))
            async with database.reading() as reader:
                assert (await reader.execute(channels.select())).first() is None


@pytest.mark.filterwarnings("ignore:The garbage collector is trying to clean up:sqlalchemy.exc.SAWarning")
async def test_whoever_is_cancelled_leaves_nothing_behind(actor: Actor, clock: FakeClock) -> None:
    """A worker's time may run out at any moment, also within a transaction."""
    await actor.follow()
    dice = random.Random(7)
    for _ in range(40):
        work = asyncio.create_task(actor.see(dice.choice(["ONGOING", "TRIGGERED"])))
        for _ in range(dice.randrange(60)):
            await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        clock.advance(SECOND)
    await actor.see("TRIGGERED")
    await actor.see("ONGOING")
    owed = await actor.owed()
    assert len(await actor.deliver()) == len(owed)
    assert (await actor.call())["number"] >= len(owed)
    # Cancelled while it connects, SQLAlchemy leaves the connection to the garbage collector: here, not in another test.
    gc.collect()


async def test_writes_wait_longer_for_each_other_the_more_of_them_came_together_the_last_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction costs as much as ten writes; and one that comes alone is written at once."""
    database = open_database(f"sqlite:///{tmp_path}/bot.db")
    await migrate(database)
    waits: list[float] = []
    wait = asyncio.sleep

    async def note(seconds: float) -> None:
        waits.append(seconds)
        await wait(0)

    write_together = database._write_together
    coming = [1, 3, 40, 1]
    tasks: list[asyncio.Task[bool]] = []

    async def write(together: list[database_module._Write]) -> list[bool]:
        tasks.extend(asyncio.create_task(change(number)) for number in range(coming.pop(0) if coming else 0))
        await wait(0)
        return await write_together(together)

    def change(number: int) -> Coroutine[Any, Any, bool]:
        statement = update(channels).where(channels.c.channel_id == bindparam("of_id")).values(team_id="T1")
        return database.change(statement, {"of_id": str(number)})

    monkeypatch.setattr(database, "_write_together", write)
    monkeypatch.setattr(asyncio, "sleep", note)
    await change(0)
    while coming:
        await wait(0.001)
    await asyncio.gather(*tasks)
    await database.close()

    shortest, longest = database_module._GATHERING_SECONDS, database_module._LONGEST_GATHERING_SECONDS
    assert waits == pytest.approx([shortest, 2 * shortest, 2 * shortest, 4 * shortest, longest])


async def test_who_writes_needs_not_wait_for_those_who_read(database: Database) -> None:
    begun, over = asyncio.Semaphore(0), asyncio.Event()

    async def read() -> None:
        async with database.reading():
            begun.release()
            await over.wait()

    readers = [asyncio.create_task(read()) for _ in range(READERS)]
    for _ in readers:
        await begun.acquire()

    async with asyncio.timeout(5), database.transaction() as connection:
        await connection.execute(text("SELECT 1"))

    over.set()
    await asyncio.gather(*readers)
