"""Each fault on each line: the asker is told in time, and what is owed comes once when it is over."""

import re

import pytest

from tests.chaos.scenarios import DOCUMENT, SCENARIOS, Scenario, open_place, play
from tests.postgres import Postgres

# The others wait for the bot's own time-outs; `make chaos` plays them, too.
QUICK = [each for each in SCENARIOS if each.within <= 15]


@pytest.mark.parametrize("scenario", QUICK, ids=lambda each: f"{each.line}: {each.fault}")
async def test_a_fault_is_told_in_time_and_loses_nothing(scenario: Scenario, postgres: Postgres) -> None:
    try:
        async with open_place(postgres, scenario) as place:
            outcome = await play(scenario, place)
    except PermissionError as reason:
        pytest.skip(str(reason))

    assert outcome.saw


def test_the_table_has_every_scenario_and_no_other() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    shown = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
    assert [(row[0], row[1]) for row in shown] == [(each.line, each.fault) for each in SCENARIOS]
    for row, scenario in zip(shown, SCENARIOS, strict=True):
        assert row[2].strip("“”").startswith(scenario.sees), row
