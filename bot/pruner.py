"""The pruner: what is over goes when its time is up, a batch after the other, without anybody's having to wait."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

from bot.core.errors import StoreUnavailable

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 3600.0
_BETWEEN_BATCHES_SECONDS = 0.2
_AFTER_AN_ERROR_SECONDS = 60.0


class Pruner:
    """Prunes at the start and then every hour. Every process may: what one has pruned, another doesn't find.

    Attributes:
        due_at: when its next batch is due, by the monotonic clock; infinite before it runs.
    """

    def __init__(
        self, *, prune: Callable[[], Awaitable[int]], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Takes what prunes one batch and says how many rows that were, and how to wait so many seconds."""
        self._prune = prune
        self._sleep = sleep
        self._pruned = 0
        self.due_at = float("inf")

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            self.due_at = monotonic()
            rest = await self._turn()
            self.due_at = monotonic() + rest
            await self._sleep(rest)

    async def _turn(self) -> float:
        """One batch; says how many seconds there will be nothing to do."""
        try:
            count = await self._prune()
        except StoreUnavailable as error:
            log.warning("store_unavailable", worker="pruner", reason=error.reason)
            return _AFTER_AN_ERROR_SECONDS
        except Exception:
            log.exception("bug", worker="pruner")
            return _EVERY_SECONDS
        self._pruned += count
        if count:
            return _BETWEEN_BATCHES_SECONDS
        if self._pruned:
            log.info("pruned", rows=self._pruned)
            self._pruned = 0
        return _EVERY_SECONDS
