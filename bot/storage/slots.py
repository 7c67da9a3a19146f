"""Slots: a channel takes one message a second. Notices come in turns; a card or a board is posted between two."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, or_, select

from bot.core.outbox import BETWEEN_POSTS, PER_CHANNEL
from bot.storage.database import Connection
from bot.storage.schema import channels
from bot.storage.steps import insert_into, later


async def find_slots(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[datetime]:
    """When each of these rows of one team may be posted in its channel: now, or after the ones before it.

    Nothing is held for them: whoever posts takes its slot then.
    """
    theirs = {row.channel_id for row in rows}
    query = select(channels).where(channels.c.team_id.in_({row.team_id for row in rows}))
    there = await connection.execute(query.where(channels.c.channel_id.in_(theirs)))
    free_at = dict.fromkeys(theirs, now) | {row.channel_id: _find_free_at(row, now) for row in there}
    slots = []
    for row in rows:
        slots.append(free_at[row.channel_id])
        free_at[row.channel_id] += BETWEEN_POSTS
    return slots


async def take_slot(connection: Connection, team_id: str, channel_id: str, now: datetime) -> datetime | None:
    """A message is about to be posted there: what is due there after it waits for as long as Slack wants.

    Returns None, or when to ask again if somebody else is posting there just now or has a moment ago.
    """
    next_at = now + BETWEEN_POSTS
    new = insert_into(connection, channels).values(team_id=team_id, channel_id=channel_id, next_post_at=next_at)
    is_rested = or_(channels.c.next_post_at.is_(None), channels.c.next_post_at <= now)
    is_idle = or_(channels.c.lease.is_(None), channels.c.due_at.is_(None), channels.c.due_at <= now)
    due_at = case((channels.c.due_at < next_at, next_at), else_=channels.c.due_at)
    take = new.on_conflict_do_update(
        index_elements=["team_id", "channel_id"],
        set_={"next_post_at": next_at, "due_at": due_at},
        where=is_rested & is_idle,
    )
    if (await connection.execute(take.returning(channels.c.channel_id))).first():
        return None
    is_it = (channels.c.team_id == team_id, channels.c.channel_id == channel_id)
    return _find_free_at((await connection.execute(select(channels).where(*is_it))).one(), now)


async def hold_back(connection: Connection, team_id: str, channel_id: str, now: datetime) -> None:
    """A person's card is about to be posted there, come what may: what comes to be owed after it waits a second.

    What was due before isn't put off: else many cards in a row would hold it back for ever.
    """
    new = insert_into(connection, channels)
    new = new.values(team_id=team_id, channel_id=channel_id, next_post_at=now + PER_CHANNEL)
    held = {"next_post_at": later(channels.c.next_post_at, new.excluded.next_post_at)}
    await connection.execute(new.on_conflict_do_update(index_elements=["team_id", "channel_id"], set_=held))


def _find_free_at(row: Row[Any], now: datetime) -> datetime:
    """When a channel may take a post. While a notice is on its way there, nobody knows how long that takes."""
    if row.lease and row.due_at and row.due_at > now:
        return now + BETWEEN_POSTS
    return max(now, row.next_post_at or now)
