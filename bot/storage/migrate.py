"""Bringing the tables to the newest revision, at start; and which older bots can go on working with them."""

from typing import NamedTuple

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError

from bot.storage.database import Connection, Database, StorageError
from bot.storage.schema import HEAD

# Any number, as long as nobody else uses it in the same database: "samora" as six bytes.
_LOCK = 0x73616D6F7261

# However large the tables have become.
_LONGEST_SECONDS = 900.0

# SQLSTATE insufficient_privilege: since PostgreSQL 15, not everybody may make tables in the schema "public".
_NOT_ALLOWED = "42501"


class _Tables(NamedTuple):
    """Which tables there are, if any, and from which revision on a bot can work with them."""

    revision: str | None = None
    compatible_since: str | None = None


async def check_revision(database: Database) -> str | None:
    """The revision of the tables, as one that this bot can work with or upgrade; None if there are none yet.

    Raises:
        StorageError: a newer bot has upgraded this database, and this one can't work with what it made.
        StoreUnavailable: the database does not answer.
    """
    async with database.reading() as connection:
        return await connection.run_sync(_check_revision)


async def require_tables(database: Database) -> None:
    """Sees to it that our tables are there, and as this bot can work with them; makes and changes nothing.

    Raises:
        StorageError: they are not; what to do.
        StoreUnavailable: the database does not answer.
    """
    found = await check_revision(database)
    if found is None:
        raise StorageError(
            "The bot's tables are not in this database. Is DATABASE_URL right? Start the bot once if so."
        )
    if found < HEAD:
        raise StorageError(
            f"The database is older than this bot (revision {found}). Start the bot once: it brings it to {HEAD}."
        )


async def find_revision(database: Database) -> str | None:
    """The revision of the tables; None if there are none yet. Raises StoreUnavailable."""
    async with database.reading() as connection:
        return (await connection.run_sync(_read_tables)).revision


async def migrate(database: Database) -> None:
    """Makes or upgrades the tables, in one transaction; several processes may do so at once.

    Tables of a newer bot stay as they are, where they are marked as fit for this one: so an upgrade can be taken back.

    Raises:
        StorageError: a newer bot has upgraded this database, and this one can't work with what it made.
        StoreUnavailable: the database does not answer.
    """
    if _is_new_enough(await check_revision(database)):
        return
    try:
        async with database.transaction(seconds=_LONGEST_SECONDS, is_long=True) as connection:
            if not database.is_sqlite:
                await _lock_postgres(connection)
            if not _is_new_enough(await connection.run_sync(_check_revision)):
                await connection.run_sync(_upgrade)
    except ProgrammingError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state != _NOT_ALLOWED:
            raise
        raise StorageError(
            "The bot may not make its tables in this database. Let its user: GRANT CREATE ON SCHEMA public TO …"
        ) from None


async def _lock_postgres(connection: Connection) -> None:
    # However long another process's upgrade takes, and ours.
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _is_new_enough(revision: str | None) -> bool:
    return revision is not None and revision >= HEAD


def _read_tables(connection: SyncConnection) -> _Tables:
    if not inspect(connection).has_table("alembic_version"):
        return _Tables()
    row = connection.execute(text("SELECT * FROM alembic_version")).mappings().first()
    return _Tables(row["version_num"], row.get("compatible_since")) if row else _Tables()


def _check_revision(connection: SyncConnection) -> str | None:
    found, since = _read_tables(connection)
    if found is None or found <= HEAD or (since is not None and since <= HEAD):
        return found
    raise StorageError(
        f"The database is newer than this bot (revision {found}). Run the newer version, or restore a backup."
    )


def _upgrade(connection: SyncConnection) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    from bot.storage.migrations import make_config

    config = make_config(connection)
    command.upgrade(config, "head")
    newest = ScriptDirectory.from_config(config).get_revision("head").module
    # Last of all: whoever starts meanwhile waits for this row's table no longer than for the commit.
    if "compatible_since" not in {column["name"] for column in inspect(connection).get_columns("alembic_version")}:
        connection.execute(text("ALTER TABLE alembic_version ADD COLUMN compatible_since VARCHAR(32)"))
    connection.execute(text("UPDATE alembic_version SET compatible_since = :since"), {"since": newest.compatible_since})
