"""Call variables made presentable: foreign text of any size, which must stay text and fit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.calls import Call
from bot.core.privacy import mask, mask_text
from bot.slack.blocks import Block, clean, cut, escape, one_line, plain

_MOST_SHOWN = 12
_LONGEST_NAME = 60
_LONGEST_VALUE = 200
_FIELDS_PER_SECTION = 10

# A whole card stays below 10,000 characters of JSON (Slack refuses somewhere near 13,200 and does not say how it
# counts); this much of it is for variables, in the blocks and in the text together.
_BUDGET = 6_000

_CHUNK = 2_500
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
        """The lines as sections of two columns."""
        fields = [plain(line) for line in self.lines]
        return [
            {"type": "section", "fields": fields[start : start + _FIELDS_PER_SECTION]}
            for start in range(0, len(fields), _FIELDS_PER_SECTION)
        ]

    def sentence(self) -> str:
        """The lines for the message's text, escaped."""
        if not self.lines and not self.rest:
            return ""
        more = [f"and {self.rest} more"] if self.rest else []
        return f" Variables: {'; '.join([escape(line) for line in self.lines] + more)}."


def show_variables(call: Call, *, public: bool) -> Shown:
    """Chooses what of a call's variables stands on its card: the first twelve, as far as there is room.

    Args:
        call: the call.
        public: whether others than the asker will see it: then e-mail addresses and phone numbers are masked.
    """
    lines: list[str] = []
    is_whole, room = True, _BUDGET
    for name, value in list(call.variables.items())[:_MOST_SHOWN]:
        shown_name, shown_value = (mask_text(name), mask(value)) if public else (name, value)
        line = _line(shown_name, shown_value)
        room -= len(json.dumps(plain(line))) + len(json.dumps(escape(line)))
        if room < 0:
            break
        lines.append(line)
        is_whole = is_whole and (shown_name, shown_value) == (name, value) and "…" not in line
    rest = len(call.variables) - len(lines)
    return Shown(lines=tuple(lines), rest=rest, is_whole=is_whole and not rest)


def variable_pages(call: Call) -> list[list[str]]:
    """Every variable in full, as texts of at most 3,000 characters, grouped into pages; at least one page."""
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
    # A value of 100 kB need not be cleaned to its end to show its beginning.
    text = one_line(_text(value)[: _LONGEST_VALUE * 10])
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
