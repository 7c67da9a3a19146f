"""The Web API, spoken with slack_sdk's own client over real HTTP."""

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from tests.sandbox.slack.refusals import error, refusal

Json = dict[str, Any]

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*Call*"}}
RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}]}],
}
INPUT = {
    "type": "input",
    "block_id": "id",
    "label": {"type": "plain_text", "text": "Call id"},
    "element": {"type": "plain_text_input", "action_id": "call_id", "initial_value": "0001"},
}


def modal(callback_id: str = "find", **more: Any) -> Json:
    words = {"type": "plain_text", "text": "Find"}
    return {
        "type": "modal",
        "title": words,
        "submit": words,
        "callback_id": callback_id,
        "blocks": [INPUT],
        **more,
    }


async def test_says_who_the_bot_is_and_what_it_may(client: AsyncWebClient, slack: SlackSandbox) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0SANDBOX", "U0SAMORA", "B0SAMORA")
    assert answer["is_enterprise_install"] is False
    assert set(answer.headers["x-oauth-scopes"].split(",")) == slack.granted_scopes
    assert slack.granted_scopes == {
        *("app_mentions:read", "chat:write", "commands"),
        *("channels:read", "groups:read", "channels:history", "groups:history", "users:read", "usergroups:read"),
    }


async def test_posts_a_message_that_the_channel_sees(client: AsyncWebClient, slack: SlackSandbox) -> None:
    answer = await client.chat_postMessage(channel="C0OPS", text="Call ended", blocks=[SECTION])
    (message,) = slack.messages
    assert (message.ts, message.text, message.via) == (answer["ts"], "Call ended", "chat.postMessage")
    assert message.blocks[0]["block_id"]
    assert answer["message"]["bot_id"] == "B0SAMORA"
    assert slack.visible_to("U0GUEST", "C0OPS") == [message]
    assert slack.visible_to("U0OUTSIDER", "C0OPS") == []
    assert slack.visible_to("U0MIRA", "C0NOWHERE") == []


