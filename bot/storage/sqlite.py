"""SQLite from an event loop: a thread where anybody may wait, and none for what takes microseconds.

SQLAlchemy's way there (aiosqlite) takes every step through a greenlet and a thread, which costs more than the
statements: a transaction of three took 1.8 times as long.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self, TypeVar, TypeVarTuple, overload

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, QueuePool, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.selectable import TypedReturnsRows

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]

# How long anybody waits for another process that writes to the same file.
PATIENCE_SECONDS = 5.0
_RETRY_SECONDS = 0.02

# The log beside the file is written back by whoever commits once it has so many pages, if nobody has done so before.
_LONGEST_LOG = 10_000


class SqliteEngine:
    """A file and its connections; with the methods of SQLAlchemy's ``AsyncEngine`` that we use.

    Attributes:
        sync_engine: SQLAlchemy's own, for the libraries that watch a database.
        pool: the connections.
        threads: where one waits for a lock or for the disk.
    """

    def __init__(self, path: Path, *, may_make: bool, connections: int) -> None:
        """Takes the file, whether it may be made and made ready for us, and how many use it at once at most."""
        creator: Callable[[], Any] = partial(connect, path, may_make=may_make)
        self.pool = QueuePool(
            creator,
            pool_size=connections,
            max_overflow=0,
            timeout=PATIENCE_SECONDS,
            # A transaction ends by itself, and nothing else is left behind to be taken back.
            reset_on_return=None,
        )
        self.sync_engine: Engine = create_engine("sqlite://", pool=self.pool, hide_parameters=True)
        self.threads = ThreadPoolExecutor(connections, thread_name_prefix="sqlite")

    @asynccontextmanager
    async def connect(self, *, is_brief: bool = False) -> AsyncIterator["SqliteConnection"]:
        """For statements that are each a transaction by themselves; each is done in a thread, unless all are brief."""
        connection = SqliteConnection(self)
        try:
            if is_brief:
                connection.stay()
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def begin(self, *, is_long: bool = False) -> AsyncIterator["SqliteConnection"]:
        """For a transaction that writes, from its first statement on.

        All locks are held then, and a statement takes microseconds: so it is done here and now, as a thread would take
        longer; unless the transaction is a long one.
        """
        connection = SqliteConnection(self)
        try:
            await connection.begin(is_long=is_long)
            yield connection
            await connection.commit()
        finally:
            await connection.close()

    async def dispose(self) -> None:
        """Closes every connection; who closes the last one writes the log back."""
        await asyncio.to_thread(self.threads.shutdown)
        await asyncio.to_thread(self.sync_engine.dispose)


class SqliteConnection:
    """A connection for one piece of work, with the methods of SQLAlchemy's ``AsyncConnection`` that we use."""

    def __init__(self, engine: SqliteEngine) -> None:
        """Takes who has the connections; one is taken as soon as it is needed."""
        self._engine = engine
        self._connection: Connection | None = None
        self._is_here = False

    @property
    def dialect(self) -> Dialect:
        """How statements are written."""
        return self._engine.sync_engine.dialect

    @overload
    async def execute(
        self, statement: TypedReturnsRows[*Ts], parameters: Parameters | None = None
    ) -> CursorResult[*Ts]: ...

    @overload
    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]: ...

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Does one statement, and has all of its rows; raises SQLAlchemyError."""
        return await self._do(lambda connection: connection.execute(statement, parameters))

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Does one as SQLite knows it; raises SQLAlchemyError."""
        return await self._do(lambda connection: connection.exec_driver_sql(statement, parameters))

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Does something that takes a while, and wants SQLAlchemy's own connection; raises what it raises."""
        return await self._do_there(work)

    def stay(self) -> bool:
        """Has what follows done here and now, if there is a connection: making one takes a while."""
        self._is_here = self._engine.pool.checkedin() > 0
        if self._is_here:
            self._open(is_patient=False)
        return self._is_here

    async def begin(self, *, is_long: bool) -> None:
        """Waits for the file, which is ours then, until :meth:`commit`, :meth:`rollback` or :meth:`close`."""
        if is_long or not (self.stay() and self._begin_here()):
            await self._do_there(_begin)
        self._is_here = not is_long

    async def commit(self) -> None:
        """Waits for the disk."""
        await self._do_there(lambda connection: connection.commit())

    async def rollback(self) -> None:
        """Takes back what was done since :meth:`begin`."""
        await self._do_there(lambda connection: connection.rollback())

    async def close(self) -> None:
        """Gives the connection back, and takes back what wasn't committed, however much that is."""
        if self._connection is None:
            return
        driver: Any = self._connection.connection.driver_connection
        try:
            if driver.in_transaction:
                await self._do_there(lambda _: driver.rollback())
        finally:
            self._connection.close()

    def _begin_here(self) -> bool:
        """Whether the file could be had at once: mostly nobody else has it, as our own process takes turns."""
        try:
            _begin(self._open(is_patient=False))
        except OperationalError:
            return False  # what patience doesn't mend is met again by who has some
        return True

    async def _do(self, work: Callable[[Connection], T]) -> T:
        if self._is_here:
            return work(self._open(is_patient=False))
        return await self._do_there(work)

    async def _do_there(self, work: Callable[[Connection], T]) -> T:
        there = partial(copy_context().run, lambda: work(self._open(is_patient=True)))
        visit = asyncio.get_running_loop().run_in_executor(self._engine.threads, there)
        try:
            return await asyncio.shield(visit)
        except asyncio.CancelledError:
            # A thread can't be stopped, and what it does must not come after what others do once our turn is over.
            await _end(visit)
            raise

    def _open(self, *, is_patient: bool) -> Connection:
        """The connection; with patience where others may wait for locks, and not where the whole process would wait."""
        if self._connection is None:
            self._connection = self._engine.sync_engine.connect()
        driver: Any = self._connection.connection.driver_connection
        driver.wait_for_locks(is_patient=is_patient)
        return self._connection


