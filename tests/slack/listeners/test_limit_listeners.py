"""Look-ups beyond what is welcome: refused to whoever asks, privately, and nothing is asked of Samora."""

import json

import pytest

from bot.slack.payloads import Payload
from tests.slack.listeners.door import (
    ONE,
    PUBLIC,
    TWO,
    Bot,
    about,
    anywhere,
    chosen,
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

REFUSAL = "You've asked once within a minute. Please try again in 60 seconds."

LOOKUPS: dict[str, Payload] = {
    "command": command(ONE),
    "subscribe": command(f"subscribe {ONE}"),
    "mention": mention(ONE),
    "mention to follow": mention(f"subscribe {ONE}"),
    "show": on_message("show_call", ONE),
    "follow": on_message("follow_call", ONE),
    **{name: pressed(name, about()) for name in ("recording", "transcript", "refresh", "follow", "share", "show_all")},
    **{f"public {name}": pressed(name, about()) | PUBLIC for name in ("recording", "refresh", "follow", "show_all")},
    "try again": pressed("try_again", about(again="recording")),
    "choose": pressed("choose:1", about(again="follow")),
    "a trial": command(f"subscribe agent {ONE} --try"),
    "a trial by its button": pressed("agent_try", about("", agent=ONE)),
    "a call of a trial": pressed("agent_show:3", about()),
    "doctor": command("doctor"),
    "doctor by mention": mention("doctor"),
    "doctor again": pressed("try_again", about("", again="doctor")),
    "a test message": pressed("test_post", about("")),
    "a page": pressed_in_modal("next_page", about(page=1)),
    "in a window": pressed_in_modal("recording", about()),
    "find": submitted("find_call", typed(ONE)),
    "pick": submitted("pick_call", chosen(ONE)),
}

OTHERS: dict[str, Payload] = {
    "help": command("help"),
    "list": command("list"),
    "a hint": command("hepl"),
    "which one": command(f"{ONE} {TWO}"),
    "bad options": command(f"subscribe {ONE} on:nothing"),
    "unsubscribe": command(f"unsubscribe {ONE}"),
    "agent": command(f"subscribe agent {ONE}"),
    "follow agent": pressed("agent_follow", about("", agent=ONE)),
    "name": command(f"name {ONE} Collections"),
    "end all": pressed("end_all", about("")),
    "a list's page": pressed("list:1", about("", page=1)),
    "find": anywhere(),
    "a picker": on_message("show_call", f"{ONE} {TWO}"),
    "home": opened_home(),
    "find from home": pressed_in_home("find", about("")),
}


async def ask_first(bot: Bot) -> None:
    """Uses up the one look-up a minute that this bot welcomes."""
    await bot.take(command(ONE, trigger_id="1.1.first"))
    assert bot.samora.asked == [ONE]
    assert "minute" not in bot.only.text
    bot.said.clear()


def is_private(bot: Bot) -> bool:
    return all(
        said.how.startswith("views.") or said.how == "chat.postEphemeral" or said.arguments.get("in_channel") is False
        for said in bot.said
    )


@pytest.mark.parametrize("payload", LOOKUPS.values(), ids=LOOKUPS)
async def test_a_look_up_too_many_is_refused_in_private_and_costs_samora_nothing(payload: Payload) -> None:
    bot = Bot(limit=1)
    await ask_first(bot)

    await bot.take(payload)

    assert bot.samora.asked == [ONE]
    assert REFUSAL in bot.said[-1].text
    assert labels(bot.said[-1]) == ["Try again"]
    assert is_private(bot)
    assert bot.seen[-1][1] == "TooManyLookups"
    assert bot.subscriptions.rows == {}


@pytest.mark.parametrize("payload", OTHERS.values(), ids=OTHERS)
async def test_what_asks_nothing_of_samora_is_no_look_up(payload: Payload) -> None:
    bot = Bot(limit=1)
    await ask_first(bot)

    for number in range(3):
        await bot.take(payload | {"trigger_id": f"1.2.{number}", "event_id": f"Ev2{number}"})

    assert "within a minute" not in json.dumps([said.arguments for said in bot.said])
    assert [outcome for _, outcome in bot.seen[1:]] in ([*["answered"] * 3], [*["UserMistake"] * 3])


async def test_what_a_person_is_refused_another_one_may_ask() -> None:
    bot = Bot(limit=2)
    for number in range(3):
        await bot.take(command(ONE, channel_id=f"C0{number}", trigger_id=f"1.1.{number}"))
    assert "You've asked 2 times" in bot.said[-1].text

    await bot.take(command(TWO, user_id="U0JON", channel_id="C01", trigger_id="1.1.jon"))

    assert bot.samora.asked == [ONE, ONE, TWO]


async def test_a_channel_is_refused_whoever_asks_there() -> None:
    bot = Bot(limit=2)
    for number in range(3):
        await bot.take(command(ONE, user_id=f"U0{number}", trigger_id=f"1.1.{number}"))

    assert "This channel has asked 2 times within a minute." in bot.said[-1].text
    assert bot.samora.asked == [ONE, ONE]


async def test_a_channel_that_a_window_shares_with_is_the_windows_own() -> None:
    """It is the person who asks too often here: where a card would go to isn't known to be allowed yet."""
    bot = Bot(limit=1)
    await ask_first(bot)

    await bot.take(submitted("share_call", in_channel("C0SALES")))

    assert bot.samora.asked == [ONE]
