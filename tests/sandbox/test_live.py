"""What a browser is sent, and what its orders lead to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import pytest_asyncio

from bot.sandbox.company import AGENT_NAMES, ASHA, FINISHED, ONGOING, PENDING, RAVI
from bot.sandbox.faults import Fault
from bot.sandbox.site import Site
from bot.sandbox.slack import Message
from bot.sandbox.slack.people import BOT_USER
from bot.sandbox.stage import Stage

Frame = dict[str, Any]


class Browser:
    """Keeps what the page would show, as ``bot/sandbox/page`` does."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.state: Frame = {}
        self.messages: dict[tuple[str, str], Frame] = {}
        self.traffic: list[Frame] = []
        self.lines: list[str] = []
        self.frames: list[Frame] = []
        self._socket = socket
        self._replies: dict[int, Frame] = {}
        self._ids = 0

    async def until(self, seen: Callable[[], object]) -> None:
        """Takes frames until the page shows something."""
        async with asyncio.timeout(5):
            while not seen():
                self._take(await self._socket.receive_json())

    async def order(self, **order: Any) -> Frame:
        """Gives an order, and waits for the reply."""
        self._ids += 1
        await self._socket.send_json({"id": self._ids, **order})
        await self.until(lambda: self._ids in self._replies)
        return self._replies[self._ids]

    async def send(self, text: str) -> None:
        await self._socket.send_str(text)

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        if "reset" in frame:
            self.state, self.messages, self.traffic, self.lines = {}, {}, [], []
        self.state |= frame.get("state", {})
        self.messages |= {(each["channel"], each["ts"]): each for each in frame.get("messages", [])}
        for each in frame.get("gone", []):
            del self.messages[each["channel"], each["ts"]]
        self.traffic += frame.get("traffic", [])
        self.lines += frame.get("lines", [])
        if "reply" in frame:
            self._replies[frame["reply"]] = frame

    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages.values()]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html><title>The page</title>", encoding="utf-8")
    return tmp_path


@pytest_asyncio.fixture
async def browser(stage: Stage, page: Path) -> AsyncIterator[Browser]:
    async with (
        Site(stage=stage, page=page, port=18_730) as site,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{site.url}/live") as socket,
    ):
        there = Browser(socket)
        await there.until(lambda: there.state)
        yield there


def say(stage: Stage, text: str, *, channel: str = "C0OPS", user: str = "U0JON", **rest: Any) -> Message:
    return stage.slack.workspace.post(channel, user, text=text, **rest)


async def test_at_first_comes_all_there_is(browser: Browser) -> None:
    state = browser.state
    assert browser.frames[0] == {"reset": True}
    assert state["me"] == "U0MIRA"
    assert {"id": "U0OUTSIDER", "name": "outsider", "kind": "outsider"} in state["users"]
    assert {"id": "U0GUEST", "name": "guest", "kind": "guest"} in state["users"]
    assert {"id": BOT_USER, "name": "samora", "kind": "bot"} in state["users"]
    assert {"C0OPS", "C0SALES", "C0SECRET", "D0MIRA"} <= {channel["id"] for channel in state["channels"]}
    assert next(each for each in state["channels"] if each["id"] == "D0MIRA")["with"] == BOT_USER
    assert state["bot"] == {"state": "starting", "exit_code": None}
    assert state["commands"][0]["command"] == "/samora-call"
    assert state["weather"] == {"slack": "fine", "samora": "fine", "webhooks": "fine"}
    assert [(agent["id"], agent["name"]) for agent in state["agents"]] == list(AGENT_NAMES.items())
    assert state["campaign"] is None
    assert next(call for call in state["calls"] if call["call_id"] == PENDING)["events"] == ["trigger"]


async def test_only_what_changed_is_sent(stage: Stage, browser: Browser) -> None:
    seen = len(browser.frames)
    await browser.order(do="move_call", call_id=PENDING, event="trigger")
    await browser.until(lambda: any("state" in frame for frame in browser.frames[seen:]))
    changes = [frame["state"] for frame in browser.frames[seen:] if "state" in frame]
    assert [list(change) for change in changes] == [["calls", "agents"]]
    say(stage, "news")
    await browser.until(lambda: "news" in browser.texts())
    assert [len(frame["messages"]) for frame in browser.frames if "messages" in frame] == [1]


async def test_messages_come_change_and_go(stage: Stage, browser: Browser) -> None:
    message = say(stage, "first")
    await browser.until(lambda: "first" in browser.texts())
    stage.slack.workspace.edit(message, text="second")
    await browser.until(lambda: browser.texts() == ["second"])
    stage.slack.workspace.delete(message)
    await browser.until(lambda: browser.messages == {})


