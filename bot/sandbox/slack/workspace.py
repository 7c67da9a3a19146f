"""The workspace "Acme": who is there, which channels there are, and what was said in them."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json, texts, with_ids
from bot.sandbox.slack.people import (
    BOT_ID,
    BOT_USER,
    Channel,
    User,
    UserGroup,
    direct_channel,
    first_channels,
    first_groups,
    first_people,
)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it is now; an edit makes a new value with the same ``channel`` and ``ts``.

    Attributes:
        channel: the channel's id.
        ts: Slack's name of the message within its channel, "seconds.micros".
        user: who wrote it; the bot's user id for the bot's own.
        bot_id: the bot's id for the bot's own messages, otherwise None.
        thread_ts: the thread root's ts for a reply, otherwise None.
        reply_broadcast: whether a reply is shown in the channel too.
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
    reply_broadcast: bool = False
    ephemeral_to: str | None = None
    metadata: Json | None = None
    edited: int = 0
    deleted: bool = False
    via: str = "person"

    @cached_property  # those who wait look at every message again and again
    def everything_written(self) -> str:
        """The text and all texts in blocks and attachments, a line each."""
        return "\n".join([self.text, *texts(self.blocks), *texts(self.attachments)])

    @property
    def all_blocks(self) -> tuple[Json, ...]:
        """The message's blocks, and then those in its attachments."""
        return self.blocks + tuple(block for each in self.attachments for block in each.get("blocks", ()))


@dataclass
class Workspace:
    """Everything that the sandbox's Slack remembers about its one workspace.

    Attributes:
        is_installed: whether the app is; without it the bot's token answers ``account_inactive``.
        lost_thread_error: what ``chat.postMessage`` says to a reply whose root was deleted and left no thread behind.
            None does what was seen of the real Slack (slack-go/slack #1571): no error, the reply goes into the channel
            itself, and the answer's message has no ``thread_ts``. Slack documents no error for it; "thread_not_found"
            and "invalid_thread_ts" are worth a try.
    """

    clock: SandboxClock
    changes: Changes
    users: dict[str, User] = field(default_factory=lambda: {user.id: user for user in first_people()})
    user_groups: dict[str, UserGroup] = field(default_factory=lambda: {group.id: group for group in first_groups()})
    channels: dict[str, Channel] = field(default_factory=lambda: {channel.id: channel for channel in first_channels()})
    is_installed: bool = True
    lost_thread_error: str | None = None
    _messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    _in_channel: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _in_thread: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _last_micros: int = 0

    @property
    def messages(self) -> list[Message]:
        """All messages ever written, oldest first, deleted ones included."""
        return list(self._messages.values())

    @property
    def newest_first(self) -> Iterator[Message]:
        """All messages ever written, deleted ones included, without the cost of a list."""
        return reversed(self._messages.values())

    def channel(self, channel: str) -> Channel:
        """A channel by its id; raises LookupError if there is none."""
        if channel not in self.channels:
            message = f"no channel {channel!r}; there are {sorted(self.channels)}"
            raise LookupError(message)
        return self.channels[channel]

    def member(self, user: str, channel: str) -> tuple[User, Channel]:
        """A person and a channel that this person is in.

        Raises:
            LookupError: there is no such person or channel.
            PermissionError: the person is not in the channel.
        """
        if user not in self.users:
            message = f"no user {user!r}; there are {sorted(self.users)}"
            raise LookupError(message)
        if user not in self.channel(channel).members:
            message = f"{user} is not in {channel}"
            raise PermissionError(message)
        return self.users[user], self.channels[channel]

    def add_channel(self, channel: Channel) -> Channel:
        """Adds a conversation, or puts it in the place of the one with the same id."""
        self.channels[channel.id] = channel
        self.changes.announce()
        return channel

    def change_channel(self, channel: str, **changes: Any) -> Channel:
        """Changes a channel's fields, such as ``is_archived=True`` or ``members=…``; the bot hears no event of it."""
        return self.add_channel(replace(self.channels[channel], **changes))

    def rename_channel(self, old: str, new: str) -> Channel:
        """Gives a channel another id, and all that was said in it along; LookupError if there is none of the old id."""
        channel = replace(self.channel(old), id=new)
        del self.channels[old]
        messages = [replace(each, channel=new) if each.channel == old else each for each in self.messages]
        for index in (self._messages, self._in_channel, self._in_thread):
            index.clear()
        for message in messages:
            self._index(message)
        return self.add_channel(channel)

    def direct(self, user: str) -> Channel | None:
        """The direct messages between a person and the bot, opened if need be; None if there is no such person."""
        channel = direct_channel(user)
        if channel.id not in self.channels and user in self.users and not self.users[user].is_bot:
            self.add_channel(channel)
        return self.channels.get(channel.id)

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
        message = self.find_ever(channel, ts)
        return None if message is None or message.deleted else message

    def find_ever(self, channel: str, ts: str | None) -> Message | None:
        """A message as it is now, even if it is gone."""
        return self._messages.get((channel, ts or ""))

    def timestamps(self, channel: str, thread_ts: str | None = None) -> Sequence[str]:
        """The ts of all that was ever written in a channel, or below one of its roots, oldest first."""
        return self._in_channel.get(channel, []) if thread_ts is None else self._in_thread.get((channel, thread_ts), [])

    def replies(self, root: Message) -> list[Message]:
        """The replies below a root that are still there for everybody, oldest first."""
        found = (self.find(root.channel, ts) for ts in self.timestamps(root.channel, root.ts))
        return [reply for reply in found if reply is not None and reply.ephemeral_to is None]

    def visible_to(self, user: str, channel: str) -> list[Message]:
        """What this person can read in this channel, oldest first; nothing without being in it."""
        messages = (self._messages[channel, ts] for ts in self.timestamps(channel))
        return [message for message in messages if self.sees(user, message)]

    def sees(self, user: str, message: Message) -> bool:
        """Whether this person can read this message now."""
        is_member = user in self.channels[message.channel].members
        return is_member and not message.deleted and message.ephemeral_to in (None, user)

    def new_ts(self) -> str:
        """The present as Slack writes it, never the same twice."""
        self._last_micros = max(self._last_micros + 1, int(self.clock.now().timestamp() * 1_000_000))
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def _keep(self, message: Message) -> Message:
        self._index(message)
        self.changes.announce()
        return message

    def _index(self, message: Message) -> None:
        if (message.channel, message.ts) not in self._messages:
            self._in_channel[message.channel].append(message.ts)
            if message.thread_ts is not None:
                self._in_thread[message.channel, message.thread_ts].append(message.ts)
        self._messages[message.channel, message.ts] = message


def new_id(prefix: str) -> str:
    """An id in Slack's manner that no earlier sandbox has given either: a bot's database may outlive us."""
    return prefix + secrets.token_hex(5).upper()


def _with_ids_inside(attachments: Iterable[Json]) -> tuple[Json, ...]:
    return tuple(
        {**each, "blocks": list(with_ids(each["blocks"]))} if each.get("blocks") else each for each in attachments
    )
