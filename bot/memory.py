"""The memory: the database of a process, open and up to date; that it can't be is a sentence for whoever started it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.check.database import DATABASE_ADVICE
from bot.core.boards import BurstRules
from bot.core.errors import StoreUnavailable
from bot.server import CannotStart
from bot.storage.database import Database, StorageError
from bot.storage.migrate import migrate, require_tables
from bot.storage.opening import open_database
from bot.storage.store import Store

_BURST = BurstRules()


@asynccontextmanager
async def open_store(
    url: str, *, team_id: Callable[[], str], may_make: bool = True, burst: BurstRules = _BURST
) -> AsyncIterator[Store]:
    """The database; open as long as the context.

    Args:
        url: where it is, as a person writes it.
        team_id: whose rows are claimed.
        may_make: whether it is made and its tables brought up to date; else both have to be so already.
        burst: when cards are too many, for whoever adds any.

    Raises:
        CannotStart: it does not answer, can't be used, belongs to a newer bot, or is not made.
    """
    try:
        database = open_database(url, may_make=may_make)
        async with _closing(database):
            await (migrate(database) if may_make else require_tables(database))
            yield Store(database=database, clock=lambda: datetime.now(UTC), team_id=team_id, burst=burst)
    except StorageError as error:
        raise CannotStart(error.reason) from None
    except StoreUnavailable as error:
        raise CannotStart(f"The database doesn't answer ({error.reason}). {DATABASE_ADVICE}") from None


@asynccontextmanager
async def _closing(database: Database) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await database.close()
