"""Slack's rate limits (docs.slack.dev/apis/web-api/rate-limits), counted by the sandbox's clock."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.refusal import Refusal

MINUTE = 60.0
POSTS_PER_MINUTE = 600  # Slack publishes "several hundred" for a workspace; this figure is ours
_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100
_PER_MINUTE = {
    "chat.update": _TIER_3,
    "chat.delete": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.info": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.replies": _TIER_3,
    "chat.postEphemeral": _TIER_4,
    "views.open": _TIER_4,
    "views.publish": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
    "users.info": _TIER_4,
    "usergroups.users.list": _TIER_2,
}


@dataclass
class Rates:
    """Counts calls per method, for ``chat.postMessage`` per channel too; refuses what is too many.

    Attributes:
        clock: whose time the minutes are of.
        enabled: whether anything is counted and refused; may change at any time.
        posts_per_minute: how many ``chat.postMessage`` the whole workspace takes.
        refusals: how many calls were refused, by method.
    """

    clock: SandboxClock
    enabled: bool = True
    posts_per_minute: int = POSTS_PER_MINUTE
    refusals: Counter[str] = field(default_factory=Counter)
    _calls: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, method: str, arguments: Json) -> None:
        """Counts one call.

        Raises:
            Refusal: "ratelimited", with the seconds until the next call is welcome; the refused call is not counted.
        """
        if not self.enabled:
            return
        limits = list(self._limits(method, arguments))
        waits = [self._wait(key, limit, window) for key, limit, window in limits]
        if any(waits):
            self.refusals[method] += 1
            raise Refusal("ratelimited", retry_after=max(1, math.ceil(max(waits))))
        now = self.clock.now().timestamp()
        for key, _, _ in limits:
            self._calls[key].append(now)

    def _limits(self, method: str, arguments: Json) -> Iterator[tuple[tuple[str, str], int, float]]:
        """What the call is counted under, how many are allowed there, and in how many seconds."""
        if method == "chat.postMessage":
            yield (method, str(arguments.get("channel"))), 1, 1.0
            yield (method, ""), self.posts_per_minute, MINUTE
        elif method in _PER_MINUTE:
            yield (method, ""), _PER_MINUTE[method], MINUTE

    def _wait(self, key: tuple[str, str], limit: int, window: float) -> float:
        """The seconds until one more call is welcome; 0 if it is now."""
        now = self.clock.now().timestamp()
        calls = self._calls[key]
        while calls and calls[0] <= now - window:
            calls.popleft()
        # The limit may have been lowered: then more than the oldest call must grow old.
        if len(calls) < limit:
            return 0.0
        return (calls[-limit] if limit else now) + window - now
