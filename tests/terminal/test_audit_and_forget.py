"""``samora-bot audit`` and ``samora-bot forget``: with nothing but the database, and what ends how."""

import asyncio
import csv
import io
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_mock import MockerFixture
from typer.testing import CliRunner

from bot.cli import app
from bot.core.audit import AuditAction, AuditEntry
from bot.core.errors import UserMistake
from bot.settings import SocketSettings
from bot.storage.migrate import migrate
from bot.storage.opening import open_database
from bot.storage.schema import metadata
from bot.storage.store import Store
from bot.terminal.audit import _WORDS, Wish
from tests.core.making import FakeClock
from tests.factories import CHANNEL, TEAM, USER, make_call_id
from tests.storage.acting import Actor

JON = "U0JON"
CALL = str(make_call_id(1))
COMMANDS = pytest.mark.parametrize("command", [("audit",), ("forget", JON, "--yes")])
STAYS = "Cards and messages that are in Slack already stay there"
NOW = datetime(2026, 11, 8, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mocker: MockerFixture) -> None:
    """A folder and an environment with nothing but ``DATABASE_URL``."""
    monkeypatch.chdir(tmp_path)
    for name in SocketSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/kept.db")
    mocker.patch("bot.log.set_up_logging")


def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(app, list(arguments), input=typed, env={"COLUMNS": "60"})
    assert result.exception is None or isinstance(result.exception, SystemExit), "a traceback reached the person"
    return result.exit_code, result.stdout, result.stderr


def write(work: Callable[[Actor], Awaitable[Any]]) -> Any:
    """Does something in the database that the commands will look into."""

    async def do() -> Any:
        database = open_database("sqlite:///kept.db")
        await migrate(database)
        clock = FakeClock()
        result = await work(Actor(Store(database=database, clock=clock, team_id=lambda: TEAM), database, clock))
        await database.close()
        return result

    return asyncio.run(do())


def fill(*entries: AuditEntry) -> None:
    async def add(actor: Actor) -> None:
        for entry in entries:
            await actor.store.audit.add(entry)

    write(add)


def make_entry(hour: int = 9, **changes: Any) -> AuditEntry:
    at = datetime(2026, 11, 1, hour, 30, tzinfo=UTC)
    entry: dict[str, Any] = {"at": at, "team_id": TEAM, "user_id": USER, "call_id": make_call_id(1)}
    return AuditEntry(**entry | {"action": AuditAction.RECORDING, "channel_id": CHANNEL} | changes)


