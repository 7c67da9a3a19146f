"""What a person has filled in: Slack's ``state.values``, block id → action id → value."""

from collections.abc import Iterable

from bot.sandbox.slack.elements import Json, interactive

_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


def can_hold(element: Json) -> bool:
    """Whether the element is one that a person fills in or chooses from (a button is not)."""
    return element.get("type") in _KEYS


def filled_in(element: Json, given: object) -> Json:
    """One entry of ``state.values``.

    Args:
        element: the input or select.
        given: the text, the option's value or its label; a list of them where several may be chosen; None empties it.

    Raises:
        LookupError: there is no such option; the text names those that are there.
    """
    key = _KEYS[element["type"]]
    several = key.endswith("s")
    if given is None:
        return {"type": element["type"], key: [] if several else None}
    wanted = list(given) if isinstance(given, list | tuple) else [given]
    if key.startswith("selected_option"):
        wanted = [_option(element, each) for each in wanted]
    return {"type": element["type"], key: wanted if several else wanted[0]}


def is_empty(entry: Json) -> bool:
    """Whether nothing was filled in."""
    return not any(value for key, value in entry.items() if key != "type")


def initial_state(blocks: Iterable[Json], kept: Json | None = None) -> Json:
    """The state that blocks start with: what was ``kept`` under the same ids before, or their initial values."""
    state: Json = {}
    for block, element in interactive(blocks):
        if can_hold(element) and element["type"] != "overflow":
            entry = (kept or {}).get(block["block_id"], {}).get(element["action_id"])
            state.setdefault(block["block_id"], {})[element["action_id"]] = entry or _untouched(element)
    return state


def _untouched(element: Json) -> Json:
    key = _KEYS[element["type"]]
    initial = element.get("initial_value" if key.endswith("value") else key.replace("selected", "initial"))
    return filled_in(element, None) if initial is None else {"type": element["type"], key: initial}


def _option(element: Json, wanted: object) -> Json:
    options: list[Json] = list(element.get("options") or ())
    for group in element.get("option_groups") or ():
        options.extend(group["options"])
    for option in options:
        if wanted in (option.get("value"), option["text"]["text"]):
            return option
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(wanted)}, "value": str(wanted)}
    message = f"no option {wanted!r}; there are {[option.get('value') for option in options]}"
    raise LookupError(message)
