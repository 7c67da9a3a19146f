"""Bringing the tables to the newest revision, at start."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, StorageError
from bot.storage.schema import HEAD

# Any number, as long as nobody else uses it in the same database: "samora" as six bytes.
_LOCK = 0x73616D6F7261


async def find_revision(database: Database) -> str | None:
    """The revision of the tables; None if there are none yet. Raises StoreUnavailable."""
    async with database.reading() as connection:
        return await connection.run_sync(_find_revision)


async def migrate(database: Database) -> None:
    """Makes or upgrades the tables, in one transaction; several processes may do so at once.

    Raises:
        StorageError: a newer bot has upgraded this database.
        StoreUnavailable: the database does not answer.
    """
    if await find_revision(database) == HEAD:
        return
    async with database.transaction() as connection:
        if not database.is_sqlite:
            await _lock_postgres(connection)
        if await connection.run_sync(_find_revision) != HEAD:
            await connection.run_sync(_upgrade)


async def _lock_postgres(connection: AsyncConnection) -> None:
    # However long another process's upgrade takes, and ours.
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _find_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    from bot.storage.migrations import make_config

    config = make_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = _find_revision(connection)
    if found is not None and found not in known:
        raise StorageError(
            f"The database is newer than this bot (revision {found}). Run the newer version, or restore a backup."
        )
    command.upgrade(config, "head")
