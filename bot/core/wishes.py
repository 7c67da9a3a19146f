"""Wishes: what channels want to hear of an agent's calls, as the poller knows it without asking at every look."""

import asyncio
from datetime import datetime, timedelta

from bot.core.agent_ports import AgentSubscriptions
from bot.core.agents import AgentSubscription, agent_key
from bot.core.calls import Call
from bot.core.ports import Clock

_KEPT = timedelta(seconds=2)
# The first look at a call may be the only one: whoever has just begun to follow its agent counts too.
_KEPT_FOR_FIRST = timedelta(milliseconds=200)

# A webhook that is as late as that may be sent anew, but its call is no news any more.
_STALE = timedelta(hours=24)


class Wishes:
    """The active subscriptions of a workspace's agents, asked for no more than every few moments, agent by agent."""

    def __init__(self, *, agents: AgentSubscriptions, clock: Clock) -> None:
        """Takes who remembers them, and the time."""
        self._agents = agents
        self._clock = clock
        self._asking = asyncio.Lock()
        self._team_id = ""
        self._followed: frozenset[str] = frozenset()
        self._followed_at: datetime | None = None
        self._of_agent: dict[str, tuple[datetime, tuple[AgentSubscription, ...]]] = {}

    def invalidate(self) -> None:
        """They have changed: the next one who wants to know them asks."""
        self._followed_at = None
        self._of_agent.clear()

    async def find(self, team_id: str, call: Call, *, is_first: bool) -> list[AgentSubscription]:
        """Those that may want that call; ``is_first`` if it was never read before. Raises StoreUnavailable.

        A call that was over before somebody began to follow its agent, or long ago, is none of theirs.
        """
        agent_id = agent_key(call.agent_id)
        async with self._asking:
            now = self._clock()
            before = now - (_KEPT_FOR_FIRST if is_first else _KEPT)
            if self._team_id != team_id:
                self.invalidate()
                self._team_id = team_id
            if self._followed_at is None or self._followed_at <= before:
                await self._ask_which(team_id, now)
            theirs = await self._get_of(agent_id, now, before) if agent_id in self._followed else ()
        return [wish for wish in theirs if _is_news(call, wish, now)]

    async def _ask_which(self, team_id: str, now: datetime) -> None:
        """Which agents are followed at all: one question, and mostly the only one."""
        self._followed_at = None
        self._followed = await self._agents.list_followed(team_id)
        # Of the time before the answer, which may be older than what comes to be meanwhile.
        self._followed_at = now
        self._of_agent = {each: kept for each, kept in self._of_agent.items() if each in self._followed}

    async def _get_of(self, agent_id: str, now: datetime, before: datetime) -> tuple[AgentSubscription, ...]:
        asked_at, theirs = self._of_agent.get(agent_id, (before, ()))
        if asked_at <= before:
            theirs = await self._agents.list_active(self._team_id, agent_id)
            self._of_agent[agent_id] = (now, theirs)
        return theirs


def _is_news(call: Call, wish: AgentSubscription, now: datetime) -> bool:
    if not call.is_final or call.ended_at is None:
        return True
    # Samora's times may be of whole seconds.
    return call.ended_at >= wish.created_at.replace(microsecond=0) and now - call.ended_at < _STALE
