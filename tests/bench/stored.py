"""Databases filled in bulk, with what is to be worked on: quicker than following a call ten thousand times."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert

from bot.sandbox.company import SandboxCall
from bot.storage.database import Database
from bot.storage.migrate import migrate
from bot.storage.opening import open_database

Values = dict[str, Any]


def now() -> datetime:
    """The bot's own clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """A database with its tables."""
    database = open_database(url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


async def insert_all(database: Database, table: Table, rows: Sequence[Values]) -> None:
    """Inserts rows that all have the same columns."""
    async with database.transaction() as connection:
        await connection.execute(insert(table), list(rows))


def followed_row(number: int, call: SandboxCall, *, team_id: str, due_at: datetime | None) -> Values:
    """A call of the sandbox's that is followed, known as it is: a look at it brings no news."""
    started_at = call.started_at.replace(microsecond=0) if call.started_at else None
    return {
        "id": number,
        "team_id": team_id,
        "call_id": call.call_id,
        "status": call.status,
        "started_at": started_at,
        "status_since": now(),
        "news_at": now(),
        "read_at": now(),
        "due_at": due_at,
    }


def subscription_row(
    number: int, call: SandboxCall, *, team_id: str, channel_id: str, card_ts: str, card_due_at: datetime | None = None
) -> Values:
    """A channel that follows it and has its card; with a time, the card is to be redrawn then."""
    return {
        "id": f"bench-{number}",
        "team_id": team_id,
        "channel_id": channel_id,
        "call_id": call.call_id,
        "followed_id": number,
        "creator_id": "U0MIRA",
        "delivery": "thread",
        "style": "full",
        "state": "active",
        "created_at": now() - timedelta(minutes=5),
        "seen_status": call.status,
        "card_ts": card_ts,
        "card_posts": 1,
        "card_wanted": 1 if card_due_at is None else 2,
        "card_drawn": 1,
        "card_due_at": card_due_at,
    }
