"""Calls just read, kept in memory for a moment, so that a card can be drawn without asking Samora once more."""

from collections import OrderedDict
from datetime import datetime, timedelta

from bot.core.calls import Call, CallId

_KEPT = 500

# Somebody may press *Refresh*, and what they saw then must not become older again.
_FRESH = timedelta(seconds=10)


class RecentCalls:
    """The newest readings that changed something, each under the number of the change that it made."""

    def __init__(self, *, kept: int = _KEPT) -> None:
        """Takes how many readings are kept; the oldest ones go."""
        self._kept = kept
        self._calls: OrderedDict[CallId, tuple[int, Call]] = OrderedDict()

    def keep(self, call: Call, *, number: int) -> None:
        """Keeps a reading in the place of an older one."""
        self._calls[call.id] = number, call
        self._calls.move_to_end(call.id)
        while len(self._calls) > self._kept:
            self._calls.popitem(last=False)

    def find(self, call_id: CallId, *, number: int, now: datetime) -> Call | None:
        """The reading that made the change of that number, if it is still there and not ten seconds old."""
        kept_number, call = self._calls.get(call_id, (None, None))
        return call if call and kept_number == number and now - call.read_at < _FRESH else None
