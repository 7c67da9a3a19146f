"""A busy day, and how it is lived many times as quickly: what people do, what calls do, and how the neighbours fail.

A busy day is that of a company with some hundreds of people in Slack: within eight hours its three agents make 10,000
calls, which webhooks announce; people look 2,000 calls up, follow 1,000, press 1,000 buttons, list 200 channels and
open 200 Home tabs; and one channel hears of every call of one agent that was rejected. Ten times that are 3.5 calls and
0.7 look-ups a second.
"""

import asyncio
import contextlib
import itertools
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from bot.sandbox.company import ASHA, MAYA, RAVI, Event
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Ack, Message, SlackSandbox
from bot.sandbox.weather import Weather
from tests.e2e.world import JON, MIRA, labels

DAY_SECONDS = 8 * 3600.0
BUSY_DAY = {"calls": 10_000, "look-ups": 2_000, "follows": 1_000, "presses": 1_000, "lists": 200, "homes": 200}
CHANNELS = 10

# One after the other, the first ones in a short run, and all in each third of it: so that the thirds are alike.
STORMS = (
    ("slack", "outage"),
    ("samora", "outage"),
    ("webhooks", "lost"),
    ("slack", "throttling"),
    ("samora", "throttling"),
    ("webhooks", "doubled"),
    ("slack", "slow"),
    ("samora", "slow"),
    ("webhooks", "reordered"),
    ("slack", "lost answers"),
    ("samora", "lost answers"),
)
_SHORTEST_STORM = 3.0  # seconds, with the sunshine after it; the bot has to be connected anew then
_STORMY_SHARE = 0.4  # of each of them; then the sun shines
_AGENTS = (ASHA, RAVI, MAYA)
_SPOKEN: tuple[Event, ...] = ("answer", "hang_up", "recording_ready", "transcript_ready")
# Of a hundred calls, 60 are spoken, 25 unanswered and 15 rejected.
_LIVES: tuple[tuple[Event, ...], ...] = (_SPOKEN,) * 60 + (("no_answer",),) * 25 + (("reject",),) * 15
_BUTTONS = ("Recording", "Transcript", "Refresh", "Share")
_NEWEST = 40


@dataclass(kw_only=True)
class Life:
    """A run of that day.

    Attributes:
        times: how many times as quickly as a busy day.
        pace: seconds between two steps of a call.
        done: how often each thing was done; and what came to nothing, because the bot could not be reached.
    """

    slack: SlackSandbox
    samora: SamoraSandbox
    times: float
    pace: float
    done: Counter[str] = field(default_factory=Counter)
    _dice: Random = field(default_factory=lambda: Random(7))
    _known: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    _turns: "itertools.count[int]" = field(default_factory=itertools.count)

    async def prepare(self) -> None:
        """Opens the channels, and has one of them follow an agent."""
        for number in range(CHANNELS):
            self.slack.add_channel(f"C0SOAK{number}", members=(MIRA, JON))
        self._known.extend(self.samora.add_call(agent_id=agent).call_id for agent in _AGENTS)
        await self.slack.command(MIRA, f"subscribe agent {ASHA} status:rejected", channel="C0SOAK0")
        question = await self.slack.wait_for(lambda: self._find_button("Follow"), within=20.0)
        await self.slack.press(MIRA, "Follow", message=question)

    async def live(self, seconds: float) -> None:
        """Does all that in its time; ends by itself."""
        doing: dict[str, Callable[[], Awaitable[object]]] = {
            "calls": self._call,
            "look-ups": self._look_up,
            "follows": self._follow,
            "presses": self._press,
            "lists": lambda: self._type("list"),
            "homes": lambda: self.slack.open_home(self._person()),
        }
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                for what, do in doing.items():
                    tasks.create_task(self._repeat(what, do, tasks), name=what)
                tasks.create_task(self._storm(seconds / 3), name="weather")

    async def _repeat(self, what: str, do: Callable[[], Awaitable[object]], tasks: asyncio.TaskGroup) -> None:
        every = DAY_SECONDS / BUSY_DAY[what] / self.times
        loop = asyncio.get_running_loop()
        at = loop.time()
        while True:
            at += every
            await asyncio.sleep(at - loop.time())
            tasks.create_task(self._try(what, do), name=what)

    async def _try(self, what: str, do: Callable[[], Awaitable[object]]) -> None:
        try:
            answer = await do()
        except (LookupError, PermissionError):
            # What was there when somebody reached for it is gone, or has no such button any more.
            self.done["too late"] += 1
            return
        is_lost = isinstance(answer, Ack) and not answer.ok
        self.done["not reached" if is_lost else what] += 1

    async def _storm(self, third: float) -> None:
        storms = STORMS[: max(1, int(third / _SHORTEST_STORM))]
        seconds = third / len(storms)
        weather = Weather(slack=self.slack.faults, samora=self.samora.faults, webhooks=self.samora.sender)
        for of, to in itertools.cycle(storms):
            weather.change(of, to)
            try:
                await asyncio.sleep(seconds * _STORMY_SHARE)
            finally:
                weather.change(of, "fine")
            self.done["storms"] += 1
            self.slack.drop_connections()
            await asyncio.sleep(seconds * (1 - _STORMY_SHARE))

    async def _call(self) -> None:
        await self._run(self.samora.add_call(agent_id=self._dice.choice(_AGENTS)).call_id)

    async def _follow(self) -> Ack:
        call_id = self.samora.add_call(agent_id=self._dice.choice(_AGENTS)).call_id
        ack = await self._type(f"subscribe {call_id}")
        await self._run(call_id)
        return ack

    async def _run(self, call_id: str) -> None:
        events: tuple[Event, ...] = ("trigger", *self._dice.choice(_LIVES))
        for event in events:
            await asyncio.sleep(self.pace)
            self.samora.move(call_id, event)
        self._known.append(call_id)

    async def _look_up(self) -> Ack:
        return await self._type(self._dice.choice(self._known))

    async def _press(self) -> Ack | None:
        label = self._dice.choice(_BUTTONS)
        message = self._find_button(label)
        return await self.slack.press(MIRA, label, message=message) if message else None

    def _find_button(self, label: str) -> Message | None:
        newest = itertools.islice(self.slack.workspace.newest_first, _NEWEST)
        seen = (each for each in newest if not each.deleted and each.ephemeral_to in {None, MIRA})
        return next((each for each in seen if label in labels(each)), None)

    async def _type(self, text: str) -> Ack:
        return await self.slack.command(self._person(), text, channel=f"C0SOAK{next(self._turns) % CHANNELS}")

    def _person(self) -> str:
        return self._dice.choice((MIRA, JON))
