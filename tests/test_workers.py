"""The worker: claims and works on several rows at once, survives whatever goes wrong, and stops in good order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import workers
from bot.core.errors import BotError, ChannelUnavailable, SamoraUnavailable, StoreUnavailable
from bot.core.ports import Claim
from bot.workers import Worker
from tests.core.making import FakeClock
from tests.factories import READ_AT

LEASE = timedelta(seconds=30)
SOON = 5.0  # whoever waits this long for something that happens at once, waits in vain


async def eventually(is_so: Callable[[], bool]) -> None:
    """Lets the others work until it is so."""
    async with asyncio.timeout(SOON):
        while not is_so():  # noqa: ASYNC110 - many things may bring it about
            await asyncio.sleep(0)


async def for_a_while(turns: int = 50) -> None:
    """Lets the others do what can be done without waiting."""
    for _ in range(turns):
        await asyncio.sleep(0)


@dataclass
class Rows:
    """A table of rows that are due, and work on them that goes on until it is let go."""

    due: list[Any] = field(default_factory=list)
    next_at: datetime | None = None
    claims: list[int] = field(default_factory=list)
    begun: list[Any] = field(default_factory=list)
    done: list[Any] = field(default_factory=list)
    cancelled: list[Any] = field(default_factory=list)
    released: list[Any] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    claim_errors: list[Exception] = field(default_factory=list)
    errors: dict[Any, Exception] = field(default_factory=dict)
    gates: dict[Any, asyncio.Event] = field(default_factory=dict)
    release_error: Exception | None = None

    async def claim(self, room: int) -> Claim[Any]:
        self.claims.append(room)
        if self.claim_errors:
            raise self.claim_errors.pop(0)
        taken, self.due = self.due[:room], self.due[room:]
        return Claim(rows=tuple(taken), next_at=self.next_at)

    async def work(self, row: Any) -> None:
        self.begun.append(row)
        try:
            if row in self.gates:
                await self.gates[row].wait()
        except asyncio.CancelledError:
            self.cancelled.append(row)
            raise
        if row in self.errors:
            raise self.errors[row]
        self.done.append(row)

    async def release(self, row: Any) -> None:
        self.released.append(row)
        if self.release_error:
            raise self.release_error

    def hold(self, *rows: Any) -> None:
        """The work on these goes on until their gates are opened."""
        self.gates |= {row: asyncio.Event() for row in rows}

    def add(self, *rows: Any) -> None:
        self.due += rows


@dataclass
class Running:
    """A worker at work."""

    worker: Worker[Any]
    clock: FakeClock
    stopped: asyncio.Event
    task: asyncio.Task[None]

    async def stop(self) -> None:
        self.stopped.set()
        async with asyncio.timeout(SOON):
            await self.task


@asynccontextmanager
async def running(
    rows: Rows,
    *,
    at_once: int = 3,
    lease: timedelta = LEASE,
    pause: timedelta = timedelta(milliseconds=20),
    claim: Callable[[int], Awaitable[Claim[Any]]] | None = None,
    release: Callable[[Any], Awaitable[None]] | None = None,
) -> AsyncIterator[Running]:
    clock, stopped = FakeClock(), asyncio.Event()
    worker: Worker[Any] = Worker(
        name="tester", claim=claim or rows.claim, work=rows.work, release=release or rows.release, at_once=at_once,
        lease=lease, clock=clock, pause=pause, observe=lambda name, outcome: rows.seen.append((name, outcome)),
        note_failure=lambda name, reason: rows.failures.append((name, reason)),
    )  # fmt: skip
    run = Running(worker, clock, stopped, asyncio.create_task(worker.run(stopped)))
    try:
        yield run
    finally:
        for gate in rows.gates.values():
            gate.set()
        stopped.set()
        await run.task


@pytest.fixture(autouse=True)
def short_graces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test must really wait for is short, except the sleeps: nothing may depend on their end."""
    monkeypatch.setattr(workers, "_GRACE_SECONDS", 0.05)
    monkeypatch.setattr(workers, "_RELEASE_SECONDS", 0.05)
    monkeypatch.setattr(workers, "_LONGEST_SLEEP", timedelta(minutes=9))
    monkeypatch.setattr(workers, "_AFTER_AN_ERROR", timedelta(minutes=9))


