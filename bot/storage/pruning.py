"""Pruning: what is over goes when its time is up. In batches, so that nobody who claims has to wait for long.

Several processes may prune at once: what one has locked, another passes over. It is the database that is pruned,
whichever workspace a row is of: one that nobody serves any more has rows as well.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, exists, literal_column, or_, select, tuple_, update

from bot.storage.database import Connection, Database
from bot.storage.schema import (
    agent_subscriptions,
    agents,
    audit,
    boards,
    channels,
    followed_calls,
    notices,
    subscriptions,
)
from bot.storage.steps import IS_ENDED, IS_OWED

Key = tuple[Any, ...]

_BATCH = 500

_IS_OWED_SOMETHING = exists().where(notices.c.subscription_id == subscriptions.c.id, IS_OWED)
_HAS_SUBSCRIPTION = exists().where(subscriptions.c.followed_id == followed_calls.c.id)

# To the letter, as the partial index has it.
_HAS_ENDED: ColumnElement[bool] = agent_subscriptions.c.state == literal_column("'ended'")

_HAS_CALLS = exists().where(subscriptions.c.board_id == boards.c.id, subscriptions.c.board_id != "")


async def prune(database: Database, *, now: datetime, kept: timedelta, audit_kept: timedelta) -> int:
    """Prunes one batch of each kind, and returns how many rows that were: none if there is nothing left to do.

    Nothing that is active, paused or owed goes, whatever its age.
    """
    before = now - kept
    count = await _date_ends(database, now)
    count += await _prune(database, audit, audit.c.at < now - audit_kept)
    count += await _prune(database, notices, notices.c.done_at < before)
    count += await _prune_subscriptions(database, before)
    count += await _prune(database, agent_subscriptions, _HAS_ENDED & (agent_subscriptions.c.ended_at < before))
    count += await _prune(database, boards, (boards.c.closed_at < before) & boards.c.due_at.is_(None) & ~_HAS_CALLS)
    is_silent = or_(agents.c.webhook_seen_at < before, agents.c.webhook_seen_at.is_(None))
    count += await _prune(database, agents, (agents.c.name == "") & is_silent)
    is_idle = followed_calls.c.due_at.is_(None) & (followed_calls.c.read_at < before)
    count += await _prune(database, followed_calls, is_idle & ~_HAS_SUBSCRIPTION)
    for is_old in (channels.c.next_post_at < before, channels.c.next_post_at.is_(None)):
        count += await _prune(database, channels, channels.c.due_at.is_(None) & is_old)
    return count


async def _prune(database: Database, table: Table, condition: ColumnElement[bool]) -> int:
    async with database.transaction(is_long=True) as connection:
        old = await _lock(connection, table, condition)
        await connection.execute(delete(table).where(_is_among(table, old)))
    return len(old)


async def _date_ends(database: Database, now: datetime) -> int:
    """A bot of an older version has ended these, and not said when: they are kept as long as if it had been now."""
    async with database.transaction(is_long=True) as connection:
        undated = await _lock(connection, subscriptions, IS_ENDED & subscriptions.c.ended_at.is_(None))
        date = update(subscriptions).where(_is_among(subscriptions, undated))
        await connection.execute(date.values(ended_at=now))
    return len(undated)


async def _prune_subscriptions(database: Database, before: datetime) -> int:
    """With their notices. Those that are owed one, or a last picture of their card, wait."""
    is_over = IS_ENDED & (subscriptions.c.ended_at < before) & subscriptions.c.card_due_at.is_(None)
    async with database.transaction(is_long=True) as connection:
        old = await _lock(connection, subscriptions, is_over & ~_IS_OWED_SOMETHING)
        await connection.execute(delete(notices).where(notices.c.subscription_id.in_([key for (key,) in old])))
        await connection.execute(delete(subscriptions).where(_is_among(subscriptions, old)))
    return len(old)


async def _lock(connection: Connection, table: Table, condition: ColumnElement[bool]) -> list[Key]:
    """The keys of a batch of rows, locked by us."""
    query = select(*table.primary_key.columns).where(condition).limit(_BATCH)
    return [tuple(row) for row in await connection.execute(query.with_for_update(skip_locked=True))]


def _is_among(table: Table, keys: list[Key]) -> ColumnElement[bool]:
    return tuple_(*table.primary_key.columns).in_(keys)
