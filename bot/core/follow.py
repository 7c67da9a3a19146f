"""Following: looking at the calls that somebody follows, neither too often nor too seldom."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.core.calls import Call, CallStatus
from bot.core.changes import MEDIA_PATIENCE, FollowedCall, Rules, observe
from bot.core.errors import BotError, CallNotFound
from bot.core.ports import CallsApi, Clock, FollowedCalls
from bot.core.recent import RecentCalls
from bot.core.retry import retry_wait

# A call that brings no news is looked at less and less, down to once in so many of the shortest intervals.
_SLOWEST = 12
_LONGEST_WAIT = timedelta(minutes=5)
_YOUNG = timedelta(minutes=5)


def next_wait(row: FollowedCall, *, now: datetime, rules: Rules) -> timedelta:
    """How long to wait for the next look: the shortest interval while a call is young or ongoing, growing with age."""
    age = now - row.status_since
    if row.state.is_final:
        wait = max(min(age / 4, _LONGEST_WAIT), rules.interval)
        if row.media_at and not row.is_media_told:
            wait = min(wait, max(rules.interval, row.media_at + rules.interval * MEDIA_PATIENCE - now))
        return wait
    young = rules.stuck_ongoing if row.state.status == CallStatus.ONGOING else _YOUNG
    return rules.interval * min(max(age / young, 1.0), _SLOWEST)


class Poller:
    """Looks at one claimed call: asks Samora, lets :func:`observe` decide, and has the result saved."""

    def __init__(
        self,
        *,
        calls: CallsApi,
        followed: FollowedCalls,
        recent: RecentCalls,
        clock: Clock,
        rules: Rules,
        on_change: Callable[[], None],
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Takes who is asked, who remembers, where the calls just read are kept, and who hears that there is news."""
        self._calls = calls
        self._followed = followed
        self._recent = recent
        self._clock = clock
        self._rules = rules
        self._on_change = on_change
        self._dice = dice

    async def look(self, known: FollowedCall) -> None:
        """One look; raises StoreUnavailable, or the error of Samora's that was put down in the row."""
        call: Call | None = None
        try:
            call = await self._calls.get_call(known.call_id)
        except CallNotFound:
            pass
        except BotError as error:
            await self._followed.put_off(known, due_at=self._clock() + self._failed_wait(known, error))
            raise
        seen = observe(known, call, now=self._clock(), rules=self._rules)
        due_at = None if seen.end else self._clock() + next_wait(seen.followed, now=self._clock(), rules=self._rules)
        is_saved = await self._followed.save(seen, due_at=due_at)
        if is_saved and call and seen.is_card_old:
            # Only now: had somebody else taken the call over, this reading might be older than theirs.
            self._recent.keep(call, number=seen.followed.number)
        if is_saved and (seen.kind or seen.is_card_old):
            self._on_change()

    def _failed_wait(self, known: FollowedCall, error: BotError) -> timedelta:
        """Never shorter than without the failure: an outage is no time to ask more."""
        shortest = self._rules.interval
        longest = max(_LONGEST_WAIT, shortest)
        wait = retry_wait(error, known.failures + 1, shortest=shortest, longest=longest, dice=self._dice)
        return max(wait, next_wait(known, now=self._clock(), rules=self._rules))
