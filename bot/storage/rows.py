"""Rows and values: the only place that knows which column holds what."""

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, select

from bot.core.calls import Call, CallId, CallStatus
from bot.core.changes import CallState, ChangeKind, Facts, FollowedCall
from bot.core.outbox import CardJob, Notice
from bot.core.subscriptions import Delivery, Options, Style, Subscription, SubscriptionState
from bot.storage.schema import followed_calls, subscriptions

Values = dict[str, Any]

_FACTS = {each.name: each.default for each in fields(Facts)}

SUBSCRIPTIONS = select(
    subscriptions, followed_calls.c.status.label("call_status"), followed_calls.c.news_at.label("changed_at")
).join(followed_calls, followed_calls.c.id == subscriptions.c.followed_id)


def followed_values(followed: FollowedCall) -> Values:
    """The columns of what a look may change."""
    return {
        **state_values(followed.state),
        "number": followed.number,
        "status_since": followed.status_since,
        "news_at": followed.news_at,
        "media_at": followed.media_at,
        "is_media_told": followed.is_media_told,
        "is_stuck_told": followed.is_stuck_told,
        "failures": followed.failures,
        "agent_id": followed.agent_id,
        "is_awaited": followed.is_awaited,
    }


def state_values(state: CallState) -> Values:
    """The columns of a call's state."""
    return {
        "status": state.status,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "recording": state.recording,
        "transcript": state.transcript,
    }


def followed_of(row: Row[Any], *, is_covered: bool = False, taken: frozenset[str] = frozenset()) -> FollowedCall:
    """A row of ``followed_calls``, with what those who look at it know besides."""
    return FollowedCall(
        id=row.id,
        team_id=row.team_id,
        call_id=CallId(row.call_id),
        lease=row.lease or "",
        number=row.number,
        state=CallState(
            status=row.status,
            started_at=row.started_at,
            ended_at=row.ended_at,
            recording=row.recording,
            transcript=row.transcript,
        ),
        status_since=row.status_since,
        news_at=row.news_at,
        media_at=row.media_at,
        is_media_told=row.is_media_told,
        is_stuck_told=row.is_stuck_told,
        failures=row.failures,
        agent_id=row.agent_id,
        is_awaited=row.is_awaited,
        nudged_at=row.nudged_at,
        read_at=row.read_at,
        is_covered=is_covered,
        taken=taken,
    )


def options_values(options: Options) -> Values:
    """The columns of a subscription's options."""
    return {
        "statuses": None if options.statuses is None else ",".join(sorted(options.statuses)),
        "delivery": options.to.value,
        "mention": options.mention,
        "style": options.style.value,
    }


def options_of(row: Row[Any]) -> Options:
    """The options in a row of ``subscriptions``."""
    chosen = None if row.statuses is None else frozenset(CallStatus(each) for each in row.statuses.split(","))
    return Options(statuses=chosen, to=Delivery(row.delivery), mention=row.mention, style=Style(row.style))


def subscription_values(subscription: Subscription, *, followed_id: int) -> Values:
    """The columns of a subscription, without its card's."""
    return {
        "id": subscription.id,
        "team_id": subscription.team_id,
        "channel_id": subscription.channel_id,
        "thread_ts": subscription.thread_ts,
        "call_id": str(subscription.call_id),
        "followed_id": followed_id,
        "creator_id": subscription.creator_id,
        "state": subscription.state.value,
        "reason": subscription.reason,
        "created_at": subscription.created_at,
        "card_ts": subscription.card_ts,
        "parent_id": subscription.parent_id,
        **options_values(subscription.options),
    }


def subscription_of(row: Row[Any]) -> Subscription:
    """A row of :data:`SUBSCRIPTIONS`."""
    return Subscription(
        id=row.id,
        team_id=row.team_id,
        channel_id=row.channel_id,
        thread_ts=row.thread_ts,
        call_id=CallId(row.call_id),
        creator_id=row.creator_id,
        options=options_of(row),
        state=SubscriptionState(row.state),
        reason=row.reason,
        created_at=row.created_at,
        card_ts=row.card_ts,
        status=row.call_status,
        changed_at=row.changed_at,
        parent_id=row.parent_id,
    )


def card_key(row: Row[Any]) -> str:
    """What finds the card of a row of ``subscriptions``: another one each time that it is posted anew."""
    return f"{row.id}.card.{row.card_posts}"


def known_of(row: Row[Any]) -> Call:
    """What a row of ``followed_calls`` knows of its call."""
    return Call(
        id=CallId(row.call_id),
        status=row.status,
        read_at=row.read_at,
        agent_id=row.agent_id or None,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def card_job_of(row: Row[Any], *, number: int, known: Call) -> CardJob:
    """The card of a row of ``subscriptions`` that is leased."""
    return CardJob(
        subscription_id=row.id,
        key=card_key(row),
        team_id=row.team_id,
        channel_id=row.channel_id,
        thread_ts=row.thread_ts,
        card_ts=row.card_ts,
        call_id=CallId(row.call_id),
        options=options_of(row),
        state=SubscriptionState(row.state),
        number=number,
        known=known,
        wanted=row.card_wanted,
        lease=row.card_lease,
        failures=row.card_failures,
        begun_at=row.card_begun_at,
        is_shared=row.is_shared,
    )


def notice_of(row: Row[Any]) -> Notice:
    """A row of ``notices`` joined with its subscription's thread, card, call and options."""
    kind = ChangeKind(row.kind)
    return Notice(
        id=row.id,
        key=f"{row.subscription_id}.{row.kind}.{row.number}",
        team_id=row.team_id,
        channel_id=row.channel_id,
        root_ts="" if kind is ChangeKind.PAUSED else row.thread_ts or row.card_ts,
        subscription_id=row.subscription_id,
        call_id=CallId(row.call_id),
        kind=kind,
        facts=_facts_of(row.facts),
        options=options_of(row),
        has_own_thread=not row.thread_ts,
        begun_at=row.begun_at,
        attempts=row.attempts,
        happened_at=row.happened_at,
        path=row.path,
    )


def facts_text(facts: Facts) -> str:
    """Facts as JSON, without what is as it mostly is."""
    given = {name: getattr(facts, name) for name in _FACTS}
    return json.dumps({name: value for name, value in given.items() if value != _FACTS[name]})


def _facts_of(text: str) -> Facts:
    return Facts(**{name: value for name, value in json.loads(text).items() if name in _FACTS})
