"""The crew: who of it is stuck."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from bot import crew as crew_module
from bot import pruner as pruner_module
from bot.core.rates import Rates
from bot.crew import Crew
from bot.pruner import Pruner
from tests.core.making import RULES, FakeClock


def make_crew(**workers: tuple[bool, float]) -> Crew:
    """Workers that run or not, and made their last turn then."""
    crew = Crew(store=Mock(), observe_store=Mock(), pruner=Mock(due_at=float("inf")), wishes=Mock())
    for name, (is_running, turned_at) in workers.items():
        worker: Any = Mock(is_running=is_running, turned_at=turned_at)
        worker.name = name
        crew.workers.append(worker)
    return crew


def test_a_worker_that_has_made_no_turn_for_two_minutes_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "monotonic", lambda: 1_000.0)
    crew = make_crew(poller=(True, 879.0), relay=(True, 881.0), cards=(False, 0.0))

    assert crew.find_stalled() == ["poller"]


@pytest.mark.parametrize("hangs", ["measure", "resume", "pruner"])
async def test_who_works_beside_the_workers_and_hangs_is_stuck_too(hangs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs for good has swallowed its time limit; without a sign of it, figures would be old for ever."""
    now, for_ever, begun = 1_000.0, asyncio.Event(), asyncio.Event()
    for module in (crew_module, pruner_module):
        monkeypatch.setattr(module, "monotonic", lambda: now)

    async def hang(*_: object) -> None:
        begun.set()
        await for_ever.wait()

    store = Mock(measure=AsyncMock(), subscriptions=Mock(resume_team=AsyncMock(return_value=0)))
    pruner = Pruner(prune=AsyncMock(side_effect=hang if hangs == "pruner" else None, return_value=0))
    if hangs == "measure":
        store.measure.side_effect = hang
    elif hangs == "resume":
        store.subscriptions.resume_team.side_effect = hang
    crew = Crew(store=store, observe_store=Mock(), pruner=pruner, wishes=Mock())
    stopped = asyncio.Event()
    assert crew.find_stalled() == [], "nobody works yet"
    running = asyncio.create_task(crew.run("T0OURS", stopped))
    await begun.wait()

    now += 119
    assert crew.find_stalled() == []
    now += 2
    assert hangs in crew.find_stalled()
    # The others sleep: one for ten seconds, which are long over, one for an hour.
    assert set(crew.find_stalled()) <= {hangs, "measure"}
    stopped.set()
    await running


def test_a_webhook_wakes_the_poller_alone() -> None:
    crew = make_crew(poller=(True, 0.0), relay=(True, 0.0))

    crew.look()

    poller, relay = crew.workers
    assert poller.wake.call_count == 1  # type: ignore[attr-defined]
    assert relay.wake.call_count == 0  # type: ignore[attr-defined]


async def test_looks_are_claimed_a_few_at_a_time_however_many_a_second_allows() -> None:
    store = Mock()
    rates = Rates.of(looks_per_second=50, posts_per_minute=300, edits_per_minute=50)
    crew = crew_module.make_crew(
        store=store, calls=Mock(), messenger=Mock(), clock=FakeClock(), rules=RULES, burst=Mock(), rates=rates,
        lease=timedelta(seconds=30), observe=Mock(), observe_store=Mock(), pruner=Mock(),
    )  # fmt: skip

    for room in (256, 3):
        next(each for each in crew.workers if each.name == "poller")._claim(room)

    assert [each.kwargs["limit"] for each in store.followed.claim.call_args_list] == [8, 3]
