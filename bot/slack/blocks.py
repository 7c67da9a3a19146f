"""Block Kit's bricks: text cut to size and escaped, and the few blocks that the cards are built of.

Sizes: docs.slack.dev/reference/block-kit. All texts here stay far below them, because Slack does not say whether it
counts characters, UTF-16 units or bytes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Block = dict[str, Any]

# What Slack takes for markup, by what looks like it.
_INERT = str.maketrans({"*": "\u2217", "`": "\u02bc", "~": "\u223c"})


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: the blocks that people see, and the text that screen readers and notifications read instead."""

    text: str
    blocks: tuple[Block, ...] = ()


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and an ellipsis if it is longer than so many characters."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def escape(text: str) -> str:
    """Text for a mrkdwn object that can neither ping nor link.

    Source: docs.slack.dev/messaging/formatting-message-text ("Escaping text").
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Text as a mrkdwn code span, which a backtick in it cannot leave."""
    return f"`{escape(text.replace('`', chr(0x2BC)))}`"


def inert(text: str) -> str:
    """Text for a mrkdwn object that neither pings, links nor sets anything bold, struck out or as code."""
    return escape(text.translate(_INERT))


def plain(text: str) -> Block:
    """A text object that is shown to the letter: no markup, no links, no emoji codes."""
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str) -> Block:
    """A text object with markup; ``text`` is ours or escaped."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> Block:
    """A paragraph with markup."""
    return {"type": "section", "text": mrkdwn(text)}


def context(text: str) -> Block:
    """A small grey line with markup."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def header(text: str) -> Block:
    """A heading, shown to the letter."""
    return {"type": "header", "text": plain(text)}


def actions(buttons: list[Block]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": buttons}


def button(label: str, *, action_id: str, value: str, spoken: str | None = None, style: str | None = None) -> Block:
    """A button.

    Args:
        label: what it says; exact words are part of the contract.
        action_id: what a press of it is called.
        value: what comes back with a press.
        spoken: what a screen reader says instead of the label.
        style: ``primary`` or ``danger``.
    """
    element: Block = {"type": "button", "action_id": action_id, "text": plain(label), "value": value}
    if spoken:
        element["accessibility_label"] = cut(spoken, 75)
    if style:
        element["style"] = style
    return element


def utc(moment: datetime) -> str:
    """A moment as text: ``2024-01-15 10:30:05 UTC``."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def local(moment: datetime, form: str = "{date_short_pretty}, {time_secs}") -> str:
    """A moment in each reader's own time zone and language, for mrkdwn; UTC where Slack cannot show it.

    Source: docs.slack.dev/messaging/formatting-message-text ("Date formatting").
    """
    seconds = int(moment.timestamp())
    return f"<!date^{seconds}^{form}|{utc(moment)}>" if seconds > 0 else utc(moment)


def duration_words(duration: timedelta) -> str:
    """``42s``, ``5m 25s`` or ``1h 0m 3s``."""
    return seconds_words(int(duration.total_seconds()))


def seconds_words(seconds: int) -> str:
    """Like :func:`duration_words`, for so many seconds."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}m {seconds}s"
    return f"{minutes}m {seconds}s" if minutes else f"{seconds}s"
