"""Block Kit drawn with Rich, or as plain lines."""

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from bot.core.calls import EXAMPLE_ID, Call, CallId
from bot.slack.blocks import actions, button, context, header, section
from bot.slack.cards import call_card
from bot.terminal.drawing import draw_message, draw_mrkdwn, plain_lines

NOON = 1_793_534_400  # 2026-11-01 12:00:00 UTC


@pytest.fixture
def in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def drawn(blocks: list[dict[str, Any]], **more: str) -> str:
    output = io.StringIO()
    Console(file=output, width=100, force_terminal=False).print(draw_message(blocks, **more))
    return output.getvalue()


# mrkdwn


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("words", "words"),
        ("", ""),
        ("*bold* and _italic_ and `code`", "bold and italic and code"),
        ("&lt;!channel&gt; &amp;amp; 1 &lt; 2", "<!channel> &amp; 1 < 2"),
        ("`&lt;b&gt;`", "<b>"),
        ("<https://x.example|label>", "label"),
        ("<https://x.example>", "https://x.example"),
        ("<https://x.example|a &amp; b>", "a & b"),
        ("one * alone", "one * alone"),
        ("snake_case stays", "snake_case stays"),
        ("*not\nbold*", "*not\nbold*"),
        ("a < b", "a < b"),
    ],
)
def test_slacks_markup_becomes_words(source: str, plain: str) -> None:
    assert draw_mrkdwn(source).plain == plain


@pytest.mark.parametrize(
    ("source", "style"), [("*x*", "bold"), ("_x_", "italic"), ("`x`", "cyan"), ("<https://x.example|x>", "underline")]
)
def test_slacks_markup_becomes_style(source: str, style: str) -> None:
    (span,) = draw_mrkdwn(source).spans

    assert (span.start, span.end, span.style) == (0, 1, style)


@pytest.mark.usefixtures("in_kolkata")
@pytest.mark.parametrize(
    ("form", "plain"),
    [
        ("{date_short_pretty}, {time_secs}", "01 Nov 2026, 17:30:00 IST"),
        ("{date}", "01 Nov 2026, 17:30:00 IST"),
        ("{time}", "17:30 IST"),
        ("{time_secs}", "17:30 IST"),
    ],
)
def test_dates_are_told_in_the_readers_own_time_zone(form: str, plain: str) -> None:
    assert draw_mrkdwn(f"<!date^{NOON}^{form}|2026-11-01 12:00:00 UTC>").plain == plain


@pytest.mark.parametrize("seconds", ["253402300799", "99999999999999", "-99999999999999", "9" * 40])
@pytest.mark.usefixtures("in_kolkata")
def test_a_date_that_no_calendar_here_holds_shows_its_fallback(seconds: str) -> None:
    assert draw_mrkdwn(f"<!date^{seconds}^{{date}}|9999-12-31 23:59:59 UTC>").plain == "9999-12-31 23:59:59 UTC"


@pytest.mark.parametrize("angle", ["<!date^x^{date}|words>", "<!channel>", "<@U1>"])
def test_what_is_no_date_is_shown_as_it_is(angle: str) -> None:
    assert draw_mrkdwn(angle).plain in {"words", "!channel", "@U1"}


# Blocks


def test_a_message_is_drawn_block_by_block() -> None:
    text = drawn(
        [
            header("✅ Finished"),
            section("*bold* words"),
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Agent*\n`a1`"},
                                           {"type": "plain_text", "text": "*as it is*"}]},
            context("a small line"),
            {"type": "divider"},
            actions([button("Refresh", action_id="r", value="v"), button("Go", action_id="g", value="v")]),
            {"type": "input", "label": {"type": "plain_text", "text": "Call id"}, "element": {"type": "an_input"}},
            {"type": "image", "image_url": "x"},
        ],
        title="A title",
    )  # fmt: skip

    words = [
        "A title",
        "Finished",
        "bold words",
        "Agent",
        "a1",
        "*as it is*",
        "a small line",
        "Refresh",
        "Go",
        "Call id",
    ]
    for expected in (*words, "[ an_input ]", "(a block of type image)"):
        assert expected in text
    assert "*bold*" not in text


def test_two_fields_stand_side_by_side() -> None:
    fields = [{"type": "plain_text", "text": name} for name in ("one", "two", "three")]

    lines = drawn([{"type": "section", "fields": fields}]).splitlines()

    assert any("one" in line and "two" in line for line in lines)
    assert not any("two" in line and "three" in line for line in lines)


def test_a_message_without_blocks_is_drawn_from_its_text() -> None:
    assert "Still *asking*".replace("*", "") in drawn([], text="Still *asking*")


def test_foreign_text_in_plain_text_is_not_markup() -> None:
    text = drawn([{"type": "section", "fields": [{"type": "plain_text", "text": "[bold red]x[/] *y*"}]}])

    assert "[bold red]x[/] *y*" in text


@pytest.mark.parametrize(
    "element", [{"type": "static_select"}, {"type": "button", "text": {"type": "plain_text", "text": "Go"}}]
)
def test_an_element_is_drawn_by_its_label_or_its_type(element: dict[str, Any]) -> None:
    assert ("Go" if "text" in element else "static_select") in drawn([actions([element])])


# Plain lines


def test_plain_lines_are_names_and_values_without_colours_and_frames() -> None:
    lines = plain_lines(
        [
            header("✅ Finished"),
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Duration*\n5m 25s"}]},
            context("one"),
            {"type": "divider"},
            actions([button("Refresh", action_id="r", value="v")]),
        ]
    )

    assert lines == ["✅ Finished", "Duration: 5m 25s", "one"]


def test_a_line_of_a_value_with_many_lines_is_one_line() -> None:
    assert plain_lines([section("a\nb\nc")]) == ["a: b: c"]


@pytest.mark.usefixtures("in_kolkata")
def test_every_card_can_be_drawn_both_ways() -> None:
    call = Call(
        id=CallId(EXAMPLE_ID),
        status="SOMETHING_NEW",
        read_at=datetime.fromtimestamp(NOON, UTC),
        created_at=datetime.fromtimestamp(NOON, UTC) - timedelta(minutes=3),
        started_at=datetime.fromtimestamp(NOON, UTC) - timedelta(minutes=1),
        variables={"hostile <!channel> `x`": {"a": [1, None, "\x1b[2J[red]"]}, "": "x" * 5000},
    )
    blocks = list(call_card(call).blocks)

    text = drawn(blocks)
    lines = plain_lines(blocks)

    assert "Something New" in text
    assert "Something New" in lines[0]
    assert f"Call id: {EXAMPLE_ID}" in lines
    assert "\x1b" not in text + "".join(lines)
