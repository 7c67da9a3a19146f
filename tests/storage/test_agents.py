"""Agents that channels follow: what is kept of them, who changes that, and what becomes of it with their channel."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.agents import AgentFigures, AgentSubscription
from bot.core.calls import CallStatus
from bot.core.filters import DurationFilter, Filter, StatusFilter, VariableFilter
from bot.core.subscriptions import Delivery, Options, Style
from bot.storage.schema import agent_subscriptions, agents, audit, boards, followed_calls, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, FakeClock
from tests.factories import CHANNEL, OTHER_TEAM, TEAM, USER, make_call_id
from tests.storage.acting import Actor
from tests.storage.bursting import Burst

AGENT = "a6e27000-0000-4000-8000-000000000001"
OTHER_AGENT = "a6e27000-0000-4000-8000-000000000002"
JON = "U0JON"
FILTERS: tuple[Filter, ...] = (
    StatusFilter(statuses=frozenset({CallStatus.UNANSWERED, CallStatus.REJECTED})),
    StatusFilter(statuses=frozenset({CallStatus.CALL_FINISHED}), is_negated=True),
    DurationFilter(than=timedelta(minutes=5), is_longer=True),
    VariableFilter(name="city", glob='B*"ü\0', is_negated=True),
)


def make_wish(clock: FakeClock, wish_id: str = "wish-1", **changes: object) -> AgentSubscription:
    wish = AgentSubscription(
        id=wish_id, team_id=TEAM, channel_id=CHANNEL, agent_id=AGENT, creator_id=USER, created_at=clock()
    )
    return replace(wish, **changes)  # type: ignore[arg-type]


async def state_of(store: Store, wish_id: str = "wish-1") -> tuple[str, str]:
    found = await store.agents.find(wish_id)
    assert found is not None
    return found.state.value, found.reason


async def test_what_is_wanted_comes_back_as_it_was(store: Store, clock: FakeClock) -> None:
    options = Options(statuses=frozenset({CallStatus.REJECTED}), to=Delivery.CHANNEL, mention="U9", style=Style.COMPACT)
    wanted = make_wish(clock, options=options, filters=FILTERS)
    assert await store.agents.add(wanted) == (wanted, True)
    assert await store.agents.find("wish-1") == wanted
    assert await store.agents.find_here(TEAM, CHANNEL, AGENT) == wanted
    assert await store.agents.find("wish-2") is None
    assert await store.agents.find_here(TEAM, CHANNEL, OTHER_AGENT) is None


async def test_a_channel_follows_an_agent_once(store: Store, clock: FakeClock, actor: Actor) -> None:
    first = make_wish(clock)
    await store.agents.add(first)
    assert await store.agents.add(make_wish(clock, "wish-2", creator_id=JON)) == (first, False)
    assert [(row["user_id"], row["action"], row["call_id"]) for row in await actor.rows(audit)] == [
        (USER, "subscribe", AGENT)
    ]
    await store.agents.end("wish-1", by=JON)
    assert (await store.agents.add(make_wish(clock, "wish-3")))[1], "one that has ended is in nobody's way"


async def test_lists_hold_what_has_not_ended(store: Store, clock: FakeClock) -> None:
    mine = make_wish(clock)
    clock.advance(HOUR)
    others = make_wish(clock, "wish-2", agent_id=OTHER_AGENT, creator_id=JON)
    elsewhere = make_wish(clock, "wish-3", channel_id="C2")
    foreign = make_wish(clock, "wish-4", team_id=OTHER_TEAM)
    for each in (others, mine, elsewhere, foreign):
        await store.agents.add(each)
    assert await store.agents.list_here(TEAM, CHANNEL) == (mine, others)
    assert await store.agents.list_of(TEAM, USER) == (mine, elsewhere)
    assert await store.agents.list_active(TEAM, AGENT) == (mine, elsewhere)
    assert await store.agents.list_followed(TEAM) == {AGENT, OTHER_AGENT}
    await store.agents.pause("wish-1", by=JON)
    await store.agents.end("wish-2", by=JON)
    assert [each.id for each in await store.agents.list_here(TEAM, CHANNEL)] == ["wish-1"]
    assert await store.agents.list_active(TEAM, AGENT) == (elsewhere,)
    assert await store.agents.list_followed(TEAM) == {AGENT}


Act = Callable[[Store], Awaitable[bool]]

ACTS: dict[str, tuple[Act, tuple[str, str]]] = {
    "pause": (lambda store: store.agents.pause("wish-1", by=JON), ("paused", "person")),
    "end": (lambda store: store.agents.end("wish-1", by=JON), ("ended", "person")),
    "change": (lambda store: store.agents.change("wish-1", Options(mention="U9"), FILTERS, by=JON), ("active", "")),
}


@pytest.mark.parametrize("name", ACTS)
async def test_what_somebody_does_is_put_down_with_it(name: str, store: Store, clock: FakeClock, actor: Actor) -> None:
    act, becomes = ACTS[name]
    await store.agents.add(make_wish(clock))
    assert await act(store)
    assert await state_of(store) == becomes
    assert [(row["user_id"], row["action"]) for row in await actor.rows(audit)] == [(USER, "subscribe"), (JON, name)]
    await store.agents.end("wish-1", by=JON)
    before = await actor.rows(audit)
    assert not await act(store), "it has ended"
    assert await actor.rows(audit) == before


async def test_options_and_filters_are_changed(store: Store, clock: FakeClock) -> None:
    await store.agents.add(make_wish(clock))
    await store.agents.change("wish-1", Options(mention="U9"), FILTERS, by=JON)
    assert await store.agents.find("wish-1") == make_wish(clock, options=Options(mention="U9"), filters=FILTERS)


async def test_only_what_is_paused_is_resumed(store: Store, clock: FakeClock) -> None:
    await store.agents.add(make_wish(clock))
    assert not await store.agents.resume("wish-1", by=JON)
    await store.agents.pause("wish-1", by=JON)
    assert not await store.agents.pause("wish-1", by=JON)
    assert await store.agents.resume("wish-1", by=JON)
    assert await state_of(store) == ("active", "")


async def test_names(store: Store, actor: Actor) -> None:
    await store.names.name(TEAM, AGENT, "Col‍lections\0", by=JON)
    await store.names.name(OTHER_TEAM, AGENT, "Theirs", by=JON)
    assert await store.names.find_names(TEAM) == {AGENT: "Col‍lections\0"}
    await store.names.name(TEAM, AGENT, "Sales", by=USER)
    assert await store.names.find_names(TEAM) == {AGENT: "Sales"}
    await store.names.name(TEAM, AGENT, "", by=USER)
    assert await store.names.find_names(TEAM) == {}
    assert {(row["action"], row["call_id"]) for row in await actor.rows(audit)} == {("name", AGENT)}


class TestTheChannel:
    """What happens to a channel happens to the agents that it follows."""

    @pytest.fixture(autouse=True)
    async def some(self, store: Store, clock: FakeClock, actor: Actor) -> None:
        await store.agents.add(make_wish(clock))
        await store.agents.add(make_wish(clock, "wish-2", agent_id=OTHER_AGENT))
        await store.agents.pause("wish-2", by=JON)
        await store.agents.add(make_wish(clock, "wish-3", channel_id="C2"))
        await actor.follow("sub-1", n=1)

    async def refuse(self, actor: Actor, *, whole_channel: bool = True) -> None:
        await actor.see("CALL_FINISHED", n=1)
        await actor.store.outbox.pause(await actor.take_turn(), reason="is_archived", whole_channel=whole_channel)

    async def refuse_card(self, actor: Actor, *, whole_channel: bool = True) -> None:
        await actor.see("CALL_FINISHED", n=1)
        await actor.store.outbox.pause_card(await actor.take_card(), reason="is_archived", whole_channel=whole_channel)

    async def test_slack_refuses_it(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor)
        assert await state_of(store) == ("paused", "is_archived")
        assert await state_of(store, "wish-2") == ("paused", "person")
        assert await state_of(store, "wish-3") == ("active", "")

    async def test_slack_refuses_a_card_in_it(self, store: Store, actor: Actor) -> None:
        await self.refuse_card(actor)
        assert await state_of(store) == ("paused", "is_archived")
        assert await state_of(store, "wish-3") == ("active", "")

    async def test_slack_refuses_one_notice_alone(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor, whole_channel=False)
        assert await state_of(store) == ("active", "")

    async def test_slack_refuses_one_card_alone(self, store: Store, actor: Actor) -> None:
        await self.refuse_card(actor, whole_channel=False)
        assert await state_of(store) == ("active", "")

    async def test_it_is_open_again(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor)
        await store.subscriptions.resume_channel(TEAM, CHANNEL)
        assert await state_of(store) == ("active", "")
        assert await state_of(store, "wish-2") == ("paused", "person"), "what a person paused stays so"

    async def test_somebody_resumes_a_call_there(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor)
        assert await store.subscriptions.resume("sub-1", by=JON) == 2
        assert await state_of(store) == ("active", "")
        assert await self.resumed(actor) == [*self.BOTH]

    BOTH = ((AGENT, JON), (str(make_call_id(1)), JON))

    async def resumed(self, actor: Actor) -> list[tuple[str, str]]:
        return [(row["call_id"], row["user_id"]) for row in await actor.rows(audit) if row["action"] == "resume"]

    async def test_somebody_resumes_an_agent_there(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor)
        await store.agents.add(make_wish(actor.clock, "wish-4", agent_id=str(make_call_id(4))))
        await actor.set(agent_subscriptions, {"state": "paused", "reason": "is_archived"}, id="wish-4")
        assert await store.agents.resume("wish-4", by=JON)
        assert [await state_of(store, each) for each in ("wish-1", "wish-4")] == [("active", "")] * 2
        assert (await actor.find("sub-1")).state == "active"
        assert await state_of(store, "wish-2") == ("paused", "person"), "what a person paused stays so"
        assert sorted(await self.resumed(actor)) == sorted([*self.BOTH, (str(make_call_id(4)), JON)])
        assert [job.subscription_id for job in await actor.draw()] == ["sub-1"], "its card is redrawn"

    async def test_somebody_resumes_one_that_a_person_paused(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor)
        assert await store.agents.resume("wish-2", by=JON)
        assert await state_of(store) == ("paused", "is_archived"), "the channel is as it was"
        assert (await actor.find("sub-1")).state == "paused"
        assert await self.resumed(actor) == [(OTHER_AGENT, JON)]

    async def test_it_gets_another_id(self, store: Store, clock: FakeClock) -> None:
        await store.agents.add(make_wish(clock, "wish-4", channel_id="C2", agent_id=OTHER_AGENT))
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C2")
        here = await store.agents.list_here(TEAM, "C2")
        assert {each.agent_id for each in here} == {AGENT, OTHER_AGENT}
        assert await state_of(store) == ("ended", "person"), "the other one stood there already"
        assert await store.agents.list_here(TEAM, CHANNEL) == ()

    async def test_it_gets_another_id_after_slack_refused_it(self, store: Store, actor: Actor) -> None:
        await self.refuse(actor)
        await store.subscriptions.move_channel(TEAM, CHANNEL, "C9")
        assert await state_of(store) == ("active", "")
        assert await state_of(store, "wish-2") == ("paused", "person")

    async def test_all_of_it_is_ended(self, store: Store, actor: Actor) -> None:
        assert await store.subscriptions.end_all(TEAM, CHANNEL, by=JON) == 3
        assert await store.agents.list_here(TEAM, CHANNEL) == ()
        ended = [(row["action"], row["user_id"]) for row in await actor.rows(audit) if row["action"] == "end"]
        assert ended == [("end", JON)] * 3
        assert await state_of(store, "wish-3") == ("active", "")

    async def test_the_token_is_taken_back_and_given_again(self, store: Store) -> None:
        assert await store.subscriptions.stop_team(TEAM) == 3
        assert await state_of(store) == ("paused", "uninstalled")
        assert await store.subscriptions.resume_team(TEAM) == 3
        assert [await state_of(store, each) for each in ("wish-1", "wish-2")] == [("active", ""), ("paused", "person")]

    async def test_the_app_is_removed(self, store: Store, actor: Actor) -> None:
        await store.names.name(TEAM, AGENT, "Sales", by=JON)
        await store.subscriptions.erase_team(TEAM)
        assert [await actor.rows(table) for table in (agent_subscriptions, agents, subscriptions)] == [[], [], []]

    async def test_a_person_is_forgotten(self, store: Store, actor: Actor, clock: FakeClock) -> None:
        await store.agents.add(
            make_wish(clock, "wish-5", channel_id="C3", creator_id=JON, options=Options(mention=USER))
        )
        await store.forget_user(USER)
        assert [(row["creator_id"], row["mention"]) for row in await actor.rows(agent_subscriptions)] == [(JON, "")]


async def test_a_board_that_slack_refuses_pauses_them_too(store: Store, actor: Actor, clock: FakeClock) -> None:
    await store.agents.add(make_wish(clock))
    await store.boards.pause(await Burst(actor).open(), reason="is_archived")
    assert await state_of(store) == ("paused", "is_archived")


async def test_an_agent_that_is_resumed_has_the_board_drawn_even_if_all_calls_are_over(
    store: Store, actor: Actor, clock: FakeClock
) -> None:
    await store.agents.add(make_wish(clock))
    burst = Burst(actor)
    job = await burst.open()
    await actor.set(subscriptions, {"state": "ended", "reason": "done", "ended_at": clock()})
    await store.boards.pause(job, reason="is_archived")
    await store.agents.resume("wish-1", by=JON)
    assert (await burst.take()).board.id == job.board.id


async def test_what_is_over_goes_when_its_time_is_up(store: Store, actor: Actor, clock: FakeClock) -> None:
    await store.agents.add(make_wish(clock))
    await store.agents.add(make_wish(clock, "wish-2", agent_id=OTHER_AGENT))
    await store.agents.end("wish-1", by=JON)
    await store.names.name(TEAM, AGENT, "Sales", by=JON)
    kept = timedelta(days=1)
    await store.prune(kept=kept, audit_kept=kept)
    assert len(await actor.rows(agent_subscriptions)) == 2
    clock.advance(kept + HOUR)
    await store.prune(kept=kept, audit_kept=kept)
    assert [row["id"] for row in await actor.rows(agent_subscriptions)] == ["wish-2"]
    assert await store.names.find_names(TEAM) == {AGENT: "Sales"}, "a name stays"


async def test_figures_are_of_the_last_24_hours(store: Store, actor: Actor, clock: FakeClock) -> None:
    await store.agents.add(make_wish(clock))
    for n in (1, 2, 3):
        await actor.follow(f"sub-{n}", n=n)
    await actor.follow("theirs", n=1, team_id=OTHER_TEAM)
    seen = {"agent_id": AGENT, "seen_at": clock()}
    await actor.set(followed_calls, seen)
    for each in ("sub-1", "sub-2"):
        await actor.set(subscriptions, {"parent_id": "wish-1"}, id=each)
    await actor.set(subscriptions, {"card_ts": ""}, id="sub-2")
    assert await store.agents.measure(["wish-1", "wish-9"]) == {
        "wish-1": AgentFigures(calls=3, matched=2, told=1),
        "wish-9": AgentFigures(),
    }
    await actor.set(subscriptions, {"board_id": "board-1"}, id="sub-2")
    await actor.set(subscriptions, {"board_id": "board-2"}, id="sub-3")
    values = {"team_id": TEAM, "channel_id": CHANNEL, "opened_at": clock(), "closed_at": clock()}
    for board_id, ts in (("board-1", ""), ("board-2", "7.7")):
        async with actor.database.writing() as connection:
            await connection.execute(boards.insert().values(values | {"id": board_id, "ts": ts}))
    assert (await store.agents.measure(["wish-1"]))["wish-1"].told == 1, "a board that isn't posted tells nothing"
    await actor.set(boards, {"ts": "8.8"}, id="board-1")
    assert (await store.agents.measure(["wish-1"]))["wish-1"].told == 2
    assert await store.agents.measure([]) == {}
    clock.advance(timedelta(hours=25))
    assert await store.agents.measure(["wish-1"]) == {"wish-1": AgentFigures()}


async def test_the_last_calls_of_an_agent(store: Store, actor: Actor, clock: FakeClock) -> None:
    for n in (1, 2, 3):
        await actor.follow(f"sub-{n}", n=n)
        seen = {"agent_id": AGENT if n < 3 else OTHER_AGENT, "seen_at": clock()}
        await actor.set(followed_calls, seen, call_id=str(make_call_id(n)))
        clock.advance(HOUR)
    newest = await store.agents.list_calls(TEAM, AGENT, limit=50)
    assert [call.id for call in newest] == [make_call_id(2), make_call_id(1)]
    assert [call.id for call in await store.agents.list_calls(TEAM, AGENT, limit=1)] == [make_call_id(2)]
    assert await store.agents.list_calls(OTHER_TEAM, AGENT, limit=50) == ()
