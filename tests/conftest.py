"""One PostgreSQL for each worker of the tests, started when the first test wants it."""

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres, open_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with open_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a new database without tables."""
    name = postgres.make_database()
    yield postgres.url(name)
    postgres.drop_database(name)
