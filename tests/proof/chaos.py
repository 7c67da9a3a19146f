"""Chaos: calls are followed while processes are killed and Slack fails; afterwards everything must have been told once.

The moments are chosen by a seeded random number generator, and counted in what Slack sees instead of in seconds: so the
same seed kills at the same points of the work, on quick and on slow machines.
"""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import select

from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import Event
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Message, SlackSandbox
from bot.storage.opening import open_database
from bot.storage.schema import notices

PERSON = "U0MIRA"
BOT = "U0SAMORA"
READY_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.1

# Between attempts to send a webhook: together longer than a bot takes to come back.
_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)

_PATHS: tuple[tuple[Event, ...], ...] = (
    ("trigger", "answer", "hang_up", "recording_ready", "transcript_ready"),
    ("trigger", "answer", "hang_up", "recording_ready", "transcript_ready"),
    ("trigger", "no_answer"),
    ("trigger", "reject"),
)
_FINAL = {"hang_up": "Finished", "no_answer": "Unanswered", "reject": "Rejected"}
_STATUS_LINE = re.compile(r"(\w+) → (\w+)")
_MEDIA_LINE = re.compile(r"ready$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to happen.

    Attributes:
        seed: decides everything that is left to chance.
        calls: how many calls are followed.
        channels: in how many channels, in turn.
        replicas: how many processes share the work.
        kills: how often one of them is killed with ``kill -9``.
        database_url: where they remember.
        failing: the share of posts and updates that fail at Slack.
    """

    seed: int
    calls: int
    channels: int
    replicas: int
    kills: int
    database_url: str
    failing: float = 0.1


@dataclass(kw_only=True)
class Story:
    """One call of the plan.

    Attributes:
        call_id: its id.
        channel: the channel that follows it.
        path: what is to happen to it, in order.
        card_ts: Slack's name of its card.
        done: how much of the path has happened.
    """

    call_id: str
    channel: str
    path: tuple[Event, ...]
    card_ts: str = ""
    done: int = 0

    @property
    def final(self) -> str:
        """The status that it ends with, in words."""
        return next(_FINAL[event] for event in self.path if event in _FINAL)


@dataclass(kw_only=True)
class Chaos:
    """The servers, the processes between them, and what is to become of the calls."""

    plan: Plan
    slack: SlackSandbox
    samora: SamoraSandbox
    bots: list[BotProcess]
    urls: list[str]
    dice: Random
    stories: list[Story] = field(default_factory=list)
    killed: int = 0

    async def subscribe(self) -> None:
        """Has every call followed, through the slash command; each has its card before the trouble begins."""
        for number in range(self.plan.calls):
            channel = f"C0CHAOS{number % self.plan.channels}"
            call = self.samora.add_call()
            story = Story(call_id=call.call_id, channel=channel, path=self.dice.choice(_PATHS))
            ack = await self.slack.command(PERSON, f"subscribe {call.call_id}", channel=channel)
            assert ack.ok, ack
            found = await self.slack.wait_for(lambda: self._card_of(story), 30.0)  # noqa: B023
            story.card_ts = found.ts
            self.stories.append(story)

    def _card_of(self, story: Story) -> Message | None:
        for message in reversed(self.slack.messages):
            if message.channel == story.channel and message.thread_ts is None and story.call_id in message.text:
                return message if message.ephemeral_to is None else None
        return None

    async def go(self) -> None:
        """Moves calls on and kills processes, in an order that the seed decides."""
        self.slack.rates.enabled = True
        self.slack.faults.rain(
            path="/api/chat.*", share=self.plan.failing, seed=self.plan.seed, kinds=("429", "500", "lost")
        )
        steps = ["kill"] * self.plan.kills + ["move"] * sum(len(story.path) for story in self.stories)
        self.dice.shuffle(steps)
        for step in steps:
            await self.wait_for_requests(1 if step == "move" else self.dice.randint(1, 6))
            await (self.kill() if step == "kill" else self._move())

    async def _move(self) -> None:
        story = self.dice.choice([story for story in self.stories if story.done < len(story.path)])
        self.samora.move(story.call_id, story.path[story.done])
        story.done += 1

    async def kill(self) -> None:
        """At the very moment at which Slack sees something of the bot, before the bot can have heard so."""
        bot = self.dice.choice(self.bots)
        await bot.kill()
        self.killed += 1
        await bot.start()

    async def wait_for_requests(self, count: int) -> None:
        wanted = len(self.slack.requests) + count
        with contextlib.suppress(TimeoutError):  # all is told: only the next step brings something to tell
            await self.slack.wait_for(lambda: len(self.slack.requests) >= wanted, 1.0)

    async def settle(self, within: float) -> None:
        """Waits until every story has been told to its end, and the bots know that themselves."""
        await self.slack.wait_for(lambda: not self.missing(), within)
        self.slack.faults.clear()
        # What comes twice comes late, from a bot that Slack never answered: it must have looked, and not owe any more.
        await self._wait_until_nothing_is_owed(within)
        await asyncio.gather(*(bot.stop() for bot in self.bots))

    async def _wait_until_nothing_is_owed(self, within: float) -> None:
        owed: list[str] = []
        try:
            async with asyncio.timeout(within):
                while owed := await find_owed(self.plan.database_url):  # noqa: ASYNC110 - the bots are other processes
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            raise AssertionError(owed) from None

    def missing(self) -> list[str]:
        """What has not been told yet, one line each."""
        return [line for story in self.stories for line in self._missing(story)]

    def _missing(self, story: Story) -> list[str]:
        lines = self.notices(story)
        told = [match.group(2) for line in lines if (match := _STATUS_LINE.search(line))]
        flaws = [] if told and told[-1] == story.final else [f"{story.call_id}: {story.final} is not told: {lines}"]
        if "recording_ready" in story.path and not any(_MEDIA_LINE.search(line) for line in lines):
            flaws.append(f"{story.call_id}: the recording is not told: {lines}")
        card = self.slack.workspace.find(story.channel, story.card_ts)
        if card is None or not card.text.startswith(story.final):
            flaws.append(f"{story.call_id}: its card says {card and card.text[:40]!r} instead of {story.final}")
        return flaws

    def flaws(self) -> list[str]:
        """Whatever is lost, double or out of order, one line each."""
        return [*self.missing(), *(line for story in self.stories for line in self._flaws(story))]

    def _flaws(self, story: Story) -> list[str]:
        lines = self.notices(story)
        flaws = [f"{story.call_id}: twice: {line}" for line, times in Counter(lines).items() if times > 1]
        status = "Pending"
        for line in lines:
            if match := _STATUS_LINE.search(line):
                if match.group(1) != status:
                    flaws.append(f"{story.call_id}: after {status} comes {line!r}")
                status = match.group(2)
        if sum(bool(_MEDIA_LINE.search(line)) and "→" not in line for line in lines) > 1:
            flaws.append(f"{story.call_id}: its media are told more than once: {lines}")
        cards = [
            each for each in self._messages(story.channel) if each.thread_ts is None and story.call_id in each.text
        ]
        return flaws + ([f"{story.call_id}: {len(cards)} cards"] if len(cards) != 1 else [])

    def notices(self, story: Story) -> list[str]:
        """What stands in a card's thread, in order."""
        return [each.text for each in self._messages(story.channel) if each.thread_ts == story.card_ts]

    def _messages(self, channel: str) -> list[Message]:
        return [
            each
            for each in self.slack.messages
            if each.channel == channel and each.bot_id and each.ephemeral_to is None and not each.deleted
        ]


@asynccontextmanager
async def open_chaos(plan: Plan, free_port: Callable[[], int], **settings: str) -> AsyncIterator[Chaos]:
    """Both servers and all processes, with more settings; the first one gets what people do in Slack."""
    clock = SandboxClock()
    async with AsyncExitStack() as stack:
        samora = await stack.enter_async_context(SamoraSandbox(clock=clock, webhook_waits=_WAITS))
        slack = await stack.enter_async_context(SlackSandbox(clock=clock, rates=False, requests_kept=1_000_000))
        for number in range(plan.channels):
            slack.add_channel(f"C0CHAOS{number}", f"chaos-{number}", members={PERSON, BOT})
        bots: list[BotProcess] = []
        urls: list[str] = []
        for _ in range(plan.replicas):
            port = free_port()
            environment = bot_environment(slack=slack, samora=samora, port=port) | {
                "DATABASE_URL": plan.database_url,
                "POLL_INTERVAL": "0.3",
                "LEASE_SECONDS": "2",
                "SAMORA_RATE": "500",
                "USER_LOOKUPS_PER_MINUTE": "6000",
                "CHANNEL_LOOKUPS_PER_MINUTE": "6000",
                **settings,
            }
            bots.append(await stack.enter_async_context(BotProcess(environment)))
            urls.append(f"http://127.0.0.1:{port}")
            if len(bots) == 1:
                slack.deliver_to(f"{urls[0]}/slack/events")
        await asyncio.gather(*(bot.wait_for_line('"event": "ready"', within=READY_SECONDS) for bot in bots))
        yield Chaos(plan=plan, slack=slack, samora=samora, bots=bots, urls=urls, dice=Random(plan.seed))


async def play(plan: Plan, free_port: Callable[[], int], *, within: float) -> Chaos:
    """The whole plan; afterwards, :meth:`Chaos.flaws` says what went wrong."""
    async with open_chaos(plan, free_port) as chaos:
        await chaos.subscribe()
        await chaos.go()
        await chaos.settle(within)
    return chaos


async def find_owed(database_url: str) -> list[str]:
    """The notices in the database that are neither sent nor given up."""
    database = open_database(database_url)
    try:
        async with database.reading() as connection:
            owed = (await connection.execute(select(notices.c.id).where(notices.c.done_at.is_(None)))).all()
    finally:
        await database.close()
    return [f"notice {row.id}" for row in owed]
