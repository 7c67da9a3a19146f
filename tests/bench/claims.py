"""What claiming 100 due rows costs with a thousand rows stored, and with a million: it should be the same.

``python -m tests.bench.claims [ROWS] [ROUNDS]``. Followed calls, channels with notices, and cards, on SQLite and on
PostgreSQL. The rows that are not due will be in the hours to come, so they are in the index; the due ones are
spread over the table by dice. The rounds are interleaved, and their medians compared.
"""

import asyncio
import random
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import Table, text, update
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from bot.core.ports import Claim, Rate
from bot.storage.database import Database
from bot.storage.schema import channels, followed_calls, notices, subscriptions
from bot.storage.store import Store
from tests.bench.goals import Goal, report
from tests.bench.stored import now, opened
from tests.postgres import open_postgres

FEW, MANY = 1_000, 1_000_000
DUE = 100
TEAM = "T0BENCH"
LEASE = timedelta(seconds=30)
UNBOUNDED = Rate(name="bench", most=10**9, window=timedelta(milliseconds=1))
GOAL = 1.5
FILLING_SECONDS = 3600.0
# Told without a goal: SQLite does that once in a thousand pages, not after each claim, and the rows of a large table
# are in as many pages as there are rows.
WRITTEN_BACK = ", and the log written back"

# How each database counts to a number, writes an id, and says "so many seconds from now".
_WORDS = {
    "sqlite": {
        "numbers": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n)",
        "id": "printf('%08x-e89b-42d3-a456-%012x', i, i)",
        "later": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '+' || (3600 + i) || ' seconds')",
        "now": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now')",
    },
    "postgresql": {
        "numbers": "generate_series(1, {rows}) AS n(i)",
        "id": "lpad(to_hex(i), 8, '0') || '-e89b-42d3-a456-' || lpad(to_hex(i), 12, '0')",
        "later": "now() + (3600 + i) * interval '1 second'",
        "now": "now()",
    },
}

