"""Block Kit's composition objects and elements as tables (docs.slack.dev/reference/block-kit)."""

from collections.abc import Iterator, Mapping

from bot.sandbox.slack.rules import Address, Anything, Choice, Many, Number, OneOf, Problem, Rule, Shape, Words

ID = Words(255)
FLAG = Choice((False, True))


def text(most: int = 3_000, *kinds: str) -> OneOf:
    """A text object of so many characters; without kinds both ``plain_text`` and ``mrkdwn`` will do."""
    shapes = {
        "plain_text": Shape({"text": Words(most)}, {"emoji": FLAG}),
        "mrkdwn": Shape({"text": Words(most)}, {"verbatim": FLAG}),
    }
    return OneOf(shapes, kinds or tuple(shapes), "this text")


def plain(most: int) -> OneOf:
    """A ``plain_text`` object of so many characters."""
    return text(most, "plain_text")


def _initials_exist(element: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    """What is chosen at first must be among the options."""
    offered = list(_listed(element.get("options")))
    for group in _listed(element.get("option_groups")):
        offered += _listed(group.get("options")) if isinstance(group, dict) else ()
    for key in ("initial_option", "initial_options"):
        initial = element.get(key)
        chosen = _listed(initial) or ([initial] if isinstance(initial, dict) else [])
        if any(option not in offered for option in chosen):
            yield Problem(f"{pointer}/{key}", "must be one of the options")


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


CONFIRM = Shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": Choice(("primary", "danger"))},
)
_OPTION_EXTRAS: Mapping[str, Rule] = {"description": plain(75), "url": Address()}
OPTION = Shape({"text": plain(75), "value": Words(75)}, _OPTION_EXTRAS)
_MRKDWN_OPTION = Shape({"text": text(75), "value": Words(75)}, {"description": text(75)})
_GROUP = Shape({"label": plain(75), "options": Many(OPTION, 100)})

