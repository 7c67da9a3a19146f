"""Wishes: what channels want to hear of an agent's calls, as the poller knows it without asking at every look."""

import asyncio
from datetime import datetime, timedelta

from bot.core.agent_ports import AgentSubscriptions
from bot.core.agents import AgentSubscription, agent_key
from bot.core.calls import Call
from bot.core.errors import StoreUnavailable
from bot.core.ports import Clock

_KEPT = timedelta(seconds=2)
# The first look at a call may be the only one: whoever has just begun to follow its agent counts too.
_KEPT_FOR_FIRST = timedelta(milliseconds=200)

# A webhook that is as late as that may be sent anew, but its call is no news any more.
_STALE = timedelta(hours=24)


class Wishes:
    """The active subscriptions of a workspace's agents, asked for no more than every few moments."""

    def __init__(self, *, agents: AgentSubscriptions, clock: Clock) -> None:
        """Takes who remembers them, and the time."""
        self._agents = agents
        self._clock = clock
        self._asking = asyncio.Lock()
        self._by_agent: dict[str, list[AgentSubscription]] = {}
        self._team_id = ""
        self._asked_at: datetime | None = None

    def invalidate(self) -> None:
        """They have changed: the next one who wants to know them asks."""
        self._asked_at = None

    async def find(self, team_id: str, call: Call, *, is_first: bool) -> list[AgentSubscription]:
        """Those that may want that call; ``is_first`` if it was never read before. Raises StoreUnavailable.

        A call that was over before somebody began to follow its agent, or long ago, is none of theirs.
        """
        async with self._asking:
            now = self._clock()
            kept = _KEPT_FOR_FIRST if is_first else _KEPT
            if self._asked_at is None or self._team_id != team_id or now - self._asked_at >= kept:
                await self._ask(team_id)
        theirs = self._by_agent.get(agent_key(call.agent_id), ()) if call.agent_id else ()
        return [wish for wish in theirs if _is_news(call, wish, now)]

    async def _ask(self, team_id: str) -> None:
        # Before the answer, which may be older than what comes to be meanwhile.
        self._team_id, self._asked_at = team_id, self._clock()
        try:
            active = await self._agents.list_active(team_id)
        except StoreUnavailable:
            self.invalidate()
            raise
        self._by_agent = {}
        for wish in active:
            self._by_agent.setdefault(wish.agent_id, []).append(wish)


def _is_news(call: Call, wish: AgentSubscription, now: datetime) -> bool:
    if not call.is_final or call.ended_at is None:
        return True
    return call.ended_at >= wish.created_at and now - call.ended_at < _STALE
