"""What Slack sends to a bot, built in the shapes of Slack's own samples."""

import time
from typing import Any

from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.markup import rich_text
from bot.sandbox.slack.people import APP_ID, BOT_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, Channel, User, direct_channel
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Message, new_id

_VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105  deprecated by Slack, checked by nobody, still sent
_TEAM = {"id": TEAM_ID, "domain": TEAM_DOMAIN}
_UNREADABLE = "This content can't be displayed."  # what Slack puts where a bot gave blocks without a text


def slash_command(user: User, channel: Channel, command: str, text: str, **ticket: str) -> Json:
    """A slash command; ``ticket`` holds ``trigger_id`` and ``response_url``. Every value is a string."""
    return {
        "token": _VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        **ticket,
    }


def shortcut(user: User, callback_id: str, trigger_id: str) -> Json:
    """A global shortcut, which has no channel and no ``response_url``."""
    return {
        "type": "shortcut",
        "token": _VERIFICATION_TOKEN,
        "action_ts": _action_ts(),
        "team": _TEAM,
        "user": {"id": user.id, "username": user.name, "team_id": user.team_id},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": callback_id,
        "trigger_id": trigger_id,
    }


def message_action(user: User, channel: Channel, message: Message, callback_id: str, **ticket: str) -> Json:
    """A message shortcut, with the whole message."""
    return {
        "type": "message_action",
        "token": _VERIFICATION_TOKEN,
        "action_ts": _action_ts(),
        "team": _TEAM,
        "user": person(user),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": callback_id,
        "message_ts": message.ts,
        "message": message_json(message),
        **ticket,
    }


def block_actions(user: User, action: Json, trigger_id: str, **source: Any) -> Json:
    """A pressed button or a changed select; ``source`` comes from :func:`in_message` or :func:`in_view`."""
    return {
        "type": "block_actions",
        "user": person(user),
        "api_app_id": APP_ID,
        "token": _VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        "team": _TEAM,
        "enterprise": None,
        "is_enterprise_install": False,
        **source,
        "actions": [{**action, "action_ts": _action_ts()}],
    }


def in_message(message: Message, channel: Channel, state: Json, response_url: str) -> Json:
    """Where the element stands, for one in a message; an ephemeral message is not itself sent along."""
    container: Json = {"type": "message", "message_ts": message.ts}
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    container |= {"channel_id": channel.id, "is_ephemeral": message.ephemeral_to is not None}
    source: Json = {"container": container, "channel": {"id": channel.id, "name": channel_name(channel)}}
    if message.ephemeral_to is None:
        source["message"] = message_json(message)
    return {**source, "state": {"values": state}, "response_url": response_url}


def in_view(view: View) -> Json:
    """Where the element stands, for one in a modal or a Home tab."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_json(view)}


def view_submission(user: User, view: View, trigger_id: str) -> Json:
    """A submitted modal."""
    return {
        "type": "view_submission",
        "team": _TEAM,
        "user": person(user),
        "api_app_id": APP_ID,
        "token": _VERIFICATION_TOKEN,
        "trigger_id": trigger_id,
        "view": view_json(view),
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def app_mention(user: User, channel: Channel, message: Message) -> Json:
    """The Events API's envelope around somebody's mention of the bot."""
    event = {**message_json(message), "type": "app_mention", "channel": channel.id, "event_ts": message.ts}
    return event_callback({**event, "team": user.team_id}, channel)


def app_home_opened(user: User, home: View | None, event_ts: str) -> Json:
    """The Events API's envelope around somebody's look at the Home tab, with the one that is there."""
    event = {"type": "app_home_opened", "user": user.id, "channel": direct_channel(user.id).id, "tab": "home"}
    shown = {"view": view_json(home)} if home else {}
    return event_callback({**event, **shown, "event_ts": event_ts})


def event_callback(event: Json, channel: Channel | None = None) -> Json:
    """The Events API's envelope around an event that has an ``event_ts``; without a channel, one of the app itself.

    See docs.slack.dev/apis/events-api.
    """
    return {
        "token": _VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(float(event["event_ts"])),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": channel is not None and channel.is_ext_shared,
        "event_context": f"1-{event['type']}-{TEAM_ID}{'-' + channel.id if channel else ''}",
    }


def message_json(message: Message) -> Json:
    """A message as it stands in payloads and answers."""
    json: Json = {"type": "message", "text": message.text, "user": message.user, "ts": message.ts, "team": TEAM_ID}
    if message.bot_id:
        json |= {"bot_id": BOT_ID, "app_id": APP_ID, "text": message.text or _UNREADABLE}
        json["blocks"] = list(message.blocks)
    else:
        json["client_msg_id"] = f"sandbox-{message.ts}"
        json["blocks"] = list(message.blocks) or [rich_text(message.text, new_id("b")[:6])]
    if message.attachments:
        json["attachments"] = list(message.attachments)
    if message.thread_ts:
        json["thread_ts"] = message.thread_ts
    if message.reply_broadcast:
        json["subtype"] = "thread_broadcast"
    if message.metadata:
        json["metadata"] = message.metadata
    if message.edited:
        json["edited"] = {"user": message.bot_id or message.user, "ts": message.ts}
    return json


def view_json(view: View) -> Json:
    """A modal or a Home tab as it stands in payloads and answers."""
    defaults = {"private_metadata": "", "callback_id": "", "external_id": "", "close": None, "submit": None}
    return {
        **defaults,
        "clear_on_close": False,
        "notify_on_close": False,
        **view.definition,
        "id": view.id,
        "team_id": TEAM_ID,
        "state": {"values": view.state},
        "hash": view.hash,
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": APP_ID,
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }


def person(user: User) -> Json:
    """A user as interaction payloads name one; ``team_id`` tells outsiders."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}


def channel_name(channel: Channel) -> str:
    """The name that payloads carry: private conversations do not tell theirs."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def _action_ts() -> str:
    return f"{time.time():.6f}"
