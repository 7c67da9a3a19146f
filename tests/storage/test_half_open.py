"""A PostgreSQL that falls silent, without a word of farewell, keeps nobody waiting beyond the limits."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from bot.core.errors import StoreUnavailable
from bot.storage import database as database_module
from bot.storage.database import Database
from bot.storage.opening import open_database
from tests.chaos.proxy import Proxy
from tests.postgres import Postgres


@pytest.fixture
async def proxy(postgres: Postgres) -> AsyncIterator[Proxy]:
    async with Proxy(lambda: asyncio.open_unix_connection(postgres.socket)) as proxy:
        yield proxy


@pytest.fixture
async def far(postgres: Postgres, migrated: str, proxy: Proxy) -> AsyncIterator[Database]:
    database = open_database(postgres.url_at(proxy.port, migrated))
    await database.ping()
    yield database
    await database.close()


async def test_a_statement_that_is_given_up_is_given_up_within_a_second_or_so(
    far: Database, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psycopg alone waits ten seconds more: five for the cancellation, five for its effect."""
    monkeypatch.setattr(database_module, "_SECONDS", 0.2)
    await proxy.set("half-open")
    began = monotonic()
    with pytest.raises(StoreUnavailable, match="time-out"):
        await far.ping()
    assert monotonic() - began < 4


async def test_afterwards_it_is_as_before(far: Database, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(database_module, "_SECONDS", 0.2)
        await proxy.set("half-open")
        with pytest.raises(StoreUnavailable):
            await far.ping()
    await proxy.set("none")
    await far.ping()


async def test_a_reset_connection_is_a_passing_error(far: Database, proxy: Proxy) -> None:
    await proxy.set("reset")
    with pytest.raises(StoreUnavailable):
        await far.ping()
    await proxy.set("none")
    await far.ping()
