"""Boards: what goes onto one instead of a card of its own, and whose turn it is to be drawn."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal_column, select, update

from bot.core.boards import BurstRules, redraw_wait
from bot.core.subscriptions import Subscription
from bot.storage.database import Connection
from bot.storage.leases import make_token
from bot.storage.rows import Values
from bot.storage.schema import boards, subscriptions
from bot.storage.steps import NO_CARD, forget_owed, in_pieces, insert_into, is_in, update_subscriptions

# To the letter, as the partial indexes have it.
_EMPTY: ColumnElement[str] = literal_column("''")
_IS_OPEN = boards.c.closed_at.is_(None)


async def fold(
    connection: Connection,
    team_id: str,
    born: Sequence[Subscription],
    *,
    now: datetime,
    rules: BurstRules,
    changed: Iterable[str] = (),
) -> set[str]:
    """Puts subscriptions that agents' ones have just given birth to onto their channel's board, if there are too many.

    Called in the transaction that has inserted them, with their cards due. Where a board opens, cards from the minute
    before that nobody has begun to post go onto it too. What is on a board has no card, and is owed no notice.

    Args:
        connection: that transaction's.
        team_id: the workspace.
        born: the subscriptions; their rows are there.
        now: the time, UTC.
        rules: how many cards are too many.
        changed: boards that are to be redrawn because of the same look. They are locked together with the others, in
            one order; so whoever has them gives them here, and doesn't call :func:`want_boards`.

    Returns:
        The ids of the subscriptions that went onto a board.
    """
    folded: set[str] = set()
    wanted = set(changed)
    channel_ids = sorted({each.channel_id for each in born})
    open_ids = await _find_open(connection, team_id, channel_ids)
    counts = await count_born(connection, team_id, set(channel_ids) - open_ids.keys(), now - rules.window)
    for channel_id in channel_ids:
        here = [each for each in born if each.channel_id == channel_id]
        mentions = {each.id: each.options.mention for each in here}
        board_id = open_ids.get(channel_id)
        if board_id is None:
            if counts[channel_id] <= rules.cards_per_minute:
                continue
            mentions |= await _lock_unposted(connection, team_id, channel_id, now - rules.window)
            board_id = await _open(connection, team_id, channel_id, mention=_union(mentions.values()), now=now)
        await update_subscriptions(connection, mentions, NO_CARD | {"board_id": board_id})
        folded |= mentions.keys()
        wanted.add(board_id)
    await want_boards(connection, wanted, now)
    await forget_owed(connection, folded, reason="board", now=now)
    return folded


async def want_boards(connection: Connection, board_ids: Iterable[str], now: datetime) -> None:
    """Has boards redrawn, no sooner than their age allows. Those that are leased, or put off, wait for that."""
    for piece in in_pieces(board_ids):
        # Slack has no place for those that were given up: they have no posts.
        query = select(boards).where(boards.c.id.in_(piece), boards.c.posts > 0).order_by(boards.c.id)
        for row in (await connection.execute(query.with_for_update(key_share=True))).all():
            values: Values = {"wanted": row.wanted + 1}
            if row.lease is None and not row.failures:
                due_at = _next_drawing(row, now)
                values["due_at"] = min(due_at, row.due_at or due_at)
            await connection.execute(update(boards).where(boards.c.id == row.id).values(values))


def _next_drawing(row: Row[Any], now: datetime) -> datetime:
    """When a board with news may be drawn."""
    return max(now, row.drawn_at + redraw_wait(now - row.opened_at)) if row.drawn_at else now


async def _find_open(connection: Connection, team_id: str, channel_ids: Iterable[str]) -> dict[str, str]:
    """The open boards' ids by channel. Not locked: one may close at any time. What goes onto it even so, is shown."""
    found: dict[str, str] = {}
    for piece in in_pieces(channel_ids):
        is_theirs = (boards.c.team_id == team_id, boards.c.channel_id.in_(piece), _IS_OPEN)
        found |= {row.channel_id: row.id for row in await connection.execute(select(boards).where(*is_theirs))}
    return found


def is_born_in(team_id: str, channel_id: str) -> ColumnElement[bool]:
    """Whether a subscription is one of that channel that an agent's one gave birth to."""
    return and_(is_in(team_id, channel_id), subscriptions.c.parent_id != _EMPTY)


def is_on(board_id: str) -> ColumnElement[bool]:
    """Whether a subscription is on that board."""
    return and_(subscriptions.c.board_id == board_id, subscriptions.c.board_id != _EMPTY)


async def count_born(connection: Connection, team_id: str, channel_ids: Iterable[str], after: datetime) -> Counter[str]:
    """How many of these have come to be since then, by channel."""
    found: Counter[str] = Counter()
    for piece in in_pieces(channel_ids):
        is_theirs = (subscriptions.c.team_id == team_id, subscriptions.c.channel_id.in_(piece))
        is_recent = (*is_theirs, subscriptions.c.parent_id != _EMPTY, subscriptions.c.created_at > after)
        query = select(subscriptions.c.channel_id, func.count()).where(*is_recent)
        rows = await connection.execute(query.group_by(subscriptions.c.channel_id))
        found.update({str(row[0]): int(row[1]) for row in rows})
    return found


async def _lock_unposted(connection: Connection, team_id: str, channel_id: str, after: datetime) -> dict[str, str]:
    """Subscriptions whose cards nobody has begun to post, and whom each mentions.

    Never waits: what somebody else is at work on has its card.
    """
    query = select(subscriptions.c.id, subscriptions.c.mention).where(
        is_born_in(team_id, channel_id),
        subscriptions.c.created_at > after,
        subscriptions.c.card_due_at.is_not(None),
        subscriptions.c.board_id == "",
        subscriptions.c.card_ts == "",
        subscriptions.c.card_begun_at.is_(None),
        subscriptions.c.card_lease.is_(None),
    )
    rows = await connection.execute(query.with_for_update(skip_locked=True, key_share=True))
    return {row.id: row.mention for row in rows}


async def _open(connection: Connection, team_id: str, channel_id: str, *, mention: str, now: datetime) -> str:
    """The channel's open board: a new one, unless another process was quicker."""
    new = {
        "id": make_token(),
        "team_id": team_id,
        "channel_id": channel_id,
        "opened_at": now,
        "mention": mention,
        "posts": 1,
        "due_at": now,
    }
    insert = insert_into(connection, boards).values(new).on_conflict_do_nothing()
    while True:
        await connection.execute(insert)
        # Once more if the other one has closed already.
        if found := await _find_open(connection, team_id, [channel_id]):
            return found[channel_id]


def _union(mentions: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(filter(None, mentions)))