def words(text: str) -> list[list[str]]:
    """The cells of a table's rows."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


# audit


def test_the_newest_act_comes_first_and_no_row_is_folded() -> None:
    fill(make_entry(), make_entry(10, user_id=JON, action=AuditAction.END))

    code, out, err = run("audit")

    assert (code, err) == (0, "")
    head, *rows = words(out)
    assert head == ["When (UTC)", "Who", "Did what", "Call", "Channel"]
    assert rows == [
        ["2026-11-01 10:30:00", JON, "ended that", CALL, CHANNEL],
        ["2026-11-01 09:30:00", USER, "was handed the recording", CALL, CHANNEL],
    ]


def test_every_action_has_words() -> None:
    assert set(_WORDS) == set(AuditAction)


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        ((), [12, 11, 10, 9]),
        (("--call", CALL), [11, 9]),
        (("--call", f"https://app.samora.ai/calls/{CALL.upper()}"), [11, 9]),
        (("--user", JON), [12, 11]),
        (("--since", "2026-11-01T10:30"), [12, 11, 10]),
        (("--since", "2026-11-01T16:00+05:30"), [12, 11, 10]),
        (("--since", "2026-11-01T11:00Z", "--user", JON, "--call", CALL), [11]),
        (("--since", "2026-11-01"), [12, 11, 10, 9]),
        (("--limit", "4"), [12, 11, 10, 9]),
    ],
)
def test_what_is_asked_for(asked: tuple[str, ...], hours: list[int]) -> None:
    fill(
        *(
            make_entry(hour, call_id=make_call_id(2 - hour % 2), user_id=(USER, JON)[hour // 11])
            for hour in range(9, 13)
        )
    )

    code, out, err = run("audit", "--csv", *asked)

    assert (code, err) == (0, "")
    assert [int(row["at"][11:13]) for row in csv.DictReader(io.StringIO(out))] == hours


def test_csv_is_rfc_4180_with_a_head_and_times_in_utc() -> None:
    fill(make_entry(channel_id=""), make_entry(10, action=AuditAction.END))

    written = CliRunner().invoke(app, ["audit", "--csv"]).stdout_bytes.decode()

    assert written == (
        "at,team_id,user_id,action,call_id,channel_id\r\n"
        f"2026-11-01T10:30:00.000+00:00,{TEAM},{USER},end,{CALL},{CHANNEL}\r\n"
        f"2026-11-01T09:30:00.000+00:00,{TEAM},{USER},recording,{CALL},\r\n"
    )


@pytest.mark.parametrize("form", [(), ("--csv",)])
def test_it_says_when_there_is_more(form: tuple[str, ...]) -> None:
    fill(*(make_entry(hour) for hour in range(3)))

    code, out, err = run("audit", "--limit", "2", *form)

    assert code == 0
    assert "These are the newest 2. There are more" in (err if form else out)
    assert out.count(CALL) == 2
    assert "There are more" not in "".join(run("audit", "--limit", "3", *form)[1:])


@pytest.mark.parametrize(
    ("asked", "said"),
    [((), "Nothing is in the audit yet."), (("--user", JON), "Nothing like that is in the audit.")],
)
def test_nothing_is_said_in_a_sentence(asked: tuple[str, ...], said: str) -> None:
    fill()
    assert run("audit", *asked) == (0, f"{said}\n", "")
    code, out, err = run("audit", "--csv", *asked)
    assert (code, out.count("\n"), err) == (0, 1, f"{said}\n")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--call", "nonsense"), "That isn't a call id."),
        (("--call", f"{CALL} {make_call_id(2)}"), "That isn't a call id."),
        (("--user", "mira"), "That isn't a person's id."),
        (("--since", "yesterday"), "That isn't a time."),
        (("--since", "0001-01-01T00:00+05:30"), "That isn't a time."),
        (("--limit", "0"), "limit"),
    ],
)
def test_what_can_not_be_asked_for_ends_with_2(asked: tuple[str, ...], said: str) -> None:
    code, out, err = run("audit", *asked)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("0d", NOW),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30+05:30", datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("", None),
    ],
)
def test_since_when(text: str, since: datetime | None) -> None:
    assert Wish.read(call="", user="", since=text, limit=1, now=NOW).since == since


@pytest.mark.parametrize("text", ["d", "-7d", "7 d", "7h", "2026-13-01", "123456d"])
def test_since_never(text: str) -> None:
    with pytest.raises(UserMistake, match="isn't a time"):
        Wish.read(call="", user="", since=text, limit=1, now=NOW)


@COMMANDS
def test_a_database_that_does_not_answer_is_said_with_what_to_do(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/x")
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert "The database doesn't answer" in err


@COMMANDS
def test_a_wrong_address_of_the_database_ends_with_2(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://x")
    code, _, err = run(*command)
    assert (code, err.split()[0]) == (2, "DATABASE_URL")


@COMMANDS
def test_a_database_that_is_not_there_is_not_made(command: tuple[str, ...], tmp_path: Path) -> None:
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert err == f"There is no database: {tmp_path}/kept.db. Is DATABASE_URL right, and this the bot's folder?\n"
    assert list(tmp_path.iterdir()) == []


@COMMANDS
@pytest.mark.parametrize("statements", ["", "CREATE TABLE songs (title TEXT)"])
def test_a_database_without_our_tables_is_left_as_it_is(
    command: tuple[str, ...], statements: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)
    file.touch()
    before = file.read_bytes()
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert "The bot's tables are not in this database." in err
    assert "Start the bot once" in err
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"kept.db": before}


@COMMANDS
@pytest.mark.parametrize(
    ("revision", "said"),
    [("0003", "older than this bot (revision 0003). Start the bot once"), ("9999", "newer than this bot")],
)
def test_tables_of_another_revision_are_not_migrated(command: tuple[str, ...], revision: str, said: str) -> None:
    write(follow)
    with closing(sqlite3.connect("kept.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?, compatible_since = ?", [revision] * 2)
        connection.commit()
        code, out, err = run(*command)
        assert (code, out) == (1, "")
        assert said in err
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
        assert connection.execute("SELECT count(*) FROM audit").fetchall() == [(2,)]


# forget


async def follow(actor: Actor) -> None:
    await actor.follow("sub-1", n=1, creator_id=JON)
    await actor.follow("sub-2", n=1, creator_id=USER, channel_id="C2")
    await actor.see("CALL_FINISHED")


def holding(value: str) -> set[str]:
    async def look(actor: Actor) -> set[str]:
        return {name for name, table in metadata.tables.items() if value in str(await actor.rows(table))}

    result: set[str] = write(look)
    return result


@pytest.mark.parametrize(
    ("named", "kept_as", "erased"),
    [
        (CALL, CALL, "Erased: 1 followed call, 2 subscriptions, 2 notices, 2 rows of the audit."),
        (f"call {CALL.upper()}", CALL, "Erased: 1 followed call, 2 subscriptions, 2 notices, 2 rows of the audit."),
        (JON, JON, "Erased: 1 subscription, 1 notice, 1 row of the audit."),
        ("W0NOBODY", "W0NOBODY", "Nothing is kept about that."),
    ],
)
@pytest.mark.parametrize("asks", [False, True])
def test_it_says_what_was_erased_and_what_stays_in_slack(named: str, kept_as: str, erased: str, asks: bool) -> None:
    write(follow)

    code, out, err = run("forget", named, typed="y\n") if asks else run("forget", named, "--yes")

    assert (code, err) == (0, "")
    assert erased in out
    assert STAYS in out
    assert ("Erase all that is kept about" in out) is asks
    assert holding(kept_as) == set()


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_erased(typed: str) -> None:
    write(follow)
    code, out, _ = run("forget", CALL, typed=typed)
    assert code == 1
    assert STAYS not in out
    assert holding(CALL) == {"followed_calls", "subscriptions", "audit"}


@pytest.mark.parametrize("named", ["", "mira", "C0OPS", "u0mira", f"{CALL} {make_call_id(2)}", "U"])
def test_what_is_neither_a_call_nor_a_person_ends_with_2(named: str) -> None:
    code, out, err = run("forget", named, "--yes")
    assert (code, out) == (2, "")
    assert "That isn't a call id." in err
    assert "That isn't a person's id." in err
