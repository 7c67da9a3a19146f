"""Webhooks at Samora: what is asked, what is understood of the answers, and what is said when it goes wrong."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.errors import SamoraRefused, SamoraUnavailable
from bot.samora.webhooks_api import Webhook, WebhooksApi

AGENT = "a6e27000-0000-4000-8000-000000000001"
URL = "https://bot.example/samora/webhook"
WIRE: dict[str, Any] = {
    "id": "wh-1",
    "agent_id": AGENT,
    "name": "Samora for Slack",
    "url": URL,
    "events": ["CALL_STARTED", "CALL_FINISHED", "CALL_FAILED"],
    "custom_headers": {"x-samora-bot-secret": "ours"},
    "is_active": True,
    "created_at": "2026-01-01T00:00:00Z",
}


class Samora:
    """Gives one answer to all, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.sent: list[dict[str, Any]] = []
        self.answer: tuple[int, str] = (200, "")

    def will(self, value: object, status: int = 200) -> None:
        self.answer = status, json.dumps(value)

    async def hear(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if request.can_read_body:
            self.sent.append(await request.json())
        status, text = self.answer
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, text=text or None, headers=headers)


@pytest.fixture
def samora() -> Samora:
    return Samora()


@pytest.fixture
async def api(samora: Samora) -> AsyncIterator[WebhooksApi]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", samora.hear)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as http:
        yield WebhooksApi(http=http)


async def test_they_are_listed(api: WebhooksApi, samora: Samora) -> None:
    answer = {"data": {"webhooks": [WIRE, {"id": "wh-2", "agent_id": AGENT}], "total_count": 2}}
    samora.will(answer)
    one, other = await api.list(AGENT)
    assert (one.id, one.url, one.own_secret, one.is_active) == ("wh-1", URL, "ours", True)
    assert other == Webhook(id="wh-2", agent_id=AGENT)
    assert (samora.asked[0].method, samora.asked[0].path_qs) == ("GET", f"/v2/webhooks?agent_id={AGENT}")
    await api.list()
    assert samora.asked[1].path_qs == "/v2/webhooks"


async def test_what_somebody_elses_lacks_hides_none_of_ours(api: WebhooksApi, samora: Samora) -> None:
    names = ("agent_id", "name", "url", "events", "is_active", "data_options", "custom_headers")
    bare = {"id": "wh-2", **dict.fromkeys(names)}
    odd = WIRE | {"id": "wh-3", "custom_headers": {"x-tries": 3}, "data_options": {"include_transcript": None}}
    samora.will({"data": {"webhooks": [bare, odd, WIRE]}})
    assert [each.id for each in await api.list()] == ["wh-2", "wh-3", "wh-1"]
    assert [each.id for each in await api.list(AGENT)] == ["wh-3", "wh-1"]


async def test_those_of_other_agents_are_not_taken_for_this_ones(api: WebhooksApi, samora: Samora) -> None:
    """Whatever Samora makes of the question: what is listed for an agent may be mended and removed."""
    answer = {"data": {"webhooks": [WIRE | {"agent_id": AGENT.upper()}, WIRE | {"id": "wh-2", "agent_id": "other"}]}}
    samora.will(answer)
    assert [each.id for each in await api.list(AGENT)] == ["wh-1"]
    assert [each.id for each in await api.list()] == ["wh-1", "wh-2"]


@pytest.mark.parametrize(
    ("options", "brings_more"),
    [
        (None, False),
        ({"include_transcript": False, "include_recording_url": False}, False),
        ({"include_transcript": False, "include_recording_url": True}, True),
    ],
)
async def test_it_is_seen_when_more_comes_along_than_is_wanted(
    api: WebhooksApi, samora: Samora, options: dict[str, bool] | None, brings_more: bool
) -> None:
    samora.will({"data": {"webhooks": [WIRE | {"data_options": options}]}})
    assert (await api.list())[0].brings_more is brings_more


async def test_an_id_leads_nowhere_else(api: WebhooksApi, samora: Samora) -> None:
    samora.answer = 204, ""
    await api.remove("../agents/7?all=1")
    assert samora.asked[0].raw_path == "/v2/webhooks/..%2Fagents%2F7%3Fall%3D1"


async def test_one_is_made_with_our_secret_and_without_transcripts_and_links(api: WebhooksApi, samora: Samora) -> None:
    samora.will({"data": WIRE | {"secret": "whsec_1"}}, status=201)
    made = await api.create(agent_id=AGENT, url=URL, secret="ours")
    assert made.secret == "whsec_1"
    assert samora.sent == [
        {
            "agent_id": AGENT,
            "name": "Samora for Slack",
            "url": URL,
            "events": ["CALL_STARTED", "CALL_FINISHED", "CALL_FAILED"],
            "data_options": {"include_transcript": False, "include_recording_url": False},
            "custom_headers": {"X-Samora-Bot-Secret": "ours"},
        }
    ]


async def test_one_is_mended_and_removed(api: WebhooksApi, samora: Samora) -> None:
    samora.will({"data": WIRE})
    await api.mend("wh-1", url=URL, secret="ours")
    await api.remove("wh-1")
    (sent,) = samora.sent
    assert sent["is_active"] is True
    assert sent["custom_headers"] == {"X-Samora-Bot-Secret": "ours"}
    assert [(each.method, each.path) for each in samora.asked] == [
        ("PUT", "/v2/webhooks/wh-1"),
        ("DELETE", "/v2/webhooks/wh-1"),
    ]


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, SamoraRefused, "HTTP 400"),
        (401, SamoraRefused, "the key is not accepted"),
        (404, SamoraRefused, "there is no such agent"),
        (429, SamoraUnavailable, "HTTP 429"),
        (503, SamoraUnavailable, "HTTP 503"),
    ],
)
async def test_what_samora_refuses_is_said(
    api: WebhooksApi, samora: Samora, status: int, kind: type[Exception], reason: str
) -> None:
    samora.answer = status, "a secret word"
    with pytest.raises(kind, match=reason) as caught:
        await api.list()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", '{"data": {}}', '{"data": {"webhooks": [{"agent_id": 7}]}}'])
async def test_rubbish_is_no_answer(api: WebhooksApi, samora: Samora, body: str) -> None:
    samora.answer = 200, body
    with pytest.raises(SamoraUnavailable, match="unreadable"):
        await api.list()


async def test_silence_is_no_answer() -> None:
    async with aiohttp.ClientSession("http://127.0.0.1:1/") as http:
        with pytest.raises(SamoraUnavailable, match=r"^no answer$"):
            await WebhooksApi(http=http).list()


async def test_it_follows_no_redirection(api: WebhooksApi, samora: Samora) -> None:
    samora.answer = 302, ""
    with pytest.raises(SamoraRefused, match="HTTP 302"):
        await api.list()
    assert len(samora.asked) == 1


def test_secrets_are_in_no_repr() -> None:
    webhook = Webhook(id="wh-1", agent_id=AGENT, headers={"X-Samora-Bot-Secret": "ours"}, secret="whsec_1")
    assert "ours" not in repr(webhook)
    assert "whsec_1" not in repr(webhook)
    assert Webhook(id="wh-1", agent_id=AGENT, headers={"Other": "x"}).own_secret == ""
