"""What is owed to Slack: notices, channel by channel, and cards.

A channel's turn is claimed, not a notice: so notices stay in order, and never two go to one channel at once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select, update

from bot.core.changes import ChangeKind
from bot.core.outbox import Turn
from bot.core.ports import Claim, Rate
from bot.storage import standing
from bot.storage.agent_standing import pause_agents
from bot.storage.cards import CardStore, repost
from bot.storage.database import Connection
from bot.storage.leases import Queue
from bot.storage.refusing import lock_refused, pause_refused
from bot.storage.rows import Values, notice_of
from bot.storage.schema import channels, notices, subscriptions
from bot.storage.steps import IS_OWED, IS_PAUSED, later, lock_subscriptions, make_due

_DUE = Queue(channels, key=channels.c.channel_id, due_at=channels.c.due_at, lease=channels.c.lease)

# Whether a notice, joined with its subscription, may be sent: a pause holds it back, and so does a thread without a
# root. What a person is told about a pause waits for neither.
_IS_DELIVERABLE = and_(
    IS_OWED,
    or_(
        notices.c.kind == ChangeKind.PAUSED.value,
        and_(~IS_PAUSED, or_(subscriptions.c.thread_ts != "", subscriptions.c.card_ts != "")),
    ),
)
_OWNED = notices.join(subscriptions, subscriptions.c.id == notices.c.subscription_id)


class OutboxStore(CardStore):
    """Fulfils :class:`bot.core.ports.Outbox`."""

    async def claim_turns(self, *, limit: int, until: datetime, rate: Rate) -> Claim[Turn]:
        """Takes channels that have a notice to be sent now, each with its oldest one."""
        return await _DUE.claim(self._database, self._wish(limit, until, rate), _load)

    async def begin(self, turn: Turn) -> bool:
        """Puts down that the notice is about to be posted.

        If nobody is owed it any more, the channel is given back, for the caller has no more to do with it.
        """
        now = self._clock()
        held = exists().where(_is_channel(turn), channels.c.lease == turn.lease)
        wanted = exists().where(subscriptions.c.id == notices.c.subscription_id, _IS_DELIVERABLE)
        begin = update(notices).where(notices.c.id == turn.notice.id, held, wanted.correlate(notices))
        async with self._database.writing() as connection:
            values = {"begun_at": now, "attempts": notices.c.attempts + 1}
            if (await connection.execute(begin.values(values))).rowcount == 1:
                return True
        await self.release(turn)
        return False

    async def mark_sent(self, turn: Turn, *, ts: str, next_at: datetime) -> None:
        """The notice stands there, whoever holds the channel by now. Its next one may go at that time."""
        sent = update(notices).where(notices.c.id == turn.notice.id, notices.c.sent_ts == "")
        values = {"sent_ts": ts, "done_at": self._clock(), "dead_reason": ""}
        async with self._database.transaction() as connection:
            await connection.execute(sent.values(values))
            if await _hold(connection, turn):
                await _give_back(connection, turn, next_at)

    async def put_off(self, turn: Turn, *, due_at: datetime, is_unknown: bool) -> None:
        """The notice could not be posted now."""
        async with self._database.transaction() as connection:
            if await _hold(connection, turn):
                if not is_unknown:
                    await _forget_attempt(connection, turn)
                values: Values = {"due_at": due_at, "lease": None, "failures": turn.failures + 1}
                await connection.execute(update(channels).where(_is_channel(turn)).values(values))

    async def drop(self, turn: Turn, *, reason: str) -> None:
        """The notice can never be posted."""
        now = self._clock()
        drop = update(notices).where(notices.c.id == turn.notice.id, IS_OWED)
        async with self._database.transaction() as connection:
            await connection.execute(drop.values(done_at=now, dead_reason=reason))
            if await _hold(connection, turn):
                await _give_back(connection, turn, now)

    async def pause(self, turn: Turn, *, reason: str, whole_channel: bool) -> None:
        """Pauses the subscription, or all of the channel, and owes each creator a direct message."""
        now = self._clock()
        async with self._database.transaction() as connection:
            _own, locked = await lock_refused(
                connection, turn.team_id, turn.channel_id, turn.notice.subscription_id, whole_channel=whole_channel
            )
            if not await _hold(connection, turn):
                return
            await _forget_attempt(connection, turn)
            creators = await pause_refused(connection, locked, reason, now)
            if whole_channel:
                await pause_agents(connection, turn.team_id, turn.channel_id, reason)
            await _give_back(connection, turn, now)
            await make_due(connection, turn.team_id, creators, now)

    async def lose_card(self, turn: Turn) -> bool:
        """The root of the thread is gone: the card is to be posted anew, and the notice waits for it."""
        now = self._clock()
        async with self._database.transaction() as connection:
            is_it = subscriptions.c.id == turn.notice.subscription_id
            row = next(iter(await lock_subscriptions(connection, is_it)), None)
            if row is None or not await _hold(connection, turn):
                return True  # somebody else sees to it
            is_root = not row.thread_ts
            # Another root than the one that we know to be gone is there already, or about to be.
            is_lost = is_root and (row.card_ts != turn.notice.root_ts or await repost(connection, row, now))
            if is_lost:
                await _forget_attempt(connection, turn)
                await _give_back(connection, turn, now)
            return is_lost

    async def release(self, turn: Turn) -> None:
        """Gives a turn back untouched."""
        async with self._database.transaction() as connection:
            if await _hold(connection, turn):
                await _give_back(connection, turn, self._clock(), failures=turn.failures)

    async def stop_team(self, team_id: str) -> int:
        """Pauses everything of a workspace that has taken the bot's token back."""
        async with self._database.transaction() as connection:
            return await standing.stop_team(connection, team_id)


