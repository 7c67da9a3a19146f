"""What Slack takes and refuses, checked against slack_sdk's models and slackblocks as independent judges."""

from collections.abc import Callable
from typing import Any

import pytest
import slackblocks
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    InputBlock,
    Option,
    OverflowMenuElement,
    PlainTextInputElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View as SdkView

from bot.sandbox.slack import Problem, find_message_problems, find_view_problems

Json = dict[str, Any]


def plain(text: str = "Words") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "*Words*") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def button(action_id: str = "go", **more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": action_id, **more}


def option(text: str = "One", value: str = "1", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def entry(element: Json | None = None, **more: Any) -> Json:
    element = element or {"type": "plain_text_input", "action_id": "text"}
    return {"type": "input", "label": plain(), "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": list(blocks), **more}


def rich(*elements: Json, kind: str = "rich_text_section") -> Json:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}


IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a picture"}
SELECT = {"type": "static_select", "action_id": "pick", "options": [option()]}

GOOD_IN_MESSAGES = {
    "section": section(block_id="b" * 255),
    "longest section": {"type": "section", "text": mrkdwn("x" * 3000)},
    "fields": {"type": "section", "fields": [mrkdwn("x")] * 10},
    "accessory": section(accessory=button()),
    "image accessory": section(accessory=IMAGE),
    "header": {"type": "header", "text": plain("x" * 150)},
    "divider": {"type": "divider"},
    "context": {"type": "context", "elements": [mrkdwn(), plain(), IMAGE]},
    "full button": actions(
        button(
            text=plain("x" * 75),
            value="v" * 2000,
            url="https://e.example/" + "u" * 2982,
            style="danger",
            accessibility_label="l" * 75,
            confirm={"title": plain("t" * 100), "text": mrkdwn("t" * 300), "confirm": plain("Y"), "deny": plain("N")},
        )
    ),
    "25 buttons": actions(*(button(f"go{number}") for number in range(25))),
    "overflow": actions({"type": "overflow", "action_id": "more", "options": [option(url="https://example.com")] * 5}),
    "select": actions({**SELECT, "initial_option": option(), "placeholder": plain("p" * 150)}),
    "groups": actions(
        {"type": "static_select", "option_groups": [{"label": plain(), "options": [option()]}], "action_id": "pick"}
    ),
    "checkboxes": actions({"type": "checkboxes", "options": [{"text": mrkdwn(), "value": "1"}], "action_id": "tick"}),
    "people": actions({"type": "users_select", "initial_user": "U1"}, {"type": "conversations_select"}),
    "dates": actions({"type": "datepicker", "initial_date": "2026-11-01"}, {"type": "datetimepicker"}),
    "image": IMAGE,
    "rich text": rich(
        {"type": "text", "text": "a", "style": {"bold": True}},
        {"type": "link", "url": "https://example.com", "text": "b"},
        {"type": "user", "user_id": "U1"},
        {"type": "emoji", "name": "wave"},
        {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "then"},
    ),
    "quote": rich({"type": "text", "text": "a"}, kind="rich_text_quote"),
    "preformatted": rich({"type": "text", "text": "a"}, kind="rich_text_preformatted"),
    "list": {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}]}],
            }
        ],
    },
    "markdown": {"type": "markdown", "text": "x" * 12000},
    "table": {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]},
    "card": {"type": "card", "title": mrkdwn(), "actions": [button()]},
    "carousel": {"type": "carousel", "elements": [{"type": "card", "body": mrkdwn("x" * 200)}]},
    "container": {"type": "container", "child_blocks": [section()], "width": "wide"},
    "a null is nothing": section(accessory=None),
}

