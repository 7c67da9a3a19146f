import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.storage.database import Database, StorageError
from bot.storage.opening import open_database
from tests.postgres import Postgres


class TestSqlite:
    @pytest.mark.parametrize("form", ["sqlite:///{}", "sqlite:////{}"])
    async def test_a_file_for_our_user_alone(self, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        path = tmp_path / "bot.db"
        database = open_database(form.format("bot.db" if form.count("/") == 3 else str(path)[1:]))
        async with database.writing() as connection:
            await connection.execute(text("CREATE TABLE a (b INTEGER)"))
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in os.scandir(tmp_path)}
        assert modes == {"bot.db": 0o600, "bot.db-wal": 0o600, "bot.db-shm": 0o600}
        await database.close()

    async def test_a_file_that_is_there_keeps_its_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "bot.db"
        path.touch(0o640)
        await open_database(f"sqlite:///{path}").close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    async def test_what_it_is_asked_for(self, tmp_path: Path) -> None:
        database = open_database(f"sqlite:///{tmp_path / 'bot.db'}")
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "secure_delete": 1}
        wanted |= {"temp_store": 2}
        async with database.reading() as connection:
            for name, value in wanted.items():
                assert (await connection.execute(text(f"PRAGMA {name}"))).scalar() == value
        await database.close()

    @pytest.mark.parametrize(
        ("url", "sentence"),
        [
            ("sqlite://", "forget everything"),
            ("sqlite:///", "forget everything"),
            ("sqlite:///:memory:", "forget everything"),
            ("sqlite://bot.db", "isn't the name of a file"),
            ("sqlite:///bot.db?mode=ro", "isn't the name of a file"),
            ("sqlite:////nowhere/at/all/bot.db", "The folder of the database doesn't exist: /nowhere/at/all"),
            ("sqlite:////proc/bot.db", r"can't be opened: /proc/bot.db \("),
            ("sqlite:////tmp", r"can't be opened: /tmp \(Is a directory\)"),
            ("mysql://u:geheim@h/x", "DATABASE_URL is sqlite:///"),
            ("", "DATABASE_URL is sqlite:///"),
            ("postgresql://u:geheim@h:port/x?no=such", "PostgreSQL can't read DATABASE_URL"),
        ],
    )
    def test_what_cannot_be_opened(self, url: str, sentence: str) -> None:
        with pytest.raises(StorageError, match=sentence) as caught:
            open_database(url)
        assert "geheim" not in caught.value.reason

    def test_a_folder_that_takes_no_more_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.access", lambda *_: False)
        with pytest.raises(StorageError, match="let the bot write in the folder"):
            open_database(f"sqlite:///{tmp_path / 'bot.db'}")


class TestPostgres:
    async def test_what_it_is_asked_for(self, postgres: Postgres) -> None:
        assert "?host=/" in postgres.url()
        database = open_database(postgres.url())
        shown = await show(
            database, "application_name", "statement_timeout", "idle_in_transaction_session_timeout", "timezone"
        )
        assert shown == ["samora-bot", "10s", "30s", "UTC"]
        await database.close()

    async def test_the_url_has_the_last_word(self, postgres: Postgres) -> None:
        url = postgres.url().replace("postgresql://", "postgres://")
        database = open_database(f"{url}&application_name=mine&connect_timeout=3")
        assert await show(database, "application_name") == ["mine"]
        await database.close()

    async def test_a_transaction_and_a_single_statement(self, postgres: Postgres) -> None:
        database = open_database(postgres.url())
        for work, is_one in ((database.transaction, True), (database.writing, False), (database.reading, False)):
            async with work() as connection:
                ids = [(await connection.execute(text("SELECT pg_current_xact_id()"))).scalar() for _ in range(2)]
            assert (ids[0] == ids[1]) is is_one
        await database.close()


async def show(database: Database, *names: str) -> list[object]:
    async with database.reading() as connection:
        return [(await connection.execute(text(f"SHOW {name}"))).scalar() for name in names]