async def _load(connection: Connection, rows: Sequence[Row[Any]]) -> list[Turn]:
    """The claimed channels with their oldest notices; those that have none to be sent are given back at once."""
    if not rows:
        return []
    held = {row.channel_id: row for row in rows}
    is_here = (notices.c.team_id == rows[0].team_id, notices.c.channel_id.in_(held))
    oldest = select(func.min(notices.c.id)).select_from(_OWNED).where(*is_here, _IS_DELIVERABLE)
    columns: list[Any] = [notices, *(each for each in subscriptions.c if each.name not in notices.c)]
    query = select(*columns).select_from(_OWNED).where(notices.c.id.in_(oldest.group_by(notices.c.channel_id)))
    found = {row.channel_id: row for row in await connection.execute(query)}
    if idle := held.keys() - found.keys():
        are_idle = (channels.c.team_id == rows[0].team_id) & channels.c.channel_id.in_(sorted(idle))
        await connection.execute(update(channels).where(are_idle).values(due_at=None, lease=None))
    return [_turn_of(held[channel_id], row) for channel_id, row in found.items()]


def _turn_of(channel: Row[Any], row: Row[Any]) -> Turn:
    return Turn(
        team_id=channel.team_id,
        channel_id=channel.channel_id,
        lease=channel.lease,
        failures=channel.failures,
        notice=notice_of(row),
    )


def _is_channel(turn: Turn) -> ColumnElement[bool]:
    return (channels.c.team_id == turn.team_id) & (channels.c.channel_id == turn.channel_id)


async def _hold(connection: Connection, turn: Turn) -> bool:
    """Locks the notice and then its channel, if that is still ours."""
    lock = select(notices.c.id).where(notices.c.id == turn.notice.id).with_for_update(key_share=True)
    await connection.execute(lock)
    ours = select(channels.c.lease).where(_is_channel(turn), channels.c.lease == turn.lease)
    return (await connection.execute(ours.with_for_update(key_share=True))).first() is not None


async def _give_back(connection: Connection, turn: Turn, next_at: datetime, *, failures: int = 0) -> None:
    """Gives a channel back that is locked by us: due at that time, if there is anything left to be sent.

    That is looked for in a statement of its own after the lock: a notice that was committed while we waited for the
    lock is seen, and one that is committed later finds the channel given back.
    """
    is_here = (notices.c.team_id == turn.team_id, notices.c.channel_id == turn.channel_id)
    left = select(notices.c.id).select_from(_OWNED).where(*is_here, _IS_DELIVERABLE).exists()
    next_post_at = later(channels.c.next_post_at, next_at)
    values = {
        "lease": None,
        "failures": failures,
        "next_post_at": next_post_at,
        "due_at": case((left, next_post_at), else_=None),
    }
    await connection.execute(update(channels).where(_is_channel(turn)).values(values))


async def _forget_attempt(connection: Connection, turn: Turn) -> None:
    await connection.execute(update(notices).where(notices.c.id == turn.notice.id).values(begun_at=None))
