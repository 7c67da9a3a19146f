"""Who may see what, from the payload to what Slack is told: allow-lists, guests, and shared channels."""

from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.core.errors import SamoraUnavailable
from bot.slack.payloads import Asked, Payload
from bot.slack.sentences import NOT_SHARED, SHARED_WITH_STRANGERS
from tests.slack.listeners.door import (
    CHANNEL,
    ONE,
    PUBLIC,
    USER,
    Bot,
    about,
    anywhere,
    as_sent,
    command,
    in_channel,
    labels,
    mention,
    on_message,
    opened_home,
    pressed,
    pressed_in_home,
    pressed_in_modal,
    submitted,
    typed,
)

ELSEWHERE = frozenset({"C0ELSEWHERE"})
SOMEBODY = frozenset({"U0SOMEBODY"})
NOT_HERE = "That channel isn't one that I may be used in. Ask <@U0ADMIN>."
NOT_YOU = "You aren't among those who may use me. Ask <@U0ADMIN>."

# Whatever one can do in a channel, and what one can do in no channel.
HERE = [
    command(ONE),
    command("help"),
    command("list"),
    command(f"subscribe {ONE}"),
    mention(ONE),
    on_message("show_call", ONE),
    on_message("follow_call", ONE),
    pressed("recording", about()),
    pressed("show_all", about()),
    pressed("refresh", about(), **PUBLIC),
    pressed("share", about()),
    pressed("follow", about()),
    pressed("recording", "forged"),
    pressed_in_modal("recording", about(), origin=Asked(channel=CHANNEL)),
    submitted("find_call", {"call_id": typed(ONE)["call_id"]}, origin=Asked(channel=CHANNEL)),
]
ANYWHERE = [
    anywhere(),
    opened_home(),
    pressed_in_home("find", about()),
    pressed_in_modal("recording", about()),
    submitted("find_call", {"call_id": typed(ONE)["call_id"]}),
    command(ONE, channel_id="D0MIRA"),
]


def names(payload: Any) -> str:
    return str(payload.get("type", "command")) if isinstance(payload, dict) else ""


async def refusal(bot: Bot, payload: Payload) -> list[str]:
    """Takes a payload, and gives what was said of refusals; nothing public may have been said."""
    await bot.take(payload)
    assert [said for said in bot.said if said.how == "chat.postMessage" or said.arguments.get("in_channel")] == []
    return [sentence for sentence in (NOT_HERE, NOT_YOU) if any(sentence in said.text for said in bot.said)]


@pytest.mark.parametrize("payload", HERE, ids=names)
async def test_in_a_channel_that_is_not_allowed_everything_is_refused_privately(payload: Payload) -> None:
    bot = Bot(channels=ELSEWHERE)

    assert await refusal(bot, payload) == [NOT_HERE]
    assert bot.samora.asked == []
    assert bot.subscriptions.names() == []


@pytest.mark.parametrize("payload", ANYWHERE, ids=names)
async def test_what_is_done_in_no_channel_is_allowed(payload: Payload) -> None:
    assert await refusal(Bot(channels=ELSEWHERE), payload) == []


@pytest.mark.parametrize("payload", [*HERE, *ANYWHERE], ids=names)
async def test_whoever_is_not_listed_is_refused_whatever_they_do(payload: Payload) -> None:
    bot = Bot(users=SOMEBODY)

    assert await refusal(bot, payload) == [NOT_YOU]
    assert bot.samora.asked == []
    assert bot.subscriptions.names() == []


@pytest.mark.parametrize("payload", [*HERE, *ANYWHERE], ids=names)
async def test_whoever_is_listed_is_served_where_that_is_allowed(payload: Payload) -> None:
    bot = Bot(channels=frozenset({CHANNEL}), users=frozenset({USER}))

    assert [sentence for sentence in await served(bot, payload) if sentence in {NOT_HERE, NOT_YOU}] == []
    assert bot.people.asked == [each for each in bot.people.asked if each[0] != "usergroups.users.list"]


async def served(bot: Bot, payload: Payload) -> list[str]:
    await bot.take(payload)
    return [str(said.arguments.get("text")) for said in bot.said]


@pytest.mark.parametrize("callback_id", ["share_call", "follow_in"])
async def test_a_channel_chosen_in_a_modal_must_be_allowed_too(callback_id: str) -> None:
    bot = Bot(channels=frozenset({CHANNEL}))

    await bot.take(submitted(callback_id, in_channel("C0OTHER"), origin=Asked(call=ONE)))

    assert NOT_HERE in bot.said[-1].text
    assert [said.how for said in bot.said] == ["views.update"]
    assert bot.subscriptions.names() == []


async def test_so_must_the_channel_that_a_share_was_confirmed_for() -> None:
    bot = Bot(channels=frozenset({CHANNEL}))

    await bot.take(pressed_in_modal("share_here", about(channel="C0OTHER")))

    assert NOT_HERE in bot.only.text


# Guests, and those who are not listed for media


