"""The ``views.*`` methods of the Web API."""

import json
from collections.abc import Callable

from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.limits import VIEW_BYTES_LIMIT, find_view_problems
from bot.sandbox.slack.payloads import view_json
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import View, Views
from bot.sandbox.slack.workspace import Workspace


class Modals:
    """Opens, pushes and updates modals, and publishes Home tabs; refuses with Slack's codes."""

    def __init__(self, workspace: Workspace, views: Views, triggers: Triggers) -> None:
        self._workspace = workspace
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
        view = self._views.find(arguments.get("view_id"), arguments.get("external_id"))
        if view is None:
            raise Refusal("not_found")
        definition = checked_view(arguments.get("view"), view.kind)
        _refuse_stale(arguments, view)
        return {"ok": True, "view": view_json(self._views.update(view, definition))}

    def publish(self, arguments: Json) -> Json:
        """``views.publish``, guarded by ``hash`` if one is given.

        Slack takes a Home tab for an outsider too, and shows it to nobody (slackapi/bolt-js #1948).
        """
        if not arguments.get("user_id"):
            raise Refusal.for_arguments("missing required field: user_id")
        definition, user = checked_view(arguments.get("view"), "home"), str(arguments["user_id"])
        if user not in self._workspace.users:
            raise Refusal.for_arguments("invalid `user_id`")
        _refuse_stale(arguments, self._views.home_of(user))
        return {"ok": True, "view": view_json(self._views.publish(user, definition))}

    def _shown(self, arguments: Json, show: Callable[[str, Json], View]) -> Json:
        if not arguments.get("trigger_id"):
            raise Refusal.for_arguments("missing required field: trigger_id")
        definition = checked_view(arguments.get("view"))
        user = self._triggers.exchange(str(arguments["trigger_id"]))
        return {"ok": True, "view": view_json(show(user, definition))}


def checked_view(view: object, kind: str = "modal") -> Json:
    """A view of that kind ("modal" or "home") that Slack would show.

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
    if view["type"] != kind:
        raise Refusal.for_arguments(f"must be a view of type {kind}")
    return view


def _refuse_stale(arguments: Json, shown: View | None) -> None:
    if arguments.get("hash") not in (None, shown.hash if shown else None):
        raise Refusal("hash_conflict")
