"""Masking: what others may see of a variable that holds somebody's e-mail address or phone number.

It errs on the side of hiding: an order number of ten digits is masked too, and *Show all* shows it to whoever asks.
"""

import re
from collections.abc import Callable, Mapping

from bot.core.foreign import clean

# What may stand between the digits of a number: blanks, brackets, dashes of all kinds, joiners.
_GAP = r"[\s().\-/\u200c\u200d\u2010-\u2015\u2212]*+"
_NAME = r"""(?>(?:(?!%40)[^\s@＠<>()\[\],;:|=&?/{}])+)"""
_AT = r"(?:[@＠]|%40)"

_PHONE = rf"[+＋]?\(?\d(?:{_GAP}\d){{6,}}"

# A name may hold quotes and be followed by sixteen "@", all of it atomic: each character is looked at a bounded number
# of times, whatever a stranger wrote. (Atomic, not possessive: up to Python 3.11.4 a possessive group may find nothing,
# see gh-106052.)
# One pass, first match wins: ids and dates are digits and dashes too, but nobody's number, and stay readable.
_PERSONAL = re.compile(
    rf"""
    (?P<keep>
        (?<![0-9A-Za-z])[0-9A-Fa-f]{{8}}-(?:[0-9A-Fa-f]{{4}}-){{3}}[0-9A-Fa-f]{{12}}(?![0-9A-Za-z])
        | (?<![0-9])[0-3]?[0-9][-/.][0-3]?[0-9][-/.](?:19|20)[0-9]{{2}}(?![-/.]?[0-9])
        | (?<![0-9])(?:19|20)[0-9]{{2}}[-/.][01][0-9][-/.][0-3][0-9]
          (?:[T\ ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?
          (?![-/.]?[0-9])
    )
    | (?P<email>
        (?<![^\s@＠<>()\[\],;:|=&?/{{}}])
        (?>(?:{_NAME}{_AT}){{1,16}})(?:\[[^\]\s]{{1,64}}\]|[\w.\-\u200c\u200d]+)
    )
    | (?P<phone>{_PHONE})
    """,
    re.VERBOSE,
)
_LAST_AT = re.compile(rf".*{_AT}", re.DOTALL)

# Shorter numbers are prices and orders more often than telephones, unless they are written in groups like one.
_FEWEST_DIGITS = 9
_GROUPED = re.compile(r"\d[\s()\-/\u2010-\u2015\u2212]+\d|\d{2,}\.\d{2,}\.\d{2,}")
_DOTS = "••••"


def join_path(path: str, name: str) -> str:
    """The path of what has that name in what has that path; an empty one is the top's."""
    return f"{path}.{name}" if path else name


def _nothing(_path: str) -> bool:
    return False


def mask(value: object, *, is_shown: Callable[[str], bool] = _nothing, path: str = "") -> object:
    """A JSON value as others may see it: e-mail addresses and phone numbers hidden, at any depth, in keys too.

    ``jane@example.com`` becomes ``j•••@example.com`` and ``+91 98765 43210`` becomes ``+91 •••• ••10``.

    Args:
        value: the value.
        is_shown: whether what has a path, as :func:`join_path` makes them, stays as it is, with its name.
        path: the value's own path.
    """
    if is_shown(path):
        return value
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Mapping):
        return mask_object(value, is_shown=is_shown, path=path)
    if isinstance(value, list | tuple):
        return [mask(inner, is_shown=is_shown, path=path) for inner in value]
    masked = mask_text(str(value))
    return value if masked == str(value) else masked


def mask_text(text: str) -> str:
    """A text, clean, with every e-mail address and phone number in it hidden."""
    return _PERSONAL.sub(_hide, clean(text))


def mask_object(
    value: Mapping[object, object], *, is_shown: Callable[[str], bool] = _nothing, path: str = ""
) -> dict[str, object]:
    """Like :func:`mask`, for a JSON object."""
    masked: dict[str, object] = {}
    for key, inner in value.items():
        inner_path = join_path(path, str(key))
        name = shown = str(key) if is_shown(inner_path) else mask_text(str(key))
        number = 1
        # Two addresses may look alike once they are masked, and neither value may get lost.
        while shown in masked:
            number += 1
            shown = f"{name} ({number})"
        masked[shown] = mask(inner, is_shown=is_shown, path=inner_path)
    return masked


def _hide(match: re.Match[str]) -> str:
    found = match.group()
    if match["email"]:
        domain = _LAST_AT.sub("", found)
        first = next(filter(str.isalnum, found), "")
        return f"{first}•••@{re.sub(_PHONE, lambda phone: _hide_phone(phone.group()), domain)}"
    return _hide_phone(found) if match["phone"] else found


def _hide_phone(found: str) -> str:
    digits = [character for character in found if character.isdigit()]
    international = found[0] in "+＋"
    if len(digits) < _FEWEST_DIGITS and not international and not _GROUPED.search(found):
        return found
    last = "".join(digits[-2:])
    return f"+{''.join(digits[:2])} {_DOTS} ••{last}" if international else f"{_DOTS} ••{last}"
