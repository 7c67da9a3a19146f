"""How a subscription stands: paused, active again, ended, or moved elsewhere, and what each of these brings with it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, select, update

from bot.core.changes import ChangeKind, Observation
from bot.core.subscriptions import Reason, SubscriptionState
from bot.storage.agent_standing import (
    ACTIVE,
    go_on_with_agents,
    move_agents,
    reopen_agents,
    set_agents,
    stop_agents,
)
from bot.storage.agent_standing import IS_PAUSED as IS_AGENT_PAUSED
from bot.storage.board_standing import find_stopped, move_boards, stop_boards
from bot.storage.boards import want_boards
from bot.storage.database import Connection
from bot.storage.schema import agent_subscriptions, channels, followed_calls, notices, subscriptions
from bot.storage.steps import (
    IS_ACTIVE,
    IS_ENDED,
    IS_OWED,
    IS_PAUSED,
    NO_CARD,
    Debt,
    Locked,
    call_ids,
    card_wish,
    ended,
    find_debt,
    find_owed_channels,
    forget_owed,
    has_live_one,
    ids_of,
    in_pieces,
    is_in,
    lock_following,
    make_due,
    owe,
    stop_idle,
    update_subscriptions,
)

# Paused because Slack said no: the reason is its error code.
IS_REFUSED = IS_PAUSED & subscriptions.c.reason.not_in([each.value for each in Reason])
_IS_STOPPED = IS_PAUSED & (subscriptions.c.reason == Reason.UNINSTALLED.value)

# Agents' subscriptions that were resumed, and calls' ones.
Resumed = tuple[Sequence[Row[Any]], Sequence[Locked]]


async def pause(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Locked]:
    """Pauses the active ones of these, as a person wants that."""
    locked = await lock_following(connection, condition & IS_ACTIVE)
    values = {"state": SubscriptionState.PAUSED.value, "reason": Reason.PERSON.value}
    await update_subscriptions(connection, ids_of(locked), values)
    await stop_idle(connection, call_ids(locked))
    return locked


async def end(connection: Connection, condition: ColumnElement[bool], now: datetime) -> Sequence[Locked]:
    """Ends these, as a person wants that."""
    locked = await lock_following(connection, condition & ~IS_ENDED)
    await update_subscriptions(connection, ids_of(locked), ended(Reason.PERSON, now) | card_wish(now))
    await stop_idle(connection, call_ids(locked))
    await forget_owed(connection, ids_of(locked), reason="ended", now=now)
    return locked


async def resume_one(connection: Connection, subscription_id: str, now: datetime) -> Resumed:
    """Resumes a paused one, or one that was let go; with it all of its channel that Slack's errors paused too."""
    is_it = subscriptions.c.id == subscription_id
    query = select(subscriptions).where(is_it)
    row = (await connection.execute(query)).first()
    if row is None:
        return (), ()
    if _is_refused(row):
        return await reopen(connection, row.team_id, row.channel_id, now)
    was_let_go = IS_ENDED & (subscriptions.c.reason == Reason.QUIET.value) & ~has_live_one()
    return (), await resume(connection, is_it & (IS_PAUSED | was_let_go), now)


async def resume_agent(connection: Connection, subscription_id: str, now: datetime) -> Resumed:
    """Resumes a paused one of an agent; as :func:`resume_one`."""
    is_it = agent_subscriptions.c.id == subscription_id
    row = (await connection.execute(select(agent_subscriptions).where(is_it))).first()
    if row and _is_refused(row):
        return await reopen(connection, row.team_id, row.channel_id, now)
    return await set_agents(connection, is_it & IS_AGENT_PAUSED, ACTIVE), ()


async def resume(connection: Connection, condition: ColumnElement[bool], now: datetime) -> Sequence[Locked]:
    """Makes these active: what changed meanwhile is owed as one notice, their cards are redrawn, their calls read."""
    locked = await lock_following(connection, condition)
    if locked:
        await _revive(connection, locked, now)
        owed = await find_owed_channels(connection, ids_of(locked))
        await make_due(connection, locked[0].row.team_id, owed, now)
    return locked


