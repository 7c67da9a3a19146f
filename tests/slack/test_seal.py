"""The seal: what comes back is what was sent, or is refused; and nothing else is touched."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.blocks import Block, actions, button, section
from bot.slack.cards import REFRESH, call_card
from bot.slack.payloads import Asked, find_message_call_ids
from bot.slack.seal import BrokenSeal, Seal, without_values
from bot.slack.views import find_view, share_view, variables_view
from tests.factories import HOSTILE_CALLS, OTHER_TEAM, TEAM, make_button_payload, make_call, make_call_id, make_seal
from tests.slack.judges import LONGEST_CARD, judge_message, judge_view, parts_of

VALUE = Asked(call=str(make_call_id()), sub="s1").encode()
ORIGIN = Asked(channel="C111", thread="1.2").encode()


def sealed_button(seal: Seal, value: str = VALUE, action_id: str = REFRESH) -> str:
    (sealed,) = seal.seal([button("x", action_id=action_id, value=value)])
    return str(sealed["value"])


def sealed_view(seal: Seal, metadata: str = ORIGIN, callback_id: str = "") -> str:
    return str(
        seal.seal({"type": "modal", "callback_id": callback_id, "private_metadata": metadata})["private_metadata"]
    )


def opened(payload: dict[str, Any], seal: Seal | None = None) -> tuple[str, str]:
    """The value and the metadata of a payload once its seals are broken."""
    unsealed = (seal or make_seal()).unseal(payload)
    return unsealed["actions"][0]["value"], unsealed.get("view", {}).get("private_metadata", "")


def test_what_was_sealed_is_read_again() -> None:
    seal = make_seal()
    payload = make_button_payload(REFRESH, sealed_button(seal), from_view=True, private_metadata=sealed_view(seal))

    assert opened(payload) == (VALUE, ORIGIN)
    # What came stays as it came.
    assert payload["actions"][0]["value"] == sealed_button(seal)


def test_a_proof_is_96_bits_that_no_markup_and_no_escaping_changes() -> None:
    value = sealed_button(make_seal(), Asked(options="mention:<@U1> & <!subteam^S1>").encode())

    text, mark, proof = value.rpartition("~")
    assert mark == "~"
    assert len(proof) == 16
    assert not set("<>&") & set(text + proof)
    assert Asked.parse(text).options == "mention:<@U1> & <!subteam^S1>"


SEALED = sealed_button(make_seal())
BROKEN: dict[str, str] = {
    "unsealed": VALUE,
    "no text": SEALED[-17:],
    "no proof": SEALED[:-16],
    "half a proof": SEALED[:-8],
    "another text": SEALED.replace("s1", "s2"),
    "another proof": SEALED[:-1] + ("A" if SEALED[-1] != "A" else "B"),
    "another secret": sealed_button(make_seal(secret="other")),
    "another workspace": sealed_button(make_seal(team=OTHER_TEAM)),
    "another button": sealed_button(make_seal(), action_id="share"),
    "a modal's": sealed_view(make_seal(), VALUE),
    "unusual characters": f"{VALUE}~\ud83dé",
    "nothing but a mark": "~",
}


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN)
def test_whatever_else_comes_back_is_refused(value: str) -> None:
    with pytest.raises(BrokenSeal):
        make_seal().unseal(make_button_payload(REFRESH, value))


@pytest.mark.parametrize("value", [7, ["x"], {"v": 1}, True])
def test_a_value_that_is_no_text_is_refused(value: object) -> None:
    payload = make_button_payload(REFRESH)
    payload["actions"][0]["value"] = value

    with pytest.raises(BrokenSeal):
        make_seal().unseal(payload)


@pytest.mark.parametrize("kind", ["plain_text_input", "static_select", "overflow", ""])
def test_no_other_kind_of_element_goes_around_the_seal(kind: str) -> None:
    payload = make_button_payload(REFRESH, VALUE)
    payload["actions"][0]["type"] = kind

    with pytest.raises(BrokenSeal):
        make_seal().unseal(payload)


METADATA = {
    "unsealed": ORIGIN,
    "another workspace": sealed_view(make_seal(team=OTHER_TEAM)),
    "another modal": sealed_view(make_seal(), callback_id="share_call"),
    "a button's": sealed_button(make_seal(), ORIGIN, action_id=""),
}


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA)
def test_a_button_in_a_modal_that_is_not_ours_is_refused_too(metadata: str) -> None:
    payload = make_button_payload(REFRESH, SEALED, from_view=True, private_metadata=metadata)

    with pytest.raises(BrokenSeal):
        make_seal().unseal(payload)


def test_the_workspace_is_the_one_that_the_app_is_installed_in() -> None:
    """Somebody of another workspace, in a modal, names that one as the team, and ours only in the view."""
    payload = make_button_payload(REFRESH, SEALED, from_view=True, private_metadata=sealed_view(make_seal()))
    payload["team"] = {"id": OTHER_TEAM}

    assert opened(payload) == (VALUE, ORIGIN)


def test_without_values_nothing_is_left_to_read() -> None:
    payload = make_button_payload(REFRESH, VALUE, from_view=True, private_metadata=ORIGIN)

    left = without_values(payload)

    assert (left["actions"][0]["value"], left["view"]["private_metadata"]) == ("", "")
    assert {**left, "actions": 0, "view": 0} == {**payload, "actions": 0, "view": 0}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "event_callback", "event": {"type": "app_mention", "text": "x"}},
        {"command": "/samora-call", "text": VALUE},
        {"actions": None, "view": None},
        {"actions": ["x", {"action_id": "open_link"}], "view": {"type": "home", "private_metadata": ""}},
    ],
)
def test_what_carries_nothing_of_ours_is_left_alone(payload: dict[str, Any]) -> None:
    assert make_seal().unseal(payload) == payload


def test_what_is_no_value_of_ours_is_not_sealed() -> None:
    seal = make_seal()
    form: list[Block] = [*find_view(Asked())["blocks"], *share_view(make_call_id())["blocks"], section('"value"')]
    option = {"text": {"type": "plain_text", "text": "x"}, "value": str(make_call_id())}
    picker = [{"type": "static_select", "options": [option], "initial_option": option}]

    assert seal.seal(form) == form
    assert seal.seal(picker) == picker
    assert seal.seal({"text": "x", "thread_ts": "1.2", "unfurl_links": False}) == {
        "text": "x", "thread_ts": "1.2", "unfurl_links": False,
    }  # fmt: skip


def test_every_button_is_sealed_wherever_it_stands() -> None:
    card = {
        "blocks": [
            actions([button("x", action_id="a", value=VALUE)]),
            {"accessory": button("y", action_id="b", value="v")},
        ]
    }

    values = [part["value"] for part in parts_of(make_seal().seal(card)) if part.get("type") == "button"]

    assert values == [sealed_button(make_seal(), action_id="a"), sealed_button(make_seal(), "v", action_id="b")]


def test_a_sealed_card_of_ours_still_says_which_call_it_is_about() -> None:
    agent = str(make_call_id(9))
    card = call_card(make_call(agent_id=agent))
    message = {"text": card.text, "blocks": make_seal().seal(card.blocks)}

    assert find_message_call_ids(message) == [make_call_id()]
    assert find_message_call_ids({"text": card.text, "blocks": list(card.blocks)}) == [make_call_id()]


@settings(max_examples=40, deadline=None)
@given(HOSTILE_CALLS)
def test_no_seal_makes_a_card_or_a_window_that_slack_refuses(call: Any) -> None:
    seal = make_seal()
    card = call_card(call)
    judge_message(type(card)(card.text, tuple(seal.seal(card.blocks))), longest=LONGEST_CARD + 600)
    judge_view(seal.seal(variables_view(call, page=0, origin=Asked(channel="C111", thread="1.2"))))


@given(st.text(), st.text(max_size=20), st.text(max_size=20))
def test_any_text_comes_back_as_it_was_and_only_to_its_own_use(text: str, action_id: str, other: str) -> None:
    seal = make_seal()
    action = {"type": "button", "action_id": action_id, "value": text}
    payload = {"team": {"id": TEAM}, "actions": seal.seal([action])}

    assert seal.unseal(payload)["actions"] == [action]
    if text and other != action_id:
        payload["actions"][0]["action_id"] = other
        with pytest.raises(BrokenSeal):
            seal.unseal(payload)
