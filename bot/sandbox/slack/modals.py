"""The ``views.*`` methods of the Web API."""

import json
from collections.abc import Callable

from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.limits import VIEW_BYTES_LIMIT, find_view_problems
from bot.sandbox.slack.payloads import view_json
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import View, Views


class Modals:
    """Opens, pushes and updates modals; refuses with Slack's codes."""

    def __init__(self, views: Views, triggers: Triggers) -> None:
        self._views = views
        self._triggers = triggers

    def open(self, arguments: Json) -> Json:
        """``views.open``."""
        return self._shown(arguments, self._views.open)

    def push(self, arguments: Json) -> Json:
        """``views.push``."""
        return self._shown(arguments, self._views.push)

    def update(self, arguments: Json) -> Json:
        """``views.update``, by ``view_id`` or ``external_id``, guarded by ``hash`` if one is given."""
        if not (arguments.get("view_id") or arguments.get("external_id")):
            raise Refusal.for_arguments("missing required field: view_id")
        definition = checked_view(arguments.get("view"))
        view = self._views.find(arguments.get("view_id"), arguments.get("external_id"))
        if view is None:
            raise Refusal("not_found")
        if arguments.get("hash") not in (None, view.hash):
            raise Refusal("hash_conflict")
        return {"ok": True, "view": view_json(self._views.update(view, definition))}

    def _shown(self, arguments: Json, show: Callable[[str, Json], View]) -> Json:
        if not arguments.get("trigger_id"):
            raise Refusal.for_arguments("missing required field: trigger_id")
        definition = checked_view(arguments.get("view"))
        user = self._triggers.exchange(str(arguments["trigger_id"]))
        return {"ok": True, "view": view_json(show(user, definition))}


def checked_view(view: object) -> Json:
    """A modal that Slack would show.

    Raises:
        Refusal: "invalid_arguments" with the reasons, or "view_too_large".
    """
    if not isinstance(view, dict):
        raise Refusal.for_arguments("missing required field: view")
    if len(json.dumps(view).encode()) > VIEW_BYTES_LIMIT:
        raise Refusal("view_too_large")
    problems = find_view_problems(view)
    if problems:
        raise Refusal.for_arguments(*(str(problem) for problem in problems))
    return view
