"""The engine: makes checks beside each other; whatever one of them does, it ends in a line, and in time."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

import structlog

from bot.core.errors import BotError
from bot.core.findings import Finding, State

log = structlog.get_logger(__name__)

_SECONDS = 5.0

Found = TypeVar("Found")

# Looks at something; may raise BotError.
Look = Callable[[], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing to look at.

    Attributes:
        name: what it is.
        look: looks at it; whatever it raises becomes a finding of that name.
        advice: what to do where it raises a BotError, or never comes back.
    """

    name: str
    look: Look
    advice: str


async def run_checks(checks: Iterable[Check], *, seconds: float = _SECONDS) -> list[Finding]:
    """Makes all checks at the same time, each for so many seconds at most; raises nothing."""
    found = await asyncio.gather(*(_run(check, seconds) for check in checks))
    return [finding for findings in found for finding in findings]


async def _run(check: Check, seconds: float) -> Sequence[Finding]:
    advice = check.advice
    looking = asyncio.create_task(_look(check), name=f"check {check.name}")
    looking.add_done_callback(_hear)
    try:
        # Not asyncio.timeout, which waits for what it cancels: a driver may take its time to let go of a dead server.
        done, _ = await asyncio.wait({looking}, timeout=seconds)
        if done:
            return looking.result()
        reason = f"no answer within {seconds:g} seconds"
    except BotError as error:
        reason = error.reason
    except Exception:
        reference = secrets.token_hex(4)
        log.exception("bug", check=check.name, reference=reference)
        reason, advice = "something went wrong in this check", f"The log has more under {reference}."
    finally:
        looking.cancel()
    return [Finding(name=check.name, state=State.BROKEN, detail=reason, advice=advice)]


async def _look(check: Check) -> Sequence[Finding]:
    return await check.look()


def _hear(looking: asyncio.Task[Sequence[Finding]]) -> None:
    """Takes note of how it ended, so that an error after the time is over is no warning of asyncio's."""
    if not looking.cancelled():
        looking.exception()


async def timed(asking: Awaitable[Found]) -> tuple[Found, str]:
    """The answer, and how long it took in words."""
    began = monotonic()
    return await asking, f"{(monotonic() - began) * 1000:.0f} ms"
