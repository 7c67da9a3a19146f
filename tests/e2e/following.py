"""What tests of following a call share: a bot that looks quickly, between servers that it has for itself."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from bot.sandbox.clock import SandboxClock
from bot.sandbox.process import BotProcess, bot_environment
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import Ack, Message, SlackSandbox, View
from tests.e2e.world import MANY_LOOKUPS, MIRA, READY_SECONDS, World, assert_quick

# Looks twenty times a second, and isn't held back by rates that the tests would have to wait for.
QUICK = {
    "POLL_INTERVAL": "0.05",
    "SAMORA_RATE": "1000",
    "LEASE_SECONDS": "2",
    "SLACK_POSTS_PER_MINUTE": "6000",
    "SLACK_EDITS_PER_MINUTE": "6000",
    "LOG_LEVEL": "DEBUG",
    **MANY_LOOKUPS,
}

# In a channel one post a second leaves, and others use this machine too.
PATIENCE = 20.0

_NUMBERS = count(1)


@asynccontextmanager
async def open_world(free_port: Callable[[], int], *, rates: bool = False, **settings: str) -> AsyncIterator[World]:
    """A bot over HTTP between servers of its own."""
    clock = SandboxClock()
    async with SamoraSandbox(clock=clock) as samora, SlackSandbox(clock=clock, rates=rates) as slack:
        # Lane pacing is one post a second and channel: a limit of Slack's that the bot keeps by itself.
        port = free_port()
        slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
        environment = bot_environment(slack=slack, samora=samora, port=port) | QUICK | settings
        async with BotProcess(environment) as bot:
            await bot.wait_for_line('"event": "ready"', within=READY_SECONDS)
            yield World(slack=slack, samora=samora, clock=clock, bot=bot, url=f"http://127.0.0.1:{port}")


def open_channel(world: World, *, members: tuple[str, ...] = ("U0MIRA", "U0JON"), is_private: bool = False) -> str:
    """A new channel with the bot in it; returns its id."""
    channel = f"C0ROOM{next(_NUMBERS)}"
    world.slack.add_channel(channel, members=members, is_private=is_private)
    return channel


def card_in(world: World, call_id: str, channel: str) -> Message | None:
    """The card of a call in a channel as it is now."""
    cards = cards_in(world, call_id, channel)
    return cards[-1] if cards else None


def cards_in(world: World, call_id: str, channel: str) -> list[Message]:
    """All cards of a call in a channel that are for everybody, oldest first."""
    return [
        each
        for each in world.slack.messages
        if each.channel == channel and each.bot_id and not each.deleted and not each.ephemeral_to
        if call_id in each.text and each.metadata and not each.reply_broadcast
    ]


def notices_in(world: World, root_ts: str, channel: str) -> list[str]:
    """What the bot has said in a thread, in order."""
    return [each.text for each in notice_messages(world, root_ts, channel)]


def notice_messages(world: World, root_ts: str, channel: str) -> list[Message]:
    """The messages of the bot in a thread that aren't cards, in order."""
    return [
        each
        for each in world.slack.messages
        if each.channel == channel and each.thread_ts == root_ts and each.bot_id and not each.deleted
        if not each.ephemeral_to and "Samora call" not in each.text
    ]


async def follow(world: World, call_id: str, *, channel: str, options: str = "", user: str = MIRA) -> Message:
    """Has a call followed in a channel, and returns its card."""
    answer = await ask(world, f"subscribe {call_id} {options}", channel=channel, user=user)
    card = card_in(world, call_id, channel)
    assert card, answer.text
    return card


async def ask(world: World, text: str, *, channel: str, user: str = MIRA) -> Message:
    """Types the command, and gives the private answer, whatever else is posted meanwhile."""
    return await answer_to(world, world.slack.command(user, text, channel=channel), channel=channel, user=user)


async def press(world: World, label: str, message: Message, *, user: str = MIRA, value: str | None = None) -> Message:
    """Presses a button of a message, and gives the private answer."""
    pressing = world.slack.press(user, label, message=message, value=value)
    return await answer_to(world, pressing, channel=message.channel, user=user)


async def answer_to(world: World, doing: Awaitable[Ack], *, channel: str, user: str = MIRA) -> Message:
    """Does something, and gives what is then said to that person alone in a channel."""

    def private() -> list[Message]:
        there = [each for each in world.slack.messages if each.channel == channel and each.ephemeral_to == user]
        return [each for each in there if not each.deleted]

    old = {(each.ts, each.edited) for each in private()}
    assert_quick(await doing)
    return await world.slack.wait_for(
        lambda: next((each for each in private() if (each.ts, each.edited) not in old), None), PATIENCE
    )


async def new_modal(world: World, doing: Awaitable[Ack], callback_id: str, *, user: str = MIRA) -> View:
    """Does something, and gives the form that opens."""
    old = {view.id for view in world.slack.views_of(user)}
    assert_quick(await doing)
    return await world.modal(lambda view: view.callback_id == callback_id and view.id not in old, user=user)


async def said_in_modal(world: World, words: str, *, user: str = MIRA) -> View:
    """The topmost modal, once it says that."""
    return await world.modal(lambda view: words in str(view.blocks), user=user)


async def told(world: World, card: Message, *expected: str) -> list[str]:
    """Waits until the thread below a card (or the one that it hangs in) holds exactly these notices, and no others.

    Each is given by its first words; anything else than them fails at once.
    """
    root = card.thread_ts or card.ts

    def find() -> list[str]:
        lines = notices_in(world, root, card.channel)
        for line, words in zip(lines, expected, strict=False):
            assert line.startswith(words), (lines, expected)
        assert len(lines) <= len(expected), (lines, expected)
        return lines if len(lines) == len(expected) else []

    return await world.slack.wait_for(find, PATIENCE)