async def test_takes_forms_and_queries_as_well_as_json(slack: SlackSandbox, session: aiohttp.ClientSession) -> None:
    form = {"token": slack.bot_token, "channel": "C0OPS", "text": "from a form", "blocks": f"[{json.dumps(SECTION)}]"}
    async with session.post(slack.api_url + "chat.postMessage", data=form) as answer:
        assert (await answer.json())["ok"] is True
    async with session.get(slack.api_url + "auth.test", params={"token": slack.bot_token}) as answer:
        assert (await answer.json())["user"] == "samora"
    assert slack.messages[0].blocks[0]["text"] == SECTION["text"]
    assert "token" not in slack.requests[0].body


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        ("{", "application/json", "invalid_json"),
        ("[]", "application/json", "json_not_object"),
        ("blocks=[", "application/x-www-form-urlencoded", "invalid_blocks_format"),
        ("metadata={", "application/x-www-form-urlencoded", "invalid_arguments"),
        ("", "application/json", "not_authed"),
    ],
)
async def test_refuses_what_it_cannot_read(
    slack: SlackSandbox, session: aiohttp.ClientSession, body: str, content_type: str, code: str
) -> None:
    headers = {"Content-Type": content_type}
    async with session.post(slack.api_url + "chat.postMessage", data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == code


async def test_refuses_wrong_tokens_and_missing_scopes(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert await error(client.api_call("chat.unheardOf")) == "unknown_method"
    assert await error(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    assert (await client.apps_connections_open(app_token=slack.app_token))["url"].startswith("ws://127.0.0.1:")
    assert await error(client.auth_test(token="xoxb-stolen")) == "invalid_auth"
    slack.granted_scopes.discard("chat:write")
    answer = await refusal(client.chat_postMessage(channel="C0OPS", text="a"))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")
    assert "commands" in answer["provided"]


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("C0QUIET", "not_in_channel"),
        ("C0SECRET", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("D0MIRAJON", "channel_not_found"),
        ("C0NOWHERE", "channel_not_found"),
        ("", "invalid_arguments"),
    ],
)
async def test_refuses_channels_as_slack_does(client: AsyncWebClient, channel: str, code: str) -> None:
    assert await error(client.chat_postMessage(channel=channel, text="a")) == code
    assert await error(client.chat_postEphemeral(channel=channel, user="U0MIRA", text="a")) == code


async def test_the_public_scope_opens_public_channels_only(client: AsyncWebClient, slack: SlackSandbox) -> None:
    slack.granted_scopes.add("chat:write.public")
    await client.chat_postMessage(channel="C0QUIET", text="a")
    assert await error(client.chat_postMessage(channel="C0SECRET", text="a")) == "channel_not_found"


async def test_a_user_id_means_the_direct_messages_with_the_bot(client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(channel="U0MIRA", text="a")
    assert answer["channel"] == "D0MIRA"
    await client.chat_update(channel="D0MIRA", ts=answer["ts"], text="b")
    assert await error(client.chat_update(channel="U0MIRA", ts=answer["ts"], text="b")) == "channel_not_found"


async def test_refuses_messages_that_slack_cannot_show(client: AsyncWebClient) -> None:
    async def code(**content: Any) -> str:
        return await error(client.api_call("chat.postMessage", json={"channel": "C0OPS", **content}))

    assert await code(text="") == "no_text"
    assert await code(text="a", attachments=[{"text": "a"}] * 101) == "too_many_attachments"
    assert await code(text="a", blocks={"type": "divider"}) == "invalid_blocks_format"
    assert await code(text="a", attachments=["a"]) == "invalid_attachments"
    assert await code(text="a", attachments=[{"blocks": [{"type": "lever"}]}]) == "invalid_blocks"
    assert await code(text="a", thread_ts="1.000001") == "invalid_thread_ts"
    assert await code(text="a", metadata={"event_payload": {}}) == "invalid_metadata_format"
    assert await code(text="a", metadata={"event_type": "a"}) == "invalid_metadata_schema"
    assert await code(text="a", metadata=_metadata("x" * 8000)) == "metadata_too_large"
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}
    assert await code(text="a", blocks=[long] * 5) == "msg_blocks_too_long"


async def test_points_at_what_is_wrong_with_blocks(client: AsyncWebClient) -> None:
    bad = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    answer = await refusal(client.chat_postMessage(channel="C0OPS", text="a", blocks=bad))
    assert answer["error"] == "invalid_blocks"
    reason = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert answer["errors"] == [reason]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {reason}"]


async def test_cuts_very_long_texts(client: AsyncWebClient, slack: SlackSandbox) -> None:
    await client.chat_postMessage(channel="C0OPS", text="x" * 50_000)
    assert len(slack.messages[0].text) == 40_000


async def test_replies_hang_on_roots_only(client: AsyncWebClient, slack: SlackSandbox) -> None:
    root = await client.chat_postMessage(channel="C0OPS", text="root")
    reply = await client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root["ts"])
    assert reply["message"]["thread_ts"] == root["ts"]
    assert slack.find_message("reply", thread_ts=root["ts"]) is not None
    beneath = client.chat_postMessage(channel="C0OPS", text="a", thread_ts=reply["ts"])
    assert await error(beneath) == "invalid_thread_ts"


async def test_ephemeral_messages_are_for_one_alone(client: AsyncWebClient, slack: SlackSandbox) -> None:
    answer = await client.chat_postEphemeral(channel="C0OPS", user="U0MIRA", text="psst")
    (message,) = slack.visible_to("U0MIRA", "C0OPS")
    assert message.ephemeral_to == "U0MIRA"
    assert slack.visible_to("U0JON", "C0OPS") == []
    update = client.chat_update(channel="C0OPS", ts=answer["message_ts"], text="a")
    assert await error(update) == "message_not_found"
    nobody = client.api_call("chat.postEphemeral", json={"channel": "C0OPS", "text": "a"})
    assert await error(nobody) == "invalid_arguments"
    elsewhere = client.chat_postEphemeral(channel="C0OPS", user="U0OUTSIDER", text="a")
    assert await error(elsewhere) == "user_not_in_channel"


async def test_updates_replace_blocks_and_keep_the_rest(client: AsyncWebClient, slack: SlackSandbox) -> None:
    posted = await client.chat_postMessage(
        channel="C0OPS",
        text="a",
        blocks=[SECTION],
        attachments=[{"text": "b", "blocks": [SECTION]}],
        metadata=_metadata("1"),
    )
    assert posted["message"]["metadata"]["event_payload"] == {"id": "1"}
    place = {"channel": "C0OPS", "ts": posted["ts"]}
    answer = await client.chat_update(**place, text="c")
    (message,) = slack.messages
    assert (message.text, message.blocks, message.edited) == ("c", (), 1)
    assert message.attachments[0]["text"] == "b"
    assert message.metadata == _metadata("1")
    assert answer["message"]["edited"]["user"] == "B0SAMORA"
    await client.chat_update(**place, text="d", attachments=[], metadata={})
    assert (slack.messages[0].attachments, slack.messages[0].metadata) == ((), None)


async def test_refuses_updates_as_slack_does(client: AsyncWebClient, slack: SlackSandbox) -> None:
    mine = (await client.chat_postMessage(channel="C0OPS", text="a", blocks=[RICH]))["ts"]
    theirs = slack.post_as("U0MIRA", "C0OPS", "hello").ts

    async def code(ts: str, channel: str = "C0OPS", **content: Any) -> str:
        return await error(client.api_call("chat.update", json={"channel": channel, "ts": ts, **content}))

    assert await code("1.000001", text="a") == "message_not_found"
    assert await code(theirs, text="a") == "cant_update_message"
    assert await code(mine, text="x" * 4001) == "msg_too_long"
    assert await code(mine, text="") == "no_text"
    assert await code(mine, text="a", blocks=[SECTION]) == "block_mismatch"
    slack.workspace.change_channel("C0OPS", is_archived=True)
    assert await code(mine, text="a") == "is_inactive"


async def test_deletes_the_bots_own_messages(client: AsyncWebClient, slack: SlackSandbox) -> None:
    mine = (await client.chat_postMessage(channel="C0OPS", text="a"))["ts"]
    theirs = slack.post_as("U0MIRA", "C0OPS", "hello").ts
    await client.chat_delete(channel="C0OPS", ts=mine)
    assert slack.messages[0].deleted
    assert slack.find_message("a") is None
    assert await error(client.chat_delete(channel="C0OPS", ts=mine)) == "message_not_found"
    assert await error(client.chat_delete(channel="C0OPS", ts=theirs)) == "cant_delete_message"


async def test_tells_about_channels_and_users(client: AsyncWebClient, slack: SlackSandbox) -> None:
    slack.granted_scopes.discard("users:read")
    assert (await refusal(client.users_info(user="U0GUEST")))["needed"] == "users:read"
    slack.granted_scopes.add("users:read")
    shared = (await client.conversations_info(channel="C0SHARED"))["channel"]
    assert (shared["is_ext_shared"], shared["is_member"], shared["is_private"]) == (True, True, False)
    assert (await client.conversations_info(channel="C0QUIET"))["channel"]["is_member"] is False
    assert await error(client.conversations_info(channel="C0SECRET")) == "channel_not_found"
    assert (await refusal(client.conversations_info(channel="D0MIRA")))["needed"] == "im:read"
    assert (await client.users_info(user="U0GUEST"))["user"]["is_restricted"] is True
    assert (await client.users_info(user="U0OUTSIDER"))["user"]["team_id"] == "T0PARTNER"
    assert await error(client.users_info(user="U0NOBODY")) == "user_not_found"


async def test_a_grid_is_told_of_where_there_is_one(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert "enterprise_id" not in (await client.auth_test()).data
    assert "enterprise_user" not in (await client.users_info(user="U0MIRA"))["user"]
    for user in ("U0SAMORA", "U0MIRA"):
        slack.workspace.users[user] = replace(slack.workspace.users[user], enterprise_id="E0GRID")
    assert (await client.auth_test())["enterprise_id"] == "E0GRID"
    assert (await client.users_info(user="U0MIRA"))["user"]["enterprise_user"]["enterprise_id"] == "E0GRID"


async def test_a_user_group_is_its_members(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert (await client.usergroups_users_list(usergroup="S0NIGHT"))["users"] == ["U0JON"]
    assert await error(client.usergroups_users_list(usergroup="S0NOBODY")) == "no_such_subteam"
    slack.granted_scopes.discard("usergroups:read")
    assert (await refusal(client.usergroups_users_list(usergroup="S0NIGHT")))["needed"] == "usergroups:read"


async def test_who_reads_a_channel_is_told_with_it(client: AsyncWebClient, slack: SlackSandbox) -> None:
    assert (await client.conversations_info(channel="C0SHARED"))["channel"]["is_ext_shared"] is True
    slack.workspace.change_channel("C0OPS", is_pending_ext_shared=True)
    channel = (await client.conversations_info(channel="C0OPS"))["channel"]
    assert (channel["is_ext_shared"], channel["is_pending_ext_shared"]) == (False, True)
    assert channel["pending_shared"] == ["T0PARTNER"]


async def test_one_post_per_second_and_channel(session: aiohttp.ClientSession) -> None:
    clock = SandboxClock()
    async with SlackSandbox(clock=clock) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        await client.chat_postMessage(channel="C0OPS", text="1")
        await client.chat_postMessage(channel="C0SALES", text="1")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C0OPS", text="2")
        assert caught.value.response.status_code == 429
        assert caught.value.response["error"] == "ratelimited"
        assert caught.value.response.headers["Retry-After"] == "1"
        clock.advance(1)
        await client.chat_postMessage(channel="C0OPS", text="2")


async def test_fifty_updates_a_minute(session: aiohttp.ClientSession) -> None:
    clock = SandboxClock()
    async with SlackSandbox(clock=clock) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        ts = (await client.chat_postMessage(channel="C0OPS", text="0"))["ts"]
        for number in range(50):
            await client.chat_update(channel="C0OPS", ts=ts, text=str(number))
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel="C0OPS", ts=ts, text="51")
        assert 50 <= int(caught.value.response.headers["Retry-After"]) <= 60
        clock.advance(60)
        await client.chat_update(channel="C0OPS", ts=ts, text="51")


async def test_so_many_posts_a_minute_in_the_whole_workspace(session: aiohttp.ClientSession) -> None:
    clock = SandboxClock()
    async with SlackSandbox(clock=clock) as slack:
        assert slack.rates.posts_per_minute == 600
        slack.rates.posts_per_minute = 3
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        for number in range(4):
            slack.add_channel(f"C0{number}")
        for number in range(3):
            await client.chat_postMessage(channel=f"C0{number}", text="a")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="C03", text="a")
        assert 50 <= int(caught.value.response.headers["Retry-After"]) <= 60
        slack.rates.posts_per_minute = 2
        clock.advance(59)
        with pytest.raises(SlackApiError):
            await client.chat_postMessage(channel="C03", text="a")
        clock.advance(1)
        await client.chat_postMessage(channel="C03", text="a")
        slack.rates.posts_per_minute = 0
        assert await error(client.chat_postMessage(channel="C02", text="a")) == "ratelimited"


@pytest.mark.parametrize("method", ["history", "replies", "open"])
async def test_fifty_readings_a_minute(session: aiohttp.ClientSession, method: str) -> None:
    async with SlackSandbox(clock=SandboxClock()) as slack:
        slack.granted_scopes.add("im:write")
        ts = slack.post_as("U0MIRA", "C0OPS", "hello").ts
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])
        body = {"channel": "C0OPS", "ts": ts} if method != "open" else {"users": "U0MIRA"}
        for _ in range(50):
            await client.api_call(f"conversations.{method}", params=body)
        assert await error(client.api_call(f"conversations.{method}", params=body)) == "ratelimited"