BAD_IN_MESSAGES: dict[str, tuple[Json, str, str]] = {
    "empty text": ({"type": "section", "text": mrkdwn("")}, "/text/text", "more than 0"),
    "long section": ({"type": "section", "text": mrkdwn("x" * 3001)}, "/text/text", "less than 3001 characters"),
    "long field": ({"type": "section", "fields": [mrkdwn("x" * 2001)]}, "/fields/0/text", "less than 2001"),
    "11 fields": ({"type": "section", "fields": [mrkdwn("x")] * 11}, "/fields", "no more than 10 items"),
    "no fields": ({"type": "section", "fields": []}, "/fields", "no fewer than 1 items"),
    "nothing in a section": ({"type": "section"}, "", "must define one of text, fields"),
    "bare string": ({"type": "section", "text": "words"}, "/text", "must be an object with a type"),
    "text of no kind": ({"type": "section", "text": {"text": "words"}}, "/text", "object with a type"),
    "number as text": ({"type": "section", "text": mrkdwn(5)}, "/text/text", "must be a string"),  # type: ignore[arg-type]
    "emoji in mrkdwn": (section(text={**mrkdwn(), "emoji": True}), "/text/emoji", "additional field"),
    "long block id": (section(block_id="b" * 256), "/block_id", "less than 256"),
    "unknown key": (section(colour="red"), "/colour", "additional field not allowed: colour"),
    "unknown block": ({"type": "sidebar"}, "/type", "unsupported type: sidebar"),
    "long header": ({"type": "header", "text": plain("x" * 151)}, "/text/text", "less than 151"),
    "mrkdwn header": ({"type": "header", "text": mrkdwn()}, "/text/type", "mrkdwn is not allowed"),
    "header without text": ({"type": "header"}, "", "missing required field: text"),
    "11 in context": ({"type": "context", "elements": [mrkdwn()] * 11}, "/elements", "no more than 10"),
    "button in context": ({"type": "context", "elements": [button()]}, "/elements/0/type", "not allowed in a context"),
    "26 buttons": (actions(*(button(f"go{n}") for n in range(26))), "/elements", "no more than 25"),
    "no buttons": (actions(), "/elements", "no fewer than 1"),
    "elements as object": ({"type": "actions", "elements": {}}, "/elements", "must be an array"),
    "long label": (actions(button(text=plain("x" * 76))), "/elements/0/text/text", "less than 76"),
    "mrkdwn button": (actions(button(text=mrkdwn())), "/elements/0/text/type", "mrkdwn is not allowed"),
    "long value": (actions(button(value="v" * 2001)), "/elements/0/value", "less than 2001"),
    "long url": (actions(button(url="https://e.example/" + "u" * 2983)), "/elements/0/url", "less than 3001"),
    "no url": (actions(button(url="example.com")), "/elements/0/url", "invalid url"),
    "long spoken label": (
        actions(button(accessibility_label="l" * 76)),
        "/elements/0/accessibility_label",
        "less than 76",
    ),
    "style": (actions(button(style="default")), "/elements/0/style", "must be one of 'primary', 'danger'"),
    "unknown button key": (actions(button(colour="red")), "/elements/0/colour", "additional field"),
    "long action id": (actions(button("a" * 256)), "/elements/0/action_id", "less than 256"),
    "unknown element": (actions({"type": "lever"}), "/elements/0/type", "unsupported type: lever"),
    "input in actions": (actions({"type": "plain_text_input"}), "/elements/0/type", "not allowed in actions"),
    "same action id": (actions(button(), button()), "", "`action_id` 'go' already exists"),
    "6 in overflow": (actions({"type": "overflow", "options": [option()] * 6}), "/elements/0/options", "more than 5"),
    "101 options": (actions({**SELECT, "options": [option()] * 101}), "/elements/0/options", "more than 100"),
    "long option": (
        actions({**SELECT, "options": [option("x" * 76)]}),
        "/elements/0/options/0/text/text",
        "less than 76",
    ),
    "long option value": (
        actions({**SELECT, "options": [option(value="x" * 76)]}),
        "/elements/0/options/0/value",
        "less than 76",
    ),
    "stranger chosen": (
        actions({**SELECT, "initial_option": option("Two", "2")}),
        "/elements/0/initial_option",
        "one of the options",
    ),
    "options twice": (
        actions({**SELECT, "option_groups": [{"label": plain(), "options": [option()]}]}),
        "/elements/0",
        "not define more than one",
    ),
    "confirm": (
        actions(button(confirm={"title": plain("t" * 101), "text": plain(), "confirm": plain(), "deny": plain()})),
        "/elements/0/confirm/title/text",
        "less than 101",
    ),
    "confirm as text": (actions(button(confirm="sure?")), "/elements/0/confirm", "must be an object"),
    "flag as word": (section(expand="yes"), "/expand", "must be one of"),
    "flag as number": (section(expand=1), "/expand", "must be one of"),
    "image of a file name": ({**IMAGE, "image_url": "mailto:a"}, "/image_url", "invalid url"),
    "image without source": ({"type": "image", "alt_text": "a"}, "", "must define one of image_url, slack_file"),
    "input in a message": (entry(), "/type", "input is not allowed in messages"),
    "alert in a message": ({"type": "alert", "text": mrkdwn()}, "/type", "alert is not allowed in messages"),
    "rich text span": (rich({"type": "blink", "text": "a"}), "/elements/0/elements/0/type", "unsupported type: blink"),
    "rich text style": (rich({"type": "text", "text": "a", "style": {"big": True}}), "/style/big", "additional field"),
    "rich text date": (rich({"type": "date", "timestamp": "1", "format": "x"}), "/timestamp", "must be an integer"),
    "indent": (
        {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [], "border": 2}]},
        "/elements/0/border",
        "must be from 0 to 1",
    ),
    "empty card": ({"type": "card"}, "", "must define one of hero_image"),
}


