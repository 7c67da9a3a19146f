"""The work that goes on after an ack: kept, named, bounded, and awaited at the end."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

log = structlog.get_logger()

_AT_ONCE = 64
_WAITING = 2_000

# Samora publishes no limit, so the bot has one of its own. It also keeps the processor free for acks in a flood: an
# answer costs several times what an ack costs, and an ack has three seconds.
_PER_SECOND = 100.0
_BURST = 100

_REMEMBERED = 10_000
_REMEMBERED_SECONDS = 15 * 60


class Work:
    """Runs jobs in tasks of its own: Bolt keeps no reference to its tasks, and nothing awaits them at shutdown."""

    def __init__(self, *, at_once: int = _AT_ONCE, waiting: int = _WAITING, per_second: float = _PER_SECOND) -> None:
        """Takes how many jobs run at once, how many more may wait, and how many begin a second after a first burst."""
        self._turns = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._interval = 1 / per_second
        self._next_at = 0.0
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
            await self._pace()
            await job()

    async def _pace(self) -> None:
        """Waits until this job may begin: at once, unless many began just before."""
        now = asyncio.get_running_loop().time()
        self._next_at = max(self._next_at, now - _BURST * self._interval) + self._interval
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)

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
