"""Steps that several intentions share.

Rows are locked in one order everywhere, so that nobody waits in a circle:
budget → agents' subscriptions → followed calls → subscriptions → boards → notices → channels → agents, and several of
one table by their ids. Whoever changes the state of a subscription has locked its call first, so that "nobody follows
this call" can be said for sure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, case, exists, func, select, update

from bot.core.changes import ChangeKind, Facts, FollowedCall, Observation
from bot.core.owing import owed_facts
from bot.core.subscriptions import Reason, Subscription, SubscriptionState
from bot.core.tracing import TRACEPARENT
from bot.storage.database import Connection
from bot.storage.rows import SUBSCRIPTIONS, Values, facts_text, followed_of, subscription_of
from bot.storage.schema import channels, followed_calls, notices, subscriptions

IS_ACTIVE = subscriptions.c.state == SubscriptionState.ACTIVE.value
IS_PAUSED = subscriptions.c.state == SubscriptionState.PAUSED.value
IS_ENDED = subscriptions.c.state == SubscriptionState.ENDED.value
IS_OWED = notices.c.done_at.is_(None)

# While Slack refuses us, a card is not due: resuming makes it so.
NO_CARD: Values = {"card_due_at": None, "card_lease": None, "card_failures": 0}

# Neither database takes statements with any number of parameters.
_PIECE = 500


@dataclass(frozen=True, slots=True)
class Locked:
    """A subscription and its call, both locked by us.

    Attributes:
        row: the subscription's row.
        subscription: that as a value.
        call: the call as it is remembered.
    """

    row: Row[Any]
    subscription: Subscription
    call: FollowedCall


def is_in(team_id: str, channel_id: str) -> ColumnElement[bool]:
    """Whether a subscription is one of that channel."""
    return (subscriptions.c.team_id == team_id) & (subscriptions.c.channel_id == channel_id)


def has_live_one() -> ColumnElement[bool]:
    """Whether a subscription's channel follows its call by another one, which has not ended."""
    other = subscriptions.alias("other")
    return exists().where(
        other.c.team_id == subscriptions.c.team_id,
        other.c.channel_id == subscriptions.c.channel_id,
        other.c.call_id == subscriptions.c.call_id,
        other.c.state != SubscriptionState.ENDED.value,
        other.c.id != subscriptions.c.id,
    )


def ids_of(locked: Sequence[Locked]) -> list[str]:
    """The subscriptions' ids."""
    return [each.row.id for each in locked]


def call_ids(locked: Sequence[Locked]) -> list[int]:
    """The ids of their calls' rows."""
    return [each.row.followed_id for each in locked]


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that can say ON CONFLICT; either database says it in the same way, SQLAlchemy in two."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Any:
    """Likewise, for a statement that is made once for all connections; by SQLAlchemy's name of the database."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def in_pieces(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values, each once and in order, so many at a time as a statement can take."""
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _PIECE):
        yield ordered[start : start + _PIECE]


async def lock_following(connection: Connection, condition: ColumnElement[bool]) -> list[Locked]:
    """Locks the subscriptions of which that is true, and their calls before them. Once in a transaction, and first."""
    wanted = followed_calls.c.id.in_(select(subscriptions.c.followed_id).where(condition))
    query = select(followed_calls).where(wanted).order_by(followed_calls.c.id).with_for_update(key_share=True)
    calls = {row.id: followed_of(row) for row in await connection.execute(query)}
    if not calls:
        return []
    rows = await lock_subscriptions(connection, condition)
    # One that has come to be meanwhile is not in order: its call isn't locked.
    return [Locked(row, subscription_of(row), calls[row.followed_id]) for row in rows if row.followed_id in calls]


