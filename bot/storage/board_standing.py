"""How boards stand when something happens to all of a channel or a workspace.

Each function is a step in the transaction that does the same to the subscriptions, which are locked before.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from bot.storage.boards import want_boards
from bot.storage.database import Connection
from bot.storage.rows import Values
from bot.storage.schema import boards

# Not due until somebody mends what is wrong, and then to be drawn even without news: its burst may be over.
STOPPED: Values = {"due_at": None, "lease": None, "failures": 0, "wanted": boards.c.wanted + 1}

_IS_OPEN = boards.c.closed_at.is_(None)


async def stop_boards(connection: Connection, team_id: str) -> None:
    """The token is of no use any more: none of that workspace is due from now on."""
    ids = await _lock(connection, (boards.c.team_id == team_id) & boards.c.due_at.is_not(None))
    await connection.execute(update(boards).where(boards.c.id.in_(ids)).values(STOPPED))


async def find_stopped(connection: Connection, team_id: str, channel_id: str) -> set[str]:
    """Those that were stopped: of one channel, or of all if that is empty."""
    is_there = (boards.c.team_id == team_id) & boards.c.due_at.is_(None)
    if channel_id:
        is_there &= boards.c.channel_id == channel_id
    is_old = boards.c.wanted > boards.c.drawn
    return set((await connection.execute(select(boards.c.id).where(is_there, is_old))).scalars())


async def move_boards(connection: Connection, team_id: str, old_id: str, new_id: str, now: datetime) -> None:
    """Gives those of a channel to another. They close: what comes there has no room on two of them."""
    ids = await _lock(connection, (boards.c.team_id == team_id) & (boards.c.channel_id == old_id))
    is_it = boards.c.id.in_(ids)
    await connection.execute(update(boards).where(is_it, _IS_OPEN).values(closed_at=now))
    await connection.execute(update(boards).where(is_it).values(channel_id=new_id))
    await want_boards(connection, ids, now)


async def _lock(connection: Connection, condition: ColumnElement[bool]) -> list[str]:
    lock = select(boards.c.id).where(condition).order_by(boards.c.id).with_for_update(key_share=True)
    return list((await connection.execute(lock)).scalars())
