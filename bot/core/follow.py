"""Following: looking at the calls that somebody follows, neither too often nor too seldom."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from bot.core.agents import Weighing, agent_key, weigh
from bot.core.calls import Call, CallStatus
from bot.core.changes import MEDIA_PATIENCE, FollowedCall, Observation, Rules, observe
from bot.core.errors import BotError, CallNotFound
from bot.core.ports import CallsApi, Clock, FollowedCalls
from bot.core.recent import RecentCalls
from bot.core.retry import retry_wait
from bot.core.wishes import Wishes

# A call that brings no news is looked at less and less, down to once in so many of the shortest intervals.
_SLOWEST = 12
_LONGEST_WAIT = timedelta(minutes=5)
_YOUNG = timedelta(minutes=5)

# So long a call that a webhook has named, and that Samora doesn't know, is asked for.
_UNKNOWN_PATIENCE = timedelta(minutes=10)


def next_wait(row: FollowedCall, *, now: datetime, rules: Rules) -> timedelta:
    """How long to wait for the next look: the shortest interval while a call is young or ongoing, growing with age."""
    age = now - row.status_since
    shortest = max(rules.interval, rules.webhook_interval) if row.is_covered else rules.interval
    if not row.state.status:
        # Samora doesn't know it, or not yet.
        return min(max(age, shortest), shortest * _SLOWEST)
    if row.state.is_final:
        wait = max(min(age / 4, _LONGEST_WAIT), shortest)
        if row.media_at and not row.is_media_told:
            wait = min(wait, max(shortest, row.media_at + rules.interval * MEDIA_PATIENCE - now))
        return wait
    young = rules.stuck_ongoing if row.state.status == CallStatus.ONGOING else _YOUNG
    return shortest * min(max(age / young, 1.0), _SLOWEST)


class Poller:
    """Looks at one claimed call: asks Samora, compares, weighs it for who follows its agent, and has that saved."""

    def __init__(
        self,
        *,
        calls: CallsApi,
        followed: FollowedCalls,
        wishes: Wishes,
        recent: RecentCalls,
        clock: Clock,
        rules: Rules,
        on_change: Callable[[], None],
        dice: Callable[[], float] = random.random,
        make_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        """Takes who is asked, who remembers, what is wished, where calls are kept, and who hears that there is news."""
        self._calls = calls
        self._followed = followed
        self._wishes = wishes
        self._recent = recent
        self._clock = clock
        self._rules = rules
        self._on_change = on_change
        self._dice = dice
        self._make_id = make_id

    async def look(self, known: FollowedCall) -> str | None:
        """One look; what it saw in a word, or None for nothing new.

        Raises StoreUnavailable, or the error of Samora's that was put down in the row.
        """
        call: Call | None = None
        try:
            call = await self._calls.get_call(known.call_id)
        except CallNotFound:
            pass
        except BotError as error:
            await self._put_off(known, error)
            raise
        seen = observe(known, call, now=self._clock(), rules=self._rules)
        weighing = await self._weigh(seen, call)
        seen = _weighed(known, seen, call, weighing)
        due_at = None if seen.end else seen.at + self._next_wait(known, seen)
        is_saved = await self._followed.save(seen, due_at=due_at, born=weighing.born)
        if is_saved and call and (seen.is_card_old or weighing.born):
            # Only now: had somebody else taken the call over, this reading might be older than theirs.
            self._recent.keep(call, number=seen.followed.number)
        if is_saved and (seen.kind or seen.is_card_old or weighing.born):
            self._on_change()
            return seen.kind.value if seen.kind else "card"
        return None

    def _next_wait(self, known: FollowedCall, seen: Observation) -> timedelta:
        """Soon, where a webhook has named the call and nothing is new: Samora's answers may lag behind its webhooks."""
        wait = next_wait(seen.followed, now=seen.at, rules=self._rules)
        is_early = known.is_nudged and known.state.status and not (seen.kind or seen.is_card_old)
        return min(wait, self._rules.interval) if is_early else wait

    async def _weigh(self, seen: Observation, call: Call | None) -> Weighing:
        """What the subscriptions of its agent come to; those of channels that have its card already have no say."""
        row = seen.followed
        if call is None:
            is_awaited = bool(row.state.status) or seen.at - row.status_since < _UNKNOWN_PATIENCE
            return Weighing(is_awaited=row.is_awaited and is_awaited)
        wishes = await self._wishes.find(row.team_id, call, is_first=not row.agent_id)
        free = [wish for wish in wishes if wish.channel_id not in row.taken]
        return weigh(free, call, now=seen.at, make_id=self._make_id)

    async def _put_off(self, known: FollowedCall, error: BotError) -> None:
        """Never for a shorter time than without the failure: an outage is no time to ask more."""
        now, shortest = self._clock(), self._rules.interval
        longest = max(_LONGEST_WAIT, shortest)
        wait = retry_wait(error, known.failures + 1, shortest=shortest, longest=longest, dice=self._dice)
        due_at = now + max(wait, next_wait(known, now=now, rules=self._rules))
        await self._followed.put_off(known, due_at=due_at, held_until=now + wait)


def _weighed(known: FollowedCall, seen: Observation, call: Call | None, weighing: Weighing) -> Observation:
    """The observation with what was weighed; a call that is let go is awaited by nobody."""
    is_awaited = weighing.is_awaited and not seen.end
    agent_id = agent_key(call.agent_id) if call else known.agent_id
    if (agent_id, is_awaited) == (known.agent_id, known.is_awaited):
        return seen
    row = replace(seen.followed, agent_id=agent_id, is_awaited=is_awaited)
    return replace(seen, followed=row, is_given_up=known.is_awaited and not is_awaited, is_same=False)
