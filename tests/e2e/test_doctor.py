"""The doctor, end to end: what the real process finds, on good days and on bad ones, and its test message."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.sandbox import company
from bot.sandbox.faults import Fault
from bot.sandbox.slack import Message
from bot.sandbox.slack.server import OPTIONAL_SCOPES, SCOPES
from tests.e2e.following import PATIENCE, ask, failed, follow
from tests.e2e.world import JON, MIRA, OPERATIONS, World, assert_quick, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUIET = "C0QUIET"
CALLS = "/v1/call/*"


@pytest_asyncio.fixture(loop_scope="session")
async def healthy(world: World) -> AsyncIterator[World]:
    """The world, with whatever a test takes from it given back."""
    yield world
    world.slack.granted_scopes |= {*SCOPES, *OPTIONAL_SCOPES}


def lines_of(message: Message) -> dict[str, str]:
    """The doctor's lines by what they are about."""
    texts = [block["text"]["text"] for block in message.blocks if block["type"] == "section"]
    return {text.split("*")[1]: text for text in texts}


def not_fine(message: Message) -> dict[str, str]:
    # What went wrong in other tests is no business of this one.
    lines = {name: line for name, line in lines_of(message).items() if not line.startswith("✅")}
    lines.pop("Last failures", None)
    return lines


async def test_where_all_is_fine_the_asker_alone_is_told_so(healthy: World) -> None:
    answer = await healthy.ask("doctor")

    is_socket = healthy.slack.connections > 0
    assert answer.ephemeral_to == MIRA
    assert not_fine(answer) == {}
    assert list(lines_of(answer)) == [
        *("Slack token", "Slack scopes", "Optional scopes", "Clock", "This channel", "Slack Connect"),
        *(["Socket Mode"] if is_socket else []),
        *("Slack's requests", "Last failures", "Samora", "Database", "Queue", "Webhooks"),
    ]
    assert "the bot is a member" in answer.everything_written
    assert "subscriptions active: " in lines_of(answer)["Queue"]
    if is_socket:
        assert "the app had 1 in all" in lines_of(answer)["Socket Mode"]


async def test_it_knows_when_slack_was_heard_last(healthy: World) -> None:
    await healthy.ask("help")
    healthy.look()
    assert_quick(await healthy.slack.mention(JON, OPERATIONS, "help"))
    await healthy.new("/samora-call")

    said = lines_of(await healthy.ask("doctor"))["Slack's requests"]

    assert "none" not in said
    assert "last event before this one: " in said


async def test_by_mention_it_answers_too(healthy: World) -> None:
    healthy.look()
    assert_quick(await healthy.slack.mention(JON, OPERATIONS, "doctor"))

    answer = await healthy.new("Doctor: ")

    assert answer.ephemeral_to == JON
    assert not_fine(answer) == {}


async def test_scopes_that_were_withdrawn_are_named_with_what_is_lost(healthy: World) -> None:
    healthy.slack.granted_scopes -= {"app_mentions:read", "channels:read", "groups:history"}

    lines = not_fine(await healthy.ask("doctor"))

    assert set(lines) == {"Slack scopes", "Optional scopes", "This channel"}
    assert "app_mentions:read (mentions, the way to ask inside a thread)" in lines["Slack scopes"]
    assert "install the app again" in lines["Slack scopes"]
    assert "channels:read (the bot " in lines["Optional scopes"]
    assert "groups:history (the bot " in lines["Optional scopes"]
    assert "missing_scope" in lines["This channel"]


async def test_a_samora_in_an_outage_is_one_line_that_says_what_to_do(healthy: World) -> None:
    healthy.samora.faults.add(Fault(path=CALLS, status=503, times=9))

    lines = not_fine(await healthy.ask("doctor"))

    assert set(lines) == {"Samora"}
    assert "fails: HTTP 503" in lines["Samora"]
    assert "→ Is Samora up?" in lines["Samora"]


async def test_a_samora_that_hangs_keeps_nobody_waiting_for_the_rest(healthy: World) -> None:
    healthy.samora.faults.add(Fault(path=CALLS, delay=30))
    healthy.look()
    assert_quick(await healthy.slack.command(MIRA, "doctor", channel=OPERATIONS))
    assert "Still asking" in (await healthy.new()).text

    lines = not_fine(await healthy.new("Doctor: "))

    assert set(lines) == {"Samora"}
    assert "no answer within 5 seconds" in lines["Samora"]


async def test_a_slack_that_does_not_tell_of_channels_is_one_line(healthy: World) -> None:
    healthy.slack.faults.add(Fault(path="/api/conversations.info", status=500, times=9))

    assert set(not_fine(await healthy.ask("doctor"))) == {"This channel"}


async def test_in_a_channel_that_it_is_not_in_it_says_how_to_invite_it(healthy: World) -> None:
    answer = await healthy.ask("doctor", channel=QUIET)

    lines = not_fine(answer)
    assert set(lines) == {"This channel"}
    assert "isn't a member" in lines["This channel"]
    assert "→ Type `/invite @Samora` here." in lines["This channel"]

    told = await healthy.press("Post a test message", answer)
    assert told.ephemeral_to == MIRA
    assert "not_in_channel" in told.text
    assert "/invite @Samora" in told.text


async def test_a_channel_that_partners_share_is_noted(healthy: World) -> None:
    lines = not_fine(await healthy.ask("doctor", channel="C0SHARED"))

    assert set(lines) == {"Slack Connect"}
    assert "shared with another organisation" in lines["Slack Connect"]


async def test_a_test_message_is_posted_seen_by_all_and_deleted(healthy: World) -> None:
    answer = await healthy.ask("doctor")
    assert labels(answer) == ["Post a test message"]
    before = {message.ts for message in healthy.slack.messages}

    told = await healthy.press("Post a test message", answer, expect="Posting here")

    assert told.ephemeral_to == MIRA
    assert told.text == "Posting here works: I posted a test message and deleted it."
    new = [message for message in healthy.slack.messages if message.ts not in before]
    (posted,) = [message for message in new if message.ephemeral_to is None]
    assert (posted.channel, posted.deleted) == (OPERATIONS, True)


async def test_what_went_wrong_lately_is_told_with_its_reason(quick: World, channel: str) -> None:
    quick.samora.faults.add(Fault(path="/v1/call/*", status=504, times=9))
    await ask(quick, company.FINISHED, channel=channel)
    quick.samora.faults.clear()

    said = lines_of(await ask(quick, "doctor", channel=channel))["Last failures"]

    assert "command: HTTP 504" in said
    assert company.FINISHED not in said


async def test_a_worker_that_fails_is_told_of_too(quick: World, channel: str) -> None:
    call = quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel)
    quick.slack.faults.add(Fault(path="/api/chat.postMessage", status=503))
    quick.samora.move(call.call_id, "trigger")
    await failed(quick, "/api/chat.postMessage", status=503)

    # What Slack has failed, the worker learns a moment later.
    async with asyncio.timeout(PATIENCE):
        while "relay: HTTP 503" not in lines_of(await ask(quick, "doctor", channel=channel))["Last failures"]:
            pass
