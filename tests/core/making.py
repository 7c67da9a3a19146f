"""Values of following for tests, and a clock that stands still until it is told to go on."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from bot.core.agent_ports import AgentSubscriptions
from bot.core.agents import AgentSubscription
from bot.core.calls import Call, CallStatus
from bot.core.changes import CallState, ChangeKind, Facts, FollowedCall, Rules
from bot.core.errors import StoreUnavailable
from bot.core.outbox import CardJob, Notice, Turn
from bot.core.subscriptions import Options, Subscription, SubscriptionState
from bot.core.wishes import Wishes
from tests.factories import (
    CHANNEL,
    READ_AT,
    RECORDING_URL,
    ROOT_TS,
    TEAM,
    TRANSCRIPT_URL,
    USER,
    make_call,
    make_call_id,
)

RULES = Rules()
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

UNFINISHED = (CallStatus.PENDING, CallStatus.TRIGGERED, CallStatus.ONGOING)
NEVER_SPOKEN = (CallStatus.UNANSWERED, CallStatus.REJECTED)

Result = TypeVar("Result")


class FakeClock:
    """A time that passes when a test says so."""

    def __init__(self, now: datetime = READ_AT) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, duration: timedelta) -> None:
        self.now += duration


def finish(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs what never really waits, without a loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise AssertionError("it waits for something")


def make_reading(
    status: str,
    *,
    recording: bool = False,
    transcript: bool = False,
    ended: bool | None = None,
    n: int = 1,
    at: datetime = READ_AT,
) -> Call:
    """A reading of the n-th call in that status; ended if the status says so, unless told otherwise."""
    is_over = status not in UNFINISHED if ended is None else ended
    times = {} if is_over else {"ended_at": None}
    return make_call(
        id=make_call_id(n),
        status=status,
        read_at=at,
        recording_url=RECORDING_URL if recording else None,
        transcript_url=TRANSCRIPT_URL if transcript else None,
        **times,
    )


def make_followed(status: str = CallStatus.ONGOING, **overrides: Any) -> FollowedCall:
    """A row about a call that has just been read for the first time."""
    media = {name: overrides.pop(name) for name in ("recording", "transcript", "ended") if name in overrides}
    values: dict[str, Any] = {
        "id": 1,
        "team_id": TEAM,
        "call_id": make_call_id(),
        "lease": "lease-1",
        "state": CallState.of(make_reading(status, **media)),
        "status_since": READ_AT,
        "news_at": READ_AT,
    }
    return FollowedCall(**(values | overrides))


def make_subscription(subscription_id: str = "sub-1", **overrides: Any) -> Subscription:
    """A subscription whose card stands in a channel."""
    values: dict[str, Any] = {
        "id": subscription_id,
        "team_id": TEAM,
        "channel_id": CHANNEL,
        "call_id": make_call_id(),
        "creator_id": USER,
        "created_at": READ_AT,
        "card_ts": ROOT_TS,
        "status": CallStatus.ONGOING,
        "changed_at": READ_AT,
    }
    return Subscription(**(values | overrides))


class Agents:
    """What is remembered of agents' subscriptions: as many as there are told to be."""

    def __init__(self, *active: AgentSubscription) -> None:
        self.active = active
        self.asked = 0
        self.error: StoreUnavailable | None = None

    async def list_followed(self, team_id: str) -> frozenset[str]:
        self.asked += 1
        if self.error:
            raise self.error
        return frozenset(each.agent_id for each in self.active if each.team_id == team_id)

    async def list_active(self, team_id: str, agent_id: str) -> tuple[AgentSubscription, ...]:
        return tuple(each for each in self.active if (each.team_id, each.agent_id) == (team_id, agent_id))


def make_wishes(clock: FakeClock, agents: Agents | None = None) -> Wishes:
    """What the poller knows of agents' subscriptions."""
    return Wishes(agents=cast("AgentSubscriptions", agents or Agents()), clock=clock)


def make_wish(wish_id: str = "wish-1", **overrides: Any) -> AgentSubscription:
    """A channel's subscription of the agent whose calls :func:`make_reading` makes."""
    values: dict[str, Any] = {
        "id": wish_id,
        "team_id": TEAM,
        "channel_id": CHANNEL,
        "agent_id": "agent-7",
        "creator_id": USER,
        "created_at": READ_AT - timedelta(days=1),
    }
    return AgentSubscription(**(values | overrides))


def make_facts(**overrides: Any) -> Facts:
    """A call that was ongoing and has finished with everything."""
    values: dict[str, Any] = {
        "old": CallStatus.ONGOING,
        "new": CallStatus.CALL_FINISHED,
        "is_final": True,
        "seconds": 325,
        "recording": True,
        "transcript": True,
    }
    return Facts(**(values | overrides))


def make_notice(**overrides: Any) -> Notice:
    """The notice about that."""
    values: dict[str, Any] = {
        "id": 7,
        "key": "key-7",
        "team_id": TEAM,
        "channel_id": CHANNEL,
        "root_ts": ROOT_TS,
        "subscription_id": "sub-1",
        "call_id": make_call_id(),
        "kind": ChangeKind.STATUS,
        "facts": make_facts(),
        "options": Options(),
    }
    return Notice(**(values | overrides))


def make_turn(*, failures: int = 0, **notice: Any) -> Turn:
    """A channel's turn to hear of that."""
    made = make_notice(**notice)
    return Turn(team_id=TEAM, channel_id=made.channel_id, lease="lease-1", failures=failures, notice=made)


def make_job(**overrides: Any) -> CardJob:
    """A card that stands in a channel, and is out of date."""
    values: dict[str, Any] = {
        "subscription_id": "sub-1",
        "key": "key-1",
        "team_id": TEAM,
        "channel_id": CHANNEL,
        "card_ts": ROOT_TS,
        "call_id": make_call_id(),
        "options": Options(),
        "state": SubscriptionState.ACTIVE,
        "number": 3,
        "known": Call(id=make_call_id(), status=CallStatus.ONGOING, read_at=READ_AT),
        "wanted": 2,
        "lease": "lease-1",
    }
    return CardJob(**(values | overrides))
