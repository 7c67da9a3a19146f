"""The memory of agents, in memory: fakes of the ports that the Slack side uses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.agent_ports import Announced
from bot.core.agents import AgentFigures, AgentSubscription, Coverage, agent_key
from bot.core.calls import Call, CallId
from bot.core.errors import StoreUnavailable
from bot.core.filters import Filter
from bot.core.naming import KnownNames
from bot.core.subscriptions import Options, Reason, SubscriptionState
from tests.factories import CHANNEL, READ_AT, TEAM

AGENT = "8a1f3c5e-7b9d-4e2f-a1c3-5d7f9b1e3a5c"


def make_agent_subscription(number: int = 1, **changes: Any) -> AgentSubscription:
    """A channel's wish for every call of an agent, an hour old."""
    there = AgentSubscription(
        id=f"a{number}",
        team_id=TEAM,
        channel_id=CHANNEL,
        agent_id=f"{AGENT[:-3]}{number:03}" if number > 1 else AGENT,
        creator_id="U0JON",
        created_at=READ_AT,
    )
    return replace(there, **changes)


class FakeNames:
    """Fulfils :class:`bot.core.agent_ports.AgentNames`; fails while it is ``broken``."""

    def __init__(self, names: Mapping[tuple[str, str], str] | None = None) -> None:
        self.names: dict[tuple[str, str], str] = dict(names or {})
        self.given: list[tuple[str, str, str]] = []
        self.asked = 0
        self.broken = False

    async def name(self, team_id: str, agent_id: str, name: str, *, by: str) -> None:
        if self.broken:
            raise StoreUnavailable("locked")
        self.given.append((agent_id, name, by))
        self.names[team_id, agent_id] = name

    async def find_names(self, team_id: str) -> Mapping[str, str]:
        self.asked += 1
        if self.broken:
            raise StoreUnavailable("locked")
        return {agent_id: name for (whose, agent_id), name in self.names.items() if whose == team_id and name}


def make_names(names: Mapping[str, str] | None = None) -> KnownNames:
    """What people of the workspace call the agents."""
    memory = FakeNames({(TEAM, agent_id): name for agent_id, name in (names or {}).items()})
    return KnownNames(names=memory, team_id=lambda: TEAM, clock=lambda: 0.0)


class FakeAnnouncements:
    """Fulfils :class:`bot.core.agent_ports.Announcements`, for whoever asks how webhooks stand."""

    def __init__(self, coverage: Coverage | None = None) -> None:
        self.coverage = coverage or Coverage()

    async def announce(self, call_ids: Sequence[CallId]) -> Announced:
        raise NotImplementedError

    async def measure_coverage(self, *, silent_after: timedelta) -> Coverage:
        assert silent_after > timedelta()
        return self.coverage


class FakeAgents:
    """Fulfils :class:`bot.core.agent_ports.AgentSubscriptions`. Remembers changes; fails while ``broken``."""

    def __init__(self, *there: AgentSubscription) -> None:
        self.rows: dict[str, AgentSubscription] = {row.id: row for row in there}
        self.calls: list[Call] = []
        self.figures: dict[str, AgentFigures] = {}
        self.done: list[tuple[object, ...]] = []
        self.broken = False

    def _do(self, *what: object) -> None:
        self._ask()
        self.done.append(what)

    def _ask(self) -> None:
        if self.broken:
            raise StoreUnavailable("locked")

    async def add(self, wanted: AgentSubscription) -> tuple[AgentSubscription, bool]:
        if there := await self.find_here(wanted.team_id, wanted.channel_id, wanted.agent_id):
            return there, False
        self._do("add", wanted.id)
        self.rows[wanted.id] = wanted
        return wanted, True

    async def find(self, subscription_id: str) -> AgentSubscription | None:
        self._ask()
        return self.rows.get(subscription_id)

    async def find_here(self, team_id: str, channel_id: str, agent_id: str) -> AgentSubscription | None:
        there = await self.list_here(team_id, channel_id)
        return next((row for row in there if row.agent_id == agent_id), None)

    async def list_here(self, team_id: str, channel_id: str) -> tuple[AgentSubscription, ...]:
        return tuple(row for row in self._open(team_id) if row.channel_id == channel_id)

    async def list_of(self, team_id: str, creator_id: str) -> tuple[AgentSubscription, ...]:
        return tuple(row for row in self._open(team_id) if row.creator_id == creator_id)

    async def list_followed(self, team_id: str) -> frozenset[str]:
        return frozenset(row.agent_id for row in self._open(team_id) if row.state is SubscriptionState.ACTIVE)

    async def list_active(self, team_id: str, agent_id: str) -> tuple[AgentSubscription, ...]:
        is_active = SubscriptionState.ACTIVE
        return tuple(row for row in self._open(team_id) if row.agent_id == agent_id and row.state is is_active)

    async def change(self, subscription_id: str, options: Options, filters: tuple[Filter, ...], *, by: str) -> bool:
        self._do("change", subscription_id, by)
        row = self.rows[subscription_id]
        if row.state is SubscriptionState.ENDED:
            return False
        self.rows[row.id] = replace(row, options=options, filters=filters)
        return True

    async def pause(self, subscription_id: str, *, by: str) -> bool:
        self._do("pause", subscription_id, by)
        return self._turn(subscription_id, SubscriptionState.ACTIVE, SubscriptionState.PAUSED, Reason.PERSON)

    async def resume(self, subscription_id: str, *, by: str) -> bool:
        self._do("resume", subscription_id, by)
        return self._turn(subscription_id, SubscriptionState.PAUSED, SubscriptionState.ACTIVE, "")

    async def end(self, subscription_id: str, *, by: str) -> bool:
        self._do("end", subscription_id, by)
        row = self.rows[subscription_id]
        return self._turn(subscription_id, row.state, SubscriptionState.ENDED, Reason.PERSON)

    async def measure(self, subscription_ids: Sequence[str]) -> Mapping[str, AgentFigures]:
        self._ask()
        return {each: self.figures[each] for each in subscription_ids if each in self.figures}

    async def list_calls(self, team_id: str, agent_id: str, *, limit: int) -> tuple[Call, ...]:
        self._ask()
        assert team_id
        return tuple([call for call in self.calls if agent_key(call.agent_id) == agent_id][:limit])

    def _open(self, team_id: str) -> list[AgentSubscription]:
        self._ask()
        rows = self.rows.values()
        return [row for row in rows if row.team_id == team_id and row.state is not SubscriptionState.ENDED]

    def _turn(self, row_id: str, old: SubscriptionState, new: SubscriptionState, reason: str) -> bool:
        row = self.rows[row_id]
        if row.state is not old or row.state is SubscriptionState.ENDED:
            return False
        self.rows[row_id] = replace(row, state=new, reason=reason)
        return True
