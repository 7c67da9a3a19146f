"""What Slack sends, read once at the border: who asks, from where, and about which call.

Shapes: docs.slack.dev/reference/interaction-payloads, docs.slack.dev/interactivity/implementing-slash-commands and
docs.slack.dev/reference/events. Fields may be missing, null or new at any time.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.core.calls import CallId, find_call_ids
from bot.core.errors import UserMistake

Payload = dict[str, Any]

# Slack itself allows far less; a message beyond this is not searched to its end.
_MOST_TEXTS = 5_000

# Values under these keys are Slack's or other apps' ids. Some are UUIDs, and none of them is a call's.
_NOT_CONTENT = frozenset(
    {"type", "id", "block_id", "action_id", "callback_id", "external_id", "client_msg_id"}
    | {"user_id", "team_id", "bot_id", "app_id", "file_id", "ts", "thread_ts", "event_ts"}
)

# Between what Slack keeps for us and the proof that we wrote it: see bot.slack.seal.
SEAL_MARK = "~"

# Whoever escapes markup, as Slack does in many a place, finds none in a value.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})

UNREADABLE_BUTTON = "I can't read that button any more. Please look the call up again."


class Asked(BaseModel):
    """What a button, an option or a modal carries: ids only, never a link, with a version because old cards live on.

    Attributes:
        v: the version of this shape.
        call: the id of the call that it is about.
        page: which page of a modal, from 0.
        again: the action that a *Try again* repeats.
        channel: where a modal was opened from, as a modal itself is nowhere; or where a call is to be shown.
        thread: the root of the thread there.
        sub: the id of the subscription that it is about.
        options: how a call, or an agent's calls, are to be followed, and which of them, as people type it.
        card: the public card that a subscription is to take over.
        agent: the id of the agent that it is about.
        name: what that agent is to be called, as it was typed.
        board: the id of the board that it is about.
        status: which of that board's calls; empty for all.
        home: whether it stands in somebody's Home tab, or was opened from there.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    call: str = ""
    page: int = Field(default=0, ge=0, le=100_000)
    again: str = ""
    channel: str = ""
    thread: str = ""
    sub: str = ""
    options: str = ""
    card: str = ""
    agent: str = ""
    name: str = ""
    board: str = ""
    status: str = ""
    home: bool = False

    def encode(self) -> str:
        """As compact JSON, without what is empty."""
        text = json.dumps({"v": 1, **self.model_dump(exclude_defaults=True)}, separators=(",", ":"))
        return text.translate(_ESCAPED)

    @classmethod
    def parse(cls, value: object) -> "Asked":
        """Reads what :meth:`encode` wrote.

        Raises:
            UserMistake: it is something else: of another version, or forged.
        """
        try:
            asked = cls.model_validate_json(value if isinstance(value, str) else "")
        except ValidationError:
            asked = None
        if asked is None or "v" not in asked.model_fields_set:
            raise UserMistake(UNREADABLE_BUTTON)
        return asked

    @property
    def call_id(self) -> CallId:
        """The call's id; raises UserMistake if there is none."""
        return CallId(self.call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who asks, and where an answer reaches that person.

    Attributes:
        team_id: the workspace that the payload was sent for: the one with the bot.
        user_id: the person.
        user_team_id: the person's own workspace: another one for somebody from outside in a shared channel.
        app_id: the app that the payload was sent to.
        channel_id: the conversation; empty in a modal that was opened from none.
        thread_ts: the root of the thread that the answer belongs into; empty outside threads.
        message_ts: the message whose button was pressed, or that a shortcut was used on.
        is_private: whether the card pressed is visible to that person alone.
        view_id: the modal whose button was pressed.
        is_home: whether the person is in the Home tab, which is neither a conversation nor a modal.
        response_url: Slack's address for answers, five times within 30 minutes. Whoever has it can post: never logged.
        trigger_id: Slack's permission to open one modal within three seconds.
    """

    team_id: str = ""
    user_id: str = ""
    user_team_id: str = ""
    app_id: str = ""
    channel_id: str = ""
    thread_ts: str = ""
    message_ts: str = ""
    is_private: bool = False
    view_id: str = ""
    is_home: bool = False
    response_url: str = field(default="", repr=False)
    trigger_id: str = field(default="", repr=False)


def text_at(payload: object, *path: str) -> str:
    """The text at that path, or an empty one where there is no such text."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload if isinstance(payload, str) else ""


def place_of_command(payload: Payload) -> Place:
    """The place of a slash command. Slack offers those to members of the workspace only."""
    return Place(
        team_id=text_at(payload, "team_id"),
        user_id=text_at(payload, "user_id"),
        user_team_id=text_at(payload, "team_id"),
        app_id=text_at(payload, "api_app_id"),
        channel_id=text_at(payload, "channel_id"),
        response_url=text_at(payload, "response_url"),
        trigger_id=text_at(payload, "trigger_id"),
    )


def place_of_interaction(payload: Payload) -> Place:
    """The place of a shortcut, a pressed button or a submitted modal."""
    is_home = text_at(payload, "view", "type") == "home"
    # No modal is open there yet, so what comes next is opened, and not pushed.
    view_id = "" if is_home else text_at(payload, "view", "id")
    origin = read_metadata(payload) if view_id else Asked()
    message_ts = text_at(payload, "container", "message_ts") or text_at(payload, "message", "ts")
    thread_ts = text_at(payload, "container", "thread_ts") or text_at(payload, "message", "thread_ts") or origin.thread
    container = payload.get("container")
    # A modal submitted from another workspace names that one as its team, and ours only in the view.
    team_id = text_at(payload, "view", "app_installed_team_id") or text_at(payload, "team", "id")
    # Slack offers shortcuts to members only, and does not always say where they are from; anybody may press a button.
    is_shortcut = text_at(payload, "type") in {"shortcut", "message_action"}
    return Place(
        team_id=team_id,
        user_id=text_at(payload, "user", "id"),
        user_team_id=text_at(payload, "user", "team_id") or (team_id if is_shortcut else ""),
        app_id=text_at(payload, "api_app_id"),
        channel_id=(text_at(payload, "channel", "id") or text_at(payload, "container", "channel_id") or origin.channel),
        # The root of a thread stands in the channel itself, whatever hangs below it.
        thread_ts=thread_ts if thread_ts != message_ts else "",
        message_ts=message_ts,
        is_private=is_home or bool(view_id) or (isinstance(container, dict) and container.get("is_ephemeral") is True),
        view_id=view_id,
        is_home=is_home,
        response_url=text_at(payload, "response_url"),
        trigger_id=text_at(payload, "trigger_id"),
    )


def place_of_event(payload: Payload) -> Place:
    """The place of an event that no person is behind: a workspace, an app and, in most cases, a channel."""
    return Place(
        team_id=text_at(_authorized(payload), "team_id") or text_at(payload, "team_id"),
        app_id=text_at(payload, "api_app_id"),
        channel_id=text_at(payload, "event", "channel"),
    )


def own_user_id(payload: Payload) -> str:
    """The user of an event who is the bot itself; empty where the event doesn't say."""
    return text_at(_authorized(payload), "user_id")


def _authorized(payload: Payload) -> object:
    authorizations = payload.get("authorizations")
    return authorizations[0] if isinstance(authorizations, list) and authorizations else {}


def place_of_mention(payload: Payload) -> Place:
    """The place of an ``app_mention`` event. The workspace is the authorised one: the outer team may be a partner's."""
    thread_ts = text_at(payload, "event", "thread_ts")
    return Place(
        team_id=text_at(_authorized(payload), "team_id") or text_at(payload, "team_id"),
        user_id=text_at(payload, "event", "user"),
        user_team_id=text_at(payload, "event", "user_team") or text_at(payload, "event", "team"),
        app_id=text_at(payload, "api_app_id"),
        channel_id=text_at(payload, "event", "channel"),
        thread_ts=thread_ts,
        message_ts=text_at(payload, "event", "ts"),
    )


def place_of_home(payload: Payload) -> Place:
    """The place of an ``app_home_opened`` event: a Home tab, which stands in no conversation.

    The event names no workspace of the person's own; the outer team is the one that the tab was opened in.
    """
    return Place(
        team_id=text_at(_authorized(payload), "team_id") or text_at(payload, "team_id"),
        user_id=text_at(payload, "event", "user"),
        user_team_id=text_at(payload, "team_id"),
        app_id=text_at(payload, "api_app_id"),
        is_private=True,
        is_home=True,
    )


def get_metadata(payload: Payload) -> Asked:
    """What a modal's ``private_metadata`` carries; raises UserMistake if that can't be read."""
    return Asked.parse(text_at(payload, "view", "private_metadata"))


def read_metadata(payload: Payload) -> Asked:
    """What a modal's ``private_metadata`` carries; nothing if there is none that can be read."""
    try:
        return get_metadata(payload)
    except UserMistake:
        return Asked()


def find_message_call_ids(message: object) -> list[CallId]:
    """Every call id in a message: in its text, blocks of every kind, attachments with their fields, and links.

    A card of ours says which call it is about in its buttons; then its agent's id is not mistaken for a call's.
    """
    if not isinstance(message, dict):
        return []
    parts = [message.get(part) for part in ("text", "blocks", "attachments")]
    texts = [text for _, text in zip(range(_MOST_TEXTS), _walk(parts), strict=False)]
    own = [call_id for text in texts if (call_id := _own_call_id(text))]
    return list(dict.fromkeys(own or [call_id for text in texts for call_id in find_call_ids(text)]))


def _own_call_id(text: str) -> CallId | None:
    # Without a look at the seal: anybody may name a call in a message.
    value = text.rpartition(SEAL_MARK)[0] or text
    try:
        return Asked.parse(value).call_id if value.startswith('{"v":') else None
    except UserMistake:
        return None


def _walk(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for inner in part:
            yield from _walk(inner)
    elif isinstance(part, dict):
        for key, inner in part.items():
            if key not in _NOT_CONTENT:
                yield from _walk(inner)
