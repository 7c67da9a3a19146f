"""The sandbox's webhooks: how they are kept, and what is sent."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.samora.webhook import read_webhook
from bot.samora.webhooks_api import WebhooksApi
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import ASHA, RAVI
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.sending import Mischief, Outcome

KEY = {"X-API-Key": "sandbox-key"}
HEADERS = {"X-Own": "a secret of our own"}
ALL = ["CALL_STARTED", "CALL_FINISHED", "CALL_FAILED"]


class Ear:
    """Hears deliveries, and answers with the statuses that it is given, then with 202."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[bytes] = []
        self.secrets: list[str | None] = []
        self.answers: list[int] = []
        self.elsewhere = 0

    async def hear(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.secrets.append(request.headers.get("X-Own"))
        status = self.answers.pop(0) if self.answers else 202
        return web.Response(status=status, headers={"Location": "/elsewhere"} if 300 <= status < 400 else {})

    async def hear_elsewhere(self, _: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response(status=202)

    @property
    def said(self) -> list[tuple[str, str]]:
        read = [read_webhook(body) for body in self.bodies]
        return [(each.event, str(each.call_ids[0])) for each in read]


@asynccontextmanager
async def _ear() -> AsyncIterator[Ear]:
    ear, app = Ear(), web.Application()
    app.router.add_post("/hook", ear.hear)
    app.router.add_post("/elsewhere", ear.hear_elsewhere)
    async with TestServer(app, host="127.0.0.1") as server:
        ear.url = str(server.make_url("/hook"))
        yield ear


def _wanted(url: str, **more: object) -> dict[str, Any]:
    return {"agent_id": ASHA, "name": "Ear", "url": url, "events": ALL, "custom_headers": HEADERS} | more


async def _ask(samora: SamoraSandbox, method: str, path: str = "", **more: Any) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession(headers=more.pop("headers", KEY)) as http,
        http.request(method, f"{samora.url}/v2/webhooks{path}", **more) as answer,
    ):
        return answer.status, await answer.json()


@asynccontextmanager
async def _heard(**more: object) -> AsyncIterator[tuple[SamoraSandbox, Ear]]:
    async with _ear() as ear, SamoraSandbox(clock=SandboxClock(), webhook_waits=(0.01, 0.01)) as samora:
        assert (await _ask(samora, "POST", json=_wanted(ear.url, **more)))[0] == 201
        yield samora, ear


def _figures(samora: SamoraSandbox) -> Counter[Outcome]:
    (webhook,) = samora.webhooks
    return samora.sender.figures[webhook.id]


async def test_the_secret_is_told_once_and_a_webhook_can_be_listed_changed_and_removed() -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        _, made = await _ask(samora, "POST", json=_wanted("https://example.com/hook"))
        assert made["data"]["secret"].startswith("whsec_")
        place = f"/{made['data']['id']}"
        assert (await _ask(samora, "GET"))[1]["data"]["total_count"] == 1
        assert (await _ask(samora, "GET", f"?agent_id={RAVI}"))[1]["data"]["webhooks"] == []
        _, changed = await _ask(samora, "PUT", place, json={"is_active": False, "events": ["CALL_FAILED"]})
        _, read = await _ask(samora, "GET", place)
        assert read["data"] == changed["data"]
        assert "secret" not in read["data"]
        assert (read["data"]["is_active"], read["data"]["events"]) == (False, ["CALL_FAILED"])
        assert (await _ask(samora, "DELETE", place))[0] == 200
        assert (await _ask(samora, "GET", place))[0] == 404


@pytest.mark.parametrize(
    "flaw",
    [
        {"url": "http://example.com/"},
        {"url": "nothing"},
        {"url": "https:///hook"},
        {"events": []},
        {"events": ["X"]},
        {"name": ""},
    ],
)
async def test_what_makes_no_webhook_is_refused(flaw: dict[str, object]) -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        status, answer = await _ask(samora, "POST", json=_wanted("https://example.com/hook") | flaw)
        assert (status, next(iter(flaw)) in answer["message"]) == (400, True)
        assert list(samora.webhooks) == []


@pytest.mark.parametrize("header", [{"X-Own\r\nX-More": "1"}, {"X-Own": "1\r\nX-More: 2"}, {"": "1"}])
async def test_headers_hold_one_line_and_their_values_are_not_said_back(header: dict[str, str]) -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        wanted = _wanted("https://example.com/hook", custom_headers=header)
        status, answer = await _ask(samora, "POST", json=wanted)
        assert (status, "X-More: 2" in answer["message"]) == (400, False)


async def test_a_change_keeps_what_it_does_not_name_and_is_checked_like_a_new_one() -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        _, made = await _ask(samora, "POST", json=_wanted("https://example.com/hook"))
        place = f"/{made['data']['id']}"
        _, changed = await _ask(samora, "PUT", place, json={"data_options": {"include_transcript": True}})
        assert changed["data"]["data_options"] == {"include_transcript": True, "include_recording_url": False}
        kept = ("id", "agent_id", "name", "url", "events", "custom_headers", "is_active", "created_at")
        assert [changed["data"][each] for each in kept] == [made["data"][each] for each in kept]
        flaws: list[dict[str, object]] = [{"url": "http://example.com/"}, {"events": []}, {"name": "n" * 256}]
        for flaw in [*flaws, {"name": None}]:
            assert (await _ask(samora, "PUT", place, json=flaw))[0] == 400


async def test_there_are_three_events_and_an_agent_of_somebody_else_is_not_found() -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        _, answer = await _ask(samora, "GET", "/events")
        assert [each["event_type"] for each in answer["data"]["events"]] == ALL
        stranger = _wanted("https://example.com/", agent_id="0" * 32)
        assert (await _ask(samora, "POST", json=stranger))[0] == 404
        for method in ("GET", "DELETE", "PUT"):
            assert (await _ask(samora, method, "/unknown", json={}))[0] == 404


async def test_what_is_answered_about_webhooks_is_kept_nowhere() -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        await _ask(samora, "POST", json=_wanted("https://example.com/hook"))
        await _ask(samora, "GET")
        assert [(each.path, each.answer) for each in samora.requests] == [("/v2/webhooks", None)] * 2


async def test_nobody_gets_in_without_the_key() -> None:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        places = [("POST", ""), ("GET", ""), ("GET", "/events"), ("GET", "/x"), ("PUT", "/x"), ("DELETE", "/x")]
        for method, path in places:
            assert (await _ask(samora, method, path, headers={}))[0] == 401


async def test_start_and_end_are_told_with_our_header_and_in_bodies_of_several_shapes() -> None:
    async with _heard() as (samora, ear):
        finished, failed = samora.add_call(status="TRIGGERED"), samora.add_call(status="TRIGGERED")
        samora.add_call(status="ONGOING", agent_id=RAVI)
        for call, event in [(finished, "answer"), (finished, "hang_up"), (failed, "no_answer")]:
            samora.move(call.call_id, event)  # type: ignore[arg-type]
            await samora.sender.drain()
        samora.move(finished.call_id, "recording_ready")
        await samora.sender.drain()
        assert ear.said == [
            ("CALL_STARTED", finished.call_id),
            ("CALL_FINISHED", finished.call_id),
            ("CALL_FAILED", failed.call_id),
        ]
        assert set(ear.secrets) == set(HEADERS.values())
        assert _figures(samora) == {"sent": 3}


async def test_only_events_that_were_asked_for_are_told() -> None:
    async with _heard(events=["CALL_FAILED"]) as (samora, ear):
        samora.add_call(status="ONGOING")
        call = samora.add_call()
        samora.set_status(call.call_id, "REJECTED")
        await samora.sender.drain()
        assert ear.said == [("CALL_FAILED", call.call_id)]


async def test_one_that_is_switched_off_is_not_told() -> None:
    async with _heard() as (samora, ear):
        (webhook,) = samora.webhooks
        for is_active in (False, True):
            assert (await _ask(samora, "PUT", f"/{webhook.id}", json={"is_active": is_active}))[0] == 200
            call = samora.add_call(status="ONGOING")
            await samora.sender.drain()
        assert ear.said == [("CALL_STARTED", call.call_id)]


@pytest.mark.parametrize(("answers", "sent", "failed"), [([500, 503], 1, 0), ([500, 500, 500], 0, 1)])
async def test_a_delivery_that_fails_is_tried_twice_again(answers: list[int], sent: int, failed: int) -> None:
    async with _heard() as (samora, ear):
        ear.answers = list(answers)
        samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert (len(ear.bodies), _figures(samora)["sent"], _figures(samora)["failed"]) == (3, sent, failed)


async def test_deliveries_can_be_lost_doubled_and_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.sandbox.sending._HELD_SECONDS", 3600)
    async with _heard() as (samora, ear):
        samora.sender.misbehave(Mischief(lost=1))
        samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert (ear.bodies, _figures(samora)["lost"]) == ([], 1)
        samora.sender.misbehave(Mischief(doubled=1))
        double = samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert ear.said == [("CALL_STARTED", double.call_id)] * 2
        samora.sender.misbehave(Mischief(reordered=1))
        late, early = samora.add_call(status="ONGOING"), samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert [call_id for _, call_id in ear.said[2:]] == [early.call_id, late.call_id]


async def test_what_overtakes_nobody_goes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.sandbox.sending._HELD_SECONDS", 0.01)
    async with _heard() as (samora, ear):
        samora.sender.misbehave(Mischief(reordered=1))
        alone = samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert ear.said == [("CALL_STARTED", alone.call_id)]
        assert _figures(samora) == {"sent": 1, "reordered": 1}


async def test_bodies_have_many_shapes_and_the_bot_understands_them_all() -> None:
    async with _heard() as (samora, ear):
        calls = [samora.add_call(status="ONGOING") for _ in range(60)]
        await samora.sender.drain()
        assert sorted(ear.said) == sorted(("CALL_STARTED", call.call_id) for call in calls)
        assert len({tuple(json.loads(body)) for body in ear.bodies}) == 5


async def test_the_control_api_tells_what_became_of_webhooks_without_secrets() -> None:
    async with _heard() as (samora, ear), aiohttp.ClientSession(samora.url) as http:
        async with http.post("/control/webhooks", json={"lost": 0.5, "seed": 3}) as answer:
            assert answer.status == 201
        for _ in range(20):
            samora.add_call(status="ONGOING")
        await samora.sender.drain()
        async with http.get("/control/webhooks") as answer:
            told = await answer.json()
        (figures,) = told["webhooks"]
        assert figures["agent_id"] == ASHA
        assert figures["sent"] == len(ear.bodies) == len(told["attempts"]) == 20 - figures["lost"]
        assert 0 < figures["lost"] < 20
        assert told["mischief"] == {"lost": 0.5, "doubled": 0.0, "reordered": 0.0, "seed": 3}
        assert HEADERS["X-Own"] not in str(told)
        async with http.post("/control/webhooks", json={"lost": 1.5}) as answer:
            assert answer.status == 400


async def test_an_ear_that_is_gone_holds_nobody_up() -> None:
    async with _heard() as (samora, _):
        (webhook,) = samora.webhooks
        samora.webhooks.install(agent_id=ASHA, name="gone", url="http://127.0.0.1:9/")
        samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert samora.sender.figures[webhook.id] == {"sent": 1}
        assert [each.status for each in samora.sender.attempts if each.path == "/"] == [None] * 3


async def test_an_administrator_of_the_bot_installs_mends_and_removes_one_here() -> None:
    async with (
        SamoraSandbox(clock=SandboxClock()) as samora,
        httpx.AsyncClient(base_url=samora.url, headers=KEY) as http,
    ):
        api = WebhooksApi(http=http)
        made = await api.create(agent_id=ASHA, url="https://bot.example/samora/webhook", secret="first")
        assert made.secret.startswith("whsec_")
        await api.mend(made.id, url="https://bot.example/moved", secret="second")
        (found,) = await api.list(ASHA)
        assert (found.id, found.url, found.own_secret, found.secret) == (
            made.id, "https://bot.example/moved", "second", "",
        )  # fmt: skip
        await api.remove(made.id)
        assert await api.list() == ()


async def test_no_secret_goes_where_a_redirect_leads() -> None:
    async with _heard() as (samora, ear):
        ear.answers = [307, 307, 307]
        samora.add_call(status="ONGOING")
        await samora.sender.drain()
        assert [attempt.status for attempt in samora.sender.attempts] == [307] * 3
        assert (len(ear.bodies), ear.elsewhere, _figures(samora)) == (3, 0, {"failed": 1})
