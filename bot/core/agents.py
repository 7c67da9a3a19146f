"""Agents: a channel's standing wish to hear of every call of one of them, and what becomes of it call by call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.calls import Call
from bot.core.filters import Filter, Verdict, judge
from bot.core.subscriptions import Options, Subscription, SubscriptionState

# When the webhooks of an agent no longer count as arriving: after so long without any, or as soon as so many changes in
# a row were seen that none had announced.
SILENT_AFTER = timedelta(hours=24)
MOST_MISSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSubscription:
    """A channel's standing wish about the calls of an agent. Each call that it wants gets a subscription of its own.

    Attributes:
        id: an opaque id that nobody can guess; what buttons carry.
        team_id: the workspace.
        channel_id: the conversation.
        agent_id: the agent; see :func:`agent_key`.
        creator_id: the user who asked for it.
        options: how to hear of each call; its statuses also decide when a call's card first appears.
        filters: which calls; all of them must agree.
        state: whether it does.
        reason: why not; as a subscription's.
        created_at: since when, UTC.
    """

    id: str
    team_id: str
    channel_id: str
    agent_id: str
    creator_id: str
    options: Options = field(default_factory=Options)
    filters: tuple[Filter, ...] = ()
    state: SubscriptionState = SubscriptionState.ACTIVE
    reason: str = ""
    created_at: datetime


class Wanted(StrEnum):
    """Whether an agent's subscription wants a call: NOW, not before something more is known (WAIT), or NEVER."""

    NOW = "now"
    WAIT = "wait"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """What came of an agent's subscription in the last 24 hours.

    Attributes:
        calls: calls of the agent that were seen.
        matched: those that it wanted.
        told: those of them that their channel was told of, by a card or on a board.
    """

    calls: int = 0
    matched: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How it stands with the webhooks of agents.

    Attributes:
        arriving: agents whose webhooks arrive.
        stopped: agents whose webhooks arrived once and do no more: they are polled like all others.
        last_at: when the last one came, UTC; None if none ever did.
    """

    arriving: int = 0
    stopped: int = 0
    last_at: datetime | None = None


def agent_key(agent_id: str | None) -> str:
    """An agent's id as it is compared and stored; empty for none."""
    return (agent_id or "").strip().lower()


def find_wanted(wish: AgentSubscription, call: Call, *, now: datetime) -> Wanted:
    """Whether a subscription wants a call as it was just read.

    ``on:`` holds back the card until a status is reached that it names; a call that is over reaches no other.
    """
    verdict = judge(wish.filters, call, now=now)
    if verdict is Verdict.NO:
        return Wanted.NEVER
    is_reached = wish.options.statuses is None or call.status in wish.options.statuses
    if verdict is Verdict.YES and is_reached:
        return Wanted.NOW
    return Wanted.NEVER if call.is_final else Wanted.WAIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What all wishes about an agent's calls come to for one of them.

    Attributes:
        born: the subscriptions that begin now.
        is_awaited: whether one may still begin.
    """

    born: tuple[Subscription, ...] = ()
    is_awaited: bool = False


def weigh(wishes: Iterable[AgentSubscription], call: Call, *, now: datetime, make_id: Callable[[], str]) -> Weighing:
    """Asks every wish about a call. That a channel has the call's card already is for the store to see."""
    born: list[Subscription] = []
    is_awaited = False
    for wish in wishes:
        wanted = find_wanted(wish, call, now=now)
        is_awaited |= wanted is Wanted.WAIT
        if wanted is Wanted.NOW:
            born.append(_bear(wish, call, now=now, new_id=make_id()))
    return Weighing(born=tuple(born), is_awaited=is_awaited)


def _bear(wish: AgentSubscription, call: Call, *, now: datetime, new_id: str) -> Subscription:
    return Subscription(
        id=new_id,
        team_id=wish.team_id,
        channel_id=wish.channel_id,
        call_id=call.id,
        creator_id=wish.creator_id,
        options=wish.options,
        created_at=now,
        status=call.status,
        changed_at=now,
        parent_id=wish.id,
    )