# Claiming and working


async def test_what_is_due_is_claimed_and_worked_on_all_at_once() -> None:
    rows = Rows(due=["a", "b", "c"])
    rows.hold("a", "b", "c")
    async with running(rows) as run:
        await eventually(lambda: rows.begun == ["a", "b", "c"])
        assert rows.done == []
        for row in ("c", "a", "b"):
            rows.gates[row].set()
        await eventually(lambda: rows.done == ["c", "a", "b"])
        assert not run.task.done()

    assert rows.seen == [("tester", "done")] * 3
    assert rows.released == []


async def test_no_more_is_claimed_than_there_is_room_for() -> None:
    rows = Rows(due=list("abcde"))
    rows.hold(*"abcde")
    async with running(rows, at_once=2):
        await eventually(lambda: rows.begun == ["a", "b"])
        await for_a_while()
        assert rows.claims == [2], "while it is full, nobody is asked"

        rows.gates["a"].set()
        await eventually(lambda: rows.begun == ["a", "b", "c"])
        assert rows.claims == [2, 1], "the end of a row makes room at once"

        rows.gates["b"].set()
        rows.gates["c"].set()
        await eventually(lambda: rows.begun == list("abcde"))
    assert rows.done == list("abcde")


async def test_when_nothing_is_due_it_sleeps_until_it_is_woken() -> None:
    rows = Rows()
    async with running(rows) as run:
        await eventually(lambda: rows.claims == [3])
        await for_a_while()
        assert rows.claims == [3]

        rows.add("a")
        run.worker.wake()
        await eventually(lambda: rows.done == ["a"])
        await for_a_while()
        assert len(rows.claims) == 2


async def test_whoever_wakes_it_while_it_claims_is_heard() -> None:
    rows = Rows()
    claiming, go_on = asyncio.Event(), asyncio.Event()

    async def claim(room: int) -> Claim[Any]:
        found = await rows.claim(room)
        claiming.set()
        await go_on.wait()
        return found

    async with running(rows, claim=claim) as run:
        await claiming.wait()
        rows.add("a")
        run.worker.wake()
        go_on.set()
        await eventually(lambda: rows.done == ["a"])


async def test_it_wakes_by_itself_when_the_next_row_is_due() -> None:
    rows = Rows(next_at=READ_AT + timedelta(milliseconds=30))
    async with running(rows):
        await eventually(lambda: rows.claims == [3])
        rows.add("a")
        await eventually(lambda: rows.done == ["a"])


