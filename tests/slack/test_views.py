"""The modals."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import Call
from bot.slack import views
from bot.slack.blocks import Block, Message, context, section
from bot.slack.cards import call_card
from bot.slack.payloads import Asked, read_metadata
from bot.slack.views import find_view, follow_view, message_view, pick_view, share_view, variables_view
from tests.factories import HOSTILE_CALLS, make_call, make_call_id
from tests.slack.judges import judge_view, parts_of

ORIGIN = Asked(channel="C111", thread="1700000000.000100")
TO_FOLLOW = Asked(channel="C111", thread="1700000000.000100", again="follow")
MANY = make_call(variables={f"v{n}": f"value {n}" for n in range(45)})


def inputs_of(view: Block) -> list[Block]:
    return [block for block in view["blocks"] if block["type"] == "input"]


def labels_of(view: Block) -> list[str]:
    return [part["text"]["text"] for part in parts_of(view) if part.get("type") == "button"]


@pytest.mark.parametrize(
    ("view", "callback_id", "title"),
    [
        (find_view(ORIGIN), views.FIND_CALL, "Find a Samora call"),
        (pick_view([make_call_id(1), make_call_id(2)], ORIGIN), views.PICK_CALL, "Which call?"),
        (share_view(make_call_id()), views.SHARE_CALL, "Share the call"),
        (follow_view(make_call_id()), views.FOLLOW_IN, "Follow the call"),
        (find_view(TO_FOLLOW), views.FIND_CALL, "Follow a Samora call"),
        (pick_view([make_call_id(1)], TO_FOLLOW), views.PICK_CALL, "Which call?"),
    ],
)
def test_a_form_is_a_modal_with_one_input_named_like_its_action(view: Block, callback_id: str, title: str) -> None:
    judge_view(view)
    assert view["callback_id"] == callback_id
    assert view["title"]["text"] == title
    (question,) = inputs_of(view)
    assert question["block_id"] == question["element"]["action_id"]
    assert question["block_id"] in {views.CALL_ID, views.CHANNEL}


@pytest.mark.parametrize(
    "view",
    [
        find_view(ORIGIN), pick_view([make_call_id()], ORIGIN), message_view(Message("x"), ORIGIN),
        variables_view(MANY, page=0, origin=ORIGIN),
    ],
)  # fmt: skip
def test_a_modal_remembers_where_it_was_opened_from(view: Block) -> None:
    assert read_metadata({"view": view}) == ORIGIN


@pytest.mark.parametrize(
    ("view", "label"),
    [(find_view(ORIGIN), "Show"), (find_view(TO_FOLLOW), "Follow"), (pick_view([make_call_id()], ORIGIN), "Show"),
     (pick_view([make_call_id()], TO_FOLLOW), "Follow")],
)  # fmt: skip
def test_a_form_says_what_will_be_done_with_the_call(view: Block, label: str) -> None:
    assert view["submit"]["text"] == label


@pytest.mark.parametrize("view", [share_view(make_call_id()), follow_view(make_call_id())])
def test_a_question_for_the_channel_remembers_its_call_and_warns_of_what_is_masked(view: Block) -> None:
    assert read_metadata({"view": view}).call_id == make_call_id()
    assert "masked" in json.dumps(view["blocks"])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 300))
def test_the_picker_offers_every_call_up_to_a_hundred(count: int) -> None:
    ids = [make_call_id(n) for n in range(1, count + 1)]
    view = pick_view(ids, ORIGIN)
    judge_view(view)
    element = inputs_of(view)[0]["element"]
    assert [option["value"] for option in element["options"]] == [str(call_id) for call_id in ids[:100]]
    assert element["initial_option"]["value"] == str(ids[0])


def test_any_message_can_be_shown_in_a_modal() -> None:
    view = message_view(Message("Only text."))
    assert view["blocks"] == [section("Only text.")]
    assert read_metadata({"view": view}) == Asked()
    judge_view(view)
    card = call_card(make_call())
    assert message_view(card)["blocks"] == list(card.blocks)


# The pages of all variables


@pytest.mark.parametrize(
    ("page", "labels", "words"),
    [
        (0, ["Next"], "Page 1 of 3"), (1, ["Previous", "Next"], "Page 2 of 3"), (2, ["Previous"], "Page 3 of 3"),
        (99_999, ["Previous"], "Page 3 of 3"),
    ],
)  # fmt: skip
def test_pages_are_turned_by_buttons(page: int, labels: list[str], words: str) -> None:
    view = variables_view(MANY, page=page, origin=ORIGIN)
    judge_view(view)
    assert labels_of(view) == labels
    assert words in json.dumps(view)


def test_a_turning_button_names_its_page() -> None:
    view = variables_view(MANY, page=1, origin=ORIGIN)
    turns = {part["action_id"]: Asked.parse(part["value"]) for part in parts_of(view) if part.get("type") == "button"}
    assert turns == {
        views.PREVIOUS_PAGE: Asked(call=str(make_call_id()), page=0),
        views.NEXT_PAGE: Asked(call=str(make_call_id()), page=2),
    }


def test_one_page_needs_no_buttons() -> None:
    view = variables_view(make_call(), page=0, origin=ORIGIN)
    assert labels_of(view) == []
    assert "Page" not in json.dumps(view)


def test_a_call_without_variables_says_so() -> None:
    view = variables_view(make_call(variables={}), page=0, origin=ORIGIN)
    judge_view(view)
    assert "No variables." in json.dumps(view)


@pytest.mark.parametrize("variables", [{}, {"plan": "p"}])
def test_what_an_administrator_hides_is_counted(variables: dict[str, object]) -> None:
    view = variables_view(make_call(variables=variables, hidden_variables=2), page=0, origin=ORIGIN)
    judge_view(view)
    assert view["blocks"][-1] == context("2 hidden by your administrator")
    assert "hidden" not in json.dumps(variables_view(make_call(variables=variables), page=0, origin=ORIGIN))


def test_values_are_shown_to_the_letter_and_unmasked_for_one_persons_eyes() -> None:
    view = variables_view(make_call(variables={"to": "<!channel> jane@example.com"}), page=0, origin=ORIGIN)
    assert view["blocks"][1]["text"] == {
        "type": "plain_text", "text": "to\n<!channel> jane@example.com", "emoji": False,
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(HOSTILE_CALLS, st.integers(0, 200))
def test_no_page_of_any_call_is_refused(call: Call, page: int) -> None:
    judge_view(variables_view(call, page=page, origin=ORIGIN))
