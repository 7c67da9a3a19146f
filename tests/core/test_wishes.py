"""Wishes: who may want a call, asked for seldom, and never so seldom that somebody's first call is missed."""

from datetime import timedelta

import pytest

from bot.core.calls import CallStatus
from bot.core.errors import StoreUnavailable
from bot.core.wishes import Wishes
from tests.core.making import HOUR, MINUTE, SECOND, Agents, FakeClock, make_reading, make_wish, make_wishes
from tests.factories import OTHER_TEAM, READ_AT, TEAM, make_call

ONGOING = make_reading(CallStatus.ONGOING)


async def find(wishes: Wishes, *, is_first: bool = False, team_id: str = TEAM) -> list[str]:
    return [wish.id for wish in await wishes.find(team_id, ONGOING, is_first=is_first)]


async def test_only_those_of_its_agent_want_a_call() -> None:
    agents = Agents(make_wish("a"), make_wish("b", agent_id="agent-8"), make_wish("c", channel_id="C2"))
    wishes = make_wishes(FakeClock(), agents)

    assert await find(wishes) == ["a", "c"]
    assert await wishes.find(TEAM, make_call(agent_id=" AGENT-8 "), is_first=False) == [agents.active[1]]
    assert await wishes.find(TEAM, make_call(agent_id=None), is_first=False) == []
    assert await wishes.find(TEAM, make_call(agent_id="agent-9"), is_first=False) == []


async def test_a_workspace_knows_nothing_of_another_one() -> None:
    wishes = make_wishes(FakeClock(), Agents(make_wish("a"), make_wish("b", team_id=OTHER_TEAM)))

    assert await find(wishes) == ["a"]
    assert await find(wishes, team_id=OTHER_TEAM) == ["b"]


async def test_they_are_asked_for_every_two_seconds() -> None:
    clock, agents = FakeClock(), Agents(make_wish())
    wishes = make_wishes(clock, agents)
    await find(wishes)
    agents.active = (make_wish(), make_wish("new", channel_id="C2"))
    clock.advance(timedelta(seconds=1.9))

    assert await find(wishes) == ["wish-1"]
    assert agents.asked == 1
    clock.advance(timedelta(seconds=0.1))
    assert await find(wishes) == ["wish-1", "new"]


async def test_for_the_first_look_at_a_call_they_are_asked_for_anew() -> None:
    clock, agents = FakeClock(), Agents()
    wishes = make_wishes(clock, agents)
    await find(wishes)
    agents.active = (make_wish(),)
    clock.advance(timedelta(milliseconds=199))

    assert await find(wishes, is_first=True) == []
    clock.advance(timedelta(milliseconds=1))
    assert await find(wishes, is_first=True) == ["wish-1"]


async def test_whoever_has_changed_them_is_believed_at_once() -> None:
    agents = Agents()
    wishes = make_wishes(FakeClock(), agents)
    await find(wishes)
    agents.active = (make_wish(),)

    wishes.invalidate()

    assert await find(wishes) == ["wish-1"]


async def test_a_database_that_does_not_answer_is_asked_again() -> None:
    agents = Agents(make_wish())
    wishes = make_wishes(FakeClock(), agents)
    agents.error = StoreUnavailable("locked")
    with pytest.raises(StoreUnavailable):
        await find(wishes)
    agents.error = None

    assert await find(wishes) == ["wish-1"]


@pytest.mark.parametrize(
    ("ended", "followed_since", "is_wanted"),
    [
        (MINUTE, HOUR, True),
        (HOUR, MINUTE, False),
        (24 * HOUR - SECOND, 48 * HOUR, True),
        (24 * HOUR, 48 * HOUR, False),
    ],
)
async def test_a_call_that_was_over_before_is_none_of_theirs(
    ended: timedelta, followed_since: timedelta, is_wanted: bool
) -> None:
    clock = FakeClock(READ_AT + 48 * HOUR)
    wishes = make_wishes(clock, Agents(make_wish(created_at=clock() - followed_since)))
    call = make_call(ended_at=clock() - ended)

    assert bool(await wishes.find(TEAM, call, is_first=True)) is is_wanted


async def test_nobody_knows_when_a_call_without_an_end_was_over() -> None:
    wishes = make_wishes(FakeClock(), Agents(make_wish()))

    assert await wishes.find(TEAM, make_call(ended_at=None), is_first=True)


async def test_a_call_that_ended_in_the_second_in_which_somebody_began_to_follow_counts() -> None:
    clock = FakeClock()
    followed = make_wish(created_at=clock() + timedelta(milliseconds=900))
    wishes = make_wishes(clock, Agents(followed))
    assert await wishes.find(TEAM, make_call(ended_at=clock()), is_first=True)
    assert not await wishes.find(TEAM, make_call(ended_at=clock() - timedelta(seconds=1)), is_first=True)
