"""The calls that are followed: who looks at them, and what a look writes."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.changes import ChangeKind, FollowedCall, Observation
from bot.core.ports import Claim, Rate
from bot.core.subscriptions import Subscription
from bot.storage.leases import Queue, StorePart
from bot.storage.rows import Values, followed_of, followed_values, subscription_of
from bot.storage.schema import followed_calls, subscriptions
from bot.storage.steps import IS_ACTIVE, card_wish, ended, find_debt, lock_subscriptions, make_due, owe, stop_idle

_DUE = Queue(followed_calls, key=followed_calls.c.id, due_at=followed_calls.c.due_at, lease=followed_calls.c.lease)

# What only the holder of the lease may write.
_WRITE = update(followed_calls).where(
    followed_calls.c.id == bindparam("of_id"), followed_calls.c.lease == bindparam("of_lease")
)


class FollowedCallStore(StorePart):
    """Fulfils :class:`bot.core.ports.FollowedCalls`."""

    async def claim(self, *, limit: int, until: datetime, rate: Rate) -> Claim[FollowedCall]:
        """Takes calls that are due."""
        return await _DUE.claim(self._database, self._wish(limit, until, rate), _load)

    async def save(
        self,
        seen: Observation,
        *,
        due_at: datetime | None,
        born: tuple[Subscription, ...] = (),  # noqa: ARG002
    ) -> bool:
        """Writes a look, and what follows from it. Most looks bring nothing: those are one statement."""
        row = seen.followed
        values = followed_values(row) | {"read_at": seen.at, "due_at": due_at, "lease": None}
        if not (seen.kind or seen.is_card_old or seen.end):
            return await self._write(row, values)
        async with self._database.transaction() as connection:
            if not await _write(connection, row, values):
                return False
            await _tell(connection, seen)
            return True

    async def put_off(self, known: FollowedCall, *, due_at: datetime) -> None:
        """Counts a failure, and gives the call back for that time."""
        await self._write(known, {"failures": known.failures + 1, "due_at": due_at, "lease": None})

    async def release(self, known: FollowedCall) -> None:
        """Gives a call back unlooked at."""
        await self._write(known, {"due_at": self._clock(), "lease": None})

    async def _write(self, row: FollowedCall, values: Values) -> bool:
        return await self._database.change(_statement(tuple(values)), values | {"of_id": row.id, "of_lease": row.lease})


@cache
def _statement(columns: tuple[str, ...]) -> Update:
    """The same one for the same columns: so several rows can be written at once."""
    return _WRITE.values({each: bindparam(each) for each in columns})


async def _load(_connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[FollowedCall]:
    return [followed_of(row) for row in rows]


async def _write(connection: AsyncConnection, row: FollowedCall, values: Values) -> bool:
    held = {"of_id": row.id, "of_lease": row.lease}
    return (await connection.execute(_WRITE, values | held)).rowcount == 1


async def _tell(connection: AsyncConnection, seen: Observation) -> None:
    """Owes notices, has cards redrawn, and ends subscriptions; the call's row is locked."""
    row = seen.followed
    is_concerned = (subscriptions.c.followed_id == row.id) & IS_ACTIVE
    rows = await lock_subscriptions(connection, is_concerned)
    found = [find_debt(seen, subscription_of(each), seen_status=each.seen_status) for each in rows]
    debts = [debt for debt in found if debt]
    values: Values = {}
    if seen.kind in {ChangeKind.STATUS, ChangeKind.MEDIA}:
        values |= {"seen_status": row.state.status, "seen_media": row.is_media_told}
    if seen.is_card_old or seen.end:
        values |= card_wish(seen.at)
    if seen.end:
        values |= ended(seen.end, seen.at)
    if values:
        await connection.execute(update(subscriptions).where(is_concerned).values(values))
    if seen.end or not rows:
        await stop_idle(connection, [row.id])
    await owe(connection, debts, seen.at)
    await make_due(connection, row.team_id, {debt.subscription.channel_id for debt in debts}, seen.at)
