"""The tour, ``make demo``: the real bot, between a Slack and a Samora of its own, does its main job for you to see."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.text import Text

from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Message, SlackSandbox
from bot.terminal.drawing import draw_message

_READY_SECONDS = 20.0
_PERSON = "U0MIRA"
_CHANNEL = "C0OPS"
_UNKNOWN_ID = "00000000-1111-4222-8333-444444444444"
_WIDTH = 96
_LIFE: tuple[tuple[str, tuple[company.Event, ...]], ...] = (
    ("somebody answers the phone", ("answer",)),
    ("they hang up", ("hang_up",)),
    ("Samora has prepared what was said", ("recording_ready", "transcript_ready")),
)
_HOUR = 60 * 60

# Rich's picture, without the web fonts that a reader's browser would fetch from elsewhere.
_WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class CannotPlay(Exception):
    """The tour cannot go on; the text says why."""


class Tour:
    """One playing of the tour, between servers and a bot that run already."""

    def __init__(self, *, console: Console, clock: SandboxClock, slack: SlackSandbox, samora: SamoraSandbox) -> None:
        """Takes where to draw, the time that can be moved, the Slack to act in, and the Samora that calls people."""
        self._console = console
        self._clock = clock
        self._slack = slack
        self._samora = samora

    async def play(self) -> None:
        """Two ways to see a call: looked up by one, followed by a channel."""
        await self._look_up()
        await self._follow()

    async def _look_up(self) -> None:
        """A look-up, a recording, an hour that passes, a share, and an id that nobody has."""
        slack = self._slack
        self._say("Mira types", f"/samora-call {company.FINISHED}")
        await slack.command(_PERSON, company.FINISHED, channel=_CHANNEL)
        card = await self._next(via="response_url")
        self._draw(card)

        self._say("Mira presses", "Recording")
        await slack.press(_PERSON, "Recording", message=card)
        answer = await self._next(via="response_url", after=card)
        self._draw(answer)
        await self._open(answer)

        self._clock.advance(_HOUR + 60)
        self._say("An hour later", "the old link is dead, but not the card")
        await self._open(answer)
        await slack.press(_PERSON, "Recording", message=card)
        await self._open(await self._next(via="response_url", after=answer))

        self._say("Mira presses", "Share")
        await slack.press(_PERSON, "Share", message=card)
        self._draw(await self._next(via="chat.postMessage"))

        self._say("Mira types", f"/samora-call {_UNKNOWN_ID}")
        await slack.command(_PERSON, _UNKNOWN_ID, channel=_CHANNEL)
        self._draw(await slack.wait_for(lambda: slack.find_message("no such call")))

    async def _follow(self) -> None:
        """A channel follows a call to its end."""
        slack, call_id = self._slack, company.TRIGGERED
        self._say("Mira types", f"/samora-call subscribe {call_id} style:compact")
        await slack.command(_PERSON, f"subscribe {call_id} style:compact", channel=_CHANNEL)
        card = await slack.wait_for(lambda: self._card(call_id, "Triggered"))
        self._draw(card)
        for says, events in _LIFE:
            self._say("Meanwhile", says)
            count = len(self._replies(card))
            for event in events:
                self._samora.move(call_id, event)
            told = await slack.wait_for(lambda: self._replies(card)[count:])  # noqa: B023
            self._console.print(Text(f"  in the thread of the card: {told[0].text}", style="green"))
        self._say("And the card", "is up to date")
        self._draw(await slack.wait_for(lambda: self._card(call_id, "transcript ready")))

    def _card(self, call_id: str, text: str) -> Message | None:
        found = self._slack.find_message(call_id, channel=_CHANNEL, ephemeral=False)
        return found if found and text in found.text else None

    def _replies(self, card: Message) -> list[Message]:
        return [message for message in self._slack.messages if message.thread_ts == card.ts]

    async def _next(self, *, via: str, after: Message | None = None) -> Message:
        """The newest message that came that way; with ``after``, one newer than that."""
        seen = after.ts if after else ""

        def find() -> Message | None:
            found = [message for message in self._slack.messages if message.via == via and message.ts > seen]
            return found[-1] if found else None

        return await self._slack.wait_for(find)

    async def _open(self, answer: Message) -> None:
        """Opens the link that an answer holds, as a browser would."""
        url = next(
            element["url"] for block in answer.blocks for element in block.get("elements", []) if "url" in element
        )
        async with aiohttp.ClientSession() as browser, browser.get(url) as page:
            size = len(await page.read())
            what = f"{page.content_type}, {size:,} bytes" if page.ok else "the link has expired"
        self._console.print(Text(f"  opens the link: HTTP {page.status}, {what}", style="green" if page.ok else "red"))

    def _say(self, who: str, what: str) -> None:
        self._console.print()
        self._console.print(Text.assemble((f"{who} ", "bold"), (what, "bold cyan")))

    def _draw(self, message: Message) -> None:
        channel = self._slack.workspace.channels[message.channel].name
        seen_by = "only you can see this" if message.ephemeral_to else "everybody in the channel sees this"
        title = f"#{channel.lstrip('#')} · Samora · {seen_by}"
        self._console.print(draw_message(message.blocks, text=message.text, title=title))


async def play(*, stay: bool, picture: str | None, stopped_by: Callable[[], asyncio.Event]) -> None:
    """Starts a Slack, a Samora and the bot, plays the tour, and ends all of it.

    Args:
        stay: whether they stay up afterwards until stopped.
        picture: an SVG file to write what was shown into.
        stopped_by: makes the event that ends the stay.

    Raises:
        CannotPlay: the bot does not start, or does not answer.
    """
    console = Console(highlight=False, width=_WIDTH, record=bool(picture), force_terminal=True if picture else None)
    clock = SandboxClock()
    async with (
        SamoraSandbox(clock=clock) as samora,
        SlackSandbox(clock=clock) as slack,
        BotProcess(bot_environment(slack=slack, samora=samora) | {"POLL_INTERVAL": "0.2"}) as bot,
    ):
        try:
            with Console(stderr=True).status("Starting a Slack, a Samora and the bot…"):
                await slack.wait_for_connection(within=_READY_SECONDS)
            await Tour(console=console, clock=clock, slack=slack, samora=samora).play()
        except TimeoutError as error:
            raise CannotPlay("\n".join([f"The bot did not do its part: {error}", *list(bot.lines)[-20:]])) from None
        if picture:
            _write_picture(console, Path(picture))
        if stay:
            console.print("\nStill there until Ctrl-C, to act as somebody (how: bot/sandbox/slack/control.py):")
            console.print(f"  Slack   {slack.url}/control/\n  Samora  {samora.url}/control/")
            await stopped_by().wait()


def _write_picture(console: Console, path: Path) -> None:
    svg = console.export_svg(title="samora-bot sandbox")
    path.write_text(_WEB_FONT.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas"), encoding="utf-8")
