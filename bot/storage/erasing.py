"""Erasing: a workspace's rows when it removes the app, a call's or a person's on request. What is in Slack stays there.

Rows are locked in the order that :mod:`bot.storage.steps` gives, and then erased against that of the foreign keys.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.calls import CallId
from bot.storage.database import Database
from bot.storage.schema import audit, budgets, channels, followed_calls, notices, subscriptions
from bot.storage.steps import call_ids, in_pieces, lock_following, stop_idle

# The audit is by far the largest: it goes in so many pieces that none takes long, and what is done stays done.
_AUDIT_PIECE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many rows were erased.

    Attributes:
        calls: followed calls.
        subscriptions: subscriptions.
        notices: notices, sent or not.
        acts: rows of the audit.
        mentions: how many other subscriptions mention that person no more.
    """

    calls: int = 0
    subscriptions: int = 0
    notices: int = 0
    acts: int = 0
    mentions: int = 0


async def erase_team(database: Database, team_id: str) -> int:
    """Erases every row of a workspace, the audit's too; returns how many."""
    tables = (budgets, followed_calls, subscriptions, notices, channels)
    async with database.transaction() as connection:
        for table in tables:
            await _lock(connection, table, table.c.team_id == team_id)
        counts = [
            await _erase(connection, table, table.c.team_id == team_id)
            for table in (notices, subscriptions, followed_calls, channels, budgets)
        ]
    return sum(counts) + await _erase_audit(database, audit.c.team_id == team_id)


async def forget_call(database: Database, call_id: CallId) -> Erased:
    """Erases what is kept about a call, whoever follows it in whatever workspace."""
    is_call, is_its = followed_calls.c.call_id == str(call_id), subscriptions.c.call_id == str(call_id)
    is_owed = notices.c.subscription_id.in_(select(subscriptions.c.id).where(is_its))
    async with database.transaction() as connection:
        for table, condition in ((followed_calls, is_call), (subscriptions, is_its), (notices, is_owed)):
            await _lock(connection, table, condition)
        notes = await _erase(connection, notices, is_owed)
        subs = await _erase(connection, subscriptions, is_its)
        calls = await _erase(connection, followed_calls, is_call)
    acts = await _erase_audit(database, audit.c.call_id == str(call_id))
    return Erased(calls=calls, subscriptions=subs, notices=notes, acts=acts)


async def forget_user(database: Database, user_id: str) -> Erased:
    """Erases what is kept about a person: what she follows, where she is mentioned, what she did.

    Calls that she alone followed are not looked at any more; they say nothing of her.
    """
    is_hers, is_about_her = subscriptions.c.creator_id == user_id, subscriptions.c.mention == user_id
    async with database.transaction() as connection:
        locked = await lock_following(connection, or_(is_hers, is_about_her))
        hers = [each for each in locked if each.row.creator_id == user_id]
        notes = subs = 0
        for piece in in_pieces(each.row.id for each in hers):
            notes += await _erase(connection, notices, notices.c.subscription_id.in_(piece))
            subs += await _erase(connection, subscriptions, subscriptions.c.id.in_(piece))
        await stop_idle(connection, call_ids(hers))
        mentions = (await connection.execute(update(subscriptions).where(is_about_her).values(mention=""))).rowcount
        # Her direct messages.
        await _erase(connection, channels, channels.c.channel_id == user_id)
    acts = await _erase_audit(database, audit.c.user_id == user_id)
    return Erased(subscriptions=subs, notices=notes, acts=acts, mentions=mentions)


async def _lock(connection: AsyncConnection, table: Table, condition: ColumnElement[bool]) -> None:
    keys = table.primary_key.columns
    await connection.execute(select(*keys).where(condition).order_by(*keys).with_for_update())


async def _erase(connection: AsyncConnection, table: Table, condition: ColumnElement[bool]) -> int:
    return (await connection.execute(delete(table).where(condition))).rowcount


async def _erase_audit(database: Database, condition: ColumnElement[bool]) -> int:
    piece = select(audit.c.id).where(condition).order_by(audit.c.id).limit(_AUDIT_PIECE)
    count = 0
    while True:
        async with database.writing() as connection:
            erased = await _erase(connection, audit, audit.c.id.in_(piece))
        count += erased
        if erased < _AUDIT_PIECE:
            return count
