"""Opening a database from the plain URL that a person writes; which driver speaks to it is our affair."""

import os
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.storage.database import READERS, Database, StorageError
from bot.storage.sqlite import SqliteEngine

# How long anybody waits for a connection.
_PATIENCE_SECONDS = 5.0
_CONNECTIONS = 8
_RECYCLE_SECONDS = 1800

# What libpq is asked for where the URL says nothing: a dead server or network is noticed within seconds.
_LIBPQ_DEFAULTS = {
    "connect_timeout": "5",
    "application_name": "samora-bot",
    "tcp_user_timeout": "10000",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
_FORMS = "DATABASE_URL is sqlite:///samora-bot.db (a file) or postgresql://user:password@host/name."


def open_database(url: str, *, may_make: bool = True) -> Database:
    """Opens what a person wrote; connects only when it is first used.

    Args:
        url: ``sqlite:///file`` (relative; absolute with four slashes), or ``postgresql://…`` as libpq takes it.
        may_make: whether a file that isn't there is made, and one that is there made ready for us.

    Raises:
        StorageError: it can't be that, or there can be no such file.
    """
    if url.startswith("sqlite:"):
        return Database(_sqlite_engine(_sqlite_path(url), may_make=may_make))
    if url.startswith(("postgresql://", "postgres://")):
        return Database(_postgres_engine(url))
    raise StorageError(_FORMS)


def _sqlite_path(url: str) -> Path:
    name = url.removeprefix("sqlite:///")
    if url in {"sqlite:", "sqlite:/", "sqlite://"} or name in {"", ":memory:"}:
        raise StorageError(f"A database in memory would forget everything when the bot stops. {_FORMS}")
    if name == url or "?" in name:
        raise StorageError(f"That isn't the name of a file. {_FORMS}")
    return Path(name)


def _sqlite_engine(path: Path, *, may_make: bool) -> SqliteEngine:
    if not may_make and not path.exists():
        raise StorageError(f"There is no database: {path}. Is DATABASE_URL right, and this the bot's folder?")
    _open_file(path)
    return SqliteEngine(path, may_make=may_make, connections=1 + READERS)  # one of them writes


def _open_file(path: Path) -> None:
    """Makes an empty file for our user alone if there is none; SQLite gives its other files the same mode."""
    folder = path.parent
    if not folder.is_dir():
        raise StorageError(f"The folder of the database doesn't exist: {folder}. Make it, or change DATABASE_URL.")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f"The database can't be opened: {path} ({reason}). Let the bot write there, or change DATABASE_URL."
        ) from None
    if not os.access(folder, os.W_OK):
        raise StorageError(f"SQLite keeps more files beside the database: let the bot write in the folder {folder}.")


def _postgres_engine(url: str) -> AsyncEngine:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    from bot.storage.postgres import connect

    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        # Without libpq's own words: they quote the URL.
        raise StorageError(f"PostgreSQL can't read DATABASE_URL. {_FORMS}") from None
    options = {name: value for name, value in _LIBPQ_DEFAULTS.items() if name not in given}
    return create_async_engine(
        "postgresql+psycopg://",
        async_creator=partial(connect, url, options),
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_PATIENCE_SECONDS,
        pool_recycle=_RECYCLE_SECONDS,
        use_native_hstore=False,  # one question fewer at start
        hide_parameters=True,
    )