async def test_nobody_sees_what_is_for_other_eyes(stage: Stage, browser: Browser) -> None:
    say(stage, "for jon", user=BOT_USER, ephemeral_to="U0JON")
    say(stage, "between the guest and the bot", channel="D0GUEST", user=BOT_USER)
    say(stage, "for all")
    await browser.until(lambda: "for all" in browser.texts())
    assert browser.texts() == ["for all"]
    await browser.order(do="be", user="U0JON")
    await browser.until(lambda: len(browser.messages) == 2)
    assert browser.texts() == ["for jon", "for all"]
    assert browser.state["me"] == "U0JON"


async def test_somebody_elses_eyes_begin_with_nothing(stage: Stage, browser: Browser) -> None:
    say(stage, "to be seen again")
    await browser.until(browser.texts)
    await browser.order(do="be", user="U0OUTSIDER")
    await browser.until(lambda: browser.state.get("me") == "U0OUTSIDER")
    assert browser.messages == {}
    assert [channel["id"] for channel in browser.state["channels"]] == ["C0SHARED"]


async def test_a_home_and_a_modal_are_shown_with_what_is_wrong_in_them(stage: Stage, browser: Browser) -> None:
    views = stage.slack._views
    text = {"type": "plain_text", "text": "Hello"}
    element = {"type": "plain_text_input", "action_id": "id"}
    block = {"type": "input", "block_id": "b", "label": text, "element": element}
    view = views.open("U0MIRA", {"type": "modal", "title": text, "submit": text, "blocks": [block]})
    views.show_errors(view, {"b": "That isn't a call id."})
    await browser.until(lambda: browser.state["views"])
    (shown,) = browser.state["views"]
    assert shown["errors"] == {"b": "That isn't a call id."}
    assert shown["state"]["values"]["b"]["id"]["type"] == "plain_text_input"
    assert (await browser.order(do="close", view=shown["id"]))["result"]["ok"]
    await browser.until(lambda: browser.state["views"] == [])


async def test_the_traffic_goes_both_ways_and_shows_no_signature(stage: Stage, browser: Browser) -> None:
    await browser.order(do="shortcut", callback_id="find_call")
    headers = {"X-API-Key": stage.samora.api_key, "Authorization": f"Bearer {stage.slack.bot_token}"}
    async with httpx.AsyncClient(headers=headers) as http:
        stage.samora.faults.add(Fault(drop=True))
        with pytest.raises(httpx.TransportError):
            await http.get(f"{stage.samora.url}/v1/call/{FINISHED}")
        answer = (await http.get(f"{stage.samora.url}/v1/call/{FINISHED}")).json()
        body = {"channel": "C0NOWHERE", "text": answer["data"]["recording_url"]}
        await http.post(f"{stage.slack.api_url}chat.postMessage", json=body)
    await browser.until(lambda: len(browser.traffic) == 4)
    told = [(each["sender"], each["receiver"], each["what"], each["status"], each["error"]) for each in browser.traffic]
    assert told == [
        ("slack", "bot", "interactive shortcut", None, "dispatch_failed"),
        ("bot", "samora", f"GET /v1/call/{FINISHED}", None, None),
        ("bot", "samora", f"GET /v1/call/{FINISHED}", 200, None),
        ("bot", "slack", "POST /api/chat.postMessage", 200, "channel_not_found"),
    ]
    assert [each["number"] for each in browser.traffic] == [1, 2, 3, 4]
    assert browser.traffic[2]["answer"]["data"]["status"] == "CALL_FINISHED"
    assert "Signature" not in str(browser.traffic)


async def test_a_webhook_is_shown_and_its_secret_is_not(stage: Stage, browser: Browser) -> None:
    """Nobody listens at the bot's door here."""
    secrets = [value for webhook in stage.samora.webhooks for value in webhook.custom_headers.values()]
    await browser.order(do="move_call", call_id=ONGOING, event="hang_up")
    await browser.until(lambda: browser.traffic)
    shown = browser.traffic[0]
    ends = (shown["sender"], shown["receiver"], shown["what"], shown["status"])
    assert ends == ("samora", "bot", "POST /samora/webhook", None)
    assert "CALL_FINISHED" in str(shown["request"])
    assert ONGOING in str(shown["request"]).lower()
    assert len(set(secrets)) == 1
    assert not any(secret in str(browser.frames) for secret in [*secrets, "whsec_"])


