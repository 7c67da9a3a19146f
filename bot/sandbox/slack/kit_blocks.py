"""Block Kit's blocks and surfaces as tables (docs.slack.dev/reference/block-kit/blocks)."""

from collections.abc import Collection, Mapping

from bot.sandbox.slack.kit_elements import (
    BUTTONS,
    CHOICES,
    CONTEXT_ACTIONS,
    ELEMENTS,
    FLAG,
    ID,
    IMAGE,
    IMAGE_ELEMENT,
    INPUTS,
    SELECTS,
    plain,
    text,
)
from bot.sandbox.slack.rules import Address, Anything, Choice, Many, Number, OneOf, Rule, Shape, Words

_BLOCK: Mapping[str, Rule] = {"block_id": ID}
_BUTTON_TYPES = ("button",)
_IN_ACTIONS = {*BUTTONS, *CHOICES, *SELECTS}
_IN_SECTION = _IN_ACTIONS - {"datetimepicker"} | {"image"}
_IN_INPUT = {*INPUTS, *CHOICES, *SELECTS}

_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_STYLE = Shape({}, dict.fromkeys(_STYLES, FLAG))
_WORD: Mapping[str, Rule] = {"style": _STYLE}
_SPANS: Mapping[str, Shape] = {
    "text": Shape({"text": Words(40_000)}, _WORD),
    "link": Shape({"url": Address()}, {**_WORD, "text": Words(3_000, 0), "unsafe": FLAG}),
    "emoji": Shape({"name": Words(255)}, {**_WORD, "unicode": Words(255), "skin_tone": Number(1, 6), "url": Address()}),
    "user": Shape({"user_id": ID}, _WORD),
    "channel": Shape({"channel_id": ID}, _WORD),
    "team": Shape({"team_id": ID}, _WORD),
    "usergroup": Shape({"usergroup_id": ID}, _WORD),
    "broadcast": Shape({"range": Choice(("here", "channel", "everyone"))}, _WORD),
    "color": Shape({"value": Words(255)}, _WORD),
    "date": Shape(
        {"timestamp": Number(), "format": Words(3_000)}, {**_WORD, "url": Address(), "fallback": Words(3_000)}
    ),
}
_PREFORMATTED_SPANS = ("text", "link")
_LINE = Many(OneOf(_SPANS, _SPANS, "rich text"), 10_000, least=0)
_SECTION = Shape({"elements": _LINE})
_RICH_TEXT: Mapping[str, Shape] = {
    "rich_text_section": _SECTION,
    "rich_text_quote": Shape({"elements": _LINE}, {"border": Number(0, 1)}),
    "rich_text_preformatted": Shape(
        {"elements": Many(OneOf(_SPANS, _PREFORMATTED_SPANS, "preformatted rich text"), 10_000, least=0)},
        {"border": Number(0, 1), "language": Words(255)},
    ),
    "rich_text_list": Shape(
        {
            "elements": Many(
                OneOf({"rich_text_section": _SECTION}, ("rich_text_section",), "a rich text list"), 10_000
            ),
            "style": Choice(("bullet", "ordered")),
        },
        {"indent": Number(0, 8), "offset": Number(), "border": Number(0, 1)},
    ),
}


def _elements(allowed: Collection[str], place: str) -> OneOf:
    return OneOf(ELEMENTS, allowed, place)


def _block(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *either: str) -> Shape:
    return Shape(required, {**_BLOCK, **(optional or {})}, either=either)


_TEXT_SHAPES = text().shapes
_RICH_TEXT_BLOCK = _block({"elements": Many(OneOf(_RICH_TEXT, _RICH_TEXT, "rich text"), 10_000)})
_CELLS: Mapping[str, Shape] = {
    "raw_text": Shape({"text": Words(3_000)}),
    "raw_number": Shape({"value": Anything()}, {"text": Words(3_000)}),
    "rich_text": _RICH_TEXT_BLOCK,
}
_ROWS = Many(Many(OneOf(_CELLS, _CELLS, "a table"), 20), 100)

_CARD = _block(
    {},
    {
        "hero_image": IMAGE_ELEMENT,
        "icon": IMAGE_ELEMENT,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": Many(_elements(_BUTTON_TYPES, "a card"), 3),
    },
    *("hero_image", "title", "actions", "body"),
)

_SIMPLE: Mapping[str, Shape] = {
    "section": _block(
        {},
        {
            "text": text(3_000),
            "fields": Many(text(2_000), 10),
            "accessory": _elements(_IN_SECTION, "a section"),
            "expand": FLAG,
        },
        "text",
        "fields",
    ),
    "header": _block({"text": plain(150)}),
    "divider": _block({}),
    "context": _block(
        {
            "elements": Many(
                OneOf({**ELEMENTS, **_TEXT_SHAPES}, {"image", *_TEXT_SHAPES}, "a context"),
                10,
            )
        }
    ),
    "actions": _block({"elements": Many(_elements(_IN_ACTIONS, "actions"), 25)}),
    "context_actions": _block({"elements": Many(_elements(CONTEXT_ACTIONS, "context actions"), 5)}),
    "input": _block(
        {"label": plain(2_000), "element": _elements(_IN_INPUT, "an input")},
        {"hint": plain(2_000), "optional": FLAG, "dispatch_action": FLAG},
    ),
    "image": Shape(
        {"alt_text": Words(2_000)},
        {**_BLOCK, **IMAGE, "title": plain(2_000)},
        either=tuple(IMAGE),
        only_one=tuple(IMAGE),
    ),
    "rich_text": _RICH_TEXT_BLOCK,
    "markdown": _block({"text": Words(12_000)}),
    "table": _block({"rows": _ROWS}, {"column_settings": Many(Anything(), 20)}),
    "alert": _block({"text": text(200)}, {"level": Choice(("default", "info", "warning", "error", "success"))}),
    "card": _CARD,
    "video": _block(
        {
            "alt_text": Words(2_000),
            "title": plain(199),
            "thumbnail_url": Address(),
            "video_url": Address(3_000, ("https://",)),
        },
        {
            "title_url": Address(),
            "description": plain(200),
            "author_name": Words(49),
            "provider_name": Words(50),
            "provider_icon_url": Address(),
        },
    ),
}

_NESTED: Mapping[str, Shape] = {
    "carousel": _block({"elements": Many(OneOf({"card": _CARD}, ("card",), "a carousel"), 10)}),
    "container": _block(
        {"child_blocks": Many(OneOf(_SIMPLE, set(_SIMPLE) - {"alert", "input"}, "a container"), 10)},
        {
            "title": text(150),
            "rich_text_title": Anything(),
            "subtitle": text(150),
            "icon": IMAGE_ELEMENT,
            "width": Choice(("narrow", "standard", "wide", "full")),
            "is_collapsible": FLAG,
            "default_collapsed": FLAG,
            "has_header_divider": FLAG,
        },
    ),
}

BLOCKS: Mapping[str, Shape] = {**_SIMPLE, **_NESTED}

# Where Slack's blocks.json says yes and practice says no (a card in a modal), the table says no.
IN_MESSAGES = frozenset(BLOCKS) - {"alert", "input"}
IN_MODALS = frozenset(
    {"actions", "alert", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
)
IN_HOME = frozenset(BLOCKS) - {"alert", "carousel", "container", "context_actions", "markdown", "table"}
