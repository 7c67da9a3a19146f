"""Our connections beside the library's: they speak to SQLAlchemy alike, and are made ready by several at once."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.core.errors import StoreUnavailable
from bot.storage import sqlite
from bot.storage.database import Database
from bot.storage.opening import open_database
from bot.storage.sqlite import connect

CONNECT = sqlite3.connect


def size(path: Path) -> int:
    return path.stat().st_size


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def fail_amid(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO calls (name) VALUES ('lost')"))
        raise KeyError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


def test_what_is_deleted_is_overwritten_however_sqlite_was_built(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect_careless(*given: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = CONNECT(*given, **options)
        connection.execute("PRAGMA secure_delete=OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_careless)
    connection = connect(path, may_make=True)
    assert connection.execute("PRAGMA secure_delete").fetchall() == [(1,)]
    connection.close()


async def test_many_open_a_new_file_at_once(path: Path) -> None:
    connecting = (asyncio.to_thread(connect, path, may_make=True) for _ in range(20))
    for each in await asyncio.gather(*connecting):
        assert each.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
        each.close()


def test_nobody_waits_for_ever_for_a_file_that_is_being_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = CONNECT(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.05)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connect(path, may_make=True)
    assert caught.value.sqlite_errorname == "SQLITE_BUSY"
    holder.close()


def test_a_new_file_that_another_one_makes_ready_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = CONNECT(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    def sleep(_seconds: float) -> None:
        if holder.in_transaction:
            holder.execute("COMMIT")

    monkeypatch.setattr(sqlite, "sleep", sleep)
    # As SQLite's own patience is no help where it sees that both wait for each other.
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **options: CONNECT(*given, **options | {"timeout": 0}))
    connection = connect(path, may_make=True)
    assert not holder.in_transaction
    connection.close()
    holder.close()


def test_a_file_that_is_something_else_is_left_alone(path: Path) -> None:
    write(path, b"no database, but of some length" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        connect(path, may_make=True)
    assert caught.value.sqlite_errorname == "SQLITE_NOTADB"


class TestStatements:
    @pytest.fixture
    async def database(self, path: Path) -> Any:
        database = open_database(f"sqlite:///{path}")
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE calls (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"))
        yield database
        await database.close()

    async def test_rows_and_counts(self, database: Database) -> None:
        async with database.transaction() as connection:
            names = [{"name": each} for each in "abc"]
            many = await connection.execute(text("INSERT INTO calls (name) VALUES (:name)"), names)
            assert many.rowcount == 3
            changed = await connection.execute(text("UPDATE calls SET name = name || '!' WHERE id > 1"))
            assert changed.rowcount == 2
            back = await connection.execute(text("INSERT INTO calls (name) VALUES ('d') RETURNING id, name"))
            assert back.all() == [(4, "d")]
        async with database.reading() as connection:
            rows = await connection.execute(text("SELECT * FROM calls"))
            assert list(rows.keys()) == ["id", "name"]
            assert rows.fetchone() == (1, "a")
            assert rows.fetchmany(2) == [(2, "b!"), (3, "c!")]
            assert rows.all() == [(4, "d")]

    async def test_what_is_not_committed_is_gone_though_nothing_is_taken_back_on_return(
        self, database: Database
    ) -> None:
        with pytest.raises(KeyError):
            await fail_amid(database)
        beginning = asyncio.Event()

        async def hang() -> None:
            async with database.transaction() as connection:
                await connection.execute(text("INSERT INTO calls (name) VALUES ('lost, too')"))
                beginning.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await beginning.wait()
        task.cancel()
        await asyncio.wait({task})
        for _ in range(4):  # whichever connection it was
            async with database.transaction() as connection:
                assert (await connection.execute(text("SELECT count(*) FROM calls"))).scalar() == 0

    async def test_what_is_given_up_is_over_before_others_have_their_turn(
        self, database: Database, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def rename(name: str) -> None:
            async with database.writing() as connection:
                await connection.execute(text("REPLACE INTO calls VALUES (1, :name)"), {"name": name})

        other = CONNECT(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        given_up = asyncio.create_task(rename("given up"))
        await asyncio.wait({given_up}, timeout=0.05)
        newer = asyncio.create_task(rename("newer"))
        for _ in range(3):
            given_up.cancel()
            done, _ = await asyncio.wait({given_up, newer}, timeout=0.02)
            assert not done
        other.execute("COMMIT")
        await asyncio.wait({given_up, newer})
        assert given_up.cancelled()
        assert other.execute("SELECT name FROM calls").fetchall() == [("newer",)]
        assert caplog.records == []
        other.close()

    async def test_a_commit_that_fails_leaves_nothing_open(self, database: Database) -> None:
        async with database.transaction() as connection:
            later = "REFERENCES calls (id) DEFERRABLE INITIALLY DEFERRED"
            await connection.execute(text(f"CREATE TABLE notices (call INTEGER {later})"))
        for _ in range(2):
            with pytest.raises(IntegrityError):
                async with database.transaction() as connection:
                    await connection.execute(text("INSERT INTO notices VALUES (7)"))
        async with database.transaction() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM notices"))).scalar() == 0

    async def test_who_is_given_up_while_a_statement_runs_leaves_nothing_behind(self, database: Database) -> None:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT max(i) FROM n"

        async def count() -> None:
            async with database.transaction(is_long=True) as connection:
                await connection.execute(text("INSERT INTO calls (name) VALUES ('lost')"))
                await connection.execute(text(endless))

        task = asyncio.create_task(count())
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        task.cancel()
        await asyncio.wait({task})
        async with database.transaction() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM calls"))).scalar() == 0


class TestWhere:
    """What takes microseconds is done in the event loop's own thread, and what may take a while is not."""

    @pytest.fixture
    def threads(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Hears of each ``note()`` in a statement."""
        threads: list[int] = []

        def connect_noting(*given: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = CONNECT(*given, **options)
            connection.create_function("note", 0, lambda: threads.append(threading.get_ident()))
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect_noting)
        return threads

    async def test_brief_transactions_and_readings_are_done_here(self, path: Path, threads: list[int]) -> None:
        database = open_database(f"sqlite:///{path}")
        for is_long in (False, True, False):
            async with database.transaction(is_long=is_long) as connection:
                await connection.execute(text("SELECT note()"))
        for is_brief in (False, True):
            async with database.reading(is_brief=is_brief) as connection:
                await connection.execute(text("SELECT note()"))
        await database.close()
        here = threading.get_ident()
        assert [each == here for each in threads] == [True, False, True, False, True]

    async def test_who_is_in_no_hurry_connects_first(self, path: Path, threads: list[int]) -> None:
        """Connecting to a file takes a while."""
        database = open_database(f"sqlite:///{path}")
        for _ in range(2):
            async with database.reading(is_brief=True) as connection:
                await connection.execute(text("SELECT note()"))
        await database.close()
        here = threading.get_ident()
        assert [each == here for each in threads] == [False, True]

    async def test_another_process_that_writes_is_waited_for_elsewhere(self, path: Path) -> None:
        database = open_database(f"sqlite:///{path}")
        async with database.transaction() as connection:
            await connection.execute(text("CREATE TABLE calls (name TEXT)"))
        other = CONNECT(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        async def write() -> None:
            async with database.transaction() as connection:
                await connection.execute(text("INSERT INTO calls VALUES ('ours')"))

        writing = asyncio.create_task(write())
        done, _ = await asyncio.wait({writing}, timeout=0.1)
        assert not done  # and we have been served meanwhile
        other.execute("COMMIT")
        await writing
        assert other.execute("SELECT name FROM calls").fetchall() == [("ours",)]
        other.close()
        await database.close()

    async def test_what_no_patience_mends_is_told_wherever_it_is_tried(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def deny(action: int, *_: Any) -> int:
            return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION else sqlite3.SQLITE_OK

        def connect_denying(*given: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = CONNECT(*given, **options)
            connection.set_authorizer(deny)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect_denying)
        database = open_database(f"sqlite:///{path}")
        for _ in range(2):  # first as it connects, then with what is there
            with pytest.raises(StoreUnavailable, match="SQLITE_AUTH"):
                async with database.transaction():
                    pass
        await database.close()


async def test_the_log_is_written_back_while_others_write_and_begun_anew(path: Path) -> None:
    database = open_database(f"sqlite:///{path}")
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE calls (name BLOB)"))
    before = size(path)
    for _ in range(600):
        async with database.transaction() as connection:
            await connection.execute(text("INSERT INTO calls VALUES (randomblob(5000))"))
    written = 600 * 5_000
    # The last one that closes a file writes the log back anyhow: so that isn't us.
    last = CONNECT(path)
    last.execute("SELECT count(*) FROM calls").fetchall()
    await database.close()
    assert size(path) > before + written / 2
    assert size(path.with_name("bot.db-wal")) < written
    last.close()
