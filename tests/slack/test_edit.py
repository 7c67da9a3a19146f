"""The form that changes a subscription's options: what it shows, and what is read out of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from bot.core.calls import CallStatus
from bot.core.subscriptions import Delivery, Options, Style, Subscription
from bot.slack import edit
from bot.slack.blocks import Block
from bot.slack.edit import FormMistake, edit_view, read_form
from bot.slack.payloads import Asked, Payload
from tests.factories import CHANNEL, TEAM, make_call_id
from tests.slack.judges import judge_view
from tests.slack.test_options import ALL_OPTIONS

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
OURS = ["<!subteam^S123>"]


def make_view(options: Options) -> Block:
    there = Subscription(
        id="s1", team_id=TEAM, channel_id=CHANNEL, call_id=make_call_id(), creator_id="U1", options=options,
        created_at=NOW, changed_at=NOW,
    )  # fmt: skip
    return edit_view(there, Asked(channel=CHANNEL))


def inputs_of(view: Block) -> dict[str, Block]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def submit(view: Block, **chosen: Any) -> Payload:
    """The form as Slack sends it: untouched, but for what was chosen."""
    values: dict[str, Any] = {}
    for name, block in inputs_of(view).items():
        element = block["element"]
        assert element["action_id"] == name
        state: dict[str, Any] = {"type": element["type"]}
        if element["type"] == "checkboxes":
            state["selected_options"] = element.get("initial_options", [])
        elif element["type"] == "radio_buttons":
            state["selected_option"] = element["initial_option"]
        else:
            state["selected_user"] = element.get("initial_user")
        values[name] = {name: state | chosen.get(name, {})}
    return {"view": view | {"state": {"values": values}}}


def ticked(*values: str) -> dict[str, Any]:
    return {"selected_options": [{"value": value} for value in values]}


@settings(max_examples=60, deadline=None)
@given(ALL_OPTIONS)
def test_a_form_that_nobody_touches_changes_nothing(options: Options) -> None:
    view = make_view(options)
    judge_view(view, ours=OURS)
    assert read_form(submit(view)) == options


def test_it_asks_for_statuses_a_place_somebody_and_a_style() -> None:
    inputs = inputs_of(make_view(Options()))
    assert list(inputs) == [edit.STATUSES, edit.TO, edit.MENTION, edit.STYLE]
    assert [block.get("optional", False) for block in inputs.values()] == [False, False, True, False]
    words = [option["text"]["text"] for option in inputs[edit.STATUSES]["element"]["options"]]
    assert words == ["Pending", "Triggered", "Ongoing", "Finished", "Unanswered", "Rejected"]
    assert "initial_user" not in inputs[edit.MENTION]["element"]


@pytest.mark.parametrize(
    ("chosen", "options"),
    [
        ({"statuses": ticked("REJECTED")}, Options(statuses=frozenset({CallStatus.REJECTED}))),
        ({"to": {"selected_option": {"value": "channel"}}}, Options(to=Delivery.CHANNEL)),
        ({"mention": {"selected_user": "UABCDEFGH"}}, Options(mention="UABCDEFGH")),
        ({"style": {"selected_option": {"value": "compact"}}}, Options(style=Style.COMPACT)),
    ],
)
def test_what_is_chosen_is_what_comes_out(chosen: dict[str, Any], options: Options) -> None:
    assert read_form(submit(make_view(Options()), **chosen)) == options


@pytest.mark.parametrize(
    ("chosen", "mention"),
    [
        ({}, "S123"),
        ({"mention": {"selected_user": "U0MIRA"}}, "U0MIRA"),
        ({"group": ticked()}, ""),
        ({"group": {"selected_options": None}}, ""),
    ],
)
def test_a_group_is_kept_unless_somebody_is_chosen_or_it_is_let_go(chosen: dict[str, Any], mention: str) -> None:
    assert read_form(submit(make_view(Options(mention="S123")), **chosen)).mention == mention


def test_a_person_is_let_go_by_clearing_the_choice() -> None:
    view = make_view(Options(mention="U0MIRA"))
    assert inputs_of(view)[edit.MENTION]["element"]["initial_user"] == "U0MIRA"
    assert read_form(submit(view, mention={"selected_user": None})).mention == ""


def test_no_status_is_refused_at_its_input_and_never_means_all() -> None:
    with pytest.raises(FormMistake, match="an empty filter would never tell you anything") as refused:
        read_form(submit(make_view(Options()), statuses=ticked()))
    assert refused.value.block_id == edit.STATUSES


def test_a_mention_without_notices_is_refused_at_its_input() -> None:
    chosen = {"mention": {"selected_user": "U0MIRA"}, "to": {"selected_option": {"value": "card"}}}
    with pytest.raises(FormMistake, match="nobody can be mentioned") as refused:
        read_form(submit(make_view(Options()), **chosen))
    assert refused.value.block_id == edit.MENTION


@pytest.mark.parametrize(
    "chosen",
    [
        {"statuses": ticked("SLEEPING")},
        {"to": {"selected_option": {"value": "mars"}}},
        {"to": {"selected_option": None}},
        {"style": {"selected_option": {"value": "round"}}},
        {"mention": {"selected_user": "<!channel>"}},
    ],
)
def test_what_nobody_could_choose_is_refused(chosen: dict[str, Any]) -> None:
    with pytest.raises(FormMistake):
        read_form(submit(make_view(Options()), **chosen))


@pytest.mark.parametrize("state", [None, {}, {"values": None}, {"values": {"statuses": {"statuses": 3}}}])
def test_a_form_of_a_strange_shape_is_refused(state: object) -> None:
    with pytest.raises(FormMistake):
        read_form({"view": {"state": state}})
