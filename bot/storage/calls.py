"""The calls that are followed: who looks at them, and what a look writes."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import Row, Update, bindparam, case, exists, update

from bot.core.boards import BurstRules
from bot.core.changes import ChangeKind, FollowedCall, Observation
from bot.core.ports import Claim, Rate
from bot.core.subscriptions import Subscription
from bot.storage.births import bear, find_birth_debt, find_taken, lock_parents
from bot.storage.boards import fold
from bot.storage.columns import UtcDateTime
from bot.storage.coverage import Arrivals, find_covered
from bot.storage.database import Connection
from bot.storage.leases import Queue, StorePart
from bot.storage.rows import Values, followed_of, followed_values, subscription_of
from bot.storage.schema import followed_calls, subscriptions
from bot.storage.steps import IS_ACTIVE, card_wish, ended, find_debt, lock_subscriptions, make_due, owe, stop_idle

_DUE = Queue(followed_calls, key=followed_calls.c.id, due_at=followed_calls.c.due_at, lease=followed_calls.c.lease)

_of_time = partial(bindparam, type_=UtcDateTime())

# What only the holder of the lease may write.
_WRITE = update(followed_calls).where(
    followed_calls.c.id == bindparam("of_id"), followed_calls.c.lease == bindparam("of_lease")
)

# A webhook that came during a look may know more than was read: it counts as having come right after it.
_IS_NUDGED_MEANWHILE = followed_calls.c.nudged_at.is_distinct_from(_of_time("of_nudge"))
_AFTER_NUDGE = timedelta(seconds=1)

_IS_NUDGED = followed_calls.c.nudged_at >= followed_calls.c.read_at
_PUT_OFF = _WRITE.values(
    due_at=case((_IS_NUDGED, _of_time("of_held_until")), else_=_of_time("of_due_at")),
    held_until=_of_time("of_held_until"),
    failures=bindparam("of_failures"),
    lease=None,
)
_RELEASE = _WRITE.values(due_at=_of_time("of_due_at"), lease=None)


class FollowedCallStore(StorePart):
    """Fulfils :class:`bot.core.ports.FollowedCalls`."""

    def __init__(self, *, burst: BurstRules, arrivals: Arrivals, **parts: Any) -> None:
        """Takes when cards are too many, who knows which agents' webhooks arrive, and what each store is given."""
        super().__init__(**parts)
        self._burst = burst
        self._arrivals = arrivals
        self._noting = asyncio.Lock()

    async def claim(self, *, limit: int, until: datetime, rate: Rate) -> Claim[FollowedCall]:
        """Takes calls that are due."""
        wish = self._wish(limit, until, rate)
        return await _DUE.claim(self._database, wish, partial(_load, now=wish.now))

    async def save(self, seen: Observation, *, due_at: datetime | None, born: tuple[Subscription, ...] = ()) -> bool:
        """Writes a look, and what follows from it. Most looks bring nothing: those are one statement."""
        row = seen.followed
        statement, values = _look(seen, due_at)
        if not (seen.kind or seen.is_card_old or seen.end or seen.is_given_up or born):
            return await self._database.change(statement, values)
        if self._concerns_nobody(seen, born) and await self._database.change(*_lonely_look(seen, statement, values)):
            await self._note(seen)
            return True
        async with self._database.transaction() as connection:
            wanted = await lock_parents(connection, born)
            written = await connection.execute(statement.returning(followed_calls.c.due_at), values)
            if (saved := written.first()) is None:
                return False
            is_followed = await _tell(connection, seen, wanted, rules=self._burst)
            # One that is let go is due only if a webhook has named it meanwhile.
            may_be_idle = not (is_followed or seen.end or row.is_awaited)
            if may_be_idle and saved.due_at is not None:
                await stop_idle(connection, [row.id])
            await self._arrivals.note_change(connection, seen)
            return True

    def _concerns_nobody(self, seen: Observation, born: tuple[Subscription, ...]) -> bool:
        """Whether that is likely, as of most calls of an agent that is followed for a few; the statement makes it sure.

        Not in PostgreSQL: there it might wait for somebody who begins to follow the call, and not see that they did.
        """
        is_agents = seen.followed.is_awaited or seen.is_given_up
        return self._database.is_sqlite and is_agents and not (born or seen.followed.taken)

    async def _note(self, seen: Observation) -> None:
        """Rare: one of many looks finds that the webhooks of its agent arrive, and puts it down for all of them."""
        async with self._noting:
            if self._arrivals.has_news(seen):
                async with self._database.transaction() as connection:
                    await self._arrivals.note_change(connection, seen)

    async def put_off(self, known: FollowedCall, *, due_at: datetime, held_until: datetime) -> None:
        """Counts a failure, and gives the call back for that time, or for when it may be hurried if a webhook has."""
        given = {"of_due_at": due_at, "of_held_until": held_until, "of_failures": known.failures + 1}
        await self._database.change(_PUT_OFF, given | {"of_id": known.id, "of_lease": known.lease})

    async def release(self, known: FollowedCall) -> None:
        """Gives a call back unlooked at."""
        given = {"of_id": known.id, "of_lease": known.lease, "of_due_at": self._clock()}
        await self._database.change(_RELEASE, given)


