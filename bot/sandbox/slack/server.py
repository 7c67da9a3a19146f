"""The sandbox's Slack: one aiohttp server that is the Web API, Socket Mode and ``response_url`` at once."""

from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.administering import Administering
from bot.sandbox.slack.api import WebApi
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.chat import Chat
from bot.sandbox.slack.control import Control
from bot.sandbox.slack.conversations import Conversations
from bot.sandbox.slack.delivery import ACK_SECONDS, Delivered, Delivery
from bot.sandbox.slack.interacting import Interacting
from bot.sandbox.slack.modals import Modals
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.recording import BotRequest, Recording
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import View, Views
from bot.sandbox.slack.workspace import Message, Workspace

Found = TypeVar("Found")

REQUESTS_KEPT = 1000

# What the bot's manifest asks for, the optional ones included.
SCOPES = frozenset({"app_mentions:read", "chat:write", "commands"})
OPTIONAL_SCOPES = frozenset(
    {"channels:read", "groups:read", "channels:history", "groups:history", "users:read", "usergroups:read"}
)
_BODY_LIMIT = 2 * 1024 * 1024


class SlackSandbox(Interacting, Administering):
    """A Slack with one workspace, to be entered with ``async with``; everything lives in the one event loop.

    Attributes:
        url: where it listens, without a slash at the end; known once entered.
        bot_token: the token of the installed bot.
        app_token: the app-level token for Socket Mode.
        signing_secret: what HTTP deliveries are signed with.
        granted_scopes: what the bot may do, at first all that its manifest asks for; discard some to see
            ``missing_scope``.
        faults: what is to fail next on ``/api/*`` and ``/response/*``.
        rates: Slack's rate limits; ``rates.enabled`` switches them on and off.
        sockets: Socket Mode's connections, and what befalls them.
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
        requests_kept: int = REQUESTS_KEPT,
    ) -> None:
        self.url = ""
        self.bot_token = "xoxb-sandbox"  # noqa: S105  opens nothing but this sandbox
        self.app_token = "xapp-1-A0SANDBOX-1-sandbox"  # noqa: S105
        self.signing_secret = "sandbox-signing-secret"  # noqa: S105
        self.granted_scopes = {*SCOPES, *OPTIONAL_SCOPES}
        self.faults = Faults()
        self.rates = Rates(clock, enabled=rates)
        self.clock = clock
        self._host, self._port = host, port
        self._changes = Changes()
        self._recording = Recording(clock=clock, faults=self.faults, changes=self._changes, kept=requests_kept)
        self.sockets = Sockets(self._changes)
        workspace = Workspace(clock, self._changes)
        super().__init__(
            workspace=workspace,
            views=Views(self._changes),
            triggers=Triggers(clock),
            response_urls=ResponseUrls(workspace),
            delivery=Delivery(
                sockets=self.sockets,
                changes=self._changes,
                clock=clock,
                signing_secret=self.signing_secret,
                ack_seconds=ack_seconds,
            ),
            granted_scopes=self.granted_scopes,
        )
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.1, access_log=None)

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
        await self.sockets.close()
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
    def requests(self) -> deque[BotRequest]:
        """The newest requests of the bot, oldest first."""
        return self._recording.requests

    @property
    def rate_refusals(self) -> Counter[str]:
        """How many calls the rate limits refused (HTTP 429), by method; 429s of faults do not count."""
        return self.rates.refusals

    @property
    def connections(self) -> int:
        """How many Socket Mode connections the bot has open."""
        return self.sockets.count

    @property
    def connections_made(self) -> int:
        """How many Socket Mode connections there ever were: grows when the bot comes again."""
        return self.sockets.made

    @property
    def acks(self) -> list[Ack]:
        """How the newest deliveries were acknowledged, oldest first."""
        return [each.ack for each in self.delivered]

    @property
    def delivered(self) -> deque[Delivered]:
        """The newest payloads that were sent to the bot, oldest first."""
        return self._delivery.delivered

    def deliver_to(self, url: str | None) -> None:
        """Sets the bot's HTTP request URL; None goes back to Socket Mode."""
        self._delivery.url = url

    def visible_to(self, user: str, channel: str) -> list[Message]:
        """What this person can read in this channel, oldest first."""
        return self.workspace.visible_to(user, channel)

    def views_of(self, user: str) -> list[View]:
        """This person's open modals, the visible one last."""
        return self._views.of(user)

    def home_of(self, user: str) -> View | None:
        """This person's Home tab; None if the bot has not published any."""
        return self._views.home_of(user)

    def find_view(self, view_id: str) -> View | None:
        """An open modal or a Home tab by its id."""
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
        for message in self.workspace.newest_first:
            if (
                not message.deleted
                and channel in (None, message.channel)
                and thread_ts in (None, message.thread_ts)
                and via in (None, message.via)
                and ephemeral in (None, message.ephemeral_to is not None)
                and (seen_by is None or self.workspace.sees(seen_by, message))
                and text in message.everything_written
            ):
                return message
        return None

    async def wait_for(self, predicate: Callable[[], Found | None], within: float = 5.0) -> Found:
        """The first true answer of ``predicate``, asked now and after changes; ``within`` is in real seconds.

        Raises:
            TimeoutError: nothing true in that time; the text says what is there instead.
        """
        return await self._changes.wait_for(predicate, within=within, describe=self._describe)

    async def wait_for_connection(self, within: float = 5.0) -> int:
        """Waits until the bot has a Socket Mode connection, and gives how many it has."""
        return await self.wait_for(lambda: self.connections, within)

    def drop_connections(self) -> None:
        """Cuts every Socket Mode connection without a goodbye."""
        self.sockets.cut_all()

    async def send_disconnect(self, reason: str = "refresh_requested") -> None:
        """Asks every Socket Mode connection to come again."""
        await self.sockets.announce_disconnect(reason)

    def _application(self) -> web.Application:
        api = WebApi(
            workspace=self.workspace,
            rates=self.rates,
            chat=Chat(self.workspace, self.granted_scopes),
            conversations=Conversations(self.workspace, self.granted_scopes),
            modals=Modals(self.workspace, self._views, self._triggers),
            granted_scopes=self.granted_scopes,
            bot_token=self.bot_token,
            app_token=self.app_token,
            open_connection=self._open_connection,
        )
        application = web.Application(middlewares=[self._recording.middleware], client_max_size=_BODY_LIMIT)
        application.router.add_route("*", "/api/{method}", api.answer)
        application.router.add_post("/response/{id}", self._response_urls.answer)
        application.router.add_get("/socket", self.sockets.serve)
        application.router.add_routes(Control(self).routes())
        return application

    def _open_connection(self) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/socket?ticket={self.sockets.issue_ticket()}&app_id=A0SANDBOX"

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
