"""Trigger ids: the right to open one modal within three seconds of an interaction."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.refusal import Refusal

LIFETIME = timedelta(seconds=3)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """Who may be shown a modal until when."""

    user: str
    expires_at: datetime


class Triggers:
    """Gives trigger ids out and takes each back once."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._open: dict[str, Trigger] = {}
        self._used: set[str] = set()

    def issue(self, user: str) -> str:
        """A new trigger id for what this person just did."""
        numbers = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**10)}"
        trigger_id = f"{numbers}.{secrets.token_hex(16)}"
        self._open[trigger_id] = Trigger(user=user, expires_at=self._clock.now() + LIFETIME)
        return trigger_id

    def exchange(self, trigger_id: str) -> str:
        """Takes a trigger id back and gives the user's id.

        Raises:
            Refusal: "exchanged_trigger_id", "expired_trigger_id" or "invalid_trigger_id".
        """
        if trigger_id in self._used:
            raise Refusal("exchanged_trigger_id")
        trigger = self._open.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if self._clock.now() > trigger.expires_at:
            raise Refusal("expired_trigger_id")
        del self._open[trigger_id]
        self._used.add(trigger_id)
        return trigger.user
