"""Owing: what each subscription is to be told of what a look has seen. Pure."""

from dataclasses import replace

from bot.core.changes import ChangeKind, Facts, Observation
from bot.core.subscriptions import Delivery, Subscription


def owed_facts(observation: Observation, subscription: Subscription, *, seen: str) -> Facts | None:
    """What a subscription is to be told of an observation; None if it doesn't care.

    Args:
        observation: what was seen.
        subscription: whose notice it would be; an active one.
        seen: the status before, as far as this subscription knew it: told of it or not, it was active then, or its
            first card showed it.
    """
    row, kind = observation.followed, observation.kind
    state, options = row.state, subscription.options
    facts = Facts(
        new=state.status,
        is_final=state.is_final,
        seconds=state.seconds,
        recording=state.recording,
        transcript=state.transcript,
    )
    if kind is ChangeKind.STATUS:
        return replace(facts, old=seen) if seen != state.status and options.wants(state.status) else None
    if kind is ChangeKind.MEDIA:
        return facts if options.wants(state.status) else None
    if kind is None or options.to is Delivery.CARD:
        return None
    # An alarm is about what does not happen: a choice of statuses doesn't silence it.
    since = row.news_at if kind is ChangeKind.LET_GO else row.status_since
    return replace(facts, seconds=int((observation.at - since).total_seconds()))
