"""Health and figures: alive, ready, and how much was done."""

import asyncio
import json
import platform
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import __version__
from bot.check.process import Failure, Pulse
from bot.core.figures import Figures
from bot.health import Health

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class World:
    """What the health is made of, as a test wants it."""

    def __init__(self, *, has_socket: bool = False) -> None:
        self.is_known = True
        self.is_connected = True
        self.work = 0
        self.connections = 0
        self.stalled: list[str] = []
        self.block = 0.0
        self.now = NOW
        self.health = Health(
            clock=lambda: self.now,
            is_slack_known=lambda: self.is_known,
            is_socket_connected=(lambda: self.is_connected) if has_socket else None,
            count_work=lambda: self.work,
            count_connections=lambda: self.connections,
            count_connects=lambda: 3,
            find_stalled=lambda: self.stalled,
            find_block=lambda: self.block,
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
    assert report["neighbours"]["slack"] == {"known": is_known, "state": None}
    state = "fine" if is_connected else "failing"
    expected = {"connected": is_connected, "state": state} if has_socket else None
    assert report["neighbours"].get("socket") == expected


def test_a_living_process_without_a_connection_is_not_ready() -> None:
    """Socket Mode has been seen silently dead for weeks in a process that was up."""
    world = World(has_socket=True)
    assert world.ready()[0] == 200

    world.is_connected = False

    status, report = world.ready()
    assert status == 200, "Slack replaces connections, which takes a moment"
    assert report["neighbours"]["socket"] == {"connected": False, "state": "fine"}
    world.now += timedelta(seconds=9)
    assert world.ready()[0] == 200
    world.now += timedelta(seconds=1)
    assert world.ready()[0] == 503
    assert world.health.alive().status == 200
    world.is_connected = True
    assert world.ready()[0] == 200
    world.is_connected = False
    assert world.ready()[0] == 200, "it is away anew"


def test_a_worker_that_does_nothing_any_more_wants_a_new_process() -> None:
    world = World()
    world.stalled = ["poller"]

    answer = world.health.alive()

    assert answer.status == 503
    assert json.loads(answer.body) == {"status": "stalled", "version": __version__, "workers": ["poller"]}
    assert "samora_bot_stalled 1.0" in world.health.metrics().body


def test_an_event_loop_that_hung_just_now_is_told_of() -> None:
    """While it hangs nobody is answered; a probe that comes right afterwards is to know, too."""
    world = World()
    world.block = 6.04

    answer = world.health.alive()

    assert answer.status == 503
    assert json.loads(answer.body) == {"status": "blocked", "version": __version__, "seconds": 6.0}
    assert world.ready()[0] == 200, "it answers again"
    world.block = 0.0
    assert world.health.alive().status == 200


@pytest.mark.parametrize(
    ("neighbour", "failure", "success"),
    [
        ("samora", "timeout", "404"),
        ("samora", "503", "200"),
        ("samora", "5xx", "429"),
        ("samora", "unreadable", "200"),
        ("slack", "http_5xx", "not_in_channel"),
        ("database", "", "reachable"),
    ],
)
def test_a_neighbour_fails_after_three_failures_in_a_row(neighbour: str, failure: str, success: str) -> None:
    world = World()

    def ask(outcome: str) -> str:
        if neighbour == "samora":
            world.health.observe_samora(outcome, 0.1, 0.0)
        elif neighbour == "database":
            world.health.observe_store(Figures() if outcome else None)
        else:
            world.health.observe_slack("chat.postMessage", outcome, 0.1, 0.0)
        status, report = world.ready()
        assert status == 200
        return str(report["neighbours"][neighbour]["state"])

    def is_told_to_fail() -> bool:
        return f'samora_bot_failing{{neighbour="{neighbour}"}} 1.0' in world.health.metrics().body

    assert [ask(failure), ask(failure), ask(success)] == ["fine"] * 3
    assert not is_told_to_fail()
    assert [ask(failure), ask(failure), ask(failure)] == ["fine", "fine", "failing"]
    assert is_told_to_fail()
    assert ask(success) == "fine"


def test_of_a_neighbour_that_was_not_heard_of_nothing_is_said() -> None:
    neighbours = World().ready()[1]["neighbours"]

    assert [neighbours[each]["state"] for each in ("slack", "samora", "database")] == [None] * 3


def test_who_refuses_our_credentials_is_told_from_the_start() -> None:
    """What appears as 1, Prometheus takes for no increase: an alert would miss the first time."""
    world = World()

    def told() -> list[str]:
        lines = world.health.metrics().body.splitlines()
        return [
            line.partition("samora_bot_")[2] for line in lines if line.startswith("samora_bot_credentials_refused_t")
        ]

    assert [line.split()[1] for line in told()] == ["0.0", "0.0"]
    for outcome in ("401", "403", "404", "200"):
        world.health.observe_samora(outcome, 0.1, 0.0)
    for outcome in ("invalid_auth", "token_revoked", "account_inactive", "not_in_channel", "ok"):
        world.health.observe_slack("auth.test", outcome, 0.1, 0.0)
    assert told() == [
        'credentials_refused_total{neighbour="slack"} 3.0',
        'credentials_refused_total{neighbour="samora"} 2.0',
    ]


def test_bugs_are_counted_from_the_start_wherever_they_are() -> None:
    world = World()
    assert "samora_bot_bugs_total 0.0" in world.health.metrics().body

    world.health.observe_request("command", "bug")
    world.health.observe_request("command", "answered")
    world.health.observe_worker("poller", "bug")
    world.health.observe_worker("poller", "done")

    assert "samora_bot_bugs_total 2.0" in world.health.metrics().body


def test_what_is_refused_at_the_door_is_counted_and_is_nothing_that_slack_sent() -> None:
    world = World()

    world.health.observe_refusal("wrong_signature")

    body = world.health.metrics().body
    assert 'samora_bot_requests_total{kind="none",outcome="wrong_signature"} 1.0' in body
    assert "samora_bot_last_request_seconds 0.0" in body
    assert world.health.pulse().request_at is None


def test_slacks_answers_acks_and_the_loop_are_timed() -> None:
    world = World(has_socket=True)
    world.health.observe_ack("block_actions", "http", 0.002)
    world.health.observe_slack("chat.update", "ratelimited", 0.2, 30.0)
    world.health.observe_lag(0.3)
    world.health.observe_request("command", "answered")
    world.health.observe_store(Figures(active=4, agents_paused=2))

    lines = world.health.metrics().body.splitlines()

    assert 'samora_bot_ack_seconds_bucket{kind="block_actions",le="0.0025",transport="http"} 1.0' in lines
    assert 'samora_bot_slack_seconds_count{method="chat.update",outcome="ratelimited"} 1.0' in lines
    assert 'samora_bot_slack_rest_seconds_total{method="chat.update"} 30.0' in lines
    assert 'samora_bot_loop_lag_seconds_bucket{le="0.25"} 0.0' in lines
    assert "samora_bot_loop_lag_seconds_count 1.0" in lines
    assert 'samora_bot_subscriptions{of="calls",state="active"} 4.0' in lines
    assert 'samora_bot_subscriptions{of="agents",state="paused"} 2.0' in lines
    assert [line for line in lines if line.startswith("samora_bot_socket")] == [
        "samora_bot_socket_connected 1.0",
        "samora_bot_socket_connects 3.0",
    ]
    (last,) = (line for line in lines if line.startswith("samora_bot_last_request_seconds"))
    assert float(last.split()[1]) == NOW.timestamp()
    version = f'samora_bot_build_info{{mode="socket",python="{platform.python_version()}",version="{__version__}"}} 1.0'
    assert version in lines


@pytest.mark.parametrize("outcome", ["200", "503", "timeout", "dropped", "401"])
def test_samora_is_told_of_and_decides_nothing(outcome: str) -> None:
    world = World()
    assert world.ready()[1]["neighbours"]["samora"] == {"state": None, "last_outcome": None, "last_at": None}

    world.health.observe_samora(outcome, 0.2, 0.0)

    status, report = world.ready()
    assert status == 200
    assert report["neighbours"]["samora"] == {
        "state": "fine", "last_outcome": outcome, "last_at": NOW.isoformat(),
    }  # fmt: skip


def test_the_work_under_way_is_told() -> None:
    world = World()
    world.work = 7

    assert world.ready()[1]["work"] == 7
    assert "samora_bot_work 7.0" in world.health.metrics().body


def test_the_figures_count_requests_by_kind_and_outcome_and_samora_by_outcome() -> None:
    world = World()
    for outcome in ("answered", "answered", "busy"):
        world.health.observe_request("command", outcome)
    world.health.observe_samora("200", 0.07, 0.0)
    world.health.observe_samora("429", 0.07, 60.0)
    world.health.observe_samora("timeout", 11.0, 0.0)

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
    assert "samora_bot_samora_rest_seconds_total 60.0" in lines


def test_every_figure_says_what_it_is() -> None:
    body = World().health.metrics().body

    for name in ("samora_bot_requests_total", "samora_bot_samora_seconds", "samora_bot_work"):
        assert f"# HELP {name} " in body
        assert f"# TYPE {name} " in body


def test_no_series_is_told_that_nobody_asked_for() -> None:
    world = World()
    world.health.observe_request("command", "answered")

    assert "_created" not in world.health.metrics().body


def test_two_bots_in_one_process_do_not_share_figures() -> None:
    one, other = World(), World()

    one.health.observe_request("command", "answered")

    assert 'outcome="answered"' not in other.health.metrics().body


# Webhooks


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        (None, {"state": "none yet", "agents_arriving": 0, "agents_stopped": 0, "last_seconds_ago": None}),
        (
            Figures(agents_announced=3, webhook_seconds=7.5),
            {"state": "arriving", "agents_arriving": 3, "agents_stopped": 0, "last_seconds_ago": 7.5},
        ),
        (
            Figures(agents_announced=2, agents_silent=1, webhook_seconds=90.0),
            {
                "state": "stopped for some agents: their calls are polled",
                "agents_arriving": 2,
                "agents_stopped": 1,
                "last_seconds_ago": 90.0,
            },
        ),
    ],
)
def test_how_it_stands_with_webhooks_is_told_and_decides_nothing(figures: Figures | None, told: object) -> None:
    world = World()
    if figures:
        world.health.observe_store(figures)

    status, report = world.ready()

    assert status == 200
    assert report["neighbours"]["webhooks"] == told
    lines = world.health.metrics().body.splitlines()
    assert f"samora_bot_agents_announced {float(figures.agents_announced if figures else 0)}" in lines
    assert f"samora_bot_agents_silent {float(figures.agents_silent if figures else 0)}" in lines