async def test_it_looks_now_and_then_even_if_nothing_is_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes make rows due and tell nobody."""
    monkeypatch.setattr(workers, "_LONGEST_SLEEP", timedelta(milliseconds=20))
    rows = Rows(next_at=READ_AT + timedelta(hours=1))
    async with running(rows):
        await eventually(lambda: rows.claims == [3])
        rows.add("a")
        await eventually(lambda: rows.done == ["a"])


@pytest.mark.parametrize("ago", [timedelta(), timedelta(seconds=1), timedelta(days=1)])
async def test_what_seems_due_and_cannot_be_had_is_not_asked_for_all_the_time(ago: timedelta) -> None:
    """As when the budget is spent, or another process holds the row."""
    rows = Rows(next_at=READ_AT - ago)
    began = asyncio.get_running_loop().time()
    async with running(rows):
        await eventually(lambda: len(rows.claims) == 10)

    assert asyncio.get_running_loop().time() - began > 0.17


async def test_while_there_is_more_to_be_had_no_sleep_lies_between_the_claims() -> None:
    rows = Rows(due=list(range(300)), next_at=READ_AT)
    async with running(rows, at_once=10):
        await eventually(lambda: len(rows.done) == 300)
        rows.next_at = None


async def test_however_often_it_is_woken_a_pause_lies_between_two_claims() -> None:
    """Rows that are done one by one are claimed together: a claim costs about as much as ten rows."""
    rows = Rows(due=list(range(10_000)))
    async with running(rows, at_once=2, pause=timedelta(milliseconds=50)) as run:
        began = asyncio.get_running_loop().time()
        while len(rows.claims) < 5:
            run.worker.wake()
            await asyncio.sleep(0.005)
        assert asyncio.get_running_loop().time() - began > 0.19
        rows.due = []


async def test_what_a_rate_holds_back_is_not_claimed_sooner_because_there_is_more_of_it() -> None:
    claims: list[float] = []
    rows = Rows()

    async def claim(_room: int) -> Claim[Any]:
        claims.append(asyncio.get_running_loop().time())
        return Claim(next_at=run.clock() + timedelta(milliseconds=200), is_held=len(claims) == 1)

    async with running(rows, claim=claim) as run:
        while len(claims) < 3:
            run.worker.wake()
            await asyncio.sleep(0.005)
        assert claims[1] - claims[0] > 0.19
        assert claims[2] - claims[1] < 0.19, "nothing is held any more"


async def test_a_stop_does_not_wait_for_the_pause() -> None:
    rows = Rows()
    async with running(rows, pause=timedelta(minutes=9)) as run:
        await eventually(lambda: rows.claims == [3])
        await run.stop()


async def test_of_a_row_that_is_worked_on_nobody_is_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_LONGEST_SLEEP", timedelta(milliseconds=50))
    rows = Rows(due=["a"])
    rows.hold("a")
    async with running(rows, at_once=1):
        await asyncio.sleep(0.2)
        assert rows.claims == [1]


# What goes wrong


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SamoraUnavailable("HTTP 503"), "SamoraUnavailable"),
        (ChannelUnavailable("is_archived"), "ChannelUnavailable"),
        (StoreUnavailable("locked"), "StoreUnavailable"),
        (KeyError("bug"), "bug"),
        (RuntimeError("bug"), "bug"),
    ],
)
async def test_what_goes_wrong_with_one_row_concerns_no_other(error: Exception, outcome: str) -> None:
    rows = Rows(due=["a", "b"], errors={"a": error})
    with capture_logs() as logs:
        async with running(rows) as run:
            await eventually(lambda: rows.done == ["b"])
            rows.add("c")
            run.worker.wake()
            await eventually(lambda: rows.done == ["b", "c"])

    assert rows.seen == [("tester", outcome), ("tester", "done"), ("tester", "done")]
    assert rows.failures == [("tester", error.reason if isinstance(error, BotError) else "bug")]
    assert rows.released == []
    (line,) = logs
    if isinstance(error, BotError):
        expected = {"event": "put_off", "outcome": outcome, "reason": error.reason, "log_level": "warning"}
        assert line == expected | {"worker": "tester", "milliseconds": line["milliseconds"]}
    else:
        assert (line["event"], line["worker"], line["log_level"]) == ("bug", "tester", "error")
        assert line["exc_info"]


async def test_an_outage_is_one_line_in_the_log_and_what_a_person_must_mend_is_one_each() -> None:
    down, closed = SamoraUnavailable("HTTP 503"), ChannelUnavailable("is_archived")
    rows = Rows(due=list("abcdef"), errors={"a": down, "b": down, "c": closed, "d": down, "f": down})
    with capture_logs() as logs:
        async with running(rows, at_once=1):
            await eventually(lambda: len(rows.seen) == 6)

    assert [(line["outcome"], line["log_level"]) for line in logs] == [
        ("SamoraUnavailable", "warning"),
        ("SamoraUnavailable", "debug"),
        ("ChannelUnavailable", "warning"),
        ("SamoraUnavailable", "debug"),
        ("SamoraUnavailable", "warning"),
    ]


@pytest.mark.parametrize("error", [StoreUnavailable("locked"), RuntimeError("bug")])
async def test_a_claim_that_fails_is_survived(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(workers, "_AFTER_AN_ERROR", timedelta(milliseconds=20))
    rows = Rows(due=["a"], claim_errors=[error, error])
    with capture_logs() as logs:
        async with running(rows):
            await eventually(lambda: rows.done == ["a"])

    event = "store_unavailable" if isinstance(error, StoreUnavailable) else "bug"
    assert [line["event"] for line in logs] == [event] * 2
    assert {line["worker"] for line in logs} == {"tester"}
    assert rows.failures == [("tester", "locked" if isinstance(error, StoreUnavailable) else "bug")] * 2
    outcome = "StoreUnavailable" if isinstance(error, StoreUnavailable) else "bug"
    assert rows.seen[:2] == [("tester", outcome)] * 2


async def test_an_outage_of_the_database_is_one_line_and_the_next_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_AFTER_AN_ERROR", timedelta(milliseconds=1))
    rows = Rows(due=["a"], claim_errors=[StoreUnavailable("down")] * 3)
    with capture_logs() as logs:
        async with running(rows) as run:
            await eventually(lambda: rows.done == ["a"])
            rows.claim_errors += [StoreUnavailable("down")] * 2
            run.worker.wake()
            await eventually(lambda: not rows.claim_errors)

    assert [line["log_level"] for line in logs if line["event"] == "store_unavailable"] == [
        "warning", "debug", "debug", "warning", "debug",
    ]  # fmt: skip


async def test_a_database_that_is_down_is_not_asked_all_the_time() -> None:
    rows = Rows(claim_errors=[StoreUnavailable("down")] * 99)
    async with running(rows):
        await asyncio.sleep(0.1)
        assert len(rows.claims) == 1

    assert rows.seen == [("tester", "StoreUnavailable")]


async def test_a_row_worked_on_for_too_long_is_given_up_before_its_lease_ends() -> None:
    """Whoever claims it next begins alone. It is not released: what was begun must be looked for first."""
    rows = Rows(due=["a", "b"])
    rows.hold("a")
    began = asyncio.get_running_loop().time()
    with capture_logs() as logs:
        async with running(rows, lease=timedelta(seconds=0.25)):
            await eventually(lambda: rows.cancelled == ["a"])
            took = asyncio.get_running_loop().time() - began

    assert took > 0.19, "what can be done in time is"
    assert rows.done == ["b"]
    assert rows.released == []
    assert sorted(rows.seen) == [("tester", "done"), ("tester", "late")]
    assert rows.failures == [("tester", "lease used up")]
    assert [line["event"] for line in logs] == ["lease_used_up"]


async def test_a_lease_begins_with_its_claim_however_long_that_takes() -> None:
    rows = Rows(due=["a"])
    rows.hold("a")
    claimed = asyncio.Event()

    async def claim(room: int) -> Claim[Any]:
        found = await rows.claim(room)
        if found.rows:
            await asyncio.sleep(0.11)
        claimed.set()
        return found

    async with running(rows, lease=timedelta(seconds=0.125), claim=claim):
        await claimed.wait()
        await for_a_while()
        assert rows.cancelled == ["a"], "nothing of its lease is left"


# Stopping


async def test_an_idle_worker_stops_at_once() -> None:
    rows = Rows()
    async with running(rows) as run:
        await eventually(lambda: rows.claims == [3])
        await run.stop()

    assert rows.claims == [3]


async def test_a_worker_that_is_stopped_before_it_begins_claims_nothing() -> None:
    rows = Rows(due=["a"])
    async with running(rows) as run:
        run.stopped.set()

    assert rows.claims == []


async def test_what_ends_within_the_grace_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_GRACE_SECONDS", SOON)
    rows = Rows(due=["a", "b"])
    rows.hold("a", "b")
    async with running(rows) as run:
        await eventually(lambda: len(rows.begun) == 2)
        run.stopped.set()
        await for_a_while()
        assert not run.task.done()
        rows.gates["a"].set()
        rows.gates["b"].set()
        await run.stop()

    assert rows.done == ["a", "b"]
    assert (rows.cancelled, rows.released) == ([], [])


async def test_what_does_not_end_within_the_grace_is_cancelled_and_given_back() -> None:
    rows = Rows(due=["a", "b", "c"])
    rows.hold("a", "c")
    async with running(rows) as run:
        await eventually(lambda: rows.done == ["b"])
        await run.stop()

    assert sorted(rows.cancelled) == sorted(rows.released) == ["a", "c"]
    assert rows.done == ["b"]


async def test_after_the_stop_nothing_is_claimed_even_if_there_is_room_and_work() -> None:
    rows = Rows(due=list("abcd"))
    rows.hold(*"abcd")
    async with running(rows, at_once=2) as run:
        await eventually(lambda: rows.begun == ["a", "b"])
        run.stopped.set()
        rows.gates["a"].set()
        run.worker.wake()
        await run.stop()

    assert rows.claims == [2]
    assert rows.begun == ["a", "b"]


async def test_what_was_being_claimed_at_the_stop_is_finished_or_given_back_too() -> None:
    rows = Rows(due=["a", "b"])
    rows.hold("b")
    claiming, go_on = asyncio.Event(), asyncio.Event()

    async def claim(room: int) -> Claim[Any]:
        claiming.set()
        await go_on.wait()
        return await rows.claim(room)

    async with running(rows, claim=claim) as run:
        await claiming.wait()
        run.stopped.set()
        await for_a_while()
        go_on.set()
        await run.stop()

    assert rows.done == ["a"]
    assert rows.released == ["b"]
    assert len(rows.claims) == 1


async def test_a_row_that_cannot_be_given_back_stops_nobody() -> None:
    rows = Rows(due=["a", "b"], release_error=StoreUnavailable("down"))
    rows.hold("a", "b")
    async with running(rows) as run:
        await eventually(lambda: len(rows.begun) == 2)
        await run.stop()

    assert sorted(rows.released) == ["a", "b"]


async def test_a_database_that_does_not_answer_at_the_stop_is_not_waited_for() -> None:
    rows = Rows(due=["a"])
    rows.hold("a")

    async def release(_row: Any) -> None:
        await asyncio.Event().wait()

    with capture_logs() as logs:
        async with running(rows, release=release) as run:
            await eventually(lambda: rows.begun == ["a"])
            await run.stop()

    assert logs == [{"event": "not_released", "worker": "tester", "rows": 1, "log_level": "warning"}]


async def test_a_worker_that_is_cancelled_gives_back_what_it_holds() -> None:
    rows = Rows(due=["a"])
    rows.hold("a")
    async with running(rows) as run:
        await eventually(lambda: rows.begun == ["a"])
        run.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run.task
        run.task = asyncio.create_task(asyncio.sleep(0))
        assert rows.released == ["a"]


async def test_nothing_of_it_is_left_behind() -> None:
    rows = Rows(due=["a", "b"])
    rows.hold("b")
    before = asyncio.all_tasks()
    async with running(rows) as run:
        await eventually(lambda: rows.done == ["a"])
        await run.stop()
    await for_a_while()

    assert asyncio.all_tasks() == before


async def test_nobody_need_watch() -> None:
    rows = Rows(due=["a"])
    worker: Worker[Any] = Worker(
        name="alone", claim=rows.claim, work=rows.work, release=rows.release, at_once=1, lease=LEASE, clock=FakeClock()
    )
    stopped = asyncio.Event()
    task = asyncio.create_task(worker.run(stopped))
    await eventually(lambda: rows.done == ["a"])
    stopped.set()
    await task


# Who hears of it


async def test_what_a_rate_holds_back_is_heard_of() -> None:
    claims: list[Claim[Any]] = [Claim(is_held=True), Claim()]
    waits: list[tuple[str, float]] = []

    async def claim(_room: int) -> Claim[Any]:
        return claims.pop(0) if claims else Claim()

    async def nothing(_row: Any) -> None: ...

    stopped = asyncio.Event()
    worker: Worker[Any] = Worker(
        name="relay", claim=claim, work=nothing, release=nothing, at_once=1, lease=LEASE, clock=FakeClock(),
        pause=timedelta(), observe_wait=lambda name, seconds: waits.append((name, seconds)),
    )  # fmt: skip
    running_worker = asyncio.create_task(worker.run(stopped))
    await eventually(lambda: len(claims) == 1)
    began, worker.turned_at = worker.turned_at, 0.0
    worker.wake()
    await eventually(lambda: len(waits) == 1)
    assert worker.turned_at >= began, "each turn says so"
    stopped.set()
    await running_worker

    assert (waits[0][0], waits[0][1] >= 0) == ("relay", True)
