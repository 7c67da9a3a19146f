"""The agents that channels follow, and what people call them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, func, select

from bot.core.agents import AgentFigures, AgentSubscription
from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import Call
from bot.core.filters import Filter
from bot.core.subscriptions import Options, Reason
from bot.storage.acts import ActingPart
from bot.storage.agent_rows import filters_text, wish_of, wish_values
from bot.storage.agent_standing import IS_ACTIVE, IS_LIVE, is_agents_in, paused, set_agents
from bot.storage.database import Connection
from bot.storage.rows import Values, known_of, options_values
from bot.storage.schema import agent_subscriptions, agents, boards, followed_calls, subscriptions
from bot.storage.standing import resume_agent
from bot.storage.steps import ended, insert_into

_DAY = timedelta(hours=24)


class AgentSubscriptionStore(ActingPart):
    """Fulfils :class:`bot.core.agent_ports.AgentSubscriptions`. Ids and teams are the caller's to check."""

    async def add(self, wanted: AgentSubscription) -> tuple[AgentSubscription, bool]:
        """Adds a subscription, unless the channel follows that agent already."""
        is_it = is_agents_in(wanted.team_id, wanted.channel_id) & (agent_subscriptions.c.agent_id == wanted.agent_id)
        async with self._acting() as (connection, acts):
            add = insert_into(connection, agent_subscriptions).values(wish_values(wanted)).on_conflict_do_nothing()
            if (await connection.execute(add.returning(agent_subscriptions.c.id))).first():
                acts.append(self._act_on(AuditAction.SUBSCRIBE, wanted, by=wanted.creator_id))
                return wanted, True
            row = (await connection.execute(select(agent_subscriptions).where(is_it, IS_LIVE))).one()
        return wish_of(row), False

    async def find(self, subscription_id: str) -> AgentSubscription | None:
        """The subscription of that id, ended ones too."""
        return next(iter(await self._list(agent_subscriptions.c.id == subscription_id)), None)

    async def find_here(self, team_id: str, channel_id: str, agent_id: str) -> AgentSubscription | None:
        """A channel's subscription of an agent that is not ended."""
        is_it = is_agents_in(team_id, channel_id) & (agent_subscriptions.c.agent_id == agent_id)
        return next(iter(await self._list(is_it & IS_LIVE)), None)

    async def list_here(self, team_id: str, channel_id: str) -> tuple[AgentSubscription, ...]:
        """A channel's subscriptions that are not ended, oldest first."""
        return await self._list(is_agents_in(team_id, channel_id) & IS_LIVE)

    async def list_of(self, team_id: str, creator_id: str) -> tuple[AgentSubscription, ...]:
        """As :meth:`list_here`, for those that one person made in whatever channel."""
        is_theirs = (agent_subscriptions.c.team_id == team_id) & (agent_subscriptions.c.creator_id == creator_id)
        return await self._list(is_theirs & IS_LIVE)

    async def list_followed(self, team_id: str) -> frozenset[str]:
        """The agents that any channel of a workspace follows actively."""
        query = select(agent_subscriptions.c.agent_id).distinct()
        async with self._database.reading() as connection:
            found = await connection.execute(query.where(agent_subscriptions.c.team_id == team_id, IS_ACTIVE))
            return frozenset(found.scalars())

    async def list_active(self, team_id: str, agent_id: str) -> tuple[AgentSubscription, ...]:
        """The active ones of an agent."""
        is_theirs = (agent_subscriptions.c.team_id == team_id) & (agent_subscriptions.c.agent_id == agent_id)
        return await self._list(is_theirs & IS_ACTIVE)

    async def change(self, subscription_id: str, options: Options, filters: tuple[Filter, ...], *, by: str) -> bool:
        """Gives it other options and filters, for the calls to come; False if it has ended."""
        values = options_values(options) | {"filters": filters_text(filters)}
        return await self._set(subscription_id, IS_LIVE, values, AuditAction.CHANGE, by=by)

    async def pause(self, subscription_id: str, *, by: str) -> bool:
        """Pauses it because a person wants that; False if it was not active."""
        return await self._set(subscription_id, IS_ACTIVE, paused(Reason.PERSON.value), AuditAction.PAUSE, by=by)

    async def resume(self, subscription_id: str, *, by: str) -> bool:
        """Makes a paused one active, and all of its channel that Slack's errors paused with it; False if it was not."""
        async with self._acting() as (connection, acts):
            agents, calls = await resume_agent(connection, subscription_id, self._clock())
            acts += [self._act_on(AuditAction.RESUME, wish_of(row), by=by) for row in agents]
            acts += [self._act_on_call(each.row, by=by) for each in calls]
        return len(agents) > 0

    async def end(self, subscription_id: str, *, by: str) -> bool:
        """Ends it because a person wants that; False if it had ended."""
        return await self._set(subscription_id, IS_LIVE, ended(Reason.PERSON, self._clock()), AuditAction.END, by=by)

    async def measure(self, subscription_ids: Sequence[str]) -> Mapping[str, AgentFigures]:
        """What came of each of them in the last 24 hours."""
        if not subscription_ids:
            return {}
        since = self._clock() - _DAY
        async with self._database.reading() as connection:
            calls = await _count_calls(connection, subscription_ids, since)
            born = await _count_born(connection, subscription_ids, since)
        return {
            each: AgentFigures(calls=calls.get(each, 0), matched=matched, told=told)
            for each in subscription_ids
            for matched, told in [born.get(each, (0, 0))]
        }

    async def list_calls(self, team_id: str, agent_id: str, *, limit: int) -> tuple[Call, ...]:
        """The last calls of an agent that were seen, newest first, as they are remembered."""
        is_theirs = (followed_calls.c.team_id == team_id) & (followed_calls.c.agent_id == agent_id)
        # The partial index is found by its own condition.
        is_seen = followed_calls.c.seen_at.is_not(None) & (followed_calls.c.agent_id != "")
        newest = select(followed_calls).where(is_theirs, is_seen).order_by(followed_calls.c.seen_at.desc()).limit(limit)
        async with self._database.reading() as connection:
            return tuple(map(known_of, await connection.execute(newest)))

    async def _list(self, condition: ColumnElement[bool]) -> tuple[AgentSubscription, ...]:
        order = (agent_subscriptions.c.created_at, agent_subscriptions.c.id)
        async with self._database.reading() as connection:
            rows = await connection.execute(select(agent_subscriptions).where(condition).order_by(*order))
            return tuple(map(wish_of, rows))

    async def _set(
        self, subscription_id: str, is_so: ColumnElement[bool], values: Values, action: AuditAction, *, by: str
    ) -> bool:
        async with self._acting() as (connection, acts):
            changed = await set_agents(connection, (agent_subscriptions.c.id == subscription_id) & is_so, values)
            acts += [self._act_on(action, wish_of(row), by=by) for row in changed]
        return len(changed) > 0

    def _act_on_call(self, row: Row[Any], *, by: str) -> AuditEntry:
        return self._act(AuditAction.RESUME, team_id=row.team_id, about=row.call_id, by=by, channel_id=row.channel_id)

    def _act_on(self, action: AuditAction, wish: AgentSubscription, *, by: str) -> AuditEntry:
        return self._act(action, team_id=wish.team_id, about=wish.agent_id, by=by, channel_id=wish.channel_id)


