"""Foreign text made harmless."""

import pytest

from bot.core import foreign


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("tab\tand\rreturn", "tab and return"),
        ("\x00\x1b[31m\x7f\x85", "  [31m  "),
        ("\u202egnp\u2066.\u200bexe\ufeff\u00ad", "gnp.exe"),
        ("half \ud83d", "half ?"),
        ("Jürgen 💥 👨\u200d👩\u200d👧", "Jürgen 💥 👨\u200d👩\u200d👧"),
    ],
)
def test_clean_text_has_no_controls_and_no_tricks(text: str, cleaned: str) -> None:
    assert foreign.clean(text) == cleaned


def test_one_line_is_one_line() -> None:
    assert foreign.one_line("  a\n\n b\u2028c\t\x00d \u200b") == "a b c d"
    assert foreign.one_line("\u200b\n ") == ""
