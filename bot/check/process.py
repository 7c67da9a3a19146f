"""The running bot: whether Slack reaches it, and what went wrong lately."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.check.engine import Check
from bot.core.findings import Finding, State
from bot.core.ports import Clock
from bot.slack.blocks import seconds_words

_MOST_TOLD = 5
_SOCKET_ADVICE = (
    "The bot connects again by itself. If it doesn't within a minute, `samora-bot check` says whether Slack gives an "
    "address to connect to."
)
_FAILURES_ADVICE = (
    "What is over needs nothing: it was done later, or somebody was told. The log has more about each; a code with "
    "underscores is Slack's, and its documentation explains it."
)
_OWN_ADVICE = "The log has more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that went wrong, however often.

    Attributes:
        what: the kind of request, or the worker.
        reason: a code.
        at: when it did last.
        count: how often it did since the start.
    """

    what: str
    reason: str
    at: datetime
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How the process is.

    Attributes:
        since: when it started.
        is_connected: whether its Socket Mode connection is up; None in HTTP mode.
        connections: how many connections the app has at Slack; 0 if Slack hasn't said.
        request_at: when the last request of Slack's came that is done with; None before the first.
        event_at: likewise the last event.
        failures: what went wrong lately, the newest last.
    """

    since: datetime
    is_connected: bool | None = None
    connections: int = 0
    request_at: datetime | None = None
    event_at: datetime | None = None
    failures: tuple[Failure, ...] = field(default=())


def process_check(feel: Callable[[], Pulse], clock: Clock) -> Check:
    """Whether Slack reaches the process, and what went wrong in it lately."""

    async def look() -> list[Finding]:
        pulse, now = feel(), clock()
        return [*_socket(pulse), _requests(pulse, now), _failures(pulse, now)]

    return Check(name="Process", look=look, advice=_OWN_ADVICE)


def _socket(pulse: Pulse) -> list[Finding]:
    name = "Socket Mode"
    if pulse.is_connected is None:
        return []
    if not pulse.is_connected:
        return [Finding(name=name, state=State.BROKEN, detail="not connected", advice=_SOCKET_ADVICE)]
    of_all = f"; the app had {pulse.connections} in all when it was made" if pulse.connections else ""
    return [Finding(name=name, state=State.FINE, detail=f"this process has its connection{of_all}")]


def _requests(pulse: Pulse, now: datetime) -> Finding:
    times = [("request", pulse.request_at), ("event", pulse.event_at)]
    last = ", ".join(f"last {what} before this one: {_ago(at, now)}" for what, at in times)
    detail = f"{last} (running for {_words(pulse.since, now)})"
    return Finding(name="Slack's requests", state=State.FINE, detail=detail)


def _failures(pulse: Pulse, now: datetime) -> Finding:
    name = "Last failures"
    if not pulse.failures:
        return Finding(name=name, state=State.FINE, detail=f"none for {_words(pulse.since, now)}, since the start")
    newest = pulse.failures[: -_MOST_TOLD - 1 : -1]
    told = "; ".join(f"{each.what}: {each.reason}, {_times(each)}{_ago(each.at, now)}" for each in newest)
    return Finding(name=name, state=State.REMARK, detail=told, advice=_FAILURES_ADVICE)


def _times(failure: Failure) -> str:
    return f"{failure.count} times, last " if failure.count > 1 else ""


def _ago(at: datetime | None, now: datetime) -> str:
    return f"{_words(at, now)} ago" if at else "none"


def _words(at: datetime, now: datetime) -> str:
    return seconds_words(max(0, int((now - at).total_seconds())))