@pytest.mark.parametrize("block", GOOD_IN_MESSAGES.values(), ids=GOOD_IN_MESSAGES.keys())
def test_takes_what_slack_takes(block: Json) -> None:
    assert find_message_problems([block]) == []


@pytest.mark.parametrize(("block", "pointer", "sentence"), BAD_IN_MESSAGES.values(), ids=BAD_IN_MESSAGES.keys())
def test_names_place_and_reason_of_what_slack_refuses(block: Json, pointer: str, sentence: str) -> None:
    problems = find_message_problems([section(), block])
    assert [problem.code for problem in problems] == ["invalid_blocks"] * len(problems)
    assert any(each.pointer.endswith(pointer) and sentence in each.sentence for each in problems), problems
    assert all(each.pointer.startswith("/blocks/1") for each in problems)


def test_a_problem_reads_like_slack_s_own_sentence() -> None:
    assert str(Problem("/blocks/0/text", "must be a string")) == "must be a string [json-pointer:/blocks/0/text]"


def test_counts_blocks_of_a_whole_message() -> None:
    assert find_message_problems([{"type": "divider"}] * 50) == []
    assert find_message_problems([{"type": "divider"}] * 51) == [Problem("/blocks", "no more than 50 items allowed")]


def test_block_ids_are_unique_in_a_message() -> None:
    problems = find_message_problems([section(block_id="a"), section(block_id="a")])
    assert problems == [Problem("/blocks/1/block_id", "`block_id` 'a' already exists")]


def test_the_same_action_id_may_stand_in_two_blocks() -> None:
    assert find_message_problems([actions(button()), actions(button())]) == []


def test_all_texts_together_have_a_limit_of_their_own() -> None:
    fill = [{"type": "section", "text": mrkdwn("x" * 2640)}] * 5
    assert find_message_problems(fill) == []
    (problem,) = find_message_problems([*fill, {"type": "header", "text": plain("x")}])
    assert problem.code == "msg_blocks_too_long"
    assert "13201" in problem.sentence


def test_tables_and_markdown_are_limited_per_message() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
    assert [each.sentence for each in find_message_problems([table, table])] == [
        "only one table is allowed in a message"
    ]
    markdown = {"type": "markdown", "text": "x" * 6001}
    assert "12001 characters together" in find_message_problems([markdown, markdown])[0].sentence


GOOD_VIEWS = {
    "inputs": modal(entry(), entry(SELECT), entry({"type": "radio_buttons", "options": [option()]}, optional=True)),
    "limits": modal(
        section(),
        title=plain("t" * 24),
        submit=plain("s" * 24),
        close=plain("c" * 24),
        private_metadata="m" * 3000,
        callback_id="c" * 255,
    ),
    "alert": modal({"type": "alert", "text": mrkdwn(), "level": "warning"}),
    "no submit without inputs": {"type": "modal", "title": plain(), "blocks": [section()]},
    "home": {"type": "home", "blocks": [section(), entry()]},
}

BAD_VIEWS: dict[str, tuple[Json, str, str]] = {
    "long title": (modal(section(), title=plain("t" * 25)), "/view/title/text", "less than 25"),
    "long submit": (modal(section(), submit=plain("t" * 25)), "/view/submit/text", "less than 25"),
    "long close": (modal(section(), close=plain("t" * 25)), "/view/close/text", "less than 25"),
    "metadata": (modal(section(), private_metadata="m" * 3001), "/view/private_metadata", "less than 3001"),
    "callback id": (modal(section(), callback_id="c" * 256), "/view/callback_id", "less than 256"),
    "unknown key": (modal(section(), colour="red"), "/view/colour", "additional field"),
    "inputs without submit": (modal(entry(), submit=None), "/view", "missing required field: submit"),
    "card in a modal": (modal({"type": "card", "title": mrkdwn()}), "/view/blocks/0/type", "not allowed in modals"),
    "101 blocks": (modal(*[section()] * 101), "/view/blocks", "no more than 100"),
    "another type": ({"type": "window"}, "/view/type", "unsupported type: window"),
    "no title": ({"type": "modal", "blocks": [section()]}, "/view", "missing required field: title"),
    "long input": (
        modal(entry({"type": "plain_text_input", "max_length": 3001})),
        "/view/blocks/0/element/max_length",
        "must be from 1 to 3000",
    ),
    "same block id": (
        modal(section(block_id="a"), section(block_id="a")),
        "/view/blocks/1/block_id",
        "already exists",
    ),
    "long input label": (modal(entry(label=plain("l" * 2001))), "/view/blocks/0/label/text", "less than 2001"),
    "button as input": (modal(entry(button())), "/view/blocks/0/element/type", "button is not allowed in an input"),
}


@pytest.mark.parametrize("view", GOOD_VIEWS.values(), ids=GOOD_VIEWS.keys())
def test_takes_views_that_slack_takes(view: Json) -> None:
    assert find_view_problems(view) == []


