"""What happens to channels and to the app, and what the bot hears of it."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Ack, SlackSandbox

Json = dict[str, Any]
Heard = list[Json]

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Refresh"}, "action_id": "refresh"}
CARD = [{"type": "actions", "block_id": "row", "elements": [BUTTON]}]


async def error(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_the_envelope_is_that_of_every_event(slack: SlackSandbox, heard: Heard) -> None:
    assert (await slack.archive("C0SHARED", by="U0JON")).ok
    (envelope,) = heard
    assert (envelope["type"], envelope["team_id"], envelope["api_app_id"]) == (
        "event_callback",
        "T0SANDBOX",
        "A0SANDBOX",
    )
    (authorization,) = envelope["authorizations"]
    assert (authorization["team_id"], authorization["user_id"]) == ("T0SANDBOX", "U0SAMORA")
    assert envelope["event_id"].startswith("Ev")
    assert envelope["is_ext_shared_channel"] is True
    assert envelope["event_time"] == int(float(envelope["event"]["event_ts"]))
    assert (await slack.retry_event()).ok
    assert heard[1]["event_id"] == envelope["event_id"]


@pytest.mark.parametrize(("is_private", "sort"), [(False, "channel"), (True, "group")])
async def test_archiving_and_bringing_back(
    slack: SlackSandbox, client: AsyncWebClient, heard: Heard, is_private: bool, sort: str
) -> None:
    slack.add_channel("C0NEW", is_private=is_private)
    await slack.archive("C0NEW", by="U0JON")
    assert heard[0]["event"].items() >= {"type": f"{sort}_archive", "channel": "C0NEW", "user": "U0JON"}.items()
    assert await error(client.chat_postMessage(channel="C0NEW", text="a")) == "is_archived"
    await slack.unarchive("C0NEW")
    assert heard[1]["event"].items() >= {"type": f"{sort}_unarchive", "channel": "C0NEW", "user": "U0MIRA"}.items()
    await client.chat_postMessage(channel="C0NEW", text="a")


@pytest.mark.parametrize(
    ("is_private", "kind", "code", "sort"),
    [(False, "channel_left", "not_in_channel", "C"), (True, "group_left", "channel_not_found", "G")],
)
async def test_the_bot_is_sent_away_and_called_back(
    slack: SlackSandbox, client: AsyncWebClient, heard: Heard, is_private: bool, kind: str, code: str, sort: str
) -> None:
    slack.add_channel("C0NEW", is_private=is_private)
    await slack.kick_bot("C0NEW", by="U0JON")
    assert heard[0]["event"].items() >= {"type": kind, "channel": "C0NEW", "actor_id": "U0JON"}.items()
    assert await error(client.chat_postMessage(channel="C0NEW", text="a")) == code
    assert await slack.archive("C0NEW") == Ack(ok=False, error="not_in_channel")
    await slack.unarchive("C0NEW")
    await slack.invite_bot("C0NEW", by="U0JON")
    joined = {"type": "member_joined_channel", "user": "U0SAMORA", "channel": "C0NEW", "channel_type": sort}
    assert heard[1]["event"].items() >= {**joined, "team": "T0SANDBOX", "inviter": "U0JON"}.items()
    await client.chat_postMessage(channel="C0NEW", text="a")
    assert len(heard) == 2


async def test_members_leave(slack: SlackSandbox, heard: Heard) -> None:
    await slack.member_left("U0JON", "C0OPS")
    left = {"type": "member_left_channel", "user": "U0JON", "channel": "C0OPS", "channel_type": "C"}
    assert heard[0]["event"].items() >= {**left, "team": "T0SANDBOX"}.items()
    with pytest.raises(PermissionError):
        slack.post_as("U0JON", "C0OPS", "I am gone")
    assert (await slack.member_left("U0SAMORA", "C0OPS")).ok
    assert heard[1]["event"]["user"] == "U0SAMORA"
    assert (await slack.member_left("U0MIRA", "C0OPS")).error == "not_in_channel"


async def test_a_channel_lives_on_under_another_id(
    slack: SlackSandbox, client: AsyncWebClient, heard: Heard, session: aiohttp.ClientSession
) -> None:
    card = str((await client.chat_postMessage(channel="C0OPS", text="card", blocks=CARD))["ts"])
    reply = str((await client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=card))["ts"])
    await slack.command("U0MIRA", "help")
    await slack.press("U0MIRA", "Refresh", message=slack.messages[0])
    assert (await slack.change_channel_id("C0OPS", "C0MOVED")).ok
    event = heard[-1]["event"]
    assert event["event_ts"]
    moved = {"type": "channel_id_changed", "old_channel_id": "C0OPS", "new_channel_id": "C0MOVED"}
    assert event.items() >= moved.items()
    assert await error(client.chat_update(channel="C0OPS", ts=card, text="a")) == "channel_not_found"
    await client.chat_update(channel="C0MOVED", ts=card, text="moved", blocks=CARD)
    await client.chat_postMessage(channel="C0MOVED", text="second", thread_ts=card)
    replies = await client.conversations_replies(channel="C0MOVED", ts=card)
    assert [message["text"] for message in replies["messages"]] == ["moved", "reply", "second"]
    assert slack.find_message("reply", channel="C0MOVED", thread_ts=card, seen_by="U0MIRA")
    assert [message.ts for message in slack.messages[:2]] == [card, reply]
    for place, body in ((0, {"text": "help"}), (1, {"text": "pressed", "replace_original": True})):
        async with session.post(heard[place]["response_url"], json=body) as answer:
            assert answer.status == 200
    assert [message.text for message in slack.visible_to("U0MIRA", "C0MOVED")] == ["pressed", "reply", "second", "help"]
    assert (await slack.command("U0MIRA", "help", channel="C0MOVED")).ok


async def test_a_channel_is_shared_and_is_not_any_more(
    slack: SlackSandbox, client: AsyncWebClient, heard: Heard
) -> None:
    await slack.share_channel("C0OPS")
    shared = {"type": "channel_shared", "channel": "C0OPS", "connected_team_id": "T0PARTNER"}
    assert heard[0]["event"].items() >= shared.items()
    assert (await client.conversations_info(channel="C0OPS"))["channel"]["is_ext_shared"] is True
    slack.post_as("U0OUTSIDER", "C0OPS", "Hello")
    await slack.unshare_channel("C0OPS")
    unshared = {"type": "channel_unshared", "channel": "C0OPS", "previously_connected_team_id": "T0PARTNER"}
    assert heard[1]["event"].items() >= {**unshared, "is_ext_shared": False}.items()
    assert (await client.conversations_info(channel="C0OPS"))["channel"]["is_ext_shared"] is False
    with pytest.raises(PermissionError):
        slack.post_as("U0OUTSIDER", "C0OPS", "I am gone")


async def test_a_changed_id_needs_no_scope_and_the_others_do(slack: SlackSandbox, heard: Heard) -> None:
    slack.add_channel("G0NEW", is_private=True)
    slack.granted_scopes.discard("channels:read")
    assert await slack.archive("C0OPS") == Ack(ok=False, error="missing_scope")
    assert (await slack.change_channel_id("C0OPS", "C0MOVED")).ok
    assert (await slack.archive("G0NEW")).ok
    slack.granted_scopes.discard("groups:read")
    assert (await slack.kick_bot("G0NEW")).error == "missing_scope"
    assert [envelope["event"]["type"] for envelope in heard] == ["channel_id_changed", "group_archive"]
    assert slack.workspace.channels["C0MOVED"].is_archived


async def test_an_uninstalled_app_has_no_token_and_no_ears(
    slack: SlackSandbox, client: AsyncWebClient, heard: Heard
) -> None:
    card = str((await client.chat_postMessage(channel="C0OPS", text="card", blocks=CARD))["ts"])
    assert (await slack.uninstall()).ok
    assert [envelope["event"]["type"] for envelope in heard] == ["app_uninstalled", "tokens_revoked"]
    assert heard[1]["event"]["tokens"] == {"oauth": [], "bot": ["U0SAMORA"]}
    assert heard[0]["authorizations"][0]["team_id"] == "T0SANDBOX"
    assert await error(client.auth_test()) == "account_inactive"
    assert await error(client.chat_update(channel="C0OPS", ts=card, text="a")) == "account_inactive"
    assert (await client.apps_connections_open(app_token=slack.app_token))["ok"]
    for deed in (
        slack.archive("C0OPS"),
        slack.command("U0MIRA", "help"),
        slack.mention("U0MIRA", "C0SALES", "help"),
        slack.press("U0MIRA", "Refresh"),
        slack.global_shortcut("U0MIRA", "find_call"),
    ):
        assert await deed == Ack(ok=False, error="not_installed")
    assert len(heard) == 2
    slack.reinstall()
    await client.auth_test()
    assert (await slack.unarchive("C0OPS")).ok


async def test_the_two_farewells_come_in_either_order(slack: SlackSandbox, heard: Heard) -> None:
    await slack.uninstall(tokens_first=True)
    assert [envelope["event"]["type"] for envelope in heard] == ["tokens_revoked", "app_uninstalled"]


async def test_a_farewell_that_nobody_takes_is_told(slack: SlackSandbox) -> None:
    assert (await slack.uninstall()).error == "dispatch_failed"


async def test_anybodys_message_can_be_deleted(slack: SlackSandbox, client: AsyncWebClient, heard: Heard) -> None:
    card = str((await client.chat_postMessage(channel="C0OPS", text="card"))["ts"])
    mine = slack.post_as("U0JON", "C0OPS", "hello")
    assert slack.delete_message("U0MIRA", "C0OPS", card).deleted
    slack.delete_message("U0MIRA", "C0OPS", mine.ts)
    assert slack.visible_to("U0MIRA", "C0OPS") == []
    assert heard == []
    with pytest.raises(LookupError, match="no message"):
        slack.delete_message("U0MIRA", "C0OPS", card)
    with pytest.raises(PermissionError):
        slack.delete_message("U0OUTSIDER", "C0OPS", card)


async def test_more_channels_can_be_made(slack: SlackSandbox, client: AsyncWebClient) -> None:
    made = slack.add_channel("C0NEW", "news", members=["U0GUEST"])
    assert made.name == "news"
    assert made.members == {"U0GUEST", "U0SAMORA"}
    assert slack.add_channel("G0NEW", is_private=True, is_ext_shared=True).name == "g0new"
    for channel in ("C0NEW", "G0NEW"):
        await client.chat_postMessage(channel=channel, text="a")
    with pytest.raises(ValueError, match="already"):
        slack.add_channel("C0OPS")


async def test_there_must_be_such_a_channel(slack: SlackSandbox) -> None:
    for deed in (slack.archive, slack.unarchive, slack.kick_bot, slack.invite_bot):
        with pytest.raises(LookupError, match="no channel 'C0NOWHERE'"):
            await deed("C0NOWHERE")
    with pytest.raises(LookupError):
        await slack.change_channel_id("C0NOWHERE", "C0MOVED")
