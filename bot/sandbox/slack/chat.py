"""The ``chat.*`` methods of the Web API."""

import json
from collections.abc import Collection
from typing import Any

from bot.sandbox.slack.conversations import flag
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.limits import MESSAGE_TEXT_LIMIT, find_message_problems
from bot.sandbox.slack.payloads import message_json
from bot.sandbox.slack.people import BOT_USER, Channel
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.workspace import Message, Workspace

ATTACHMENTS_LIMIT = 100
UPDATE_TEXT_LIMIT = 4_000
METADATA_LIMIT = 8_000  # characters of JSON; Slack publishes no figure, this one is ours


class Chat:
    """Posts, edits and deletes as the bot; refuses with Slack's codes."""

    def __init__(self, workspace: Workspace, granted_scopes: Collection[str]) -> None:
        self._workspace = workspace
        self._granted_scopes = granted_scopes

    def post_message(self, arguments: Json) -> Json:
        """``chat.postMessage``; a user's id as the channel means the bot's direct messages with that user."""
        channel = self._writable(arguments)
        content = {**_cut_content(arguments), **self._thread(arguments, channel)}
        metadata = checked_metadata(arguments.get("metadata"))
        message = self._workspace.post(channel.id, BOT_USER, **content, metadata=metadata, via="chat.postMessage")
        return {"ok": True, "channel": channel.id, "ts": message.ts, "message": message_json(message)}

    def post_ephemeral(self, arguments: Json) -> Json:
        """``chat.postEphemeral``."""
        channel = self._writable(arguments)
        user = arguments.get("user")
        if not user:
            raise Refusal.for_arguments("missing required field: user")
        if user not in channel.members:
            raise Refusal("user_not_in_channel")
        content = {**_cut_content(arguments), **self._thread({**arguments, "reply_broadcast": False}, channel)}
        message = self._workspace.post(channel.id, BOT_USER, **content, ephemeral_to=user, via="chat.postEphemeral")
        return {"ok": True, "message_ts": message.ts}

    def update(self, arguments: Json) -> Json:
        """``chat.update``: text alone takes the blocks away, attachments and metadata left out stay."""
        message = self._own_message(arguments, "cant_update_message")
        if len(arguments.get("text") or "") > UPDATE_TEXT_LIMIT:
            raise Refusal("msg_too_long")
        changes = {**checked_content(arguments), "metadata": message.metadata}
        if "attachments" not in arguments:
            changes["attachments"] = message.attachments
        if "metadata" in arguments:
            changes["metadata"] = checked_metadata(arguments["metadata"]) or None
        if _only_rich_text(message) and changes["blocks"] and not _has_rich_text(changes["blocks"]):
            raise Refusal("block_mismatch")
        edited = self._workspace.edit(message, **changes)
        answer = {"ok": True, "channel": edited.channel, "ts": edited.ts, "text": edited.text}
        return {**answer, "message": message_json(edited)}

    def delete(self, arguments: Json) -> Json:
        """``chat.delete``."""
        message = self._own_message(arguments, "cant_delete_message")
        self._workspace.delete(message)
        return {"ok": True, "channel": message.channel, "ts": message.ts}

    def _own_message(self, arguments: Json, not_ours: str) -> Message:
        channel = self._known(arguments)
        if channel.is_archived:
            raise Refusal("is_inactive")
        message = self._workspace.find(channel.id, arguments.get("ts"))
        if message is None or message.ephemeral_to is not None:
            raise Refusal("message_not_found")
        if message.user != BOT_USER:
            raise Refusal(not_ours)
        return message

    def _writable(self, arguments: Json) -> Channel:
        wanted = str(arguments.get("channel") or "")
        direct = self._workspace.direct(wanted) if wanted.startswith("U") else None
        channel = self._known({**arguments, "channel": direct.id if direct else wanted})
        if channel.is_archived:
            raise Refusal("is_archived")
        if not channel.has_bot and "chat:write.public" not in self._granted_scopes:
            raise Refusal("not_in_channel")
        return channel

    def _known(self, arguments: Json) -> Channel:
        if not arguments.get("channel"):
            raise Refusal.for_arguments("missing required field: channel")
        channel = self._workspace.channels.get(arguments["channel"])
        if channel is None or (channel.is_private and not channel.has_bot):
            raise Refusal("channel_not_found")
        return channel

    def _thread(self, arguments: Json, channel: Channel) -> dict[str, Any]:
        """Where a reply hangs. A deleted root still holds a thread while there are replies, and then no more."""
        if not arguments.get("thread_ts"):
            return {}
        root = self._workspace.find_ever(channel.id, str(arguments["thread_ts"]))
        if root is None or root.ephemeral_to is not None or root.thread_ts is not None:
            raise Refusal("invalid_thread_ts")
        if root.deleted and not self._workspace.replies(root):
            if self._workspace.lost_thread_error:
                raise Refusal(self._workspace.lost_thread_error)
            return {}
        return {"thread_ts": root.ts, "reply_broadcast": flag(arguments.get("reply_broadcast"))}


def _cut_content(arguments: Json) -> dict[str, Any]:
    content = checked_content(arguments)
    return {**content, "text": content["text"][:MESSAGE_TEXT_LIMIT]}


def checked_content(arguments: Json) -> dict[str, Any]:
    """The ``text``, ``blocks`` and ``attachments`` of a message, all three always there.

    Raises:
        Refusal: "no_text", "too_many_attachments", "invalid_blocks_format", "invalid_blocks" or
            "msg_blocks_too_long".
    """
    text, blocks, attachments = (arguments.get(key) or None for key in ("text", "blocks", "attachments"))
    if not (text or blocks or attachments):
        raise Refusal("no_text")
    for pieces in (blocks, attachments):
        if pieces is not None and not (isinstance(pieces, list) and all(isinstance(piece, dict) for piece in pieces)):
            raise Refusal("invalid_blocks_format" if pieces is blocks else "invalid_attachments")
    if len(attachments or ()) > ATTACHMENTS_LIMIT:
        raise Refusal("too_many_attachments")
    refuse_bad_blocks(blocks or [], "/blocks")
    for place, attachment in enumerate(attachments or ()):
        refuse_bad_blocks(attachment.get("blocks", []), f"/attachments/{place}/blocks")
    return {"text": str(text or ""), "blocks": blocks or [], "attachments": attachments or []}


def refuse_bad_blocks(blocks: list[Json], pointer: str) -> None:
    """Refuses blocks that Slack would refuse, with the reasons in ``errors`` and ``response_metadata.messages``."""
    problems = find_message_problems(blocks, pointer)
    if problems:
        reasons = [str(problem) for problem in problems]
        messages = [f"[ERROR] {reason}" for reason in reasons]
        raise Refusal(problems[0].code, errors=reasons, response_metadata={"messages": messages})


def checked_metadata(metadata: object) -> Json | None:
    """Message metadata: nothing, an empty object, or an event type with its payload."""
    if metadata is None or metadata == {}:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_schema")
    if len(json.dumps(metadata)) > METADATA_LIMIT:
        raise Refusal("metadata_too_large")
    return metadata


def _has_rich_text(blocks: list[Json]) -> bool:
    return any(block.get("type") == "rich_text" for block in blocks)


def _only_rich_text(message: Message) -> bool:
    return bool(message.blocks) and all(block.get("type") == "rich_text" for block in message.blocks)
