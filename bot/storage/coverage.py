"""Coverage: whether the webhooks of agents arrive. While they do, their calls need not be looked at often."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update

from bot.core.agents import MOST_MISSED, SILENT_AFTER, Coverage
from bot.core.calls import CallStatus
from bot.core.changes import ChangeKind, Observation
from bot.storage.database import Connection
from bot.storage.schema import agents
from bot.storage.steps import in_pieces, insert_into

# It is not put down more often than that for an agent: what matters is that they come at all.
_OFTEN = timedelta(minutes=1)

# So many agents are remembered to have been noted.
_MOST_NOTED = 10_000


async def find_covered(connection: Connection, team_id: str, agent_ids: set[str], now: datetime) -> set[str]:
    """Those of these agents whose webhooks arrive."""
    is_covered = (agents.c.team_id == team_id, _is_arriving(now - SILENT_AFTER))
    found: set[str] = set()
    for piece in in_pieces(agent_ids - {""}):
        query = select(agents.c.agent_id).where(*is_covered, agents.c.agent_id.in_(piece))
        found.update((await connection.execute(query)).scalars())
    return found


class Arrivals:
    """When webhooks named calls of which agents, as far as this process has put it down.

    Hundreds come a second, and mostly there is nothing to write; then nothing is asked of the database either. That a
    transaction was rolled back isn't noticed here: the next webhook after a few seconds puts it right.
    """

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], datetime] = {}

    async def note(self, connection: Connection, team_id: str, agent_ids: Iterable[str], at: datetime) -> None:
        """A webhook has named a call of each of these agents then."""
        news = [each for each in set(agent_ids) - {""} if not self._is_noted(team_id, each, at)]
        for piece in in_pieces(news):
            await _write_arrival(connection, team_id, piece, at)
        if len(self._noted) > _MOST_NOTED:
            self._noted.clear()
        self._noted |= {(team_id, each): at for each in news}

    def _is_noted(self, team_id: str, agent_id: str, at: datetime) -> bool:
        noted_at = self._noted.get((team_id, agent_id))
        return noted_at is not None and noted_at > at - _OFTEN

    def has_news(self, seen: Observation) -> bool:
        """Whether what a look has seen is to be put down."""
        row = seen.followed
        if seen.kind is not ChangeKind.STATUS or not row.agent_id:
            return False
        if row.is_nudged and row.nudged_at:
            return not self._is_noted(row.team_id, row.agent_id, row.nudged_at)
        return row.is_covered and (row.state.is_final or row.state.status == CallStatus.ONGOING)

    async def note_change(self, connection: Connection, seen: Observation) -> None:
        """A look has seen a change: had a webhook announced it, or should one have?"""
        row = seen.followed
        if not self.has_news(seen):
            return
        if row.is_nudged and row.nudged_at:
            await self.note(connection, row.team_id, [row.agent_id], row.nudged_at)
        else:
            # The next webhook forgives it, however soon it comes.
            self._noted.pop((row.team_id, row.agent_id), None)
            missed = update(agents).where(agents.c.team_id == row.team_id, agents.c.agent_id == row.agent_id)
            await connection.execute(missed.values(missed=agents.c.missed + 1))


async def _write_arrival(connection: Connection, team_id: str, agent_ids: list[str], at: datetime) -> None:
    is_fresh = and_(agents.c.webhook_seen_at > at - _OFTEN, agents.c.missed == 0)
    query = select(agents.c.agent_id).where(agents.c.team_id == team_id, agents.c.agent_id.in_(agent_ids), is_fresh)
    fresh = set((await connection.execute(query)).scalars())
    rows = [{"team_id": team_id, "agent_id": each, "webhook_seen_at": at} for each in agent_ids if each not in fresh]
    if not rows:
        return
    new = insert_into(connection, agents).values(missed=0)
    seen = new.on_conflict_do_update(
        index_elements=["team_id", "agent_id"],
        set_={"webhook_seen_at": new.excluded.webhook_seen_at, "missed": 0},
        where=or_(agents.c.webhook_seen_at.is_(None), agents.c.webhook_seen_at <= at, agents.c.missed > 0),
    )
    await connection.execute(seen, rows)


async def measure(connection: Connection, team_id: str, since: datetime) -> Coverage:
    """How it stands with all of a workspace's."""
    is_theirs = (agents.c.team_id == team_id, agents.c.webhook_seen_at.is_not(None))
    arriving = func.sum(case((_is_arriving(since), 1), else_=0))
    query = select(func.count(), arriving, func.max(agents.c.webhook_seen_at)).where(*is_theirs)
    count, arrive, last_at = (await connection.execute(query)).one()
    return Coverage(arriving=arrive or 0, stopped=count - (arrive or 0), last_at=last_at)


def _is_arriving(since: datetime) -> ColumnElement[bool]:
    return and_(agents.c.webhook_seen_at >= since, agents.c.missed < MOST_MISSED)
