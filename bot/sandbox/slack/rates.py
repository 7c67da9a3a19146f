"""Slack's rate limits (docs.slack.dev/apis/web-api/rate-limits), counted by the sandbox's clock."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.refusal import Refusal

MINUTE = 60.0
_TIER_3, _TIER_4 = 50, 100
_PER_MINUTE = {
    "chat.update": _TIER_3,
    "chat.delete": _TIER_3,
    "conversations.info": _TIER_3,
    "chat.postEphemeral": _TIER_4,
    "views.open": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
    "users.info": _TIER_4,
}


@dataclass
class Rates:
    """Counts calls per method, for ``chat.postMessage`` per channel too; refuses what is too many."""

    clock: SandboxClock
    enabled: bool = True
    _calls: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, method: str, arguments: Json) -> None:
        """Counts one call.

        Raises:
            Refusal: "ratelimited", with the seconds until the next call is welcome; the refused call is not counted.
        """
        if not self.enabled:
            return
        if method == "chat.postMessage":
            self._count((method, str(arguments.get("channel"))), limit=1, window=1.0)
        elif method in _PER_MINUTE:
            self._count((method, ""), limit=_PER_MINUTE[method], window=MINUTE)

    def _count(self, key: tuple[str, str], *, limit: int, window: float) -> None:
        now = self.clock.now().timestamp()
        calls = self._calls[key]
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) >= limit:
            raise Refusal("ratelimited", retry_after=max(1, math.ceil(calls[0] + window - now)))
        calls.append(now)
