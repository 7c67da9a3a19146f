"""Block Kit's bricks, and whether the judges of all that is built of them can tell good from bad."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings

from bot.core.foreign import one_line
from bot.slack import blocks
from bot.slack.blocks import Block, Message
from tests.factories import HOSTILE_TEXTS
from tests.slack.judges import judge_message

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


def test_inert_text_is_no_markup() -> None:
    assert blocks.inert("*a* `b` ~c~ <@U1> & d_e") == "∗a∗ ʼbʼ ∼c∼ &lt;@U1&gt; &amp; d_e"


@settings(max_examples=60, deadline=None)
@given(HOSTILE_TEXTS)
def test_foreign_text_is_harmless_in_every_brick(text: str) -> None:
    line = blocks.cut(one_line(text), 50) or "-"
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
