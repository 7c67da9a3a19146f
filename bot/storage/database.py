"""The database: connections, transactions, and the one place where the drivers' errors become ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Update, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.core.errors import PermanentError, StoreUnavailable
from bot.storage.sqlite import SqliteConnection, SqliteEngine
from bot.storage.turns import Turns

# What a piece of work is given: the two have in common what it needs.
Connection = AsyncConnection | SqliteConnection

# PostgreSQL's SQLSTATEs that time, or whoever runs the server, will mend. By class: connection, rollback, resources,
# object state, intervention, system; and one by one: read-only after a failover, a transaction that took too long.
_PASSING_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})
_PASSING_STATES = frozenset({"25006", "25P03", "25P04"})

# A server that hangs keeps its own time limits no more, so we have one too, a little longer than the server's.
_SECONDS = 15.0

# So many read an SQLite file at once, beside the one who writes: who writes must not wait for a connection, too.
READERS = 2

# SQLite's that are not the statement's fault; a statement that is wrong says SQLITE_ERROR.
_BUGS_OF_SQLITE = frozenset({"SQLITE_ERROR", "SQLITE_MISUSE", "SQLITE_RANGE"})

# So long a write waits for others to share its transaction with, which is a wait for the disk and costs as much as ten
# writes: the longer, the more of them came together the last time. A look may be late.
_GATHERING_SECONDS = 0.005
_LONGEST_GATHERING_SECONDS = 0.02

# After so many transactions SQLite's log is written back into its file, beside the work: who commits would wait for it.
_TRANSACTIONS_LOGGED = 100


@dataclass(frozen=True, slots=True)
class _Write:
    """A change that waits for its transaction."""

    statement: Update
    values: dict[str, Any]
    is_done: asyncio.Future[bool]


class StorageError(PermanentError):
    """The database can't be used until somebody acts; ``reason`` is a sentence for that person."""


