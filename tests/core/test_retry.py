"""How long is waited after something failed."""

from datetime import timedelta

import pytest

from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable, SlackUnavailable
from bot.core.retry import retry_wait

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(seconds=60)


def wait(error: BotError, failures: int = 0, *, dice: float = 0.0) -> float:
    return retry_wait(error, failures, shortest=SHORTEST, longest=LONGEST, dice=lambda: dice).total_seconds()


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (20, 60), (21, 60), (1_000_000, 60)]
)
@pytest.mark.parametrize("error", [SamoraUnavailable("x"), SamoraRefused("x"), CallNotFound("x")])
def test_each_failure_in_a_row_doubles_the_wait_up_to_the_longest(
    error: BotError, failures: int, seconds: float
) -> None:
    assert wait(error, failures) == seconds


@pytest.mark.parametrize(
    ("asked", "failures", "seconds"),
    [
        (None, 3, 8),
        (0.0, 3, 8),
        (5.0, 3, 8),
        (30.0, 3, 30),
        (3600.0, 0, 3600),
        (3600.0, 9, 3600),
        (86_400.0, 0, 86_400),
        (1e300, 0, 86_400),
        (float("inf"), 0, 86_400),
    ],
)
def test_what_the_other_side_asks_for_is_obeyed_up_to_a_day(asked: float | None, failures: int, seconds: float) -> None:
    assert wait(SlackUnavailable("ratelimited", retry_after=asked), failures) == seconds


@pytest.mark.parametrize(("dice", "seconds"), [(0.0, 30.0), (0.5, 31.5), (1.0, 33.0)])
def test_jitter_only_ever_adds_so_that_nobody_comes_too_early(dice: float, seconds: float) -> None:
    assert wait(SlackUnavailable("ratelimited", retry_after=30.0), dice=dice) == pytest.approx(seconds)
