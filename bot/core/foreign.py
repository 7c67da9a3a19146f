"""Foreign text: what strangers wrote, made harmless to read."""

import re
import unicodedata

# Characters that nobody sees, and that reorder or part their neighbours: bidirectional controls, soft hyphens, joiners
# of words, variation selectors, annotations. The joiners U+200C and U+200D stay: Hindi and Persian need them.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]"
)
_CONTROLS = {code_point: " " for code_point in (*range(32), *range(127, 160)) if chr(code_point) != "\n"}


def clean(text: str) -> str:
    """The text without control characters, halves of characters, and characters that nobody sees; lines stay."""
    if text.isascii() and text.isprintable():
        return text  # as most are
    return _UNSEEN.sub("", text.encode("utf-8", "replace").decode()).translate(_CONTROLS)


def one_line(text: str) -> str:
    """The text, clean, and on one line with single blanks."""
    return " ".join(clean(text).split())


def fold(text: str) -> str:
    """A text as people compare it: two that look the same are the same, whatever characters they are written with."""
    return unicodedata.normalize("NFKC", one_line(text)).casefold()
