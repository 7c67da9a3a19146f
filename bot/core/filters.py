"""Filters: which of an agent's calls a subscription is about. Pure: values and a reading in, a verdict out.

A filter is asked again at each look until it is sure. What is not known yet, such as how long a call will have been,
is OPEN: neither yes nor no.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.core.calls import Call, CallStatus, is_final
from bot.core.foreign import fold

_FINAL = frozenset(status for status in CallStatus if is_final(status, None))


class Verdict(StrEnum):
    """What a filter says of a call: YES and NO stand, whatever comes; OPEN may still become either."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFilter:
    """Calls that come to have one of these statuses, or, negated, that end without having one of them.

    Attributes:
        statuses: which; never empty.
        is_negated: whether they are unwanted.
    """

    statuses: frozenset[CallStatus]
    is_negated: bool = False

    def yes_in(self) -> frozenset[CallStatus]:
        """The statuses of a call of which this can say YES."""
        if self.is_negated:
            return _FINAL - self.statuses
        return self.statuses | _FINAL if CallStatus.ONGOING in self.statuses else self.statuses

    def judge(self, call: Call, now: datetime) -> Verdict:  # noqa: ARG002 - as the others
        """A status that is reached is reached; one that is not may come until the call is over.

        Of a call that is over, a reading still tells whether it was ONGOING: then it has started.
        """
        if self.is_negated:
            # Unwanted is only what a call ends as: one that was PENDING is not unwanted for ever.
            return _yes(call.status not in self.statuses) if call.is_final else Verdict.OPEN
        was_ongoing = call.is_final and call.started_at is not None
        if call.status in self.statuses or (was_ongoing and CallStatus.ONGOING in self.statuses):
            return Verdict.YES
        return Verdict.NO if call.is_final else Verdict.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationFilter:
    """Calls in which was spoken for longer, or for less, than that.

    Attributes:
        than: the measure.
        is_longer: whether longer ones are wanted, or else shorter ones.
    """

    than: timedelta
    is_longer: bool

    def yes_in(self) -> frozenset[CallStatus]:
        """As a status filter's: of a call that goes on, only that it is longer is known."""
        return _FINAL | {CallStatus.ONGOING} if self.is_longer else _FINAL

    def judge(self, call: Call, now: datetime) -> Verdict:
        """A call that goes on is at least as long as it is by now; one in which nobody spoke has no duration."""
        if call.is_final:
            if call.duration is None:
                return Verdict.NO
            return _yes(call.duration > self.than if self.is_longer else call.duration < self.than)
        so_far = now - call.started_at if call.started_at else timedelta()
        if self.is_longer:
            return Verdict.YES if so_far > self.than else Verdict.OPEN
        return Verdict.NO if so_far >= self.than else Verdict.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableFilter:
    """Calls with a variable whose value a glob matches, in any case; or, negated, without one.

    Attributes:
        name: the variable's name, or its path: ``customer.city``.
        glob: ``*``, ``?`` and ``[…]`` as :mod:`fnmatch` has them.
        is_negated: whether they are unwanted.
    """

    name: str
    glob: str
    is_negated: bool = False

    def yes_in(self) -> frozenset[CallStatus]:
        """As a status filter's: variables are known from the beginning."""
        return frozenset(CallStatus)

    def judge(self, call: Call, now: datetime) -> Verdict:  # noqa: ARG002 - as the others
        """Variables are given to a call when it is triggered, and stay as they are."""
        found = any(fnmatchcase(fold(value), fold(self.glob)) for value in _values(call.variables, self.name))
        return _yes(found is not self.is_negated)


Filter = StatusFilter | DurationFilter | VariableFilter


def judge(filters: Iterable[Filter], call: Call, *, now: datetime) -> Verdict:
    """All of them together: NO as soon as one says so, YES once all do; no filter at all is YES."""
    verdicts = {each.judge(call, now) for each in filters}
    if Verdict.NO in verdicts:
        return Verdict.NO
    return Verdict.OPEN if Verdict.OPEN in verdicts else Verdict.YES


def yes_in(filters: Iterable[Filter]) -> frozenset[CallStatus]:
    """The statuses of a call to which all of these can say YES at once; where there is none, no call ever matches."""
    return frozenset(CallStatus).intersection(*(each.yes_in() for each in filters))


def _yes(is_so: bool) -> Verdict:
    return Verdict.YES if is_so else Verdict.NO


def _values(variables: Mapping[str, object], path: str) -> list[str]:
    """The values that a name or a path leads to, as texts; those of a list one by one."""
    found: list[str] = []
    for name, value in variables.items():
        if fold(name) == fold(path):
            inner = value if isinstance(value, list) else [value]
            found += [_text(each) for each in inner if not isinstance(each, Mapping | list)]
        elif isinstance(value, Mapping) and fold(path).startswith(fold(name) + "."):
            found += _values(value, fold(path)[len(fold(name)) + 1 :])
    return found


def _text(value: object) -> str:
    """As JSON says it: ``true``, not ``True``."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
