"""A new subscription: its call is read from now on, and its card is its creator's to post."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, insert, select, update

from bot.core.agents import agent_key
from bot.core.calls import Call
from bot.core.changes import CallState, ChangeKind, FollowedCall, Observation, find_status_since
from bot.core.subscriptions import Subscription
from bot.storage.database import Connection
from bot.storage.rows import SUBSCRIPTIONS, Values, followed_of, followed_values, state_values, subscription_values
from bot.storage.schema import followed_calls, subscriptions
from bot.storage.slots import hold_back
from bot.storage.steps import IS_ENDED, find_debt, insert_into, is_in, make_due, owe


async def find_or_add(
    connection: Connection, wanted: Subscription, call: Call, *, now: datetime, card_until: datetime, token: str
) -> tuple[Row[Any], FollowedCall | None]:
    """The row of the new subscription and its call, or that of the one which was there, and None."""
    held = await _hold_call(connection, wanted, call, now)
    live = SUBSCRIPTIONS.where(
        subscriptions.c.team_id == wanted.team_id,
        subscriptions.c.channel_id == wanted.channel_id,
        subscriptions.c.call_id == str(wanted.call_id),
        ~IS_ENDED,
    )
    if there := (await connection.execute(live)).first():
        return there, None
    followed = await _start_reading(connection, held, call, now)
    is_outdated = held.read_at > call.read_at and followed.state != CallState.of(call)
    # What was known already when this older reading was made, and is not on the card that shows it.
    known = Observation(followed=followed, at=now, kind=ChangeKind.STATUS)
    debt = find_debt(known, wanted, seen_status=call.status) if is_outdated else None
    card = {
        "seen_status": followed.state.status if is_outdated else call.status,
        "seen_media": followed.is_media_told,
        "card_posts": 1,
        "card_wanted": 2 if is_outdated else 1,
        "card_due_at": card_until,
        "card_lease": token,
        "card_begun_at": now,
        # Slack told one process alone, and once: what was followed here then has kept it.
        "is_shared": exists().where(is_in(wanted.team_id, wanted.channel_id), subscriptions.c.is_shared),
    }
    await connection.execute(insert(subscriptions).values(subscription_values(wanted, followed_id=held.id) | card))
    await owe(connection, [debt] if debt else [], now)
    if not wanted.card_ts:
        await hold_back(connection, wanted.team_id, wanted.channel_id, now)
    if debt:
        await make_due(connection, wanted.team_id, [wanted.channel_id], now)
    query = SUBSCRIPTIONS.where(subscriptions.c.id == wanted.id)
    return (await connection.execute(query)).one(), followed


async def _hold_call(connection: Connection, wanted: Subscription, call: Call, now: datetime) -> Row[Any]:
    """The call's row, made if there is none, and locked: nobody else adds a subscription to it meanwhile."""
    of_call = (followed_calls.c.team_id == wanted.team_id, followed_calls.c.call_id == str(call.id))
    query = select(followed_calls).where(*of_call).with_for_update(key_share=True)
    if row := (await connection.execute(query)).first():
        return row
    new = {
        "team_id": wanted.team_id,
        "call_id": str(call.id),
        **state_values(CallState.of(call)),
        "status_since": find_status_since(call, now=now),
        "news_at": now,
        "read_at": call.read_at,
        "due_at": now,
        "agent_id": agent_key(call.agent_id),
        "seen_at": now,
    }
    await connection.execute(insert_into(connection, followed_calls).values(new).on_conflict_do_nothing())
    return (await connection.execute(query)).one()


async def _start_reading(connection: Connection, row: Row[Any], call: Call, now: datetime) -> FollowedCall:
    """Has the call read at once; if nobody followed it, this reading is what is known of it from now on."""
    followed = followed_of(row)
    values: Values = {}
    if row.lease is None and (row.due_at is None or row.due_at > now):
        values["due_at"] = now
    if row.due_at is None:
        followed = replace(followed, news_at=now, failures=0)
        if row.read_at <= call.read_at:
            followed = _renewed(followed, call, now)
        values |= followed_values(followed) | {"read_at": max(row.read_at, call.read_at)}
    if values:
        await connection.execute(update(followed_calls).where(followed_calls.c.id == row.id).values(values))
    return followed


def _renewed(followed: FollowedCall, call: Call, now: datetime) -> FollowedCall:
    return replace(
        followed,
        number=followed.number + 1,
        state=CallState.of(call),
        status_since=find_status_since(call, now=now),
        media_at=None,
        is_media_told=False,
        is_stuck_told=False,
        agent_id=agent_key(call.agent_id),
    )
