"""What was asked a moment ago, so that it need not be asked again."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from bot.core.errors import BotError

Answer = TypeVar("Answer")

KEPT_SECONDS = 600.0
_MOST = 5_000


@dataclass(eq=False)
class _Asking:
    """A question under way, and why it came to nothing, for those who wait for its answer."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    failure: BotError | None = None


class Kept(Generic[Answer]):
    """Answers by their keys, for a while; the oldest go when there are too many. Nothing is asked twice at once."""

    def __init__(
        self, *, clock: Callable[[], float] = monotonic, most: int = _MOST, seconds: float = KEPT_SECONDS
    ) -> None:
        """Takes a clock that counts seconds, how many answers are kept, and for how long."""
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._answers: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._asking: WeakValueDictionary[str, _Asking] = WeakValueDictionary()
        self._forgotten = 0

    async def get(self, key: str, ask: Callable[[str], Awaitable[Answer]]) -> Answer:
        """The answer that is kept under that key, or that ``ask`` gives; what that raises is raised, and not kept."""
        # In the dictionary for as long as somebody holds it.
        asking = self._asking.setdefault(key, _Asking())
        async with asking.lock:
            # Whoever waited while somebody else asked in vain need not ask in vain again.
            if asking.failure:
                raise asking.failure
            kept = self._answers.get(key)
            if kept and self._clock() - kept[0] < self._seconds:
                return kept[1]
            began, forgotten = self._clock(), self._forgotten
            try:
                answer = await ask(key)
            except BotError as error:
                asking.failure = error
                # Whoever comes later asks anew.
                self._asking.pop(key, None)
                raise
            # What was forgotten meanwhile has changed meanwhile, and the answer may be one from before.
            if forgotten == self._forgotten:
                self._answers[key] = began, answer
                self._answers.move_to_end(key)
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
            return answer

    def forget(self, key: str) -> None:
        """What is kept under that key isn't so any more."""
        self._forgotten += 1
        self._answers.pop(key, None)
