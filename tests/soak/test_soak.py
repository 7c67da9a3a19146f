"""The soak, short: ``make soak`` runs it for a quarter of an hour."""

import pytest

from tests.soak.day import BUSY_DAY
from tests.soak.growth import TOLERANCES, follow_course
from tests.soak.run import soak

# In so short a time memory is not warm yet: that is for the long one.
_TOLD_AT_ONCE = ("file descriptors", "tasks", "threads", "rows")


@pytest.mark.timeout(120)
async def test_a_bot_in_bad_weather_does_not_grow() -> None:
    soaked = await soak(15.0, times=100.0)

    assert soaked.exit_code == 0
    assert soaked.bugs == []
    assert set(BUSY_DAY) | {"storms"} <= set(soaked.done), soaked.done
    assert soaked.rows["notices"] < soaked.done["follows"] * 5, "nothing was pruned"
    assert [course for course in soaked.courses() if course.has_grown and course.name in _TOLD_AT_ONCE] == []


@pytest.mark.parametrize("name", TOLERANCES)
def test_what_becomes_more_and_more_has_grown(name: str) -> None:
    course = follow_course(name, [{name: 100.0 + number} for number in range(90)])
    assert course.has_grown
    assert course.thirds == (114.5, 144.5, 174.5)
    assert course.most == 189.0


@pytest.mark.parametrize("name", TOLERANCES)
def test_what_comes_and_goes_or_only_begins_with_more_has_not(name: str) -> None:
    for values in ([100.0, 150.0] * 45, [200.0] * 30 + [100.0] * 60, [100.0] * 30 + [200.0] * 60):
        assert not follow_course(name, [{name: value} for value in values]).has_grown
