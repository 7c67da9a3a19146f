"""``response_url``: what may be answered there, how often, and what it does."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack import Message, SlackSandbox

BUTTON = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock()) as sandbox:
        yield sandbox


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def post(session: aiohttp.ClientSession, url: str, **body: Any) -> tuple[int, str]:
    async with session.post(url, json=body) as answer:
        return answer.status, await answer.text()


def card(slack: SlackSandbox, ephemeral_to: str | None = None) -> Message:
    return slack.workspace.post("C0OPS", "U0SAMORA", text="card", blocks=[BUTTON], ephemeral_to=ephemeral_to)


def after_command(slack: SlackSandbox, channel: str = "C0OPS") -> str:
    return slack._response_urls.issue(channel=channel, user="U0MIRA")


def after_press(slack: SlackSandbox, message: Message) -> str:
    return slack._response_urls.issue(channel="C0OPS", user="U0MIRA", source=message)


async def test_answers_the_asker_alone_unless_told_otherwise(
    slack: SlackSandbox, session: aiohttp.ClientSession
) -> None:
    url = after_command(slack)
    assert await post(session, url, text="for you") == (200, "ok")
    await post(session, url, text="for all", response_type="in_channel", thread_ts=card(slack).ts)
    mine, _, theirs = slack.messages
    assert (mine.ephemeral_to, mine.via) == ("U0MIRA", "response_url")
    assert (theirs.ephemeral_to, theirs.thread_ts) == (None, slack.messages[1].ts)


@pytest.mark.parametrize("channel", ["D0MIRAJON", "C0SECRET", "C0QUIET"])
async def test_works_where_the_bot_is_not_a_member(
    slack: SlackSandbox, session: aiohttp.ClientSession, channel: str
) -> None:
    assert await post(session, after_command(slack, channel), text="hello") == (200, "ok")
    assert [message.text for message in slack.visible_to("U0MIRA", channel)] == ["hello"]


async def test_takes_five_answers(slack: SlackSandbox, session: aiohttp.ClientSession) -> None:
    url = after_command(slack)
    answers = [await post(session, url, text=str(number)) for number in range(6)]
    assert answers == [(200, "ok")] * 5 + [(404, "used_url")]
    assert len(slack.messages) == 5


async def test_ends_after_thirty_minutes(slack: SlackSandbox, session: aiohttp.ClientSession) -> None:
    url = after_command(slack)
    slack.clock.advance(29 * 60)
    assert (await post(session, url, text="a"))[0] == 200
    slack.clock.advance(61)
    assert await post(session, url, text="a") == (404, "expired_url")
    assert await post(session, f"{slack.url}/response/unknown", text="a") == (404, "expired_url")


async def test_checks_what_it_is_given(slack: SlackSandbox, session: aiohttp.ClientSession) -> None:
    url = after_command(slack)
    assert await post(session, url) == (400, "no_text")
    assert await post(session, url, text="a", blocks=[{"type": "lever"}]) == (400, "invalid_blocks")
    for body in (b"{", b"[]"):
        async with session.post(url, data=body) as answer:
            assert (answer.status, await answer.text()) == (400, "invalid_payload")
    assert slack.messages == []


@pytest.mark.parametrize("ephemeral_to", [None, "U0MIRA"])
async def test_replaces_the_message_that_carried_the_button(
    slack: SlackSandbox, session: aiohttp.ClientSession, ephemeral_to: str | None
) -> None:
    url = after_press(slack, card(slack, ephemeral_to))
    await post(session, url, text="new", replace_original=True)
    (message,) = slack.messages
    assert (message.text, message.blocks, message.edited, message.ephemeral_to) == ("new", (), 1, ephemeral_to)


async def test_has_no_original_to_replace_after_a_command(slack: SlackSandbox, session: aiohttp.ClientSession) -> None:
    url = after_command(slack)
    await post(session, url, text="first")
    await post(session, url, text="second", replace_original=True)
    assert [message.text for message in slack.messages] == ["first", "second"]
    assert await post(session, url, delete_original=True) == (400, "no_text")


async def test_deletes_the_original_alone_or_for_another(slack: SlackSandbox, session: aiohttp.ClientSession) -> None:
    first, second = card(slack), card(slack)
    await post(session, after_press(slack, first), delete_original=True)
    await post(session, after_press(slack, second), delete_original=True, text="instead")
    assert [(message.text, message.deleted) for message in slack.messages] == [
        ("card", True),
        ("card", True),
        ("instead", False),
    ]
