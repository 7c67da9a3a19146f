"""The checks of the database against both of them: which one it is, what it holds, and how much there is to do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.check.database import check_database, check_queue, database_check, queue_check
from bot.check.engine import run_checks
from bot.core.errors import StoreUnavailable
from bot.core.figures import Figures
from bot.core.findings import Finding, State
from bot.storage.database import Database
from bot.storage.migrate import migrate
from bot.storage.opening import open_database
from bot.storage.schema import HEAD
from bot.storage.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bot.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    yield database
    await database.close()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """An SQLite database with tables: which one it is makes no difference where figures are merely told."""
    database = open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    await migrate(database)
    yield database
    await database.close()


async def look(database: Database) -> Finding:
    async def ask() -> list[Finding]:
        return await check_database(database)

    (finding,) = await run_checks([database_check(ask)])
    return finding


async def queue(database: Database, figures: Figures | Exception) -> list[Finding]:
    async def measure() -> Figures:
        if isinstance(figures, Exception):
            raise figures
        return figures

    async def ask() -> list[Finding]:
        return await check_queue(database, measure)

    return await run_checks([queue_check(ask)])


async def set_revision(database: Database, revision: str, *, since: str | None = None) -> None:
    changing = "UPDATE alembic_version SET version_num = :revision, compatible_since = :since"
    async with database.transaction() as connection:
        await connection.execute(text(changing), {"revision": revision, "since": since or revision})


# The database


async def test_it_says_which_one_it_is_of_which_version_with_which_tables(database: Database, url: str) -> None:
    await migrate(database)

    finding = await look(database)

    kind, version, *_ = finding.detail.split(" ")
    assert (finding.name, finding.state, finding.advice) == ("Database", State.FINE, "")
    assert kind == ("SQLite" if url.startswith("sqlite") else "PostgreSQL")
    assert int(version.split(".")[0]) >= 3
    assert f", tables of revision {HEAD}, " in finding.detail
    assert finding.detail.endswith(" ms")


async def test_without_tables_it_is_fine_before_the_first_start(database: Database) -> None:
    finding = await look(database)

    assert finding.state is State.FINE
    assert "the bot makes them when it starts" in finding.detail


async def test_tables_of_an_older_bot_are_fine_and_are_to_be_upgraded(file: Database) -> None:
    await set_revision(file, "0001")

    finding = await look(file)

    assert finding.state is State.FINE
    assert f"tables of revision 0001, which the bot brings to {HEAD} when it starts" in finding.detail


async def test_tables_of_a_newer_bot_are_refused_with_what_to_do(file: Database) -> None:
    await set_revision(file, "9999")

    finding = await look(file)

    assert finding.state is State.BROKEN
    assert "newer than this bot" in finding.detail
    assert finding.advice


async def test_tables_of_a_newer_bot_that_are_fit_for_this_one_are_fine_and_counted(file: Database) -> None:
    await set_revision(file, "9999", since=HEAD)

    finding = await look(file)

    assert finding.state is State.FINE
    assert f"tables of revision 9999, made by a newer bot and fit for this one ({HEAD})" in finding.detail
    assert [each.name for each in await queue(file, Figures())] == ["Queue", "Webhooks"]


async def test_one_that_does_not_answer_comes_with_advice_and_without_its_user() -> None:
    database = open_database("postgresql://nobody:geheim@127.0.0.1:1/nothing")

    finding = await look(database)
    await database.close()

    assert (finding.state, finding.detail) == (State.BROKEN, "OperationalError")
    assert "DATABASE_URL" in finding.advice
    assert "nobody" not in repr(finding)
    assert "geheim" not in repr(finding)


# The queue


async def test_an_empty_queue_is_counted_in_the_real_tables(database: Database) -> None:
    await migrate(database)
    store = Store(database=database, clock=lambda: datetime.now(UTC), team_id=lambda: "T0OURS")

    async def ask() -> list[Finding]:
        return await check_queue(database, store.measure)

    detail = "calls due: 0, notices to post: 0, cards to draw: 0, subscriptions active: 0, paused: 0"
    assert await run_checks([queue_check(ask)]) == [
        Finding(name="Queue", state=State.FINE, detail=detail),
        Finding(name="Webhooks", state=State.FINE, detail="none came yet: calls are looked at every few seconds"),
    ]


async def test_what_is_waiting_says_since_when(file: Database) -> None:
    figures = Figures(
        calls_due=3, late_seconds=59.9, notices_owed=2, oldest_notice_seconds=299.9, cards_old=4, active=6, paused=5
    )

    finding, _webhooks = await queue(file, figures)

    assert (finding.state, finding.advice) == (State.FINE, "")
    assert finding.detail == (
        "calls due: 3 (the oldest for 59s), notices to post: 2 (the oldest for 4m 59s), cards to draw: 4, "
        "subscriptions active: 6, paused: 5"
    )


@pytest.mark.parametrize(
    "figures",
    [Figures(calls_due=1, late_seconds=61), Figures(notices_owed=1, oldest_notice_seconds=301)],
    ids=["calls", "notices"],
)
async def test_a_queue_that_is_behind_is_a_remark_that_says_what_to_do(file: Database, figures: Figures) -> None:
    finding, _webhooks = await queue(file, figures)

    assert finding.state is State.REMARK
    assert "SAMORA_RATE" in finding.advice


async def test_a_database_that_goes_away_while_it_counts_is_a_line(file: Database) -> None:
    assert await queue(file, StoreUnavailable("57P01")) == [
        Finding(
            name="Queue",
            state=State.BROKEN,
            detail="57P01",
            advice="See what is said of the database, and try again in a moment.",
        )
    ]


async def test_where_there_are_no_tables_there_is_nothing_to_count(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'empty.db'}")

    assert await queue(database, AssertionError("asked")) == []
    await database.close()


async def test_of_a_database_that_does_not_answer_its_own_line_says_enough() -> None:
    database = open_database("postgresql://nobody@127.0.0.1:1/nothing")

    assert await queue(database, AssertionError("asked")) == []
    await database.close()
