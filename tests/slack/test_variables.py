"""Variables made presentable: twelve on a card as far as there is room, all of them in pages."""

import json
from time import thread_time

import pytest
from hypothesis import given, settings

from bot.core.calls import Call
from bot.core.visibility import Visibility
from bot.slack.payloads import Asked
from bot.slack.variables import Shown, show_variables, variable_pages
from bot.slack.views import variables_view
from tests.factories import HOSTILE_CALLS, make_call
from tests.slack.judges import check_limits, check_mrkdwn, judge_view

ROOM = 6_500


def show(variables: dict[str, object], *, public: bool = False) -> Shown:
    return show_variables(make_call(variables=variables), public=public, room=ROOM)


def line_of(value: object) -> str:
    (line,) = show({"v": value}).lines
    return line.removeprefix("v: ")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("Jane", "Jane"),
        ("", "(empty)"),
        (" \n\u200b", "(empty)"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "—"),
        ([], "[]"),
        ({"a": [1, None, {"b": "ü"}], "c": False}, '{"a":[1,"—",{"b":"ü"}],"c":false}'),
        ((1, 2), "[1,2]"),
        ("two\nlines\tand\x00more", "two lines and more"),
        ("<!channel> `x` :skull:", "<!channel> `x` :skull:"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        ("x" * 100_000, "x" * 199 + "…"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value: object, line: str) -> None:
    assert line_of(value) == line


@pytest.mark.parametrize(
    ("name", "shown"), [("", "(no name)"), ("\u200b ", "(no name)"), ("a\nb", "a b"), ("n" * 61, "n" * 59 + "…")]
)
def test_a_name_is_shown_on_one_line(name: str, shown: str) -> None:
    assert show({name: 1}).lines == (f"{shown}: 1",)


def test_twelve_are_shown_and_the_rest_is_counted() -> None:
    shown = show({f"v{n}": n for n in range(150)})
    assert len(shown.lines) == 12
    assert shown.rest == 138
    assert not shown.is_whole
    assert shown.sentence().endswith("; v11: 11; and 138 more.")


def test_what_has_no_room_is_counted_too() -> None:
    shown = show({f"v{n}": "💥" * 200 for n in range(12)})
    assert 0 < len(shown.lines) < 12
    assert shown.rest == 12 - len(shown.lines)
    assert not shown.is_whole


def test_no_variables_are_nothing_at_all() -> None:
    assert show({}) == Shown(lines=(), rest=0, is_whole=True)
    assert show({}).sentence() == ""
    assert show({}).blocks() == []


def test_lines_stand_in_sections_of_ten() -> None:
    heading, *sections = show({f"v{n}": n for n in range(12)}).blocks()
    assert heading["type"] == "context"
    assert [len(section["fields"]) for section in sections] == [10, 2]


def test_the_sentence_is_escaped() -> None:
    sentence = show({"<@U1>": "<!channel> & <https://x.example|y>"}).sentence()
    assert sentence == " Variables: &lt;@U1&gt;: &lt;!channel&gt; &amp; &lt;https://x.example|y&gt;."


@pytest.mark.parametrize(
    ("variables", "public", "whole"),
    [
        ({"a": "b"}, False, True),
        ({"a": "b"}, True, True),
        ({"a": "x" * 201}, False, False),
        ({"n" * 61: 1}, False, False),
        ({"a": "jane@example.com"}, False, True),
        ({"a": "jane@example.com"}, True, False),
        ({"jane@example.com": 1}, True, False),
        ({"a": {"b": [9876543210]}}, True, False),
        # Only blanks are left out, and nobody misses those.
        ({"a": "start" + " " * 3_000 + "the end"}, False, True),
    ],
)
def test_a_card_knows_whether_it_leaves_something_out(variables: dict[str, object], public: bool, whole: bool) -> None:
    assert show(variables, public=public).is_whole is whole


def test_what_all_may_see_is_not_masked_for_others() -> None:
    call = make_call(variables={"desk": "+91 98765 43210", "to": "+91 98765 43211"})
    shown = show_variables(call, public=True, room=ROOM, visibility=Visibility(shown=("desk",)))
    assert shown.lines == ("desk: +91 98765 43210", "to: +91 •••• ••11")


def test_a_value_after_many_blanks_is_not_called_empty() -> None:
    assert line_of(" " * 3_000 + "the end") == "the end"


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("piece", ["x", "1 ", "a@", "\u200b", "💥", "<&>", " "])
def test_values_of_100_kb_are_shown_quickly(piece: str, public: bool) -> None:
    variables: dict[str, object] = {f"v{n}": (piece * 100_000)[:100_000] for n in range(12)}
    start = thread_time()
    show(variables, public=public)
    variable_pages(make_call(variables=variables))
    assert thread_time() - start < 5


@settings(max_examples=80, deadline=None)
@given(HOSTILE_CALLS)
def test_whatever_is_shown_is_within_the_limits_and_nothing_is_lost_count_of(call: Call) -> None:
    for public in (False, True):
        shown = show_variables(call, public=public, room=ROOM)
        check_limits(shown.blocks(), "message")
        check_mrkdwn(shown.sentence())
        assert len(shown.lines) + shown.rest == len(call.variables)
        assert len(shown.lines) <= 12


# Pages


def test_pages_hold_every_variable_in_full_and_in_order() -> None:
    variables = {f"v{n}": f"<{n}>" * n for n in range(250)}
    pages = variable_pages(make_call(variables=variables))
    assert [chunk for page in pages for chunk in page] == [
        f"{name}\n{text or '(empty)'}" for name, text in variables.items()
    ]
    assert all(0 < len(page) <= 20 for page in pages)
    assert all(sum(map(len, page)) <= 8_000 for page in pages)


def test_a_long_value_goes_on_in_numbered_parts() -> None:
    text = "".join(f"{n:09} " for n in range(1_000))
    chunks = [chunk for page in variable_pages(make_call(variables={"v": text})) for chunk in page]
    assert [chunk.split("\n")[0] for chunk in chunks] == [f"v ({n} of 8)" for n in range(1, 9)]
    assert "".join(chunk.split("\n", 1)[1] for chunk in chunks) == text.strip()


def test_lines_and_nested_values_stay_readable_in_pages() -> None:
    pages = variable_pages(make_call(variables={"a": "two\nlines", "b": {"c": None}, "d": None}))
    assert pages == [["a\ntwo\nlines", 'b\n{"c":"—"}', "d\n—"]]


def test_without_variables_there_is_one_empty_page() -> None:
    assert variable_pages(make_call(variables={})) == [[]]


@settings(max_examples=40, deadline=None)
@given(HOSTILE_CALLS)
def test_no_call_makes_a_page_that_slack_refuses(call: Call) -> None:
    pages = variable_pages(call)
    # A value of 100 kB fills a dozen pages of one kind: its beginning and end stand for all.
    for page in {*range(min(3, len(pages))), len(pages) - 1}:
        view = variables_view(call, page=page, origin=Asked(channel="C111", thread="1.2"))
        judge_view(view)
        assert "s3.example.com" not in json.dumps(view)
