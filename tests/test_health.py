"""Health and figures: alive, ready, and how much was done."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import __version__
from bot.health import Health

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class World:
    """What the health is made of, as a test wants it."""

    def __init__(self, *, has_socket: bool = False) -> None:
        self.is_known = True
        self.is_connected = True
        self.work = 0
        self.health = Health(
            clock=lambda: NOW,
            is_slack_known=lambda: self.is_known,
            is_socket_connected=(lambda: self.is_connected) if has_socket else None,
            count_work=lambda: self.work,
        )

    def ready(self) -> tuple[int, dict[str, Any]]:
        answer = self.health.ready()
        assert answer.content_type == "application/json"
        report: dict[str, Any] = json.loads(answer.body)
        return answer.status, report


def test_the_process_is_alive_whatever_its_neighbours_do() -> None:
    world = World(has_socket=True)
    world.is_known = world.is_connected = False

    answer = world.health.alive()

    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "alive", "version": __version__}


@pytest.mark.parametrize(
    ("has_socket", "is_known", "is_connected", "status"),
    [
        (False, True, True, 200),
        (False, False, True, 503),
        (True, True, True, 200),
        (True, True, False, 503),
        (True, False, True, 503),
        (True, False, False, 503),
    ],
)
def test_the_bot_is_ready_when_slacks_requests_can_be_answered(
    has_socket: bool, is_known: bool, is_connected: bool, status: int
) -> None:
    world = World(has_socket=has_socket)
    world.is_known, world.is_connected = is_known, is_connected

    answered, report = world.ready()

    assert answered == status
    assert report["ready"] is (status == 200)
    assert report["neighbours"]["slack"] == {"known": is_known}
    assert report["neighbours"].get("socket") == ({"connected": is_connected} if has_socket else None)


def test_a_living_process_without_a_connection_is_not_ready() -> None:
    """Socket Mode has been seen silently dead for weeks in a process that was up."""
    world = World(has_socket=True)
    assert world.ready()[0] == 200

    world.is_connected = False

    assert world.ready()[0] == 503
    assert world.health.alive().status == 200


@pytest.mark.parametrize("outcome", ["200", "503", "timeout", "dropped", "401"])
def test_samora_is_told_of_and_decides_nothing(outcome: str) -> None:
    world = World()
    assert world.ready()[1]["neighbours"]["samora"] == {"last_outcome": None, "last_at": None}

    world.health.observe_samora(outcome, 0.2)

    status, report = world.ready()
    assert status == 200
    assert report["neighbours"]["samora"] == {"last_outcome": outcome, "last_at": NOW.isoformat()}


def test_the_work_under_way_is_told() -> None:
    world = World()
    world.work = 7

    assert world.ready()[1]["work"] == 7
    assert "samora_bot_work 7.0" in world.health.metrics().body


def test_the_figures_count_requests_by_kind_and_outcome_and_samora_by_outcome() -> None:
    world = World()
    for outcome in ("answered", "answered", "busy"):
        world.health.observe_request("command", outcome)
    world.health.observe_samora("200", 0.07)
    world.health.observe_samora("timeout", 11.0)

    answer = world.health.metrics()

    assert answer.status == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.body.splitlines()
    assert 'samora_bot_requests_total{kind="command",outcome="answered"} 2.0' in lines
    assert 'samora_bot_requests_total{kind="command",outcome="busy"} 1.0' in lines
    assert 'samora_bot_samora_seconds_bucket{le="0.05",outcome="200"} 0.0' in lines
    assert 'samora_bot_samora_seconds_bucket{le="0.1",outcome="200"} 1.0' in lines
    assert 'samora_bot_samora_seconds_bucket{le="10.0",outcome="timeout"} 0.0' in lines
    assert 'samora_bot_samora_seconds_count{outcome="timeout"} 1.0' in lines


def test_every_figure_says_what_it_is() -> None:
    body = World().health.metrics().body

    for name in ("samora_bot_requests_total", "samora_bot_samora_seconds", "samora_bot_work"):
        assert f"# HELP {name} " in body
        assert f"# TYPE {name} " in body


def test_two_bots_in_one_process_do_not_share_figures() -> None:
    one, other = World(), World()

    one.health.observe_request("command", "answered")

    assert 'outcome="answered"' not in other.health.metrics().body
