"""The work that goes on after an ack: kept, named, bounded, and awaited at the end."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

log = structlog.get_logger()

_AT_ONCE = 64
_WAITING = 512

# In a flood, acks come first: each of the jobs at work then takes a breath before it begins, so that 64 of them begin
# 128 jobs a second and leave nine tenths of the processor to the acks.
_FLOOD = 192
_BREATH_SECONDS = 0.5
_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 15 * 60


class Work:
    """Runs jobs in tasks of its own: Bolt keeps no reference to its tasks, and nothing awaits them at shutdown."""

    def __init__(self, *, at_once: int = _AT_ONCE, waiting: int = _WAITING, flood: int = _FLOOD) -> None:
        """Takes how many jobs run at once, how many more may wait for their turn, and how many make a flood."""
        self._turns = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._flood = flood
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        """How many jobs run or wait."""
        return len(self._tasks)

    def start(self, name: str, job: Callable[[], Awaitable[None]]) -> bool:
        """Starts a job, unless one of the same name is still at it; returns False if there is no room.

        Args:
            name: what the job is; who presses the same button twice asks for the same job.
            job: called in a task; must let no exception out.
        """
        if name in self._tasks:
            return True
        if len(self._tasks) >= self._most:
            return False
        task = asyncio.create_task(self._run(job), name=name)
        self._tasks[name] = task
        task.add_done_callback(lambda _task: self._tasks.pop(name, None))
        return True

    async def _run(self, job: Callable[[], Awaitable[None]]) -> None:
        async with self._turns:
            if len(self._tasks) > self._flood:
                await asyncio.sleep(_BREATH_SECONDS)
            await job()

    async def close(self, *, grace: float) -> None:
        """Waits for what is under way, at most ``grace`` seconds, and cancels the rest."""
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _done, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            log.warning("work_cancelled", job=task.get_name())
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
        while self._seen and (
            len(self._seen) >= _REMEMBERED or now - next(iter(self._seen.values())) > _REMEMBERED_SECONDS
        ):
            self._seen.popitem(last=False)
        if key and key in self._seen:
            return False
        if key:
            self._seen[key] = now
        return True

    def forget(self, key: str) -> None:
        """Makes a key new again, as it could not be taken on after all."""
        self._seen.pop(key, None)
