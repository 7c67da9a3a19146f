"""Erasing: a workspace's rows when it removes the app, a call's or a person's on request. What is in Slack stays there.

Rows are locked in the order that :mod:`bot.storage.steps` gives, and then erased against that of the foreign keys. What
may be much goes in pieces, each a transaction: whoever is cut off keeps what is done, and gets further the next time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_, update

from bot.core.calls import CallId
from bot.storage.database import Connection, Database
from bot.storage.schema import (
    agent_subscriptions,
    agents,
    audit,
    boards,
    budgets,
    channels,
    followed_calls,
    notices,
    subscriptions,
    webhooks,
)
from bot.storage.steps import call_ids, in_pieces, lock_following, stop_idle

# The most calls and subscriptions, and the most rows that belong to them, in a piece: none takes long.
_KEYS = 500
_PIECE = 10_000


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
    """Erases every row of a workspace, the audit's too; returns how many.

    What is followed goes first: without it, nobody has anything left of which new rows could come to be.
    """
    count = await _erase_rows(database, agent_subscriptions, agent_subscriptions.c.team_id == team_id)
    followed = await _erase_followed(database, followed_calls.c.team_id == team_id)
    count += followed.calls + followed.subscriptions + followed.notices
    for table in (agents, webhooks, boards, channels, budgets, audit):
        count += await _erase_rows(database, table, table.c.team_id == team_id)
    await database.wipe()
    return count


async def forget_call(database: Database, call_id: CallId) -> Erased:
    """Erases what is kept about a call, whoever follows it in whatever workspace."""
    followed = await _erase_followed(database, followed_calls.c.call_id == str(call_id))
    acts = await _erase_rows(database, audit, audit.c.call_id == str(call_id))
    await database.wipe()
    return replace(followed, acts=acts)


async def forget_user(database: Database, user_id: str) -> Erased:
    """Erases what is kept about a person: what she follows, where she is mentioned, what she did.

    Calls that she alone followed are not looked at any more; they say nothing of her.
    """
    is_hers, is_about_her = subscriptions.c.creator_id == user_id, subscriptions.c.mention == user_id
    async with database.transaction(is_long=True) as connection:
        locked = await lock_following(connection, or_(is_hers, is_about_her))
        hers = [each for each in locked if each.row.creator_id == user_id]
        notes = subs = 0
        for piece in in_pieces(each.row.id for each in hers):
            notes += await _erase(connection, notices, notices.c.subscription_id.in_(piece))
            subs += await _erase(connection, subscriptions, subscriptions.c.id.in_(piece))
        await stop_idle(connection, call_ids(hers))
        subs += await _erase(connection, agent_subscriptions, agent_subscriptions.c.creator_id == user_id)
        mentions = 0
        for table in (subscriptions, agent_subscriptions, boards):
            is_named = table.c.mention.contains(user_id)  # on a board, several are
            mentions += (await connection.execute(update(table).where(is_named).values(mention=""))).rowcount
        # Her direct messages.
        await _erase(connection, channels, channels.c.channel_id == user_id)
    acts = await _erase_rows(database, audit, audit.c.user_id == user_id)
    await database.wipe()
    return Erased(subscriptions=subs, notices=notes, acts=acts, mentions=mentions)


async def _erase_followed(database: Database, condition: ColumnElement[bool]) -> Erased:
    """Erases these calls and what hangs on them, piece by piece."""
    total = Erased()
    while True:
        async with database.transaction(is_long=True) as connection:
            piece = await erase_piece(connection, condition)
        if piece == Erased():
            return total
        total = Erased(
            calls=total.calls + piece.calls,
            subscriptions=total.subscriptions + piece.subscriptions,
            notices=total.notices + piece.notices,
        )


async def erase_piece(connection: Connection, condition: ColumnElement[bool]) -> Erased:
    """Erases some of these calls, or some of what hangs on them; nothing only if there are none.

    Nobody adds to a call while we have it locked: neither a subscription nor a notice.
    """
    calls = await _lock(connection, followed_calls, condition)
    subs = await _lock(connection, subscriptions, subscriptions.c.followed_id.in_(calls))
    owed = select(notices.c.id).where(notices.c.subscription_id.in_(subs)).limit(_PIECE)
    notes = await _erase(connection, notices, notices.c.id.in_(owed))
    if notes == _PIECE:
        return Erased(notices=notes)
    await _erase(connection, subscriptions, subscriptions.c.id.in_(subs))
    if len(subs) == _KEYS:
        return Erased(subscriptions=len(subs), notices=notes)
    await _erase(connection, followed_calls, followed_calls.c.id.in_(calls))
    return Erased(calls=len(calls), subscriptions=len(subs), notices=notes)


async def _lock(connection: Connection, table: Table, condition: ColumnElement[bool]) -> Sequence[Any]:
    """The ids of the first of these rows, locked by us."""
    query = select(table.c.id).where(condition).order_by(table.c.id).limit(_KEYS)
    return (await connection.execute(query.with_for_update())).scalars().all()


async def _erase(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return (await connection.execute(delete(table).where(condition))).rowcount


async def _erase_rows(database: Database, table: Table, condition: ColumnElement[bool]) -> int:
    """Erases rows on which nothing hangs, piece by piece."""
    keys = table.primary_key.columns
    first = select(*keys).where(condition).order_by(*keys).limit(_PIECE).with_for_update()
    async with database.reading() as connection:
        if (await connection.execute(select(*keys).where(condition).limit(1))).first() is None:
            return 0  # whoever is cut off early must not lose time with what isn't there
    count = 0
    while True:
        async with database.transaction(is_long=True) as connection:
            erased = await _erase(connection, table, tuple_(*keys).in_(first))
        count += erased
        if erased < _PIECE:
            return count
