"""Cards that are out of date, not posted yet, or to be posted anew."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, literal_column, select, update

from bot.core.outbox import CardJob
from bot.core.ports import Claim, Rate
from bot.core.subscriptions import Reason, SubscriptionState
from bot.storage.agent_standing import pause_agents
from bot.storage.columns import UtcDateTime
from bot.storage.database import Connection
from bot.storage.leases import Queue, StorePart
from bot.storage.refusing import lock_refused, pause_refused
from bot.storage.rows import Values, card_job_of, card_key, known_of
from bot.storage.schema import followed_calls, notices, subscriptions
from bot.storage.slots import find_slots, take_slot
from bot.storage.steps import IS_OWED, NO_CARD, lock_subscriptions, make_due, update_subscriptions

_queue = partial(
    Queue, subscriptions, key=subscriptions.c.id, due_at=subscriptions.c.card_due_at, lease=subscriptions.c.card_lease
)
# To the letter, as the partial index has it.
_NEW = _queue(among=subscriptions.c.card_ts == literal_column("''"))
_OLD = _queue(among=subscriptions.c.card_ts != literal_column("''"))

_WAIT = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("of_id"))
    .values(card_due_at=bindparam("of_due_at", type_=UtcDateTime()), card_lease=None)
)


class CardStore(StorePart):
    """The part of :class:`bot.core.ports.Outbox` that is about cards."""

    async def claim_new_cards(self, *, limit: int, until: datetime, rate: Rate) -> Claim[CardJob]:
        """Takes cards that are to be posted, one for each channel that takes a message now."""
        wish = self._wish(limit, until, rate)
        return await _NEW.claim(self._database, wish, partial(_load_new, now=wish.now))

    async def claim_cards(self, *, limit: int, until: datetime, rate: Rate) -> Claim[CardJob]:
        """Takes cards that stand there and are out of date."""
        return await _OLD.claim(self._database, self._wish(limit, until, rate), _load)

    async def begin_card(self, job: CardJob) -> bool:
        """Puts down that the card is about to be posted; False if it is somebody else's by now, or is to wait.

        Then it is given back for the time at which its channel takes a message.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            row = await _lock(connection, job)
            if row is None or row.card_lease != job.lease:
                return False
            free_at = await take_slot(connection, job.team_id, job.channel_id, now)
            values: Values = {"card_due_at": free_at, "card_lease": None} if free_at else {"card_begun_at": now}
            await update_subscriptions(connection, [row.id], values)
            return free_at is None

    async def mark_card(self, job: CardJob, *, ts: str) -> None:
        """The card stands there as wanted.

        A new card is remembered even if its lease was lost: else it would be posted twice.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            row = await _lock(connection, job)
            if row is None:
                return
            is_new = bool(ts) and not row.card_ts and card_key(row) == job.key
            values: Values = {"card_ts": ts} if is_new else {}
            if row.card_lease == job.lease:
                is_old = row.card_wanted > job.wanted
                values |= NO_CARD | {"card_drawn": job.wanted, "card_begun_at": None}
                values["card_due_at"] = now if is_old else None
            if values:
                await update_subscriptions(connection, [row.id], values)
            if is_new and await _is_owed_something(connection, row.id):
                await make_due(connection, row.team_id, [row.channel_id], now)

    async def put_off_card(self, job: CardJob, *, due_at: datetime, is_unknown: bool) -> None:
        """The card could not be drawn now."""
        values: Values = {"card_due_at": due_at, "card_lease": None, "card_failures": job.failures + 1}
        await self._write(job, values if is_unknown else values | {"card_begun_at": None})

    async def release_card(self, job: CardJob) -> None:
        """Gives a card back untouched."""
        await self._write(job, {"card_due_at": self._clock(), "card_lease": None})

    async def repost_card(self, job: CardJob) -> bool:
        """The card is gone, and to be posted anew; False if that was done once before."""
        async with self._database.transaction() as connection:
            row = await _lock(connection, job)
            if row is None or row.card_lease != job.lease:
                return True  # somebody else sees to it
            if row.card_ts != job.card_ts:
                await update_subscriptions(connection, [row.id], NO_CARD | {"card_due_at": self._clock()})
                return True
            return await repost(connection, row, self._clock())

    async def pause_card(self, job: CardJob, *, reason: str, whole_channel: bool) -> None:
        """Pauses the subscription, or all of the channel, because the card could not be drawn."""
        now = self._clock()
        async with self._database.transaction() as connection:
            own, locked = await lock_refused(
                connection, job.team_id, job.channel_id, job.subscription_id, whole_channel=whole_channel
            )
            if own is None or own.row.card_lease != job.lease:
                return
            await update_subscriptions(connection, [own.row.id], NO_CARD | {"card_begun_at": None})
            creators = await pause_refused(connection, locked, reason, now)
            if whole_channel:
                await pause_agents(connection, job.team_id, job.channel_id, reason)
            await make_due(connection, job.team_id, creators, now)

    async def _write(self, job: CardJob, values: Values) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(subscriptions).where(_is_ours(job)).values(values))


async def repost(connection: Connection, row: Row[Any], now: datetime) -> bool:
    """Forgets where a card was, so that it is posted anew; False if that was done before. Its row is locked."""
    if row.is_reposted:
        return False
    is_refused = row.state == SubscriptionState.PAUSED.value and row.reason != Reason.PERSON.value
    lost: Values = {
        "card_ts": "",
        "card_posts": row.card_posts + 1,
        "is_reposted": True,
        "card_wanted": row.card_wanted + 1,
        "card_due_at": None if is_refused else now,
        "card_begun_at": None,
    }
    await update_subscriptions(connection, [row.id], NO_CARD | lost)
    return True


async def _load_new(connection: Connection, rows: Sequence[Row[Any]], *, now: datetime) -> list[CardJob]:
    """The claimed cards that may be posted now; the others are given back for when they may."""
    ordered = sorted(rows, key=lambda row: (row.created_at, row.id))
    slots = list(zip(ordered, await find_slots(connection, ordered, now), strict=True))
    if early := [{"of_id": row.id, "of_due_at": free_at} for row, free_at in slots if free_at > now]:
        await connection.execute(_WAIT, early)
    return await _load(connection, [row for row, free_at in slots if free_at <= now])


async def _load(connection: Connection, rows: Sequence[Row[Any]]) -> list[CardJob]:
    query = select(followed_calls).where(followed_calls.c.id.in_({row.followed_id for row in rows}))
    known = {row.id: (row.number, known_of(row)) for row in await connection.execute(query)}
    return [card_job_of(row, number=number, known=call) for row in rows for number, call in [known[row.followed_id]]]


def _is_ours(job: CardJob) -> ColumnElement[bool]:
    return (subscriptions.c.id == job.subscription_id) & (subscriptions.c.card_lease == job.lease)


async def _lock(connection: Connection, job: CardJob) -> Row[Any] | None:
    rows = await lock_subscriptions(connection, subscriptions.c.id == job.subscription_id)
    return rows[0] if rows else None


async def _is_owed_something(connection: Connection, subscription_id: str) -> bool:
    query = select(notices.c.id).where(notices.c.subscription_id == subscription_id, IS_OWED).limit(1)
    return (await connection.execute(query)).first() is not None
