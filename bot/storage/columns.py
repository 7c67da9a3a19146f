"""Kinds of columns, and the short words that the tables are written in."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Dialect, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine, UserDefinedType


class _TimeText(UserDefinedType[str]):
    """SQLite's DATETIME, as SQLAlchemy has made it in the tables, and as SQLite takes it: a text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in a table."""
        return "DATETIME"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: ``timestamptz`` in PostgreSQL, sortable text in SQLite.

    The text is SQLAlchemy's, "2024-01-15 10:30:05.000000", but made and read here: a look at a call does that fifteen
    times, and SQLAlchemy takes twice as long.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What it is to the database."""
        return dialect.type_descriptor(_TimeText() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Refuses a naive datetime: nobody can say when that is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        return value.isoformat(" ", "microseconds")[: -len("+00:00")] if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Gives it back as it was."""
        if value is None:
            return None
        return datetime.fromisoformat(f"{value}+00:00") if isinstance(value, str) else value.astimezone(UTC)


class ForeignText(TypeDecorator[str]):
    r"""A text from elsewhere, kept as it is whatever it holds: PostgreSQL's own has no room for ``\0``.

    A plain word is stored as that word; quotes, backslashes and everything outside ASCII as in JSON.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escapes it."""
        return None if value is None else json.dumps(value)[1:-1]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Gives it back as it was."""
        return None if value is None else str(json.loads(f'"{value}"'))


BIG_ID = BigInteger().with_variant(Integer(), "sqlite")


def text_column(name: str, default: str | None = None) -> Column[str]:
    """A text that is never null."""
    return Column(name, Text(), nullable=False, default=default)


def count_column(name: str) -> Column[int]:
    """A number that begins at nought."""
    return Column(name, Integer(), nullable=False, default=0)


def flag_column(name: str) -> Column[bool]:
    """A yes or no that begins as no."""
    return Column(name, Boolean(), nullable=False, default=False)


def time_column(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A time, UTC."""
    return Column(name, UtcDateTime(), nullable=nullable)


def where(condition: str) -> dict[str, Any]:
    """What makes an index partial. The migrations make it so in either database; a test holds the two together.

    Told to SQLAlchemy itself, it would import both dialects whichever is used: a twentieth of the time to start.
    """
    return {"info": {"where": condition}}