async def drawn(world: World, card: Message, words: str) -> Message:
    """The card, once these words stand on it."""

    def find() -> Message | None:
        now = world.now_in(card)
        return now if words in now.everything_written else None

    return await world.slack.wait_for(find, PATIENCE)


async def drawn_without(world: World, card: Message, words: str) -> Message:
    """The card, once these words don't stand on it any more."""

    def find() -> Message | None:
        now = world.now_in(card)
        return None if words in now.everything_written else now

    return await world.slack.wait_for(find, PATIENCE)


async def direct_message(world: World, *words: str, user: str = MIRA) -> Message:
    """The newest direct message to somebody that has all these words."""

    def find() -> Message | None:
        for each in reversed(world.slack.messages):
            if each.channel == f"D{user[1:]}" and each.bot_id and all(word in each.text for word in words):
                return each
        return None

    return await world.slack.wait_for(find, PATIENCE)


async def failed(world: World, path: str, *, times: int = 1, status: int | None = None) -> None:
    """Waits until Slack has failed so many of the bot's requests to a path, with that status (None: no answer)."""

    def find() -> bool:
        return sum(each.path == path and each.status == status for each in world.slack.requests) >= times

    await world.slack.wait_for(find, PATIENCE)


async def looked_at(world: World, call_id: str, *, times: int = 1, status: int | None = 200) -> None:
    """Waits until Samora has answered so many more looks at a call with that status (None: cut the line)."""
    began = world.samora.requests[-1] if world.samora.requests else None

    def count_new() -> int:
        requests = list(world.samora.requests)
        new = requests[requests.index(began) + 1 :] if began in requests else requests
        return sum(each.path.endswith(call_id) and each.status == status for each in new)

    await _until(lambda: count_new() >= times)


async def is_ready_again(world: World) -> None:
    """Waits until a bot that was started again can answer."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with suppress(aiohttp.ClientError):
                if (await read(world, "/readyz"))[0] == 200:
                    return
            await asyncio.sleep(0.05)


async def read(world: World, path: str) -> tuple[int, str]:
    """What the bot serves there: status and body."""
    async with aiohttp.ClientSession() as browser, browser.get(f"{world.url}{path}") as answer:
        return answer.status, await answer.text()


# -- The database file, where the bot keeps it by default: in the folder that it runs in. --


def query(world: World, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the bot's SQLite file, or what a statement changes in it."""
    with closing(sqlite3.connect(_file(world), timeout=10, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


async def told_of(world: World, figure: str) -> None:
    """Waits until ``/metrics`` holds that."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if figure in (await read(world, "/metrics"))[1]:
                return
            await asyncio.sleep(0.05)


async def query_until(world: World, statement: str, *values: object, equals: object) -> None:
    """Waits until the first column of the first row of that is as expected."""
    await _until(lambda: next(iter(query(world, statement, *values)), (None,))[0] == equals)


async def grow_old(world: World, call_id: str, column: str = "news_at") -> None:
    """Lets a followed call have brought no news (or have its status) for years."""
    # At a moment when nobody looks at it: whoever does writes its row anew.
    statement = f"UPDATE followed_calls SET {column} = ? WHERE call_id = ? AND lease IS NULL RETURNING id"  # noqa: S608
    await _until(lambda: bool(query(world, statement, "2020-01-01 00:00:00.000000", call_id)))


@contextmanager
def locked_database(world: World) -> Iterator[None]:
    """Somebody else writes in the bot's database, and takes his time."""
    with closing(sqlite3.connect(_file(world), timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def forget_everything(world: World) -> None:
    """Empties the database, so that what one test follows is no business of the next one."""
    for table in ("notices", "subscriptions", "followed_calls", "channels", "budgets", "audit"):
        query(world, f"DELETE FROM {table}")  # noqa: S608 - the names above


def subscriptions_in(world: World, channel: str) -> list[tuple[Any, ...]]:
    """State and reason of each subscription of a channel."""
    rows = "SELECT state, reason FROM subscriptions WHERE channel_id = ? ORDER BY created_at"
    return query(world, rows, channel)


def find_stored_secrets(world: World) -> list[str]:
    """What stands in the database's files, and must not: addresses, numbers, links, and what variables hold."""
    files = {path.name: path.read_bytes() for path in Path(world.bot.folder).iterdir()}
    flaws = [f"an unknown file: {name}" for name in files if not name.startswith("samora-bot.db")]
    values = {text for call in world.samora.calls.values() for text in _texts(call.variables) if _is_telling(text)}
    secrets = [world.slack.bot_token, world.slack.signing_secret, world.samora.api_key]
    for name, content in files.items():
        found = [text for text in [*values, *secrets] if text.encode() in content]
        found += [match.decode() for match in re.findall(rb"X-Amz-|/media/|@example|https?:|\+\d\d ", content)]
        flaws += [f"{name}: {text}" for text in found]
    return flaws


async def _until(is_so: Callable[[], bool]) -> None:
    """Waits for what the bot does where nobody announces it: in its database, and at Samora's."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _file(world: World) -> Path:
    return Path(world.bot.folder, "samora-bot.db")


def _texts(part: object) -> list[str]:
    if isinstance(part, dict):
        return [text for inner in part.values() for text in _texts(inner)]
    if isinstance(part, list):
        return [text for inner in part for text in _texts(inner)]
    return [part] if isinstance(part, str) else []


def _is_telling(text: str) -> bool:
    return len(text) > 5