async def lock_subscriptions(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Locks the subscriptions of which that is true, by their ids."""
    lock = SUBSCRIPTIONS.where(condition).order_by(subscriptions.c.id)
    return (await connection.execute(lock.with_for_update(key_share=True, of=subscriptions))).all()


async def update_subscriptions(connection: Connection, ids: Iterable[str], values: Values) -> None:
    """Gives these columns to these subscriptions."""
    for piece in in_pieces(ids):
        await connection.execute(update(subscriptions).where(subscriptions.c.id.in_(piece)).values(values))


def card_wish(now: datetime) -> Values:
    """The columns of a card that has become out of date. One that is leased, or put off, waits for that.

    What stands on a board has none: see :func:`bot.storage.boards.want_boards`.
    """
    due_at = func.coalesce(subscriptions.c.card_due_at, now)
    return {
        "card_wanted": subscriptions.c.card_wanted + 1,
        "card_due_at": case((subscriptions.c.board_id == "", due_at), else_=subscriptions.c.card_due_at),
    }


def ended(reason: Reason, now: datetime) -> Values:
    """The columns of a subscription that ends. How long it is kept is counted from its last end."""
    return {"state": SubscriptionState.ENDED.value, "reason": reason.value, "ended_at": now}


async def stop_idle(connection: Connection, followed_ids: Iterable[int]) -> None:
    """Stops looking at those of these calls that nobody follows actively, and that no agent's subscription waits for.

    Whoever is looking has lost the lease.
    """
    is_followed = exists().where(subscriptions.c.followed_id == followed_calls.c.id, IS_ACTIVE)
    for piece in in_pieces(followed_ids):
        is_idle = and_(~is_followed, ~followed_calls.c.is_awaited)
        stop = update(followed_calls).where(followed_calls.c.id.in_(piece), is_idle)
        await connection.execute(stop.values(due_at=None, lease=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """A notice that comes to be owed.

    Attributes:
        subscription: whose it is.
        kind: what it is about.
        number: the change's; the same one is never owed twice.
        facts: what it says.
        channel_id: where it goes, if not where the subscription is.
        happened_at: when what it tells happened, UTC; None for what no look has seen.
        path: how that was found out; as an Observation's.
    """

    subscription: Subscription
    kind: ChangeKind
    number: int
    facts: Facts
    channel_id: str = ""
    happened_at: datetime | None = None
    path: str = ""


def find_debt(seen: Observation, subscription: Subscription, *, seen_status: str) -> Debt | None:
    """The notice that a subscription is owed about what was seen, if it is owed one.

    Args:
        seen: what was seen.
        subscription: whose notice it would be.
        seen_status: the status that it knew last.
    """
    facts = owed_facts(seen, subscription, seen=seen_status)
    if seen.kind is None or facts is None:
        return None
    return Debt(
        subscription=subscription,
        kind=seen.kind,
        number=seen.followed.number,
        facts=facts,
        happened_at=seen.happened_at,
        path=seen.path,
    )


async def owe(connection: Connection, debts: Sequence[Debt], now: datetime) -> None:
    """Puts notices down; their channels are yet to be made due."""
    if not debts:
        return
    rows = [
        {
            "team_id": debt.subscription.team_id,
            "subscription_id": debt.subscription.id,
            "number": debt.number,
            "kind": debt.kind.value,
            "channel_id": debt.channel_id or debt.subscription.channel_id,
            "facts": facts_text(debt.facts),
            "created_at": now,
            "happened_at": debt.happened_at,
            "path": debt.path,
            "traceparent": TRACEPARENT.get() or None,
        }
        for debt in debts
    ]
    await connection.execute(insert_into(connection, notices).on_conflict_do_nothing(), rows)


async def forget_owed(connection: Connection, ids: Iterable[str], *, reason: str, now: datetime) -> None:
    """What these subscriptions are owed is never sent; what a person is owed about one of them still is."""
    for piece in in_pieces(ids):
        owed = (notices.c.subscription_id.in_(piece), IS_OWED, notices.c.kind != ChangeKind.PAUSED.value)
        await connection.execute(update(notices).where(*owed).values(done_at=now, dead_reason=reason))


async def find_owed_channels(connection: Connection, ids: Iterable[str]) -> set[str]:
    """The channels in which these subscriptions are owed a notice."""
    found: set[str] = set()
    for piece in in_pieces(ids):
        query = select(notices.c.channel_id).distinct().where(notices.c.subscription_id.in_(piece), IS_OWED)
        found.update((await connection.execute(query)).scalars())
    return found


async def make_due(connection: Connection, team_id: str, channel_ids: Iterable[str], now: datetime) -> None:
    """There is something to be sent there. A channel that is leased, or put off, waits for that."""
    rows = [{"team_id": team_id, "channel_id": each, "due_at": now} for each in sorted(set(channel_ids))]
    if not rows:
        return
    new = insert_into(connection, channels)
    due = new.on_conflict_do_update(
        index_elements=["team_id", "channel_id"],
        set_={"due_at": later(channels.c.next_post_at, new.excluded.due_at)},
        where=channels.c.due_at.is_(None),
    )
    await connection.execute(due, rows)


def later(maybe: ColumnElement[Any], other: Any) -> ColumnElement[Any]:
    """The later one of two times, of which the first may be null."""
    return case((maybe > other, maybe), else_=other)
