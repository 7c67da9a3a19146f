import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert, inspect, select, text

from bot.core.errors import StoreUnavailable
from bot.storage import migrations
from bot.storage.database import Database, StorageError
from bot.storage.migrate import find_revision, migrate, require_tables
from bot.storage.opening import open_database
from bot.storage.schema import HEAD, followed_calls, metadata, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import FakeClock
from tests.factories import CHANNEL, TEAM, make_call_id
from tests.postgres import Postgres
from tests.storage.acting import Actor

NEXT = f'''
"""One more column."""
import sqlalchemy as sa
from alembic import op
revision = "next"
down_revision = "{HEAD}"
compatible_since = "{HEAD}"

def upgrade() -> None:
    op.add_column("followed_calls", sa.Column("extra", sa.Text(), nullable=False, server_default="old"))
'''


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.make_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The next version of the bot, with one revision more; returns where its revisions are."""
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder)
    (folder / "versions" / "next_extra.py").write_text(NEXT)
    monkeypatch.setattr(migrations, "make_config", partial(migrations.make_config, folder=folder))
    monkeypatch.setattr("bot.storage.migrate.HEAD", "next")
    return folder / "versions"


def test_the_constant_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [HEAD]


async def test_from_nothing_and_again(empty_url: str) -> None:
    database = open_database(empty_url)
    assert await find_revision(database) is None
    for _ in range(2):
        await migrate(database)
        assert await find_revision(database) == HEAD
    async with database.transaction() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_indexes_are_partial_as_the_tables_say(database: Database) -> None:
    said = {
        index.name: plain(index.info.get("where", "")) for table in metadata.sorted_tables for index in table.indexes
    }
    async with database.reading() as connection:
        made = await connection.run_sync(conditions)
    assert {name: made[name] for name in said if name} == said
    assert any(said.values())


def conditions(connection: Connection) -> dict[str | None, str]:
    """Of every index, on which rows it is; empty for all."""
    asking = inspect(connection)
    indexes = [index for table in metadata.sorted_tables for index in asking.get_indexes(table.name)]
    wheres = (index.get("dialect_options", {}) for index in indexes)
    return {
        index["name"]: plain(str(where.get(f"{connection.dialect.name}_where", "")))
        for index, where in zip(indexes, wheres, strict=True)
    }


def plain(condition: str) -> str:
    """Without what PostgreSQL puts around it."""
    return re.sub(r"::\w+|[()\s]", "", condition).lower()


async def test_two_at_once(empty_url: str) -> None:
    databases = [open_database(empty_url) for _ in range(3)]
    await asyncio.gather(*map(migrate, databases))
    assert [await find_revision(each) for each in databases] == [HEAD] * 3
    for each in databases:
        await each.close()


@pytest.mark.parametrize("since", ["9998", None], ids=["not fit for this bot", "of a bot that doesn't say"])
async def test_a_newer_database_is_refused(empty_url: str, since: str | None) -> None:
    database = open_database(empty_url)
    await migrate(database)
    await mark(database, "9999", since)
    with pytest.raises(StorageError, match=r"newer than this bot \(revision 9999\)"):
        await migrate(database)
    with pytest.raises(StorageError, match="newer than this bot"):
        await require_tables(database)
    assert await find_revision(database) == "9999"
    await database.close()


async def test_a_newer_one_that_is_fit_for_this_bot_is_taken_as_it_is(empty_url: str) -> None:
    database = open_database(empty_url)
    await migrate(database)
    await mark(database, "9999", HEAD)
    await migrate(database)
    await require_tables(database)
    assert await find_revision(database) == "9999"
    await database.close()


async def mark(database: Database, revision: str, since: str | None) -> None:
    marking = "UPDATE alembic_version SET version_num = :revision, compatible_since = :since"
    async with database.writing() as connection:
        await connection.execute(text(marking), {"revision": revision, "since": since})


async def test_the_next_release_says_that_this_one_can_live_with_its_tables(
    empty_url: str, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(empty_url)
    await upgrade_to(database, "0004")  # as the last bot left it that marked nothing
    await migrate(database)
    monkeypatch.undo()  # this release again
    assert await find_revision(database) == "next", newer
    await migrate(database)
    await require_tables(database)
    clock = FakeClock()
    actor = Actor(Store(database=database, clock=clock, team_id=lambda: TEAM), database, clock)
    await actor.follow()
    await actor.see("CALL_FINISHED")
    assert len(await actor.rows(notices)) == 1
    await database.close()


@pytest.mark.usefixtures("newer")
async def test_upwards_with_data(empty_url: str) -> None:
    database = open_database(empty_url)
    await upgrade_to(database, HEAD)
    clock = FakeClock()
    actor = Actor(Store(database=database, clock=clock, team_id=lambda: TEAM), database, clock)
    await actor.follow()
    before = await actor.rows(followed_calls)
    await migrate(database)
    assert await find_revision(database) == "next"
    assert await actor.rows(followed_calls) == before
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT extra FROM followed_calls"))).scalar() == "old"
    await actor.see("CALL_FINISHED")
    await database.close()


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005"])
async def test_from_an_older_revision_with_data_and_the_older_bot_goes_on(empty_url: str, revision: str) -> None:
    database = open_database(empty_url)
    await upgrade_to(database, revision)
    older = await reflect(database)
    before = await write_as(older, database, n=1)
    await migrate(database)
    async with database.transaction() as connection:
        assert await connection.run_sync(differences) == []
    # A bot of that version is still running: what it writes is written, and what it knows is as it was.
    assert await write_as(older, database, n=2) == [[*rows, *more] for rows, more in zip(before, before, strict=True)]
    clock = FakeClock()
    actor = Actor(Store(database=database, clock=clock, team_id=lambda: TEAM), database, clock)
    assert [row["ended_at"] for row in await actor.rows(subscriptions)] == [None, None]
    assert (await actor.find("sub-2")).state == "active"
    await database.close()


async def reflect(database: Database) -> MetaData:
    """The tables as a bot of an older version knows them."""

    def read(connection: Connection) -> MetaData:
        known = MetaData()
        known.reflect(connection, only=["followed_calls", "subscriptions"])
        return known

    async with database.reading() as connection:
        return await connection.run_sync(read)


_OLD = {
    "team_id": TEAM, "call_id": "", "status": "ONGOING", "recording": False, "transcript": False, "number": 0,
    "status_since": FakeClock()(), "news_at": FakeClock()(), "is_media_told": False, "is_stuck_told": False,
    "failures": 0, "read_at": FakeClock()(), "channel_id": CHANNEL, "thread_ts": "", "creator_id": "U1",
    "delivery": "thread", "mention": "", "style": "full", "state": "active", "reason": "", "created_at": FakeClock()(),
    "seen_status": "ONGOING", "seen_media": False, "card_ts": "1.1", "card_posts": 1, "is_reposted": False,
    "card_wanted": 1, "card_drawn": 1, "card_failures": 0,
}  # fmt: skip


async def write_as(known: MetaData, database: Database, *, n: int) -> list[list[str]]:
    """Follows the n-th call as the older bot would, and gives the rows that it knows, but for their keys."""
    tables = [known.tables[name] for name in ("followed_calls", "subscriptions")]
    keys: dict[str, Any] = {"call_id": str(make_call_id(n)), "followed_id": n}
    async with database.transaction() as connection:
        for table in tables:
            values = {name: value for name, value in (_OLD | keys).items() if name in table.c}
            await connection.execute(insert(table).values(values | {"id": n if "due_at" in table.c else f"sub-{n}"}))
        rows = [(await connection.execute(select(table).order_by(table.c.id))).mappings().all() for table in tables]
    own = {"id", *keys}
    return [[str({name: row[name] for name in row if name not in own}) for row in each] for each in rows]


async def upgrade_to(database: Database, revision: str) -> None:
    from alembic import command

    def upgrade(connection: Connection) -> None:
        command.upgrade(migrations.make_config(connection), revision)

    async with database.transaction() as connection:
        await connection.run_sync(upgrade)


async def test_an_upgrade_that_fails_changes_nothing(empty_url: str, newer: Path) -> None:
    (newer / "next_extra.py").write_text(NEXT + "    op.drop_table('nowhere')\n")
    database = open_database(empty_url)
    await upgrade_to(database, HEAD)
    with pytest.raises(Exception, match="nowhere"):
        await migrate(database)
    assert await find_revision(database) == HEAD
    async with database.transaction() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


async def test_nobody_answers() -> None:
    database = open_database("postgresql://127.0.0.1:1/x")
    with pytest.raises(StoreUnavailable):
        await migrate(database)
    await database.close()


def test_alembic_is_not_even_imported_where_there_is_nothing_to_do(migrated_file: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from bot.storage.opening import open_database\n"
        "from bot.storage.migrate import migrate\n"
        "from bot.storage.store import Store\n"
        f"database = open_database('sqlite:///{migrated_file}')\n"
        "asyncio.run(migrate(database))\n"
        "print([name for name in sys.modules if name.startswith(('alembic', 'psycopg', 'mako'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
