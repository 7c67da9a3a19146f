"""Campaigns: many calls in a short time, each with a life of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from bot.sandbox import campaign
from bot.sandbox.campaign import CampaignRefusedError, plan_campaign
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import MAYA, RAVI
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack.changes import Changes


class Watched(SamoraSandbox):
    """One whose changes can be waited for."""

    def __init__(self) -> None:
        self.changes = Changes()
        super().__init__(clock=SandboxClock(), on_change=self.changes.announce)

    async def until(self, seen: Callable[[], object]) -> None:
        await self.changes.wait_for(seen, within=20, describe=lambda: str(self.statuses()))

    def statuses(self) -> Counter[str]:
        last = self.campaigns.last
        return Counter(self.calls[each].status for each in (last.call_ids if last else []))

    def is_over(self) -> bool:
        return self.campaigns.last is not None and not self.campaigns.last.is_running


@pytest.fixture
async def samora() -> AsyncIterator[Watched]:
    async with Watched() as samora:
        yield samora


def test_two_hundred_calls_begin_in_a_minute_and_end_some_seconds_later() -> None:
    plan = plan_campaign(calls=200, seconds=60)
    begins = [moment.at for moment in plan if not moment.events]
    assert begins == pytest.approx([0.3 * number for number in range(200)])
    assert Counter(moment.events[0] for moment in plan if moment.events) == {
        "answer": 120, "hang_up": 120, "no_answer": 50, "reject": 30,
    }  # fmt: skip
    lives = [[moment.at for moment in plan if moment.number == number] for number in range(200)]
    assert {len(life) for life in lives} == {2, 3}
    assert all(1 <= later - earlier <= 9 for life in lives for earlier, later in pairwise(life))
    assert [moment.at for moment in plan] == sorted(moment.at for moment in plan)


def test_the_same_seed_leads_to_the_same_and_another_to_something_else() -> None:
    assert plan_campaign(calls=50, seconds=9, seed=1) == plan_campaign(calls=50, seconds=9, seed=1)
    assert plan_campaign(calls=50, seconds=9, seed=1) != plan_campaign(calls=50, seconds=9, seed=2)


async def test_all_calls_are_the_agents_and_come_to_their_ends(samora: Watched) -> None:
    before = set(samora.calls)
    started = samora.campaigns.start(RAVI, calls=40, seconds=0.2)
    await samora.until(samora.is_over)
    assert samora.statuses() == {"CALL_FINISHED": 24, "UNANSWERED": 10, "REJECTED": 6}
    calls = [samora.calls[each] for each in started.call_ids]
    assert samora.calls.keys() - before == {call.call_id for call in calls}
    assert {call.agent_id for call in calls} == {RAVI}
    assert all(call.has_recording and call.has_transcript for call in calls if call.status == "CALL_FINISHED")


async def test_stopped_no_call_begins_and_those_under_way_go_on_to_their_end(samora: Watched) -> None:
    started = samora.campaigns.start(RAVI, calls=100, seconds=5)
    await samora.until(lambda: len(started.call_ids) == 3)
    samora.campaigns.stop()
    await samora.until(samora.is_over)
    assert len(started.call_ids) == 3
    assert samora.statuses().keys() <= {"CALL_FINISHED", "UNANSWERED", "REJECTED"}


async def test_a_call_that_somebody_moved_by_hand_disturbs_no_other(samora: Watched) -> None:
    started = samora.campaigns.start(RAVI, calls=10, seconds=0.2)
    await samora.until(lambda: started.call_ids)
    samora.set_status(started.call_ids[0], "ABDUCTED")
    await samora.until(samora.is_over)
    assert samora.statuses()["ABDUCTED"] == 1
    assert samora.statuses().total() == 10
    assert samora.statuses().keys() <= {"ABDUCTED", "CALL_FINISHED", "UNANSWERED", "REJECTED"}


async def test_there_is_one_at_a_time_and_another_after_it(samora: Watched) -> None:
    samora.campaigns.start(RAVI, calls=5, seconds=0.1)
    with pytest.raises(CampaignRefusedError, match="under way"):
        samora.campaigns.start(MAYA)
    await samora.until(samora.is_over)
    samora.campaigns.start(MAYA, calls=1, seconds=0.1)
    await samora.until(samora.is_over)
    assert [each.agent_id for each in samora.campaigns.all] == [RAVI, MAYA]


@pytest.mark.parametrize("wanted", [{"calls": 0}, {"calls": 1001}, {"seconds": 0}, {"seconds": 3601}])
async def test_it_has_its_bounds(samora: Watched, wanted: dict[str, Any]) -> None:
    with pytest.raises(CampaignRefusedError, match="1 to 1000 calls"):
        samora.campaigns.start(RAVI, **wanted)
    assert samora.campaigns.last is None


async def test_so_has_the_sandbox(samora: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "MOST_CALLS_IN_ALL", len(samora.calls) + 1)
    with pytest.raises(CampaignRefusedError, match="Open it anew"):
        samora.campaigns.start(RAVI, calls=2)
    samora.campaigns.start(RAVI, calls=1, seconds=0.1)


async def test_it_ends_with_its_server() -> None:
    async with Watched() as samora:
        started = samora.campaigns.start(RAVI)
    assert not started.is_running
    assert not [task for task in asyncio.all_tasks() if task.get_name() in {"campaign", "webhook"}]


async def test_the_control_api_starts_watches_and_stops_one(samora: Watched) -> None:
    async with aiohttp.ClientSession(samora.url) as http:
        async with http.get("/control/campaign") as answer:
            assert await answer.json() == {"campaign": None}
        async with http.post("/control/campaign", json={"agent_id": MAYA, "calls": 50, "seconds": 60}) as answer:
            assert (answer.status, (await answer.json())["campaign"]["total"]) == (201, 50)
        async with http.post("/control/campaign", json={}) as answer:
            assert answer.status == 409
        async with http.delete("/control/campaign") as answer:
            assert answer.status == 200
        async with http.post("/control/campaign", json={"calls": "many"}) as answer:
            assert answer.status == 400
        async with http.get("/control/campaign") as answer:
            told = (await answer.json())["campaign"]
        assert (told["agent_id"], told["call_ids"]) == (MAYA, samora.campaigns.all[0].call_ids)
