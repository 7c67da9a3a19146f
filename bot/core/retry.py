"""The retry decision: how long to wait after something failed. Pure; the waiting itself is a row's ``due_at``."""

from collections.abc import Callable
from datetime import timedelta

from bot.core.errors import BotError, TemporaryError

_JITTER = 0.1

# Who asks for more than this has mistaken something, and would have us wait for ever.
_LONGEST_ASKED_SECONDS = 86_400.0


def retry_wait(
    error: BotError, failures: int, *, shortest: timedelta, longest: timedelta, dice: Callable[[], float]
) -> timedelta:
    """Twice as long after each failure in a row, with jitter, so that not all come back at once.

    Args:
        error: the last failure; how long it asks to wait, where it does, is obeyed, up to a day.
        failures: how many there were in a row before.
        shortest: the wait after the first one.
        longest: what the wait grows to.
        dice: gives numbers from 0 to 1.
    """
    wait = min(shortest * (1 << min(failures, 20)), longest)
    asked = error.retry_after if isinstance(error, TemporaryError) else None
    return max(wait, timedelta(seconds=min(asked or 0.0, _LONGEST_ASKED_SECONDS))) * (1 + _JITTER * dice())
