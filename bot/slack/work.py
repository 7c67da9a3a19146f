"""The work that goes on after an ack: kept, named, bounded, and awaited at the end."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from time import monotonic
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_AT_ONCE = 64
_WAITING = 2_000

# Acks come first: an answer costs some ten times what an ack costs, and an ack has three seconds. More than a hundred
# requests within a second are a flood: until it is over, answers are begun 100 ms apart, and then all that may.
_FLOOD = 100
_FLOOD_SECONDS = 1.0
_IN_A_FLOOD_SECONDS = 0.1

_TELL_SECONDS = 1.0

_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 15 * 60

Job = Callable[[], Coroutine[Any, Any, None]]


class Work:
    """Runs jobs in tasks of its own: Bolt keeps no reference to its tasks, and nothing awaits them at shutdown."""

    def __init__(self, *, at_once: int = _AT_ONCE, waiting: int = _WAITING) -> None:
        """Takes how many jobs run at once, and how many more may wait for their turn."""
        self._at_once = at_once
        self._most_waiting = waiting
        self._second_began = self._begun_at = float("-inf")
        self._in_this_second = self._in_the_last = 0
        self._running: dict[str, asyncio.Task[None]] = {}
        self._waiting: OrderedDict[str, tuple[Job, Context]] = OrderedDict()
        self._pause: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def count(self) -> int:
        """How many jobs run or wait."""
        return len(self._running) + len(self._waiting)

    def start(self, name: str, job: Job) -> bool:
        """Starts a job, unless one of the same name is still at it; returns False if there is no room.

        Args:
            name: what the job is; who presses the same button twice asks for the same job.
            job: called in a task; must let no exception out.
        """
        self._in_this_second += 1
        if name in self._running or name in self._waiting:
            return True
        if self.count() >= self._at_once + self._most_waiting:
            return False
        # Begun by whoever makes room for it, it still belongs to the request that asked for it.
        self._waiting[name] = job, copy_context()
        self._idle.clear()
        self._begin()
        return True

    def _is_flood(self, now: float) -> bool:
        if now - self._second_began >= _FLOOD_SECONDS:
            is_next = now - self._second_began < 2 * _FLOOD_SECONDS
            self._in_the_last = self._in_this_second if is_next else 0
            self._in_this_second = 0
            self._second_began = now
        return max(self._in_this_second, self._in_the_last) > _FLOOD

    def _begin(self) -> None:
        """Begins as many of those waiting as may begin now."""
        loop = asyncio.get_running_loop()
        while self._waiting and len(self._running) < self._at_once:
            now = loop.time()
            if self._is_flood(now) and now - self._begun_at < _IN_A_FLOOD_SECONDS:
                if self._pause is None:
                    self._pause = loop.call_later(_IN_A_FLOOD_SECONDS, self._go_on)
                return
            name, (job, context) = self._waiting.popitem(last=False)
            self._begun_at = now
            self._running[name] = task = asyncio.create_task(job(), name=name, context=context)
            task.add_done_callback(self._end)

    def _go_on(self) -> None:
        self._pause = None
        self._begin()

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task.get_name()]
        if not task.cancelled() and (error := task.exception()):
            log.error("bug", job=task.get_name(), exc_info=error)
        self._begin()
        if not self._running and not self._waiting:
            self._idle.set()

    async def close(self, *, grace: float) -> None:
        """Lets what is under way finish, at most ``grace`` seconds, and cancels the rest.

        A job that is cancelled may still say so to whoever waits for it; one that has not begun can not.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace)
        if self._pause is not None:
            self._pause.cancel()
        # One that has begun says itself what becomes of it.
        for name, (_job, context) in self._waiting.items():
            context.run(log.warning, "work_cancelled", job=name)
        self._waiting.clear()
        late = list(self._running.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class Once:
    """Remembers what was taken on, so that Slack's retries are answered once.

    Slack retries an event for five minutes (docs.slack.dev/apis/events-api); this remembers for fifteen.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        """Takes a clock that counts seconds."""
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()

    def is_first(self, key: str) -> bool:
        """Whether this key comes for the first time; one without a key always does."""
        now = self._clock()
        if now - self._seen.get(key, float("-inf")) <= _REMEMBERED_SECONDS:
            return False
        while self._seen and (
            len(self._seen) >= _REMEMBERED or now - next(iter(self._seen.values())) > _REMEMBERED_SECONDS
        ):
            self._seen.popitem(last=False)
        if key:
            self._seen[key] = now
            self._seen.move_to_end(key)
        return True

    def forget(self, key: str) -> None:
        """Makes a key new again, as it could not be taken on after all."""
        self._seen.pop(key, None)


class TurnedAway:
    """Says of requests that there was no room for them: how many, at most once a second.

    A line for each would cost more than its ack, and there are many only in a flood.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        """Takes a clock that counts seconds."""
        self._clock = clock
        self._count = 0
        self._told_at = float("-inf")

    def note(self, kind: str) -> None:
        """Hears of one more, of that kind."""
        self._count += 1
        now = self._clock()
        if now - self._told_at >= _TELL_SECONDS:
            log.warning("not_taken", kind=kind, outcome="busy", requests=self._count)
            self._count, self._told_at = 0, now
