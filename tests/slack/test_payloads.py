"""What Slack sends, read: who asks, from where, about which call."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.access import Audience
from bot.core.errors import UserMistake
from bot.slack.cards import call_card
from bot.slack.payloads import (
    Asked,
    Place,
    find_message_call_ids,
    own_user_id,
    place_of_command,
    place_of_event,
    place_of_home,
    place_of_interaction,
    place_of_mention,
    read_metadata,
    text_at,
)
from bot.slack.sentences import which_call
from tests.factories import (
    APP,
    BOT_USER,
    CHANNEL,
    MESSAGE_TS,
    OTHER_TEAM,
    ROOT_TS,
    TEAM,
    USER,
    make_button_payload,
    make_call,
    make_call_id,
    make_command_payload,
    make_global_shortcut_payload,
    make_mention_payload,
    make_message,
    make_message_shortcut_payload,
    make_submission_payload,
)

ID = str(make_call_id())
WHO: dict[str, Any] = {"team_id": TEAM, "user_id": USER, "user_team_id": TEAM, "app_id": APP}


# What buttons carry


@pytest.mark.parametrize(
    "asked",
    [
        Asked(),
        Asked(call=ID),
        Asked(call=ID, page=3, again="recording"),
        Asked(channel="C1", thread="1.2"),
        Asked(again="<é>"),
    ],
)
def test_what_a_button_carries_comes_back(asked: Asked) -> None:
    assert Asked.parse(asked.encode()) == asked
    assert json.loads(asked.encode())["v"] == 1


def test_what_is_empty_is_not_carried() -> None:
    assert Asked(call=ID).encode() == f'{{"v":1,"call":"{ID}"}}'


def test_a_field_of_a_later_day_is_ignored() -> None:
    assert Asked.parse(f'{{"v":1,"call":"{ID}","new":[1]}}') == Asked(call=ID)


@pytest.mark.parametrize(
    "value",
    [
        "", "x", "null", "[]", ID, '{"v":2}', '{"v":"1"}', '{"v":1,"call":7}', '{"v":1,"page":-1}',
        '{"v":1,"page":1e9}', '{"v":1', None, 7, {},
    ],
)  # fmt: skip
def test_anything_else_is_a_mistake_told_kindly(value: object) -> None:
    with pytest.raises(UserMistake, match="look the call up again") as refusal:
        Asked.parse(value)
    assert refusal.value.__cause__ is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30) | st.recursive(st.none() | st.integers(), st.lists, max_leaves=3).map(json.dumps))
def test_no_forged_value_raises_anything_else(value: str) -> None:
    with pytest.raises(UserMistake):
        Asked.parse(value)


def test_the_call_id_of_a_button_is_checked() -> None:
    assert Asked(call=ID).call_id == make_call_id()
    for forged in ("", "../admin", ID.upper()):
        with pytest.raises(UserMistake):
            _ = Asked(call=forged).call_id


# Reading


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"a": {"b": "x"}}, "x"), ({"a": {"b": 7}}, ""), ({"a": {"b": None}}, ""), ({"a": None}, ""), ({"a": "b"}, ""),
        ({}, ""), (None, ""), ([], ""),
    ],
)  # fmt: skip
def test_a_text_is_found_by_its_path_or_empty(payload: object, text: str) -> None:
    assert text_at(payload, "a", "b") == text


def test_the_place_of_a_command() -> None:
    payload = make_command_payload(ID)
    assert place_of_command(payload) == Place(
        **WHO, channel_id=CHANNEL, response_url=payload["response_url"], trigger_id=payload["trigger_id"]
    )


@pytest.mark.parametrize("ephemeral", [False, True])
@pytest.mark.parametrize("in_thread", [False, True])
def test_the_place_of_a_button_is_its_message(ephemeral: bool, in_thread: bool) -> None:
    payload = make_button_payload(ephemeral=ephemeral, in_thread=in_thread)
    assert ("message" in payload) is not ephemeral
    assert place_of_interaction(payload) == Place(
        **WHO,
        channel_id=CHANNEL,
        thread_ts=ROOT_TS if in_thread else "",
        message_ts=MESSAGE_TS,
        is_private=ephemeral,
        response_url=payload["response_url"],
        trigger_id=payload["trigger_id"],
    )


def test_a_button_on_the_root_of_a_thread_answers_in_the_channel() -> None:
    payload = make_button_payload(in_thread=True)
    payload["container"]["message_ts"] = payload["message"]["ts"] = ROOT_TS
    assert place_of_interaction(payload).thread_ts == ""


def test_a_button_in_a_modal_is_private_and_where_the_modal_was_opened_from() -> None:
    payload = make_button_payload(from_view=True, private_metadata=Asked(channel="C9", thread="1.2").encode())
    assert place_of_interaction(payload) == Place(
        **WHO, channel_id="C9", thread_ts="1.2", is_private=True, view_id="V111", trigger_id=payload["trigger_id"]
    )


def test_a_button_in_a_home_is_private_and_in_no_modal() -> None:
    payload = make_button_payload(from_view=True)
    payload["view"]["type"] = "home"
    assert place_of_interaction(payload) == Place(
        **WHO, is_private=True, is_home=True, trigger_id=payload["trigger_id"]
    )


def test_a_home_that_is_opened_stands_in_no_conversation() -> None:
    payload = make_mention_payload()
    payload["event"] = {"type": "app_home_opened", "user": USER, "channel": "D111", "tab": "home", "event_ts": "1.2"}
    assert place_of_home(payload) == Place(**WHO, is_private=True, is_home=True)


def test_a_home_that_is_opened_in_another_workspace_is_an_outsiders() -> None:
    place = place_of_home(make_mention_payload() | {"team_id": OTHER_TEAM})
    assert (place.team_id, place.user_team_id) == (TEAM, OTHER_TEAM)


def test_somebody_from_outside_has_another_team() -> None:
    place = place_of_interaction(make_button_payload(user_team=OTHER_TEAM))
    assert (place.team_id, place.user_team_id) == (TEAM, OTHER_TEAM)
    place = place_of_mention(make_mention_payload(user_team=OTHER_TEAM))
    assert (place.team_id, place.user_team_id) == (TEAM, OTHER_TEAM)


def test_a_modal_submitted_from_outside_belongs_to_the_workspace_with_the_bot() -> None:
    payload = make_submission_payload(user_team=OTHER_TEAM)
    assert payload["team"]["id"] == OTHER_TEAM
    place = place_of_interaction(payload)
    assert (place.team_id, place.user_team_id) == (TEAM, OTHER_TEAM)


@pytest.mark.parametrize("in_thread", [False, True])
def test_the_place_of_a_message_shortcut_is_that_message(in_thread: bool) -> None:
    payload = make_message_shortcut_payload(in_thread=in_thread)
    assert place_of_interaction(payload) == Place(
        **WHO,
        channel_id=CHANNEL,
        thread_ts=ROOT_TS if in_thread else "",
        message_ts=MESSAGE_TS,
        response_url=payload["response_url"],
        trigger_id=payload["trigger_id"],
    )


def test_a_global_shortcut_is_nowhere() -> None:
    payload = make_global_shortcut_payload()
    assert place_of_interaction(payload) == Place(**WHO, trigger_id=payload["trigger_id"])


def test_an_installation_in_an_organisation_has_no_team() -> None:
    payload = make_button_payload() | {"team": None}
    assert place_of_interaction(payload).team_id == ""


@pytest.mark.parametrize("in_thread", [False, True])
def test_the_place_of_a_mention(in_thread: bool) -> None:
    assert place_of_mention(make_mention_payload(ID, in_thread=in_thread)) == Place(
        **WHO, channel_id=CHANNEL, thread_ts=ROOT_TS if in_thread else "", message_ts=MESSAGE_TS
    )


@pytest.mark.parametrize("authorizations", [None, [], [None], "x"])
def test_a_mention_without_authorizations_belongs_to_the_outer_team(authorizations: object) -> None:
    payload = make_mention_payload() | {"authorizations": authorizations}
    assert place_of_mention(payload).team_id == TEAM


def test_a_mention_names_the_team_of_its_user_where_it_can() -> None:
    payload = make_mention_payload()
    payload["event"]["user_team"] = OTHER_TEAM
    assert place_of_mention(payload).user_team_id == OTHER_TEAM


def test_an_address_for_answers_never_shows_in_a_repr() -> None:
    shown = repr(place_of_interaction(make_button_payload()))
    assert "hooks.slack.com" not in shown
    assert "111.222" not in shown


@pytest.mark.parametrize("metadata", ["", "x", '{"v":9}', None])
def test_metadata_that_cannot_be_read_is_none_at_all(metadata: Any) -> None:
    assert read_metadata({"view": {"private_metadata": metadata}}) == Asked()


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["id", "view", "team", "user", "container", "message", "ts", "channel", "event", "authorizations"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["view", "team", "user", "container", "message", "channel", "event", "authorizations"]), JSON
    )
)
def test_no_shape_of_a_payload_breaks_the_reading(payload: dict[str, Any]) -> None:
    for read in (place_of_command, place_of_home, place_of_interaction, place_of_mention):
        assert isinstance(read(payload), Place)
    assert isinstance(find_message_call_ids(payload.get("message")), list)


# Ids in messages


def rich_text(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


@pytest.mark.parametrize(
    "parts",
    [
        {"text": f"why was {ID} so short?"},
        {"text": f"<https://app.samora.ai/calls/{ID}|the call>"},
        {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"`{ID}`"}}]},
        {"blocks": [{"type": "section", "fields": [{"type": "plain_text", "text": ID}]}]},
        {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": ID}}]},
        {"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": ID}]}]},
        {"blocks": [{"type": "actions", "elements": [{"type": "button", "url": f"https://x.example/{ID}"}]}]},
        {"blocks": [{"type": "actions", "elements": [{"type": "button", "value": ID}]}]},
        {"blocks": [{"type": "image", "image_url": "https://x.example/a.png", "alt_text": ID}]},
        {"blocks": [{"type": "image", "title": {"type": "plain_text", "text": ID}}]},
        {"blocks": [{"type": "markdown", "text": f"**{ID}**"}]},
        {"blocks": [{"type": "video", "title_url": f"https://x.example/{ID}"}]},
        {"blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": ID}]]}]},
        {"blocks": [{"type": "card", "body": {"type": "mrkdwn", "text": ID}}]},
        {"blocks": [{"type": "container", "child_blocks": [{"type": "header", "text": {"text": ID}}]}]},
        {"blocks": [rich_text({"type": "text", "text": f"it was {ID}", "style": {"code": True}})]},
        {"blocks": [rich_text({"type": "link", "url": f"https://app.samora.ai/calls/{ID}"})]},
        {"blocks": [rich_text({"type": "link", "url": "https://x.example", "text": ID})]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [{"text": ID}]}]}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": [{"text": ID}]}]}]},
        {"attachments": [{"text": ID}]},
        {"attachments": [{"fallback": ID}]},
        {"attachments": [{"pretext": ID}]},
        {"attachments": [{"title": ID}]},
        {"attachments": [{"title_link": f"https://x.example/{ID}"}]},
        {"attachments": [{"from_url": f"https://x.example/{ID}"}]},
        {"attachments": [{"footer": ID}]},
        {"attachments": [{"fields": [{"title": "Call", "value": ID, "short": True}]}]},
        {"attachments": [{"fields": [{"title": ID, "value": "x"}]}]},
        {"attachments": [{"blocks": [{"type": "section", "text": {"text": ID}}]}]},
        {"attachments": [{"message_blocks": [{"message": {"blocks": [rich_text({"text": ID})]}}]}]},
        {"bot_id": "B1", "subtype": "bot_message", "text": "", "attachments": [{"text": f"call {ID}"}]},
    ],
)  # fmt: skip
def test_an_id_is_found_wherever_a_message_holds_it(parts: dict[str, Any]) -> None:
    assert find_message_call_ids(make_message(**parts)) == [make_call_id()]


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "nothing"},
        {"client_msg_id": ID},
        {"bot_profile": {"id": ID}},
        {"blocks": [{"type": "section", "block_id": ID, "text": {"text": "x"}}]},
        {"blocks": [{"type": "actions", "elements": [{"type": "button", "action_id": ID}]}]},
        {"attachments": [{"callback_id": ID, "id": ID, "ts": ID}]},
        {"text": None, "blocks": None, "attachments": "x"},
        {"blocks": [None, 7, True, []]},
    ],
)
def test_slacks_own_ids_are_no_calls(parts: dict[str, Any]) -> None:
    assert find_message_call_ids(make_message(**parts)) == []


@pytest.mark.parametrize("message", [None, "x", [], 7])
def test_what_is_no_message_holds_no_call(message: object) -> None:
    assert find_message_call_ids(message) == []


def test_several_ids_come_each_once_in_order() -> None:
    message = make_message(
        text=f"{make_call_id(2)} and {ID}", blocks=[rich_text({"text": ID}), rich_text({"text": str(make_call_id(3))})]
    )
    assert find_message_call_ids(message) == [make_call_id(2), make_call_id(1), make_call_id(3)]


@pytest.mark.parametrize("audience", Audience)
def test_a_card_of_ours_is_about_its_call_and_not_its_agent(audience: Audience) -> None:
    call = make_call(agent_id=str(make_call_id(7)), variables={"other": str(make_call_id(8))})
    card = call_card(call, audience=audience)
    message = make_message(text=card.text, blocks=list(card.blocks))
    assert find_message_call_ids(message) == [make_call_id()]


def test_a_picker_of_ours_is_about_every_call_in_it() -> None:
    ids = [make_call_id(n) for n in (3, 1, 2)]
    picker = which_call(ids)
    assert find_message_call_ids(make_message(text=picker.text, blocks=list(picker.blocks))) == ids


@pytest.mark.parametrize("call", [ID.upper(), ID.replace("-", ""), f"see {ID}", f"https://x.example/{ID}"])
def test_a_message_that_looks_like_a_button_of_ours_breaks_nothing(call: str) -> None:
    text = json.dumps({"v": 1, "call": call}, separators=(",", ":"))
    assert find_message_call_ids(make_message(text=text)) == [make_call_id()]


@pytest.mark.parametrize("text", ['{"v":2,"call":"%s"}', '{"v":1,"call":7,"x":"%s"}', '{"v":%s'])
def test_a_button_of_another_version_is_read_as_text(text: str) -> None:
    assert find_message_call_ids(make_message(text=text % ID)) == [make_call_id()]


def test_a_message_beyond_all_measure_is_not_searched_to_its_end() -> None:
    blocks = [{"type": "header", "text": {"text": "x"}}] * 5_000
    assert find_message_call_ids(make_message(blocks=[*blocks, {"text": ID}])) == []
    assert find_message_call_ids(make_message(blocks=[*blocks[:4_000], {"text": ID}])) == [make_call_id()]


# Events that no person is behind


def make_event(**fields: Any) -> dict[str, Any]:
    payload = make_mention_payload()
    return payload | {"event": {"type": "channel_unarchive", **fields}}


def test_an_event_of_slacks_own_has_a_workspace_an_app_and_mostly_a_channel() -> None:
    assert place_of_event(make_event(channel=CHANNEL, user=USER)) == Place(team_id=TEAM, app_id=APP, channel_id=CHANNEL)
    assert place_of_event(make_event()) == Place(team_id=TEAM, app_id=APP)


@pytest.mark.parametrize("authorizations", [None, [], [None], "x"])
def test_its_workspace_is_the_authorised_one_and_else_the_outer_one(authorizations: object) -> None:
    assert place_of_event(make_event() | {"team_id": OTHER_TEAM}).team_id == TEAM
    bare = make_event() | {"team_id": OTHER_TEAM, "authorizations": authorizations}
    assert place_of_event(bare).team_id == OTHER_TEAM
    assert own_user_id(bare) == ""


def test_an_event_says_who_the_bot_is() -> None:
    assert own_user_id(make_event()) == BOT_USER


def test_a_button_carries_a_subscription_its_options_and_its_card() -> None:
    asked = Asked(call=ID, sub="0" * 32, options="to:card style:full", card=MESSAGE_TS)
    assert Asked.parse(asked.encode()) == asked
