"""What people are given is put down first: without that they are given nothing, and told so."""

from typing import Any

import pytest

from bot.core.audit import AuditAction
from bot.core.errors import ChannelUnavailable
from bot.slack.payloads import Payload
from tests.slack.listeners.door import (
    CHANNEL,
    LINK,
    ONE,
    PUBLIC,
    USER,
    Bot,
    about,
    command,
    in_channel,
    labels,
    pressed,
    pressed_in_home,
    pressed_in_modal,
    submitted,
)

AWAY = "I can't reach my memory right now."

GIVEN: dict[str, tuple[Payload, AuditAction, str]] = {
    "recording": (pressed("recording", about()), AuditAction.RECORDING, CHANNEL),
    "transcript": (pressed("transcript", about()), AuditAction.TRANSCRIPT, CHANNEL),
    "public recording": (pressed("recording", about(), **PUBLIC), AuditAction.RECORDING, CHANNEL),
    "recording in a window": (pressed_in_modal("recording", about()), AuditAction.RECORDING, ""),
    "try again": (pressed("try_again", about(again="recording")), AuditAction.RECORDING, CHANNEL),
    "show all": (pressed("show_all", about()), AuditAction.VARIABLES, CHANNEL),
    "the next page": (pressed_in_modal("next_page", about(page=1)), AuditAction.VARIABLES, ""),
    "share": (pressed("share", about()), AuditAction.SHARE, CHANNEL),
    "share from a window": (submitted("share_call", in_channel("C0OTHER")), AuditAction.SHARE, "C0OTHER"),
    "follow what is over": (command(f"subscribe {ONE}"), AuditAction.SHARE, CHANNEL),
}


@pytest.fixture
def bot() -> Bot:
    return Bot()


def payload_of(name: str) -> Payload:
    payload = GIVEN[name][0]
    if name == "share from a window":
        payload["view"]["private_metadata"] = about()
    return payload


@pytest.mark.parametrize("name", GIVEN)
async def test_what_somebody_is_given_is_put_down_first(bot: Bot, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said_before: list[str] = []
    add = bot.audit.add

    async def look_and_add(entry: Any) -> None:
        said_before.extend(said.text for said in bot.said)
        await add(entry)

    monkeypatch.setattr(bot.audit, "add", look_and_add)

    await bot.take(payload_of(name))

    _, action, channel = GIVEN[name]
    assert bot.audit.acts() == [(action, USER, ONE, channel)]
    assert not [text for text in said_before if LINK in text or "jane@" in text or "Finished" in text]
    assert bot.said


@pytest.mark.parametrize("name", GIVEN)
async def test_what_can_not_be_put_down_is_not_given(bot: Bot, name: str) -> None:
    bot.audit.broken = True

    await bot.take(payload_of(name))

    assert AWAY in bot.said[-1].text
    assert labels(bot.said[-1]) == ["Try again"]
    for said in bot.said:
        assert LINK not in said.text
        assert "jane@" not in said.text
        assert not said.arguments.get("in_channel")
        assert said.how != "chat.postMessage"


@pytest.mark.parametrize(
    "payload",
    [
        command(ONE),
        command("help"),
        command("list"),
        pressed("refresh", about(), **PUBLIC),
        pressed("show_call", about()),
        pressed_in_modal("share", about()),
        pressed_in_home("find", about()),
    ],
)
async def test_looking_something_up_is_no_act_and_needs_no_memory(bot: Bot, payload: Payload) -> None:
    bot.audit.broken = True

    await bot.take(payload)

    assert bot.said
    assert AWAY not in str(bot.said)


async def test_a_link_that_is_not_there_is_handed_to_nobody(bot: Bot) -> None:
    bot.samora.is_running = True

    await bot.take(pressed("recording", about()))

    assert bot.audit.entries == []


async def test_a_card_that_could_not_be_shared_stays_on_record(bot: Bot) -> None:
    bot.wire.errors["chat.postMessage"] = ChannelUnavailable("is_archived")

    await bot.take(pressed("share", about()))

    assert [action for action, *_ in bot.audit.acts()] == [AuditAction.SHARE]


async def test_a_press_on_the_card_that_becomes_the_followed_one_shares_nothing(bot: Bot) -> None:
    await bot.take(pressed("follow", about(), **PUBLIC))

    assert bot.audit.entries == []


async def test_who_could_not_be_named_gets_nothing(bot: Bot) -> None:
    await bot.take(pressed("recording", about(), user={"id": "=cmd()", "team_id": "T0OURS"}))

    assert bot.audit.entries == []
    assert LINK not in str([said.text for said in bot.said])