async def _end(visit: asyncio.Future[Any]) -> None:
    """Waits for it, however often we are asked to give up, and whatever comes of it."""
    while not visit.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({visit})
    visit.exception()


def _begin(connection: Connection) -> None:
    # A writer that begins as a reader could not be promoted without an error.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Cursor(sqlite3.Cursor):
    """Fetches every row at once, in the thread where the statement is done."""

    _rows: deque[Any]

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        super().execute(sql, parameters)
        self._rows = deque(super().fetchall() if self.description else ())
        return self

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or 1, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows, self._rows = list(self._rows), deque()
        return rows


class _Connection(sqlite3.Connection):
    _is_patient = True

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    def wait_for_locks(self, *, is_patient: bool) -> None:
        if is_patient != self._is_patient:
            self.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000 if is_patient else 0:.0f}")
            self._is_patient = is_patient


def connect(path: Path, *, may_make: bool) -> sqlite3.Connection:
    """Connects, and makes the session ready; ``may_make`` as :func:`bot.storage.opening.open_database` has it.

    Raises:
        sqlite3.Error: it can't be used.
    """
    # No isolation level: the driver begins no transaction behind our back.
    # Several threads use it, and never two at once.
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=PATIENCE_SECONDS, check_same_thread=False, factory=_Connection
    )
    try:
        # The journal's mode is written into the file, which may be somebody else's.
        if may_make:
            _keep_log(connection)
        # FULL: a commit is on the disk when it returns, so even a power cut takes nothing back: no notice is posted
        # twice for it, no subscription forgotten. NORMAL would survive kill -9 as well, but not that, and was 1.3 times
        # as quick. secure_delete: what is deleted is overwritten, not only given free. temp_store: a large change needs
        # a file for a moment, for which a container whose disk is read-only has no place.
        log = f"wal_autocheckpoint={_LONGEST_LOG}"
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY", log):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_log(connection: sqlite3.Connection) -> None:
    """Has changes written to a log beside the file. SQLite itself has no patience when two want that of a new file."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or monotonic() > until:
                raise
        else:
            return
        sleep(_RETRY_SECONDS)
