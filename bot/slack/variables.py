"""Call variables made presentable: foreign text of any size, which must stay text and fit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.calls import Call
from bot.core.foreign import clean, one_line
from bot.core.visibility import MASKED, Visibility
from bot.slack.blocks import Block, context, cut, escape, plain

_MOST_SHOWN = 12
_LONGEST_NAME = 60
_LONGEST_VALUE = 200
_FIELDS_PER_SECTION = 10

# What headings, sections and the line about the rest take of a card, in characters of JSON.
_FRAME = 500

# Half of what a section may hold: an emoji may count twice.
_CHUNK = 1_300
_PAGE_CHUNKS = 20
_PAGE_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Shown:
    """The variables that a card has room for.

    Attributes:
        lines: ``name: value``, harmless and short, but not escaped.
        rest: how many variables are not among them.
        is_whole: whether the card leaves nothing out: no variable, no end of a value, nothing masked.
    """

    lines: tuple[str, ...]
    rest: int
    is_whole: bool

    def blocks(self) -> list[Block]:
        """A heading, the lines as sections of two columns, and how many are not among them."""
        fields = [plain(line) for line in self.lines]
        sections: list[Block] = [
            {"type": "section", "fields": fields[start : start + _FIELDS_PER_SECTION]}
            for start in range(0, len(fields), _FIELDS_PER_SECTION)
        ]
        heading = [context("*Variables*")] if self.lines or self.rest else []
        return heading + sections + ([context(f"and {self.rest} more")] if self.rest else [])

    def sentence(self) -> str:
        """The lines for the message's text, escaped."""
        if not self.lines and not self.rest:
            return ""
        more = [f"and {self.rest} more"] if self.rest else []
        return f" Variables: {'; '.join([escape(line) for line in self.lines] + more)}."


def show_variables(call: Call, *, public: bool, room: int, visibility: Visibility = MASKED) -> Shown:
    """Chooses what of a call's variables stands on its card: the first twelve, as far as there is room.

    Args:
        call: the call.
        public: whether others than the asker will see it: then e-mail addresses and phone numbers are masked.
        room: how many characters of JSON they may take, in the blocks and in the text together.
        visibility: says what isn't masked even then.
    """
    lines: list[str] = []
    is_whole, room = True, room - _FRAME
    for name, value in list(call.variables.items())[:_MOST_SHOWN]:
        shown_name, shown_value = visibility.mask(name, value) if public else (name, value)
        line = _line(shown_name, shown_value)
        room -= len(json.dumps(plain(line))) + len(json.dumps(escape(line)))
        if room < 0:
            break
        lines.append(line)
        is_whole = is_whole and (shown_name, shown_value) == (name, value) and "…" not in line
    rest = len(call.variables) - len(lines)
    return Shown(lines=tuple(lines), rest=rest, is_whole=is_whole and not rest)


def variable_pages(call: Call) -> list[list[str]]:
    """Every variable in full, as texts of at most 1,500 characters, grouped into pages; at least one page."""
    pages: list[list[str]] = [[]]
    room = _PAGE_CHARACTERS
    for name, value in call.variables.items():
        for chunk in _chunks(name, value):
            if len(pages[-1]) == _PAGE_CHUNKS or (pages[-1] and room < len(chunk)):
                pages.append([])
                room = _PAGE_CHARACTERS
            pages[-1].append(chunk)
            room -= len(chunk)
    return pages


def _chunks(name: str, value: object) -> list[str]:
    title = cut(_name(name), _LONGEST_NAME * 2)
    text = clean(_text(value)).strip("\n ") or "(empty)"
    parts = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    if len(parts) == 1:
        return [f"{title}\n{text}"]
    return [f"{title} ({number} of {len(parts)})\n{part}" for number, part in enumerate(parts, start=1)]


def _line(name: str, value: object) -> str:
    text = one_line(_text(value))
    return f"{cut(_name(name), _LONGEST_NAME)}: {cut(text, _LONGEST_VALUE) or '(empty)'}"


def _name(name: str) -> str:
    return one_line(name) or "(no name)"


def _text(value: object) -> str:
    """A JSON value as people read it: texts bare, nested values as compact JSON, nothing as a dash."""
    if isinstance(value, str):
        return value
    return json.dumps(_without_nulls(value), ensure_ascii=False, separators=(",", ":")) if value is not None else "—"


def _without_nulls(value: object) -> object:
    if value is None:
        return "—"
    if isinstance(value, Mapping):
        return {str(key): _without_nulls(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nulls(inner) for inner in value]
    return value
