"""The crew: who of it is stuck."""

from typing import Any
from unittest.mock import Mock

import pytest

from bot import crew as crew_module
from bot.crew import Crew


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
