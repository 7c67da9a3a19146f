"""The process in the middle of its work: killed, stopped, replaced; and a database that it can't use."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import monotonic

import psycopg
import pytest

import bot
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.storage.migrate import _LOCK
from tests.e2e.following import (
    PATIENCE,
    QUICK,
    card_in,
    cards_in,
    drawn,
    follow,
    notices_in,
    open_channel,
    open_world,
    query_until,
    told,
)
from tests.e2e.world import MIRA, READY_SECONDS, World
from tests.postgres import Postgres

FreePort = Callable[[], int]
POST = "/api/chat.postMessage"

# Ends as soon as somebody waits for a lock such as that for the tables.
SOMEBODY_WAITS = """DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted) LOOP
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_killed_when_slack_has_just_taken_a_notice_it_is_told_once(mortal: World, channel: str) -> None:
    call = mortal.samora.add_call()
    card = await follow(mortal, call.call_id, channel=channel)
    mortal.slack.faults.add(Fault(path=POST, drop=True, after=True))
    mortal.samora.move(call.call_id, "trigger")
    await mortal.slack.wait_for(lambda: notices_in(mortal, card.ts, channel), PATIENCE)
    await mortal.bot.kill()
    mortal.samora.move(call.call_id, "answer")
    await mortal.bot.start()
    await told(mortal, card, "Pending → Triggered", "Triggered → Ongoing")
    await drawn(mortal, card, "Ongoing:")


async def test_killed_while_a_card_is_being_posted_it_is_there_once(mortal: World, channel: str) -> None:
    call = mortal.samora.add_call()
    mortal.slack.faults.add(Fault(path=POST, drop=True, after=True))
    await mortal.slack.command(MIRA, f"subscribe {call.call_id}", channel=channel)
    card = await mortal.slack.wait_for(lambda: card_in(mortal, call.call_id, channel), PATIENCE)
    await mortal.bot.kill()
    mortal.samora.move(call.call_id, "trigger")
    await mortal.bot.start()
    # The half minute that its poster had for it is over:
    await query_until(mortal, "UPDATE subscriptions SET card_due_at = '2020-01-01 00:00:00' RETURNING 1", equals=1)
    await told(mortal, card, "Pending → Triggered")
    await drawn(mortal, card, "Triggered:")
    assert len(cards_in(mortal, call.call_id, channel)) == 1


async def test_what_changes_while_nobody_runs_is_told_once(mortal: World, channel: str) -> None:
    call = mortal.samora.add_call()
    card = await follow(mortal, call.call_id, channel=channel)
    assert await mortal.bot.stop() == 0
    mortal.samora.move(call.call_id, "trigger")
    mortal.samora.move(call.call_id, "answer")
    await mortal.bot.start()
    await told(mortal, card, "Pending → Ongoing")


async def test_sigterm_with_work_in_hand_ends_it_in_time_and_the_next_one_goes_on(mortal: World, channel: str) -> None:
    other = open_channel(mortal)
    slow, call = mortal.samora.add_call(), mortal.samora.add_call()
    cards = [await follow(mortal, slow.call_id, channel=channel), await follow(mortal, call.call_id, channel=other)]
    # A post that Slack doesn't answer, and looks that Samora doesn't answer.
    mortal.slack.faults.add(Fault(path=POST, delay=30, drop=True))
    mortal.samora.move(slow.call_id, "trigger")
    await query_until(mortal, "SELECT count(*) FROM notices WHERE begun_at IS NOT NULL", equals=1)
    mortal.samora.faults.add(Fault(path="/v1/*", delay=30, drop=True, times=2))
    mortal.samora.move(call.call_id, "trigger")
    began = monotonic()
    assert await mortal.bot.stop() == 0, list(mortal.bot.lines)
    assert monotonic() - began < 10
    mortal.samora.faults.clear()
    mortal.slack.faults.clear()
    await mortal.bot.start()
    for card in cards:
        await told(mortal, card, "Pending → Triggered")


async def test_what_one_process_gives_back_another_takes_at_once(
    postgres_url: str, unused_tcp_port_factory: FreePort
) -> None:
    """Not after the lease, which is half a minute here."""
    async with open_world(unused_tcp_port_factory, DATABASE_URL=postgres_url, LEASE_SECONDS="30") as there:
        channel, call = open_channel(there), there.samora.add_call()
        card = await follow(there, call.call_id, channel=channel)
        there.slack.faults.add(Fault(path=POST, delay=30, drop=True))
        there.samora.move(call.call_id, "trigger")
        await drawn(there, card, "Triggered:")
        async with _second(there, unused_tcp_port_factory(), DATABASE_URL=postgres_url, LEASE_SECONDS="30"):
            assert notices_in(there, card.ts, channel) == []
            began = monotonic()
            assert await there.bot.stop() == 0
            await told(there, card, "Pending → Triggered")
            assert monotonic() - began < 15, "stopping may take its time, but nobody waits for the lease"
            there.samora.move(call.call_id, "reject")
            await told(there, card, "Pending → Triggered", "Triggered → Rejected")


