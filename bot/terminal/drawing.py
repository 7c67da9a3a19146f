"""Block Kit drawn with Rich, or as plain lines."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

Block = Mapping[str, Any]

# mrkdwn, as far as the cards use it: code, bold, and what Slack puts in angle brackets.
_MRKDWN = re.compile(r"`(?P<code>[^`]+)`|\*(?P<bold>[^*\n]+)\*|_(?P<italic>[^_\n]+)_|<(?P<angle>[^<>]+)>")
_DATE = re.compile(r"!date\^(?P<seconds>-?\d+)\^(?P<form>[^|^]*)[^|]*\|(?P<fallback>.*)")


def draw_message(blocks: Iterable[Block], *, text: str = "", title: str = "") -> Panel:
    """A message as a panel: its blocks, or its text where it has none."""
    drawn = [_draw(block) for block in blocks]
    return Panel(Group(*(drawn or [draw_mrkdwn(text)])), title=title or None, title_align="left", width=92)


def _draw(block: Block) -> RenderableType:
    kind = block.get("type")
    if kind == "header":
        return Padding(Text(block["text"]["text"], style="bold"), (0, 0, 1, 0))
    if kind == "section":
        return _draw_section(block)
    if kind == "context":
        parts = [draw_mrkdwn(element["text"]) for element in block["elements"] if "text" in element]
        return Text("  ", style="dim").join(parts)
    if kind == "actions":
        return Padding(Text("  ").join(map(_draw_button, block["elements"])), (1, 0))
    if kind == "divider":
        return Rule(style="dim")
    if kind == "input":
        return Group(Text(block["label"]["text"], style="bold"), Text(f"[ {block['element']['type']} ]", style="dim"))
    return Text(f"(a block of type {kind})", style="dim")


def _draw_section(block: Block) -> RenderableType:
    parts: list[RenderableType] = [_draw_text(block["text"])] if "text" in block else []
    if fields := block.get("fields"):
        table = Table.grid(padding=(0, 4, 0, 0))
        for start in range(0, len(fields), 2):
            table.add_row(*(_draw_text(field) for field in fields[start : start + 2]))
        parts.append(Padding(table, (0, 0, 1, 0)))
    return Group(*parts)


def _draw_text(text: Block) -> Text:
    return draw_mrkdwn(text["text"]) if text["type"] == "mrkdwn" else Text(text["text"])


def _draw_button(element: Block) -> Text:
    label = element.get("text", {}).get("text", element["type"])
    style = {"primary": "bold white on green", "danger": "bold white on red"}.get(element.get("style", ""), "reverse")
    return Text(f" {label} ", style=style)


def draw_mrkdwn(source: str) -> Text:
    """Slack's markup as styled text; dates in the reader's own time zone."""
    text, end = Text(), 0
    for match in _MRKDWN.finditer(source):
        text.append(_unescape(source[end : match.start()]))
        end = match.end()
        if match["code"]:
            text.append(_unescape(match["code"]), style="cyan")
        elif match["bold"]:
            text.append(_unescape(match["bold"]), style="bold")
        elif match["italic"]:
            text.append(_unescape(match["italic"]), style="italic")
        else:
            text.append_text(_draw_angle(match["angle"]))
    return text.append(_unescape(source[end:]))


def _draw_angle(angle: str) -> Text:
    if date := _DATE.fullmatch(angle):
        try:
            moment = datetime.fromtimestamp(int(date["seconds"]), UTC).astimezone()
        except (ValueError, OverflowError, OSError):
            return Text(_unescape(date["fallback"]))
        is_whole = "date" in date["form"]
        return Text(f"{moment:%d %b %Y, %H:%M:%S %Z}" if is_whole else f"{moment:%H:%M %Z}")
    target, _, label = angle.partition("|")
    return Text(_unescape(label or target), style="underline")


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain_lines(blocks: Iterable[Block]) -> list[str]:
    """A message as lines without colours and frames, for pipes: ``Duration: 5m 25s``."""
    return [
        _draw_text(text).plain.replace("\n", ": ")
        for block in blocks
        for text in ([block["text"]] if "text" in block else [*block.get("fields", []), *block.get("elements", [])])
        if text.get("type") in {"mrkdwn", "plain_text"}
    ]
