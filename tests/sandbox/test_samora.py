import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from bot.sandbox import company
from bot.sandbox.clock import SandboxClock
from bot.sandbox.company import EventRefusedError
from bot.sandbox.faults import Fault
from bot.sandbox.samora import SamoraSandbox

FIELDS = {
    "agent_id", "created_at", "updated_at", "started_at", "ended_at",
    "transcript_url", "recording_url", "status", "call_variables",
}  # fmt: skip
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock()


@pytest.fixture
async def samora(clock: SandboxClock) -> AsyncIterator[SamoraSandbox]:
    async with SamoraSandbox(clock=clock) as samora:
        yield samora


@pytest.fixture
async def http(samora: SamoraSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(samora.url) as http:
        yield http


async def ask(http: aiohttp.ClientSession, call_id: str, key: str | None = "sandbox-key") -> tuple[int, Any]:
    async with http.get(f"/v1/call/{call_id}", headers={"X-API-Key": key} if key else {}) as answer:
        return answer.status, await answer.json()


async def data_of(http: aiohttp.ClientSession, call_id: str) -> dict[str, Any]:
    status, body = await ask(http, call_id)
    assert status == 200
    data: dict[str, Any] = body["data"]
    return data


async def control(http: aiohttp.ClientSession, method: str, path: str, body: object = None) -> tuple[int, Any]:
    async with http.request(method, f"/control/{path}", json=body) as answer:
        return answer.status, await answer.json()


# The calls API


async def test_a_call_has_exactly_the_documented_fields(http: aiohttp.ClientSession) -> None:
    status, body = await ask(http, company.FINISHED)
    assert status == 200
    assert body.keys() == {"message", "data"}
    assert body["message"] == "Call details fetched successfully"
    assert body["data"].keys() == FIELDS


async def test_every_call_of_the_company_is_answered(samora: SamoraSandbox, http: aiohttp.ClientSession) -> None:
    for call_id, call in samora.calls.items():
        data = await data_of(http, call_id)
        assert (data["status"], data["call_variables"]) == (call.status, call.variables)


async def test_times_are_iso_8601_in_utc_or_null(http: aiohttp.ClientSession) -> None:
    data = await data_of(http, company.ONGOING)
    assert data["created_at"][10] == "T"
    assert data["created_at"].endswith("Z")
    assert data["started_at"]
    assert data["ended_at"] is None


@pytest.mark.parametrize("key", [None, "wrong", ""])
async def test_a_missing_or_wrong_key_is_refused_before_anything_else(
    http: aiohttp.ClientSession, key: str | None
) -> None:
    status, body = await ask(http, "nonsense", key)
    assert (status, body.keys()) == (401, {"message"})


@pytest.mark.parametrize("call_id", ["nonsense", "{" + NOBODY + "}", NOBODY.replace("-", ""), NOBODY + "0"])
async def test_a_malformed_id_is_a_bad_request(http: aiohttp.ClientSession, call_id: str) -> None:
    assert await ask(http, call_id) == (400, {"message": "Invalid call ID"})


async def test_an_unknown_call_is_not_found(http: aiohttp.ClientSession) -> None:
    assert await ask(http, NOBODY) == (404, {"message": "Call not found or does not belong to your company"})


async def test_an_id_in_upper_case_is_the_same_id(http: aiohttp.ClientSession) -> None:
    assert (await data_of(http, company.REJECTED.upper()))["status"] == "REJECTED"


async def test_an_unknown_path_is_refused_in_json(http: aiohttp.ClientSession) -> None:
    async with http.get("/v3/nothing") as answer:
        assert (answer.status, (await answer.json()).keys()) == (404, {"message"})


async def test_the_key_can_be_chosen(clock: SandboxClock) -> None:
    async with SamoraSandbox(clock=clock, api_key="other") as samora, aiohttp.ClientSession(samora.url) as http:
        assert (await ask(http, company.FINISHED))[0] == 401
        assert (await ask(http, company.FINISHED, "other"))[0] == 200


async def test_a_port_that_is_taken_is_an_oserror(samora: SamoraSandbox, clock: SandboxClock) -> None:
    port = int(samora.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=str(port)):
        await SamoraSandbox(clock=clock, port=port).__aenter__()


async def test_the_port_is_free_again_afterwards(clock: SandboxClock) -> None:
    async with SamoraSandbox(clock=clock) as samora:
        port = int(samora.url.rsplit(":", 1)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


# Faults and requests


async def test_faults_strike_calls_and_media_but_never_the_control_api(
    samora: SamoraSandbox, http: aiohttp.ClientSession
) -> None:
    samora.faults.add(Fault(status=503, body='{"message": "down"}', times=2))
    assert (await control(http, "GET", "calls"))[0] == 200
    assert await ask(http, company.FINISHED) == (503, {"message": "down"})
    async with http.get("/media/x/y") as answer:
        assert answer.status == 503
    assert (await ask(http, company.FINISHED))[0] == 200


async def test_a_cut_line_is_seen_by_the_client_and_logged_by_nobody(
    samora: SamoraSandbox, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    samora.faults.add(Fault(drop=True))
    with caplog.at_level(logging.WARNING), pytest.raises(aiohttp.ClientConnectionError):
        # Not GET: aiohttp's client would quietly try that again.
        await http.post(f"/v1/call/{company.FINISHED}")
    assert [(seen.method, seen.status) for seen in samora.requests] == [("POST", None)]
    assert caplog.records == []


async def test_requests_are_remembered_without_key_and_signature(
    samora: SamoraSandbox, http: aiohttp.ClientSession
) -> None:
    data = await data_of(http, company.FINISHED)
    async with http.get(data["transcript_url"]):
        pass
    await ask(http, NOBODY)
    assert [(seen.method, seen.path, seen.status) for seen in samora.requests] == [
        ("GET", f"/v1/call/{company.FINISHED}", 200),
        ("GET", f"/media/{company.FINISHED}/transcript.pdf", 200),
        ("GET", f"/v1/call/{NOBODY}", 404),
    ]
    text = json.dumps((await control(http, "GET", "requests"))[1])
    assert "sandbox-key" not in text
    assert "Signature" not in text
    assert len(json.loads(text)["requests"]) == 3


async def test_only_the_last_thousand_requests_are_remembered(samora: SamoraSandbox) -> None:
    assert samora.requests.maxlen == 1000


async def test_more_or_fewer_requests_are_remembered_on_demand(clock: SandboxClock) -> None:
    async with (
        SamoraSandbox(clock=clock, requests_kept=2) as samora,
        aiohttp.ClientSession(samora.url) as http,
    ):
        for _ in range(3):
            await ask(http, NOBODY)
        assert len(samora.requests) == 2


# The control API and its Python mirror


async def test_the_control_api_lists_every_call_with_the_events_that_fit(
    samora: SamoraSandbox, http: aiohttp.ClientSession
) -> None:
    status, body = await control(http, "GET", "calls")
    assert status == 200
    assert [call["call_id"] for call in body["calls"]] == list(samora.calls)
    events = {call["call_id"]: call["events"] for call in body["calls"]}
    assert events[company.TRIGGERED] == ["answer", "no_answer", "reject"]
    assert events[company.FINISHED] == []


async def test_a_call_can_be_added_and_led_through_its_life(http: aiohttp.ClientSession) -> None:
    status, body = await control(http, "POST", "calls", {"variables": {"name": "Ada"}})
    assert (status, body["call"]["status"]) == (201, "PENDING")
    call_id = body["call"]["call_id"]
    for event in ("trigger", "answer", "hang_up", "recording_ready", "transcript_ready"):
        status, body = await control(http, "POST", f"calls/{call_id}", {"event": event})
        assert status == 200
    data = await data_of(http, call_id)
    assert (data["status"], data["call_variables"]) == ("CALL_FINISHED", {"name": "Ada"})
    for link in (data["recording_url"], data["transcript_url"]):
        async with http.get(link) as answer:
            assert answer.status == 200


async def test_an_added_call_needs_no_body_and_may_have_any_status_and_agent(http: aiohttp.ClientSession) -> None:
    async with http.post("/control/calls") as answer:
        assert answer.status == 201
    body = {"status": "FAILED", "agent_id": company.MAYA}
    _, answered = await control(http, "POST", "calls", body)
    assert answered["call"].items() >= {**body, "started_at": None, "ended_at": None}.items()


@pytest.mark.parametrize(
    ("status", "started", "ended"),
    [("PENDING", False, False), ("ONGOING", True, False), ("CALL_FINISHED", True, True), ("REJECTED", False, False)],
)
def test_an_added_call_has_the_times_of_its_status(
    clock: SandboxClock, status: str, started: bool, ended: bool
) -> None:
    call = SamoraSandbox(clock=clock).add_call(status=status)
    assert (call.started_at is not None, call.ended_at is not None) == (started, ended)
    assert UUID(call.call_id).version == 4


async def test_an_event_that_does_not_fit_is_a_conflict(http: aiohttp.ClientSession) -> None:
    status, body = await control(http, "POST", f"calls/{company.PENDING}", {"event": "hang_up"})
    assert (status, body) == (409, {"message": "hang_up does not fit a call that is PENDING: trigger would."})


async def test_any_status_can_be_set(clock: SandboxClock, http: aiohttp.ClientSession) -> None:
    clock.advance(60)
    before = await data_of(http, company.ONGOING)
    assert (await control(http, "POST", f"calls/{company.ONGOING}", {"status": "ABDUCTED"}))[0] == 200
    after = await data_of(http, company.ONGOING)
    assert after["status"] == "ABDUCTED"
    assert after["updated_at"] > before["updated_at"]
    assert after["ended_at"] is None


async def test_a_call_that_does_not_exist_cannot_change(samora: SamoraSandbox, http: aiohttp.ClientSession) -> None:
    assert (await control(http, "POST", f"calls/{NOBODY}", {"event": "answer"}))[0] == 404
    with pytest.raises(KeyError):
        samora.move(NOBODY, "answer")
    with pytest.raises(KeyError):
        samora.set_status(NOBODY, "ONGOING")


def test_python_callers_move_calls_directly(clock: SandboxClock) -> None:
    samora = SamoraSandbox(clock=clock)
    assert samora.move(company.TRIGGERED, "answer").status == "ONGOING"
    with pytest.raises(EventRefusedError):
        samora.move(company.TRIGGERED, "answer")


async def test_the_clock_can_be_moved(clock: SandboxClock, http: aiohttp.ClientSession) -> None:
    before = clock.now()
    status, body = await control(http, "POST", "clock", {"advance": 7200})
    assert (status, body.keys()) == (200, {"now"})
    assert (clock.now() - before).total_seconds() >= 7200


async def test_faults_can_be_ordered_and_called_off(http: aiohttp.ClientSession) -> None:
    fault = {"path": "/v1/*", "status": 429, "retry_after": 3, "body": "{}", "times": 9, "delay": 0}
    assert (await control(http, "POST", "faults", fault))[0] == 201
    assert (await ask(http, company.FINISHED))[0] == 429
    assert (await control(http, "DELETE", "faults"))[0] == 200
    assert (await ask(http, company.FINISHED))[0] == 200


async def test_it_rains_on_demand(samora: SamoraSandbox, http: aiohttp.ClientSession) -> None:
    rain = {"path": "/v1/*", "share": 1, "seed": 7, "kinds": ["500"]}
    assert (await control(http, "POST", "rain", rain))[0] == 201
    assert (await ask(http, company.FINISHED))[0] == 500
    assert samora.faults.rained == {"500": 1}
    assert (await control(http, "DELETE", "faults"))[0] == 200
    assert (await ask(http, company.FINISHED))[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rain", {"share": 2}),
        ("rain", {"kinds": ["hail"]}),
        ("rain", {"kinds": []}),
        ("calls", {"variables": "text"}),
        ("calls", {"surprise": 1}),
        ("calls", ["not an object"]),
        (f"calls/{company.ONGOING}", {}),
        (f"calls/{company.ONGOING}", {"event": "hang_up", "status": "PENDING"}),
        (f"calls/{company.ONGOING}", {"event": "explode"}),
        ("clock", {}),
        ("clock", {"advance": -1}),
        ("clock", {"advance": 1e300}),
        ("faults", {"times": 0}),
        ("faults", {"status": 20}),
        ("faults", {"content_type": "text/html; charset=utf-8"}),
        ("faults", {"path": 3}),
        ("faults", {"surprise": 1}),
    ],
)
async def test_a_control_request_that_makes_no_sense_is_refused_in_a_sentence(
    samora: SamoraSandbox, http: aiohttp.ClientSession, path: str, body: object
) -> None:
    before = len(samora.calls)
    status, answer = await control(http, "POST", path, body)
    assert (status, answer.keys()) == (400, {"message"})
    assert answer["message"]
    assert len(samora.calls) == before


async def test_a_control_body_that_is_not_json_is_refused(http: aiohttp.ClientSession) -> None:
    async with http.post("/control/clock", data=b"\xff{") as answer:
        assert answer.status == 400
