"""The listeners, as far as they lead to the Home tab: what is drawn there, and what its buttons do."""

import json
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot.core.calls import CallId
from bot.core.errors import PermanentError, SlackUnavailable
from bot.core.subscriptions import Delivery, Options, Subscription, SubscriptionState
from bot.slack.follow_words import NOT_YOURS
from bot.slack.home import FIND
from bot.slack.payloads import UNREADABLE_BUTTON, Asked, Payload
from bot.slack.sentences import OUTSIDER
from bot.slack.work import Work
from tests.slack.judges import judge_home
from tests.slack.listeners.door import (
    CHANNEL,
    TEAM,
    USER,
    Bot,
    Said,
    about,
    anywhere,
    labels,
    opened_home,
    pressed_in_home,
    pressed_in_modal,
    submitted,
)
from tests.slack.listeners.test_follow_listeners import followed, form, only_row, press_of

ROW = ["Pause", "End", "Edit"]
STRANGER = {"id": "U0OUT", "username": "out", "team_id": "T0PARTNER"}


def mine(number: int = 1, **changes: Any) -> Subscription:
    call_id = CallId(f"{number:08x}-e89b-42d3-a456-426614174000")
    return followed(**{"id": f"s{number}", "call_id": call_id, "creator_id": USER, **changes})


def home_of(said: Said) -> str:
    """What stands in a Home that was drawn for the user of all these payloads."""
    assert (said.how, said.arguments["user_id"]) == ("views.publish", USER)
    judge_home(said.arguments["view"], ours=[f"<#{CHANNEL}>", "<#C0OTHER>"])
    return said.text


async def open_home(bot: Bot) -> Said:
    await bot.take(opened_home())
    return bot.said[-1]


# Opening it


async def test_whoever_opens_it_sees_what_she_follows_and_nobody_else_does() -> None:
    bot = Bot(mine(1), mine(2, channel_id="C0OTHER"), mine(3, creator_id="U0JON"))

    assert await bot.take(opened_home()) == ""

    shown = home_of(bot.only)
    assert "Calls that you follow: 2" in shown
    assert "in <#C0OTHER>" in shown
    assert labels(bot.only) == ["Find a call", *ROW, *ROW]
    assert bot.seen == [("event.app_home_opened", "answered")]
    assert bot.samora.asked == []


async def test_whoever_follows_nothing_learns_how_to_begin() -> None:
    bot = Bot()

    shown = home_of(await open_home(bot))

    assert "You follow no call." in shown
    assert "/samora-call subscribe" in shown


async def test_a_repeated_event_is_drawn_once() -> None:
    bot = Bot(mine())

    await bot.take(opened_home())
    await bot.take(opened_home())

    assert len(bot.said) == 1
    assert [outcome for _, outcome in bot.seen] == ["answered", "repeated"]


async def test_a_memory_that_is_away_is_said_there_and_can_be_tried_again() -> None:
    bot = Bot(mine())
    bot.subscriptions.broken = {"all"}
    failed = await open_home(bot)
    assert "I can't reach my memory right now." in home_of(failed)
    assert labels(failed) == ["Find a call", "Try again"]
    bot.subscriptions.broken = set()

    await bot.take(pressed_in_home(*press_of(failed, "Try again")))

    assert "Calls that you follow: 1" in home_of(bot.said[-1])


@pytest.mark.parametrize("error", [SlackUnavailable("HTTP 500"), PermanentError("not_enabled")])
async def test_a_home_that_slack_does_not_take_is_a_line_in_the_log(error: SlackUnavailable | PermanentError) -> None:
    bot = Bot(mine())
    bot.wire.errors["views.publish"] = error

    with capture_logs() as logs:
        await bot.take(opened_home())

    assert bot.said == []
    assert [entry["event"] for entry in logs] == ["not_answered", "answer_lost"]
    assert bot.seen == [("event.app_home_opened", type(error).__name__)]


async def test_what_cannot_be_drawn_now_comes_again() -> None:
    bot = Bot(mine(), work=Work(at_once=0, waiting=0))

    response = await bot.bolt.async_dispatch(AsyncBoltRequest(body=json.dumps(opened_home()), mode="http"))

    assert response.status == 503


@pytest.mark.parametrize(
    "payload",
    [
        opened_home(user="U0OUT") | {"team_id": "T0PARTNER"},
        pressed_in_home("list_end", about(sub="s1"), user=STRANGER),
        pressed_in_home(FIND, Asked().encode(), user=STRANGER),
    ],
    ids=["opens", "ends", "finds"],
)
async def test_an_outsider_is_told_so_in_a_home_that_shows_nothing(payload: Payload) -> None:
    bot = Bot(mine(creator_id="U0OUT"))

    await bot.take(payload)

    assert (bot.only.how, bot.only.arguments["user_id"]) == ("views.publish", "U0OUT")
    assert OUTSIDER.text in bot.only.text
    assert bot.subscriptions.done == []
    assert [outcome for _, outcome in bot.seen] == ["outsider"]


async def test_a_home_of_another_workspaces_app_is_none_of_ours() -> None:
    bot = Bot(mine())

    await bot.take(opened_home() | {"authorizations": [{"team_id": "T0OTHER"}], "team_id": "T0OTHER"})

    assert bot.said == []
    assert bot.seen == [("event.app_home_opened", "foreign")]


# Its buttons


