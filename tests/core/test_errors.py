"""The error tree: drawn at the top of its module, and true."""

import re

import pytest

from bot.core import errors
from bot.core.errors import BotError, PermanentError, SamoraUnavailable, SlackUnavailable, TemporaryError

ALL = [value for value in vars(errors).values() if isinstance(value, type)]


def drawn_parents() -> dict[str, str]:
    """The drawing, as class → parent."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if not (drawn := re.match(r"( {4}[│├└─ ]*)([A-Z]\w+)( {2,}|$)", line)):
            continue
        depth, name = len(drawn[1]), drawn[2]
        path = [(above, parent) for above, parent in path if above < depth]
        parents[name] = path[-1][1] if path else "Exception"
        path.append((depth, name))
    return parents


def test_the_drawing_is_the_tree() -> None:
    assert drawn_parents() == {error.__name__: error.__bases__[0].__name__ for error in ALL}


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_reason_that_is_its_text(error: type[BotError]) -> None:
    raised = error("a few words")
    assert raised.reason == str(raised) == "a few words"
    assert isinstance(raised, BotError)


@pytest.mark.parametrize("error", [TemporaryError, SamoraUnavailable, SlackUnavailable])
def test_a_temporary_error_may_say_when_to_come_back(error: type[TemporaryError]) -> None:
    assert error("busy", retry_after=2.5).retry_after == 2.5
    assert error("busy").retry_after is None


@pytest.mark.parametrize("error", ALL)
def test_no_error_is_both_temporary_and_permanent(error: type[BotError]) -> None:
    assert not (issubclass(error, TemporaryError) and issubclass(error, PermanentError))
