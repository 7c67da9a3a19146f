"""Naming: what people call the agents, on the calls that are read."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.core.agent_ports import AgentNames
from bot.core.agents import agent_key
from bot.core.calls import Call, CallId
from bot.core.errors import StoreUnavailable
from bot.core.ports import CallsApi

_KEPT_SECONDS = 10.0


class KnownNames:
    """The names of a workspace's agents, asked for no more than every few seconds."""

    def __init__(self, *, names: AgentNames, team_id: Callable[[], str], clock: Callable[[], float]) -> None:
        """Takes who remembers them, whose they are, and a clock that counts seconds and never goes back."""
        self._names = names
        self._team_id = team_id
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: Mapping[str, str] = {}
        self._ask_at: float | None = None

    async def find(self, agent_id: str | None) -> str:
        """What people call an agent; empty if they gave it no name, or if the memory doesn't answer."""
        async with self._asking:
            if self._ask_at is None or self._clock() >= self._ask_at:
                await self._ask()
        return self._known.get(agent_key(agent_id), "")

    async def give(self, agent_id: str, name: str, *, by: str) -> None:
        """Gives an agent a name; an empty one takes it away. Raises StoreUnavailable."""
        await self._names.name(self._team_id(), agent_id, name, by=by)
        self._ask_at = None

    async def _ask(self) -> None:
        # Before the answer: a memory that doesn't answer is not asked again by everyone who waits here.
        self._ask_at = self._clock() + _KEPT_SECONDS
        try:
            self._known = await self._names.find_names(self._team_id())
        except StoreUnavailable:
            self._known = {}


class NamedCalls:
    """The calls API, with the names of agents on what it answers."""

    def __init__(self, *, calls: CallsApi, names: KnownNames) -> None:
        """Takes the API itself, and who knows the names."""
        self._calls = calls
        self._names = names

    async def get_call(self, call_id: CallId) -> Call:
        """Asks for one call; raises what :meth:`CallsApi.get_call` raises."""
        call = await self._calls.get_call(call_id)
        return replace(call, agent_name=await self._names.find(call.agent_id)) if call.agent_id else call
