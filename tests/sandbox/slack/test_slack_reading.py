"""What the bot can read, and replies that hang in threads, spoken with slack_sdk's own client over real HTTP."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackSandbox
from tests.sandbox.slack.refusals import error, refusal

Json = dict[str, Any]

METADATA = {"event_type": "samora_notice", "event_payload": {"key": "1-2"}}


async def post(client: AsyncWebClient, text: str, **more: Any) -> str:
    return str((await client.chat_postMessage(channel=more.pop("channel", "C0OPS"), text=text, **more))["ts"])


def texts(answer: Any) -> list[str]:
    return [message["text"] for message in answer["messages"]]


def next_cursor(page: Any) -> str | None:
    metadata: Json = page.get("response_metadata") or {}
    return metadata.get("next_cursor")


# History


async def test_history_shows_the_channel_newest_first(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = await post(client, "root")
    slack.post_as("U0MIRA", "C0OPS", "hello")
    await post(client, "reply", thread_ts=root)
    await post(client, "broadcast", thread_ts=root, reply_broadcast=True)
    await post(client, "elsewhere", channel="C0SALES")
    await client.chat_postEphemeral(channel="C0OPS", user="U0MIRA", text="psst")
    answer = await client.conversations_history(channel="C0OPS")
    assert texts(answer) == ["broadcast", "hello", "root"]
    assert (answer["has_more"], "response_metadata" in answer.data) == (False, False)


async def test_a_root_says_what_hangs_below_it(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = await post(client, "root")
    await post(client, "reply", thread_ts=root)
    last = slack.post_as("U0MIRA", "C0OPS", "thanks", thread_ts=root).ts
    (shown,) = (await client.conversations_history(channel="C0OPS"))["messages"]
    assert (shown["thread_ts"], shown["reply_count"], shown["latest_reply"]) == (root, 2, last)
    assert shown["reply_users"] == ["U0SAMORA", "U0MIRA"]


async def test_metadata_is_told_to_those_who_ask(client: AsyncWebClient) -> None:
    root = await post(client, "root", metadata=METADATA)
    await post(client, "reply", thread_ts=root, metadata=METADATA)
    for read in (client.conversations_history(channel="C0OPS"), client.conversations_replies(channel="C0OPS", ts=root)):
        assert all("metadata" not in message for message in (await read)["messages"])
    history = await client.conversations_history(channel="C0OPS", include_all_metadata=True)
    replies = await client.conversations_replies(channel="C0OPS", ts=root, include_all_metadata=True)
    assert [message["metadata"] for message in history["messages"] + replies["messages"]] == [METADATA] * 3


async def test_history_between_two_moments(client: AsyncWebClient) -> None:
    first, second, third = [await post(client, text) for text in ("1", "2", "3")]

    async def between(**window: Any) -> list[str]:
        return texts(await client.conversations_history(channel="C0OPS", **window))

    assert await between(oldest=first) == ["3", "2"]
    assert await between(latest=third) == ["2", "1"]
    assert await between(oldest=first, latest=third) == ["2"]
    assert await between(oldest=first, latest=third, inclusive=True) == ["3", "2", "1"]
    assert await between(oldest=second, latest=second, inclusive=True) == ["2"]
    assert await between(oldest="0", latest=str(int(float(first)) - 10)) == []


async def test_history_comes_in_pages(client: AsyncWebClient) -> None:
    for number in range(5):
        await post(client, str(number))
    seen: list[list[str]] = []
    cursor = None
    for _ in range(3):
        page = await client.conversations_history(channel="C0OPS", limit=2, cursor=cursor)
        seen.append(texts(page))
        cursor = next_cursor(page)
        assert page["has_more"] is bool(cursor)
    assert (seen, cursor) == ([["4", "3"], ["2", "1"], ["0"]], None)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "Infinity"}, "invalid_ts_latest"),
        ({"cursor": "%%%"}, "invalid_cursor"),
        ({"cursor": "bm90IG9uZQ=="}, "invalid_cursor"),
        ({"limit": "many"}, "invalid_arguments"),
        ({"limit": -1}, "invalid_arguments"),
    ],
)
async def test_refuses_windows_that_make_no_sense(client: AsyncWebClient, arguments: Json, code: str) -> None:
    root = await post(client, "root")
    assert await error(client.conversations_history(channel="C0OPS", **arguments)) == code
    assert await error(client.conversations_replies(channel="C0OPS", ts=root, **arguments)) == code


# Who may read what


@pytest.mark.parametrize(
    ("channel", "code"),
    [("C0QUIET", "not_in_channel"), ("C0SECRET", "channel_not_found"), ("C0NOWHERE", "channel_not_found")],
)
async def test_reads_only_where_it_is(client: AsyncWebClient, channel: str, code: str) -> None:
    assert await error(client.conversations_history(channel=channel)) == code
    assert await error(client.conversations_replies(channel=channel, ts="1.0")) == code


@pytest.mark.parametrize(
    ("channel", "scope"), [("C0OPS", "channels:history"), ("G0BOARD", "groups:history"), ("D0MIRA", "im:history")]
)
async def test_reading_needs_the_scope_of_its_kind(
    client: AsyncWebClient, slack: SlackSandbox, channel: str, scope: str
) -> None:
    slack.add_channel("G0BOARD", is_private=True)
    root = await post(client, "root", channel=channel)
    slack.granted_scopes.add(scope)
    assert texts(await client.conversations_history(channel=channel)) == ["root"]
    slack.granted_scopes.discard(scope)
    for read in (client.conversations_history(channel=channel), client.conversations_replies(channel=channel, ts=root)):
        answer = await refusal(read)
        assert (answer["error"], answer["needed"]) == ("missing_scope", scope)
        assert "chat:write" in answer["provided"]


async def test_an_archived_channel_can_be_read(client: AsyncWebClient, slack: SlackSandbox) -> None:
    await post(client, "root")
    slack.workspace.change_channel("C0OPS", is_archived=True)
    assert texts(await client.conversations_history(channel="C0OPS")) == ["root"]


# Threads


async def test_replies_show_the_root_and_then_the_oldest_first(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = await post(client, "root")
    slack.post_as("U0MIRA", "C0OPS", "first", thread_ts=root)
    second = await post(client, "second", thread_ts=root)
    await client.chat_postEphemeral(channel="C0OPS", user="U0MIRA", text="psst", thread_ts=root)
    answer = await client.conversations_replies(channel="C0OPS", ts=root)
    assert texts(answer) == ["root", "first", "second"]
    assert [message.get("parent_user_id") for message in answer["messages"]] == [None, "U0SAMORA", "U0SAMORA"]
    assert texts(await client.conversations_replies(channel="C0OPS", ts=second)) == ["second"]


async def test_replies_after_a_moment_still_begin_with_the_root(client: AsyncWebClient) -> None:
    root = await post(client, "root")
    first, _ = [await post(client, text, thread_ts=root) for text in ("1", "2")]
    after = await client.conversations_replies(channel="C0OPS", ts=root, oldest=first)
    assert texts(after) == ["root", "2"]
    until = await client.conversations_replies(channel="C0OPS", ts=root, latest=first, inclusive=True)
    assert texts(until) == ["root", "1"]


async def test_replies_come_in_pages(client: AsyncWebClient) -> None:
    root = await post(client, "root")
    for number in range(4):
        await post(client, str(number), thread_ts=root)
    seen: list[list[str]] = []
    cursor = None
    for _ in range(3):
        page = await client.conversations_replies(channel="C0OPS", ts=root, limit=2, cursor=cursor)
        seen.append(texts(page))
        cursor = next_cursor(page)
    assert (seen, cursor) == ([["root", "0"], ["1", "2"], ["3"]], None)


async def test_a_message_alone_is_its_own_thread(client: AsyncWebClient) -> None:
    root = await post(client, "root")
    (shown,) = (await client.conversations_replies(channel="C0OPS", ts=root))["messages"]
    assert "thread_ts" not in shown


async def test_what_is_no_thread_is_not_found(client: AsyncWebClient) -> None:
    ephemeral = await client.chat_postEphemeral(channel="C0OPS", user="U0MIRA", text="psst")
    for ts in ("1.000001", ephemeral["message_ts"]):
        assert await error(client.conversations_replies(channel="C0OPS", ts=ts)) == "thread_not_found"


async def test_a_broadcast_is_seen_in_the_channel_and_names_its_root(client: AsyncWebClient) -> None:
    root = await post(client, "root")
    answer = await client.chat_postMessage(channel="C0OPS", text="failed", thread_ts=root, reply_broadcast=True)
    assert (answer["message"]["subtype"], answer["message"]["thread_ts"]) == ("thread_broadcast", root)
    shown = (await client.conversations_history(channel="C0OPS"))["messages"][0]
    assert (shown["subtype"], shown["root"]["ts"], shown["root"]["reply_count"]) == ("thread_broadcast", root, 1)
    plain = await client.chat_postMessage(channel="C0OPS", text="quiet", thread_ts=root, reply_broadcast=False)
    assert "subtype" not in plain["message"]


async def test_a_broadcast_without_a_thread_is_an_ordinary_message(client: AsyncWebClient, slack: SlackSandbox) -> None:
    await post(client, "root", reply_broadcast=True)
    assert slack.messages[0].reply_broadcast is False


# Deleted roots


async def test_a_deleted_root_with_replies_is_a_tombstone_that_still_holds_its_thread(
    client: AsyncWebClient, slack: SlackSandbox
) -> None:
    root = await post(client, "card", metadata=METADATA)
    first = await post(client, "first", thread_ts=root)
    slack.delete_message("U0MIRA", "C0OPS", root)
    answer = await client.chat_postMessage(channel="C0OPS", text="second", thread_ts=root)
    assert answer["message"]["thread_ts"] == root
    replies = await client.conversations_replies(channel="C0OPS", ts=root, include_all_metadata=True)
    assert texts(replies) == ["This message was deleted.", "first", "second"]
    tombstone = replies["messages"][0]
    assert (tombstone["subtype"], tombstone["user"], "metadata" in tombstone) == ("tombstone", "USLACKBOT", False)
    assert texts(await client.conversations_history(channel="C0OPS")) == ["This message was deleted."]
    assert await error(client.chat_update(channel="C0OPS", ts=root, text="a")) == "message_not_found"
    for ts in (first, answer["ts"]):
        slack.delete_message("U0MIRA", "C0OPS", str(ts))
    assert texts(await client.conversations_history(channel="C0OPS")) == []
    assert await error(client.conversations_replies(channel="C0OPS", ts=root)) == "thread_not_found"


async def test_a_reply_to_a_root_that_is_gone_lands_in_the_channel(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = await post(client, "card")
    slack.delete_message("U0MIRA", "C0OPS", root)
    answer = await client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root, reply_broadcast=True)
    assert "thread_ts" not in answer["message"]
    assert "subtype" not in answer["message"]
    assert texts(await client.conversations_history(channel="C0OPS")) == ["reply"]


@pytest.mark.parametrize("code", ["thread_not_found", "invalid_thread_ts"])
async def test_it_can_be_made_an_error_instead(client: AsyncWebClient, slack: SlackSandbox, code: str) -> None:
    slack.workspace.lost_thread_error = code
    root = await post(client, "card")
    slack.delete_message("U0MIRA", "C0OPS", root)
    assert await error(client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root)) == code
    assert [message.text for message in slack.messages] == ["card"]


# Direct messages and links


async def test_opens_direct_messages(client: AsyncWebClient, slack: SlackSandbox) -> None:
    answer = await refusal(client.conversations_open(users="U0MIRA"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "im:write")
    slack.granted_scopes.add("im:write")
    opened = await client.conversations_open(users="U0MIRA")
    assert (opened["channel"], opened["already_open"]) == ({"id": "D0MIRA"}, True)
    stranger = await client.conversations_open(users="U0OUTSIDER")
    assert (stranger["channel"]["id"], "already_open" in stranger.data) == ("D0OUTSIDER", False)
    assert await post(client, "hello", channel="D0OUTSIDER")
    assert await error(client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await error(client.conversations_open(users="U0SAMORA")) == "user_not_found"
    assert await error(client.api_call("conversations.open")) == "users_list_not_supplied"
    assert (await client.conversations_open(channel="D0MIRA"))["channel"] == {"id": "D0MIRA"}
    assert await error(client.conversations_open(channel="D0MIRAJON")) == "channel_not_found"
    assert (await refusal(client.conversations_open(users="U0MIRA,U0JON")))["needed"] == "mpim:write"
    slack.granted_scopes.add("mpim:write")
    several = client.conversations_open(users="U0MIRA,U0JON")
    assert await error(several) == "method_not_supported_for_channel_type"


async def test_a_post_to_a_person_opens_direct_messages_by_itself(client: AsyncWebClient, slack: SlackSandbox) -> None:
    answer = await client.chat_postMessage(channel="U0OUTSIDER", text="hello")
    assert answer["channel"] == "D0OUTSIDER"
    assert [message.text for message in slack.visible_to("U0OUTSIDER", "D0OUTSIDER")] == ["hello"]
    assert await error(client.chat_postMessage(channel="U0NOBODY", text="hello")) == "channel_not_found"


async def test_permalinks_name_channel_and_thread(client: AsyncWebClient, slack: SlackSandbox) -> None:
    slack.granted_scopes.clear()
    root = slack.post_as("U0MIRA", "C0OPS", "root").ts
    reply = slack.post_as("U0MIRA", "C0OPS", "reply", thread_ts=root).ts
    link = (await client.chat_getPermalink(channel="C0OPS", message_ts=root))["permalink"]
    assert link == f"https://acme.slack.com/archives/C0OPS/p{root.replace('.', '')}"
    link = (await client.chat_getPermalink(channel="C0OPS", message_ts=reply))["permalink"]
    assert link.endswith(f"/p{reply.replace('.', '')}?thread_ts={root}&cid=C0OPS")
    assert await error(client.chat_getPermalink(channel="C0OPS", message_ts="1.0")) == "message_not_found"
    assert await error(client.chat_getPermalink(channel="C0SECRET", message_ts=root)) == "channel_not_found"


async def test_thousands_of_messages_are_read_a_page_at_a_time(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = slack.post_as("U0MIRA", "C0OPS", "root").ts
    for number in range(3000):
        slack.workspace.post("C0OPS", "U0SAMORA", text=str(number), thread_ts=root if number % 2 else None)
    assert len((await client.conversations_history(channel="C0OPS", limit=5000))["messages"]) == 999
    assert len((await client.conversations_history(channel="C0OPS"))["messages"]) == 100
    assert len((await client.conversations_replies(channel="C0OPS", ts=root))["messages"]) == 1000
