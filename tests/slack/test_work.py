"""The work after an ack: kept, named, bounded, awaited; and what was taken on, remembered for a while."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.testing import capture_logs

from bot.slack.work import Once, TurnedAway, Work


class Jobs:
    """Jobs that begin, and end when a test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.may_end = asyncio.Event()

    def named(self, name: str) -> Callable[[], Coroutine[Any, Any, None]]:
        async def job() -> None:
            self.begun.append(name)
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                self.cancelled.append(name)
                raise
            self.ended.append(name)

        return job


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


async def breathe() -> None:
    """Lets every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_job_runs_in_a_task_of_its_own_that_has_its_name(jobs: Jobs) -> None:
    work = Work()

    assert work.start("look up", jobs.named("a"))
    await breathe()

    assert jobs.begun == ["a"]
    assert "look up" in {task.get_name() for task in asyncio.all_tasks()}
    jobs.may_end.set()
    await work.close(grace=1)
    assert jobs.ended == ["a"]


async def test_jobs_are_counted_until_they_end(jobs: Jobs) -> None:
    work = Work()
    for name in "ab":
        work.start(name, jobs.named(name))
    assert work.count() == 2

    jobs.may_end.set()
    await work.close(grace=1)

    assert work.count() == 0


async def test_what_is_asked_for_twice_at_the_same_time_is_done_once(jobs: Jobs) -> None:
    work = Work()

    assert work.start("share", jobs.named("first"))
    assert work.start("share", jobs.named("second"))
    await breathe()
    jobs.may_end.set()
    await work.close(grace=1)

    assert jobs.ended == ["first"]


async def test_what_has_ended_may_be_asked_for_again(jobs: Jobs) -> None:
    work = Work()
    jobs.may_end.set()
    work.start("share", jobs.named("first"))
    await work.close(grace=1)
    await breathe()

    work.start("share", jobs.named("second"))
    await work.close(grace=1)

    assert jobs.ended == ["first", "second"]


async def test_only_so_many_jobs_run_at_once_and_so_many_wait(jobs: Jobs) -> None:
    work = Work(at_once=2, waiting=1)

    taken = [work.start(name, jobs.named(name)) for name in "abcd"]
    await breathe()

    assert taken == [True, True, True, False]
    assert jobs.begun == ["a", "b"]
    jobs.may_end.set()
    await work.close(grace=1)
    assert jobs.ended == ["a", "b", "c"]


async def test_the_same_name_is_no_matter_of_room(jobs: Jobs) -> None:
    work = Work(at_once=1, waiting=0)
    work.start("a", jobs.named("a"))

    assert work.start("a", jobs.named("a"))
    assert not work.start("b", jobs.named("b"))
    jobs.may_end.set()
    await work.close(grace=1)


async def test_a_job_that_ends_makes_room(jobs: Jobs) -> None:
    work = Work(at_once=1, waiting=0)
    jobs.may_end.set()
    work.start("a", jobs.named("a"))
    await work.close(grace=1)
    await breathe()

    assert work.start("b", jobs.named("b"))
    await work.close(grace=1)


async def test_in_a_flood_answers_wait_because_acks_come_first(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.work._FLOOD", 2)
    monkeypatch.setattr("bot.slack.work._FLOOD_SECONDS", 0.02)
    monkeypatch.setattr("bot.slack.work._IN_A_FLOOD_SECONDS", 0.01)
    work = Work()
    jobs.may_end.set()
    for name in "abcdef":
        work.start(name, jobs.named(name))

    await breathe()
    assert jobs.begun == ["a", "b", "c"]

    await work.close(grace=5)
    assert jobs.ended == list("abcdef"), "one after the other, and all of them when it is over"


async def test_what_people_do_is_no_flood(jobs: Jobs) -> None:
    work = Work()
    jobs.may_end.set()
    for number in range(100):
        work.start(str(number), jobs.named(str(number)))

    await breathe()

    assert len(jobs.begun) == 100


async def test_closing_without_any_work_is_done_at_once() -> None:
    work = Work()

    await asyncio.wait_for(work.close(grace=60), 1)

    assert work.count() == 0


async def test_closing_waits_for_what_is_under_way(jobs: Jobs) -> None:
    """Bolt keeps no reference to its tasks, and nothing awaits them at shutdown."""
    work = Work()
    work.start("a", jobs.named("a"))
    closing = asyncio.create_task(work.close(grace=60))
    await breathe()
    assert not closing.done()

    jobs.may_end.set()
    await closing

    assert jobs.ended == ["a"]


async def test_after_the_grace_time_the_rest_is_cancelled_and_who_has_not_begun_is_named(jobs: Jobs) -> None:
    """Who has begun says itself what becomes of it; each line has the id of the request that it is about."""
    work = Work(at_once=1)
    work.start("slow one", jobs.named("a"))
    with bound_contextvars(request_id="0b"):
        work.start("next one", jobs.named("b"))
    await breathe()

    with capture_logs(processors=[merge_contextvars]) as logs:
        await work.close(grace=0.01)

    assert (jobs.cancelled, jobs.ended) == (["a"], [])
    (line,) = logs
    assert (line["event"], line["job"], line["request_id"]) == ("work_cancelled", "next one", "0b")
    assert work.count() == 0


async def test_a_job_that_lets_an_exception_out_takes_nothing_else_with_it(jobs: Jobs) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug")

    work = Work()
    work.start("broken", broken)
    work.start("a", jobs.named("a"))
    jobs.may_end.set()

    await work.close(grace=1)

    assert jobs.ended == ["a"]


# What was taken on


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_a_key_is_first_once(clock: FakeClock) -> None:
    once = Once(clock=clock)

    assert [once.is_first("a"), once.is_first("a"), once.is_first("b")] == [True, False, True]


def test_what_has_no_key_is_always_first(clock: FakeClock) -> None:
    once = Once(clock=clock)

    assert [once.is_first(""), once.is_first("")] == [True, True]


def test_a_key_outlives_slacks_last_retry(clock: FakeClock) -> None:
    """Slack sends an event again for up to five minutes, counted from the try before."""
    once = Once(clock=clock)
    once.is_first("a")

    clock.seconds += 15 * 60

    assert not once.is_first("a")


def test_a_key_is_forgotten_after_a_quarter_of_an_hour(clock: FakeClock) -> None:
    once = Once(clock=clock)
    once.is_first("a")

    clock.seconds += 15 * 60 + 1

    assert once.is_first("a")


def test_what_could_not_be_taken_on_is_forgotten(clock: FakeClock) -> None:
    once = Once(clock=clock)
    once.is_first("a")

    once.forget("a")
    once.forget("never seen")

    assert once.is_first("a")


def test_memory_is_bounded_and_the_oldest_goes_first(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.work._REMEMBERED", 3)
    once = Once(clock=clock)

    for key in "abcd":
        once.is_first(key)

    assert len(once._seen) == 3
    assert not once.is_first("d")
    assert once.is_first("a")


def test_a_full_memory_still_knows_its_oldest_key(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.work._REMEMBERED", 3)
    once = Once(clock=clock)
    for key in "abc":
        once.is_first(key)

    assert not once.is_first("a")


def test_the_clock_is_the_real_one_unless_another_is_given() -> None:
    once = Once()

    assert once.is_first("a")
    assert not once.is_first("a")


# A flood


async def test_a_million_requests_at_once_leave_no_more_work_than_there_is_room_for(jobs: Jobs) -> None:
    work = Work()

    taken = sum(work.start(f"job {n}", jobs.named(f"job {n}")) for n in range(1_000_000))

    assert work.count() == taken == 64 + 2_000
    await work.close(grace=0)


def test_a_million_different_requests_leave_no_more_memories_than_there_is_room_for(clock: FakeClock) -> None:
    once = Once(clock=clock)

    assert sum(once.is_first(f"Ev{n}") for n in range(1_000_000)) == 1_000_000
    assert len(once._seen) == 10_000


async def test_a_job_that_another_one_makes_room_for_still_belongs_to_its_own_request() -> None:
    work, seen = Work(at_once=1), list[str]()
    request: ContextVar[str] = ContextVar("request")

    async def job() -> None:
        seen.append(request.get())

    for name in ("first", "second"):
        request.set(name)
        work.start(name, job)
    request.set("neither")
    await work.close(grace=5)
    assert seen == ["first", "second"]


# Those turned away


def test_of_those_turned_away_a_line_a_second_says_how_many() -> None:
    turned_away = TurnedAway(clock=iter([0.0, 0.1, 0.9, 1.0, 1.1]).__next__)

    with capture_logs() as logs:
        for _ in range(5):
            turned_away.note("command")

    assert [(line["event"], line["kind"], line["outcome"], line["requests"]) for line in logs] == [
        ("not_taken", "command", "busy", 1),
        ("not_taken", "command", "busy", 3),
    ]
