"""Announcing: a webhook says that there is a call to look at. That is put down, and nothing else is believed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Row,
    Select,
    Text,
    Update,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    true,
    update,
)

from bot.core.agent_ports import Announced
from bot.core.agents import Coverage
from bot.core.calls import CallId, is_final
from bot.core.ports import Clock
from bot.storage.agent_standing import IS_ACTIVE as IS_WISH_ACTIVE
from bot.storage.columns import UtcDateTime
from bot.storage.coverage import Arrivals, measure
from bot.storage.database import Connection, Database
from bot.storage.rows import Values
from bot.storage.schema import agent_subscriptions, followed_calls, subscriptions
from bot.storage.steps import IS_ACTIVE, in_pieces, insert_for

# Of a call that was never read.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

# A flood of webhooks about one call is no flood of questions.
_BETWEEN_READINGS = timedelta(seconds=1)

_of_time = partial(bindparam, type_=UtcDateTime())
# What nudging needs of a call; reading all of its columns takes three times as long.
_NEEDED = ("id", "call_id", "agent_id", "status", "ended_at", "due_at", "lease", "read_at", "held_until")
_KNOWN = [followed_calls.c[name] for name in _NEEDED]

_ANY_WISH = (
    select(agent_subscriptions.c.id)
    .where(agent_subscriptions.c.team_id == bindparam("of_team"), IS_WISH_ACTIVE)
    .limit(1)
)
_TRACE = (
    update(followed_calls)
    .where(followed_calls.c.team_id == bindparam("of_team"), followed_calls.c.call_id == bindparam("of_call"))
    .values(traceparent=bindparam("of_traceparent"))
)


_IS_FOLLOWED = exists().where(subscriptions.c.followed_id == followed_calls.c.id, IS_ACTIVE)
_MAY_BE_WANTED = exists().where(
    agent_subscriptions.c.team_id == followed_calls.c.team_id,
    IS_WISH_ACTIVE,
    (followed_calls.c.agent_id == "") | (agent_subscriptions.c.agent_id == followed_calls.c.agent_id),
)
_WANTED = select(followed_calls.c.id).where(
    followed_calls.c.id.in_(bindparam("of_ids", expanding=True)), _IS_FOLLOWED | _MAY_BE_WANTED
)


class AnnouncementStore:
    """Fulfils :class:`bot.core.agent_ports.Announcements`."""

    def __init__(self, *, database: Database, clock: Clock, team_id: Callable[[], str], arrivals: Arrivals) -> None:
        """Takes the database, the time, whose calls they are, and who knows which agents' webhooks arrive."""
        self._database = database
        self._arrivals = arrivals
        self._clock = clock
        self._team_id = team_id

    async def announce(self, call_ids: Sequence[CallId], traces: Mapping[CallId, str]) -> Announced:
        """Makes known calls due, and unknown ones known if any agent is followed. One transaction; twice is once."""
        team_id, now, wanted = self._team_id(), self._clock(), {str(each) for each in call_ids}
        async with self._database.transaction(is_urgent=True) as connection:
            known = await _lock_known(connection, team_id, wanted)
            ignored = await _nudge(connection, known, now, traces)
            unknown = wanted - {row.call_id for row in known}
            added = await _add(connection, team_id, unknown, now, traces)
            await self._arrivals.note(connection, team_id, {row.agent_id for row in known}, now)
        nudged = len(known) - len(ignored)
        ignored |= unknown if added is None else set()
        return Announced(nudged=nudged, added=added or 0, ignored=frozenset(map(CallId, ignored)))

    async def measure_coverage(self, *, silent_after: timedelta) -> Coverage:
        """How it stands with the webhooks of the agents."""
        async with self._database.reading() as connection:
            return await measure(connection, self._team_id(), self._clock() - silent_after)


async def _lock_known(connection: Connection, team_id: str, call_ids: set[str]) -> Sequence[Row[Any]]:
    statement, values = _statements(connection.dialect.name).known, {"of_team": team_id, "of_calls": sorted(call_ids)}
    known: Sequence[Row[Any]] = (await connection.execute(statement, values)).all()
    return known