@pytest.mark.parametrize("action_id", ["recording", "transcript", "show_all"])
@pytest.mark.parametrize("who", ["guest", "unlisted"])
async def test_guests_and_whoever_is_not_listed_get_no_media(action_id: str, who: str) -> None:
    bot = Bot(media_users=SOMEBODY) if who == "unlisted" else Bot()
    bot.people.guests = {USER} if who == "guest" else set()

    await bot.take(pressed(action_id, about()))

    says = "Guests get no recordings" if who == "guest" else "You aren't among those who get recordings"
    assert says in bot.said[-1].text
    assert bot.samora.asked == []
    assert bot.audit.entries == []


@pytest.mark.parametrize(
    "payload", [command(ONE), mention(ONE), on_message("show_call", ONE), pressed("refresh", about())]
)
async def test_their_private_cards_are_masked(payload: Payload) -> None:
    bot = Bot()
    bot.people.guests = {USER}

    await bot.take(payload)

    assert "jane@example.com" not in bot.only.text
    assert "j•••@example.com" in bot.only.text


@pytest.mark.parametrize("payload", [command(ONE), pressed("recording", about()), pressed("show_all", about())])
async def test_people_are_looked_up_once_for_all_they_do(payload: Payload) -> None:
    bot = Bot()

    await bot.take(payload)
    await bot.take(payload | {"trigger_id": "1.2.again"})

    assert bot.people.asked == [("users.info", USER)]


# Channels that are shared with another organisation


@pytest.fixture
def bot() -> Bot:
    bot = Bot()
    bot.people.shared = {CHANNEL}
    return bot


async def test_share_there_asks_in_private_and_share_here_shares(bot: Bot) -> None:
    await bot.take(pressed("share", about()))
    (question,) = bot.said
    assert labels(question) == ["Share here", "Cancel"]
    assert not question.arguments["in_channel"]
    assert bot.samora.asked == []

    await bot.take(pressed("share_here", about(channel=CHANNEL), trigger_id="1.2.confirm"))

    card, answer = bot.said[1:]
    assert (card.how, card.arguments["channel"]) == ("chat.postMessage", CHANNEL)
    assert "example.com" not in card.text
    assert "email" not in card.text
    assert (answer.arguments["text"], answer.arguments["replace_original"]) == (SHARED_WITH_STRANGERS.text, True)


async def test_the_answer_to_the_question_is_for_the_thread_that_it_was_asked_in(bot: Bot) -> None:
    await bot.take(pressed("share_here", about(channel=CHANNEL, thread="5.5")))

    assert bot.said[0].arguments["thread_ts"] == "5.5"


async def test_cancel_shares_nothing(bot: Bot) -> None:
    await bot.take(pressed("cancel", Asked().encode()))

    assert (bot.only.arguments["text"], bot.only.arguments["replace_original"]) == (NOT_SHARED.text, True)
    assert bot.samora.asked == []


async def test_a_shared_channel_chosen_in_a_modal_asks_in_that_modal(bot: Bot) -> None:
    await bot.take(submitted("share_call", in_channel(CHANNEL), origin=Asked(call=ONE)))
    question = bot.only
    assert (question.how, question.arguments["view_id"]) == ("views.update", "V0OPEN")
    assert labels(question) == ["Share here", "Cancel"]

    await bot.take(pressed_in_modal("share_here", about(channel=CHANNEL)))

    card, answer = bot.said[1:]
    assert (card.how, card.arguments["channel"]) == ("chat.postMessage", CHANNEL)
    assert (answer.how, answer.arguments["view_id"]) == ("views.update", "V0OPEN")
    assert SHARED_WITH_STRANGERS.text in answer.text


async def test_share_here_pressed_twice_at_the_same_time_shares_once(bot: Bot) -> None:
    value = about(channel=CHANNEL)
    for trigger in ("1.1.a", "1.1.b"):
        payload = pressed("share_here", value, trigger_id=trigger)
        await bot.bolt.async_dispatch(AsyncBoltRequest(body=as_sent(payload), mode="http"))
    await bot.work.close(grace=5)

    assert [said.how for said in bot.said].count("chat.postMessage") == 1


async def test_what_a_share_failed_with_can_be_tried_again_there(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")
    await bot.take(pressed("share_here", about(channel=CHANNEL)))
    again = bot.only.arguments["blocks"][1]["elements"][0]
    bot.samora.error = None

    await bot.take(pressed(again["action_id"], again["value"], trigger_id="1.2.again"))

    assert bot.said[1].how == "chat.postMessage"


async def test_refresh_there_shows_everybody_status_and_times_alone(bot: Bot) -> None:
    await bot.take(pressed("refresh", about(), **PUBLIC))

    assert "Finished" in bot.only.text
    assert "example.com" not in bot.only.text


async def test_following_there_says_what_its_people_see(bot: Bot) -> None:
    bot.samora.is_running = True

    await bot.take(command(f"subscribe {ONE}"))

    card, answer = bot.said
    assert card.how == "chat.postMessage"
    assert "people of other organisations may read this" in card.text
    assert "People of another organisation are in that channel" in answer.text