@cache
def _look_statement(columns: tuple[str, ...]) -> Update:
    """Likewise, for what a look writes."""
    nudged = {
        "due_at": case((_IS_NUDGED_MEANWHILE, _of_time("of_again_at")), else_=_of_time("of_due_at")),
        "traceparent": case((_IS_NUDGED_MEANWHILE, followed_calls.c.traceparent), else_=None),
        "nudged_at": case((_IS_NUDGED_MEANWHILE, _of_time("of_read_at")), else_=followed_calls.c.nudged_at),
    }
    return _WRITE.values({each: bindparam(each) for each in columns} | nudged)


def _look(seen: Observation, due_at: datetime | None) -> tuple[Update, Values]:
    """The statement that writes a look, and what it is given: few values in most cases, for each costs time."""
    row = seen.followed
    values: Values = {"read_at": seen.at, "held_until": None, "lease": None}
    if not seen.is_same:
        values |= followed_values(row)
    again_at = seen.at + _AFTER_NUDGE
    given = {
        "of_id": row.id,
        "of_lease": row.lease,
        "of_nudge": row.nudged_at,
        "of_again_at": min(due_at, again_at) if due_at else again_at,
        "of_due_at": due_at,
        "of_read_at": seen.at,
    }
    return _look_statement(tuple(values)), values | given


@cache
def _lonely_statement(statement: Update) -> Update:
    """Likewise, as long as nobody follows the call."""
    return statement.where(~exists().where(subscriptions.c.followed_id == followed_calls.c.id, IS_ACTIVE))


def _lonely_look(seen: Observation, statement: Update, values: Values) -> tuple[Update, Values]:
    """A call that nobody follows is due again only for the agents' subscriptions that wait for it."""
    is_let_go = not (seen.end or seen.followed.is_awaited)
    return _lonely_statement(statement), values | ({"of_due_at": None, "of_again_at": None} if is_let_go else {})


async def _load(connection: Connection, rows: Sequence[Row[Any]], *, now: datetime) -> list[FollowedCall]:
    if not rows:
        return []
    team_id = rows[0].team_id
    covered = await find_covered(connection, team_id, {row.agent_id for row in rows}, now)
    taken = await find_taken(connection, team_id, [row.id for row in rows])
    return [followed_of(row, is_covered=row.agent_id in covered, taken=taken.get(row.id, frozenset())) for row in rows]


async def _tell(connection: Connection, seen: Observation, born: Sequence[Subscription], *, rules: BurstRules) -> bool:
    """Owes notices, has cards redrawn, ends subscriptions, and adds those that are born; the call's row is locked.

    Returns whether anybody followed the call before.
    """
    row = seen.followed
    is_concerned = (subscriptions.c.followed_id == row.id) & IS_ACTIVE
    rows = await lock_subscriptions(connection, is_concerned)
    # What is on a board has no thread.
    threads = [each for each in rows if not each.board_id]
    found = [find_debt(seen, subscription_of(each), seen_status=each.seen_status) for each in threads]
    values = _news_values(seen)
    if rows and values:
        await connection.execute(update(subscriptions).where(is_concerned).values(values))
    added = await bear(connection, born, seen)
    changed = {each.board_id for each in rows} - {""} if seen.is_card_old or seen.end else set()
    folded = await fold(connection, row.team_id, added, now=seen.at, rules=rules, changed=changed)
    found += [find_birth_debt(seen, each) for each in added if each.id not in folded]
    debts = [debt for debt in found if debt]
    await owe(connection, debts, seen.at)
    await make_due(connection, row.team_id, {debt.subscription.channel_id for debt in debts}, seen.at)
    return bool(rows)


def _news_values(seen: Observation) -> Values:
    """The columns of the subscriptions that were told."""
    row, values = seen.followed, Values()
    if seen.kind in {ChangeKind.STATUS, ChangeKind.MEDIA}:
        values |= {"seen_status": row.state.status, "seen_media": row.is_media_told}
    if seen.is_card_old or seen.end:
        values |= card_wish(seen.at)
    if seen.end:
        values |= ended(seen.end, seen.at)
    return values
