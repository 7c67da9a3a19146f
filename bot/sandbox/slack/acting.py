"""What people do in Slack without pressing anything: type, call commands and shortcuts, open the Home tab."""

import html
from collections.abc import Collection, Iterable

from bot.sandbox.slack import markup, payloads
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.chat import checked_content
from bot.sandbox.slack.delivery import Delivery, Kind
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.people import BOT_USER, TEAM_ID, Channel, User
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.workspace import Message, Workspace


class Acting:
    """A person's doings. All raise LookupError for what is not there, PermissionError for what Slack does not offer."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        views: Views,
        triggers: Triggers,
        response_urls: ResponseUrls,
        delivery: Delivery,
        granted_scopes: Collection[str],
    ) -> None:
        self.workspace = workspace
        self._views = views
        self._triggers = triggers
        self._response_urls = response_urls
        self._delivery = delivery
        self._granted_scopes = granted_scopes
        self._chosen: dict[tuple[str, str, str], Json] = {}

    async def command(
        self, user: str, text: str, channel: str = "C0OPS", command: str = "/samora-call", *, escape: bool = True
    ) -> Ack:
        """Types a slash command; what the bot acknowledges it with is posted as Slack does (``via="ack"``).

        Args:
            user: who types.
            text: what follows the command.
            channel: where.
            command: which one.
            escape: whether the bot's manifest has ``should_escape``: then known ``@names``, ``#channels`` and addresses
                arrive in angle brackets.
        """
        who, where = self._staff(user, channel)
        text = markup.escaped(text, self._names()) if escape else text
        url = self._response_urls.issue(channel=channel, user=user)
        ticket = {"trigger_id": self._triggers.issue(user), "response_url": url}
        payload = payloads.slash_command(who, where, command, text, **ticket)
        ack = await self._deliver(payload, "slash_commands")
        return self._posted(ack, user, channel)

    async def global_shortcut(self, user: str, callback_id: str) -> Ack:
        """Calls a global shortcut."""
        who = self._colleague(user)
        return await self._deliver(payloads.shortcut(who, callback_id, self._triggers.issue(user)), "interactive")

    async def message_shortcut(self, user: str, callback_id: str, channel: str, ts: str) -> Ack:
        """Calls a message shortcut; Slack offers none on ephemeral messages."""
        who, where = self._staff(user, channel)
        message = self._readable(user, channel, ts)
        if message.ephemeral_to is not None:
            text = "Slack offers no shortcuts on ephemeral messages"
            raise PermissionError(text)
        ticket = {
            "trigger_id": self._triggers.issue(user),
            "response_url": self._response_urls.issue(channel=channel, user=user),
        }
        payload = payloads.message_action(who, where, message, callback_id, **ticket)
        return await self._deliver(payload, "interactive")

    async def open_home(self, user: str) -> Ack:
        """Opens the bot's Home tab, and tells the bot which one is shown until it publishes another."""
        who = self._colleague(user)
        home, now = self._views.home_of(user), self.workspace.new_ts()
        return await self._deliver(payloads.app_home_opened(who, home, now), "events_api")

    async def mention(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Ack:
        """Posts ``@samora`` and the text, and tells the bot, unless it is not in the channel ("not_in_channel")."""
        message = self.post_as(user, channel, f"<@{BOT_USER}> {text}", thread_ts=thread_ts)
        return await self._mentioned(message)

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Ack | None:
        """Types a message as into Slack's own composer, where names become mentions and brackets are just brackets.

        Returns:
            How the bot took its mention; None if it is not mentioned and so not told.
        """
        there = self.workspace
        known = markup.mentions(there.users.values(), there.user_groups.values())
        written = markup.escaped(html.escape(text, quote=False), known)
        message = self.post_as(user, channel, written, thread_ts=thread_ts)
        return await self._mentioned(message) if f"<@{BOT_USER}>" in written else None

    async def _mentioned(self, message: Message) -> Ack:
        who, where = self.workspace.member(message.user, message.channel)
        if not where.has_bot:
            return Ack(ok=False, error="not_in_channel")
        return await self._deliver(payloads.app_mention(who, where, message), "events_api")

    def post_as(
        self,
        user: str,
        channel: str,
        text: str,
        blocks: Iterable[Json] | None = None,
        attachments: Iterable[Json] | None = None,
        thread_ts: str | None = None,
    ) -> Message:
        """Writes a message as a person; addresses in the text get Slack's angle brackets. The bot is not told."""
        self.workspace.member(user, channel)
        return self.workspace.post(
            channel,
            user,
            text=markup.with_links(text),
            blocks=blocks or (),
            attachments=attachments or (),
            thread_ts=thread_ts,
        )

    async def dispatch_raw(self, payload: Json, kind: Kind) -> Ack:
        """Sends any payload at all: "slash_commands", "interactive" or "events_api"."""
        return await self._delivery.deliver(payload, kind)

    async def retry_event(self, event_id: str | None = None, reason: str = "http_timeout") -> Ack:
        """Sends an event (None: the newest) once more, three times at most; see :meth:`Delivery.retry_event`."""
        return await self._delivery.retry_event(event_id, reason)

    async def _deliver(self, payload: Json, kind: Kind) -> Ack:
        """Sends a payload, unless the app was uninstalled ("not_installed")."""
        if not self.workspace.is_installed:
            return Ack(ok=False, error="not_installed")
        return await self._delivery.deliver(payload, kind)

    def _names(self) -> dict[str, str]:
        there = self.workspace
        return markup.names(there.users.values(), there.user_groups.values(), there.channels.values())

    def _staff(self, user: str, channel: str) -> tuple[User, Channel]:
        self._colleague(user)
        return self.workspace.member(user, channel)

    def _colleague(self, user: str) -> User:
        if user not in self.workspace.users:
            text = f"no user {user!r}; there are {sorted(self.workspace.users)}"
            raise LookupError(text)
        if self.workspace.users[user].team_id != TEAM_ID:
            text = "Slack offers people of another organisation neither commands nor shortcuts nor a Home of this app."
            raise PermissionError(text)
        return self.workspace.users[user]

    def _readable(self, user: str, channel: str, ts: str) -> Message:
        self.workspace.member(user, channel)
        message = self.workspace.find(channel, ts)
        if message is None:
            text = f"no message {ts} in {channel}"
            raise LookupError(text)
        if message.ephemeral_to not in (None, user):
            text = f"{user} cannot see that message: it was for {message.ephemeral_to} alone"
            raise PermissionError(text)
        return message

    def _posted(self, ack: Ack, user: str, channel: str) -> Ack:
        body = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if not ack.ok or not isinstance(body, dict) or not (body.get("text") or body.get("blocks")):
            return ack
        try:
            content = checked_content(body)
        except Refusal:
            return Ack(
                ok=False, status=ack.status, body=ack.body, seconds=ack.seconds, error="invalid_command_response"
            )
        to = None if body.get("response_type") == "in_channel" else user
        self.workspace.post(channel, BOT_USER, **content, ephemeral_to=to, via="ack")
        return ack