class Database:
    """Gives out connections, each for one piece of work; every error of a driver that time may mend is translated.

    SQLite has one writer at a time, so writes queue here and not in its busy handler, where they would starve.
    Nothing but database work belongs between the beginning of a piece of work and its end.
    """

    def __init__(self, engine: AsyncEngine | SqliteEngine) -> None:
        """Takes an engine that :func:`bot.storage.opening.open_database` made."""
        self._engine = engine
        self.is_sqlite = isinstance(engine, SqliteEngine)
        self._turns = Turns() if self.is_sqlite else None
        self._seats = asyncio.Semaphore(READERS) if self.is_sqlite else contextlib.nullcontext()
        self._waiting: list[_Write] = []
        self._writer: asyncio.Task[None] | None = None
        self._logged = 0
        self._checkpoint: asyncio.Task[None] | None = None
        # Where each statement is a transaction by itself.
        self._single = (
            engine if isinstance(engine, SqliteEngine) else engine.execution_options(isolation_level="AUTOCOMMIT")
        )

    @property
    def sync_engine(self) -> Engine:
        """What the libraries that watch a database want."""
        return self._engine.sync_engine

    @asynccontextmanager
    async def reading(self, *, is_brief: bool = False) -> AsyncIterator[Connection]:
        """For statements that read: each sees the newest. Brief are those that an index answers at once."""
        engine = self._single
        opened = engine.connect(is_brief=is_brief) if isinstance(engine, SqliteEngine) else engine.connect()
        async with _translated(), asyncio.timeout(_SECONDS), self._seats, opened as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """For one statement that writes: a transaction by itself, without the round trips of one."""
        async with _translated(), asyncio.timeout(_SECONDS), AsyncExitStack() as stack:
            if self._turns:
                await stack.enter_async_context(self._turns.take())
            yield await stack.enter_async_context(self._single.connect())

    async def change(self, statement: Update, values: dict[str, Any]) -> bool:
        """One statement that changes one row at most; whether it did.

        In SQLite, those that come while another is written share a transaction: each commit waits for the disk.
        PostgreSQL lets commits share that wait by itself.
        """
        if not self.is_sqlite:
            async with self.writing() as connection:
                return (await connection.execute(statement, values)).rowcount == 1
        write = _Write(statement, values, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting(), name="write")
        return await write.is_done

    async def _write_waiting(self) -> None:
        """A task of its own: whoever gives up waiting must not take the others' writes back."""
        together: list[_Write] = []
        while self._waiting:
            await asyncio.sleep(min(_GATHERING_SECONDS * (1 + len(together)), _LONGEST_GATHERING_SECONDS))
            together, self._waiting = self._waiting, []
            try:
                found = await self._write_together(together)
            except Exception as error:  # noqa: BLE001 - everyone who waits hears of it
                for write in together:
                    if not write.is_done.done():
                        write.is_done.set_exception(error)
            else:
                for write, is_changed in zip(together, found, strict=True):
                    if not write.is_done.done():
                        write.is_done.set_result(is_changed)

    async def _write_together(self, together: list["_Write"]) -> list[bool]:
        alike: dict[Update, list[dict[str, Any]]] = {}
        for write in together:
            alike.setdefault(write.statement, []).append(write.values)
        async with self.transaction() as connection:
            counts = [(await connection.execute(*each)).rowcount for each in alike.items()]
            if sum(counts) == len(together):
                return [True] * len(together)
            # Somebody has lost a lease: once more, one by one, to see who.
            await connection.rollback()
        async with self.transaction() as connection:
            return [(await connection.execute(each.statement, each.values)).rowcount == 1 for each in together]

    @asynccontextmanager
    async def transaction(
        self, *, seconds: float = _SECONDS, is_urgent: bool = False, is_long: bool = False
    ) -> AsyncIterator[Connection]:
        """For statements that are done all or none, in so many seconds.

        Urgent is what somebody outside waits for; long is what touches many rows, and must not keep others waiting.
        """
        async with _translated(), asyncio.timeout(seconds), AsyncExitStack() as stack:
            if self._turns:
                await stack.enter_async_context(self._turns.take(is_urgent=is_urgent))
            engine = self._engine
            begun = engine.begin(is_long=is_long) if isinstance(engine, SqliteEngine) else engine.begin()
            yield await stack.enter_async_context(begun)
        if self.is_sqlite:
            self._write_back()

    def _write_back(self) -> None:
        self._logged += 1
        if self._logged >= _TRANSACTIONS_LOGGED and (self._checkpoint is None or self._checkpoint.done()):
            self._logged = 0
            self._checkpoint = asyncio.create_task(self._write_log_back(), name="checkpoint")

    async def _write_log_back(self) -> None:
        """Most of it while others write; then, while nobody does, the rest.

        So the next one who writes begins the log anew, in a place that the disk knows: one that grows takes it longer.
        """
        # What it can't do now, the next one will.
        with contextlib.suppress(StoreUnavailable):
            for borrow in (self.reading, self.writing):
                async with borrow() as connection:
                    await connection.execute(text("PRAGMA wal_checkpoint(PASSIVE)"))

    async def wipe(self) -> None:
        """After rows were erased: SQLite keeps older pages in the log beside its file, which is emptied.

        As far as nobody reads them just now; what is left is overwritten as the log goes on.
        """
        if self.is_sqlite:
            async with self.writing() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def ping(self) -> None:
        """Whether it answers; raises StoreUnavailable if not."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def find_version(self) -> str:
        """Which database it is, and of which version; raises StoreUnavailable."""
        asking = "SELECT sqlite_version()" if self.is_sqlite else "SHOW server_version"
        async with self.reading() as connection:
            version = (await connection.execute(text(asking))).scalar_one()
        return f"{'SQLite' if self.is_sqlite else 'PostgreSQL'} {version}"

    async def close(self) -> None:
        """Closes every connection."""
        for task in (self._writer, self._checkpoint):
            if task:
                await task
        await self._engine.dispose()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError:
        raise StoreUnavailable("time-out") from None
    except (SQLAlchemyError, OSError) as error:
        reason = _find_passing_reason(error)
        if reason is None:
            raise
        if reason == "SQLITE_NOTADB":
            raise StorageError("DATABASE_URL names a file that isn't an SQLite database.") from None
        # Without its cause: that one's text holds statements, host names and users.
        raise StoreUnavailable(reason) from None


def _find_passing_reason(error: SQLAlchemyError | OSError) -> str | None:
    """What to call an error that time may mend: a SQLSTATE or a class; None if it is a bug."""
    if isinstance(error, PoolTimeout | OSError):
        return "no connection was free" if isinstance(error, PoolTimeout) else type(error).__name__
    if not isinstance(error, DBAPIError):
        return None
    cause = error.orig
    name = getattr(cause, "sqlite_errorname", None)
    if name:
        return None if name in _BUGS_OF_SQLITE or name.startswith("SQLITE_CONSTRAINT") else str(name)
    state = getattr(cause, "sqlstate", None)
    is_passing = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    if is_passing or (state and (state[:2] in _PASSING_CLASSES or state in _PASSING_STATES)):
        return str(state or type(cause).__name__)
    return None
