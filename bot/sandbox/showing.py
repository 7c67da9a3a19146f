"""What the page shows, as JSON: the workspace through one person's eyes, the stage, and what went over the wires.

The shapes are those of ``bot/sandbox/page/src/protocol.ts``.
"""

import json
from collections import Counter
from dataclasses import asdict
from datetime import datetime

from bot.sandbox.campaign import Campaign
from bot.sandbox.company import AGENT_NAMES, SandboxCall
from bot.sandbox.manifest import Command
from bot.sandbox.media import without_signatures
from bot.sandbox.orders import INVITE
from bot.sandbox.samora import SamoraSandbox, SeenRequest
from bot.sandbox.sending import Outcome, SentWebhook
from bot.sandbox.slack import BotRequest, Channel, Message, User, View
from bot.sandbox.slack.delivery import Delivered
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.payloads import view_json
from bot.sandbox.slack.people import TEAM_ID
from bot.sandbox.stage import Stage

Exchange = Delivered | BotRequest | SeenRequest | SentWebhook

# Of campaigns, only so many calls are shown: the newest ones.
CAMPAIGN_CALLS_SHOWN = 50

_INVITE = Command(command=INVITE, description="Bring somebody into this channel", usage_hint="@samora")
_INSIDE = ("deleted", "via", "metadata")


def state_json(stage: Stage, me: str) -> Json:
    """All but messages and traffic, as that person has it before the eyes."""
    slack = stage.slack
    home = slack.home_of(me)
    return {
        "me": me,
        "users": [_user_json(user) for user in slack.workspace.users.values()],
        "groups": [{"id": group.id, "handle": group.handle} for group in slack.workspace.user_groups.values()],
        "channels": [
            _channel_json(channel, me) for channel in slack.workspace.channels.values() if me in channel.members
        ],
        "views": [shown_view(view) for view in slack.views_of(me)],
        "home": shown_view(home) if home else None,
        "calls": [_call_json(call) for call in _shown_calls(stage.samora)],
        "agents": _agents_json(stage.samora),
        "campaign": _campaign_json(stage.samora.campaigns.last),
        "clock": {"moved_by": stage.clock.moved_by},
        "weather": dict(stage.weather.now),
        "bot": {"state": stage.bot_state, "exit_code": stage.bot.exit_code},
        "commands": [command.model_dump() for command in (*stage.features.commands, _INVITE)],
        "shortcuts": [shortcut.model_dump() for shortcut in stage.features.shortcuts],
        "addresses": {"slack": slack.url, "samora": stage.samora.url},
    }


def message_json(message: Message) -> Json:
    """A message without what only the sandbox knows of it."""
    return {name: value for name, value in asdict(message).items() if name not in _INSIDE}


def shown_view(view: View) -> Json:
    """A modal or Home tab, and what the bot found wrong in it."""
    return {**view_json(view), "errors": dict(view.errors)}


def exchange_json(exchange: Exchange, number: int) -> Json:
    """One request and its answer, in either direction."""
    match exchange:
        case Delivered(payload=payload, kind=kind, ack=ack):
            error = ack.error if not ack.ok else None
            ends = ("slack", "bot", f"{kind} {_about(payload)}".strip())
            return _exchange(
                number, exchange.at, ends, status=ack.status, error=error, request=payload, answer=ack.body
            )
        case BotRequest(path=path, body=body, status=status, answer=answer):
            error = answer.get("error") if isinstance(answer, dict) else None
            ends = ("bot", "slack", f"POST {path}")
            return _exchange(number, exchange.at, ends, status=status, error=error, request=body, answer=answer)
        case SentWebhook(path=path, body=text, status=status):
            ends = ("samora", "bot", f"POST {path}")
            return _exchange(number, exchange.at, ends, status=status, error=None, request=_parsed(text), answer=None)
        case SeenRequest(method=method, path=path, status=status, answer=text):
            ends = ("bot", "samora", f"{method} {path}")
            return _exchange(number, exchange.at, ends, status=status, error=None, request=None, answer=_parsed(text))


def _exchange(
    number: int,
    at: datetime,
    ends: tuple[str, str, str],
    *,
    status: int | None,
    error: str | None,
    request: object,
    answer: object,
) -> Json:
    sender, receiver, what = ends
    return {
        "number": number,
        "at": at.isoformat(),
        "sender": sender,
        "receiver": receiver,
        "what": what,
        "status": status,
        "error": error,
        "request": _unsigned(request),
        "answer": _unsigned(answer),
    }


def _about(payload: Json) -> str:
    """What a payload is, in Slack's words."""
    event = payload.get("event") or {}
    return str(event.get("type") or payload.get("command") or payload.get("type") or "")


def _unsigned(piece: object) -> object:
    """JSON as everybody may see it, whoever was handed a link in it."""
    return json.loads(without_signatures(json.dumps(piece, ensure_ascii=False)))


def _parsed(text: str | None) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _user_json(user: User) -> Json:
    outsider = "outsider" if user.team_id != TEAM_ID else "member"
    kind = "bot" if user.is_bot else "guest" if user.is_restricted else outsider
    return {"id": user.id, "name": user.name, "kind": kind}


def _channel_json(channel: Channel, me: str) -> Json:
    other = next(iter(channel.members - {me}), me) if channel.is_im else None
    return {
        "id": channel.id,
        "name": channel.name,
        "with": other,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_ext_shared": channel.is_ext_shared,
        "has_bot": channel.has_bot,
    }


def _shown_calls(samora: SamoraSandbox) -> list[SandboxCall]:
    of_campaigns = [call_id for campaign in samora.campaigns.all for call_id in campaign.call_ids]
    hidden = set(of_campaigns[:-CAMPAIGN_CALLS_SHOWN])
    return [call for call_id, call in samora.calls.items() if call_id not in hidden]


def _agents_json(samora: SamoraSandbox) -> list[Json]:
    """The agents, with how many calls they have by status, and what became of their webhooks."""
    calls: dict[str, Counter[str]] = {agent_id: Counter() for agent_id in AGENT_NAMES}
    webhooks: dict[str, Counter[Outcome]] = {agent_id: Counter() for agent_id in AGENT_NAMES}
    for call in samora.calls.values():
        calls.setdefault(call.agent_id, Counter())[call.status] += 1
    for webhook in samora.webhooks:
        webhooks.setdefault(webhook.agent_id, Counter()).update(samora.sender.figures[webhook.id])
    return [
        {"id": agent_id, "name": name, "calls": dict(calls[agent_id]), "webhooks": dict(webhooks[agent_id])}
        for agent_id, name in AGENT_NAMES.items()
    ]


def _campaign_json(campaign: Campaign | None) -> Json | None:
    if campaign is None:
        return None
    return {
        "agent_id": campaign.agent_id,
        "total": campaign.total,
        "begun": len(campaign.call_ids),
        "state": campaign.state,
    }


def _call_json(call: SandboxCall) -> Json:
    return {
        "call_id": call.call_id,
        "agent_name": AGENT_NAMES.get(call.agent_id, call.agent_id),
        "who": str((call.variables or {}).get("name", "")),
        "status": call.status,
        "created_at": call.created_at.isoformat(),
        "has_recording": call.has_recording,
        "has_transcript": call.has_transcript,
        "events": list(call.events),
    }
