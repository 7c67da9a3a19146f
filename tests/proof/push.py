"""Chaos with whole agents: webhooks are lost, doubled and overtaken, a burst makes a board, and processes are killed.

One channel follows the agent's failed calls, another one all of them. Afterwards each call that was announced and is
wanted has one card or stands on a board; a call of which every webhook was lost is nobody's.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from bot.core.calls import find_call_ids
from bot.samora.webhook import SECRET_HEADER
from bot.sandbox.company import Event
from bot.sandbox.sending import Mischief
from bot.sandbox.slack import Message
from bot.storage.opening import open_database
from bot.storage.schema import boards, followed_calls, notices, subscriptions
from tests.proof.chaos import PERSON, Chaos, Plan, open_chaos

AGENT = "8a1f3c5e-7b9d-4e2f-a1c3-5d7f9b1e3a5c"
SECRET = "a-secret-of-our-own-for-webhooks"
FAILED, ALL = "C0CHAOS0", "C0CHAOS1"
_FOLLOWED = {FAILED: f"{AGENT} status:unanswered,rejected", ALL: AGENT}
_SETTINGS = {"WEBHOOK_SECRET": SECRET, "WEBHOOK_POLL_INTERVAL": "1", "BURST_CARDS": "3"}
_PATIENCE_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.2

_PATHS: tuple[tuple[Event, ...], ...] = (
    ("trigger", "answer", "hang_up"),
    ("trigger", "no_answer"),
    ("trigger", "reject"),
)
_WORDS = {"CALL_FINISHED": "Finished", "UNANSWERED": "Unanswered", "REJECTED": "Rejected"}
_FAILURES = {"UNANSWERED", "REJECTED"}
_BOARD = re.compile(r"Many calls at once: (\d+) calls?\b")


@dataclass(kw_only=True)
class Memory:
    """What the bots remember.

    Attributes:
        subscriptions: of calls, as rows.
        boards: as rows.
        statuses: of the calls, by their ids.
        notices: how many are owed.
    """

    subscriptions: list[Row[Any]] = field(default_factory=list)
    boards: list[Row[Any]] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    notices: int = 0


@dataclass(kw_only=True)
class Push:
    """An agent's calls, and what becomes of them."""

    chaos: Chaos
    paths: dict[str, tuple[Event, ...]] = field(default_factory=dict)

    async def follow(self) -> None:
        """Has the agent followed through the slash command, before the trouble begins, and announced to every bot."""
        for channel, what in _FOLLOWED.items():
            ack = await self.chaos.slack.command(PERSON, f"subscribe agent {what}", channel=channel)
            assert ack.ok, ack
            question = await self._said(channel, "gets a card here")
            assert (await self.chaos.slack.press(PERSON, "Follow", message=question)).ok
            await self._said(channel, "Following.")
        for number, url in enumerate(self.chaos.urls):
            self.chaos.samora.webhooks.install(
                agent_id=AGENT,
                name=f"bot {number}",
                url=f"{url}/samora/webhook",
                custom_headers={SECRET_HEADER: SECRET},
            )

    async def _said(self, channel: str, words: str) -> Message:
        def find() -> Message | None:
            here = [each for each in self.chaos.slack.messages if each.channel == channel]
            return next((each for each in here if words in each.text), None)

        return await self.chaos.slack.wait_for(find, _PATIENCE_SECONDS)

    async def go(self) -> None:
        """A few calls one by one, then all the others at once, while webhooks and Slack fail and bots are killed."""
        chaos, plan = self.chaos, self.chaos.plan
        chaos.slack.rates.enabled = True
        chaos.slack.faults.rain(path="/api/chat.*", share=plan.failing, seed=plan.seed, kinds=("429", "500", "lost"))
        chaos.samora.sender.misbehave(Mischief(lost=0.15, doubled=0.3, reordered=0.3, seed=plan.seed))
        for number in range(plan.calls):
            self.paths[chaos.samora.add_call(agent_id=AGENT).call_id] = _PATHS[number % len(_PATHS)]
        calls = list(self.paths)
        for call_id in calls[:3]:
            for event in self.paths[call_id]:
                chaos.samora.move(call_id, event)
                await chaos.wait_for_requests(1)
        rest = [call_id for call_id in calls[3:] for _ in self.paths[call_id]]
        chaos.dice.shuffle(rest)
        left = {call_id: iter(self.paths[call_id]) for call_id in calls[3:]}
        for kill in range(plan.kills):
            for call_id in rest[kill :: plan.kills]:
                chaos.samora.move(call_id, next(left[call_id]))
            await chaos.wait_for_requests(chaos.dice.randint(1, 3))
            await chaos.kill()

    async def settle(self, within: float) -> list[str]:
        """Waits until everything is told, and the bots know that themselves; returns what is wrong even then."""
        flaws = ["nothing was looked at"]
        await self.chaos.samora.sender.drain()
        try:
            async with asyncio.timeout(within):
                while flaws:
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
                    memory = await self._read()
                    flaws = [*self._find_waiting(memory), *self._find_flaws(memory)]
        except TimeoutError:
            return flaws
        await asyncio.gather(*(bot.stop() for bot in self.chaos.bots))
        return self._find_flaws(await self._read())

    @property
    def announced(self) -> set[str]:
        """The calls of which a bot has taken a webhook."""
        taken = [each.body for each in self.chaos.samora.sender.attempts if each.status == 202]
        return {str(each) for body in taken for each in find_call_ids(body)} & self.paths.keys()

    async def _read(self) -> Memory:
        database = open_database(self.chaos.plan.database_url)
        try:
            async with database.reading() as connection:
                calls = await connection.execute(select(followed_calls.c.call_id, followed_calls.c.status))
                owed = await connection.execute(select(notices.c.id).where(notices.c.done_at.is_(None)))
                return Memory(
                    statuses={row.call_id: row.status for row in calls},
                    subscriptions=list(await connection.execute(select(subscriptions))),
                    boards=list(await connection.execute(select(boards))),
                    notices=len(owed.all()),
                )
        finally:
            await database.close()

    def _find_waiting(self, memory: Memory) -> list[str]:
        """What the bots have still to do, one line each."""
        status = {call_id: self.chaos.samora.calls[call_id].status for call_id in self.announced}
        lines = [f"{each} is not read to its end" for each in status if memory.statuses.get(each) != status[each]]
        lines += [f"the card of {row.call_id} is due" for row in memory.subscriptions if row.card_due_at]
        lines += [f"board {row.id} is old" for row in memory.boards if row.wanted > row.drawn]
        return lines + ([f"{memory.notices} notices are owed"] if memory.notices else [])

    def _find_flaws(self, memory: Memory) -> list[str]:
        """Whatever is lost, double, or not wanted there, one line each."""
        return [line for channel in _FOLLOWED for line in self._find_flaws_in(channel, memory)]

    def _find_flaws_in(self, channel: str, memory: Memory) -> list[str]:
        here = [each for each in self.chaos.slack.messages if each.channel == channel and each.bot_id]
        there = [each for each in here if not (each.thread_ts or each.ephemeral_to or each.deleted)]
        on_board: dict[str, list[str]] = defaultdict(list)
        for row in memory.subscriptions:
            if row.channel_id == channel and row.board_id:
                on_board[row.board_id].append(row.call_id)
        flaws = []
        for call_id in self.paths:
            status = self.chaos.samora.calls[call_id].status
            cards = [each.text for each in there if call_id in each.text and not _BOARD.match(each.text)]
            times = len(cards) + sum(call_id in each for each in on_board.values())
            is_wanted = call_id in self.announced and (channel == ALL or status in _FAILURES)
            if times != is_wanted:
                flaws.append(f"{call_id}, {status}, is {times} times in {channel} instead of {int(is_wanted)}")
            flaws += [f"{status}, but: {text[:60]}" for text in cards if not text.startswith(_WORDS[status])]
        shown = sorted(int(found[1]) for each in there if (found := _BOARD.match(each.text)))
        if shown != sorted(map(len, on_board.values())):
            flaws.append(f"the boards in {channel} show {shown} calls instead of {on_board}")
        return flaws


async def play_push(plan: Plan, free_port: Callable[[], int], *, within: float) -> tuple[Push, list[str]]:
    """The whole plan, and what went wrong."""
    async with open_chaos(plan, free_port, **_SETTINGS) as chaos:
        push = Push(chaos=chaos)
        await push.follow()
        await push.go()
        return push, await push.settle(within)