async def test_rates_are_switched_at_any_time_and_refusals_counted(client: AsyncWebClient, slack: SlackSandbox) -> None:
    for _ in range(2):
        await client.chat_postMessage(channel="C0OPS", text="a")
    slack.faults.add(Fault(path="/api/auth.test", status=429, body="{}", retry_after=1))
    with pytest.raises(SlackApiError):
        await client.auth_test()
    assert slack.rate_refusals.total() == 0
    slack.rates.enabled = True
    await client.chat_postMessage(channel="C0OPS", text="a")
    for _ in range(2):
        assert await error(client.chat_postMessage(channel="C0OPS", text="a")) == "ratelimited"
    assert slack.rate_refusals == {"chat.postMessage": 2}
    slack.rates.enabled = False
    await client.chat_postMessage(channel="C0OPS", text="a")


async def test_as_many_requests_are_kept_as_wanted(session: aiohttp.ClientSession) -> None:
    async with SlackSandbox(clock=SandboxClock(), requests_kept=2) as slack:
        for number in range(3):
            async with session.get(slack.api_url + f"a{number}"):
                pass
        assert [request.path for request in slack.requests] == ["/api/a1", "/api/a2"]


async def test_faults_strike_the_bots_requests_and_are_recorded(client: AsyncWebClient, slack: SlackSandbox) -> None:
    slack.faults.add(Fault(path="/api/chat.*", status=503, body="<html>", content_type="text/html"))
    slack.faults.add(Fault(path="/api/chat.*", drop=True, after=True))
    await client.auth_test()
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C0OPS", text="lost")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C0OPS", text="written all the same")
    assert [message.text for message in slack.messages] == ["written all the same"]
    assert [(request.path, request.status) for request in slack.requests] == [
        ("/api/auth.test", 200),
        ("/api/chat.postMessage", 503),
        ("/api/chat.postMessage", None),
    ]
    assert slack.requests[1].body["text"] == "lost"
    assert slack.requests[1].answer == "<html>"


