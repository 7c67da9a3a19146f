"""Waiting until something has changed, without polling."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

_QUICK = 0.001  # seconds; a look that takes longer, at thousands of messages, makes the next one wait
_LOOKING_SHARE = 0.2  # of the time, at most: the rest is the server's


class Changes:
    """Wakes those who wait whenever a message, view, request or connection came, changed or went."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """Set at the next change. Whoever takes it before looking misses nothing."""
        return self._next

    def announce(self) -> None:
        """Something changed: everybody who waits looks again."""
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def wait_for(
        self, predicate: Callable[[], Found | None], *, within: float, describe: Callable[[], str]
    ) -> Found:
        """Gives the first true answer of ``predicate``, asked now and after changes.

        A quick predicate sees every change. A slow one is asked as often as leaves the server four fifths of the time,
        and once more at the end.

        Args:
            predicate: looks; anything false (None, an empty list) means "not yet".
            within: real seconds until it is given up.
            describe: says what is there instead, for the error's text.

        Raises:
            TimeoutError: nothing true within the time.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    change, began = self._next, time.perf_counter()
                    if found := predicate():
                        return found
                    spent = time.perf_counter() - began
                    if spent > _QUICK:
                        await asyncio.sleep(spent / _LOOKING_SHARE)
                    await change.wait()
        except TimeoutError:
            if found := predicate():
                return found
            message = f"not within {within:g} seconds; there is: {describe()}"
            raise TimeoutError(message) from None