async def _revive(
    connection: Connection, locked: Sequence[Locked], now: datetime, *, boards: AbstractSet[str] = frozenset()
) -> None:
    """The same without their channels, which are yet to be made due; these boards are redrawn beside theirs."""
    await _look_again(connection, call_ids(locked), now)
    call = followed_calls.c.id == subscriptions.c.followed_id
    active = {"state": SubscriptionState.ACTIVE.value, "reason": "", "ended_at": None, "is_reposted": False}
    seen = {
        "seen_status": select(followed_calls.c.status).where(call).scalar_subquery(),
        "seen_media": select(followed_calls.c.is_media_told).where(call).scalar_subquery(),
    }
    await update_subscriptions(connection, ids_of(locked), active | seen | card_wish(now))
    await want_boards(connection, {each.row.board_id for each in locked} - {""} | boards, now)
    await owe(connection, [debt for each in locked if (debt := _missed_debt(each, now))], now)


async def _look_again(connection: Connection, followed_ids: Sequence[int], now: datetime) -> None:
    """Has calls read at once. One that was not read for a while must not be let go for having been quiet."""
    is_idle = followed_calls.c.due_at.is_(None)
    values = {
        "news_at": case((is_idle, now), else_=followed_calls.c.news_at),
        "due_at": case((followed_calls.c.lease.is_(None), now), else_=followed_calls.c.due_at),
    }
    for piece in in_pieces(followed_ids):
        await connection.execute(update(followed_calls).where(followed_calls.c.id.in_(piece)).values(values))


def _missed_debt(locked: Locked, now: datetime) -> Debt | None:
    """The one notice about what a subscription has not been told, if it wants that."""
    call, row = locked.call, locked.row
    kind = ChangeKind.STATUS
    if row.seen_status == call.state.status and call.is_media_told and not row.seen_media:
        kind = ChangeKind.MEDIA
    missed = Observation(followed=call, at=now, kind=kind)
    return find_debt(missed, locked.subscription, seen_status=row.seen_status)


async def stop_team(connection: Connection, team_id: str) -> int:
    """Pauses everything: the token is of no use any more. Nothing of that workspace is due from now on."""
    agents = await stop_agents(connection, team_id)
    has_card_due = IS_ENDED & subscriptions.c.card_due_at.is_not(None)
    locked = await lock_following(connection, (subscriptions.c.team_id == team_id) & (IS_ACTIVE | has_card_due))
    active = [each for each in locked if each.row.state == SubscriptionState.ACTIVE.value]
    values = {"state": SubscriptionState.PAUSED.value, "reason": Reason.UNINSTALLED.value}
    await update_subscriptions(connection, ids_of(active), values)
    await update_subscriptions(connection, ids_of(locked), NO_CARD)
    await stop_idle(connection, call_ids(active))
    await stop_boards(connection, team_id)
    is_due = (channels.c.team_id == team_id) & channels.c.due_at.is_not(None)
    lock = select(channels.c.channel_id).where(is_due).order_by(channels.c.channel_id).with_for_update(key_share=True)
    for piece in in_pieces((await connection.execute(lock)).scalars()):
        ours = (channels.c.team_id == team_id) & channels.c.channel_id.in_(piece)
        await connection.execute(update(channels).where(ours).values(due_at=None, lease=None))
    return len(active) + agents


