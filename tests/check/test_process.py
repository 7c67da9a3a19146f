"""What the running process knows of itself: its connection, Slack's requests, and what went wrong lately."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.check.engine import run_checks
from bot.check.process import Failure, Pulse, process_check
from bot.core.findings import Finding, State

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


async def look(pulse: Pulse) -> dict[str, Finding]:
    findings = await run_checks([process_check(lambda: pulse, lambda: NOW)])
    return {finding.name: finding for finding in findings}


async def test_a_new_process_over_http_has_nothing_to_tell() -> None:
    assert await look(Pulse(since=ago(5))) == {
        "Slack's requests": Finding(
            name="Slack's requests",
            state=State.FINE,
            detail="last request before this one: none, last event before this one: none (running for 5s)",
        ),
        "Last failures": Finding(name="Last failures", state=State.FINE, detail="none for 5s, since the start"),
    }


async def test_it_says_when_slack_was_last_heard() -> None:
    found = await look(Pulse(since=NOW - HOUR, request_at=ago(12), event_at=ago(200)))

    expected = "last request before this one: 12s ago, last event before this one: 3m 20s ago (running for 1h 0m 0s)"
    assert found["Slack's requests"].detail == expected


async def test_a_clock_that_was_set_back_makes_nothing_negative() -> None:
    found = await look(Pulse(since=NOW + HOUR, request_at=NOW + HOUR))

    assert "last request before this one: 0s ago" in found["Slack's requests"].detail


@pytest.mark.parametrize(
    ("connections", "detail"),
    [
        (0, "this process has its connection"),
        (3, "this process has its connection; the app had 3 in all when it was made"),
    ],
)
async def test_a_connection_that_is_up_is_fine(connections: int, detail: str) -> None:
    found = await look(Pulse(since=NOW, is_connected=True, connections=connections))

    assert found["Socket Mode"] == Finding(name="Socket Mode", state=State.FINE, detail=detail)


async def test_a_connection_that_is_down_says_what_to_do() -> None:
    found = await look(Pulse(since=NOW, is_connected=False, connections=1))

    assert (found["Socket Mode"].state, found["Socket Mode"].detail) == (State.BROKEN, "not connected")
    assert "samora-bot check" in found["Socket Mode"].advice


async def test_the_newest_failures_come_first_with_reason_and_time() -> None:
    failures = (
        Failure(what="poller", reason="HTTP 503", at=ago(90), count=37),
        Failure(what="relay", reason="not_in_channel", at=ago(7)),
    )

    finding = (await look(Pulse(since=NOW - HOUR, failures=failures)))["Last failures"]

    assert finding.state is State.REMARK
    assert finding.detail == "relay: not_in_channel, 7s ago; poller: HTTP 503, 37 times, last 1m 30s ago"
    assert "log" in finding.advice


async def test_no_more_than_five_are_told() -> None:
    failures = tuple(Failure(what="relay", reason=f"code_{number}", at=ago(20 - number)) for number in range(10))

    finding = (await look(Pulse(since=NOW, failures=failures)))["Last failures"]

    assert [part.split(",")[0] for part in finding.detail.split("; ")] == [
        f"relay: code_{number}" for number in (9, 8, 7, 6, 5)
    ]