def _trigger(slack: SlackSandbox, user: str = "U0MIRA") -> str:
    return slack._triggers.issue(user)


async def test_opens_pushes_and_updates_modals(client: AsyncWebClient, slack: SlackSandbox) -> None:
    opened = (await client.views_open(trigger_id=_trigger(slack), view=modal(private_metadata="m")))["view"]
    assert (opened["callback_id"], opened["private_metadata"]) == ("find", "m")
    assert opened["state"]["values"] == {"id": {"call_id": {"type": "plain_text_input", "value": "0001"}}}
    pushed = (await client.views_push(trigger_id=_trigger(slack), view=modal("second")))["view"]
    assert (pushed["root_view_id"], pushed["previous_view_id"]) == (opened["id"], opened["id"])
    updated = (await client.views_update(view_id=pushed["id"], hash=pushed["hash"], view=modal("third")))["view"]
    assert updated["hash"] != pushed["hash"]
    assert [view.callback_id for view in slack.views_of("U0MIRA")] == ["find", "third"]
    assert slack.views_of("U0MIRA")[0].private_metadata == "m"


async def test_refuses_modals_as_slack_does(client: AsyncWebClient, slack: SlackSandbox) -> None:
    spent = _trigger(slack)
    view_id = (await client.views_open(trigger_id=spent, view=modal(external_id="mine")))["view"]["id"]
    late = _trigger(slack)
    slack.clock.advance(4)
    assert await error(client.views_open(trigger_id=spent, view=modal())) == "exchanged_trigger_id"
    assert await error(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
    assert await error(client.views_open(trigger_id="1.2.a", view=modal())) == "invalid_trigger_id"
    assert await error(client.views_open(trigger_id="", view=modal())) == "invalid_arguments"
    assert await error(client.api_call("views.update", json={"view": modal()})) == "invalid_arguments"
    assert await error(client.api_call("views.open", json={"trigger_id": "1"})) == "invalid_arguments"
    assert await error(client.views_update(view_id="V0", view=modal())) == "not_found"
    assert await error(client.views_update(view_id=view_id, hash="old", view=modal())) == "hash_conflict"
    assert await error(client.views_push(trigger_id=_trigger(slack, "U0JON"), view=modal())) == "not_found"
    again = client.views_open(trigger_id=_trigger(slack), view=modal(external_id="mine"))
    assert await error(again) == "duplicate_external_id"
    assert await error(client.views_update(external_id="mine", view={**modal(), "title": None})) == "invalid_arguments"
    huge = modal(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 90)
    assert await error(client.views_update(view_id=view_id, view=huge)) == "view_too_large"


async def test_a_stack_holds_three_modals(client: AsyncWebClient, slack: SlackSandbox) -> None:
    await client.views_open(trigger_id=_trigger(slack), view=modal())
    for _ in range(2):
        await client.views_push(trigger_id=_trigger(slack), view=modal())
    assert await error(client.views_push(trigger_id=_trigger(slack), view=modal())) == "push_limit_reached"


async def test_invalid_views_say_where(client: AsyncWebClient, slack: SlackSandbox) -> None:
    view = modal(title={"type": "plain_text", "text": "x" * 25})
    answer = await refusal(client.views_open(trigger_id=_trigger(slack), view=view))
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]


def _metadata(call_id: str) -> Json:
    return {"event_type": "call", "event_payload": {"id": call_id}}
