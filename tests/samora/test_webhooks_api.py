"""Webhooks at Samora: what is asked, what is understood of the answers, and what is said when it goes wrong."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from bot.core.errors import SamoraRefused, SamoraUnavailable
from bot.samora.webhooks_api import Webhook, WebhooksApi

BASE = "https://api.samora.test"
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


@pytest.fixture
async def api() -> AsyncIterator[WebhooksApi]:
    async with httpx.AsyncClient(base_url=BASE) as http:
        yield WebhooksApi(http=http)


@pytest.fixture
def samora() -> Any:
    with respx.mock(base_url=BASE) as router:
        yield router


async def test_they_are_listed(api: WebhooksApi, samora: respx.Router) -> None:
    answer = {"data": {"webhooks": [WIRE, {"id": "wh-2", "agent_id": AGENT}], "total_count": 2}}
    route = samora.get("/v2/webhooks").respond(json=answer)
    one, other = await api.list(AGENT)
    assert (one.id, one.url, one.own_secret, one.is_active) == ("wh-1", URL, "ours", True)
    assert other == Webhook(id="wh-2", agent_id=AGENT)
    assert route.calls.last.request.url.params["agent_id"] == AGENT
    await api.list()
    assert "agent_id" not in route.calls.last.request.url.params


async def test_what_somebody_elses_lacks_hides_none_of_ours(api: WebhooksApi, samora: respx.Router) -> None:
    names = ("agent_id", "name", "url", "events", "is_active", "data_options", "custom_headers")
    bare = {"id": "wh-2", **dict.fromkeys(names)}
    odd = WIRE | {"id": "wh-3", "custom_headers": {"x-tries": 3}, "data_options": {"include_transcript": None}}
    samora.get("/v2/webhooks").respond(json={"data": {"webhooks": [bare, odd, WIRE]}})
    assert [each.id for each in await api.list()] == ["wh-2", "wh-3", "wh-1"]
    assert [each.id for each in await api.list(AGENT)] == ["wh-3", "wh-1"]


async def test_those_of_other_agents_are_not_taken_for_this_ones(api: WebhooksApi, samora: respx.Router) -> None:
    """Whatever Samora makes of the question: what is listed for an agent may be mended and removed."""
    answer = {"data": {"webhooks": [WIRE | {"agent_id": AGENT.upper()}, WIRE | {"id": "wh-2", "agent_id": "other"}]}}
    samora.get("/v2/webhooks").respond(json=answer)
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
    api: WebhooksApi, samora: respx.Router, options: dict[str, bool] | None, brings_more: bool
) -> None:
    samora.get("/v2/webhooks").respond(json={"data": {"webhooks": [WIRE | {"data_options": options}]}})
    assert (await api.list())[0].brings_more is brings_more


async def test_an_id_leads_nowhere_else(api: WebhooksApi, samora: respx.Router) -> None:
    route = samora.delete(url__startswith=f"{BASE}/v2/webhooks/").respond(204)
    await api.remove("../agents/7?all=1")
    assert route.calls.last.request.url.raw_path == b"/v2/webhooks/..%2Fagents%2F7%3Fall%3D1"


async def test_one_is_made_with_our_secret_and_without_transcripts_and_links(
    api: WebhooksApi, samora: respx.Router
) -> None:
    route = samora.post("/v2/webhooks").respond(201, json={"data": WIRE | {"secret": "whsec_1"}})
    made = await api.create(agent_id=AGENT, url=URL, secret="ours")
    assert made.secret == "whsec_1"
    assert json.loads(route.calls.last.request.content) == {
        "agent_id": AGENT,
        "name": "Samora for Slack",
        "url": URL,
        "events": ["CALL_STARTED", "CALL_FINISHED", "CALL_FAILED"],
        "data_options": {"include_transcript": False, "include_recording_url": False},
        "custom_headers": {"X-Samora-Bot-Secret": "ours"},
    }


async def test_one_is_mended_and_removed(api: WebhooksApi, samora: respx.Router) -> None:
    mending = samora.put("/v2/webhooks/wh-1").respond(json={"data": WIRE})
    removing = samora.delete("/v2/webhooks/wh-1").respond(204)
    await api.mend("wh-1", url=URL, secret="ours")
    await api.remove("wh-1")
    sent = json.loads(mending.calls.last.request.content)
    assert sent["is_active"] is True
    assert sent["custom_headers"] == {"X-Samora-Bot-Secret": "ours"}
    assert removing.called


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
    api: WebhooksApi, samora: respx.Router, status: int, kind: type[Exception], reason: str
) -> None:
    samora.get("/v2/webhooks").respond(status, text="a secret word")
    with pytest.raises(kind, match=reason) as caught:
        await api.list()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", '{"data": {}}', '{"data": {"webhooks": [{"agent_id": 7}]}}'])
async def test_rubbish_is_no_answer(api: WebhooksApi, samora: respx.Router, body: str) -> None:
    samora.get("/v2/webhooks").respond(text=body)
    with pytest.raises(SamoraUnavailable, match="unreadable"):
        await api.list()


async def test_silence_is_no_answer(api: WebhooksApi, samora: respx.Router) -> None:
    samora.get("/v2/webhooks").mock(side_effect=httpx.ConnectTimeout("at https://secret"))
    with pytest.raises(SamoraUnavailable, match="no answer"):
        await api.list()


def test_secrets_are_in_no_repr() -> None:
    webhook = Webhook(id="wh-1", agent_id=AGENT, headers={"X-Samora-Bot-Secret": "ours"}, secret="whsec_1")
    assert "ours" not in repr(webhook)
    assert "whsec_1" not in repr(webhook)
    assert Webhook(id="wh-1", agent_id=AGENT, headers={"Other": "x"}).own_secret == ""
