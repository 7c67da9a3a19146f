"""What people do with blocks: press buttons, choose from menus, submit and close modals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from bot.sandbox.slack import payloads
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.acting import Acting
from bot.sandbox.slack.elements import Json, Placed, interactive, label
from bot.sandbox.slack.modals import checked_view
from bot.sandbox.slack.refusal import Refusal
from bot.sandbox.slack.state import can_hold, filled_in, initial_state, is_empty
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Message

_ACTION_KEYS = ("type", "action_id", "block_id", "text", "value", "style", "url")


class Found(NamedTuple):
    """An element on the screen, and the message or view that shows it."""

    source: Message | View
    placed: Placed


class Interacting(Acting):
    """A person's presses, choices and submissions."""

    async def press(
        self,
        user: str,
        label_or_action_id: str,
        *,
        message: Message | None = None,
        view: View | None = None,
        value: str | None = None,
        block_id: str | None = None,
    ) -> Ack:
        """Presses a button (and agrees, should it ask to confirm).

        Args:
            user: who presses.
            label_or_action_id: what is written on it, or its ``action_id``.
            message: where it is; with neither this nor ``view``, the person's open modal and then all messages that
                this person can see are searched, the newest first.
            view: where it is: the modal on top, or this person's Home tab.
            value: the button's ``value``, to tell several of the same name apart.
            block_id: the block that it stands in, for the same purpose.

        Raises:
            LookupError: no such button, or several; the text names those that are there.
            PermissionError: the person cannot see that message.
        """

        def matches(placed: Placed) -> bool:
            block, element = placed
            named = label_or_action_id in (element["action_id"], label(element))
            meant = value in (None, element.get("value")) and block_id in (None, block["block_id"])
            return element.get("type") == "button" and named and meant

        found = self._find(user, matches, f"button {label_or_action_id!r}", message, view)
        action = {key: found.placed.element[key] for key in _ACTION_KEYS if key in found.placed.element}
        return await self._act(user, found, action)

    async def choose(
        self,
        user: str,
        action_id: str,
        value: object,
        *,
        view: View | None = None,
        message: Message | None = None,
        block_id: str | None = None,
    ) -> Ack:
        """Chooses in a select, overflow menu, checkbox or radio group, date or time picker outside input blocks.

        Args:
            user: who chooses.
            action_id: the element's.
            value: an option's value or label, a user, channel or date; a list where several may be chosen.
            view: where it is; found as in :meth:`press` if neither is given.
            message: where it is.
            block_id: the block that it stands in, where several elements have the same ``action_id``.

        Raises:
            LookupError: no such element or option, or several elements; the text names those that are there.
            PermissionError: the person cannot see that message.
        """

        def matches(placed: Placed) -> bool:
            block, element = placed
            return can_hold(element) and element["action_id"] == action_id and block_id in (None, block["block_id"])

        found = self._find(user, matches, action_id, message, view)
        entry = filled_in(found.placed.element, value)
        return await self._act(user, found, entry, entry)

    async def submit(self, user: str, view: View, values: Mapping[str, object]) -> Ack:
        """Fills in a modal's inputs and submits it; the bot's answer updates, pushes, clears, closes or marks errors.

        Args:
            user: whose modal it is.
            view: the modal, which must be the one on top.
            values: text, option value or label (or a list of them), by ``action_id`` or ``block_id``.

        Raises:
            LookupError: the modal is not open on top, or has no such input or option.
            ValueError: a required input is empty or a text too long: Slack's own form would not submit.
        """
        who = self.workspace.users[user]
        view = self._on_top(user, view)
        for name, given in values.items():
            view = self._fill_in(view, name, given)
        _refuse_incomplete(view)
        view = self._views.show_errors(view, {})
        ack = await self._deliver(payloads.view_submission(who, view, self._triggers.issue(user)), "interactive")
        return self._followed(ack, view)

    def close_view(self, user: str, view: View) -> None:
        """Closes a modal by its button or its X: the one below comes back. The bot hears nothing of it.

        Raises:
            LookupError: the modal is not open on top.
        """
        self._views.close(self._on_top(user, view))

    async def _act(self, user: str, found: Found, action: Json, entry: Json | None = None) -> Ack:
        who = self.workspace.users[user]
        source, (block, element) = found
        state = self._remembered(user, found, entry)
        if isinstance(source, View):
            place = payloads.in_view(replace(source, state=state))
        else:
            url = self._response_urls.issue(channel=source.channel, user=user, source=source)
            place = payloads.in_message(source, self.workspace.channels[source.channel], state, url)
        action = {**action, "action_id": element["action_id"], "block_id": block["block_id"]}
        payload = payloads.block_actions(who, action, self._triggers.issue(user), **place)
        return await self._deliver(payload, "interactive")

    def _remembered(self, user: str, found: Found, entry: Json | None) -> Json:
        """What this person sees as filled in there, this choice included."""
        source, (block, element) = found
        chosen = entry if element["type"] != "overflow" else None
        if isinstance(source, View):
            view = self._views.fill_in(source, block["block_id"], element["action_id"], chosen) if chosen else source
            return view.state
        place = (user, source.channel, source.ts)
        state = initial_state(source.all_blocks, kept=self._chosen.get(place))
        if chosen:
            state[block["block_id"]][element["action_id"]] = chosen
        self._chosen[place] = state
        return state

    def _find(
        self, user: str, matches: Callable[[Placed], bool], wanted: str, message: Message | None, view: View | None
    ) -> Found:
        seen: list[str] = []
        for source in self._sources(user, message, view):
            blocks = source.blocks if isinstance(source, View) else source.all_blocks
            placed = [each for each in interactive(blocks) if _sends_actions(each)]
            found = [each for each in placed if matches(each)]
            if len(found) > 1:
                values = [each.element.get("value") for each in found]
                blocks_of = [each.block["block_id"] for each in found]
                text = f"several times {wanted}: say which value of {values} or block_id of {blocks_of}"
                raise LookupError(text)
            if found:
                return Found(source, found[0])
            seen += [f"{label(each.element) or each.element['type']} ({each.element['action_id']})" for each in placed]
        text = f"no {wanted}; there is: {', '.join(seen) or 'nothing to press'}"
        raise LookupError(text)

    def _sources(self, user: str, message: Message | None, view: View | None) -> Iterator[Message | View]:
        if message is not None:
            yield self._readable(user, message.channel, message.ts)
        elif view is not None:
            home = self._views.home_of(user)
            yield home if home and home.id == view.id else self._on_top(user, view)
        else:
            yield from self._views.of(user)[-1:]
            yield from (each for each in self.workspace.newest_first if self.workspace.sees(user, each))

    def _on_top(self, user: str, view: View) -> View:
        stack = self._views.of(user)
        if not stack or stack[-1].id != view.id:
            text = f"{user} has not that modal before the eyes; open are {[each.callback_id for each in stack]}"
            raise LookupError(text)
        return stack[-1]

    def _fill_in(self, view: View, name: str, given: object) -> View:
        inputs = [placed for placed in interactive(view.blocks) if can_hold(placed.element)]
        for block, element in inputs:
            if name in (element["action_id"], block["block_id"]):
                entry = filled_in(element, given)
                return self._views.fill_in(view, block["block_id"], element["action_id"], entry)
        text = f"no input {name!r}; there are {[placed.element['action_id'] for placed in inputs]}"
        raise LookupError(text)

    def _followed(self, ack: Ack, view: View) -> Ack:
        body = ack.body if isinstance(ack.body, dict) else {}
        if not ack.ok:
            return ack
        try:
            match body.get("response_action"):
                case None:
                    self._views.close(view)
                case "clear":
                    self._views.clear(view.user)
                case "update":
                    self._views.update(view, checked_view(body.get("view")))
                case "push":
                    self._views.push(view.user, checked_view(body.get("view")))
                case "errors":
                    self._views.show_errors(view, _checked_errors(view, body.get("errors")))
                case _:
                    raise Refusal("invalid_view_response")
        except Refusal:
            return replace(ack, ok=False, error="invalid_view_response")
        return ack


def _sends_actions(placed: Placed) -> bool:
    return placed.block["type"] != "input" or placed.block.get("dispatch_action") is True


def _refuse_incomplete(view: View) -> None:
    for block in view.blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        entry = view.state[block["block_id"]][element["action_id"]]
        if is_empty(entry) and not block.get("optional"):
            text = f"Slack's form would not submit: {element['action_id']} is required"
            raise ValueError(text)
        length = len(str(entry.get("value") or ""))
        if length and not element.get("min_length", 0) <= length <= element.get("max_length", 3000):
            text = f"Slack's form would not submit: {element['action_id']} has {length} characters"
            raise ValueError(text)


def _checked_errors(view: View, errors: object) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise Refusal("invalid_view_response")
    return {str(block_id): str(text) for block_id, text in errors.items()}
