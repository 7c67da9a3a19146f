"""Webhooks that come in, and looks at the calls that they name, as the poller takes them."""

from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import insert

from bot.core.agent_ports import Announced
from bot.core.agents import AgentSubscription
from bot.core.calls import Call, CallId
from bot.core.changes import FollowedCall, Rules
from bot.core.errors import CallNotFound
from bot.core.follow import Poller
from bot.core.recent import RecentCalls
from bot.storage.rows import options_values
from bot.storage.schema import agent_subscriptions, agents, subscriptions
from tests.core.making import RULES, SECOND, Agents, make_reading, make_wish, make_wishes
from tests.factories import TEAM, make_call_id
from tests.storage.acting import Actor, Rows


class Campaign:
    """An agent whose calls channels follow."""

    def __init__(self, actor: Actor) -> None:
        self.actor, self.clock, self.store = actor, actor.clock, actor.store
        self.rules: Rules = RULES
        self.agents = Agents()
        self._ids = count(1)

    async def wish(self, wish_id: str = "wish-1", **more: Any) -> AgentSubscription:
        """A channel follows the agent from now on."""
        wish = make_wish(wish_id, **more)
        row = {name: getattr(wish, name) for name in ("id", "team_id", "channel_id", "agent_id", "creator_id")}
        row |= {"state": wish.state.value, "reason": wish.reason, "created_at": wish.created_at, "filters": "[]"}
        async with self.actor.database.writing() as connection:
            await connection.execute(insert(agent_subscriptions).values(row | options_values(wish.options)))
        self.agents.active += (wish,)
        return wish

    async def announce(self, *numbers: int) -> Announced:
        return await self.store.announcements.announce([make_call_id(n) for n in numbers or (1,)], {})

    async def read(self, status: str | None, *, n: int = 1, **reading: Any) -> FollowedCall:
        """The n-th call is read, a second later, as the only one that is due; None if Samora doesn't know it."""
        self.clock.advance(SECOND)
        (known,) = (await self.actor.claim_calls()).rows
        assert known.call_id == make_call_id(n)
        await self.look(known, make_reading(status, n=n, at=self.clock(), **reading) if status else None)
        return known

    async def look(self, known: FollowedCall, call: Call | None) -> None:
        """What the poller makes of a reading."""
        poller = Poller(
            calls=_Samora(call), followed=self.store.followed, wishes=make_wishes(self.clock, self.agents),
            recent=RecentCalls(), clock=self.clock, rules=self.rules, on_change=lambda: None,
            make_id=lambda: f"born-{next(self._ids)}",
        )  # fmt: skip
        await poller.look(known)

    async def born(self) -> Rows:
        return [row for row in await self.actor.rows(subscriptions) if row["parent_id"]]

    async def agent(self) -> dict[str, Any]:
        return await self.actor.row(agents, team_id=TEAM, agent_id="agent-7")

    async def cover(self, *, seen_at: datetime | None = None, missed: int = 0) -> None:
        """The agent's webhooks arrive."""
        row = {"team_id": TEAM, "agent_id": "agent-7", "webhook_seen_at": seen_at or self.clock(), "missed": missed}
        async with self.actor.database.writing() as connection:
            await connection.execute(insert(agents).values(row))


class _Samora:
    def __init__(self, call: Call | None) -> None:
        self._call = call

    async def get_call(self, call_id: CallId) -> Call:
        if self._call is None:
            raise CallNotFound("no such call")
        assert self._call.id == call_id
        return self._call
