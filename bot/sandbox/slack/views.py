"""Views: the modals that each person has open, at most three on top of each other, and each person's Home tab."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json, with_ids
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.state import initial_state
from bot.sandbox.slack.workspace import new_id

STACK_LIMIT = 3


@dataclass(frozen=True, kw_only=True)
class View:
    """An open modal, or a Home tab, as it is now.

    Attributes:
        id: Slack's id of it.
        user: whom it is shown to.
        hash: changes with every update.
        definition: the view as the bot sent it, block and action ids completed.
        state: ``state.values``: block id → action id → what is filled in.
        root_id: the lowest view of its stack.
        previous_id: the view below it, or None.
        errors: block id → what the bot found wrong at the last submission.
    """

    id: str
    user: str
    hash: str
    definition: Json
    state: Json
    root_id: str
    previous_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Slack's word for what it is: "modal" or "home"."""
        return str(self.definition["type"])

    @property
    def blocks(self) -> list[Json]:
        """The view's blocks."""
        blocks: list[Json] = self.definition["blocks"]
        return blocks

    @property
    def callback_id(self) -> str:
        """The bot's name for this kind of view."""
        return str(self.definition.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        """What the bot hid in it."""
        return str(self.definition.get("private_metadata", ""))

    @property
    def external_id(self) -> str:
        """The bot's own name for this one view, or nothing."""
        return str(self.definition.get("external_id") or "")


class Views:
    """Each person's stack of modals, and Home tab. Refusals carry the codes of Slack's ``views.*`` methods."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def of(self, user: str) -> list[View]:
        """A person's open modals, the visible one last."""
        return list(self._stacks.get(user, ()))

    def home_of(self, user: str) -> View | None:
        """A person's Home tab; None if the bot has not published any."""
        return self._homes.get(user)

    def find(self, view_id: str | None = None, external_id: str | None = None) -> View | None:
        """An open modal or a Home tab by either of its names."""
        for view in chain(self._homes.values(), *self._stacks.values()):
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        return None

    def open(self, user: str, definition: Json) -> View:
        """Shows a modal in place of whatever the person had open."""
        self._must_be_new(definition)
        view_id = new_id("V")
        view = _made(definition, view_id=view_id, user=user, root_id=view_id)
        self._stacks[user] = [view]
        self._changes.announce()
        return view

    def push(self, user: str, definition: Json) -> View:
        """Lays a modal over the one that the person has open."""
        stack = self._stacks.get(user) or []
        if not stack:
            raise Refusal("not_found")
        if len(stack) >= STACK_LIMIT:
            raise Refusal("push_limit_reached")
        self._must_be_new(definition)
        view = _made(definition, view_id=new_id("V"), user=user, root_id=stack[0].root_id, previous_id=stack[-1].id)
        stack.append(view)
        self._changes.announce()
        return view

    def publish(self, user: str, definition: Json) -> View:
        """Draws a person's Home tab; its id stays the same from the first time on."""
        if home := self._homes.get(user):
            return self.update(home, definition)
        self._must_be_new(definition)
        view_id = new_id("V")
        return self._keep(_made(definition, view_id=view_id, user=user, root_id=view_id))

    def update(self, view: View, definition: Json) -> View:
        """Redraws a view; what is filled in stays where block and action ids stay."""
        made = _made(definition, view_id=view.id, user=view.user, root_id=view.root_id, previous_id=view.previous_id)
        return self._keep(replace(made, state=initial_state(made.blocks, kept=view.state)))

    def fill_in(self, view: View, block_id: str, action_id: str, entry: Json) -> View:
        """Notes what a person has filled in or chosen."""
        block = {**view.state.get(block_id, {}), action_id: entry}
        return self._keep(replace(view, state={**view.state, block_id: block}))

    def show_errors(self, view: View, errors: Mapping[str, str]) -> View:
        """Shows what is wrong under the input blocks."""
        return self._keep(replace(view, errors=dict(errors)))

    def close(self, view: View) -> None:
        """Takes one modal from its stack."""
        self._stacks[view.user] = [other for other in self._stacks[view.user] if other.id != view.id]
        self._changes.announce()

    def clear(self, user: str) -> None:
        """Closes all of a person's modals."""
        self._stacks.pop(user, None)
        self._changes.announce()

    def _must_be_new(self, definition: Json) -> None:
        if self.find(external_id=definition.get("external_id")):
            raise Refusal("duplicate_external_id")

    def _keep(self, view: View) -> View:
        if view.kind == "home":
            self._homes[view.user] = view
        else:
            self._stacks[view.user] = [view if other.id == view.id else other for other in self._stacks[view.user]]
        self._changes.announce()
        return view


def _made(definition: Json, *, view_id: str, user: str, root_id: str, previous_id: str | None = None) -> View:
    complete = {**definition, "blocks": list(with_ids(definition["blocks"]))}
    return View(
        id=view_id,
        user=user,
        hash=f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}",
        definition=complete,
        state=initial_state(complete["blocks"]),
        root_id=root_id,
        previous_id=previous_id,
    )
