"""Leases: rows that become due are claimed for a while, by one at a time and not more often than is allowed.

A lease is a later due time with its holder's token beside it: whoever doesn't come back loses the row by the clock.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Column, ColumnElement, Table, bindparam, delete, select, update
from sqlalchemy import Row as TableRow

from bot.core.ports import Claim, Clock, Rate
from bot.storage.columns import UtcDateTime
from bot.storage.database import Connection, Database
from bot.storage.schema import budgets
from bot.storage.steps import insert_into

Row = TypeVar("Row")
Load = Callable[[Connection, Sequence[TableRow[Any]]], Awaitable[Sequence[Row]]]

# Something is due and yet nothing was to be had: somebody else holds its row just now.
_SOON = timedelta(milliseconds=50)


def make_token() -> str:
    """A name that nobody else gives."""
    return uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to claim.

    Attributes:
        team_id: whose rows.
        limit: how many at most.
        now: what is due is due by then.
        until: how long the lease lasts.
        token: its name.
        rate: what every row counts towards.
    """

    team_id: str
    limit: int
    now: datetime
    until: datetime
    token: str
    rate: Rate


class StorePart:
    """What each of the stores is given."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        team_id: Callable[[], str],
        make_token: Callable[[], str] = make_token,
    ) -> None:
        """Takes the database, the time, whose rows are claimed, and what gives tokens to leases."""
        self._database = database
        self._clock = clock
        self._team_id = team_id
        self._make_token = make_token

    def _wish(self, limit: int, until: datetime, rate: Rate) -> Wish:
        return Wish(
            team_id=self._team_id(),
            limit=limit,
            now=self._clock(),
            until=until,
            token=self._make_token(),
            rate=rate,
        )


class Queue:
    """The rows of a table that become due."""

    def __init__(
        self,
        table: Table,
        *,
        key: Column[Any],
        due_at: Column[datetime],
        lease: Column[str],
        among: ColumnElement[bool] | None = None,
    ) -> None:
        """Takes the table, what names a row within its team, the two columns of a lease, and which rows, if not all."""
        is_ours = table.c.team_id == bindparam("of_team")
        is_one = is_ours if among is None else is_ours & among
        due = (
            select(key)
            .where(is_one, due_at <= bindparam("now", type_=UtcDateTime()))
            .order_by(due_at)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True, key_share=True)
            .cte("due")
        )
        taken = {due_at: bindparam("until", type_=UtcDateTime()), lease: bindparam("token")}
        is_taken: ColumnElement[bool] = key.in_(select(due.c[key.name]))
        if len(table.primary_key) > 1:
            is_taken &= is_ours  # only where it is needed: SQLite would look through all that is ours
        self._claim = update(table).where(is_taken).values(taken).returning(*table.c)
        self._earliest = select(due_at).where(is_one, due_at.is_not(None)).order_by(due_at).limit(1)

    async def claim(self, database: Database, wish: Wish, load: Load[Row]) -> Claim[Row]:
        """Claims what is due; ``load`` makes values of the rows and may give some back, which then don't count."""
        async with database.reading(is_brief=True) as connection:
            earliest = await self._find_earliest(connection, wish)
        if earliest is None or earliest > wish.now:
            return Claim(next_at=earliest)
        async with database.transaction() as connection:
            budget = await _Budget.lock(connection, wish)
            rows: Sequence[Row] = ()
            if room := min(wish.limit, budget.room):
                rows = await load(connection, await self._take(connection, wish, room))
                await budget.spend(connection, len(rows))
            if not rows and budget.is_new:
                # What was due has been erased since we looked: nothing of that workspace is to come back.
                await budget.forget(connection)
            next_at = await self._find_earliest(connection, wish)
        is_held = next_at is not None and next_at <= wish.now and budget.free_at is not None
        if next_at is not None:
            next_at = max(next_at, budget.free_at or next_at)
            next_at = next_at if rows else max(next_at, wish.now + _SOON)
        return Claim(rows=tuple(rows), next_at=next_at, is_held=is_held)

    async def _take(self, connection: Connection, wish: Wish, most: int) -> Sequence[TableRow[Any]]:
        values = {"of_team": wish.team_id, "now": wish.now, "most": most, "until": wish.until, "token": wish.token}
        return (await connection.execute(self._claim, values)).all()

    async def _find_earliest(self, connection: Connection, wish: Wish) -> datetime | None:
        found: datetime | None = (await connection.execute(self._earliest, {"of_team": wish.team_id})).scalar()
        return found


class _Budget:
    """How much of a rate is left: the times of what was taken, in a row that is locked while we look at it."""

    def __init__(self, wish: Wish, taken: list[float], *, is_new: bool) -> None:
        self._wish = wish
        self.is_new = is_new
        self._window = wish.rate.window.total_seconds()
        now = wish.now.timestamp()
        # What lies far in the future was taken by a clock that was wrong.
        self._taken = sorted(at for at in taken if now - self._window < at <= now + self._window)

    @classmethod
    async def lock(cls, connection: Connection, wish: Wish) -> "_Budget":
        """Reads it; every other claim of this kind waits until our transaction is over."""
        query = select(budgets.c.taken).where(_is_budget_of(wish)).with_for_update(key_share=True)
        new = insert_into(connection, budgets).values(team_id=wish.team_id, name=wish.rate.name, taken="[]")
        make = new.on_conflict_do_nothing().returning(budgets.c.name)
        is_new = False
        # Once more where somebody else has made it meanwhile, or erased it.
        while (found := (await connection.execute(query)).scalar()) is None:
            is_new = (await connection.execute(make)).first() is not None
        return cls(wish, json.loads(found), is_new=is_new)

    @property
    def room(self) -> int:
        """How many more may be taken now."""
        return max(0, self._wish.rate.most - len(self._taken))

    @property
    def free_at(self) -> datetime | None:
        """When there is room again; None while there is."""
        if self.room:
            return None
        last = self._taken[len(self._taken) - self._wish.rate.most]
        # A little later than that: the window must surely be over, however the two were rounded.
        return datetime.fromtimestamp(last + self._window + 0.001, UTC)

    async def forget(self, connection: Connection) -> None:
        """Takes the row back that was made only to be locked."""
        await connection.execute(delete(budgets).where(_is_budget_of(self._wish)))

    async def spend(self, connection: Connection, count: int) -> None:
        """Writes down that so many were taken now."""
        if count:
            self._taken += [self._wish.now.timestamp()] * count
            values = {"taken": json.dumps(self._taken)}
            await connection.execute(update(budgets).where(_is_budget_of(self._wish)).values(values))


def _is_budget_of(wish: Wish) -> ColumnElement[bool]:
    return (budgets.c.team_id == wish.team_id) & (budgets.c.name == wish.rate.name)