async def _nudge(
    connection: Connection, known: Sequence[Row[Any]], now: datetime, traces: Mapping[CallId, str]
) -> set[str]:
    """Makes known calls due, those that nobody reads only if somebody wants them; returns the ids of the others."""
    if not known:
        return set()
    idle = [row for row in known if row.due_at is None]
    woken = await _find_wanted(connection, [row for row in idle if not is_final(row.status, row.ended_at)])
    for piece in in_pieces(woken):
        # One that was not read for a while must not be let go for having been quiet.
        since = case((followed_calls.c.status == "", now), else_=followed_calls.c.status_since)
        again: Values = {"is_awaited": True, "status_since": since, "news_at": now, "failures": 0}
        await connection.execute(update(followed_calls).where(followed_calls.c.id.in_(piece)).values(again))
    # Mostly all of them alike: then one statement is enough.
    alike: dict[tuple[datetime | None, str | None], list[int]] = {}
    for row in known:
        alike.setdefault((_find_due(row, woken, now), traces.get(CallId(row.call_id))), []).append(row.id)
    for (due_at, trace), ids in alike.items():
        values = {"of_ids": ids, "of_nudged_at": now, "of_due_at": due_at, "of_traceparent": trace}
        await connection.execute(_statements(connection.dialect.name).nudge, values)
    return {row.call_id for row in idle if row.id not in woken}


def _find_due(row: Row[Any], woken: set[int], now: datetime) -> datetime | None:
    """When a call that is named is read; one that is being looked at keeps its lease."""
    due_at: datetime | None = row.due_at
    if row.lease is not None or (due_at is None and row.id not in woken):
        return due_at
    hurried_at = _find_hurry(row, now)
    return min(due_at, hurried_at) if due_at else hurried_at


def _find_hurry(row: Row[Any], now: datetime) -> datetime:
    """When it may be read at the earliest: after a failure, a webhook gives no leave to ask before that is over."""
    rested_at: datetime = row.read_at + _BETWEEN_READINGS
    return max(now, rested_at, row.held_until or now)


async def _find_wanted(connection: Connection, idle: Sequence[Row[Any]]) -> set[int]:
    """Those that somebody follows, or may want because of their agents; that of a call never read may be any."""
    found: set[int] = set()
    for piece in in_pieces(row.id for row in idle):
        found.update((await connection.execute(_WANTED, {"of_ids": piece})).scalars())
    return found


async def _add(
    connection: Connection, team_id: str, call_ids: set[str], now: datetime, traces: Mapping[CallId, str]
) -> int | None:
    """Has unknown calls read, if any agent is followed; returns how many nobody else has added meanwhile, or None."""
    if not call_ids:
        return None
    values = {"of_team": team_id, "of_calls": sorted(call_ids), "of_now": now}
    added = (await connection.execute(_statements(connection.dialect.name).add, values)).rowcount
    if not added and (await connection.execute(_ANY_WISH, {"of_team": team_id})).first() is None:
        return None
    new = [(str(each), trace) for each, trace in traces.items() if str(each) in call_ids]
    if new:
        marks = [{"of_team": team_id, "of_call": each, "of_traceparent": trace} for each, trace in new]
        await connection.execute(_TRACE, marks)
    return added


@dataclass(frozen=True, slots=True)
class _Statements:
    """Those that each batch takes. One parameter holds all ids, so that a hundred cost little more than one."""

    known: Select[Any]
    nudge: Update
    add: Any


@cache
def _statements(dialect: str) -> _Statements:
    """Either database has a function of its own that makes rows of a list."""
    if dialect == "sqlite":
        value = func.json_each(bindparam("of_calls", type_=JSON())).table_valued("value").c.value
        number = func.json_each(bindparam("of_ids", type_=JSON())).table_valued("value").c.value
    else:
        value = func.unnest(bindparam("of_calls", type_=ARRAY(Text()))).column_valued("value")
        number = func.unnest(bindparam("of_ids", type_=ARRAY(BigInteger()))).column_valued("value")
    team_id, now = bindparam("of_team", type_=Text()), _of_time("of_now")
    is_it = (followed_calls.c.team_id == team_id, followed_calls.c.call_id.in_(select(value)))
    known = select(*_KNOWN).where(*is_it).order_by(followed_calls.c.id).with_for_update(key_share=True)
    nudged = {"nudged_at": _of_time("of_nudged_at"), "due_at": _of_time("of_due_at")}
    nudge = update(followed_calls).where(followed_calls.c.id.in_(select(number)))
    nudge = nudge.values(**nudged, traceparent=bindparam("of_traceparent"))
    never = bindparam("never", _NEVER, type_=UtcDateTime())
    new = {"team_id": team_id, "call_id": value, "status": literal(""), "is_awaited": true(), "read_at": never}
    new |= dict.fromkeys(("status_since", "news_at", "seen_at", "nudged_at", "due_at"), now)
    rows = select(*new.values()).where(exists().where(agent_subscriptions.c.team_id == team_id, IS_WISH_ACTIVE))
    add = insert_for(dialect, followed_calls).from_select([*new], rows).on_conflict_do_nothing()
    # SQLAlchemy counts the rows of an INSERT only if it is told to.
    return _Statements(known=known, nudge=nudge, add=add.execution_options(preserve_rowcount=True))
