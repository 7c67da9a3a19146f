"""The tables' history: one file per revision in ``versions``, for Alembic.

Each says ``compatible_since``: the oldest revision whose bots can go on working, and be started, once it is there. That
is the newest revision of the release before, unless something had to be taken away; what is no longer needed is taken
away one release after the last bot that used it. ``tests/storage/test_additive.py`` looks at what they do.
"""

from pathlib import Path

from alembic.config import Config
from sqlalchemy import Connection


def make_config(connection: Connection, folder: Path = Path(__file__).parent) -> Config:
    """What Alembic needs to know to work on a connection, within the transaction that is open there."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
