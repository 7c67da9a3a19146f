"""A small disk for a database of PostgreSQL's, which can be filled: a tmpfs, where one may mount."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

from tests.postgres import Postgres

_MEGABYTES = 24
_NUMBERS = count(1)

# Rows like the bot's own take what room is left on the table's pages and on those of its indexes, which all grow at the
# end: where such a row finds no room, the bot's next one finds none.
_FILL_PAGES = """
INSERT INTO audit (team_id, at, user_id, action, call_id, channel_id)
SELECT 'T0NOBODY', at, user_id, action, call_id, channel_id FROM audit LIMIT 1
"""


class SmallDisk:
    """A disk with a database on it.

    Attributes:
        name: the database.
    """

    def __init__(self, postgres: Postgres, name: str, folder: Path) -> None:
        self.name = name
        self._postgres = postgres
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Takes all the room there is: on the disk, and on the pages of the table that a subscription needs."""
        with suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            while ballast.write(bytes(65536)):
                pass
        with (
            suppress(psycopg.errors.DiskFull),
            psycopg.connect(self._postgres.url(self.name), autocommit=True) as there,
        ):
            for _ in range(10_000):
                there.execute(_FILL_PAGES)
            raise AssertionError

    def empty(self) -> None:
        """Somebody has made room."""
        self._ballast.unlink()


@contextmanager
def open_small_disk(postgres: Postgres) -> Iterator[SmallDisk]:
    """Mounts the disk, and makes the database.

    Raises:
        PermissionError: whoever runs this may mount nothing.
    """
    ((data,),) = postgres.run("SHOW data_directory")
    owner = os.stat(data)
    with tempfile.TemporaryDirectory(prefix="samora-disk-") as name:
        os.chmod(name, 0o755)  # noqa: S103 - the server's user passes through
        folder = Path(name) / "small"
        folder.mkdir()
        options = f"size={_MEGABYTES}m,uid={owner.st_uid},gid={owner.st_gid},mode=700"
        mounting = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(mounting, capture_output=True, check=False).returncode:
            raise PermissionError("a small disk can't be mounted here")
        try:
            yield from _open_database(postgres, folder)
        finally:
            subprocess.run(["umount", str(folder)], check=True)


def _open_database(postgres: Postgres, folder: Path) -> Iterator[SmallDisk]:
    space = f"small_{next(_NUMBERS)}"
    postgres.run(f"CREATE TABLESPACE {space} LOCATION '{folder}'")
    try:
        name = postgres.make_database(options=f"TABLESPACE {space}")
        try:
            yield SmallDisk(postgres, name, folder)
        finally:
            postgres.drop_database(name)
    finally:
        postgres.run(f"DROP TABLESPACE {space}")