_COMMON: Mapping[str, Rule] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": FLAG}
_MENU: Mapping[str, Rule] = {**_COMMON, "placeholder": plain(150)}
_DISPATCH = Shape({"trigger_actions_on": Many(Choice(("on_enter_pressed", "on_character_entered")), 2)})
_WRITTEN: Mapping[str, Rule] = {
    "action_id": ID,
    "placeholder": plain(150),
    "focus_on_load": FLAG,
    "dispatch_action_config": _DISPATCH,
}
_STATIC: Mapping[str, Rule] = {"options": Many(OPTION, 100), "option_groups": Many(_GROUP, 100)}
_SEVERAL: Mapping[str, Rule] = {"max_selected_items": Number(1)}
_FILTER = Shape(
    {},
    {
        "include": Many(Choice(("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": FLAG,
        "exclude_bot_users": FLAG,
    },
)
_CONVERSATIONS: Mapping[str, Rule] = {"default_to_current_conversation": FLAG, "filter": _FILTER}
_SLACK_FILE = Shape({}, {"id": Words(255), "url": Address()}, either=("id", "url"), only_one=("id", "url"))
IMAGE: Mapping[str, Rule] = {"image_url": Address(3_000, ("https://", "http://")), "slack_file": _SLACK_FILE}


def _static(initial: str, rule: Rule, **more: Rule) -> Shape:
    return Shape(
        {},
        {**_MENU, **_STATIC, **more, initial: rule},
        either=("options", "option_groups"),
        only_one=("options", "option_groups"),
        also=_initials_exist,
    )


def _ids(single: str) -> dict[str, Shape]:
    """The single and the multiple select over ids of one sort, such as users."""
    further = _CONVERSATIONS if single == "conversation" else {}
    url: Mapping[str, Rule] = {} if single == "user" else {"response_url_enabled": FLAG}
    return {
        f"{single}s_select": Shape({}, {**_MENU, **further, **url, f"initial_{single}": ID}),
        f"multi_{single}s_select": Shape(
            {}, {**_MENU, **further, **_SEVERAL, f"initial_{single}s": Many(ID, 1_000, least=0)}
        ),
    }


SELECTS: Mapping[str, Shape] = {
    "static_select": _static("initial_option", OPTION),
    "multi_static_select": _static("initial_options", Many(OPTION, 100), **_SEVERAL),
    "external_select": Shape({}, {**_MENU, "initial_option": OPTION, "min_query_length": Number()}),
    "multi_external_select": Shape(
        {}, {**_MENU, **_SEVERAL, "initial_options": Many(OPTION, 100), "min_query_length": Number()}
    ),
    **_ids("user"),
    **_ids("channel"),
    **_ids("conversation"),
}

CHOICES: Mapping[str, Shape] = {
    "checkboxes": Shape(
        {"options": Many(_MRKDWN_OPTION, 10)},
        {**_COMMON, "initial_options": Many(_MRKDWN_OPTION, 10)},
        also=_initials_exist,
    ),
    "radio_buttons": Shape(
        {"options": Many(_MRKDWN_OPTION, 10)}, {**_COMMON, "initial_option": _MRKDWN_OPTION}, also=_initials_exist
    ),
    "datepicker": Shape({}, {**_MENU, "initial_date": Words(10, 10)}),
    "timepicker": Shape({}, {**_MENU, "initial_time": Words(5, 5), "timezone": Words(255)}),
    "datetimepicker": Shape({}, {**_COMMON, "initial_date_time": Number()}),
}

BUTTONS: Mapping[str, Shape] = {
    "button": Shape(
        {"text": plain(75)},
        {
            "action_id": ID,
            "url": Address(),
            "value": Words(2_000),
            "style": Choice(("primary", "danger")),
            "confirm": CONFIRM,
            "accessibility_label": Words(75),
        },
    ),
    "overflow": Shape({"options": Many(OPTION, 5)}, {"action_id": ID, "confirm": CONFIRM}),
    "workflow_button": Shape(
        {"text": plain(75), "workflow": Anything()},
        {"action_id": ID, "style": Choice(("primary", "danger")), "accessibility_label": Words(75)},
    ),
}

INPUTS: Mapping[str, Shape] = {
    "plain_text_input": Shape(
        {},
        {
            **_WRITTEN,
            "initial_value": Words(3_000, 0),
            "multiline": FLAG,
            "min_length": Number(0, 3_000),
            "max_length": Number(1, 3_000),
        },
    ),
    "email_text_input": Shape({}, {**_WRITTEN, "initial_value": Words(3_000, 0)}),
    "url_text_input": Shape({}, {**_WRITTEN, "initial_value": Words(3_000, 0)}),
    "number_input": Shape(
        {"is_decimal_allowed": FLAG},
        {**_WRITTEN, "initial_value": Words(255), "min_value": Words(255), "max_value": Words(255)},
    ),
    "rich_text_input": Shape({}, {**_WRITTEN, "initial_value": Anything()}),
    "file_input": Shape({}, {"action_id": ID, "filetypes": Many(Words(255), 100), "max_files": Number(1, 10)}),
}

CONTEXT_ACTIONS: Mapping[str, Shape] = {
    "feedback_buttons": Shape({"positive_button": Anything(), "negative_button": Anything()}, {"action_id": ID}),
    "icon_button": Shape(
        {"icon": Choice(("trash",)), "text": plain(75)},
        {
            "action_id": ID,
            "value": Words(2_000),
            "confirm": CONFIRM,
            "accessibility_label": Words(75),
            "visible_to_user_ids": Many(ID, 10),
        },
    ),
}

IMAGE_ELEMENT = Shape({"alt_text": Words(2_000)}, IMAGE, either=tuple(IMAGE), only_one=tuple(IMAGE))

ELEMENTS: Mapping[str, Shape] = {
    **SELECTS,
    **CHOICES,
    **BUTTONS,
    **INPUTS,
    **CONTEXT_ACTIONS,
    "image": IMAGE_ELEMENT,
}