# In the order of the foreign keys: what has no default, or another value here. One subscription a call, one channel a
# subscription, one notice a channel.
_CALL_ID = {"team_id": f"'{TEAM}'", "call_id": "{id}"}
_CHANNEL_ID = {"team_id": f"'{TEAM}'", "channel_id": "'C' || i"}
_TIMES = dict.fromkeys(("status_since", "news_at", "read_at"), "{now}")
_CARD = {"card_ts": "'1.0'", "card_due_at": "{later}"}
_FILL: tuple[tuple[Table, dict[str, str]], ...] = (
    (followed_calls, {**_CALL_ID, **_TIMES, "status": "'ONGOING'", "due_at": "{later}"}),
    (
        subscriptions,
        {
            "id": "'s' || i",
            **_CALL_ID,
            **_CHANNEL_ID,
            **_CARD,
            "followed_id": "i",
            "creator_id": "'U0MIRA'",
            "delivery": "'thread'",
            "style": "'full'",
            "state": "'active'",
            "seen_status": "'ONGOING'",
            "created_at": "{now}",
        },
    ),
    (channels, {**_CHANNEL_ID, "due_at": "{later}"}),
    (
        notices,
        {
            **_CHANNEL_ID,
            "subscription_id": "'s' || i",
            "number": "1",
            "kind": "'status'",
            "facts": "'{{}}'",
            "created_at": "{now}",
            "done_at": "{now}",
        },
    ),
)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A filled database."""

    name: str
    rows: int
    database: Database
    store: Store


async def fill(database: Database, rows: int) -> None:
    """So many rows in each table, none of them due."""
    words = _WORDS["sqlite" if database.is_sqlite else "postgresql"]
    words = {name: each.format(rows=rows) for name, each in words.items()}
    async with database.transaction(seconds=FILLING_SECONDS) as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
        for table, given in _FILL:
            values = _defaults(table) | {name: each.format(**words) for name, each in given.items()}
            row = f"SELECT {', '.join(values.values())} FROM {words['numbers']}"  # noqa: S608 - our own words
            await connection.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(values)}) {row}")
        # What autovacuum, or a maintenance of SQLite's, would have done long before there are a million rows.
        await connection.execute(text("ANALYZE"))


def _defaults(table: Table) -> dict[str, str]:
    """What SQLAlchemy would put in where nothing is given, in SQL."""
    given = {
        each.name: each.default.arg for each in table.columns if isinstance(each.default, ScalarElementColumnDefault)
    }
    return {name: f"'{value}'" if isinstance(value, str) else str(value).lower() for name, value in given.items()}


async def make_due(stored: Stored, numbers: Sequence[int], *, is_due: bool) -> None:
    """Makes the rows of these numbers due, or takes that back."""
    at = now()
    due_at = at - timedelta(seconds=1) if is_due else at + timedelta(hours=1)
    names = {"s": [f"s{number}" for number in numbers], "C": [f"C{number}" for number in numbers]}
    async with stored.database.transaction() as connection:
        await connection.execute(
            update(followed_calls).where(followed_calls.c.id.in_(numbers)).values(due_at=due_at, lease=None)
        )
        await connection.execute(
            update(subscriptions).where(subscriptions.c.id.in_(names["s"])).values(card_due_at=due_at, card_lease=None)
        )
        await connection.execute(
            update(channels)
            .where(channels.c.team_id == TEAM, channels.c.channel_id.in_(names["C"]))
            .values(due_at=due_at, lease=None)
        )
        await connection.execute(
            update(notices)
            .where(notices.c.subscription_id.in_(names["s"]))
            .values(done_at=None if is_due else at, begun_at=None)
        )
    # Or else the next claim would pay for what this has written: the log grows too long for a commit of its own.
    await write_back(stored.database)


async def write_back(database: Database) -> None:
    """Has SQLite write its log back into the file; PostgreSQL does that in the background."""
    if database.is_sqlite:
        async with database.writing() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def claims_of(store: Store) -> dict[str, Callable[..., Awaitable[Claim[Any]]]]:
    """The three claims, by what they claim."""
    return {"calls": store.followed.claim, "channels": store.outbox.claim_turns, "cards": store.outbox.claim_cards}


async def measure(stored: Stored, found: dict[tuple[str, int, str], list[float]]) -> None:
    """One round: makes 100 rows due and claims them, one kind after the other."""
    numbers = random.sample(range(1, stored.rows + 1), DUE)
    await make_due(stored, numbers, is_due=True)
    for kind, claim in claims_of(stored.store).items():
        began = perf_counter()
        claimed = await claim(limit=DUE, until=now() + LEASE, rate=UNBOUNDED)
        found.setdefault((stored.name, stored.rows, kind), []).append((perf_counter() - began) * 1000)
        if stored.database.is_sqlite:
            await write_back(stored.database)
            whole = (perf_counter() - began) * 1000
            found.setdefault((stored.name, stored.rows, f"{kind}{WRITTEN_BACK}"), []).append(whole)
        assert len(claimed.rows) == DUE, f"{stored.name}, {kind}: {len(claimed.rows)} claimed"
    await make_due(stored, numbers, is_due=False)


@asynccontextmanager
async def filled(name: str, url: str, rows: int) -> AsyncIterator[Stored]:
    """A database of that size."""
    async with opened(url) as database:
        began = perf_counter()
        await fill(database, rows)
        print(f"{name}: {rows:,} rows in each table, {perf_counter() - began:.0f} s", file=sys.stderr)
        yield Stored(
            name=name, rows=rows, database=database, store=Store(database=database, clock=now, team_id=lambda: TEAM)
        )


async def run(many: int, rounds: int) -> int:
    """Fills all four, measures them in turn, and prints the table."""
    found: dict[tuple[str, int, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="samora-bench-") as folder, open_postgres() as postgres:
        async with AsyncExitStack() as stack:
            all_of_them = []
            for rows in (FEW, many):
                for name, url in (
                    ("SQLite", f"sqlite:///{folder}/{rows}.db"),
                    ("PostgreSQL", postgres.url(postgres.make_database())),
                ):
                    all_of_them.append(await stack.enter_async_context(filled(name, url, rows)))
            for number in range(rounds + 2):
                for stored in random.sample(all_of_them, len(all_of_them)):
                    await measure(stored, found)
                if number == 1:
                    found.clear()  # the first ones prepare statements and fill caches
    return show(found, many)


def show(found: dict[tuple[str, int, str], list[float]], many: int) -> int:
    """Prints the table: milliseconds a claim, and the ratio to the same claim with few rows."""
    print(f"{'claiming 100 due rows, ms (slowest)':<46}{f'{FEW:,} stored':>20}{f'{many:,} stored':>20}{'ratio':>10}")
    goals = []
    for name, rows, kind in sorted(found, reverse=True):
        if rows != FEW:
            continue
        few, much = found[name, FEW, kind], found[name, many, kind]
        ratio = statistics.median(much) / statistics.median(few)
        cells = "".join(f"{statistics.median(each):>11.2f} ({max(each):6.1f})" for each in (few, much))
        print(f"{name + ', ' + kind:<46}{cells}{ratio:>8.2f} ×")
        if kind.endswith(WRITTEN_BACK):
            continue
        goals.append(Goal(name=f"{name}, {kind}: {many:,} stored to {FEW:,}", value=ratio, most=GOAL))
    return report(goals)


def main(many: int = MANY, rounds: int = 30) -> int:
    """The exit code says whether every goal is met."""
    return asyncio.run(run(many, rounds))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
