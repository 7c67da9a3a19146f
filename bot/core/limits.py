"""How often one person may ask Samora something, and how often all in a channel may. Counted in memory, per process."""

from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil

from bot.core.errors import TooManyLookups

_MINUTE = 60.0

# Of so many people, and of so many channels, is known when they asked. Beyond that the oldest are forgotten.
_MOST_KEYS = 10_000


class LookupLimits:
    """Look-ups within the last sixty seconds: at most so many for each person, and so many for each channel."""

    def __init__(self, *, per_user: int, per_channel: int, clock: Callable[[], float]) -> None:
        """Takes how many look-ups a minute are welcome, and a clock that counts seconds and never goes back."""
        self._users = _Window(most=per_user)
        self._channels = _Window(most=per_channel)
        self._clock = clock

    def count(self, *, user_id: str, channel_id: str) -> None:
        """Counts a look-up; one that is refused counts for nobody.

        Args:
            user_id: who asks.
            channel_id: where; empty where that is no conversation.

        Raises:
            TooManyLookups: it is one too many.
        """
        now = self._clock()
        if wait := self._users.find_wait(user_id, now):
            raise _too_many(f"You've asked {_times(self._users.most)} within a minute.", wait)
        if channel_id and (wait := self._channels.find_wait(channel_id, now)):
            raise _too_many(f"This channel has asked {_times(self._channels.most)} within a minute.", wait)
        self._users.add(user_id, now)
        if channel_id:
            self._channels.add(channel_id, now)

    def count_keys(self) -> int:
        """Of how many people and channels it is known when they asked."""
        return self._users.count_keys() + self._channels.count_keys()


class _Window:
    """When something came under each key within the last minute."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def find_wait(self, key: str, now: float) -> float:
        """In how many seconds one more may come; 0 if it may now."""
        times = self._times.get(key, deque())
        while times and times[0] <= now - _MINUTE:
            times.popleft()
        return times[0] + _MINUTE - now if len(times) >= self.most else 0.0

    def add(self, key: str, now: float) -> None:
        self._times.setdefault(key, deque()).append(now)
        self._times.move_to_end(key)
        while len(self._times) > _MOST_KEYS or self._is_over(next(iter(self._times.values())), now):
            self._times.popitem(last=False)

    def count_keys(self) -> int:
        return len(self._times)

    @staticmethod
    def _is_over(times: deque[float], now: float) -> bool:
        """Whether the newest of a key is more than a minute ago."""
        return not times or times[-1] <= now - _MINUTE


def _times(most: int) -> str:
    return "once" if most == 1 else f"{most} times"


def _too_many(reason: str, wait: float) -> TooManyLookups:
    seconds = ceil(wait)
    return TooManyLookups(f"{reason} Please try again in {seconds} second{'' if seconds == 1 else 's'}.")
