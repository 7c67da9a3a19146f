"""What people follow."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, delete, func, or_, select, update

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import Call, CallId
from bot.core.outbox import CardJob
from bot.core.subscriptions import Options, Reason, Subscription
from bot.storage import standing
from bot.storage.acts import ActingPart
from bot.storage.adding import find_or_add
from bot.storage.agent_standing import end_agents
from bot.storage.boards import want_boards
from bot.storage.erasing import erase_team
from bot.storage.rows import SUBSCRIPTIONS, card_job_of, options_values, subscription_of
from bot.storage.schema import followed_calls, notices, subscriptions
from bot.storage.steps import (
    IS_ACTIVE,
    IS_ENDED,
    IS_PAUSED,
    card_wish,
    is_in,
    lock_following,
    lock_subscriptions,
    stop_idle,
    update_subscriptions,
)

_IS_DRAWABLE = or_(~IS_PAUSED, subscriptions.c.reason == Reason.PERSON.value)


class SubscriptionStore(ActingPart):
    """Fulfils :class:`bot.core.ports.Subscriptions`. Ids and teams are the caller's to check."""

    async def add(
        self, wanted: Subscription, call: Call, *, card_until: datetime
    ) -> tuple[Subscription, CardJob | None]:
        """Adds a subscription, unless the channel follows that call already."""
        now, token = self._clock(), self._make_token()
        async with self._acting() as (connection, acts):
            row, followed = await find_or_add(connection, wanted, call, now=now, card_until=card_until, token=token)
            if followed:
                acts.append(self._act_on(AuditAction.SUBSCRIBE, row, row.call_id, wanted.creator_id))
        subscription = subscription_of(row)
        if followed is None:
            return subscription, None
        # The caller draws what it has read, whatever else is wanted by now.
        return subscription, replace(card_job_of(row, number=followed.number, known=call), wanted=1)

    async def discard(self, subscription_id: str) -> None:
        """Takes back an :meth:`add`."""
        async with self._database.transaction() as connection:
            locked = await lock_following(connection, _is(subscription_id))
            await connection.execute(delete(notices).where(notices.c.subscription_id == subscription_id))
            await connection.execute(delete(subscriptions).where(_is(subscription_id)))
            await stop_idle(connection, [each.row.followed_id for each in locked])

    async def find(self, subscription_id: str) -> Subscription | None:
        """The subscription of that id, ended ones too."""
        return await self._find(_is(subscription_id))

    async def find_here(self, team_id: str, channel_id: str, call_id: CallId) -> Subscription | None:
        """The subscription of a call in a channel that is not ended."""
        is_of_call = subscriptions.c.call_id == str(call_id)
        return await self._find(is_in(team_id, channel_id) & is_of_call & ~IS_ENDED)

    async def list_here(
        self, team_id: str, channel_id: str, *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        """A page of a channel's subscriptions that are not ended, oldest first, and how many there are in all."""
        return await self._list(is_in(team_id, channel_id), offset=offset, limit=limit)

    async def list_of(
        self, team_id: str, creator_id: str, *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        """As :meth:`list_here`, for the subscriptions that one person made in whatever channel."""
        is_theirs = (subscriptions.c.team_id == team_id) & (subscriptions.c.creator_id == creator_id)
        return await self._list(is_theirs, offset=offset, limit=limit)

    async def pause(self, subscription_id: str, *, by: str) -> bool:
        """Pauses it because a person wants that."""
        async with self._acting() as (connection, acts):
            paused = await standing.pause(connection, _is(subscription_id))
            acts += [self._act_on(AuditAction.PAUSE, each.row, each.row.call_id, by) for each in paused]
        return len(paused) > 0

    async def resume(self, subscription_id: str, *, by: str) -> int:
        """Makes a paused one active, or one that was let go; so its channel's others that Slack's errors paused."""
        async with self._acting() as (connection, acts):
            agents, calls = await standing.resume_one(connection, subscription_id, self._clock())
            acts += [self._act_on(AuditAction.RESUME, row, row.agent_id, by) for row in agents]
            acts += [self._act_on(AuditAction.RESUME, each.row, each.row.call_id, by) for each in calls]
        return len(agents) + len(calls)

    async def end(self, subscription_id: str, *, by: str) -> bool:
        """Ends it because a person wants that."""
        async with self._acting() as (connection, acts):
            ended = await standing.end(connection, _is(subscription_id), self._clock())
            acts += [self._act_on(AuditAction.END, each.row, each.row.call_id, by) for each in ended]
        return len(ended) > 0

    async def end_all(self, team_id: str, channel_id: str, *, by: str) -> int:
        """Ends every subscription of a channel, to calls and to agents."""
        async with self._acting() as (connection, acts):
            now = self._clock()
            agents = await end_agents(connection, team_id, channel_id, now)
            calls = [each.row for each in await standing.end(connection, is_in(team_id, channel_id), now)]
            acts += [self._act_on(AuditAction.END, row, row.call_id, by) for row in calls]
            acts += [self._act_on(AuditAction.END, row, row.agent_id, by) for row in agents]
        return len(calls) + len(agents)

    async def change(self, subscription_id: str, options: Options, *, by: str) -> bool:
        """Gives it other options, and has its card redrawn; False if it has ended."""
        is_it = _is(subscription_id) & ~IS_ENDED
        change = update(subscriptions).where(is_it).values(options_values(options)).returning(*subscriptions.c)
        async with self._acting() as (connection, acts):
            changed = (await connection.execute(change)).all()
            await connection.execute(_want_card(is_it, self._clock()))
            acts += [self._act_on(AuditAction.CHANGE, row, row.call_id, by) for row in changed]
        return len(changed) > 0

    async def unfold(self, subscription_id: str) -> bool:
        """Takes an active one off its board, and has its card posted; False if it is on none."""
        is_it, now = _is(subscription_id) & (subscriptions.c.board_id != "") & IS_ACTIVE, self._clock()
        async with self._database.transaction() as connection:
            rows = await lock_subscriptions(connection, is_it)
            await update_subscriptions(connection, [row.id for row in rows], {"board_id": "", "card_due_at": now})
            await want_boards(connection, {row.board_id for row in rows}, now)
        return len(rows) > 0

    async def want_card(self, team_id: str, channel_id: str, card_ts: str) -> None:
        """Has the card redrawn that stands there, if it is a subscription's, and its call read again."""
        is_there = is_in(team_id, channel_id) & (subscriptions.c.card_ts == card_ts)
        now = self._clock()
        is_shown = followed_calls.c.id.in_(select(subscriptions.c.followed_id).where(is_there))
        is_free = followed_calls.c.lease.is_(None) & (followed_calls.c.due_at > now)
        async with self._database.transaction() as connection:
            await connection.execute(update(followed_calls).where(is_shown, is_free).values(due_at=now))
            await connection.execute(_want_card(is_there, now))

    async def resume_channel(self, team_id: str, channel_id: str) -> int:
        """Resumes what Slack's errors paused there."""
        async with self._database.transaction() as connection:
            _agents, calls = await standing.reopen(connection, team_id, channel_id, self._clock())
        return len(calls)

    async def move_channel(self, team_id: str, old_id: str, new_id: str) -> None:
        """Follows a channel to its new id, resumes there, and has the cards redrawn."""
        now = self._clock()
        async with self._database.transaction() as connection:
            await standing.move_channel(connection, team_id, old_id, new_id, now)
            await connection.execute(_want_card(is_in(team_id, new_id), now))

    async def share_channel(self, team_id: str, channel_id: str, *, is_shared: bool) -> None:
        """Another organisation reads along there, or doesn't any more."""
        is_there = is_in(team_id, channel_id)
        async with self._database.transaction() as connection:
            await lock_subscriptions(connection, is_there)
            await connection.execute(update(subscriptions).where(is_there).values(is_shared=is_shared))
            await connection.execute(_want_card(is_there, self._clock()))

    async def stop_team(self, team_id: str) -> int:
        """Pauses everything of a workspace that has taken the bot's token back."""
        async with self._database.transaction() as connection:
            return await standing.stop_team(connection, team_id)

    async def resume_team(self, team_id: str) -> int:
        """Resumes what :meth:`stop_team` paused."""
        async with self._database.transaction() as connection:
            return await standing.resume_team(connection, team_id, self._clock())

    async def erase_team(self, team_id: str) -> int:
        """Erases every row of a workspace, the audit's too."""
        return await erase_team(self._database, team_id)

    def _act_on(self, action: AuditAction, row: Row[Any], about: str, by: str) -> AuditEntry:
        """What somebody did to a subscription, of which that is the row, about that call or agent."""
        return self._act(action, team_id=row.team_id, about=about, by=by, channel_id=row.channel_id)

    async def _list(
        self, condition: ColumnElement[bool], *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        page = SUBSCRIPTIONS.where(condition, ~IS_ENDED).order_by(subscriptions.c.created_at, subscriptions.c.id)
        count = select(func.count()).select_from(subscriptions).where(condition, ~IS_ENDED)
        async with self._database.reading() as connection:
            rows = (await connection.execute(page.offset(offset).limit(limit))).all()
            in_all = (await connection.execute(count)).scalar_one()
        return tuple(map(subscription_of, rows)), in_all

    async def _find(self, condition: ColumnElement[bool]) -> Subscription | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(SUBSCRIPTIONS.where(condition))).first()
        return subscription_of(row) if row else None


def _is(subscription_id: str) -> ColumnElement[bool]:
    return subscriptions.c.id == subscription_id


def _want_card(condition: ColumnElement[bool], now: datetime) -> Update:
    # What Slack has refused is drawn when it is resumed.
    return update(subscriptions).where(condition, _IS_DRAWABLE).values(card_wish(now))