async def resume_team(connection: Connection, team_id: str, now: datetime) -> int:
    """Undoes :func:`stop_team`. Cheap where nothing was stopped: every start of the bot asks for it."""
    is_stopped = (subscriptions.c.team_id == team_id) & _IS_STOPPED
    count = await go_on_with_agents(connection, team_id)
    if count or (await connection.execute(select(subscriptions.c.id).where(is_stopped).limit(1))).first():
        count += len(await _go_on(connection, team_id, "", _IS_STOPPED, now))
    owed = select(notices.c.channel_id).distinct().where(notices.c.team_id == team_id, IS_OWED)
    await make_due(connection, team_id, (await connection.execute(owed)).scalars(), now)
    return count


async def reopen(connection: Connection, team_id: str, channel_id: str, now: datetime) -> Resumed:
    """Resumes what Slack's errors paused in a channel that is open to us again."""
    agents = await reopen_agents(connection, team_id, channel_id)
    calls = await _go_on(connection, team_id, channel_id, IS_REFUSED, now)
    is_here = (notices.c.team_id == team_id, notices.c.channel_id == channel_id, IS_OWED)
    if (await connection.execute(select(notices.c.id).where(*is_here).limit(1))).first():
        await make_due(connection, team_id, [channel_id], now)
    return agents, calls


async def _go_on(
    connection: Connection, team_id: str, channel_id: str, is_waiting: ColumnElement[bool], now: datetime
) -> Sequence[Locked]:
    """Resumes what waits in a channel, or in all if that is empty; what is over there is drawn a last time."""
    is_there = is_in(team_id, channel_id) if channel_id else subscriptions.c.team_id == team_id
    has_card = subscriptions.c.board_id == ""
    is_old = IS_ENDED & has_card & (subscriptions.c.card_wanted > subscriptions.c.card_drawn)
    locked = await lock_following(connection, is_there & (is_waiting | is_old))
    waiting = [each for each in locked if each.row.state == SubscriptionState.PAUSED.value]
    over = [each for each in locked if each.row.state == SubscriptionState.ENDED.value]
    await update_subscriptions(connection, ids_of(over), card_wish(now))
    await _revive(connection, waiting, now, boards=await find_stopped(connection, team_id, channel_id))
    return waiting


async def move_channel(connection: Connection, team_id: str, old_id: str, new_id: str, now: datetime) -> None:
    """Gives everything of a channel to another, and resumes there what Slack's errors paused."""
    await move_agents(connection, team_id, old_id, new_id, now)
    locked = await lock_following(connection, is_in(team_id, old_id) | is_in(team_id, new_id))
    here = {each.row.call_id for each in locked if each.row.channel_id == new_id and _is_live(each)}
    moved = [each for each in locked if each.row.channel_id == old_id]
    doubled = ids_of([each for each in moved if each.row.call_id in here and _is_live(each)])
    await update_subscriptions(connection, doubled, ended(Reason.PERSON, now) | card_wish(now))
    await update_subscriptions(connection, ids_of(moved), {"channel_id": new_id})
    await stop_idle(connection, call_ids(moved))
    await move_boards(connection, team_id, old_id, new_id, now)
    refused = [
        replace(each, subscription=replace(each.subscription, channel_id=new_id))
        for each in locked
        if _is_refused(each.row) and each.row.id not in doubled
    ]
    await _revive(connection, refused, now)
    await forget_owed(connection, doubled, reason="moved", now=now)
    theirs = (notices.c.team_id == team_id, notices.c.channel_id == old_id, IS_OWED)
    await connection.execute(update(notices).where(*theirs).values(channel_id=new_id))
    both = (channels.c.team_id == team_id) & channels.c.channel_id.in_([old_id, new_id])
    await connection.execute(select(channels).where(both).order_by(channels.c.channel_id).with_for_update())
    await connection.execute(delete(channels).where(both, channels.c.channel_id == old_id))
    await make_due(connection, team_id, [new_id], now)


def _is_live(locked: Locked) -> bool:
    return bool(locked.row.state != SubscriptionState.ENDED.value)


def _is_refused(row: Row[Any]) -> bool:
    return row.state == SubscriptionState.PAUSED.value and row.reason not in {each.value for each in Reason}
