"""Naming: calls carry the names that people gave their agents."""

from dataclasses import replace

from bot.core.calls import Call, CallId
from bot.core.naming import KnownNames, NamedCalls
from tests.factories import TEAM, USER, make_call
from tests.slack.agents import FakeNames

AGENT = "123e4567-e89b-12d3-a456-426614174000"


class Calls:
    """The port to Samora: one call."""

    def __init__(self, agent_id: str | None = AGENT) -> None:
        self.call = make_call(agent_id=agent_id)

    async def get_call(self, _call_id: CallId) -> Call:
        return self.call


class World:
    """Names, remembered, and a time that stands still."""

    def __init__(self, name: str = "") -> None:
        self.memory, self.now = FakeNames({(TEAM, AGENT): name}), 0.0
        self.names = KnownNames(names=self.memory, team_id=lambda: TEAM, clock=lambda: self.now)

    async def read(self, calls: Calls) -> Call:
        return await NamedCalls(calls=calls, names=self.names).get_call(calls.call.id)


async def test_a_call_carries_its_agents_name_however_samora_writes_the_id() -> None:
    calls = Calls(AGENT.upper())

    call = await World("Collections").read(calls)

    assert call == replace(calls.call, agent_name="Collections")


async def test_an_agent_that_nobody_named_and_a_call_without_an_agent_have_no_name() -> None:
    world = World()

    assert (await world.read(Calls())).agent_name == ""
    assert world.memory.asked == 1
    assert (await world.read(Calls(None))).agent_name == ""
    assert (await World("Collections").read(Calls("another"))).agent_name == ""


async def test_names_are_asked_for_once_in_ten_seconds() -> None:
    world = World("Collections")
    await world.names.find(AGENT)
    world.memory.names[TEAM, AGENT] = "Sales"

    world.now = 9.9
    assert await world.names.find(AGENT) == "Collections"
    assert world.memory.asked == 1
    world.now = 10.0
    assert await world.names.find(AGENT) == "Sales"


async def test_a_name_that_is_given_here_is_known_here_at_once() -> None:
    world = World("Collections")
    await world.names.find(AGENT)

    await world.names.give(AGENT, "Sales", by=USER)

    assert await world.names.find(AGENT) == "Sales"
    assert world.memory.given == [(AGENT, "Sales", USER)]


async def test_a_memory_that_does_not_answer_leaves_calls_without_names_and_is_not_asked_by_each() -> None:
    world = World("Collections")
    world.memory.broken = True

    assert [(await world.read(Calls())).agent_name for _ in range(3)] == ["", "", ""]
    assert world.memory.asked == 1
    world.memory.broken, world.now = False, 10.0
    assert (await world.read(Calls())).agent_name == "Collections"
