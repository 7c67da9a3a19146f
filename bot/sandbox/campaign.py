"""A campaign: an agent phones many people in a short time, and each of the calls goes its own way."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from bot.sandbox.company import Event, EventRefusedError, Variables

if TYPE_CHECKING:
    from bot.sandbox.samora import SamoraSandbox

CALLS: Final = 200
SECONDS: Final = 60.0
MOST_CALLS: Final = 1_000
MOST_SECONDS: Final = 3_600.0
MOST_CALLS_IN_ALL: Final = 5_000

# In one that takes a minute, it rings and is talked for so many seconds; both shrink with a shorter one.
_RINGING: Final = (1.0, 4.0)
_TALKING: Final = (3.0, 9.0)
# Of a hundred calls.
_UNANSWERED: Final = 25
_REJECTED: Final = 15

_MEDIA: Final[tuple[Event, ...]] = ("recording_ready", "transcript_ready")
_FIRST: Final = ("Asa", "Bela", "Chidi", "Dana", "Emre", "Farah", "Gita", "Hugo", "Ines", "Joon", "Kofi", "Lena")
_LAST: Final = (
    "Adeyemi",
    "Bose",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Gupta",
    "Haddad",
    "Ito",
    "Joshi",
    "Khan",
)


class CampaignRefusedError(Exception):
    """There can't be such a campaign now; the text is a sentence for a person."""


@dataclass(frozen=True, order=True)
class Moment:
    """What happens to a campaign's call: after so many seconds, to the call of that number; no events: it begins."""

    at: float
    number: int
    events: tuple[Event, ...] = ()


def plan_campaign(*, calls: int, seconds: float, seed: int = 0) -> tuple[Moment, ...]:
    """All that is to happen in a campaign, in order: the same seed leads to the same.

    Of a hundred calls 60 are finished, with recording and transcript, 25 unanswered, and 15 rejected.

    Args:
        calls: how many.
        seconds: over how long they begin; the last ones end some time later.
        seed: of what is left to chance.
    """
    dice, pace = Random(seed), min(1.0, seconds / SECONDS)
    unanswered, rejected = round(calls * _UNANSWERED / 100), round(calls * _REJECTED / 100)
    shares: list[tuple[Event, int]] = [
        ("no_answer", unanswered),
        ("reject", rejected),
        ("hang_up", calls - unanswered - rejected),
    ]
    ends = [end for end, share in shares for _ in range(share)]
    dice.shuffle(ends)
    lives = (_live(dice, number, end, seconds * number / calls, pace) for number, end in enumerate(ends))
    return tuple(sorted(moment for life in lives for moment in life))


def _live(dice: Random, number: int, end: Event, begins: float, pace: float) -> Iterator[Moment]:
    picked_up = begins + pace * dice.uniform(*_RINGING)
    yield Moment(begins, number)
    if end != "hang_up":
        yield Moment(picked_up, number, (end,))
        return
    yield Moment(picked_up, number, ("answer",))
    yield Moment(picked_up + pace * dice.uniform(*_TALKING), number, (end, *_MEDIA))


class Campaign:
    """A campaign that runs as a task of its own, by the real clock.

    Attributes:
        agent_id: whose it is.
        total: how many calls it has in all.
        call_ids: its calls that have begun, oldest first.
    """

    def __init__(self, samora: "SamoraSandbox", *, agent_id: str, calls: int, seconds: float, seed: int) -> None:
        """Begins at once; the arguments are those of :func:`plan_campaign`."""
        self.agent_id = agent_id
        self.total = calls
        self.call_ids: list[str] = []
        self._samora = samora
        self._is_stopped = False
        moments = plan_campaign(calls=calls, seconds=seconds, seed=seed)
        self._task = asyncio.create_task(self._run(moments), name="campaign")

    @property
    def is_running(self) -> bool:
        """Whether there are calls to come or under way."""
        return not self._task.done()

    @property
    def state(self) -> str:
        """One of "running", "ending" (no call begins any more, some are under way) and "over"."""
        if not self.is_running:
            return "over"
        is_ending = self._is_stopped or len(self.call_ids) == self.total
        return "ending" if is_ending else "running"

    def tell_end(self, on_end: Callable[[], None]) -> None:
        """Calls back when it is over."""
        self._task.add_done_callback(lambda _: on_end())

    def stop(self) -> None:
        """No call begins any more; those under way go on to their end."""
        self._is_stopped = True

    async def cancel(self) -> None:
        """Leaves everything as it is."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self, moments: tuple[Moment, ...]) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for moment in moments:
            if self._is_stopped and moment.number >= len(self.call_ids):
                continue
            await asyncio.sleep(begun + moment.at - loop.time())
            if moment.events:
                self._move(moment)
            elif not self._is_stopped:
                self._begin(moment.number)

    def _begin(self, number: int) -> None:
        call = self._samora.add_call(variables=_person(number), status="TRIGGERED", agent_id=self.agent_id)
        self.call_ids.append(call.call_id)

    def _move(self, moment: Moment) -> None:
        # Whoever moves a call by hand has taken it over.
        with contextlib.suppress(EventRefusedError):
            for event in moment.events:
                self._samora.move(self.call_ids[moment.number], event)


def _person(number: int) -> Variables:
    name = f"{_FIRST[number % len(_FIRST)]} {_LAST[number % len(_LAST)]}"
    return {"name": name, "phone": f"+1 202 555 01{number % 100:02}", "number": number + 1}


class Campaigns:
    """One campaign at a time.

    Attributes:
        all: those there were, the last one at the end.
    """

    def __init__(self, samora: "SamoraSandbox", *, on_change: Callable[[], None]) -> None:
        """Takes whose calls they are, and who hears that one is stopped or over."""
        self.all: list[Campaign] = []
        self._samora = samora
        self._on_change = on_change

    @property
    def last(self) -> Campaign | None:
        """The one that runs, or ran last."""
        return self.all[-1] if self.all else None

    def start(self, agent_id: str, *, calls: int = CALLS, seconds: float = SECONDS, seed: int = 0) -> Campaign:
        """Starts one.

        Raises:
            CampaignRefusedError: one runs already, or this one would be too large.
        """
        if self.last and self.last.is_running:
            message = "A campaign is under way already: stop it, and its last calls come to their end."
            raise CampaignRefusedError(message)
        if not 1 <= calls <= MOST_CALLS or not 0 < seconds <= MOST_SECONDS:
            message = f"A campaign has 1 to {MOST_CALLS} calls, and begins them within {MOST_SECONDS:.0f} seconds."
            raise CampaignRefusedError(message)
        if len(self._samora.calls) + calls > MOST_CALLS_IN_ALL:
            message = f"The sandbox holds {MOST_CALLS_IN_ALL} calls at most. Open it anew to go on."
            raise CampaignRefusedError(message)
        campaign = Campaign(self._samora, agent_id=agent_id, calls=calls, seconds=seconds, seed=seed)
        campaign.tell_end(self._on_change)
        self.all.append(campaign)
        return campaign

    def stop(self) -> None:
        """Lets no further call begin, if one runs."""
        if self.last:
            self.last.stop()
            self._on_change()

    async def cancel(self) -> None:
        """Leaves everything as it is."""
        if self.last:
            await self.last.cancel()
