"""The announcer: gathers what webhooks say for a moment, and has it put down together. Each waits for that.

A commit waits for the disk, so hundreds of webhooks a second share them.
"""

import asyncio
from collections.abc import Callable, Sequence

from bot.core.agent_ports import Announcements
from bot.core.calls import CallId
from bot.core.tracing import TRACEPARENT

_GATHERING_SECONDS = 0.01
_MOST_TOGETHER = 200
_MOST_WAITING = 2_000


class Overrun(Exception):
    """More webhooks wait than may: the sender is to come again."""


class Announcer:
    """Puts down which calls there is news of."""

    def __init__(self, *, announcements: Announcements, on_change: Callable[[], None]) -> None:
        """Takes who remembers, and who hears that there is work for the poller."""
        self._announcements = announcements
        self._on_change = on_change
        self._waiting: list[tuple[Sequence[CallId], asyncio.Future[bool], str]] = []
        self._writer: asyncio.Task[None] | None = None

    async def announce(self, call_ids: Sequence[CallId]) -> bool:
        """Returns once it is put down; False if nobody cares for any of these calls.

        Raises:
            Overrun: too many are waiting.
            StoreUnavailable: nothing is put down.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise Overrun
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((call_ids, done, TRACEPARENT.get()))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting(), name="announcer")
        return await done

    async def close(self) -> None:
        """Waits until everything that was taken is put down."""
        if self._writer:
            await asyncio.wait({self._writer})

    async def _write_waiting(self) -> None:
        """A task of its own: a sender that gives up waiting takes nothing back."""
        while self._waiting:
            await asyncio.sleep(_GATHERING_SECONDS)
            together, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
            wanted = list(dict.fromkeys(call_id for call_ids, _, _ in together for call_id in call_ids))
            traces = {call_id: trace for call_ids, _, trace in together if trace for call_id in call_ids}
            try:
                announced = await self._announcements.announce(wanted, traces)
            except Exception as error:  # noqa: BLE001 - everyone who waits hears of it
                for _, done, _ in together:
                    if not done.done():
                        done.set_exception(error)
                continue
            if announced.nudged + announced.added > 0:
                self._on_change()
            for call_ids, done, _ in together:
                if not done.done():
                    done.set_result(not announced.ignored.issuperset(call_ids))
