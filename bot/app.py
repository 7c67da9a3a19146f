"""The composition root: settings become objects and tasks here, and nowhere else. Everything ends in reverse order."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog
from slack_bolt.app.async_app import AsyncApp

from bot.check import Finding, check_samora, check_slack, check_socket
from bot.core.errors import PermanentError, SlackUnavailable
from bot.core.lookup import Lookup, is_loopback
from bot.health import Health
from bot.samora.client import SamoraClient, open_http
from bot.server import CannotStart, listen, serve
from bot.settings import HttpSettings, SamoraSettings, Settings, SocketSettings
from bot.slack.answers import Answers
from bot.slack.listeners import make_dispatcher
from bot.slack.listeners.boundary import Boundary
from bot.slack.listeners.dispatcher import Dispatcher
from bot.slack.messenger import Messenger, make_web_client, open_session
from bot.slack.socket import Socket, make_connection
from bot.slack.work import Once, Work
from bot.slack.workspace import Workspaces, authorize, read_app_id
from bot.web import SlackDoor, Web, read_only

log = structlog.get_logger()

_DEFAULT_PORT = 3000
_ASK_SLACK_AGAIN_SECONDS = 5.0

# A supervisor that sends SIGTERM commonly waits ten seconds before it kills: 3 for requests and for what the workers
# hold, 5 for answers under way, and then one for telling those who wait for another that it won't come.
_WORK_GRACE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The bot, put together and open: what :meth:`run` needs.

    Attributes:
        workspaces: who we are, once Slack has said so.
        web: the HTTP application, or None where none is served.
        listening: the socket that it is served on.
        slack_socket: the Socket Mode connection, or None in HTTP mode.
    """

    workspaces: Workspaces
    web: Web | None
    listening: socket.socket | None
    slack_socket: Socket | None

    async def run(self, stopped: asyncio.Event) -> None:
        """Works until stopped.

        Raises:
            CannotStart: Slack refuses the token.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                introducing = tasks.create_task(self._introduce(stopped), name="introduce")
                if self.slack_socket:
                    tasks.create_task(self.slack_socket.run(stopped), name="socket")
                if self.web and self.listening:
                    tasks.create_task(serve(self.web, self.listening, stopped), name="web")
                await stopped.wait()
                introducing.cancel()
        except* CannotStart as ends:
            raise ends.exceptions[0] from None
        except* PermanentError as refusals:
            reason = str(refusals.exceptions[0])
            raise CannotStart(
                f"Slack refuses SLACK_BOT_TOKEN ({reason}). Run `samora-bot check` to see what to do."
            ) from None

    async def _introduce(self, stopped: asyncio.Event) -> None:
        """Asks Slack who we are, until it says so: no request can be answered before."""
        while not stopped.is_set():
            try:
                workspace = await self.workspaces.get_own()
            except SlackUnavailable as error:
                log.warning("slack_unavailable", reason=error.reason)
                await asyncio.sleep(error.retry_after or _ASK_SLACK_AGAIN_SECONDS)
            else:
                log.info("ready", team=workspace.team, team_id=workspace.team_id)
                return


@asynccontextmanager
async def open_lookup(settings: SamoraSettings, *, health: Health | None = None) -> AsyncIterator[Lookup]:
    """A look-up alone, for the terminal and for the bot; open as long as the context."""
    async with open_http(base_url=settings.samora_api_url, api_key=settings.samora_api_key.get_secret_value()) as http:
        observe = health.observe_samora if health else lambda _outcome, _seconds: None
        calls = SamoraClient(http=http, clock=_now, observe=observe)
        host = urlsplit(settings.samora_api_url).hostname or ""
        yield Lookup(calls=calls, loopback_links=is_loopback(host))


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """Opens connections, builds the objects, and closes all of it in reverse order, answers under way first.

    Raises:
        CannotStart: the port is taken.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session(api_url=settings.slack_api_url))
        web_client = make_web_client(
            session=session,
            api_url=settings.slack_api_url,
            token=settings.slack_bot_token.get_secret_value(),
        )
        app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
        workspaces = Workspaces(web=web_client, app_id=read_app_id(app_token))
        messenger = Messenger(web=web_client, session=session)
        work = Work()
        slack_socket = None
        if isinstance(settings, SocketSettings):
            connecting = make_web_client(session=session, api_url=settings.slack_api_url)
            slack_socket = Socket(connect=lambda: make_connection(app=bolt, app_token=app_token, web=connecting))
        health = Health(
            clock=_now,
            is_slack_known=lambda: workspaces.is_known,
            is_socket_connected=(lambda: slack_socket.is_connected) if slack_socket else None,
            count_work=work.count,
        )
        lookup = await stack.enter_async_context(open_lookup(settings, health=health))
        boundary = Boundary(
            work=work, once=Once(), workspaces=workspaces, messenger=messenger, observe=health.observe_request
        )
        answers = Answers(lookup=lookup, messenger=messenger)
        dispatcher = make_dispatcher(boundary=boundary, answers=answers, messenger=messenger)
        bolt = _make_bolt(dispatcher)
        web = _make_web(settings, dispatcher, bolt, health)
        port = _DEFAULT_PORT if settings.port is None else settings.port
        listening = stack.enter_context(listen(settings.host, port)) if web else None
        stack.push_async_callback(work.close, grace=_WORK_GRACE_SECONDS)
        yield Bot(workspaces=workspaces, web=web, listening=listening, slack_socket=slack_socket)


async def check_everything(settings: Settings) -> list[Finding]:
    """Looks at settings, Slack and Samora; see :mod:`bot.check`."""
    async with open_session(api_url=settings.slack_api_url) as session, open_lookup(settings) as lookup:
        token = settings.slack_bot_token.get_secret_value()
        web = make_web_client(session=session, api_url=settings.slack_api_url, token=token)
        findings = [Finding(name="Settings", is_fine=True, detail=f"complete for {settings.transport} mode")]
        findings += await check_slack(Workspaces(web=web))
        if isinstance(settings, SocketSettings):
            findings.append(await check_socket(web, settings.slack_app_token.get_secret_value()))
        return [*findings, await check_samora(lookup)]


def _make_bolt(dispatcher: Dispatcher) -> AsyncApp:
    """Bolt, told everything: by default it reads the environment, asks ``auth.test``, and polls for the ack."""
    return AsyncApp(
        name="samora",
        logger=logging.getLogger("slack_bolt"),
        # Awaits what listens instead of looking every 10 ms whether it has acked, which matters in Socket Mode.
        process_before_response=True,
        before_authorize=dispatcher,
        authorize=authorize,
        # The guard in ``web`` has checked before Bolt parses; Bolt's own check would log the bodies of forgeries.
        request_verification_enabled=False,
        signing_secret="",
        ignoring_self_events_enabled=False,
        ignoring_self_assistant_message_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


def _make_web(settings: Settings, dispatcher: Dispatcher, bolt: AsyncApp, health: Health) -> Web | None:
    endpoints = {
        ("GET", "/healthz"): read_only(health.alive),
        ("GET", "/readyz"): read_only(health.ready),
        ("GET", "/metrics"): read_only(health.metrics),
    }
    if isinstance(settings, HttpSettings):
        secret = settings.slack_signing_secret.get_secret_value()
        door = SlackDoor(dispatcher=dispatcher, bolt=bolt, signing_secret=secret)
        return Web({**endpoints, ("POST", "/slack/events"): door})
    return Web(endpoints) if settings.port is not None else None


def _now() -> datetime:
    return datetime.now(UTC)
