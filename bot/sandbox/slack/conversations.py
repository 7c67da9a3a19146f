"""The ``conversations.*`` methods of the Web API, and ``chat.getPermalink``: what the bot can read.

Arguments, answers and error codes: docs.slack.dev/reference/methods/conversations.history, …/conversations.replies,
…/conversations.open, …/conversations.info and …/chat.getPermalink.
"""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from itertools import islice
from typing import Self

from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.payloads import message_json
from bot.sandbox.slack.people import OTHER_TEAM_ID, TEAM_DOMAIN, TEAM_ID, Channel
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.workspace import Message, Workspace

_HISTORY_LIMITS = (100, 999)  # by default and at most
_REPLIES_LIMITS = (1_000, 1_000)
_CURSOR = "next_ts:"


def flag(value: object) -> bool:
    """A boolean argument, which forms and queries carry as text."""
    return value is True or str(value).lower() in {"1", "true"}


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which messages are asked for.

    Attributes:
        oldest: microseconds since 1970; messages before it are not meant.
        latest: likewise for those after it.
        inclusive: whether messages of these very moments are meant.
        cursor: where the last page ended, in the same microseconds; None on the first.
        limit: how many at most.
        with_metadata: whether message metadata is to be told.
    """

    oldest: int
    latest: int
    inclusive: bool
    cursor: int | None
    limit: int
    with_metadata: bool

    @classmethod
    def read(cls, arguments: Json, limits: tuple[int, int]) -> Self:
        """Reads the arguments, with the limit used without one and the highest.

        Raises:
            Refusal: "invalid_ts_oldest", "invalid_ts_latest", "invalid_cursor" or "invalid_arguments".
        """
        usual, most = limits
        return cls(
            oldest=_micros(arguments.get("oldest") or "0", "invalid_ts_oldest"),
            latest=_micros(arguments.get("latest") or "9" * 10, "invalid_ts_latest"),
            inclusive=flag(arguments.get("inclusive")),
            cursor=_read_cursor(str(arguments["cursor"])) if arguments.get("cursor") else None,
            limit=min(_read_limit(arguments.get("limit") or usual), most),
            with_metadata=flag(arguments.get("include_all_metadata")),
        )

    def places(self, timestamps: Sequence[str]) -> tuple[int, int]:
        """From where to where the timestamps, oldest first, lie within ``oldest`` and ``latest``."""
        first = (bisect_left if self.inclusive else bisect_right)(timestamps, self.oldest, key=_micros)
        behind = (bisect_right if self.inclusive else bisect_left)(timestamps, self.latest, key=_micros)
        return first, behind


class Conversations:
    """Tells about channels and reads what was said; refuses with Slack's codes."""

    def __init__(self, workspace: Workspace, granted_scopes: Collection[str]) -> None:
        self._workspace = workspace
        self._granted_scopes = granted_scopes

    def tell(self, arguments: Json) -> Json:
        """``conversations.info``."""
        channel = self._known(arguments)
        self._check_scope(f"{channel.scope_prefix}:read")
        return {"ok": True, "channel": _channel_json(channel)}

    def open(self, arguments: Json) -> Json:
        """``conversations.open`` with one person; the sandbox has no direct messages between more than two."""
        if arguments.get("channel"):
            return {"ok": True, "no_op": True, "already_open": True, "channel": {"id": self._known(arguments).id}}
        if not arguments.get("users"):
            raise Refusal("users_list_not_supplied")
        if "," in str(arguments["users"]):
            self._check_scope("mpim:write")
            raise Refusal("method_not_supported_for_channel_type")
        channels = len(self._workspace.channels)
        channel = self._workspace.direct(str(arguments["users"]))
        if channel is None:
            raise Refusal("user_not_found")
        was_open = {"no_op": True, "already_open": True} if len(self._workspace.channels) == channels else {}
        return {"ok": True, **was_open, "channel": {"id": channel.id}}

    def history(self, arguments: Json) -> Json:
        """``conversations.history``: what stands in the channel itself, newest first."""
        channel = self._readable(arguments)
        window = Window.read(arguments, _HISTORY_LIMITS)
        stamps = self._workspace.timestamps(channel.id)
        first, behind = window.places(stamps)
        if window.cursor is not None:
            behind = min(behind, bisect_right(stamps, window.cursor, key=_micros))
        messages = (self._workspace.find_ever(channel.id, stamps[place]) for place in range(behind - 1, first - 1, -1))
        shown = (each for each in messages if each and (each.thread_ts is None or each.reply_broadcast))
        return {**self._page(shown, window), "pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}

    def replies(self, arguments: Json) -> Json:
        """``conversations.replies``: the root, then its replies, oldest first.

        The root comes first whatever ``oldest`` says, but once only. A reply's ``ts`` gives that reply alone
        (slackapi/bolt-python #783).
        """
        channel = self._readable(arguments)
        window = Window.read(arguments, _REPLIES_LIMITS)
        asked = self._workspace.find_ever(channel.id, str(arguments.get("ts")))
        if asked is None or not self._remains(asked):
            raise Refusal("thread_not_found")
        stamps = self._workspace.timestamps(channel.id, asked.ts)
        first, behind = window.places(stamps)
        if window.cursor is not None:
            first = max(first, bisect_left(stamps, window.cursor, key=_micros))
        below = (self._workspace.find_ever(channel.id, stamps[place]) for place in range(first, behind))
        shown = (each for each in (asked if window.cursor is None else None, *below) if each)
        return self._page(shown, window)

    def permalink(self, arguments: Json) -> Json:
        """``chat.getPermalink``."""
        channel = self._known(arguments)
        message = self._workspace.find(channel.id, str(arguments.get("message_ts")))
        if message is None or message.ephemeral_to is not None:
            raise Refusal("message_not_found")
        thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
        place = f"{channel.id}/p{message.ts.replace('.', '')}{thread}"
        return {
            "ok": True,
            "channel": channel.id,
            "permalink": f"https://{TEAM_DOMAIN}.slack.com/archives/{place}",
        }

    def _known(self, arguments: Json) -> Channel:
        channel = self._workspace.channels.get(str(arguments.get("channel")))
        if channel is None or (channel.is_private and not channel.has_bot):
            raise Refusal("channel_not_found")
        return channel

    def _readable(self, arguments: Json) -> Channel:
        channel = self._known(arguments)
        self._check_scope(f"{channel.scope_prefix}:history")
        if not channel.has_bot:
            raise Refusal("not_in_channel")
        return channel

    def _check_scope(self, scope: str) -> None:
        if scope not in self._granted_scopes:
            raise Refusal.for_scope(scope, self._granted_scopes)

    def _remains(self, message: Message) -> bool:
        """Whether something of it is there for everybody: a deleted root stays as a tombstone while it has replies."""
        return message.ephemeral_to is None and (not message.deleted or bool(self._workspace.replies(message)))

    def _page(self, messages: Iterable[Message], window: Window) -> Json:
        remaining = filter(self._remains, messages)
        found = list(islice(remaining, window.limit + 1))
        page = [self._shown(message, window) for message in found[: window.limit]]
        answer: Json = {"ok": True, "messages": page, "has_more": len(found) > window.limit}
        if answer["has_more"]:
            answer["response_metadata"] = {"next_cursor": _cursor(found[-1])}
        return answer

    def _shown(self, message: Message, window: Window) -> Json:
        shown = _tombstone(message) if message.deleted else message_json(message)
        if not window.with_metadata:
            shown.pop("metadata", None)
        if replies := self._workspace.replies(message):
            shown |= _thread_json(message, replies)
        root = self._workspace.find_ever(message.channel, message.thread_ts)
        if root is not None:
            shown["parent_user_id"] = root.user
            if message.reply_broadcast:
                shown["root"] = self._shown(root, window)
        return shown


def _tombstone(message: Message) -> Json:
    json = {"type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}
    return {**json, "hidden": True, "ts": message.ts}


def _thread_json(root: Message, replies: Sequence[Message]) -> Json:
    repliers = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": root.ts,
        "reply_count": len(replies),
        "reply_users": repliers,
        "reply_users_count": len(repliers),
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": False,
    }


def _channel_json(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private and not channel.is_im,
        "is_im": channel.is_im,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.has_bot,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "pending_shared": [OTHER_TEAM_ID] if channel.is_pending_ext_shared else [],
        "is_org_shared": False,
        "context_team_id": TEAM_ID,
        "num_members": len(channel.members),
    }


def _micros(ts: object, error: str = "invalid_arguments") -> int:
    # Not by way of a float: it has no room for all the digits of a ts.
    try:
        return int(Decimal(str(ts)) * 1_000_000)
    except (DecimalException, ValueError, OverflowError):
        raise Refusal(error) from None


def _read_limit(limit: object) -> int:
    if not str(limit).isdecimal() or int(str(limit)) < 1:
        raise Refusal.for_arguments("limit must be a positive integer")
    return int(str(limit))


def _cursor(following: Message) -> str:
    return base64.b64encode(f"{_CURSOR}{_micros(following.ts)}".encode()).decode()


def _read_cursor(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        if not text.startswith(_CURSOR):
            raise Refusal("invalid_cursor")
        return int(text.removeprefix(_CURSOR))
    except (binascii.Error, ValueError):
        raise Refusal("invalid_cursor") from None