def test_webhooks_are_counted_by_event_and_outcome_and_timed_by_outcome() -> None:
    world = World()
    for seconds in (0.004, 0.2):
        world.health.observe_webhook("CALL_FAILED", "taken", seconds)
    world.health.observe_webhook("none", "refused", 0.001)

    lines = world.health.metrics().body.splitlines()

    assert 'samora_bot_webhooks_total{event="call_failed",outcome="taken"} 2.0' in lines
    assert 'samora_bot_webhooks_total{event="none",outcome="refused"} 1.0' in lines
    assert 'samora_bot_webhook_seconds_bucket{le="0.05",outcome="taken"} 1.0' in lines
    assert 'samora_bot_webhook_seconds_bucket{le="0.25",outcome="taken"} 2.0' in lines


def test_how_late_notices_are_is_told_by_how_the_change_came_to_be_known() -> None:
    world = World()
    world.health.observe_delay("webhook", 0.4)
    world.health.observe_delay("poll", 4.0)

    lines = world.health.metrics().body.splitlines()

    assert 'samora_bot_notice_delay_seconds_bucket{le="0.5",path="webhook"} 1.0' in lines
    assert 'samora_bot_notice_delay_seconds_bucket{le="2.5",path="poll"} 0.0' in lines
    assert 'samora_bot_notice_delay_seconds_bucket{le="5.0",path="poll"} 1.0' in lines


