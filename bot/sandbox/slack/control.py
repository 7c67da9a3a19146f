"""The control API: the sandbox's Slack by HTTP, for whoever is not in the same process.

``POST /control/act`` takes ``{"as": user, "do": …}`` and the arguments of the method of the same name: "command" (text,
channel, command), "mention" (channel, text, thread_ts), "shortcut" (callback_id), "message_shortcut" (callback_id,
channel, ts), "press" (what: label or action id, value), "choose" (action_id, value), "submit" (view, values) and
"post" (channel, text, …). A ``view`` is named by its id, a ``message`` by ``{"channel": …, "ts": …}``. The answer is
the acknowledgement, for "post" the message.
"""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.faults import Fault
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
            web.post("/control/deliver", _answering(self._deliver)),
        ]

    async def _act(self, request: web.Request) -> object:
        order = await _order(request)
        user, what = str(order.pop("as")), str(order.pop("do"))
        if what == "post":
            return message_json(self._slack.post_as(user, **order))
        acts: dict[str, Callable[..., Awaitable[Any]]] = {
            "command": self._slack.command,
            "mention": self._slack.mention,
            "shortcut": self._slack.global_shortcut,
            "message_shortcut": self._slack.message_shortcut,
            "press": self._slack.press,
            "choose": self._slack.choose,
            "submit": self._slack.submit,
        }
        if what not in acts:
            message = f"do: one of {['post', *acts]}"
            raise ValueError(message)
        return dataclasses.asdict(await acts[what](user, **self._resolved(what, order)))

    async def _messages(self, request: web.Request) -> object:
        seen = self._slack.visible_to(request.query["as"], request.query["channel"])
        return {"messages": [message_json(message) for message in seen]}

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


def message_json(message: Message) -> Json:
    """A message with all that the sandbox knows of it."""
    return dataclasses.asdict(message)


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
