"""What an end-to-end test touches: the sandbox's people, the real bot process, and what came of it all."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Ack, Message, SlackSandbox, View

Found = TypeVar("Found")

_LINK = re.compile(r"X-Amz-|/media/")

MIRA = "U0MIRA"
JON = "U0JON"
OUTSIDER = "U0OUTSIDER"
OPERATIONS = "C0OPS"

READY_SECONDS = 30.0

# One person does what a whole company does elsewhere.
MANY_LOOKUPS = {"USER_LOOKUPS_PER_MINUTE": "6000", "CHANNEL_LOOKUPS_PER_MINUTE": "6000"}


@dataclass
class World:
    """Everything that an end-to-end test touches."""

    slack: SlackSandbox
    samora: SamoraSandbox
    clock: SandboxClock
    bot: BotProcess
    url: str = ""
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    def look(self) -> None:
        """Takes note of all that is there, so that only what comes later counts as new."""
        self.seen = {_version(message) for message in self.slack.messages}

    async def new(self, text: str = "", *, within: float = 10.0) -> Message:
        """The first message that came, or was redrawn, since the last look and has the text; then looks again."""

        def find() -> Message | None:
            return next((each for each in self.news() if not each.deleted and text in each.everything_written), None)

        message = await self.slack.wait_for(find, within)
        self.look()
        return message

    def news(self) -> list[Message]:
        """The bot's messages that came or were redrawn since the last look."""
        return [each for each in self.slack.messages if each.bot_id and _version(each) not in self.seen]

    async def ask(self, text: str, *, user: str = MIRA, channel: str = OPERATIONS) -> Message:
        """Types the command, and waits for the answer."""
        self.look()
        assert_quick(await self.slack.command(user, text, channel=channel))
        return await self.new()

    async def press(self, label: str, message: Message, *, user: str = MIRA, expect: str = "") -> Message:
        """Presses a button of a message, and waits for what comes of it."""
        self.look()
        assert_quick(await self.slack.press(user, label, message=message))
        return await self.new(expect)

    async def share(self, card: Message, *, user: str = MIRA) -> Message:
        """Presses *Share*, and waits for the public card and for the private one to offer it no more."""
        self.look()
        assert_quick(await self.slack.press(user, "Share", message=card))
        shared = await self.slack.wait_for(lambda: next(self._public_news(card.channel), None), 10.0)
        await self.slack.wait_for(lambda: "Share" not in labels(self.now_in(card)), 10.0)
        self.look()
        return shared

    def _public_news(self, channel: str) -> Iterator[Message]:
        """Of that channel alone: what was followed in others is told whenever it is."""
        return (each for each in self.news() if each.ephemeral_to is None and each.channel == channel)

    async def share_with_strangers(self, card: Message) -> Message:
        """Presses *Share* where another organisation reads along, and *Share here*; gives the public card."""
        question = await self.press("Share", card)
        assert labels(question) == ["Share here", "Cancel"]
        assert_quick(await self.slack.press(MIRA, "Share here", message=question))
        await self.slack.wait_for(lambda: "Shared." in self.now_in(question).text, 10.0)
        (shared,) = self._public_news(question.channel)
        self.look()
        return shared

    async def modal(self, predicate: Callable[[View], bool] = lambda _view: True, *, user: str = MIRA) -> View:
        """The topmost modal, once it is as expected."""

        def find() -> View | None:
            views = self.slack.views_of(user)
            return views[-1] if views and predicate(views[-1]) else None

        return await self.slack.wait_for(find, 10.0)

    def calls_of_samora(self) -> int:
        """How many requests Samora has seen."""
        return len(self.samora.requests)

    def now_in(self, message: Message) -> Message:
        """A message as it is now."""
        return next(each for each in self.slack.messages if (each.channel, each.ts) == (message.channel, message.ts))


def _version(message: Message) -> tuple[str, str, int]:
    return message.channel, message.ts, message.edited


def assert_quick(ack: Ack) -> None:
    """Slack gives three seconds; ours is for a loaded test machine, and the benchmark measures the real thing."""
    assert ack.ok, ack
    assert ack.seconds < 2.5, ack


def labels(message: Message | View) -> list[str]:
    """The labels of a message's or modal's buttons."""
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def link_in(blocks: Iterable[dict[str, object]]) -> str:
    """The address of the link button among blocks."""
    found = re.search(r"'url': '([^']+)'", str(list(blocks)))
    assert found, blocks
    return found.group(1)


def find_leaks(there: World) -> list[str]:
    """Every place where something stands that must not: links outside ephemeral messages, keys and tokens anywhere."""
    secrets = _secrets(there)
    leaks = find_leaky_lines(there)
    for message in there.slack.messages:
        if message.bot_id is None:
            continue
        everything = f"{message!r}"
        if _holds(everything, secrets) or (message.ephemeral_to is None and _LINK.search(everything)):
            leaks.append(f"message: {everything}")
    leaks += [f"request: {each!r}" for each in there.slack.requests if _holds(f"{each.body!r}", secrets)]
    return leaks


def find_leaky_lines(there: World) -> list[str]:
    """The bot's newest lines that hold a link, a key, a token, an address for answers or a person's."""
    words = [*_secrets(there), "/response/", "@example.com"]
    return [f"log: {line}" for line in there.bot.lines if _LINK.search(line) or _holds(line, words)]


def _secrets(there: World) -> list[str]:
    return [there.slack.bot_token, there.slack.app_token, there.slack.signing_secret, there.samora.api_key]


def _holds(text: str, secrets: list[str]) -> bool:
    return any(secret in text for secret in secrets)
