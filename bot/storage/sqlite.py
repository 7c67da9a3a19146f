"""SQLite's connections, as this bot wants them: made ready, and quick where others are at work beside them."""

import sqlite3
from asyncio import sleep
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Self

import aiosqlite

# How long anybody waits for another process that writes to the same file.
PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = 0.02

# The log beside the file is written back by whoever commits once it has so many pages, if nobody has done so before.
_LONGEST_LOG = 10_000


class Cursor:
    """Does a statement and fetches all of its rows in one visit to the connection's thread.

    aiosqlite goes there four times for it, and each visit waits for both sides to get a turn: with an event loop that
    is busy, that took 2.5 times as long. These are the methods that SQLAlchemy's dialect calls.
    """

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        """Takes the connection whose thread it visits."""
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Costs nothing: what SQLite calls a cursor comes and goes with each statement."""
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Does one statement; raises sqlite3.Error."""
        await self._do("execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Does one statement once for each of these; raises sqlite3.Error."""
        await self._do("executemany", sql, parameters)

    async def fetchall(self) -> list[Any]:
        """The rows of the last statement."""
        return self._rows

    async def close(self) -> None:
        """There is nothing open."""

    async def _do(self, method: str, sql: str, parameters: Iterable[Any]) -> None:
        self.description, self.rowcount, self.lastrowid, self._rows = await self._connection.visit(
            partial(_fetch, method=method, sql=sql, parameters=parameters)
        )


class Connection(aiosqlite.Connection):
    """aiosqlite's, with cursors of ours, and no visits for nothing.

    Attributes:
        is_long: whether its transaction may take long, as that of an upgrade.
    """

    is_long = False

    def cursor(self) -> Cursor:  # type: ignore[override]
        """A cursor, as SQLAlchemy wants it."""
        return Cursor(self)

    async def rollback(self) -> None:
        """SQLAlchemy wants that after all that was read, too; then there is nothing to take back, and no visit."""
        if self.in_transaction:
            await super().rollback()

    async def visit(self, work: Any) -> Any:
        """Has something done with SQLite's own connection, in its thread: there it may wait for a lock or for the disk.

        Within a transaction all locks are held, and a statement takes microseconds: then it is done here and now, as a
        visit would take longer; unless the transaction is a long one.
        """
        if self.in_transaction and not self.is_long:
            return work(self._conn)
        return await self._execute(work, self._conn)  # type: ignore[no-untyped-call]


def _fetch(connection: sqlite3.Connection, *, method: str, sql: str, parameters: Iterable[Any]) -> tuple[Any, ...]:
    cursor = getattr(connection, method)(sql, parameters)
    try:
        rows = cursor.fetchall() if cursor.description else []
        return cursor.description, cursor.rowcount, cursor.lastrowid, rows
    finally:
        cursor.close()


async def connect(path: Path, *, may_make: bool) -> Connection:
    """Connects, and makes the session ready; ``may_make`` as :func:`bot.storage.opening.open_database` has it.

    Raises:
        sqlite3.Error: it can't be used.
    """
    # No isolation level: the driver begins no transaction behind our back.
    # Two threads use it, and never at once.
    opening = partial(sqlite3.connect, path, isolation_level=None, timeout=PATIENCE_SECONDS, check_same_thread=False)
    connection = Connection(opening, iter_chunk_size=1)
    # Whoever doesn't close it must not keep the process from ending.
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does
    await connection
    try:
        # The journal's mode is written into the file, which may be somebody else's.
        if may_make:
            await _keep_log(connection)
        # FULL: a commit is on the disk when it returns, so even a power cut takes nothing back: no notice is posted
        # twice for it, no subscription forgotten. NORMAL would survive kill -9 as well, but not that, and was 1.3 times
        # as quick. secure_delete: what is deleted is overwritten, not only given free. temp_store: a large change needs
        # a file for a moment, for which a container whose disk is read-only has no place.
        log = f"wal_autocheckpoint={_LONGEST_LOG}"
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY", log):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
    except BaseException:
        await connection.close()
        raise
    return connection


async def _keep_log(connection: Connection) -> None:
    """Has changes written to a log beside the file. SQLite itself has no patience when two want that of a new file."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            await connection.execute_fetchall("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or monotonic() > until:
                raise
        else:
            return
        await sleep(_RETRY_SECONDS)
