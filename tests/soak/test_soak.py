"""The soak, short: ``make soak`` runs it for a quarter of an hour."""

import pytest

from tests.soak.growth import TOLERANCES, follow_course
from tests.soak.run import A_FEW, soak


@pytest.mark.timeout(120)
async def test_a_bot_in_bad_weather_does_not_grow() -> None:
    soaked = await soak(15.0, times=30.0)

    assert soaked.exit_code == 0
    assert soaked.bugs == []
    assert {"calls", "look-ups", "follows", "presses", "storms"} <= set(soaked.done), soaked.done
    # In so short a time a busy machine makes the thirds unlike: so it is what remains once nothing is to be done.
    before, after = soaked.samples[0], soaked.rested
    assert after["tasks"] <= before["tasks"] + A_FEW
    assert after["threads"] <= before["threads"] + 1
    assert after["file descriptors"] < before["file descriptors"] + soaked.done["calls"] / 2
    assert after["rows"] < soaked.done["calls"] * 0.75, "little was pruned"


@pytest.mark.parametrize("name", TOLERANCES)
def test_what_becomes_more_and_more_has_grown(name: str) -> None:
    course = follow_course(name, [{name: 100.0 + 4 * number} for number in range(90)])
    assert course.has_grown
    assert course.thirds == (158.0, 278.0, 398.0)
    assert course.most == 456.0


@pytest.mark.parametrize("name", TOLERANCES)
def test_what_comes_and_goes_or_only_begins_with_more_has_not(name: str) -> None:
    for values in ([100.0, 150.0] * 45, [200.0] * 30 + [100.0] * 60, [100.0] * 30 + [200.0] * 60):
        assert not follow_course(name, [{name: value} for value in values]).has_grown
