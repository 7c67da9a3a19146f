"""Counting: how many subscriptions stand how."""

from dataclasses import dataclass

from sqlalchemy import Table, func, select

from bot.core.subscriptions import Reason, SubscriptionState
from bot.storage.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many are active, paused, and paused because Slack refuses their channel."""

    active: int
    paused: int
    refused: int


async def count_standing(connection: Connection, table: Table, team_id: str) -> Standing:
    """Counts the live ones of a workspace, of calls or of agents; from an index but for the reasons."""
    counting = select(func.count()).where(table.c.team_id == team_id)
    is_paused = table.c.state == SubscriptionState.PAUSED.value
    is_refused = table.c.reason.not_in([each.value for each in Reason])
    is_active = table.c.state == SubscriptionState.ACTIVE.value
    active = (await connection.execute(counting.where(is_active))).scalar_one()
    paused = (await connection.execute(counting.where(is_paused))).scalar_one()
    refused = (await connection.execute(counting.where(is_paused, is_refused))).scalar_one()
    return Standing(active=active, paused=paused - refused, refused=refused)
