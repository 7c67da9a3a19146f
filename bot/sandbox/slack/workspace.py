"""The workspace "Acme": who is there, which channels there are, and what was said in them."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json, texts, with_ids

TEAM_ID = "T0SANDBOX"
TEAM_DOMAIN = "acme"
APP_ID = "A0SANDBOX"
BOT_USER = "U0SAMORA"
BOT_ID = "B0SAMORA"


@dataclass(frozen=True, kw_only=True)
class User:
    """A person or the bot. Guests are restricted members; an outsider belongs to another team (Slack Connect)."""

    id: str
    name: str
    team_id: str = TEAM_ID
    is_restricted: bool = False
    is_bot: bool = False


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A conversation. ``is_im``: a direct one between two; ``is_ext_shared``: with another team."""

    id: str
    name: str
    members: frozenset[str]
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_im: bool = False


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it is now; an edit makes a new value with the same ``channel`` and ``ts``.

    Attributes:
        channel: the channel's id.
        ts: Slack's name of the message within its channel, "seconds.micros".
        user: who wrote it; the bot's user id for the bot's own.
        bot_id: the bot's id for the bot's own messages, otherwise None.
        thread_ts: the thread root's ts for a reply, otherwise None.
        ephemeral_to: the only user who sees it, or None if the channel does.
        edited: how often it was edited.
        deleted: whether it is gone; gone messages are kept for the tests to look at.
        via: how it came: a Web API method, "response_url", "ack" or "person".
    """

    channel: str
    ts: str
    user: str
    text: str = ""
    bot_id: str | None = None
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    metadata: Json | None = None
    edited: int = 0
    deleted: bool = False
    via: str = "person"

    @property
    def everything_written(self) -> str:
        """The text and all texts in blocks and attachments, a line each."""
        return "\n".join([self.text, *texts(self.blocks), *texts(self.attachments)])

    @property
    def all_blocks(self) -> tuple[Json, ...]:
        """The message's blocks, and then those in its attachments."""
        return self.blocks + tuple(block for each in self.attachments for block in each.get("blocks", ()))


@dataclass
class Workspace:
    """Everything that the sandbox's Slack remembers about its one workspace."""

    clock: SandboxClock
    changes: Changes
    users: dict[str, User] = field(default_factory=lambda: {user.id: user for user in _people()})
    channels: dict[str, Channel] = field(default_factory=lambda: {channel.id: channel for channel in _channels()})
    _messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    _last_micros: int = 0

    @property
    def messages(self) -> list[Message]:
        """All messages ever written, oldest first, deleted ones included."""
        return list(self._messages.values())

    def member(self, user: str, channel: str) -> tuple[User, Channel]:
        """A person and a channel that this person is in.

        Raises:
            LookupError: there is no such person or channel.
            PermissionError: the person is not in the channel.
        """
        if user not in self.users:
            message = f"no user {user!r}; there are {sorted(self.users)}"
            raise LookupError(message)
        if channel not in self.channels:
            message = f"no channel {channel!r}; there are {sorted(self.channels)}"
            raise LookupError(message)
        if user not in self.channels[channel].members:
            message = f"{user} is not in {channel}"
            raise PermissionError(message)
        return self.users[user], self.channels[channel]

    def change_channel(self, channel: str, **changes: Any) -> Channel:
        """Changes a channel's fields, such as ``is_archived=True`` or ``members=…``; the bot hears no event of it."""
        self.channels[channel] = replace(self.channels[channel], **changes)
        self.changes.announce()
        return self.channels[channel]

    def post(
        self, channel: str, user: str, *, blocks: Iterable[Json] = (), attachments: Iterable[Json] = (), **rest: Any
    ) -> Message:
        """Writes a message now; ``rest`` are further fields of :class:`Message`."""
        parts: Json = {**rest, "blocks": with_ids(blocks), "attachments": _with_ids_inside(attachments)}
        bot_id = BOT_ID if user == BOT_USER else None
        return self._keep(Message(channel=channel, ts=self.new_ts(), user=user, bot_id=bot_id, **parts))

    def edit(self, message: Message, **changes: Any) -> Message:
        """Changes fields of a message and counts the edit."""
        if "blocks" in changes:
            changes["blocks"] = with_ids(changes["blocks"])
        if "attachments" in changes:
            changes["attachments"] = _with_ids_inside(changes["attachments"])
        return self._keep(replace(message, edited=message.edited + 1, **changes))

    def delete(self, message: Message) -> Message:
        """Marks a message as gone."""
        return self._keep(replace(message, deleted=True))

    def find(self, channel: str, ts: str | None) -> Message | None:
        """A message that is still there, as it is now."""
        message = self._messages.get((channel, ts or ""))
        return None if message is None or message.deleted else message

    def visible_to(self, user: str, channel: str) -> list[Message]:
        """What this person can read in this channel, oldest first; nothing without being in it."""
        return [message for message in self.messages if message.channel == channel and self.sees(user, message)]

    def sees(self, user: str, message: Message) -> bool:
        """Whether this person can read this message now."""
        is_member = user in self.channels[message.channel].members
        return is_member and not message.deleted and message.ephemeral_to in (None, user)

    def new_ts(self) -> str:
        """The present as Slack writes it, never the same twice."""
        self._last_micros = max(self._last_micros + 1, int(self.clock.now().timestamp() * 1_000_000))
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def _keep(self, message: Message) -> Message:
        self._messages[message.channel, message.ts] = message
        self.changes.announce()
        return message


def new_id(prefix: str) -> str:
    """An id in Slack's manner that no earlier sandbox has given either: a bot's database may outlive us."""
    return prefix + secrets.token_hex(5).upper()


def _with_ids_inside(attachments: Iterable[Json]) -> tuple[Json, ...]:
    return tuple(
        {**each, "blocks": list(with_ids(each["blocks"]))} if each.get("blocks") else each for each in attachments
    )


def _people() -> list[User]:
    return [
        User(id=BOT_USER, name="samora", is_bot=True),
        User(id="U0MIRA", name="mira"),
        User(id="U0JON", name="jon"),
        User(id="U0GUEST", name="guest", is_restricted=True),
        User(id="U0OUTSIDER", name="outsider", team_id="T0PARTNER"),
    ]


def _channels() -> list[Channel]:
    staff = frozenset({"U0MIRA", "U0JON"})
    with_bot = staff | {BOT_USER}
    return [
        Channel(id="C0OPS", name="operations", members=with_bot | {"U0GUEST"}),
        Channel(id="C0SALES", name="sales", members=with_bot),
        Channel(id="C0SHARED", name="acme-partner", members=with_bot | {"U0GUEST", "U0OUTSIDER"}, is_ext_shared=True),
        Channel(id="C0QUIET", name="quiet", members=staff),
        Channel(id="C0SECRET", name="board", members=staff, is_private=True),
        Channel(id="C0OLD", name="old", members=with_bot, is_archived=True),
        Channel(id="D0MIRAJON", name="", members=staff, is_private=True, is_im=True),
        *(
            Channel(id=f"D0{name}", name="", members=frozenset({f"U0{name}", BOT_USER}), is_private=True, is_im=True)
            for name in ("MIRA", "JON", "GUEST")
        ),
    ]