async def test_its_buttons_act_and_draw_it_anew() -> None:
    bot = Bot(mine(1), mine(2, channel_id="C0OTHER"))
    shown = await open_home(bot)

    await bot.take(pressed_in_home(*press_of(shown, "Pause"), trigger_id="1.1.a"))
    assert labels(bot.said[-1])[1] == "Resume"
    await bot.take(pressed_in_home(*press_of(bot.said[-1], "Resume"), trigger_id="1.1.b"))
    assert labels(bot.said[-1])[1] == "Pause"
    await bot.take(pressed_in_home(*press_of(bot.said[-1], "End"), trigger_id="1.1.c"))

    assert bot.subscriptions.rows["s1"].state is SubscriptionState.ENDED
    assert labels(bot.said[-1]) == ["Find a call", *ROW]
    assert all(home_of(said) for said in bot.said)
    assert bot.woken == 3


async def test_its_pages_turn() -> None:
    bot = Bot(*map(mine, range(7)))
    first = await open_home(bot)
    assert "Page 1 of 2" in home_of(first)

    await bot.take(pressed_in_home(*press_of(first, "Next"), trigger_id="1.1.a"))
    assert "Page 2 of 2" in home_of(bot.said[-1])
    await bot.take(pressed_in_home(*press_of(bot.said[-1], "Pause"), trigger_id="1.1.b"))

    assert "Page 2 of 2" in home_of(bot.said[-1])


async def test_find_a_call_opens_what_the_global_shortcut_opens() -> None:
    bot = Bot()
    shown = await open_home(bot)

    await bot.take(pressed_in_home(*press_of(shown, "Find a call")))
    await bot.take(anywhere())

    pressed, called = bot.said[1:]
    assert (pressed.how, called.how) == ("views.open", "views.open")
    assert pressed.arguments["view"] == called.arguments["view"]
    assert bot.seen[1] == ("action.find", "answered")


async def test_a_modal_that_cannot_be_opened_is_said_in_the_home() -> None:
    bot = Bot()
    bot.wire.errors["views.open"] = SlackUnavailable("expired_trigger_id")

    await bot.take(pressed_in_home(FIND, Asked().encode()))

    assert "Slack can't do that right now." in home_of(bot.only)
    assert labels(bot.only) == ["Find a call", "Try again"]
    del bot.wire.errors["views.open"]
    await bot.take(pressed_in_home(*press_of(bot.only, "Try again"), trigger_id="1.1.again"))
    assert bot.said[-1].how == "views.open"


async def test_what_somebody_else_follows_cannot_be_changed_from_it() -> None:
    bot = Bot(mine(creator_id="U0JON"))

    await bot.take(pressed_in_home("list_end", about(sub="s1")))

    assert NOT_YOURS in home_of(bot.only)
    assert only_row(bot).state is SubscriptionState.ACTIVE


async def test_a_button_of_another_version_says_so_there() -> None:
    bot = Bot()

    await bot.take(pressed_in_home("list_end", '{"v":9}'))

    assert UNREADABLE_BUTTON in home_of(bot.only)


# Editing from there


async def opened_form(bot: Bot) -> Asked:
    """Opens the Home and presses *Edit* there; returns what the form remembers."""
    shown = await open_home(bot)
    await bot.take(pressed_in_home(*press_of(shown, "Edit")))
    assert [said.how for said in bot.said[1:]] == ["views.open", "views.update"]
    view = bot.said[-1].arguments["view"]
    assert view["callback_id"] == "edit_options"
    return Asked.parse(view["private_metadata"])


async def test_edit_opens_a_form_and_what_is_saved_shows_in_the_home() -> None:
    bot = Bot(mine())
    origin = await opened_form(bot)

    await bot.take(submitted("edit_options", form(to="channel"), origin=origin))

    assert only_row(bot).options == Options(to=Delivery.CHANNEL)
    saved, home = bot.said[-2:]
    assert (saved.how, "Saved." in saved.text) == ("views.update", True)
    assert "the final state in the channel too" in home_of(home)


async def test_a_home_that_cannot_be_drawn_then_does_not_make_the_saving_a_failure() -> None:
    bot = Bot(mine())
    origin = await opened_form(bot)
    bot.wire.errors["views.publish"] = SlackUnavailable("HTTP 500")

    await bot.take(submitted("edit_options", form(to="channel"), origin=origin))

    assert "Saved." in bot.said[-1].text
    assert bot.seen[-1] == ("view.edit_options", "answered")


async def test_a_form_that_is_opened_again_after_a_failure_still_knows_its_home() -> None:
    bot = Bot(mine())
    origin = await opened_form(bot)
    bot.subscriptions.broken = {"change"}
    await bot.take(submitted("edit_options", form(), origin=origin))
    bot.subscriptions.broken = set()
    loading = Asked.parse(bot.said[-1].arguments["view"]["private_metadata"])

    again = press_of(bot.said[-1], "Try again")
    await bot.take(pressed_in_modal(*again, origin=loading, trigger_id="1.1.again"))

    assert Asked.parse(bot.said[-1].arguments["view"]["private_metadata"]) == origin


async def test_a_form_from_a_list_draws_no_home() -> None:
    bot = Bot(followed(team_id=TEAM))

    await bot.take(submitted("edit_options", form(to="card"), origin=Asked(sub="s1", channel=CHANNEL)))

    assert [said.how for said in bot.said] == ["views.update"]
