"""Waiting until something has changed, without sleeping and without polling."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Changes:
    """Wakes those who wait whenever a message, view, request or connection came, changed or went."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def announce(self) -> None:
        """Something changed: everybody who waits looks again."""
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def wait_for(
        self, predicate: Callable[[], Found | None], *, within: float, describe: Callable[[], str]
    ) -> Found:
        """Gives the first true answer of ``predicate``, asked now and after every change.

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
                    change = self._next
                    if found := predicate():
                        return found
                    await change.wait()
        except TimeoutError:
            message = f"not within {within:g} seconds; there is: {describe()}"
            raise TimeoutError(message) from None
