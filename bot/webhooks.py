"""What ``samora-bot webhooks`` needs, put together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

from bot.check.database import DATABASE_ADVICE
from bot.core.errors import BotError, SamoraRefused, SamoraUnavailable, StoreUnavailable, UserMistake
from bot.memory import open_store
from bot.samora.client import open_http
from bot.samora.webhooks_api import WebhooksApi
from bot.server import CannotStart
from bot.settings import Settings
from bot.slack.client import make_web_client, open_session
from bot.slack.workspace import Workspaces
from bot.storage.webhooks import WebhookStore
from bot.terminal.webhooks import Wanted, WebhookDesk

Action = Literal["install", "list", "remove", "check"]

NO_SECRET = "WEBHOOK_SECRET is missing. It is made up by you: `openssl rand -hex 32` makes a good one."  # noqa: S105
_NOT_FINE = (
    "Not all is as it should be. `samora-bot webhooks install` mends what stands at Samora; at the address, the bot "
    "has to run with the same WEBHOOK_SECRET."
)


def read_wanted(settings: Settings, action: Action, *, agent: str, url: str, webhook: str) -> Wanted:
    """Reads what somebody asks for; raises UserMistake if that can't be meant, or there is no WEBHOOK_SECRET."""
    wanted = Wanted.read(agent=agent, url=url, webhook=webhook)
    if action == "install" or (action == "remove" and not wanted.webhook_id):
        wanted.require(url=action == "install")
    if not settings.webhook_secret:
        raise UserMistake(NO_SECRET)
    return wanted


async def tend_webhooks(settings: Settings, action: Action, wanted: Wanted) -> str:
    """Installs, lists, removes or checks them; returns what went wrong, in a sentence, or nothing."""
    try:
        async with _open_desk(settings) as desk:
            if action == "install":
                await desk.install(wanted)
            elif action == "list":
                await desk.show(wanted)
            elif action == "remove":
                await desk.remove(wanted)
            elif not await desk.check(wanted):
                return _NOT_FINE
    except CannotStart as error:
        return str(error)
    except BotError as error:
        return _sentence(error)
    return ""


@asynccontextmanager
async def _open_desk(settings: Settings) -> AsyncIterator[WebhookDesk]:
    """The desk; open as long as the context.

    Raises:
        CannotStart: the database can't be used.
        BotError: Slack doesn't say which workspace the token is of.
    """
    secrets = [each.get_secret_value() for each in settings.webhook_secret]
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(api_url=settings.slack_api_url))
        token = settings.slack_bot_token.get_secret_value()
        workspaces = Workspaces(web=make_web_client(session=session, api_url=settings.slack_api_url, token=token))
        own = await workspaces.get_own()
        store = await stack.enter_async_context(
            open_store(settings.database_url.get_secret_value(), team_id=lambda: own.team_id)
        )
        key = settings.samora_api_key.get_secret_value()
        http = await stack.enter_async_context(open_http(base_url=settings.samora_api_url, api_key=key))
        kept = WebhookStore(
            database=store.database, team_id=own.team_id, secret=secrets[0], clock=lambda: datetime.now(UTC)
        )
        yield WebhookDesk(api=WebhooksApi(http=http), store=kept, secrets=secrets)


def _sentence(error: BotError) -> str:
    if isinstance(error, SamoraUnavailable):
        return f"Samora doesn't answer as it should ({error.reason}). Try again in a moment."
    if isinstance(error, SamoraRefused):
        return (
            f"Samora refuses that ({error.reason}). Is the id right, and is SAMORA_API_KEY the key of the agent's "
            "organisation?"
        )
    if isinstance(error, StoreUnavailable):
        return f"The database doesn't answer ({error.reason}). {DATABASE_ADVICE}"
    return f"Slack doesn't say which workspace SLACK_BOT_TOKEN is of ({error.reason}). See `samora-bot check`."