# What the doctor is told


def test_the_pulse_of_a_new_process_over_http() -> None:
    assert World().health.pulse() == Pulse(since=NOW)


def test_the_pulse_tells_of_the_connection_in_socket_mode() -> None:
    world = World(has_socket=True)
    world.connections = 2

    assert (world.health.pulse().is_connected, world.health.pulse().connections) == (True, 2)
    world.is_connected = False
    assert world.health.pulse().is_connected is False


@pytest.mark.parametrize("kind", ["mention", "event.app_home_opened", "event.channel_unarchive"])
def test_an_event_is_a_request_and_an_event(kind: str) -> None:
    world = World()

    world.health.observe_request(kind, "answered")

    assert (world.health.pulse().request_at, world.health.pulse().event_at) == (NOW, NOW)


@pytest.mark.parametrize("kind", ["command", "action.share", "shortcut.find_call"])
def test_what_people_do_is_a_request_and_no_event(kind: str) -> None:
    world = World()

    world.health.observe_request(kind, "answered")

    assert (world.health.pulse().request_at, world.health.pulse().event_at) == (NOW, None)


def test_failures_of_one_kind_are_counted_and_the_newest_is_the_last() -> None:
    world = World()
    for seconds, (what, reason) in enumerate(
        [("poller", "HTTP 503"), ("relay", "is_archived"), ("poller", "HTTP 503")]
    ):
        world.now = NOW + timedelta(seconds=seconds)
        world.health.note_failure(what, reason)

    assert world.health.pulse().failures == (
        Failure(what="relay", reason="is_archived", at=NOW + timedelta(seconds=1)),
        Failure(what="poller", reason="HTTP 503", at=NOW + timedelta(seconds=2), count=2),
    )


def test_no_more_than_ten_kinds_of_failures_are_kept_however_many_there_are() -> None:
    world = World()

    for number in range(1_000):
        world.health.note_failure("command", f"bug {number}")

    assert [each.reason for each in world.health.pulse().failures] == [f"bug {number}" for number in range(990, 1_000)]


def test_a_long_reason_is_kept_short_and_on_one_line() -> None:
    world = World()

    world.health.note_failure("relay", "x\n" * 500)

    (failure,) = world.health.pulse().failures
    assert len(failure.reason) == 80
    assert "\n" not in failure.reason


async def test_the_tasks_of_the_event_loop_are_counted() -> None:
    world = World()

    def count() -> float:
        lines = world.health.metrics().body.splitlines()
        return float(next(line for line in lines if line.startswith("samora_bot_tasks ")).split()[1])

    before = count()
    other = asyncio.create_task(asyncio.Event().wait())
    assert count() == before + 1
    other.cancel()


def test_outside_of_an_event_loop_there_are_none() -> None:
    assert "samora_bot_tasks 0.0" in World().health.metrics().body