class AgentNameStore(ActingPart):
    """Fulfils :class:`bot.core.agent_ports.AgentNames`."""

    async def name(self, team_id: str, agent_id: str, name: str, *, by: str) -> None:
        """Gives an agent a name; an empty one takes it away."""
        async with self._acting() as (connection, acts):
            new = insert_into(connection, agents).values(team_id=team_id, agent_id=agent_id, name=name)
            named = {"name": new.excluded.name}
            await connection.execute(new.on_conflict_do_update(index_elements=["team_id", "agent_id"], set_=named))
            acts.append(self._act(AuditAction.NAME, team_id=team_id, about=agent_id, by=by))

    async def find_names(self, team_id: str) -> Mapping[str, str]:
        """The names of a workspace's agents, by their ids."""
        query = select(agents.c.agent_id, agents.c.name).where(agents.c.team_id == team_id, agents.c.name != "")
        async with self._database.reading() as connection:
            return {row.agent_id: row.name for row in await connection.execute(query)}


async def _count_calls(connection: Connection, ids: Sequence[str], since: datetime) -> dict[str, int]:
    is_of_agent = (
        (followed_calls.c.team_id == agent_subscriptions.c.team_id)
        & (followed_calls.c.agent_id == agent_subscriptions.c.agent_id)
        & (followed_calls.c.agent_id != "")
        & (followed_calls.c.seen_at >= since)
    )
    query = select(agent_subscriptions.c.id, func.count(followed_calls.c.id)).join(followed_calls, is_of_agent)
    return _counted(await connection.execute(_of(query, agent_subscriptions.c.id, ids)))


async def _count_born(connection: Connection, ids: Sequence[str], since: datetime) -> dict[str, tuple[int, int]]:
    """How many calls each wanted, and how many of these are shown by a card, or by a board that stands there."""
    is_on_board = exists().where(boards.c.id == subscriptions.c.board_id, boards.c.ts != "")
    is_told = (subscriptions.c.card_ts != "") | is_on_board
    query = select(subscriptions.c.parent_id, func.count(), func.sum(case((is_told, 1), else_=0)))
    found = await connection.execute(
        _of(query.where(subscriptions.c.created_at >= since), subscriptions.c.parent_id, ids)
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _of(query: Any, column: ColumnElement[Any], ids: Sequence[str]) -> Any:
    # "<> ''" is what the partial index on parents is found by; no subscription has an empty id.
    return query.where(column.in_(ids), column != "").group_by(column)


def _counted(rows: Any) -> dict[str, int]:
    return {str(row[0]): int(row[1]) for row in rows}
