"""What ``samora-bot webhooks`` needs, put together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from bot.app import open_store
from bot.core.errors import BotError, UserMistake
from bot.samora.client import open_http
from bot.samora.webhooks_api import WebhooksApi
from bot.server import CannotStart
from bot.settings import Settings
from bot.slack.messenger import make_web_client, open_session
from bot.slack.workspace import Workspaces
from bot.storage.webhooks import WebhookStore
from bot.terminal.webhooks import Wanted, WebhookDesk

NO_SECRET = "WEBHOOK_SECRET is missing. It is made up by you: `openssl rand -hex 32` makes a good one."  # noqa: S105


async def tend_webhooks(settings: Settings, action: str, *, agent: str, url: str, webhook: str) -> str:
    """Installs, lists, removes or checks them; returns what went wrong, in a sentence, or nothing."""
    try:
        wanted = Wanted.read(agent=agent, url=url, webhook=webhook)
        if action == "install":
            wanted.require(url=True)
        async with open_webhooks(settings) as desk:
            if action == "install":
                await desk.install(wanted)
            elif action == "list":
                await desk.show(wanted)
            elif action == "remove":
                await desk.remove(wanted)
            elif not await desk.check(wanted):
                return "Something is to be mended: `samora-bot webhooks install` does that."
    except UserMistake as mistake:
        return mistake.reason
    except CannotStart as error:
        return str(error)
    except BotError as error:
        return f"That didn't work: {type(error).__name__}, {error.reason}."
    return ""


@asynccontextmanager
async def open_webhooks(settings: Settings) -> AsyncIterator[WebhookDesk]:
    """The desk; open as long as the context.

    Raises:
        UserMistake: there is no WEBHOOK_SECRET.
        CannotStart: the database can't be used.
        BotError: Slack doesn't say which workspace the token is of.
    """
    if not settings.webhook_secret:
        raise UserMistake(NO_SECRET)
    secrets = [each.get_secret_value() for each in settings.webhook_secret]
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(api_url=settings.slack_api_url))
        token = settings.slack_bot_token.get_secret_value()
        workspaces = Workspaces(web=make_web_client(session=session, api_url=settings.slack_api_url, token=token))
        own = await workspaces.get_own()
        store = await stack.enter_async_context(open_store(settings, team_id=lambda: own.team_id))
        key = settings.samora_api_key.get_secret_value()
        http = await stack.enter_async_context(open_http(base_url=settings.samora_api_url, api_key=key))
        kept = WebhookStore(
            database=store.database, team_id=own.team_id, secret=secrets[0], clock=lambda: datetime.now(UTC)
        )
        yield WebhookDesk(api=WebhooksApi(http=http), store=kept, secrets=secrets)
