"""Releases one after the other on one database: the older goes on beside the newer, and can be started again.

The next release is this one with a migration more. The one before is real: its code, out of the repository's history.
"""

import asyncio
import io
import shutil
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import bot
from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.storage.migrate import find_revision
from bot.storage.opening import open_database
from bot.storage.schema import HEAD
from tests.e2e.following import QUICK, follow, open_channel, told
from tests.e2e.world import READY_SECONDS, World
from tests.postgres import Postgres

ROOT = Path(bot.__file__).parent.parent
FreePort = Callable[[], int]
NEXT = f"{int(HEAD) + 1:04}"

# The last commits before the newest revisions, each with its own newest: releases before, as long as none has a tag.
BEFORE = [("7ad07dc", "0004"), ("36e536d", "0005")]

MIGRATION = f'''
"""A column, an index and a table more."""
import sqlalchemy as sa
from alembic import op
revision = "{NEXT}"
down_revision = "{HEAD}"
compatible_since = "{HEAD}"

def upgrade() -> None:
    op.add_column("notices", sa.Column("way", sa.Text(), nullable=True))
    op.add_column("followed_calls", sa.Column("told", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_notices_way", "notices", ["way"])
    op.create_table("ways", sa.Column("id", sa.Text(), primary_key=True))
'''

# Up to four processes are started, one after the other, on a machine that may be busy.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bot.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.make_database()
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Where the code of the next release is."""
    code = tmp_path / "next"
    shutil.copytree(ROOT / "bot", code / "bot", ignore=shutil.ignore_patterns("sandbox", "__pycache__"))
    (code / "bot/storage/migrations/versions/next_ways.py").write_text(MIGRATION)
    schema = code / "bot/storage/schema.py"
    schema.write_text(schema.read_text().replace(f'HEAD = "{HEAD}"', f'HEAD = "{NEXT}"'))
    return code


@pytest.fixture(params=BEFORE, ids=lambda before: before[1])
def release_before(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """Where the code of a release before is, and its newest revision; skipped where the history is too short."""
    commit, revision = request.param
    packed = subprocess.run(
        ["git", "archive", "--format=zip", commit, "bot"], cwd=ROOT, capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip(f"commit {commit} isn't in the history here: {packed.stderr.decode().strip()}")
    code = tmp_path / "before"
    with zipfile.ZipFile(io.BytesIO(packed.stdout)) as archive:
        archive.extractall(code)
    return code, revision


class Place:
    """The servers, a database, and the releases that are run on it, each at a port of its own."""

    def __init__(self, slack: SlackSandbox, samora: SamoraSandbox, url: str, free_port: FreePort) -> None:
        self.slack = slack
        self.samora = samora
        self.url = url
        self._free_port = free_port

    @asynccontextmanager
    async def run(self, code: Path = ROOT) -> AsyncIterator[World]:
        """Runs a release's code; it gets what people do from now on."""
        port = self._free_port()
        environment = bot_environment(slack=self.slack, samora=self.samora, port=port) | QUICK
        async with BotProcess(environment | {"DATABASE_URL": self.url, "PYTHONPATH": str(code)}) as process:
            await process.wait_for_line('"event": "ready"', within=READY_SECONDS)
            there = World(slack=self.slack, samora=self.samora, clock=self.slack.clock, bot=process)
            there.url = f"http://127.0.0.1:{port}"
            hear(there)
            yield there
        assert process.exit_code == 0, list(process.lines)
        assert not [line for line in process.lines if "Traceback" in line], list(process.lines)

    async def find_revision(self) -> str | None:
        database = open_database(self.url)
        try:
            return await find_revision(database)
        finally:
            await database.close()


def hear(there: World) -> None:
    """Slack's requests go to that process from now on."""
    there.slack.deliver_to(f"{there.url}/slack/events")


@pytest.fixture
async def place(url: str, unused_tcp_port_factory: FreePort) -> AsyncIterator[Place]:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        yield Place(slack, samora, url, unused_tcp_port_factory)


async def follow_one(there: World) -> None:
    """All that following takes: a subscription, a look, a notice, a card."""
    channel, call = open_channel(there), there.samora.add_call()
    card = await follow(there, call.call_id, channel=channel)
    there.samora.move(call.call_id, "trigger")
    await told(there, card, "Pending → Triggered")


async def test_the_release_before_goes_on_beside_the_next_and_can_be_started_again(
    place: Place, next_release: Path
) -> None:
    async with place.run() as there:
        channel, call = open_channel(there), there.samora.add_call()
        card = await follow(there, call.call_id, channel=channel)
        async with place.run(next_release) as newer:
            assert await place.find_revision() == NEXT
            await follow_one(newer)
            hear(there)
            await follow_one(there)
            there.samora.move(call.call_id, "trigger")
            await told(there, card, "Pending → Triggered")
        await follow_one(there)
    # The upgrade is taken back.
    async with place.run() as there:
        there.samora.move(call.call_id, "reject")
        await told(there, card, "Pending → Triggered", "Triggered → Rejected")
        await follow_one(there)
    assert await place.find_revision() == NEXT


async def test_the_next_release_that_takes_something_away_says_so_to_the_one_before(
    place: Place, next_release: Path
) -> None:
    migration = next_release / "bot/storage/migrations/versions/next_ways.py"
    migration.write_text(MIGRATION.replace(f'compatible_since = "{HEAD}"', f'compatible_since = "{NEXT}"'))
    async with place.run(next_release):
        pass
    environment = bot_environment(slack=place.slack, samora=place.samora, port=0)
    async with BotProcess(environment | {"DATABASE_URL": place.url}) as process:
        assert await process.wait() == 1
        assert [line for line in process.lines if f"newer than this bot (revision {NEXT})" in line], process.lines


async def test_a_real_release_before_goes_on_with_this_ones_tables(
    place: Place, release_before: tuple[Path, str]
) -> None:
    """It can't be started again: it refuses all newer tables. The releases after it can be, as above."""
    code, revision = release_before
    async with place.run(code) as there:
        assert await place.find_revision() == revision
        channel, call = open_channel(there), there.samora.add_call()
        card = await follow(there, call.call_id, channel=channel)
        async with place.run() as newer:
            assert await place.find_revision() == HEAD
            await follow_one(newer)
            hear(there)
            await follow_one(there)
            there.samora.move(call.call_id, "trigger")
            await told(there, card, "Pending → Triggered")
        await follow_one(there)


async def test_replicas_that_start_at_once_make_the_tables_once(
    unused_tcp_port_factory: FreePort, postgres_url: str
) -> None:
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=False) as slack:
        environments = [
            bot_environment(slack=slack, samora=samora, port=unused_tcp_port_factory()) | {"DATABASE_URL": postgres_url}
            for _ in range(3)
        ]
        processes = [BotProcess(each) for each in environments]
        for process in processes:
            await process.__aenter__()
        try:
            await asyncio.gather(*(each.wait_for_line('"event": "ready"', within=READY_SECONDS) for each in processes))
        finally:
            codes = await asyncio.gather(*(each.stop() for each in processes))
            for process in processes:
                await process.__aexit__(None, None, None)
        assert codes == [0, 0, 0]
