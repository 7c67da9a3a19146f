"""Filters: which of an agent's calls, as people type it, as buttons carry it, and in plain words. Pure.

Grammar: ``status:<statuses>``, ``-status:<statuses>``, ``duration>5m``, ``duration<1m30s``, ``var.<name>:<value>`` and
``-var.<name>:<value>``, in any order and case. All of them must agree.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import accumulate

from bot.core.calls import CallStatus, is_final
from bot.core.errors import UserMistake
from bot.core.filters import DurationFilter, Filter, StatusFilter, VariableFilter, yes_in
from bot.core.foreign import fold, one_line
from bot.core.privacy import mask_text
from bot.slack.blocks import code, cut, escape
from bot.slack.options import DASHES, STATUS_NAMES, find_near, names_of, quoted, read_statuses

FILTER_EXAMPLE = "status:unanswered,rejected"

_MOST = 10
_LONGEST_NAME = 64
_LONGEST_VALUE = 100
_LONGEST_DURATION = timedelta(days=1)
_SHOWN_CHARACTERS = 40

_NAME = re.compile(r"(?P<name>-?(?:status:|duration[<>]|var\.))(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_DURATION = re.compile(r"(?:(?P<hours>\d{1,4})h)?(?:(?P<minutes>\d{1,4})m)?(?:(?P<seconds>\d{1,6})s)?", re.IGNORECASE)
_VARIABLE = re.compile(r'("[^"]*"|[^:"]*):(.*)', re.DOTALL)
_NEAR_NAMES = ("status", "-status", "duration", "-duration", "var", "-var", "variable")
_GLOB = frozenset("*?[")

_FINAL = frozenset(status for status in CallStatus if is_final(status, None))

_HOW_LONG = "Write a duration as in `duration>5m`, `duration<10s` or `duration>1h30m`."
_WHICH_VARIABLE = (
    'Write a variable\'s name and its value as in `var.city:Berlin`, `var.city:"New York"` or `-var.plan:free*`.'
)


def is_filter(word: str) -> bool:
    """Whether a word is a filter, or was meant as one."""
    return bool(_NAME.match(_straight(word))) or find_near(_first_part(word), _NEAR_NAMES) is not None


def read_filters(words: Iterable[str]) -> tuple[Filter, ...]:
    """The filters that words are; several about statuses are one.

    Raises:
        UserMistake: one of them means nothing, they contradict each other, or there are too many.
    """
    statuses: dict[bool, list[CallStatus]] = {}
    others: list[Filter] = []
    for word in words:
        match = _NAME.match(_straight(word))
        if match is None:
            raise UserMistake(_unknown(word))
        name, rest = match["name"].lower(), match["rest"]
        if name.endswith("status:"):
            statuses.setdefault(name[0] == "-", []).extend(read_statuses(name[:-1], rest))
        elif "duration" in name:
            others.append(_duration(name, rest))
        else:
            others.append(_variable(rest, is_negated=name[0] == "-"))
    by_status = [StatusFilter(statuses=frozenset(those), is_negated=each) for each, those in sorted(statuses.items())]
    filters = tuple(dict.fromkeys([*by_status, *others]))
    if len(filters) > _MOST:
        raise UserMistake(f"Those are {len(filters)} filters, and I take {_MOST} at most.")
    for contradiction in _contradictions(filters):
        raise UserMistake(contradiction)
    return filters


def spell_filters(filters: Iterable[Filter]) -> list[str]:
    """Filters as :func:`read_filters` reads them again, for a button to carry."""
    return [_spell(each) for each in filters]


def filters_words(filters: Sequence[Filter], *, is_masked: bool = False, longest: int = 1_500) -> str:
    """Filters in plain words, to be put after ``every call``, as mrkdwn; empty for none.

    Args:
        filters: which calls.
        is_masked: whether e-mail addresses and phone numbers in them are hidden.
        longest: how many characters of JSON they may take; those that take more are counted.
    """
    clauses = [_words(each, is_masked=is_masked) for each in filters]
    sizes = list(accumulate(len(json.dumps(clause)) for clause in clauses))
    shown = [clause for clause, size in zip(clauses, sizes, strict=True) if size <= longest]
    if left := len(clauses) - len(shown):
        shown.append(f"that {left} more {'filter agrees' if left == 1 else 'filters agree'} to")
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def variables_of(filters: Iterable[Filter]) -> tuple[str, ...]:
    """The variables that they are about: calls have to be read for it, and it tells somebody what these hold."""
    return tuple(each.name for each in filters if isinstance(each, VariableFilter))


def _straight(word: str) -> str:
    return word[:1].translate(DASHES) + word[1:]


def _first_part(word: str) -> str:
    return re.split(r"[:.<>=]", _straight(word), maxsplit=1)[0].lower()


def _duration(name: str, rest: str) -> DurationFilter:
    match = _DURATION.fullmatch(rest)
    parts = {unit: int(digits) for unit, digits in match.groupdict().items() if digits} if match else {}
    than = timedelta(**parts)
    if not parts or name.startswith("-"):
        raise UserMistake(f"I can't read {quoted(name + rest)}. {_HOW_LONG}")
    if not timedelta() < than <= _LONGEST_DURATION:
        raise UserMistake(
            f"A call is longer than nothing and shorter than a day, so {quoted(name + rest)} makes no sense."
        )
    return DurationFilter(than=than, is_longer=name.endswith(">"))


def _variable(rest: str, *, is_negated: bool) -> VariableFilter:
    match = _VARIABLE.fullmatch(rest)
    name, glob = (one_line(part.replace('"', "")) for part in (match.groups() if match else ("", "")))
    if not name or not glob:
        raise UserMistake(f"I can't read {quoted(f'var.{rest}')}. {_WHICH_VARIABLE}")
    if len(name) > _LONGEST_NAME or len(glob) > _LONGEST_VALUE:
        raise UserMistake(
            f"A variable's name has at most {_LONGEST_NAME} characters here, and its value {_LONGEST_VALUE}: "
            "`*` stands for any more of them."
        )
    return VariableFilter(name=name, glob=glob, is_negated=is_negated)


def _contradictions(filters: Sequence[Filter]) -> Iterator[str]:
    """What makes no call agree, or no difference, where that is plain to see."""
    by_status = {each.is_negated: each.statuses for each in filters if isinstance(each, StatusFilter)}
    wanted, unwanted = by_status.get(False, frozenset()), by_status.get(True, frozenset())
    if both := wanted & unwanted:
        yield f"You want calls that are {names_of(both)}, and you don't want them: no call can be both."
    if passing := unwanted - _FINAL:
        yield f"No call ends {names_of(passing, joint='or')}, so `-status:` would leave nothing out by that."
    if unwanted >= _FINAL:
        yield "That leaves no way in which a call may end, so no call would ever match."
    longer = [each.than for each in filters if isinstance(each, DurationFilter) and each.is_longer]
    shorter = [each.than for each in filters if isinstance(each, DurationFilter) and not each.is_longer]
    if longer and shorter and max(longer) >= min(shorter):
        yield (
            f"No call is longer than {_how_long(max(longer))} and at the same time shorter than "
            f"{_how_long(min(shorter))}."
        )
    if wanted and not yes_in(filters):
        yield (
            f"By the time the other filters can tell, a call isn't {names_of(wanted, joint='or')} any more: none would "
            "ever match."
        )
    for one in _about_variables(filters):
        for other in _about_variables(filters):
            if other.is_negated and not one.is_negated and _is_within(one, other):
                yield (
                    f"You want {quoted(f'var.{one.name}:{one.glob}')} and you don't want "
                    f"{quoted(f'var.{other.name}:{other.glob}')}: no call can be both."
                )


def _is_within(one: VariableFilter, other: VariableFilter) -> bool:
    """Whether whatever the one matches, the other does too, where that is plain to see."""
    if fold(one.name) != fold(other.name):
        return False
    mine, theirs = fold(one.glob), fold(other.glob)
    return mine == theirs or (not _GLOB & set(mine) and fnmatchcase(mine, theirs))


def _about_variables(filters: Iterable[Filter]) -> Iterator[VariableFilter]:
    return (each for each in filters if isinstance(each, VariableFilter))


def _spell(each: Filter) -> str:
    if isinstance(each, StatusFilter):
        names = ",".join(name for name, status in STATUS_NAMES.items() if status in each.statuses)
        return f"{'-' if each.is_negated else ''}status:{names}"
    if isinstance(each, DurationFilter):
        return f"duration{'>' if each.is_longer else '<'}{int(each.than.total_seconds())}s"
    return f'{"-" if each.is_negated else ""}var."{escape(each.name)}":"{escape(each.glob)}"'


def _words(each: Filter, *, is_masked: bool) -> str:
    if isinstance(each, StatusFilter):
        names = names_of(each.statuses, joint="or")
        if each.is_negated:
            return f"that ends in another way than {names}"
        return f"that {'ends' if each.statuses <= _FINAL else 'comes to be'} {names}"
    if isinstance(each, DurationFilter):
        return f"that lasts {'longer' if each.is_longer else 'less'} than {_how_long(each.than)}"
    glob = mask_text(each.glob) if is_masked else each.glob
    verb = (
        ("isn't like" if each.is_negated else "is like")
        if _GLOB & set(glob)
        else ("isn't" if each.is_negated else "is")
    )
    return f"whose {code(cut(each.name, _SHOWN_CHARACTERS))} {verb} {code(cut(glob, _SHOWN_CHARACTERS))}"


def _how_long(duration: timedelta) -> str:
    """``1 hour 30 minutes``, ``10 seconds``."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count)


def _unknown(word: str) -> str:
    near = find_near(_first_part(word), _NEAR_NAMES) or ""
    if near.endswith("duration"):
        return f"I can't read {quoted(word)}. {_HOW_LONG}"
    if near.endswith("status"):
        return f"I don't know {quoted(word)}. Did you mean `{near}:`, as in `{near}:unanswered,rejected`?"
    return f"I can't read {quoted(word)}. {_WHICH_VARIABLE}"
