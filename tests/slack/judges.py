"""Three judges that every card, answer and modal must pass.

An own table of Slack's limits, ``slack_sdk``'s models, and ``slackblocks``: none alone suffices.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import slackblocks
from slack_sdk.models.blocks import Block as SdkBlock

from bot.sandbox.slack import find_view_problems
from bot.slack.blocks import Block, Message

# docs.slack.dev/reference/block-kit
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
BLOCK_TYPES = {"header", "section", "context", "actions", "input"}
LONGEST_CARD = 10_000
OUR_DATE = re.compile(r"<!date\^\d+\^[a-z_{}, ]+\|\d{1,4}-\d\d-\d\d \d\d:\d\d:\d\d UTC>")
OUR_LINK = re.compile(r"<https?://[^\s<>|]+\|Open (recording|transcript)>")
FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


# The first judge


def parts_of(value: object) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from parts_of(inner)


def check_text(text: object, longest: int, *, kinds: Sequence[str] = ("plain_text", "mrkdwn")) -> None:
    assert isinstance(text, dict)
    assert text["type"] in kinds
    assert set(text) <= {"type", "text", "emoji" if text["type"] == "plain_text" else "verbatim"}
    assert isinstance(text["text"], str)
    assert text["text"].strip()
    assert len(text["text"]) <= longest
    if text["type"] == "mrkdwn":
        assert text["verbatim"] is True
        check_mrkdwn(text["text"])
    else:
        assert text["emoji"] is False


def without(value: Any, ours: Sequence[str]) -> Any:
    """A JSON value, or a text, without the names of people, groups and channels that we ourselves put there."""
    text = json.dumps(value, ensure_ascii=False)
    for name in ours:
        assert re.fullmatch(r"<(@[UW]|!subteam\^S|#C)[A-Z0-9]+>", name)
        text = text.replace(name, "somebody")
    return json.loads(text)


def check_mrkdwn(text: str) -> None:
    """Nothing pings and nothing links but our own dates and, in a private answer, our own link."""
    rest = OUR_LINK.sub("", OUR_DATE.sub("", text))
    assert "<" not in rest
    assert ">" not in rest
    # A text that was cut may end in a piece of an escaped character, which is harmless.
    assert not re.search(r"&(?!amp;|lt;|gt;)", re.sub(r"&[a-z]{0,3}…$", "", rest))


def check_element(element: Block) -> None:
    kind = element["type"]
    assert 1 <= len(element["action_id"]) <= 255
    if kind == "button":
        assert set(element) <= {"type", "action_id", "text", "value", "url", "style", "accessibility_label"}
        check_text(element["text"], 75, kinds=["plain_text"])
        assert 1 <= len(element["value"]) <= 2_000
        assert "http" not in element["value"]
        assert 1 <= len(element.get("url", "x")) <= 3_000
        assert 1 <= len(element.get("accessibility_label", "x")) <= 75
        assert element.get("style", "primary") in {"primary", "danger"}
    elif kind in {"static_select", "checkboxes", "radio_buttons"}:
        assert 1 <= len(element["options"]) <= (100 if kind == "static_select" else 10)
        assert element.get("initial_option", element["options"][0]) in element["options"]
        assert element.get("initial_options", True), "refused if it is empty"
        assert all(option in element["options"] for option in element.get("initial_options", []))
        for option in element["options"]:
            check_text(option["text"], 75, kinds=["plain_text", *(["mrkdwn"] if kind != "static_select" else [])])
            assert 1 <= len(option["value"]) <= 75
    elif kind == "users_select":
        assert re.fullmatch(r"[UW][A-Z0-9]+", element.get("initial_user", "U1"))
    elif kind == "plain_text_input":
        check_text(element["placeholder"], 150, kinds=["plain_text"])
        assert 1 <= element["max_length"] <= 3_000
    else:
        assert kind == "conversations_select"


def check_block(block: Block) -> None:
    assert block["type"] in BLOCK_TYPES
    assert 1 <= len(block.get("block_id", "x")) <= 255
    if block["type"] == "header":
        check_text(block["text"], 150, kinds=["plain_text"])
    elif block["type"] == "section":
        assert set(block) - {"accessory"} in ({"type", "text"}, {"type", "fields"})
        if "accessory" in block:
            check_element(block["accessory"])
        if "text" in block:
            check_text(block["text"], 3_000)
        else:
            assert 1 <= len(block["fields"]) <= 10
            for text in block["fields"]:
                check_text(text, 2_000)
    elif block["type"] == "context":
        assert 1 <= len(block["elements"]) <= 10
        for text in block["elements"]:
            check_text(text, 3_000)
    elif block["type"] == "actions":
        assert 1 <= len(block["elements"]) <= 25
        for element in block["elements"]:
            check_element(element)
        assert len({element["action_id"] for element in block["elements"]}) == len(block["elements"])
    else:
        check_text(block["label"], 2_000, kinds=["plain_text"])
        if "hint" in block:
            check_text(block["hint"], 2_000, kinds=["plain_text"])
        check_element(block["element"])


def check_limits(found: Sequence[Block], surface: str) -> None:
    assert len(found) <= MOST_BLOCKS[surface]
    for block in found:
        check_block(block)
    for part in parts_of(list(found)):
        for value in part.values():
            if isinstance(value, str):
                value.encode()  # no half characters
                assert not FORBIDDEN.search(value)


# The second judge


def check_with_slack_sdk(found: Sequence[Block]) -> None:
    for block in found:
        parsed = SdkBlock.parse(block)
        assert parsed is not None
        parsed.validate_json()
        assert parsed.to_dict()["type"] == block["type"]


# The third judge


def _text(text: Block) -> slackblocks.Text:
    return slackblocks.Text.from_dict(text)


def _element(element: Block) -> Any:
    action_id = element["action_id"]
    if element["type"] == "button":
        more = {name: element[name] for name in ("value", "url", "style", "accessibility_label") if name in element}
        return slackblocks.Button(text=_text(element["text"]), action_id=action_id, **more)
    if element["type"] == "static_select":
        options = [slackblocks.Option(_text(option["text"]), option["value"]) for option in element["options"]]
        return slackblocks.StaticSelectMenu(action_id=action_id, placeholder="Choose", options=options)
    if element["type"] in {"checkboxes", "radio_buttons"}:
        kind = {"checkboxes": slackblocks.CheckboxGroup, "radio_buttons": slackblocks.RadioButtonGroup}
        options = [slackblocks.Option(_text(option["text"]), option["value"]) for option in element["options"]]
        return kind[element["type"]](action_id=action_id, options=options)
    if element["type"] == "users_select":
        return slackblocks.UserSelectMenu(action_id=action_id, placeholder="Choose")
    if element["type"] == "plain_text_input":
        return slackblocks.PlainTextInput(
            action_id=action_id, placeholder=_text(element["placeholder"]), max_length=element["max_length"]
        )
    return slackblocks.ConversationSelectMenu(
        action_id=action_id, placeholder="Choose", filter=slackblocks.ConversationFilter(**element["filter"])
    )


def _block(block: Block) -> Any:
    if block["type"] == "actions":
        return slackblocks.ActionsBlock([_element(element) for element in block["elements"]])
    if "accessory" in block:
        return slackblocks.SectionBlock(_text(block["text"]), accessory=_element(block["accessory"]))
    if block["type"] == "input":
        return slackblocks.InputBlock(label=_text(block["label"]), element=_element(block["element"]))
    parsers: dict[str, Any] = {
        "section": slackblocks.SectionBlock,
        "header": slackblocks.HeaderBlock,
        "context": slackblocks.ContextBlock,
    }
    return parsers[block["type"]].from_dict(block)


def check_with_slackblocks(found: Sequence[Block], text: str) -> None:
    message = slackblocks.Message(channel="C111", text=text, blocks=[_block(block) for block in found] or None)
    assert len(message.to_dict().get("blocks") or []) == len(found)


# What they judge


def judge_message(message: Message, *, longest: int | None = None, ours: Sequence[str] = ()) -> None:
    """A message of ours that Slack takes, and in which foreign text stays text.

    Args:
        message: the message.
        longest: how many characters of JSON it may have.
        ours: names that it may mention, because we put them there: ``<@U111>``, ``<!subteam^S111>``, ``<#C111>``.
    """
    size = len(json.dumps({"text": message.text, "blocks": list(message.blocks)}))
    assert longest is None or size <= longest
    message = Message(without(message.text, ours), tuple(without(message.blocks, ours)))
    assert message.text.strip()
    check_mrkdwn(message.text)
    message.text.encode()
    assert not FORBIDDEN.search(message.text)
    check_limits(message.blocks, "message")
    check_with_slack_sdk(message.blocks)
    check_with_slackblocks(message.blocks, message.text)


def judge_view(view: Block, *, ours: Sequence[str] = ()) -> None:
    """A modal of ours that Slack takes; ``ours`` as in :func:`judge_message`."""
    view = without(view, ours)
    assert view["type"] == "modal"
    for name in {"title", "submit", "close"} & set(view):
        check_text(view[name], 24, kinds=["plain_text"])
    assert "title" in view
    assert ("submit" in view) is any(block["type"] == "input" for block in view["blocks"])
    assert len(view["private_metadata"]) <= 3_000
    assert len(view.get("callback_id", "")) <= 255
    assert view["blocks"]
    assert len(json.dumps(view)) <= 250_000
    check_limits(view["blocks"], "modal")
    check_with_slack_sdk(view["blocks"])
    slackblocks.ModalView(
        title=_text(view["title"]),
        blocks=[_block(block) for block in view["blocks"]],
        close=_text(view["close"]),
        submit=_text(view["submit"]) if "submit" in view else None,
        private_metadata=view["private_metadata"],
        callback_id=view.get("callback_id"),
    )


def judge_home(view: Block, *, ours: Sequence[str] = ()) -> None:
    """A Home tab of ours that Slack takes; ``ours`` as in :func:`judge_message`. The sandbox's Slack judges it too."""
    assert find_view_problems(view) == []
    view = without(view, ours)
    assert set(view) == {"type", "blocks"}
    assert view["type"] == "home"
    assert len(json.dumps(view)) <= 250_000
    check_limits(view["blocks"], "home")
    check_with_slack_sdk(view["blocks"])
    slackblocks.HomeTabView(blocks=[_block(block) for block in view["blocks"]])
