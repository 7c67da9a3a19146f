"""What a check has found: one line each, in the terminal and in Slack."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How something stands."""

    FINE = "fine"
    REMARK = "remark"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. Holds no secrets and no personal data, but words of Slack's and Samora's.

    Attributes:
        name: what it is.
        state: whether it works, works but for something worth knowing, or doesn't.
        detail: what was found.
        advice: what to do, where it isn't fine.
    """

    name: str
    state: State
    detail: str
    advice: str = ""
