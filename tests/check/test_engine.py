"""The engine: checks run beside each other, and whatever one of them does, it ends in a line, and in time."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from bot.check.engine import Check, Look, run_checks
from bot.core.errors import BotError, PermanentError, SamoraUnavailable, StoreUnavailable
from bot.core.findings import Finding, State

ADVICE = "Do this."


def fine(name: str) -> Finding:
    return Finding(name=name, state=State.FINE, detail="works")


def check(name: str, look: Look) -> Check:
    return Check(name=name, look=look, advice=ADVICE)


def finding(name: str, *found: Finding) -> Check:
    async def look() -> Sequence[Finding]:
        return found

    return check(name, look)


def raising(name: str, error: Exception) -> Check:
    async def look() -> Sequence[Finding]:
        raise error

    return check(name, look)


async def test_findings_come_in_the_order_of_their_checks_however_many_each_has() -> None:
    found = await run_checks([finding("a", fine("1"), fine("2")), finding("b"), finding("c", fine("3"))])

    assert [each.name for each in found] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "error", [SamoraUnavailable("HTTP 503"), StoreUnavailable("08006"), PermanentError("invalid_auth")]
)
async def test_what_fails_is_a_line_with_its_reason_and_what_to_do_and_hides_no_other(error: BotError) -> None:
    found = await run_checks([raising("Samora", error), finding("b", fine("b"))])

    assert found == [Finding(name="Samora", state=State.BROKEN, detail=error.reason, advice=ADVICE), fine("b")]


async def test_a_bug_is_a_line_too_and_its_trace_is_in_the_log_alone() -> None:
    with capture_logs() as logs:
        (found,) = await run_checks([raising("Queue", RuntimeError("SELECT secret"))])

    (line,) = [each for each in logs if each["event"] == "bug"]
    assert (found.name, found.state) == ("Queue", State.BROKEN)
    assert line["check"] == "Queue"
    assert line["reference"] in found.advice
    assert "secret" not in repr(found)


async def test_all_look_at_the_same_time() -> None:
    there = asyncio.Barrier(3)

    async def look() -> Sequence[Finding]:
        await there.wait()
        return [fine("met")]

    found = await run_checks([check(str(number), look) for number in range(3)], seconds=5)

    assert found == [fine("met")] * 3


async def test_one_that_hangs_is_a_line_after_its_time_and_is_not_left_running() -> None:
    ended = asyncio.Event()

    async def hang() -> Sequence[Finding]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return []

    async with asyncio.timeout(5):
        found = await run_checks([check("Database", hang), finding("b", fine("b"))], seconds=0.01)

    detail = "no answer within 0.01 seconds"
    assert found == [Finding(name="Database", state=State.BROKEN, detail=detail, advice=ADVICE), fine("b")]
    await asyncio.wait_for(ended.wait(), 5)


async def test_one_that_does_not_even_let_go_when_it_is_cancelled_is_not_waited_for() -> None:
    """As a driver does that tells a dead server to stop, and waits for the answer."""
    released = asyncio.Event()

    async def hang() -> Sequence[Finding]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await released.wait()
            raise StoreUnavailable("too late") from None
        return []

    async with asyncio.timeout(5):
        (found,) = await run_checks([check("Database", hang)], seconds=0.01)

    assert found.state is State.BROKEN
    released.set()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await asyncio.wait(others, timeout=5)
    assert all(task.done() for task in others)


async def test_whoever_stops_waiting_stops_the_checks() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def hang() -> Sequence[Finding]:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return []

    asking = asyncio.create_task(run_checks([check("a", hang)], seconds=60))
    await asyncio.wait_for(began.wait(), 5)
    asking.cancel()

    await asyncio.wait_for(ended.wait(), 5)
