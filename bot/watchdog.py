"""The watchdog: measures how late the event loop is, and from a thread of its own says so while it hangs.

Whoever asks ``/healthz`` meanwhile gets no answer, and that is the answer: the loop that would give it is the one that
hangs. What a thread can add is where it hangs. Afterwards it is told for a while, so that a probe that comes every ten
seconds meets one that failed, whenever it comes, and so that a process that hangs again and again is started anew.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

_BEAT_SECONDS = 0.5
_BLOCKED_SECONDS = 5.0
# One probe, and not three: a process that hung once and goes on need not be started again.
_TOLD_SECONDS = 10.0
_DEEPEST = 12


class Watchdog:
    """Looks after the event loop in which :meth:`run` runs."""

    def __init__(
        self,
        *,
        observe_lag: Callable[[float], None],
        beat_every: float = _BEAT_SECONDS,
        blocked_after: float = _BLOCKED_SECONDS,
        told_for: float = _TOLD_SECONDS,
    ) -> None:
        """Takes who hears how late the loop was, and three times in seconds.

        Between two beats, until the loop counts as blocked, and for how long that is told afterwards.
        """
        self._observe_lag = observe_lag
        self._beat_every = beat_every
        self._blocked_after = blocked_after
        self._told_for = told_for
        self._beat_at: float | None = None
        self._block, self._told_until = 0.0, 0.0

    def find_block(self) -> float:
        """For how many seconds the loop hung just now; 0 if it didn't, or that is a while ago."""
        # After a block, whoever asks may be served before the next beat.
        return self._find_block_now() or (self._block if monotonic() < self._told_until else 0.0)

    async def run(self) -> None:
        """Beats until cancelled."""
        over = threading.Event()
        watched = threading.get_ident()
        self._beat_at = monotonic()
        threading.Thread(target=self._watch, args=(watched, over), name="watchdog", daemon=True).start()
        try:
            while True:
                due_at = monotonic() + self._beat_every
                await asyncio.sleep(self._beat_every)
                self._beat()
                self._observe_lag(max(0.0, monotonic() - due_at))
        finally:
            over.set()
            self._beat_at = None

    def _beat(self) -> None:
        if block := self._find_block_now():
            self._block, self._told_until = block, monotonic() + self._told_for
        self._beat_at = monotonic()

    def _find_block_now(self) -> float:
        beat_at = self._beat_at
        since = 0.0 if beat_at is None else monotonic() - beat_at
        return since if since > self._blocked_after else 0.0

    def _watch(self, watched: int, over: threading.Event) -> None:
        """In its own thread: one line for each time that the loop hangs."""
        told_of = None
        while not over.wait(self._beat_every):
            beat_at, block = self._beat_at, self._find_block_now()
            if block and beat_at != told_of:
                told_of = beat_at
                log.error("loop_blocked", seconds=round(block, 1), at=_where(watched))


def _where(thread: int) -> str:
    """The functions that a thread is in, the innermost first; names and lines alone, no values."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - the one way to look into another thread
    stack = traceback.extract_stack(frame)[::-1][:_DEEPEST] if frame else []
    return " < ".join(f"{each.name}:{each.lineno}" for each in stack)
