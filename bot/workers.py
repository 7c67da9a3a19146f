"""The one loop: claims rows and works on them, several at a time, until it is stopped. Woken early, errors survived."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic, perf_counter
from typing import Generic

import structlog
from structlog.contextvars import bound_contextvars

from bot.core.errors import BotError, StoreUnavailable, TemporaryError
from bot.core.ports import Claim, Clock, Row
from bot.core.tracing import OpenSpan, untraced

log = structlog.get_logger(__name__)

# Other processes make rows due, too, and nobody tells us: so the database is asked this often even if nothing is due.
_LONGEST_SLEEP = timedelta(seconds=1)
# So long after a claim the next one waits, come what may: rows that become due one by one, or are finished one by one,
# are claimed together, for a claim costs about as much as ten rows; and nobody spins where a row can't be had.
PAUSE = timedelta(milliseconds=50)
_AFTER_AN_ERROR = timedelta(seconds=2)

# At SIGTERM, what is under way may finish this long; what can't is given back, for which the database has its own time.
_GRACE_SECONDS = 2.0
_RELEASE_SECONDS = 1.0

# Of a lease, this much may be used: whoever holds a row that long stops, before somebody else may begin.
_USABLE = 0.8

# Called after each row with the worker's name and an outcome: "done", or the name of an error.
Observer = Callable[[str, str], None]

# Called with the worker's name and a short reason when something failed.
FailureNoter = Callable[[str, str], None]


class Worker(Generic[Row]):
    """Claims rows and works on each in a task of its own.

    A row is worked on for less than its lease lasts, so that nobody else can have it at the same time. Whatever goes
    wrong with one row is written down and concerns no other.

    Attributes:
        name: what it is called.
        is_running: whether :meth:`run` has begun, and not ended.
        turned_at: when its last turn began, by the monotonic clock: at most half a minute ago, if it lives.
    """

    def __init__(
        self,
        *,
        name: str,
        claim: Callable[[int], Awaitable[Claim[Row]]],
        work: Callable[[Row], Awaitable[str | None]],
        release: Callable[[Row], Awaitable[None]],
        at_once: int,
        lease: timedelta,
        clock: Clock,
        observe: Observer = lambda _name, _outcome: None,
        note_failure: FailureNoter = lambda _name, _reason: None,
        pause: timedelta = PAUSE,
        ids: Callable[[Row], dict[str, str]] = lambda _row: {},
        traceparent: Callable[[Row], str] = lambda _row: "",
        span: OpenSpan = untraced,
        observe_wait: Callable[[str, float], None] = lambda _name, _seconds: None,
    ) -> None:
        """Takes its name, what to do, how many rows at once, a lease's length, who hears of it, and the shortest pause.

        Who does it says in a word what came of it, where that is worth a line. Who hears of it hears each outcome, or
        of failures alone with their reasons. The pause lies between two claims. In logs and traces a row is known by
        its ids, and belongs to the trace that it brings along, or begins one.

        ``observe_wait`` hears for how many seconds the rate alone has held rows back.
        """
        self.name = name
        self._claim = claim
        self._work = work
        self._release = release
        self._at_once = at_once
        self._usable = lease.total_seconds() * _USABLE
        self._clock = clock
        self._observe = observe
        self._note_failure = note_failure
        self._pause = pause
        self._ids = ids
        self._traceparent = traceparent
        self._span = span
        self._observe_wait = observe_wait
        self._held_at: float | None = None
        self._running: dict[asyncio.Task[None], Row] = {}
        self._woken = asyncio.Event()
        self._is_failing = self._is_store_away = False
        self.turned_at = monotonic()
        self.is_running = False

    def wake(self) -> None:
        """Something may be due: looks at once."""
        self._woken.set()

    async def run(self, stopped: asyncio.Event) -> None:
        """Works until stopped; then finishes or gives back what it holds, in three seconds at most."""
        stopping = asyncio.create_task(stopped.wait(), name=f"{self.name} stop")
        stopping.add_done_callback(lambda _: self.wake())
        self.turned_at, self.is_running = monotonic(), True
        try:
            while not stopped.is_set():
                self.turned_at = monotonic()
                self._woken.clear()
                least, most = await self._turn_until(stopping)
                await asyncio.wait({stopping}, timeout=least.total_seconds())
                if not stopped.is_set():
                    await self._sleep(most - least)
        finally:
            stopping.cancel()
            await self._finish()
            self.is_running = False

    async def _turn_until(self, stopping: asyncio.Task[bool]) -> tuple[timedelta, timedelta]:
        """One turn; a database that hangs doesn't keep us from stopping: what it claims then has a lease."""
        turn = asyncio.create_task(self._turn(), name=f"{self.name} turn")
        try:
            await asyncio.wait({turn, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({turn}, timeout=_GRACE_SECONDS)
            return turn.result() if turn.done() else (self._pause, self._pause)
        finally:
            turn.cancel()

    async def _turn(self) -> tuple[timedelta, timedelta]:
        """Claims as much as there is room for; says how long to wait whatever comes, and how long if nothing does."""
        room = self._at_once - len(self._running)
        if not room:
            return self._pause, _LONGEST_SLEEP  # a finished row wakes us
        # A lease begins with its claim, which may take a while.
        ends_at = asyncio.get_running_loop().time() + self._usable
        try:
            claim = await self._claim(room)
        except StoreUnavailable as error:
            # One line an outage: all workers ask again every two seconds.
            write = log.debug if self._is_store_away else log.warning
            write("store_unavailable", worker=self.name, reason=error.reason)
            self._is_store_away = True
            self._observe(self.name, "StoreUnavailable")
            self._note_failure(self.name, error.reason)
            return self._pause, _AFTER_AN_ERROR
        except Exception:
            log.exception("bug", worker=self.name)
            self._observe(self.name, "bug")
            self._note_failure(self.name, "bug")
            return self._pause, _AFTER_AN_ERROR
        self._is_store_away = False
        self._tell_wait(is_held=claim.is_held)
        for row in claim.rows:
            task = asyncio.create_task(self._do(row, ends_at=ends_at), name=self.name)
            self._running[task] = row
            task.add_done_callback(self._end)
        if claim.next_at is None:
            return self._pause, _LONGEST_SLEEP
        most = min(claim.next_at - self._clock(), _LONGEST_SLEEP)
        # What the rate holds back comes no sooner because there is more of it.
        return max(most, self._pause) if claim.is_held else self._pause, most

    def _tell_wait(self, *, is_held: bool) -> None:
        """From a claim that is held until the next one is a wait, however long rows are held altogether."""
        now = monotonic()
        if self._held_at is not None:
            self._observe_wait(self.name, now - self._held_at)
        self._held_at = now if is_held else None

    async def _sleep(self, duration: timedelta) -> None:
        try:
            async with asyncio.timeout(duration.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _do(self, row: Row, *, ends_at: float) -> None:
        ids, parent = self._ids(row), self._traceparent(row)
        with bound_contextvars(**ids), self._span(f"worker.{self.name}", parent=parent, **ids):
            await self._try(row, ends_at=ends_at)

    async def _try(self, row: Row, *, ends_at: float) -> None:
        outcome = "done"
        began = perf_counter()
        limit = asyncio.timeout_at(ends_at)
        try:
            async with limit:
                news = await self._work(row)
            if news:
                log.info("done", worker=self.name, outcome=news, milliseconds=_since(began))
        except BotError as error:
            outcome = type(error).__name__
            self._note_failure(self.name, error.reason)
            # During an outage one line is enough; what a person must mend is always worth one.
            write = log.debug if self._is_failing and isinstance(error, TemporaryError) else log.warning
            write(
                "put_off",
                worker=self.name,
                outcome=outcome,
                reason=error.reason,
                milliseconds=_since(began),
            )
            self._is_failing = True
        except Exception:
            if limit.expired():
                # The lease runs out by itself, and what was begun is looked for before it is done again.
                outcome = "late"
                self._note_failure(self.name, "lease used up")
                log.warning("lease_used_up", worker=self.name, outcome=outcome, milliseconds=_since(began))
            else:
                outcome = "bug"
                self._note_failure(self.name, "bug")
                log.exception("bug", worker=self.name, outcome=outcome, milliseconds=_since(began))
        else:
            self._is_failing = False
        self._observe(self.name, outcome)

    def _end(self, task: asyncio.Task[None]) -> None:
        was_full = len(self._running) == self._at_once
        del self._running[task]
        # There is room again; or all that was taken has been given back, and may be due before we'd look again.
        if was_full or not self._running:
            self.wake()

    async def _finish(self) -> None:
        held = dict(self._running)
        if not held:
            return
        _, late = await asyncio.wait(held, timeout=_GRACE_SECONDS)
        if not late:
            return
        for task in late:
            task.cancel()
        releasing = [asyncio.create_task(self._release_after(task, held[task]), name=self.name) for task in late]
        # What a database that hangs makes impossible is left behind: the leases run out.
        _, left = await asyncio.wait(releasing, timeout=_RELEASE_SECONDS)
        for task in left:
            task.cancel()
        if left:
            log.warning("not_released", worker=self.name, rows=len(left))

    async def _release_after(self, task: asyncio.Task[None], row: Row) -> None:
        await asyncio.wait({task})
        try:
            await self._release(row)
        except BotError as error:
            log.warning("not_released", worker=self.name, reason=error.reason)


def _since(began: float) -> int:
    return round((perf_counter() - began) * 1000)
