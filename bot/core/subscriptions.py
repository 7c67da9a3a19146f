"""Subscriptions: a channel's standing wish to hear of a call, and the options that say how."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.core.calls import CallId, CallStatus


class Delivery(StrEnum):
    """Where a subscription's notices go.

    THREAD: into the thread, the card's or the one that it was asked for in. CHANNEL: there too, and the final state is
    also shown in the channel. CARD: nowhere; only the card is redrawn.
    """

    THREAD = "thread"
    CHANNEL = "channel"
    CARD = "card"


class Style(StrEnum):
    """How much stands on the card: everything, or the state and the times alone."""

    FULL = "full"
    COMPACT = "compact"


class SubscriptionState(StrEnum):
    """ACTIVE: it is told of changes. PAUSED: not now, for the reason beside it. ENDED: not any more."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Reason(StrEnum):
    """Why a subscription is paused or ended, where it isn't Slack's own error code.

    PERSON: somebody wanted it. DONE: the call is over and all that was to come has come. QUIET: 24 hours without news.
    UNINSTALLED: the workspace has taken the bot's token back.
    """

    PERSON = "person"
    DONE = "done"
    QUIET = "quiet"
    UNINSTALLED = "uninstalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a subscription wants to hear of changes.

    Attributes:
        statuses: the statuses whose arrival makes a notice; None means every status, unknown ones too. Never empty.
        to: where notices go.
        mention: the Slack id of the person (``U…``, ``W…``) or group (``S…``) to name on the final state; or empty.
        style: how much stands on the card.
    """

    statuses: frozenset[CallStatus] | None = None
    to: Delivery = Delivery.THREAD
    mention: str = ""
    style: Style = Style.FULL

    def wants(self, status: str) -> bool:
        """Whether the arrival of a status makes a notice."""
        return self.to is not Delivery.CARD and (self.statuses is None or status in self.statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A channel's standing wish about one call.

    Attributes:
        id: an opaque id that nobody can guess; what buttons and message metadata carry.
        team_id: the workspace.
        channel_id: the conversation.
        thread_ts: the root of the thread that it was asked for in; empty if the card is the root of its own.
        call_id: the call.
        creator_id: the user who asked for it.
        options: how it wants to hear of changes.
        state: whether it does.
        reason: why not: a :class:`Reason`, or Slack's error code; empty while it does.
        created_at: since when, UTC.
        card_ts: Slack's name of the card; empty while that is not posted yet.
        status: the call's status as it is known to the bot.
        changed_at: when the bot last learnt something new about the call, UTC.
        parent_id: the agent's subscription that it came from; empty if a person asked for this very call.
    """

    id: str
    team_id: str
    channel_id: str
    thread_ts: str = ""
    call_id: CallId
    creator_id: str
    options: Options = field(default_factory=Options)
    state: SubscriptionState = SubscriptionState.ACTIVE
    reason: str = ""
    created_at: datetime
    card_ts: str = ""
    status: str = ""
    changed_at: datetime
    parent_id: str = ""

    @property
    def root_ts(self) -> str:
        """The root of the thread that the notices go into; empty while there is none."""
        return self.thread_ts or self.card_ts
