"""How agents' subscriptions stand when something happens to all of a channel or a workspace.

Each function is a step in the transaction that does the same to the calls' subscriptions, which are locked after them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, literal_column, select, update

from bot.core.subscriptions import Reason, SubscriptionState
from bot.storage.database import Connection
from bot.storage.rows import Values
from bot.storage.schema import agent_subscriptions
from bot.storage.steps import ended

# To the letter, as the partial index has it.
IS_ACTIVE: ColumnElement[bool] = agent_subscriptions.c.state == literal_column("'active'")
IS_LIVE = agent_subscriptions.c.state != SubscriptionState.ENDED.value
IS_PAUSED = agent_subscriptions.c.state == SubscriptionState.PAUSED.value

ACTIVE: Values = {"state": SubscriptionState.ACTIVE.value, "reason": ""}

# Paused because Slack said no: the reason is its error code.
_IS_REFUSED = IS_PAUSED & agent_subscriptions.c.reason.not_in([each.value for each in Reason])
_IS_STOPPED = IS_PAUSED & (agent_subscriptions.c.reason == Reason.UNINSTALLED.value)


def paused(reason: str) -> Values:
    """The columns of one that is paused."""
    return {"state": SubscriptionState.PAUSED.value, "reason": reason}


def is_agents_in(team_id: str, channel_id: str) -> ColumnElement[bool]:
    """Whether it is one of that channel."""
    return (agent_subscriptions.c.team_id == team_id) & (agent_subscriptions.c.channel_id == channel_id)


async def lock_agents(connection: Connection, team_id: str, channel_id: str) -> bool:
    """Locks a channel's, of whatever state: whoever pauses them later has them before the calls. Is one active?"""
    query = select(agent_subscriptions.c.state).where(is_agents_in(team_id, channel_id))
    states = await connection.execute(query.order_by(agent_subscriptions.c.id).with_for_update())
    return SubscriptionState.ACTIVE.value in states.scalars().all()


async def set_agents(connection: Connection, condition: ColumnElement[bool], values: Values) -> Sequence[Row[Any]]:
    """Gives these columns to the ones of which that is true, and returns them as they are then."""
    lock = select(agent_subscriptions.c.id).where(condition).order_by(agent_subscriptions.c.id).with_for_update()
    ids = (await connection.execute(lock)).scalars().all()
    if not ids:
        return ()
    change = update(agent_subscriptions).where(agent_subscriptions.c.id.in_(ids)).values(values)
    return (await connection.execute(change.returning(*agent_subscriptions.c))).all()


async def pause_agents(connection: Connection, team_id: str, channel_id: str, reason: str) -> None:
    """Slack refuses the whole channel: no call of an agent gets a card there until that is mended."""
    await set_agents(connection, is_agents_in(team_id, channel_id) & IS_ACTIVE, paused(reason))


async def reopen_agents(connection: Connection, team_id: str, channel_id: str) -> Sequence[Row[Any]]:
    """Resumes what :func:`pause_agents` paused."""
    return await set_agents(connection, is_agents_in(team_id, channel_id) & _IS_REFUSED, ACTIVE)


async def end_agents(connection: Connection, team_id: str, channel_id: str, now: datetime) -> Sequence[Row[Any]]:
    """Ends all of a channel, as a person wants that."""
    return await set_agents(connection, is_agents_in(team_id, channel_id) & IS_LIVE, ended(Reason.PERSON, now))


async def move_agents(connection: Connection, team_id: str, old_id: str, new_id: str, now: datetime) -> None:
    """Gives a channel's to another one. Where that follows an agent already, one of the two ends."""
    query = select(agent_subscriptions.c.agent_id).where(is_agents_in(team_id, new_id), IS_LIVE)
    there = (await connection.execute(query)).scalars().all()
    is_double = is_agents_in(team_id, old_id) & IS_LIVE & agent_subscriptions.c.agent_id.in_(there)
    await set_agents(connection, is_double, ended(Reason.PERSON, now))
    await set_agents(connection, is_agents_in(team_id, old_id), {"channel_id": new_id})
    await reopen_agents(connection, team_id, new_id)


async def stop_agents(connection: Connection, team_id: str) -> int:
    """The workspace has taken the token back: pauses all; returns how many."""
    is_theirs = agent_subscriptions.c.team_id == team_id
    return len(await set_agents(connection, is_theirs & IS_ACTIVE, paused(Reason.UNINSTALLED.value)))


async def go_on_with_agents(connection: Connection, team_id: str) -> int:
    """Undoes :func:`stop_agents`."""
    is_theirs = agent_subscriptions.c.team_id == team_id
    return len(await set_agents(connection, is_theirs & _IS_STOPPED, ACTIVE))