@pytest.mark.parametrize(("view", "pointer", "sentence"), BAD_VIEWS.values(), ids=BAD_VIEWS.keys())
def test_names_what_is_wrong_with_a_view(view: Json, pointer: str, sentence: str) -> None:
    problems = find_view_problems(view)
    assert any(each.pointer == pointer and sentence in each.sentence for each in problems), problems


# Where a judge and the tables both have an opinion, they must agree.
SDK_REFUSES: dict[str, tuple[Callable[[], Any], Json]] = {
    "section": (lambda: SectionBlock(text="x" * 3001), {"type": "section", "text": mrkdwn("x" * 3001)}),
    "fields": (lambda: SectionBlock(fields=["x"] * 11), {"type": "section", "fields": [mrkdwn("x")] * 11}),
    "header": (lambda: HeaderBlock(text="x" * 151), {"type": "header", "text": plain("x" * 151)}),
    "actions": (
        lambda: ActionsBlock(elements=[ButtonElement(text="a", action_id=f"a{n}") for n in range(26)]),
        actions(*(button(f"a{n}") for n in range(26))),
    ),
    "context": (
        lambda: ContextBlock(elements=[mrkdwn()] * 11),
        {"type": "context", "elements": [mrkdwn()] * 11},
    ),
    "button text": (lambda: ButtonElement(text="x" * 76, action_id="a"), actions(button(text=plain("x" * 76)))),
    "button value": (
        lambda: ButtonElement(text="x", value="v" * 2001, action_id="a"),
        actions(button(value="v" * 2001)),
    ),
    "overflow": (
        lambda: OverflowMenuElement(options=[Option(value="1", label="One")] * 6),
        actions({"type": "overflow", "options": [option()] * 6}),
    ),
    "select": (
        lambda: StaticSelectElement(options=[Option(value="1", label="One")] * 101),
        actions({**SELECT, "options": [option()] * 101}),
    ),
}


@pytest.mark.parametrize(("build", "block"), SDK_REFUSES.values(), ids=SDK_REFUSES.keys())
def test_refuses_what_the_sdk_refuses(build: Callable[[], Any], block: Json) -> None:
    with pytest.raises(SlackObjectFormationError):
        build().validate_json()
    assert find_message_problems([block])


def test_takes_what_the_sdk_builds() -> None:
    blocks = [
        SectionBlock(text="a", fields=["b", "c"], accessory=ButtonElement(text="d", action_id="e")),
        HeaderBlock(text="f"),
        ActionsBlock(
            elements=[StaticSelectElement(options=[Option(value="1", label="One")], action_id="g", placeholder="h")]
        ),
    ]
    assert find_message_problems([block.to_dict() for block in blocks]) == []
    view = SdkView(
        type="modal",
        title="t",
        submit="s",
        blocks=[InputBlock(label="l", element=PlainTextInputElement(action_id="a", max_length=100))],
    )
    assert find_view_problems(view.to_dict()) == []


SLACKBLOCKS_REFUSES: dict[str, tuple[Callable[[], Any], Json]] = {
    "section": (lambda: slackblocks.SectionBlock("x" * 3001), {"type": "section", "text": mrkdwn("x" * 3001)}),
    "field": (
        lambda: slackblocks.SectionBlock(fields=["x" * 2001]),
        {"type": "section", "fields": [mrkdwn("x" * 2001)]},
    ),
    "header": (lambda: slackblocks.HeaderBlock("x" * 151), {"type": "header", "text": plain("x" * 151)}),
    "button": (
        lambda: slackblocks.Button(text="x" * 76, action_id="a"),
        actions(button(text=plain("x" * 76))),
    ),
    "alert in a message": (
        lambda: slackblocks.Message(channel="C1", blocks=[slackblocks.AlertBlock("x")]),
        {"type": "alert", "text": mrkdwn("x")},
    ),
}


@pytest.mark.parametrize(("build", "block"), SLACKBLOCKS_REFUSES.values(), ids=SLACKBLOCKS_REFUSES.keys())
def test_refuses_what_slackblocks_refuses(build: Callable[[], Any], block: Json) -> None:
    with pytest.raises(slackblocks.InvalidUsageError):
        build()
    assert find_message_problems([block])


def test_takes_what_slackblocks_builds() -> None:
    blocks = [
        slackblocks.HeaderBlock("a"),
        slackblocks.SectionBlock("b", fields=["c"]),
        slackblocks.ActionsBlock([slackblocks.Button(text="d", action_id="e", value="f")]),
        slackblocks.ContextBlock([slackblocks.Text("g")]),
        slackblocks.DividerBlock(),
    ]
    message = slackblocks.Message(channel="C1", blocks=blocks)
    assert find_message_problems(message.to_dict()["blocks"]) == []
