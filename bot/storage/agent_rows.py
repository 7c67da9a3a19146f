"""Rows and values of agents' subscriptions: the only place that knows how their filters are written down."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from bot.core.agents import AgentSubscription
from bot.core.calls import CallStatus
from bot.core.filters import DurationFilter, Filter, StatusFilter, VariableFilter
from bot.core.subscriptions import SubscriptionState
from bot.storage.rows import Values, options_of, options_values


def wish_values(wish: AgentSubscription) -> Values:
    """The columns of an agent's subscription."""
    return {
        "id": wish.id,
        "team_id": wish.team_id,
        "channel_id": wish.channel_id,
        "agent_id": wish.agent_id,
        "creator_id": wish.creator_id,
        "filters": filters_text(wish.filters),
        "state": wish.state.value,
        "reason": wish.reason,
        "created_at": wish.created_at,
        **options_values(wish.options),
    }


def wish_of(row: Row[Any]) -> AgentSubscription:
    """A row of ``agent_subscriptions``."""
    return AgentSubscription(
        id=row.id,
        team_id=row.team_id,
        channel_id=row.channel_id,
        agent_id=row.agent_id,
        creator_id=row.creator_id,
        options=options_of(row),
        filters=tuple(_filter_of(each) for each in json.loads(row.filters)),
        state=SubscriptionState(row.state),
        reason=row.reason,
        created_at=row.created_at,
    )


def filters_text(filters: tuple[Filter, ...]) -> str:
    """Filters as JSON: a list of lists, each with its kind first."""
    return json.dumps([_written(each) for each in filters])


def _written(one: Filter) -> list[object]:
    if isinstance(one, StatusFilter):
        return ["status", sorted(one.statuses), one.is_negated]
    if isinstance(one, DurationFilter):
        return ["duration", one.than.total_seconds(), one.is_longer]
    return ["variable", one.name, one.glob, one.is_negated]


def _filter_of(written: list[Any]) -> Filter:
    match written:
        case ["status", statuses, is_negated]:
            return StatusFilter(statuses=frozenset(map(CallStatus, statuses)), is_negated=is_negated)
        case ["duration", seconds, is_longer]:
            return DurationFilter(than=timedelta(seconds=seconds), is_longer=is_longer)
        case _:
            _kind, name, glob, is_negated = written
            return VariableFilter(name=name, glob=glob, is_negated=is_negated)
