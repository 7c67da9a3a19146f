"""The Web API's door: arguments, tokens, scopes and rates, then the method."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from bot.sandbox.slack.chat import Chat
from bot.sandbox.slack.conversations import Conversations
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.modals import Modals
from bot.sandbox.slack.people import BOT_ID, BOT_USER, TEAM_ID, User
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.workspace import Workspace

_AS_JSON = ("blocks", "attachments", "metadata", "view")


class Method(NamedTuple):
    """What a method does, and the bot scope that it needs; ``app_level`` methods take an ``xapp-`` token."""

    answer: Callable[[Json], Json]
    scope: str | None = None
    app_level: bool = False


@dataclass
class WebApi:
    """Answers ``/api/{method}``."""

    workspace: Workspace
    rates: Rates
    chat: Chat
    conversations: Conversations
    modals: Modals
    granted_scopes: set[str]
    bot_token: str
    app_token: str
    open_connection: Callable[[], str]

    async def answer(self, request: web.Request) -> web.Response:
        """Answers one request: HTTP 200 with ``ok`` true or false, or 429 when there were too many."""
        headers = {"x-oauth-scopes": ",".join(sorted(self.granted_scopes))}
        try:
            token, arguments = await read_arguments(request)
            answer = self._call(request.match_info["method"], token, arguments)
        except Refusal as refusal:
            status = 200
            if refusal.retry_after is not None:
                status, headers["Retry-After"] = 429, str(refusal.retry_after)
            return web.json_response(refusal.answer, status=status, headers=headers)
        return web.json_response(answer, headers=headers)

    def _call(self, name: str, token: str | None, arguments: Json) -> Json:
        method = self._methods().get(name)
        if method is None:
            raise Refusal("unknown_method", req_method=name)
        self._check_token(token, method)
        if method.scope:
            self._check_scope(method.scope)
        self.rates.count(name, arguments)
        return method.answer(arguments)

    def _methods(self) -> dict[str, Method]:
        return {
            "auth.test": Method(self._about_bot),
            "apps.connections.open": Method(self._connections_open, app_level=True),
            "chat.postMessage": Method(self.chat.post_message, "chat:write"),
            "chat.postEphemeral": Method(self.chat.post_ephemeral, "chat:write"),
            "chat.update": Method(self.chat.update, "chat:write"),
            "chat.delete": Method(self.chat.delete, "chat:write"),
            "views.open": Method(self.modals.open),
            "views.publish": Method(self.modals.publish),
            "views.push": Method(self.modals.push),
            "views.update": Method(self.modals.update),
            "chat.getPermalink": Method(self.conversations.permalink),
            "conversations.history": Method(self.conversations.history),
            "conversations.info": Method(self.conversations.tell),
            "conversations.open": Method(self.conversations.open, "im:write"),
            "conversations.replies": Method(self.conversations.replies),
            "users.info": Method(self._about_user, "users:read"),
            "usergroups.users.list": Method(self._in_group, "usergroups:read"),
        }

    def _check_token(self, token: str | None, method: Method) -> None:
        if not token:
            raise Refusal("not_authed")
        if token not in (self.bot_token, self.app_token):
            raise Refusal("invalid_auth")
        if (token == self.app_token) is not method.app_level:
            raise Refusal("not_allowed_token_type")
        if not method.app_level and not self.workspace.is_installed:
            raise Refusal("account_inactive")

    def _check_scope(self, scope: str) -> None:
        if scope not in self.granted_scopes:
            raise Refusal.for_scope(scope, self.granted_scopes)

    def _about_bot(self, _: Json) -> Json:
        grid = self.workspace.users[BOT_USER].enterprise_id
        return {
            **({"enterprise_id": grid} if grid else {}),
            "ok": True,
            "url": "https://acme.slack.com/",
            "team": "Acme",
            "user": self.workspace.users[BOT_USER].name,
            "team_id": TEAM_ID,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _connections_open(self, _: Json) -> Json:
        return {"ok": True, "url": self.open_connection()}

    def _about_user(self, arguments: Json) -> Json:
        user = self.workspace.users.get(str(arguments.get("user")))
        if user is None:
            raise Refusal("user_not_found")
        return {
            "ok": True,
            "user": {
                "id": user.id,
                "team_id": user.team_id,
                "name": user.name,
                "real_name": user.name.title(),
                "profile": {"real_name": user.name.title(), "display_name": user.name},
                "deleted": False,
                "is_bot": user.is_bot,
                "is_app_user": False,
                "is_restricted": user.is_restricted,
                "is_ultra_restricted": user.is_ultra_restricted,
                **({"is_stranger": False} if user.team_id != TEAM_ID else {}),
                **_grid_json(user),
                "tz": "Europe/Amsterdam",
                "tz_offset": 3600,
            },
        }

    def _in_group(self, arguments: Json) -> Json:
        group = self.workspace.user_groups.get(str(arguments.get("usergroup")))
        if group is None:
            raise Refusal("no_such_subteam")
        return {"ok": True, "users": sorted(group.members)}


def _grid_json(user: User) -> Json:
    """What is told of the organisation of a person's team; nothing of one in none."""
    if not user.enterprise_id:
        return {}
    teams = {"teams": [user.team_id], "is_admin": False, "is_owner": False}
    return {"enterprise_user": {"id": user.id, "enterprise_id": user.enterprise_id, "enterprise_name": "Grid", **teams}}


async def read_arguments(request: web.Request) -> tuple[str | None, Json]:
    """The token and the arguments of a request, from the query, a form or a JSON body.

    Raises:
        Refusal: "invalid_json", "json_not_object", "invalid_blocks_format" or "invalid_arguments".
    """
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _from_json(await request.text())
    else:
        arguments |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    for key in _AS_JSON:
        if isinstance(arguments.get(key), str) and arguments[key]:
            arguments[key] = _decoded(arguments[key], key)
    token = arguments.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return (bearer if scheme.lower() == "bearer" else token), arguments


def _from_json(text: str) -> Json:
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return body


def _decoded(text: str, key: str) -> object:
    try:
        decoded: object = json.loads(text)
    except ValueError:
        if key == "blocks":
            raise Refusal("invalid_blocks_format") from None
        raise Refusal.for_arguments(f"{key} is not JSON") from None
    return decoded
