"""The sandbox's Slack: one aiohttp server that is the Web API, Socket Mode and ``response_url`` at once."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults, Handler
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.api import WebApi, read_arguments
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.chat import Chat
from bot.sandbox.slack.control import Control
from bot.sandbox.slack.delivery import ACK_SECONDS, Delivery
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.interacting import Interacting
from bot.sandbox.slack.modals import Modals
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import View, Views
from bot.sandbox.slack.workspace import Message, Workspace

Found = TypeVar("Found")

REQUESTS_KEPT = 1000
_BODY_LIMIT = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BotRequest:
    """One request of the bot, without its token.

    Attributes:
        path: such as "/api/chat.postMessage".
        body: the parsed arguments.
        status: the HTTP status it got; None if the connection was cut.
        answer: the JSON or text it got; None if the connection was cut.
        at: when it was answered, by the sandbox's clock, as an aware UTC datetime.
    """

    path: str
    body: Json
    status: int | None
    answer: object
    at: datetime


class SlackSandbox(Interacting):
    """A Slack with one workspace, to be entered with ``async with``; everything lives in the one event loop.

    Attributes:
        url: where it listens, without a slash at the end; known once entered.
        bot_token: the token of the installed bot.
        app_token: the app-level token for Socket Mode.
        signing_secret: what HTTP deliveries are signed with.
        granted_scopes: what the bot may do, at first what its manifest asks for; change it to see ``missing_scope``.
        faults: what is to fail next on ``/api/*`` and ``/response/*``.
        requests: the newest requests of the bot, oldest first.
        workspace: people, channels and messages; ``workspace.change_channel`` archives or removes the bot.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock,
        host: str = "127.0.0.1",
        port: int = 0,
        rates: bool = True,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.url = ""
        self.bot_token = "xoxb-sandbox"  # noqa: S105  opens nothing but this sandbox
        self.app_token = "xapp-1-A0SANDBOX-1-sandbox"  # noqa: S105
        self.signing_secret = "sandbox-signing-secret"  # noqa: S105
        self.granted_scopes = {"app_mentions:read", "chat:write", "commands"}
        self.faults = Faults()
        self.requests: deque[BotRequest] = deque(maxlen=REQUESTS_KEPT)
        self.clock = clock
        self._host, self._port = host, port
        self._changes = Changes()
        self._sockets = Sockets(self._changes)
        workspace = Workspace(clock, self._changes)
        super().__init__(
            workspace=workspace,
            views=Views(self._changes),
            triggers=Triggers(clock),
            response_urls=ResponseUrls(workspace),
            delivery=Delivery(
                sockets=self._sockets,
                changes=self._changes,
                signing_secret=self.signing_secret,
                ack_seconds=ack_seconds,
            ),
        )
        self._runner = web.AppRunner(self._application(rates), shutdown_timeout=0.1, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        port = self._runner.addresses[0][1]
        self.url = f"http://{self._host}:{port}"
        self._response_urls.address = self.url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sockets.close()
        await self._delivery.close()
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """What the bot calls instead of ``https://slack.com/api/``."""
        return f"{self.url}/api/"

    @property
    def messages(self) -> list[Message]:
        """Everything ever written, oldest first, deleted messages included."""
        return self.workspace.messages

    @property
    def connections(self) -> int:
        """How many Socket Mode connections the bot has open."""
        return self._sockets.count

    @property
    def connections_made(self) -> int:
        """How many Socket Mode connections there ever were: grows when the bot comes again."""
        return self._sockets.made

    @property
    def acks(self) -> list[Ack]:
        """How the newest deliveries were acknowledged, oldest first."""
        return list(self._delivery.acks)

    def deliver_to(self, url: str | None) -> None:
        """Sets the bot's HTTP request URL; None goes back to Socket Mode."""
        self._delivery.url = url

    def visible_to(self, user: str, channel: str) -> list[Message]:
        """What this person can read in this channel, oldest first."""
        return self.workspace.visible_to(user, channel)

    def views_of(self, user: str) -> list[View]:
        """This person's open modals, the visible one last."""
        return self._views.of(user)

    def find_view(self, view_id: str) -> View | None:
        """An open modal by its id."""
        return self._views.find(view_id)

    def find_message(
        self,
        text: str = "",
        *,
        channel: str | None = None,
        seen_by: str | None = None,
        thread_ts: str | None = None,
        via: str | None = None,
        ephemeral: bool | None = None,
    ) -> Message | None:
        """The newest message not deleted that has the text somewhere (blocks included) and fits all that is given."""
        for message in reversed(self.messages):
            if (
                not message.deleted
                and text in message.everything_written
                and channel in (None, message.channel)
                and thread_ts in (None, message.thread_ts)
                and via in (None, message.via)
                and ephemeral in (None, message.ephemeral_to is not None)
                and (seen_by is None or self.workspace.sees(seen_by, message))
            ):
                return message
        return None

    async def wait_for(self, predicate: Callable[[], Found | None], within: float = 5.0) -> Found:
        """The first true answer of ``predicate``, asked now and after each change; ``within`` is in real seconds.

        Raises:
            TimeoutError: nothing true in that time; the text says what is there instead.
        """
        return await self._changes.wait_for(predicate, within=within, describe=self._describe)

    async def wait_for_connection(self, within: float = 5.0) -> int:
        """Waits until the bot has a Socket Mode connection, and gives how many it has."""
        return await self.wait_for(lambda: self.connections, within)

    def drop_connections(self) -> None:
        """Cuts every Socket Mode connection without a goodbye."""
        self._sockets.cut_all()

    async def send_disconnect(self, reason: str = "refresh_requested") -> None:
        """Asks every Socket Mode connection to come again."""
        await self._sockets.announce_disconnect(reason)

    def _application(self, rates: bool) -> web.Application:
        api = WebApi(
            workspace=self.workspace,
            rates=Rates(self.clock, enabled=rates),
            chat=Chat(self.workspace, self.granted_scopes),
            modals=Modals(self._views, self._triggers),
            granted_scopes=self.granted_scopes,
            bot_token=self.bot_token,
            app_token=self.app_token,
            open_connection=self._open_connection,
        )
        application = web.Application(middlewares=[self._watched], client_max_size=_BODY_LIMIT)
        application.router.add_route("*", "/api/{method}", api.answer)
        application.router.add_post("/response/{id}", self._response_urls.answer)
        application.router.add_get("/socket", self._sockets.serve)
        application.router.add_routes(Control(self).routes())
        return application

    def _open_connection(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/socket?ticket={self._sockets.issue_ticket()}&app_id=A0SANDBOX"

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets faults strike and keeps a record, for the bot's own requests only."""
        if not request.path.startswith(("/api/", "/response/")):
            return await handler(request)
        try:
            _, body = await read_arguments(request)
        except Refusal:
            body = {}
        answer: web.StreamResponse | None = None
        try:
            answer = await self.faults.middleware(request, handler)
        except ConnectionResetError:  # a fault has cut the connection: nobody reads this, and the log stays clean
            return web.Response()
        finally:
            status = answer.status if answer is not None else None
            at = self.clock.now()
            self.requests.append(
                BotRequest(path=request.path, body=body, status=status, answer=_content(answer), at=at)
            )
            self._changes.announce()
        return answer

    def _describe(self) -> str:
        lines = [
            f"{message.channel} {message.via}{' (ephemeral)' if message.ephemeral_to else ''}: {message.text[:80]!r}"
            for message in self.messages[-10:]
        ]
        calls = [f"{request.path} → {request.status}" for request in list(self.requests)[-10:]]
        views = [view.callback_id for user in self.workspace.users for view in self.views_of(user)]
        return (
            f"messages {lines}, requests {calls}, views {views}, {self.connections} connections, acks {self.acks[-3:]}"
        )


def _content(answer: web.StreamResponse | None) -> object:
    text = answer.text if isinstance(answer, web.Response) else None
    try:
        content: object = json.loads(text or "null")
    except ValueError:
        return text
    return content
