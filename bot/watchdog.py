"""The watchdog: measures how late the event loop is, and from a thread of its own says so while it hangs.

Whoever asks ``/healthz`` meanwhile gets no answer, and that is the answer: the loop that would give it is the one that
hangs. What a thread can add is where it hangs.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic

import structlog

log = structlog.get_logger()

_BEAT_SECONDS = 0.5
_BLOCKED_SECONDS = 5.0
_DEEPEST = 12


class Watchdog:
    """Looks after the event loop in which :meth:`run` runs."""

    def __init__(
        self,
        *,
        observe_lag: Callable[[float], None],
        beat_every: float = _BEAT_SECONDS,
        blocked_after: float = _BLOCKED_SECONDS,
    ) -> None:
        """Takes who hears how late the loop was, and the seconds between two beats and until it counts as blocked."""
        self._observe_lag = observe_lag
        self._beat_every = beat_every
        self._blocked_after = blocked_after
        self._beat_at = monotonic()

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
                self._beat_at = monotonic()
                self._observe_lag(max(0.0, self._beat_at - due_at))
        finally:
            over.set()

    def _watch(self, watched: int, over: threading.Event) -> None:
        """In its own thread: one line for each time that the loop hangs."""
        told_of = None
        while not over.wait(self._beat_every):
            beat_at = self._beat_at
            if monotonic() - beat_at > self._blocked_after and beat_at != told_of:
                told_of = beat_at
                log.error("loop_blocked", seconds=round(monotonic() - beat_at, 1), at=_where(watched))


def _where(thread: int) -> str:
    """The functions that a thread is in, the innermost first; names and lines alone, no values."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - the one way to look into another thread
    stack = traceback.extract_stack(frame)[::-1][:_DEEPEST] if frame else []
    return " < ".join(f"{each.name}:{each.lineno}" for each in stack)
