"""``make chaos``: plays every scenario, and writes what came of it into docs/chaos.md."""

import asyncio

from tests.chaos.scenarios import DOCUMENT, NOTHING, SCENARIOS, Outcome, Scenario, open_place, play
from tests.postgres import Postgres, open_postgres

HEAD = """# What each fault does

A call is followed. Then a line is disturbed: between the bot and Slack, Samora or the database. Somebody asks something
(a look-up; where the database is disturbed, `subscribe`), the followed call changes, the fault ends, and the call
changes again. What the asker saw and when, and when the first notice came, are of one run of `make chaos` on a busy
machine with two cores, and so are the sentences. In every row both notices came, once each and in order: else the run
fails. The same scenarios are tests (`tests/chaos`).

| line | fault | what the asker saw | after | what is kept | told after the fault ended |
|---|---|---|---|---|---|
"""

FOOT = """
The full disk is played for PostgreSQL with a small one that holds the database's tables, filled to the last page. Its
write-ahead log is elsewhere: where that can't grow the server stops by itself, as in the row of the stopped server. For
SQLite it is played by a limit on how large the bot's files may grow.
"""


def row(scenario: Scenario, outcome: Outcome) -> str:
    """One line of the table."""
    first = outcome.saw.splitlines()[0].split(". Agent")[0]
    for word in first.split():
        if word.count("-") == 4:
            first = first.replace(word, "…")
    saw = first if outcome.saw == NOTHING else f"“{first[:100]}”"
    cells = [scenario.line, scenario.fault, saw, f"{outcome.after:.1f} s", "both notices, once each"]
    return "| " + " | ".join(each.replace("|", "\\|") for each in (*cells, f"{outcome.recovered:.1f} s")) + " |"


async def rows(postgres: Postgres) -> list[str]:
    """Every scenario, one after the other."""
    lines = []
    for scenario in SCENARIOS:
        async with open_place(postgres, scenario) as place:
            lines.append(row(scenario, await play(scenario, place)))
        print(lines[-1])
    return lines


if __name__ == "__main__":
    with open_postgres() as server:
        table = asyncio.run(rows(server))
    DOCUMENT.write_text(HEAD + "\n".join(table) + "\n" + FOOT, encoding="utf-8")
