"""The tables' history: one file per revision in ``versions``, for Alembic."""

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
