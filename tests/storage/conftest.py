"""Every test of a store runs on both databases, real ones: a file, and a server of the worker's own."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from bot.storage.database import Database
from bot.storage.migrate import migrate
from bot.storage.opening import open_database
from bot.storage.store import Store
from tests.core.making import FakeClock
from tests.factories import TEAM
from tests.postgres import Postgres
from tests.storage.acting import Actor

_TABLES = (
    "followed_calls, subscriptions, boards, channels, notices, budgets, audit, agents, agent_subscriptions, webhooks"
)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database in which the tables are."""
    name = postgres.make_database()
    asyncio.run(_migrate(postgres.url(name)))
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "bot.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


async def _migrate(url: str) -> None:
    database = open_database(url)
    await migrate(database)
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with empty tables."""
    if kind == "sqlite":
        path = tmp_path / "bot.db"
        path.write_bytes(request.getfixturevalue("migrated_file").read_bytes())
        return f"sqlite:///{path}"
    postgres, name = request.getfixturevalue("postgres"), request.getfixturevalue("migrated")
    postgres.run(f"TRUNCATE {_TABLES} RESTART IDENTITY CASCADE", name=name)
    return str(postgres.url(name))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database: Database, clock: FakeClock) -> Store:
    """The stores, with leases named in order."""
    tokens = count(1)
    return Store(database=database, clock=clock, team_id=lambda: TEAM, make_token=lambda: f"token-{next(tokens)}")


@pytest.fixture
def actor(store: Store, database: Database, clock: FakeClock) -> Actor:
    return Actor(store, database, clock)
