"""Boards: when many calls come at once, one message stands for their cards. When it opens, is redrawn and closes.

Pure: times and counts in, decisions out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.calls import Call

# How many of the latest failures stand on a board.
LATEST_FAILURES = 5

# Over how long calls are counted, and how long a board stands open at least.
BURST_WINDOW = timedelta(minutes=1)

_SHORTEST_WAIT = timedelta(seconds=5)
_LONGEST_WAIT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstRules:
    """When cards become too many.

    Attributes:
        cards_per_minute: so many cards a minute a channel takes; from the next one on there is a board.
    """

    cards_per_minute: int = 10

    @property
    def window(self) -> timedelta:
        """Over how long they are counted."""
        return BURST_WINDOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board as it is remembered.

    Attributes:
        id: an opaque id that nobody can guess.
        team_id: the workspace.
        channel_id: the conversation.
        opened_at: when it came to be, UTC.
        closed_at: since when nothing more goes onto it, UTC; None while it is open.
        ts: Slack's name of the message; empty while it is not posted.
    """

    id: str
    team_id: str
    channel_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardJob:
    """A board that is ours for a while, to be drawn.

    Attributes:
        board: the board.
        key: what finds it among Slack's messages: opaque.
        mention: ids of people and groups to name when it is posted, comma-separated; or empty.
        wanted: which drawing is wanted: grows with each wish.
        lease: the token of our lease.
        failures: how many times in a row it went wrong.
        begun_at: when it was last about to be posted, with unknown outcome, UTC; None if it surely is not there.
    """

    board: Board
    key: str
    mention: str = ""
    wanted: int
    lease: str
    failures: int = 0
    begun_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What stands on a board.

    Attributes:
        by_status: how many calls have which status.
        by_agent: how many calls are which agent's; see :func:`bot.core.agents.agent_key`.
        last_minute: how many calls of agents came to its channel within the last minute.
        failures: the latest calls that ended unspoken, newest first, as they are remembered.
        unfinished: how many are not over, and followed.
    """

    by_status: Mapping[str, int] = field(default_factory=dict)
    by_agent: Mapping[str, int] = field(default_factory=dict)
    last_minute: int = 0
    failures: tuple[Call, ...] = ()
    unfinished: int = 0

    @property
    def count(self) -> int:
        """How many calls there are on it."""
        return sum(self.by_status.values())


def is_over(board: Board, tally: Tally, *, now: datetime, rules: BurstRules) -> bool:
    """Whether a burst is over: from then on a channel takes cards again."""
    return now - board.opened_at >= rules.window and tally.last_minute < rules.cards_per_minute


def redraw_wait(age: timedelta) -> timedelta:
    """How long to wait between two drawings of a board of that age.

    At most every five seconds while it is young, and growing to fifteen: so ten minutes are some fifty edits.
    """
    return min(max(age / 10, _SHORTEST_WAIT), _LONGEST_WAIT)
