"""The crew: who of it is stuck."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from bot import crew as crew_module
from bot.core.rates import Rates
from bot.crew import Crew
from tests.core.making import RULES, FakeClock


def make_crew(**workers: tuple[bool, float]) -> Crew:
    """Workers that run or not, and made their last turn then."""
    crew = Crew(store=Mock(), observe_store=Mock(), pruner=Mock(), wishes=Mock())
    for name, (is_running, turned_at) in workers.items():
        worker: Any = Mock(is_running=is_running, turned_at=turned_at)
        worker.name = name
        crew.workers.append(worker)
    return crew


def test_a_worker_that_has_made_no_turn_for_two_minutes_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "monotonic", lambda: 1_000.0)
    crew = make_crew(poller=(True, 879.0), relay=(True, 881.0), cards=(False, 0.0))

    assert crew.find_stalled() == ["poller"]


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