async def test_sigterm_ends_a_start_that_waits_for_the_tables(
    postgres: Postgres, unused_tcp_port_factory: FreePort
) -> None:
    """Another process may be at them for a quarter of an hour; SIGKILL would come before."""
    name = postgres.make_database()
    async with _servers() as (slack, samora):
        environment = bot_environment(slack=slack, samora=samora, port=unused_tcp_port_factory())
        with psycopg.connect(postgres.url(name), autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            async with BotProcess(environment | {"DATABASE_URL": postgres.url(name)}) as starting, asyncio.timeout(60):
                await asyncio.to_thread(postgres.run, SOMEBODY_WAITS)
                began = monotonic()
                assert await starting.stop() == 0, list(starting.lines)
                assert monotonic() - began < 5
            assert not [line for line in starting.lines if "Traceback" in line], list(starting.lines)
    postgres.drop_database(name)


async def test_sigterm_while_it_is_still_importing_ends_it_with_a_handler_of_its_own(tmp_path: Path) -> None:
    """Process 1 of a container gets no signal without a handler: it would run on until it is killed."""
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    path = f"{tmp_path}:{Path(bot.__file__).parent.parent}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}
    )
    assert await asyncio.wait_for(process.wait(), READY_SECONDS) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///notes.txt", "isn't an SQLite database"),
        ("sqlite:///newer.db", "newer"),
        ("postgresql://samora@127.0.0.1:1/samora", "The database doesn't answer"),
    ],
    ids=["not a database", "newer", "nobody there"],
)
async def test_a_database_that_can_not_be_used_ends_it_with_a_sentence(
    unused_tcp_port_factory: FreePort, url: str, words: str
) -> None:
    async with _servers() as (slack, samora):
        environment = bot_environment(slack=slack, samora=samora, port=unused_tcp_port_factory())
        bot = BotProcess(environment | {"DATABASE_URL": url})
        bot_start, bot.start = bot.start, _nothing  # type: ignore[method-assign]  # the folder must be filled first
        async with bot:
            _fill(Path(bot.folder))
            await bot_start()
            assert await asyncio.wait_for(bot.wait(), READY_SECONDS) in {1, 2}
            lines = list(bot.lines)
        assert [line for line in lines if words in line], lines
        assert not [line for line in lines if "Traceback" in line or "sqlalchemy" in line.lower()], lines


async def test_check_says_what_is_wrong_with_the_database(unused_tcp_port_factory: FreePort) -> None:
    async with _servers() as (slack, samora):
        environment = bot_environment(slack=slack, samora=samora, port=unused_tcp_port_factory())
        broken = {"DATABASE_URL": "postgresql://samora@127.0.0.1:1/samora"}
        async with BotProcess(environment | broken, arguments=("check",)) as bot:
            assert await bot.wait() == 1, list(bot.lines)
            written = " ".join(" ".join(bot.lines).split())
    assert "Database" in written
    assert "Is DATABASE_URL right" in written, written
    assert "Traceback" not in written


async def test_check_knows_the_tables_of_a_bot_that_runs(quick: World) -> None:
    environment = bot_environment(slack=quick.slack, samora=quick.samora, port=1)
    database = {"DATABASE_URL": f"sqlite:///{quick.bot.folder}/samora-bot.db"}
    async with BotProcess(environment | database, arguments=("check",)) as bot:
        assert await bot.wait() == 0, list(bot.lines)
    assert "tables of revision" in " ".join(bot.lines)


@asynccontextmanager
async def _servers() -> AsyncIterator[tuple[SlackSandbox, SamoraSandbox]]:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        yield slack, samora


@asynccontextmanager
async def _second(there: World, port: int, **settings: str) -> AsyncIterator[BotProcess]:
    """Another process between the same servers, which gets what people do from now on."""
    environment = bot_environment(slack=there.slack, samora=there.samora, port=port) | QUICK | settings
    async with BotProcess(environment) as bot:
        await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
        there.slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
        yield bot
    assert bot.exit_code == 0


async def _nothing() -> None:
    """Starts nothing."""


def _fill(folder: Path) -> None:
    """Files that are no database for this bot."""
    (folder / "notes.txt").write_text("Buy milk. " * 500)
    with closing(sqlite3.connect(folder / "newer.db")) as newer:
        newer.execute("CREATE TABLE alembic_version (version_num TEXT)")
        newer.execute("INSERT INTO alembic_version VALUES ('9999')")
        newer.commit()
