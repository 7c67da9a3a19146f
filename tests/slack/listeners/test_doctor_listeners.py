"""The listeners, as far as they lead to the doctor: by command, by mention, and by its button."""

import pytest

from bot.core.errors import ChannelUnavailable
from bot.slack.doctor_words import TEST_POST
from bot.slack.payloads import Asked
from bot.slack.sentences import OUTSIDER
from tests.slack.listeners.door import (
    CHANNEL,
    IN_THREAD,
    Bot,
    about,
    command,
    labels,
    mention,
    pressed,
)

VALUE = Asked().encode()
STRANGER = {"id": "U0OUT", "username": "out", "team_id": "T0PARTNER"}


def calls(bot: Bot) -> list[str]:
    return [said.how for said in bot.said]


@pytest.mark.parametrize("text", ["doctor", "Doctor", " DOCTOR  please "])
async def test_by_command_whoever_asks_is_told_alone(text: str) -> None:
    bot = Bot()

    assert await bot.take(command(text)) == ""

    assert bot.only.how == "response_url"
    assert not bot.only.arguments["in_channel"]
    assert "Doctor: 1 broken" in bot.only.text
    assert "Copy the key anew." in bot.only.text
    assert labels(bot.only) == ["Post a test message"]
    assert bot.examined == [CHANNEL]
    assert bot.seen == [("command", "answered")]


async def test_by_mention_it_works_in_a_thread() -> None:
    bot = Bot()

    await bot.take(mention("doctor", thread_ts="5.5"))

    assert (bot.only.how, bot.only.arguments["thread_ts"]) == ("chat.postEphemeral", "5.5")
    assert bot.examined == [CHANNEL]


async def test_an_id_behind_it_is_not_looked_up() -> None:
    bot = Bot()

    await bot.take(command("doctor 123e4567-e89b-42d3-a456-426614174000"))

    assert bot.samora.asked == []
    assert bot.examined == [CHANNEL]


async def test_the_button_posts_a_message_deletes_it_and_tells_the_presser() -> None:
    bot = Bot()

    await bot.take(pressed(TEST_POST, VALUE))

    assert calls(bot) == ["chat.postMessage", "chat.delete", "response_url"]
    posting, deleting, told = bot.said
    assert posting.arguments["channel"] == CHANNEL
    assert (deleting.arguments["channel"], deleting.arguments["ts"]) == (CHANNEL, "9.9")
    assert "Posting here works" in told.text
    assert not told.arguments["replace_original"], "the doctor's answer stays"
    assert bot.seen == [(f"action.{TEST_POST}", "answered")]


async def test_in_a_thread_the_button_tries_the_thread() -> None:
    bot = Bot()

    await bot.take(pressed(TEST_POST, VALUE, **IN_THREAD))

    assert bot.said[0].arguments["thread_ts"] == "5.5"


async def test_what_slack_refuses_the_presser_is_told() -> None:
    bot = Bot()
    bot.wire.errors["chat.postMessage"] = ChannelUnavailable("not_in_channel")

    await bot.take(pressed(TEST_POST, VALUE))

    assert calls(bot) == ["response_url"]
    assert "not_in_channel" in bot.only.text
    assert "/invite @Samora" in bot.only.text


async def test_somebody_from_outside_posts_nothing() -> None:
    bot = Bot()

    await bot.take(pressed(TEST_POST, VALUE, user=STRANGER))

    assert [OUTSIDER.text in said.text for said in bot.said] == [True]


async def test_a_forged_value_posts_nothing() -> None:
    bot = Bot()

    await bot.take(pressed(TEST_POST, "anything"))

    assert calls(bot) == ["response_url"]


async def test_a_value_about_a_call_is_about_no_call_here() -> None:
    bot = Bot()

    await bot.take(pressed(TEST_POST, about()))

    assert bot.samora.asked == []
    assert calls(bot) == ["chat.postMessage", "chat.delete", "response_url"]
