"""Bringing the tables to the newest revision, at start."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, StorageError
from bot.storage.schema import HEAD

# Any number, as long as nobody else uses it in the same database: "samora" as six bytes.
_LOCK = 0x73616D6F7261

# However large the tables have become.
_LONGEST_SECONDS = 900.0

# SQLSTATE insufficient_privilege: since PostgreSQL 15, not everybody may make tables in the schema "public".
_NOT_ALLOWED = "42501"


async def check_revision(database: Database) -> str | None:
    """The revision of the tables, as one that this bot can work with or upgrade; None if there are none yet.

    Raises:
        StorageError: a newer bot has upgraded this database.
        StoreUnavailable: the database does not answer.
    """
    found = await find_revision(database)
    if found not in {None, HEAD}:
        async with database.reading() as connection:
            await connection.run_sync(_refuse_newer)
    return found


async def require_head(database: Database) -> None:
    """Sees to it that our tables are there, and of this bot's revision; makes and changes nothing.

    Raises:
        StorageError: they are not; what to do.
        StoreUnavailable: the database does not answer.
    """
    found = await check_revision(database)
    if found is None:
        raise StorageError(
            "The bot's tables are not in this database. Is DATABASE_URL right? Start the bot once if so."
        )
    if found != HEAD:
        raise StorageError(
            f"The database is older than this bot (revision {found}). Start the bot once: it brings it to {HEAD}."
        )


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
    try:
        async with database.transaction(seconds=_LONGEST_SECONDS) as connection:
            if not database.is_sqlite:
                await _lock_postgres(connection)
            if await connection.run_sync(_find_revision) != HEAD:
                await connection.run_sync(_upgrade)
    except ProgrammingError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state != _NOT_ALLOWED:
            raise
        raise StorageError(
            "The bot may not make its tables in this database. Let its user: GRANT CREATE ON SCHEMA public TO …"
        ) from None


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

    from bot.storage.migrations import make_config

    _refuse_newer(connection)
    command.upgrade(make_config(connection), "head")


def _refuse_newer(connection: Connection) -> None:
    from alembic.script import ScriptDirectory

    from bot.storage.migrations import make_config

    known = {script.revision for script in ScriptDirectory.from_config(make_config(connection)).walk_revisions()}
    found = _find_revision(connection)
    if found is not None and found not in known:
        raise StorageError(
            f"The database is newer than this bot (revision {found}). Run the newer version, or restore a backup."
        )
