"""The control API: the sandbox's Slack from outside its process."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack import SlackSandbox

Json = dict[str, Any]

WORDS = {"type": "plain_text", "text": "Words"}
BUTTON = {"type": "actions", "elements": [{"type": "button", "action_id": "go", "text": WORDS}]}
PICK = {
    "type": "actions",
    "elements": [
        {"type": "static_select", "action_id": "pick", "options": [{"text": WORDS, "value": "1"}]},
    ],
}
INPUT = {"type": "input", "label": WORDS, "element": {"type": "plain_text_input", "action_id": "call_id"}}
MODAL = {"type": "modal", "callback_id": "find", "title": WORDS, "submit": WORDS, "blocks": [INPUT]}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock()) as sandbox:
        yield sandbox


@pytest.fixture
async def http(slack: SlackSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(slack.url) as session:
        yield session


@pytest.fixture
async def bot_url() -> AsyncIterator[str]:
    async def take(_: web.Request) -> web.Response:
        return web.Response()

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def post(http: aiohttp.ClientSession, path: str, /, **body: Any) -> tuple[int, Json]:
    async with http.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def get(http: aiohttp.ClientSession, path: str) -> Json:
    async with http.get(path) as answer:
        body: Json = await answer.json()
        return body


async def test_acts_as_a_person(slack: SlackSandbox, http: aiohttp.ClientSession, bot_url: str) -> None:
    await post(http, "/control/deliver", url=bot_url)
    _, posted = await post(http, "/control/act", **{"as": "U0MIRA"}, do="post", channel="C0OPS", text="hello")
    card = slack.workspace.post("C0OPS", "U0SAMORA", blocks=[BUTTON, PICK])
    view = slack._views.open("U0MIRA", MODAL)
    place = {"channel": "C0OPS", "ts": card.ts}
    orders: list[Json] = [
        {"do": "command", "text": "help"},
        {"do": "mention", "channel": "C0OPS", "text": "hello"},
        {"do": "shortcut", "callback_id": "find_call"},
        {"do": "message_shortcut", "callback_id": "show_call", "channel": "C0OPS", "ts": posted["ts"]},
        {"do": "press", "what": "Words", "message": place},
        {"do": "choose", "action_id": "pick", "value": "1", "message": place},
        {"do": "submit", "view": view.id, "values": {"call_id": "1"}},
    ]
    for order in orders:
        status, ack = await post(http, "/control/act", **{"as": "U0MIRA"}, **order)
        assert (status, ack["ok"]) == (200, True), order


async def test_lets_things_happen_to_channels_and_the_app(
    slack: SlackSandbox, http: aiohttp.ClientSession, bot_url: str
) -> None:
    await post(http, "/control/deliver", url=bot_url)
    orders: list[Json] = [
        {"do": "archive", "channel": "C0NEW"},
        {"do": "unarchive", "channel": "C0NEW"},
        {"do": "kick_bot", "channel": "C0NEW"},
        {"do": "invite_bot", "channel": "C0NEW"},
        {"do": "member_left", "channel": "C0NEW"},
        {"do": "change_channel_id", "old": "C0NEW", "new": "C0MOVED"},
        {"do": "uninstall", "tokens_first": True},
    ]
    status, channel = await post(
        http, "/control/act", **{"as": "U0MIRA"}, do="add_channel", channel_id="C0NEW", members=["U0JON"]
    )
    assert (status, channel["members"]) == (200, ["U0JON", "U0SAMORA"])
    for order in orders:
        status, ack = await post(http, "/control/act", **{"as": "U0JON"}, **order)
        assert (status, ack["ok"]) == (200, True), order
    assert slack.workspace.channels["C0MOVED"].members == {"U0SAMORA"}
    assert await post(http, "/control/act", **{"as": "U0JON"}, do="reinstall") == (200, {})
    assert slack.workspace.is_installed


async def test_shows_what_is_gone_to_those_who_ask(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    metadata = {"event_type": "samora_notice", "event_payload": {}}
    root = slack.workspace.post("C0OPS", "U0SAMORA", text="root", metadata=metadata)
    reply = slack.post_as("U0MIRA", "C0OPS", "reply", thread_ts=root.ts)
    order = {"do": "delete", "channel": "C0OPS", "ts": root.ts}
    status, gone = await post(http, "/control/act", **{"as": "U0MIRA"}, **order)
    assert (status, gone["deleted"], gone["metadata"]) == (200, True, metadata)
    seen = (await get(http, "/control/messages?channel=C0OPS&as=U0MIRA"))["messages"]
    assert [message["ts"] for message in seen] == [reply.ts]
    seen = (await get(http, "/control/messages?channel=C0OPS&as=U0MIRA&deleted=1"))["messages"]
    assert [(message["ts"], message["deleted"], message["reply_broadcast"]) for message in seen] == [
        (root.ts, True, False),
        (reply.ts, False, False),
    ]
    assert "not in" in (await get(http, "/control/messages?channel=C0OPS&as=U0OUTSIDER&deleted=1"))["error"]


async def test_it_rains_on_demand(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    status, _ = await post(http, "/control/rain", path="/api/auth.*", share=1, seed=7, kinds=["500"])
    assert status == 200
    assert (await post(http, "/api/auth.test", token=slack.bot_token))[0] == 500
    async with http.delete("/control/faults"):
        pass
    assert (await post(http, "/api/auth.test", token=slack.bot_token))[0] == 200
    assert (await post(http, "/control/rain", share=2))[0] == 400


@pytest.mark.parametrize(
    "order",
    [
        {"do": "dance"},
        {"do": "command"},
        {"do": "command", "text": "a", "loudly": True},
        {"do": "press", "what": "Words"},
        {"do": "press", "what": "Words", "view": "V0"},
        {"do": "press"},
        {"do": "archive", "channel": "C0NOWHERE"},
        {"do": "add_channel", "channel_id": "C0OPS"},
        {"do": "delete", "channel": "C0OPS", "ts": "1.0"},
        {},
    ],
)
async def test_says_why_an_order_makes_no_sense(http: aiohttp.ClientSession, order: Json) -> None:
    status, answer = await post(http, "/control/act", **{"as": "U0MIRA"}, **order)
    assert status == 400
    assert answer["error"]


async def test_orders_are_objects(http: aiohttp.ClientSession) -> None:
    for body in ("[]", "{"):
        async with http.post("/control/act", data=body, headers={"Content-Type": "application/json"}) as answer:
            assert answer.status == 400
    async with http.post("/control/clock", data='{"advance": 1}', headers={"Content-Type": "text/plain"}) as answer:
        assert "application/json" in (await answer.json())["error"]


async def test_shows_each_their_own_messages_and_views(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    slack.workspace.post("C0OPS", "U0SAMORA", text="psst", ephemeral_to="U0MIRA")
    slack._views.open("U0MIRA", MODAL)
    mine = await get(http, "/control/messages?channel=C0OPS&as=U0MIRA")
    assert mine["messages"][0]["text"] == "psst"
    assert (await get(http, "/control/messages?channel=C0OPS&as=U0JON")) == {"messages": []}
    assert (await get(http, "/control/messages?channel=C0OPS"))["error"] == "missing: 'as'"
    assert (await get(http, "/control/views?as=U0MIRA"))["views"][0]["callback_id"] == "find"
    assert (await get(http, "/control/views?as=U0JON")) == {"views": []}


async def test_moves_the_clock(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    before = slack.clock.now()
    status, answer = await post(http, "/control/clock", advance=3600)
    assert status == 200
    assert answer["now"] > before.isoformat()
    assert (slack.clock.now() - before).total_seconds() >= 3600
    assert (await post(http, "/control/clock", advance=-1))[0] == 400


async def test_faults_come_and_go_and_spare_the_control_api(slack: SlackSandbox, http: aiohttp.ClientSession) -> None:
    assert (await post(http, "/control/faults", path="*", status=503, times=2))[0] == 200
    assert (await post(http, "/control/faults", colour="red"))[0] == 400
    async with http.get("/api/auth.test") as answer:
        assert answer.status == 503
    async with http.delete("/control/faults") as answer:
        assert answer.status == 200
    status, who = await post(http, "/api/auth.test", token=slack.bot_token)
    assert (status, who["ok"]) == (200, True)
    kept = (await get(http, "/control/requests"))["requests"]
    assert [request["status"] for request in kept] == [503, 200]
    assert slack.bot_token not in str(kept)
