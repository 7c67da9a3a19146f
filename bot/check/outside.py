"""The check from outside: what ``samora-bot check`` looks at, whether or not a bot is running."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from slack_sdk.web.async_client import AsyncWebClient

from bot.check.database import check_database, check_queue, database_check, queue_check
from bot.check.engine import run_checks
from bot.check.samora import samora_check
from bot.check.slack import slack_check, socket_check
from bot.core.errors import BotError
from bot.core.findings import Finding
from bot.core.lookup import Lookup
from bot.core.ports import Clock
from bot.slack.workspace import Workspaces
from bot.storage.database import Database
from bot.storage.store import Store


async def check_from_outside(
    *, web: AsyncWebClient, app_token: str, lookup: Lookup, open_database: Callable[[], Database], clock: Clock
) -> list[Finding]:
    """All findings.

    Args:
        web: Slack's client with the bot's token.
        app_token: the app-level token; empty in HTTP mode.
        lookup: Samora.
        open_database: opens the database; raises StorageError.
        clock: the time.
    """

    async def look_at_database() -> list[Finding]:
        async with _closing(open_database()) as database:
            return await check_database(database)

    async def look_at_queue() -> list[Finding]:
        try:
            own = await Workspaces(web=web).get_own()
            opened = open_database()
        except BotError:
            # Slack's line, or the database's, says so; and without both there is nothing to count.
            return []
        async with _closing(opened) as database:
            return await check_queue(
                database, Store(database=database, clock=clock, team_id=lambda: own.team_id).measure
            )

    return await run_checks(
        [
            slack_check(web, clock),
            *([socket_check(web, app_token)] if app_token else []),
            samora_check(lookup),
            database_check(look_at_database),
            queue_check(look_at_queue),
        ]
    )


@asynccontextmanager
async def _closing(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.close()