async def test_agents_and_a_campaign_are_counted(browser: Browser) -> None:
    await browser.order(do="weather", of="webhooks", to="off")
    before = {agent["id"]: agent["calls"] for agent in browser.state["agents"]}
    reply = await browser.order(do="start_campaign", agent_id=RAVI, calls=100, seconds=0.2)
    assert reply["result"]["ok"]
    await browser.until(lambda: (browser.state["campaign"] or {}).get("state") == "over")
    assert browser.state["campaign"] == {"agent_id": RAVI, "total": 100, "begun": 100, "state": "over"}
    agents = {agent["id"]: agent for agent in browser.state["agents"]}
    assert agents[RAVI]["calls"]["CALL_FINISHED"] == before[RAVI]["CALL_FINISHED"] + 60
    assert agents[RAVI]["webhooks"] == {"lost": 60 * 2 + 40}
    assert (agents[ASHA]["calls"], agents[ASHA]["webhooks"]) == (before[ASHA], {})


async def test_of_campaigns_the_newest_calls_are_shown_and_all_others_ever(stage: Stage, browser: Browser) -> None:
    company = list(stage.samora.calls)
    await browser.order(do="weather", of="webhooks", to="off")
    await browser.order(do="start_campaign", agent_id=RAVI, calls=120, seconds=0.1)
    await browser.until(lambda: (browser.state["campaign"] or {}).get("state") == "over")
    shown = [call["call_id"] for call in browser.state["calls"]]
    assert shown == company + stage.samora.campaigns.all[0].call_ids[-50:]


async def test_a_campaign_that_is_stopped_says_so(browser: Browser) -> None:
    await browser.order(do="start_campaign", agent_id=RAVI)
    await browser.until(lambda: (browser.state["campaign"] or {}).get("state") == "running")
    await browser.order(do="stop_campaign")
    await browser.until(lambda: browser.state["campaign"]["state"] != "running")
    assert browser.state["campaign"]["begun"] < 200


async def test_traffic_is_told_once(stage: Stage, browser: Browser) -> None:
    for _ in range(3):
        await browser.order(do="shortcut", callback_id="find_call")
    await browser.until(lambda: len(browser.traffic) == 3)
    say(stage, "one more frame")
    await browser.until(lambda: browser.messages)
    assert len(browser.traffic) == 3


async def test_the_bots_lines_are_shown(stage: Stage, browser: Browser) -> None:
    stage.bot.lines.extend(["one", "two"])
    stage.changes.announce()
    await browser.until(lambda: browser.lines == ["one", "two"])
    stage.bot.lines.append("three")
    stage.changes.announce()
    await browser.until(lambda: browser.lines == ["one", "two", "three"])


async def test_hundreds_of_messages_come_in_several_frames(stage: Stage, browser: Browser) -> None:
    for number in range(450):
        say(stage, f"message {number}")
    await browser.until(lambda: len(browser.messages) == 450)
    assert max(len(frame.get("messages", ())) for frame in browser.frames) <= 200


async def test_a_refused_order_gets_its_sentence(browser: Browser) -> None:
    reply = await browser.order(do="say", channel="C0OPS", text="/giphy cats", thread_ts=None)
    assert reply["refused"] == "/giphy is not a command here."
    assert "nobody" in (await browser.order(do="be", user="U0NOBODY"))["refused"]


async def test_how_slack_and_the_bot_got_on_is_told(browser: Browser) -> None:
    reply = await browser.order(do="say", channel="C0OPS", text="/samora-call help", thread_ts=None)
    assert reply["result"] == {"ok": False, "error": "dispatch_failed"}
    reply = await browser.order(do="say", channel="C0OPS", text="hello", thread_ts=None)
    assert reply["result"] == {"ok": True, "error": None}


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"order"', "null"])
async def test_rubbish_is_passed_over(browser: Browser, text: str) -> None:
    await browser.send(text)
    assert (await browser.order(do="advance", seconds=1))["result"]["ok"]


async def test_orders_are_carried_out_beside_each_other_and_not_without_end(stage: Stage, browser: Browser) -> None:
    """Nobody acknowledges here for three seconds; a quick order overtakes, and the thirty-third is too many."""
    stage.slack._delivery.ack_seconds = 0.5
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {stage.slack.app_token}"}
        opened = await (await http.post(f"{stage.slack.api_url}apps.connections.open", headers=headers)).json()
        async with http.ws_connect(opened["url"]):
            for number in range(100, 133):
                await browser.send(f'{{"id": {number}, "do": "shortcut", "callback_id": "find_call"}}')
            await browser.until(lambda: 132 in browser._replies)
            assert "more than" in browser._replies[132]["refused"]
            assert list(browser._replies) == [132]
            await browser.until(lambda: len(browser._replies) == 33)
    assert browser._replies[100]["result"] == {"ok": False, "error": "operation_timeout"}
