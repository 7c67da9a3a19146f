"""Block Kit's bricks, and the three judges that every card, answer and modal must pass.

The judges: an own table of Slack's limits, ``slack_sdk``'s models, and ``slackblocks``. None alone suffices.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import slackblocks
from hypothesis import given, settings
from slack_sdk.models.blocks import Block as SdkBlock

from bot.slack import blocks
from bot.slack.blocks import Block, Message
from tests.factories import HOSTILE_TEXTS

# docs.slack.dev/reference/block-kit
MOST_BLOCKS = {"message": 50, "modal": 100}
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
    elif kind == "static_select":
        assert 1 <= len(element["options"]) <= 100
        assert element.get("initial_option", element["options"][0]) in element["options"]
        for option in element["options"]:
            check_text(option["text"], 75, kinds=["plain_text"])
            assert 1 <= len(option["value"]) <= 75
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
        assert set(block) in ({"type", "text"}, {"type", "fields"})
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


def judge_message(message: Message, *, longest: int | None = None) -> None:
    """A message of ours that Slack takes, and in which foreign text stays text."""
    assert message.text.strip()
    check_mrkdwn(message.text)
    message.text.encode()
    assert not FORBIDDEN.search(message.text)
    check_limits(message.blocks, "message")
    check_with_slack_sdk(message.blocks)
    check_with_slackblocks(message.blocks, message.text)
    size = len(json.dumps({"text": message.text, "blocks": list(message.blocks)}))
    assert longest is None or size <= longest


def judge_view(view: Block) -> None:
    """A modal of ours that Slack takes."""
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


GOOD_BUTTON = blocks.button("Go", action_id="go", value="1")


def test_the_judges_take_what_is_good() -> None:
    judge_message(Message("Text", (blocks.section("*Text*"), blocks.header("Head"), blocks.actions([GOOD_BUTTON]))))


@pytest.mark.parametrize(
    "bad",
    [
        [blocks.section("x")] * 51,
        [blocks.section("")],
        [blocks.section(" ")],
        [blocks.section("x" * 3_001)],
        [blocks.section("<!channel>")],
        [blocks.section("<https://evil.example|bank>")],
        [blocks.section("a & b")],
        [blocks.section("\u202e")],
        [blocks.header("x" * 151)],
        [{"type": "header", "text": blocks.mrkdwn("x")}],
        [{"type": "section", "fields": [blocks.plain("x")] * 11}],
        [{"type": "section", "fields": [blocks.plain("x" * 2_001)]}],
        [{"type": "section", "fields": []}],
        [{"type": "divider", "text": blocks.plain("x")}],
        [blocks.context("x") | {"elements": []}],
        [blocks.actions([])],
        [blocks.actions([GOOD_BUTTON, GOOD_BUTTON])],
        [blocks.actions([GOOD_BUTTON | {"text": blocks.plain("x" * 76)}])],
        [blocks.actions([GOOD_BUTTON | {"value": "x" * 2_001}])],
        [blocks.actions([GOOD_BUTTON | {"value": "https://s3.example.com"}])],
        [blocks.actions([GOOD_BUTTON | {"url": "https://x.example/".ljust(3_001, "x")}])],
        [blocks.actions([GOOD_BUTTON | {"accessibility_label": "x" * 76}])],
    ],
)
def test_the_judges_refuse_what_slack_refuses(bad: list[Block]) -> None:
    with pytest.raises(AssertionError):
        judge_message(Message("Text", tuple(bad)))


# The bricks


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("tab\tand\rreturn", "tab and return"),
        ("\x00\x1b[31m\x7f\x85", "  [31m  "),
        ("\u202egnp\u2066.\u200bexe\ufeff\u00ad", "gnp.exe"),
        ("half \ud83d", "half ?"),
        ("Jürgen 💥 👨\u200d👩\u200d👧", "Jürgen 💥 👨\u200d👩\u200d👧"),
    ],
)
def test_clean_text_has_no_controls_and_no_tricks(text: str, cleaned: str) -> None:
    assert blocks.clean(text) == cleaned


def test_one_line_is_one_line() -> None:
    assert blocks.one_line("  a\n\n b\u2028c\t\x00d \u200b") == "a b c d"
    assert blocks.one_line("\u200b\n ") == ""


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("abc", "abc"), ("abcd", "ab…"), ("a bcd", "a…"), ("a" * 99, "aa…")]
)
def test_a_long_text_is_cut_with_an_ellipsis(text: str, shown: str) -> None:
    assert blocks.cut(text, 3) == shown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<https://x.example|y>", "&lt;https://x.example|y&gt;"),
        ("&lt;", "&amp;lt;"),
        ('it\'s "ok"', 'it\'s "ok"'),
    ],
)
def test_escaped_text_can_neither_ping_nor_link(text: str, escaped: str) -> None:
    assert blocks.escape(text) == escaped


@pytest.mark.parametrize("text", ["`", "a`b", "```", "` <!channel> `"])
def test_a_backtick_cannot_leave_a_code_span(text: str) -> None:
    shown = blocks.code(text)
    assert shown[0] == shown[-1] == "`"
    assert "`" not in shown[1:-1]
    assert "<" not in shown


@settings(max_examples=60, deadline=None)
@given(HOSTILE_TEXTS)
def test_foreign_text_is_harmless_in_every_brick(text: str) -> None:
    line = blocks.cut(blocks.one_line(text), 50) or "-"
    bricks = (blocks.section(blocks.code(line)), blocks.context(blocks.escape(line)), blocks.header(line))
    judge_message(Message(blocks.escape(line), bricks))


def test_a_message_has_no_blocks_by_default() -> None:
    assert Message("Text").blocks == ()


def test_a_button_says_only_what_it_was_told() -> None:
    plain = blocks.button("Go", action_id="go", value="1")
    assert plain == {"type": "button", "action_id": "go", "text": blocks.plain("Go"), "value": "1"}
    spoken = blocks.button("Go", action_id="go", value="1", spoken="x" * 99, style="danger")
    assert spoken["accessibility_label"] == "x" * 74 + "…"
    assert spoken["style"] == "danger"


def test_a_moment_is_shown_in_the_readers_time_with_utc_as_a_fallback() -> None:
    moment = datetime(2024, 1, 15, 16, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert blocks.utc(moment) == "2024-01-15 10:30:05 UTC"
    expected = "<!date^1705314605^{date_short_pretty}, {time_secs}|2024-01-15 10:30:05 UTC>"
    assert blocks.local(moment) == expected
    assert blocks.local(moment, "{time}") == "<!date^1705314605^{time}|2024-01-15 10:30:05 UTC>"


@pytest.mark.parametrize("year", [1, 1900, 1969])
def test_a_moment_that_slack_cannot_show_is_utc(year: int) -> None:
    assert blocks.local(datetime(year, 1, 1, tzinfo=UTC)).endswith("-01-01 00:00:00 UTC")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (0.9, "0s"), (42, "42s"), (60, "1m 0s"), (325, "5m 25s"), (3600, "1h 0m 0s"), (90_063, "25h 1m 3s")],
)  # fmt: skip
def test_a_duration_is_told_in_words(seconds: float, words: str) -> None:
    assert blocks.duration_words(timedelta(seconds=seconds)) == words
