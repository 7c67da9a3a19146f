"""Masking: what others may see of a variable that holds somebody's e-mail address or phone number."""

import re
from collections.abc import Mapping

# Invisible characters between digits hide a number from no reader, so they separate digits like blanks and dashes do.
_GAP = r"[\s().\-/\u2010-\u2015\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]{0,4}"
_WORD = r"""[^\s@＠<>()\[\]{},;:"'|]"""

# One pass, first match wins: ids and dates are digits and dashes too, but nobody's number, and stay readable.
_PERSONAL = re.compile(
    rf"""
    (?P<keep>
        (?<![0-9A-Za-z])[0-9A-Fa-f]{{8}}-(?:[0-9A-Fa-f]{{4}}-){{3}}[0-9A-Fa-f]{{12}}(?![0-9A-Za-z])
        | (?<![0-9])[0-3]?[0-9][-/.][0-3]?[0-9][-/.](?:19|20)[0-9]{{2}}(?![0-9])
        | (?<![0-9])(?:19|20)[0-9]{{2}}[-/.][01][0-9][-/.][0-3][0-9]
          (?:[T\ ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?(?![0-9])
    )
    | (?P<email>(?<!{_WORD})(?:{_WORD}++[@＠])+{_WORD}+)
    | (?P<phone>[+＋]?\(?\d(?:{_GAP}\d){{6,24}})
    """,
    re.VERBOSE,
)

# Shorter numbers are prices and orders more often than telephones, unless they are written in groups like one.
_FEWEST_DIGITS = 9
_GROUPED = re.compile(r"\d[\s()\-/\u2010-\u2015]+\d")
_DOTS = "••••"


def mask(value: object) -> object:
    """A JSON value as others may see it: e-mail addresses and phone numbers hidden, at any depth, in keys too.

    ``jane@example.com`` becomes ``j•••@example.com`` and ``+91 98765 43210`` becomes ``+91 •••• ••10``.
    """
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        masked = mask_text(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, Mapping):
        return {mask_text(str(key)): mask(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask(inner) for inner in value]
    return mask_text(str(value))


def mask_text(text: str) -> str:
    """A text with every e-mail address and phone number in it hidden."""
    return _PERSONAL.sub(_hide, text)


def _hide(match: re.Match[str]) -> str:
    found = match.group()
    if match["email"]:
        return f"{found[0]}•••@{found.replace('＠', '@').rpartition('@')[2]}"
    if match["phone"]:
        return _hide_phone(found)
    return found


def _hide_phone(found: str) -> str:
    digits = [character for character in found if character.isdigit()]
    international = found[0] in "+＋"
    if len(digits) < _FEWEST_DIGITS and not international and not _GROUPED.search(found):
        return found
    last = "".join(digits[-2:])
    return f"+{''.join(digits[:2])} {_DOTS} ••{last}" if international else f"{_DOTS} ••{last}"
