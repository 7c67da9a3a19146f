"""Turns: SQLite has one writer at a time, so ours wait for each other here, and whoever is in a hurry goes first."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock that is handed on: to those in a hurry before the others, in order otherwise."""

    def __init__(self) -> None:
        self._is_taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def take(self, *, is_urgent: bool = False) -> AsyncIterator[None]:
        """A turn of one's own; whoever is in a hurry must not be so all the time, or the others starve."""
        await self._wait(self._urgent if is_urgent else self._others)
        try:
            yield
        finally:
            self._hand_on()

    async def _wait(self, line: deque[asyncio.Future[None]]) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        place = asyncio.get_running_loop().create_future()
        line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                # The turn came at the very moment: it is somebody else's now.
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        for line in (self._urgent, self._others):
            while line:
                place = line.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._is_taken = False
