"""The client against a real HTTP server: bounded in time and size, quick to try again, and discreet."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import httpx
import pytest
from aiohttp import web

from bot.core.calls import Call, CallId
from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable
from bot.samora import client as client_module
from bot.samora.client import SamoraClient, SamoraHttp, open_http
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.samora import SamoraSandbox
from tests.factories import READ_AT, make_call_id, make_wire_call

KEY = "key-5ec7e7"
PERSON = "jane.doe@example.com"
GOOD = json.dumps({"message": "ok", "data": make_wire_call()}).encode()

Answer = web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """A Samora on loopback that gives its scripted answers in turn, the last one for ever, and remembers requests."""

    def __init__(self) -> None:
        self.url = ""
        self.script: list[Answer] = []
        self.requests: list[web.Request] = []
        self.peers: list[object] = []
        self.outcomes: list[str] = []
        self.seconds: list[float] = []
        self.rests: list[float] = []

    def will(self, *answers: Answer) -> None:
        self.script = list(answers)

    def observe(self, outcome: str, seconds: float, rest: float) -> None:
        self.outcomes.append(outcome)
        self.seconds.append(seconds)
        self.rests.append(rest)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.peers.append(request.transport and request.transport.get_extra_info("peername"))
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return await answer(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[SamoraClient]:
    async with open_http(base_url=server.url, api_key=KEY) as http:
        yield SamoraClient(http=http, clock=lambda: READ_AT, observe=server.observe)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was to be waited between tries; nobody waits for it."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", record)
    return waited


def says(status: int, body: bytes | str = b"", **headers: str) -> web.Response:
    body = body.encode() if isinstance(body, str) else body
    return web.Response(
        status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


async def drops(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    raise asyncio.CancelledError


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def drops_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(GOOD))})
    await response.prepare(request)
    await response.write(GOOD[:20])
    return await drops(request)


async def hangs_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(GOOD))})
    await response.prepare(request)
    await response.write(GOOD[:20])
    return await hangs(request)


async def refusal_of(client: SamoraClient) -> BotError:
    with pytest.raises(BotError) as refusal:
        await client.get_call(make_call_id())
    return refusal.value


# The request


async def test_a_call_is_asked_for_with_the_key_and_nothing_else(server: Server, client: SamoraClient) -> None:
    server.will(says(200, GOOD))
    call = await client.get_call(make_call_id())
    assert isinstance(call, Call)
    assert (call.id, call.status, call.read_at) == (make_call_id(), "CALL_FINISHED", READ_AT)
    (request,) = server.requests
    assert (request.method, request.path_qs) == ("GET", f"/v1/call/{make_call_id()}")
    assert request.headers["X-API-Key"] == KEY
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Accept-Encoding"] == "identity"
    assert not {"Authorization", "Cookie"} & set(request.headers)
    assert server.outcomes == ["200"]
    assert 0 <= server.seconds[0] < 5


async def test_one_connection_serves_one_call_after_another(server: Server, client: SamoraClient) -> None:
    server.will(says(200, GOOD))
    for n in range(1, 4):
        await client.get_call(make_call_id(n))
    assert len(set(server.peers)) == 1


async def test_many_calls_are_read_at_the_same_time(server: Server, client: SamoraClient) -> None:
    server.will(says(200, GOOD))
    calls = await asyncio.gather(*(client.get_call(make_call_id(n)) for n in range(1, 31)))
    assert [call.id for call in calls] == [make_call_id(n) for n in range(1, 31)]


async def test_a_cookie_that_somebody_sets_is_not_sent_back(server: Server, client: SamoraClient) -> None:
    server.will(says(200, GOOD, Set_Cookie="session=1; Path=/"))
    await client.get_call(make_call_id())
    await client.get_call(make_call_id())
    assert "Cookie" not in server.requests[-1].headers


async def test_cookies_are_not_even_kept(server: Server) -> None:
    server.will(says(200, GOOD, Set_Cookie="session=1; Path=/"))
    async with open_http(base_url=server.url, api_key=KEY) as http:
        await SamoraClient(http=http, clock=lambda: READ_AT).get_call(make_call_id())
        assert dict(http.cookies) == {}


@pytest.mark.parametrize("answer", [says(503, Retry_After="3"), says(429, Retry_After="3"), drops])
async def test_with_one_attempt_nothing_is_tried_again(server: Server, answer: Answer) -> None:
    server.will(answer, says(200, GOOD))
    async with open_http(base_url=server.url, api_key=KEY) as http:
        refusal = await refusal_of(SamoraClient(http=http, clock=lambda: READ_AT, attempts=1))
    assert type(refusal) is SamoraUnavailable
    assert refusal.retry_after == (None if answer is drops else 3.0)
    assert len(server.requests) == 1


async def test_a_base_url_may_have_a_path(server: Server) -> None:
    server.will(says(200, GOOD))
    async with open_http(base_url=f"{server.url}/proxy/", api_key=KEY) as http:
        await SamoraClient(http=http, clock=lambda: READ_AT).get_call(make_call_id())
    assert server.requests[0].path == f"/proxy/v1/call/{make_call_id()}"


@pytest.mark.parametrize("text", ["", "../../admin", "a/b?c=d"])
async def test_nothing_but_a_call_id_ever_reaches_a_path(server: Server, client: SamoraClient, text: str) -> None:
    server.will(says(200, GOOD))
    with pytest.raises(BotError):
        await client.get_call(CallId(text))
    assert server.requests == []


async def test_the_connection_pool_is_closed_with_the_context(server: Server) -> None:
    async with open_http(base_url=server.url, api_key=KEY) as http:
        pass
    assert http.is_closed


# The answer


@pytest.mark.parametrize(
    ("answer", "error", "reason", "requests"),
    [
        (says(404, '{"message": "Call not found"}'), CallNotFound, "no such call", 1),
        (says(400, '{"message": "bad id"}'), SamoraRefused, "HTTP 400", 1),
        (says(401, '{"message": "bad key"}'), SamoraRefused, "HTTP 401", 1),
        (says(403), SamoraRefused, "HTTP 403", 1),
        (says(405), SamoraUnavailable, "HTTP 405", 1),
        (says(418), SamoraUnavailable, "HTTP 418", 1),
        (says(429), SamoraUnavailable, "HTTP 429", 3),
        (says(500, "<html>"), SamoraUnavailable, "HTTP 500", 1),
        (says(502), SamoraUnavailable, "HTTP 502", 3),
        (says(503), SamoraUnavailable, "HTTP 503", 3),
        (says(504), SamoraUnavailable, "HTTP 504", 3),
        (says(201, GOOD), SamoraUnavailable, "HTTP 201", 1),
        (says(204), SamoraUnavailable, "HTTP 204", 1),
        (says(301, Location="/v1/elsewhere"), SamoraUnavailable, "HTTP 301", 1),
        (says(302, Location="https://evil.example/"), SamoraUnavailable, "HTTP 302", 1),
        (says(307, Location="/v1/elsewhere"), SamoraUnavailable, "HTTP 307", 1),
        (says(200, "<html>Welcome</html>", Content_Type="text/html"), SamoraUnavailable, "unreadable answer", 1),
        (says(200, GOOD[:-5]), SamoraUnavailable, "unreadable answer", 1),
        (says(200, '{"message": "ok"}'), SamoraUnavailable, "unreadable answer", 1),
        (says(200), SamoraUnavailable, "unreadable answer", 1),
        (drops, SamoraUnavailable, "connection dropped", 3),
        (drops_in_the_middle, SamoraUnavailable, "connection dropped", 3),
    ],
)
async def test_each_answer_becomes_one_error_after_so_many_requests(
    server: Server, client: SamoraClient, answer: Answer, error: type[BotError], reason: str, requests: int
) -> None:
    server.will(answer)
    refusal = await refusal_of(client)
    assert isinstance(refusal, error)
    assert refusal.reason == reason
    assert len(server.requests) == len(server.outcomes) == requests


@pytest.mark.parametrize("answer", [says(429), says(502), says(503), says(504), drops, drops_in_the_middle])
async def test_a_passing_failure_is_not_noticed(server: Server, client: SamoraClient, answer: Answer) -> None:
    server.will(answer, answer, says(200, GOOD))
    assert (await client.get_call(make_call_id())).status == "CALL_FINISHED"
    assert len(server.requests) == 3
    outcome = str(answer.status) if isinstance(answer, web.Response) else "dropped"
    assert server.outcomes == [outcome, outcome, "200"]


async def test_the_tries_are_quick(server: Server, client: SamoraClient, waits: list[float]) -> None:
    server.will(says(503))
    await refusal_of(client)
    assert len(waits) == 2
    assert all(0 < seconds <= 0.5 for seconds in waits)


async def test_nobody_listens_where_nothing_runs(server: Server) -> None:
    async with open_http(base_url="http://127.0.0.1:1", api_key=KEY) as http:
        refusal = await refusal_of(SamoraClient(http=http, clock=lambda: READ_AT, observe=server.observe))
    assert isinstance(refusal, SamoraUnavailable)
    assert server.outcomes == ["dropped"] * 3


async def test_an_answer_of_one_mebibyte_is_read(server: Server, client: SamoraClient) -> None:
    server.will(says(200, GOOD.ljust(1024 * 1024)))
    assert (await client.get_call(make_call_id())).status == "CALL_FINISHED"


async def test_a_larger_answer_is_refused_unread(server: Server, client: SamoraClient) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1_000):
            sent += 64 * 1024
            await response.write(b" " * 64 * 1024)
        return response

    server.will(endless)
    refusal = await refusal_of(client)
    assert isinstance(refusal, SamoraUnavailable)
    assert refusal.reason == "answer larger than 1 MiB"
    assert sent < 32 * 1024 * 1024
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (says(201, GOOD), "2xx"),
        (says(307, Location="/v1/elsewhere"), "3xx"),
        (says(418), "4xx"),
        (says(500), "500"),
        (says(599), "5xx"),
        (says(999), "9xx"),
        (says(200, "<html>Welcome</html>"), "unreadable"),
    ],
)
async def test_an_outcome_is_of_a_list_that_has_an_end(
    server: Server, client: SamoraClient, answer: Answer, outcome: str
) -> None:
    server.will(answer)
    await refusal_of(client)
    assert server.outcomes == [outcome]


# Retry-After


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("5", 5.0),
        ("Mon, 15 Jan 2024 11:00:03 GMT", 3.0),
        ("Mon, 15 Jan 2024 10:00:00 GMT", 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed_up_to_five_seconds(
    server: Server, client: SamoraClient, waits: list[float], status: int, header: str, seconds: float
) -> None:
    server.will(says(status, Retry_After=header), says(200, GOOD))
    await client.get_call(make_call_id())
    assert waits == [seconds]
    assert server.rests == [seconds, 0.0]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("6", 6.0),
        ("3600", 3600.0),
        ("9" * 400, 86_400.0),
        ("Mon, 15 Jan 2024 12:00:00 GMT", 3600.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
    ],
)
async def test_a_longer_retry_after_is_told_and_not_waited_for(
    server: Server, client: SamoraClient, waits: list[float], header: str, seconds: float
) -> None:
    server.will(says(429, Retry_After=header))
    refusal = await refusal_of(client)
    assert isinstance(refusal, SamoraUnavailable)
    assert (refusal.retry_after, waits, len(server.requests)) == (seconds, [], 1)
    assert server.rests == [seconds]


async def test_a_date_without_a_zone_is_utc(server: Server, client: SamoraClient, waits: list[float]) -> None:
    server.will(says(429, Retry_After="Mon, 15 Jan 2024 11:00:02"), says(200, GOOD))
    await client.get_call(make_call_id())
    assert waits == [2.0]


@pytest.mark.parametrize(
    "header",
    ["", "soon", "-1", "1.5", "١", "Mon, 99 Jan 2024 11:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +" + "9" * 20, "Mon,"],
)
async def test_a_senseless_retry_after_is_ignored(server: Server, client: SamoraClient, header: str) -> None:
    server.will(says(429, Retry_After=header), says(200, GOOD))
    assert (await client.get_call(make_call_id())).status == "CALL_FINISHED"
    assert len(server.requests) == 2


# Time


@pytest.mark.parametrize("answer", [hangs, hangs_in_the_middle])
async def test_a_time_out_is_not_repeated(
    server: Server, client: SamoraClient, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(client_module, "_READ_SECONDS", 0.05)
    server.will(answer)
    refusal = await refusal_of(client)
    assert isinstance(refusal, SamoraUnavailable)
    assert refusal.reason == "time-out"
    assert (len(server.requests), server.outcomes) == (1, ["timeout"])


async def test_a_silent_socket_is_a_time_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_READ_SECONDS", 0.05)
    server.will(hangs)
    async with open_http(base_url=server.url, api_key=KEY) as http:
        monkeypatch.setattr(client_module, "_READ_SECONDS", 5.0)
        refusal = await refusal_of(SamoraClient(http=http, clock=lambda: READ_AT, observe=server.observe))
    assert (refusal.reason, server.outcomes) == ("time-out", ["timeout"])


async def test_all_tries_together_are_bounded(
    server: Server, client: SamoraClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait_for_ever(_: float) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(client_module, "_TOTAL_SECONDS", 0.1)
    server.will(says(503, Retry_After="5"))
    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "sleep", wait_for_ever)
        refusal = await refusal_of(client)
    assert isinstance(refusal, SamoraUnavailable)
    assert refusal.reason == "no answer in time"
    assert len(server.requests) == 1


def test_the_bounds_are_those_of_the_specification() -> None:
    assert client_module._CONNECT_SECONDS == 3
    assert client_module._READ_SECONDS == 10
    assert client_module._TOTAL_SECONDS == 20
    assert client_module._LARGEST_BODY == 1024 * 1024


async def test_a_cancelled_look_up_is_cancelled_and_observed(server: Server, client: SamoraClient) -> None:
    server.will(hangs)
    asking = asyncio.create_task(client.get_call(make_call_id()))
    while not server.requests:
        await asyncio.wait({asking}, timeout=0.005)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert server.outcomes == ["error"]


@pytest.mark.parametrize(
    ("error", "outcome", "requests"),
    [
        (httpx.ConnectTimeout("slow"), "timeout", 1),
        (httpx.PoolTimeout("full"), "timeout", 1),
        (httpx.ReadTimeout("slow"), "timeout", 1),
        (TimeoutError(), "timeout", 1),
        (httpx.ConnectError("refused"), "dropped", 3),
        (httpx.ReadError("cut"), "dropped", 3),
        (httpx.RemoteProtocolError("rubbish"), "dropped", 3),
    ],
)
async def test_each_failure_of_the_transport_is_a_time_out_or_a_drop(
    error: Exception, outcome: str, requests: int
) -> None:
    outcomes: list[str] = []

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    async with SamoraHttp(base_url="https://samora.example", transport=httpx.MockTransport(fail)) as http:
        client = SamoraClient(http=http, clock=lambda: READ_AT, observe=lambda outcome, *_: outcomes.append(outcome))
        refusal = await refusal_of(client)
    assert isinstance(refusal, SamoraUnavailable)
    assert outcomes == [outcome] * requests


# Discretion


@pytest.mark.parametrize(
    "answer",
    [
        says(404, f'{{"message": "{PERSON} {KEY}"}}'),
        says(401, f'{{"message": "{PERSON} {KEY}"}}'),
        says(429, f"{PERSON} {KEY}", Retry_After="99"),
        says(500, f"<html>{PERSON} {KEY}</html>"),
        says(200, f'{{"data": {{"status": 7, "call_variables": {{"email": "{PERSON}", "key": "{KEY}"}}}}}}'),
        says(302, Location=f"https://evil.example/{PERSON}/{KEY}"),
        drops,
        hangs,
    ],
)
async def test_no_error_holds_a_key_a_person_or_a_url(
    server: Server,
    client: SamoraClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
) -> None:
    monkeypatch.setattr(client_module, "_READ_SECONDS", 0.05)
    server.will(answer)
    refusal = await refusal_of(client)
    told = str(refusal) + repr(refusal) + "".join(traceback.format_exception(refusal)) + caplog.text
    link: BaseException | None = refusal
    while link is not None:
        told += f"{link!s}{link!r}"
        assert link.__cause__ is None
        link = None if link.__suppress_context__ else link.__context__
    assert [secret for secret in (KEY, PERSON, server.url, "evil.example", "127.0.0.1") if secret in told] == []


# The sandbox's Samora, which speaks the whole protocol


async def test_every_call_of_the_sandbox_company_can_be_read() -> None:
    async with AsyncExitStack() as stack:
        clock = SandboxClock()
        samora = await stack.enter_async_context(SamoraSandbox(clock=clock))
        http = await stack.enter_async_context(open_http(base_url=samora.url, api_key=samora.api_key))
        client = SamoraClient(http=http, clock=clock.now)
        for call_id, there in samora.calls.items():
            call = await client.get_call(CallId(call_id))
            assert call.status == there.status
            assert dict(call.variables) == dict(there.variables or {})
            assert bool(call.recording_url) is there.has_recording
            assert abs((call.read_at - datetime.now(UTC)).total_seconds()) < 60


async def test_the_sandbox_refuses_wrong_keys_and_unknown_calls_and_commits_faults() -> None:
    async with AsyncExitStack() as stack:
        samora = await stack.enter_async_context(SamoraSandbox(clock=SandboxClock()))
        stranger = await stack.enter_async_context(open_http(base_url=samora.url, api_key="wrong"))
        http = await stack.enter_async_context(open_http(base_url=samora.url, api_key=samora.api_key))
        client = SamoraClient(http=http, clock=lambda: READ_AT)
        assert isinstance(await refusal_of(SamoraClient(http=stranger, clock=lambda: READ_AT)), SamoraRefused)
        assert isinstance(await refusal_of(client), CallNotFound)
        samora.faults.add(Fault(drop=True))
        samora.faults.add(Fault(status=429, retry_after=1))
        assert (await client.get_call(CallId(next(iter(samora.calls))))).read_at == READ_AT
        samora.faults.add(Fault(status=200, body="<html>", content_type="text/html"))
        assert (await refusal_of(client)).reason == "unreadable answer"
