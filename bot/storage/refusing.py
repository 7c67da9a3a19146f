"""When Slack says no: what would post there is paused, and whoever asked for it is told. Nothing is lost."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from bot.core.changes import ChangeKind, Facts
from bot.core.subscriptions import SubscriptionState
from bot.storage.agent_standing import lock_agents
from bot.storage.database import Connection
from bot.storage.schema import notices, subscriptions
from bot.storage.steps import (
    IS_ACTIVE,
    IS_ENDED,
    IS_OWED,
    NO_CARD,
    Debt,
    Locked,
    call_ids,
    forget_owed,
    has_live_one,
    ids_of,
    is_in,
    lock_following,
    owe,
    stop_idle,
    update_subscriptions,
)


async def lock_refused(
    connection: Connection, team_id: str, channel_id: str, subscription_id: str, *, whole_channel: bool
) -> tuple[Locked | None, list[Locked]]:
    """Locks a subscription, and those that Slack's refusal concerns: it, or all of its channel, if they'd ever post.

    Where agents are followed, one that has ended counts, too, if one of theirs gave birth to it: they are paused with
    the channel, and it takes somebody who is told, and a subscription to be resumed.
    """
    is_it = subscriptions.c.id == subscription_id
    is_it_concerned = _is_refusable()
    if whole_channel and await lock_agents(connection, team_id, channel_id):
        is_it_concerned |= IS_ENDED & (subscriptions.c.parent_id != "")
    is_concerned = is_in(team_id, channel_id) & _is_refusable()
    locked = await lock_following(connection, is_it | is_concerned if whole_channel else is_it)
    own = next((each for each in locked if each.row.id == subscription_id), None)
    refusable = await connection.execute(select(subscriptions.c.id).where(is_it, is_it_concerned))
    if refusable.first() is None:
        return own, [each for each in locked if each is not own]
    return own, locked


async def pause_refused(connection: Connection, locked: Sequence[Locked], reason: str, now: datetime) -> set[str]:
    """Pauses because Slack said no; returns the people that are owed a message about it: their channels.

    One that has ended is paused too, as long as it is owed something: else that would be tried, and refused, for ever.
    Where its channel follows the call anew, it can't be, and what it is owed is given up.
    """
    kept, given_up = await _divide(connection, locked)
    values = {"state": SubscriptionState.PAUSED.value, "reason": reason}
    await update_subscriptions(connection, ids_of(kept), values | NO_CARD)
    gone = NO_CARD | {"card_drawn": subscriptions.c.card_wanted}
    await update_subscriptions(connection, ids_of(given_up), gone)
    await stop_idle(connection, call_ids(kept))
    await forget_owed(connection, ids_of(given_up), reason=reason, now=now)
    return await _owe_creators(connection, kept, reason, now)


def _is_refusable() -> ColumnElement[bool]:
    """Whether a subscription would make the bot post, sooner or later."""
    owed = select(notices.c.subscription_id).where(
        notices.c.team_id == subscriptions.c.team_id,
        notices.c.channel_id == subscriptions.c.channel_id,
        notices.c.subscription_id == subscriptions.c.id,
        IS_OWED,
        notices.c.kind != ChangeKind.PAUSED.value,
    )
    return or_(IS_ACTIVE, and_(IS_ENDED, owed.exists()))


async def _divide(connection: Connection, locked: Sequence[Locked]) -> tuple[list[Locked], list[Locked]]:
    """Those that can be paused, and those that can't because another one of their channel follows the same call."""
    kept, given_up = [], []
    live = {_place(each) for each in locked if each.row.state != SubscriptionState.ENDED.value}
    for each in locked:
        if each.row.state == SubscriptionState.ENDED.value:
            query = select(subscriptions.c.id).where(subscriptions.c.id == each.row.id, has_live_one())
            if _place(each) in live or (await connection.execute(query)).first():
                given_up.append(each)
                continue
            live.add(_place(each))
        kept.append(each)
    return kept, given_up


def _place(locked: Locked) -> tuple[str, str]:
    return locked.row.channel_id, locked.row.call_id


async def _owe_creators(connection: Connection, paused: Sequence[Locked], reason: str, now: datetime) -> set[str]:
    by_creator: dict[str, list[Locked]] = {}
    for each in paused:
        by_creator.setdefault(each.row.creator_id, []).append(each)
    told = await _count_pauses(connection, [theirs[0].row.id for theirs in by_creator.values()])
    debts = [
        Debt(
            subscription=theirs[0].subscription,
            kind=ChangeKind.PAUSED,
            number=told.get(theirs[0].row.id, 0) + 1,
            facts=Facts(reason=reason, channel_id=theirs[0].row.channel_id, count=len(theirs)),
            channel_id=creator,
        )
        for creator, theirs in by_creator.items()
    ]
    await owe(connection, debts, now)
    return set(by_creator)


async def _count_pauses(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of the last pauses that people were told of, by subscription; these are locked by us."""
    is_pause = (notices.c.subscription_id.in_(ids), notices.c.kind == ChangeKind.PAUSED.value)
    query = select(notices.c.subscription_id, func.max(notices.c.number)).where(*is_pause)
    rows = await connection.execute(query.group_by(notices.c.subscription_id))
    return {row[0]: row[1] for row in rows}
