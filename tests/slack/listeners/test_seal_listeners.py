"""Values that are not ours: refused with a sentence before anything is asked or done, and not logged."""

import json
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot.slack.payloads import UNREADABLE_BUTTON, Asked, Payload
from tests.factories import OTHER_TEAM, make_seal
from tests.slack.listeners.door import (
    ONE,
    PUBLIC,
    SEAL,
    TEAM,
    Bot,
    about,
    as_sent,
    in_channel,
    metadata_of,
    pressed,
    pressed_in_home,
    pressed_in_modal,
    submitted,
    typed,
)

ACTIONS = [
    "recording",
    "refresh",
    "follow",
    "share",
    "show_all",
    "list_end",
    "end_all",
    "edit",
    "try_again",
    "choose:0",
]
VALUE = about(sub="s1", again="recording")


def forged(seal: Any, payload: Payload) -> Payload:
    return payload | {name: seal.seal(payload[name]) for name in ("actions", "view") if name in payload}


async def deliver(bot: Bot, payload: Payload) -> Any:
    """Sends a payload exactly as it is."""
    response = await bot.bolt.async_dispatch(AsyncBoltRequest(body=json.dumps(payload), mode="http"))
    assert response.status == 200
    await bot.work.close(grace=5)
    return json.loads(response.body) if response.body[:1] == "{" else response.body


SEALS = {
    "none": None,
    "another workspace's": make_seal(team=OTHER_TEAM),
    "another secret's": make_seal(secret="guessed", team=TEAM),
}


@pytest.mark.parametrize("seal", SEALS.values(), ids=SEALS)
@pytest.mark.parametrize("action_id", ACTIONS)
async def test_a_button_that_is_not_ours_is_refused(seal: Any, action_id: str) -> None:
    bot = Bot()
    payload = pressed(action_id, VALUE, **PUBLIC)

    with capture_logs() as logs:
        await deliver(bot, forged(seal, payload) if seal else payload)

    assert bot.only.arguments["text"] == UNREADABLE_BUTTON
    assert bot.only.arguments["in_channel"] is False
    assert (bot.samora.asked, bot.subscriptions.names()) == ([], [])
    assert bot.seen == [("action.unreadable", "answered")]
    (line,) = [entry for entry in logs if entry["event"] == "seal_broken"]
    assert line == {
        "event": "seal_broken", "log_level": "warning", "kind": "block_actions", "team_id": TEAM, "user_id": "U0MIRA",
    }  # fmt: skip
    assert ONE not in str(logs)


async def test_a_value_of_ours_under_another_button_is_refused() -> None:
    bot = Bot()
    payload = forged(SEAL, pressed("refresh", about("", page=0), **PUBLIC))
    payload["actions"][0]["action_id"] = "end_all"

    await deliver(bot, payload)

    assert bot.only.arguments["text"] == UNREADABLE_BUTTON
    assert bot.subscriptions.names() == []


async def test_a_button_of_ours_in_a_window_that_is_not_ours_is_refused_in_one() -> None:
    """Or else somebody's card would be posted where a stranger wants it."""
    bot = Bot()
    payload = pressed_in_modal("share", about(), origin=Asked(channel="C0SALES"))
    payload["actions"] = SEAL.seal(payload["actions"])

    await deliver(bot, payload)

    assert [said.how for said in bot.said] == ["views.push", "views.update"]
    assert UNREADABLE_BUTTON in bot.said[-1].text
    assert bot.samora.asked == []


async def test_a_button_in_the_home_tab_that_is_not_ours_is_refused_there() -> None:
    bot = Bot()

    await deliver(bot, pressed_in_home("list_end", about(sub="s1", home=True)))

    assert bot.only.how == "views.publish"
    assert UNREADABLE_BUTTON in bot.only.text


@pytest.mark.parametrize("seal", SEALS.values(), ids=SEALS)
@pytest.mark.parametrize("callback_id", ["find_call", "pick_call", "share_call", "follow_in", "edit_options"])
async def test_a_submitted_window_that_is_not_ours_is_refused_in_its_place(seal: Any, callback_id: str) -> None:
    bot = Bot()
    payload = submitted(callback_id, in_channel("C0SALES") | typed(ONE), origin=Asked(call=ONE, sub="s1"))

    ack = await deliver(bot, forged(seal, payload) if seal else payload)

    assert ack["response_action"] == "update"
    assert UNREADABLE_BUTTON in str(ack["view"])
    assert (bot.said, bot.samora.asked, bot.subscriptions.names()) == ([], [], [])


async def test_a_window_that_an_ack_shows_is_sealed_and_comes_back() -> None:
    bot = Bot()
    origin = Asked(channel="C0SALES", again="follow")
    ack = await bot.take(submitted("find_call", typed(f"{ONE} 7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10"), origin=origin))

    view = ack["view"]
    assert metadata_of(view) == origin
    payload = json.loads(as_sent(submitted(view["callback_id"], typed(ONE), origin=origin)))
    assert payload["view"]["private_metadata"] == view["private_metadata"]
