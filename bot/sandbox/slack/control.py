"""The control API: the sandbox's Slack by HTTP, for whoever is not in the same process.

``POST /control/act`` takes ``{"as": user, "do": …}`` and the arguments of the Python method. People do "command" (text,
channel, command, escape), "mention" (channel, text, thread_ts), "say" (likewise, as typed), "shortcut" (callback_id),
"message_shortcut" (callback_id, channel, ts), "press" (what: label or action id, value, block_id), "choose" (action_id,
value, block_id), "submit" (view, values), "close" (view), "open_home", "post" (channel, text, …), "delete" (channel,
ts) and "member_left" (channel). To channels and the app they do "archive", "unarchive", "kick_bot", "invite_bot",
"share_channel" and "unshare_channel" (channel), "change_channel_id" (old, new), "add_channel" (channel_id, name,
members, …), "uninstall" (tokens_first) and "reinstall". A ``view`` is named by its id, a ``message`` by
``{"channel": …, "ts": …}``. The answer is the acknowledgement, for "post" and "delete" the message, for "add_channel"
the channel.

``GET /control/messages?as=…&channel=…`` gives what that person sees, with ``&deleted=1`` what is gone too.
"""

import dataclasses
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.faults import Fault
from bot.sandbox.slack.conversations import flag
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.payloads import view_json
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Message

if TYPE_CHECKING:
    from bot.sandbox.slack.server import SlackSandbox

Answer = Callable[[web.Request], Awaitable[object]]


class Control:
    """Answers ``/control/*`` with JSON; a request that makes no sense gets HTTP 400 and an ``error``."""

    def __init__(self, slack: "SlackSandbox") -> None:
        self._slack = slack

    def routes(self) -> list[web.RouteDef]:
        """The routes for the server's router."""
        return [
            web.post("/control/act", _answering(self._act)),
            web.get("/control/messages", _answering(self._messages)),
            web.get("/control/views", _answering(self._views)),
            web.get("/control/requests", _answering(self._requests)),
            web.post("/control/clock", _answering(self._advance)),
            web.post("/control/faults", _answering(self._add_fault)),
            web.delete("/control/faults", _answering(self._clear_faults)),
            web.post("/control/rain", _answering(self._rain)),
            web.post("/control/deliver", _answering(self._deliver)),
        ]

    async def act(self, user: str, what: str, order: Json) -> object:
        """Lets somebody do something: ``order`` holds the arguments, with a ``view`` by its id.

        Returns:
            What the Python method gives.

        Raises:
            LookupError: it names something that is not there.
            PermissionError: Slack does not offer that.
            TypeError: the arguments are not those of the act.
            ValueError: there is no such act, or an argument makes no sense.
        """
        acts = self._acts(user)
        if what not in acts:
            message = f"do: one of {list(acts)}"
            raise ValueError(message)
        done = acts[what](**self._resolved(what, order))
        return await done if inspect.isawaitable(done) else done

    async def _act(self, request: web.Request) -> object:
        order = await _order(request)
        return _described(await self.act(str(order.pop("as")), str(order.pop("do")), order))

    def _acts(self, user: str) -> dict[str, Callable[..., Any]]:
        slack = self._slack
        by_people: dict[str, Callable[..., Any]] = {
            "command": slack.command,
            "mention": slack.mention,
            "say": slack.say,
            "shortcut": slack.global_shortcut,
            "message_shortcut": slack.message_shortcut,
            "press": slack.press,
            "choose": slack.choose,
            "submit": slack.submit,
            "close": slack.close_view,
            "open_home": slack.open_home,
            "post": slack.post_as,
            "delete": slack.delete_message,
            "member_left": slack.member_left,
        }
        to_channels: dict[str, Callable[..., Any]] = {
            "archive": slack.archive,
            "unarchive": slack.unarchive,
            "kick_bot": slack.kick_bot,
            "invite_bot": slack.invite_bot,
        }
        return {
            **{what: partial(act, user) for what, act in by_people.items()},
            **{what: partial(act, by=user) for what, act in to_channels.items()},
            "share_channel": slack.share_channel,
            "unshare_channel": slack.unshare_channel,
            "change_channel_id": slack.change_channel_id,
            "add_channel": slack.add_channel,
            "uninstall": slack.uninstall,
            "reinstall": slack.reinstall,
        }

    async def _messages(self, request: web.Request) -> object:
        user, channel = request.query["as"], request.query["channel"]
        seen = self._slack.visible_to(user, channel)
        if flag(request.query.get("deleted")):
            self._slack.workspace.member(user, channel)
            gone = [each for each in self._slack.messages if each.channel == channel and each.deleted]
            seen = sorted([*seen, *gone], key=lambda message: message.ts)
        return {"messages": [dataclasses.asdict(message) for message in seen]}

    async def _views(self, request: web.Request) -> object:
        views = self._slack.views_of(request.query["as"])
        return {"views": [{**view_json(view), "errors": dict(view.errors)} for view in views]}

    async def _requests(self, _: web.Request) -> object:
        kept = [dataclasses.asdict(each) | {"at": each.at.isoformat()} for each in self._slack.requests]
        return {"requests": kept}

    async def _advance(self, request: web.Request) -> object:
        self._slack.clock.advance(float((await _order(request))["advance"]))
        return {"now": self._slack.clock.now().isoformat()}

    async def _add_fault(self, request: web.Request) -> object:
        self._slack.faults.add(Fault(**await _order(request)))
        return {}

    async def _clear_faults(self, _: web.Request) -> object:
        self._slack.faults.clear()
        return {}

    async def _rain(self, request: web.Request) -> object:
        self._slack.faults.rain(**await _order(request))
        return {}

    async def _deliver(self, request: web.Request) -> object:
        self._slack.deliver_to((await _order(request))["url"])
        return {}

    def _resolved(self, what: str, order: Json) -> Json:
        """Turns ``view`` (an id) and ``message`` (channel and ts) into what the Python API takes."""
        named: dict[str, View | Message] = {}
        if "view" in order:
            named["view"] = _there(self._slack.find_view(order.pop("view")), "view")
        if "message" in order:
            place = order.pop("message")
            named["message"] = _there(self._slack.workspace.find(place["channel"], place["ts"]), "message")
        if what == "press":
            order["label_or_action_id"] = order.pop("what")
        return {**order, **named}


def _described(done: Any) -> Json:
    """An acknowledgement, message or channel with all that the sandbox knows of it."""
    described = dataclasses.asdict(done) if done is not None else {}
    if "members" in described:
        described["members"] = sorted(described["members"])
    return described


def _there(found: Any, what: str) -> Any:
    if found is None:
        message = f"no such {what}"
        raise LookupError(message)
    return found


def _answering(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def route(request: web.Request) -> web.Response:
        try:
            return web.json_response(await answer(request))
        except (LookupError, ValueError, TypeError, PermissionError) as error:
            reason = f"missing: {error}" if isinstance(error, KeyError) else str(error)
            return web.json_response({"error": reason}, status=400)

    return route


async def _order(request: web.Request) -> Json:
    if request.content_type != "application/json":  # a foreign web page would need the browser's leave for this one
        message = "content type application/json is expected"
        raise ValueError(message)
    order = await request.json()
    if not isinstance(order, dict):
        message = "a JSON object is expected"
        raise TypeError(message)
    return order
