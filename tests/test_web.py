"""The HTTP door: what is let in, what is not, and that nothing of a refused request is written anywhere.

The traps of slack-bolt (bodies parsed before the signature is checked, no limit to their size, forged bodies in the
log, an empty signing secret) each have a test here that is named after them.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from io import BytesIO
from time import time
from typing import Any
from unittest.mock import AsyncMock
from urllib.parse import quote, urlencode

import aiohttp
import pytest
import structlog
import uvicorn

from bot.log import set_up_logging
from bot.slack.listeners.ack import Ack, Acked
from bot.slack.listeners.dispatcher import COMMAND, Dispatcher
from bot.web import LARGEST_BODY, Answer, SlackDoor, Web, read_only
from tests.factories import make_seal

SECRET = "the-signing-secret"
NOW = 1_790_000_000.0
MARK = "PRIVATE-WORDS"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

Headers = list[tuple[bytes, bytes]]


def signature_of(body: bytes, *, at: object = int(NOW), secret: str = SECRET) -> str:
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"


def signed(body: bytes, *, at: object = int(NOW), secret: str = SECRET, content_type: str = FORM) -> dict[str, str]:
    return {
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": signature_of(body, at=at, secret=secret),
        "Content-Type": content_type,
    }


@pytest.fixture(autouse=True)
def logging_is_restored() -> Iterator[None]:
    """What one test sets up, the next one does not find."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("slack_bolt", "slack_sdk", "uvicorn", "asyncio")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


class Heard:
    """A dispatcher, and what reached its listeners."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        listeners = {COMMAND: self._on_command, "event_callback": self._listen, "block_actions": self._listen}
        self.acks: list[tuple[str, str, float]] = []
        self.refusals: list[str] = []
        self.dispatcher = Dispatcher(listeners, seal=make_seal(), observe_ack=lambda *ack: self.acks.append(ack))

    async def _on_command(self, ack: Ack, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        await ack(text="acked")

    async def _listen(self, ack: Ack, body: dict[str, Any]) -> None:
        self.bodies.append(body)
        await ack()


class Server:
    """The web application behind a real uvicorn on loopback."""

    def __init__(self, url: str, port: int, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.port = port
        self.session = session

    async def ask(
        self, method: str, path: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        async with self.session.request(method, f"{self.url}{path}", data=BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.text()

    async def deliver(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
        return await self.ask("POST", "/slack/events", body=body, headers=signed(body) if headers is None else headers)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def make_door(heard: Heard, *, clock: Callable[[], float] = time) -> SlackDoor:
    return SlackDoor(
        dispatcher=heard.dispatcher, signing_secret=SECRET, observe_refusal=heard.refusals.append, clock=clock
    )


def make_web(heard: Heard) -> Web:
    return Web(
        {
            ("GET", "/healthz"): read_only(lambda: Answer.of_json(200, {"status": "alive"})),
            ("POST", "/slack/events"): make_door(heard, clock=lambda: NOW),
        }
    )


@pytest.fixture
async def server(heard: Heard) -> AsyncIterator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        make_web(heard), http="httptools", ws="none", lifespan="off", interface="asgi3", access_log=False,
        log_config=None, timeout_graceful_shutdown=1,
    )  # fmt: skip
    uvicorn_server = uvicorn.Server(config)
    uvicorn_server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(uvicorn_server.serve(sockets=[listening]))
    port = listening.getsockname()[1]
    async with aiohttp.ClientSession() as session:
        yield Server(f"http://127.0.0.1:{port}", port, session)
    uvicorn_server.should_exit = True
    await serving


def command(text: str = MARK) -> bytes:
    fields = {
        "command": "/samora-call", "text": text, "team_id": "T1", "user_id": "U1", "channel_id": "C1",
        "api_app_id": "A1", "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/commands/T1/2/3",
    }  # fmt: skip
    return urlencode(fields).encode()


async def ask_asgi(
    web: Web,
    *,
    chunks: list[dict[str, Any]] | None = None,
    headers: Headers | None = None,
    method: str = "POST",
    path: str = "/slack/events",
    receive: Callable[[], Awaitable[dict[str, Any]]] | None = None,
) -> tuple[int, bytes, Headers]:
    """Calls the application as a server does, where no HTTP client would send such a thing."""
    waiting = chunks if chunks is not None else [{"type": "http.request", "body": b""}]
    sent: list[Any] = []

    async def give() -> dict[str, Any]:
        return waiting.pop(0)

    async def take(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers or []}
    await web(scope, receive or give, take)
    start, body = sent
    return start["status"], body["body"], start["headers"]


async def deliver_asgi(heard: Heard, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """What ``Server.deliver`` does, without a socket."""
    status, text, _ = await ask_asgi(
        make_web(heard),
        chunks=[{"type": "http.request", "body": body}],
        headers=[(name.lower().encode(), value.encode()) for name, value in headers.items()],
    )
    return status, text.decode()


# What is told of it


async def test_an_ack_is_timed_from_when_its_request_came(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's three seconds begin there, and not once a slow body has been read."""
    body, now = command(), 100.0
    monkeypatch.setattr("bot.web.perf_counter", lambda: now)

    async def receive() -> dict[str, Any]:
        nonlocal now
        now += 2.5
        return {"type": "http.request", "body": body}

    headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]
    await ask_asgi(make_web(heard), receive=receive, headers=headers)

    assert heard.acks == [("command", "http", 2.5)]


async def test_of_what_nobody_listens_to_no_ack_is_timed(heard: Heard) -> None:
    """A type is Slack's word, and whoever signs may say any: no label is made of it."""
    body = json.dumps({"type": "whatever_they_think_of_next"}).encode()

    assert (await deliver_asgi(heard, body, signed(body, content_type=JSON)))[0] == 200
    # Over a connection they all come through Bolt, and are acked alike.
    heard.dispatcher.note_ack("socket", {"type": "whatever_they_think_of_next"}, 0.1)
    heard.dispatcher.note_ack("socket", {"type": "block_actions"}, 0.2)

    assert heard.acks == [("block_actions", "socket", 0.2)]


async def test_what_is_not_acked_is_not_timed(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is too much under way, and Slack sends it again."""
    monkeypatch.setattr(heard.dispatcher, "dispatch", AsyncMock(return_value=Acked(status=503)))

    assert (await deliver_asgi(heard, command(), signed(command())))[0] == 503
    assert heard.acks == []


@pytest.mark.parametrize(
    ("body", "secret", "outcome"),
    [
        (b"x=1", "", "unsigned"),
        (b"x=1", "guessed", "wrong_signature"),
        (b" " * (LARGEST_BODY + 1), SECRET, "large"),
        (b"{broken", SECRET, "unreadable"),
    ],
)
async def test_what_is_refused_at_the_door_is_counted(heard: Heard, body: bytes, secret: str, outcome: str) -> None:
    headers = signed(body, content_type=JSON, secret=secret) if secret else {}
    status, _ = await deliver_asgi(heard, body, headers)

    assert status >= 400
    assert heard.refusals == [outcome]


# What is let in


async def test_a_signed_command_reaches_its_listener_and_the_ack_comes_back(server: Server, heard: Heard) -> None:
    status, text = await server.deliver(command())

    assert (status, text) == (200, "acked")
    assert [body["text"] for body in heard.bodies] == [MARK]


async def test_a_signed_interaction_reaches_its_listener(server: Server, heard: Heard) -> None:
    payload = {"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"},
               "actions": [{"action_id": "recording", "value": "v", "type": "button"}]}  # fmt: skip
    sealed = payload | {"actions": make_seal(team="T1").seal(payload["actions"])}

    status, text = await server.deliver(urlencode({"payload": json.dumps(sealed)}).encode())

    assert (status, text) == (200, "")
    assert heard.bodies == [payload]


async def test_a_signed_event_reaches_its_listener(server: Server, heard: Heard) -> None:
    payload = {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "event": {"type": "app_mention", "user": "U1"},
    }
    body = json.dumps(payload).encode()

    status, _ = await server.deliver(body, signed(body, content_type=JSON))

    assert status == 200
    assert heard.bodies == [payload]


async def test_text_that_is_not_ascii_is_signed_as_it_travels(server: Server, heard: Heard) -> None:
    payload = {"type": "event_callback", "event": {"type": "app_mention", "text": "où est l'appel 📞?"}}
    body = json.dumps(payload, ensure_ascii=False).encode()

    status, _ = await server.deliver(body, signed(body, content_type=JSON))

    assert status == 200
    assert heard.bodies == [payload]


async def test_header_names_come_in_any_case(heard: Heard) -> None:
    # uvicorn hands them on in lower case; h2 proxies do too. The values are what counts.
    body = command()
    headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]

    status, _, _ = await ask_asgi(make_web(heard), chunks=[{"type": "http.request", "body": body}], headers=headers)

    assert status == 200


async def test_a_body_in_pieces_is_put_together_before_it_is_checked(heard: Heard) -> None:
    body = command()
    headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]
    chunks: list[dict[str, Any]] = [{"type": "http.request", "body": bytes([byte]), "more_body": True} for byte in body]

    status, _, _ = await ask_asgi(make_web(heard), chunks=[*chunks, {"type": "http.request"}], headers=headers)

    assert status == 200
    assert heard.bodies[0]["text"] == MARK


async def test_url_verification_is_answered_with_its_challenge(server: Server) -> None:
    body = json.dumps({"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"}).encode()

    status, text = await server.deliver(body, signed(body, content_type=JSON))

    assert status == 200
    assert json.loads(text) == {"challenge": "3eZbrw1aB"}


async def test_url_verification_without_a_signature_is_refused(server: Server) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()

    status, text = await server.deliver(body, {"Content-Type": JSON})

    assert (status, text) == (401, "")


async def test_ssl_check_is_answered(server: Server, heard: Heard) -> None:
    status, text = await server.deliver(b"ssl_check=1&token=legacy")

    assert (status, text) == (200, "")
    assert heard.bodies == []


# Signatures and timestamps


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
async def test_a_timestamp_within_five_minutes_is_fine(heard: Heard, seconds: int) -> None:
    body = command()

    status, _ = await deliver_asgi(heard, body, signed(body, at=int(NOW) + seconds))

    assert status == 200


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400, -int(NOW)])
async def test_a_timestamp_older_or_newer_than_five_minutes_is_refused_though_rightly_signed(
    heard: Heard, seconds: int
) -> None:
    body = command()

    status, text = await deliver_asgi(heard, body, signed(body, at=int(NOW) + seconds))

    assert (status, text) == (401, "")
    assert heard.bodies == []


@pytest.mark.parametrize("missing", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
async def test_a_request_without_one_of_the_two_headers_is_refused(heard: Heard, missing: str) -> None:
    body = command()
    headers = signed(body)
    del headers[missing]

    assert await deliver_asgi(heard, body, headers) == (401, "")
    assert heard.bodies == []


async def test_an_unsigned_request_is_refused(server: Server, heard: Heard) -> None:
    assert await server.deliver(command(), {"Content-Type": FORM}) == (401, "")
    assert heard.bodies == []


async def test_a_request_signed_with_another_secret_is_refused(heard: Heard) -> None:
    body = command()

    assert await deliver_asgi(heard, body, signed(body, secret="guessed")) == (401, "")
    assert heard.bodies == []


async def test_a_request_whose_body_was_changed_is_refused(heard: Heard) -> None:
    assert await deliver_asgi(heard, command() + b"&text=more", signed(command())) == (401, "")
    assert heard.bodies == []


async def test_a_signature_for_another_moment_is_refused(heard: Heard) -> None:
    body = command()

    headers = signed(body) | {"X-Slack-Request-Timestamp": str(int(NOW) + 1)}

    assert await deliver_asgi(heard, body, headers) == (401, "")


RIGHT = signature_of(command()).encode()
MOMENT = str(int(NOW)).encode()
BAD_SIGNATURES = [
    b"", b"v0=", b"v0", b"v1=" + RIGHT[3:], RIGHT[:-1], RIGHT + b"0", RIGHT.upper(), b"v0=" + b"g" * 64, b" " + RIGHT,
    RIGHT + b"\n", "v0=é".encode(), b"v0=\xff" + RIGHT[4:], b"\xff\xfe", RIGHT.replace(b"=", b":"),
]  # fmt: skip
BAD_TIMESTAMPS = [
    b"", b"soon", b"-1", b"+" + MOMENT, MOMENT + b".0", b" " + MOMENT, MOMENT + b"\n", b"0x10", b"1e9", b"9" * 5000,
    "١٧٩".encode(), b"\xb2", b"nan", b"inf", MOMENT[:3] + b"_" + MOMENT[3:],
]  # fmt: skip


@pytest.mark.parametrize("signature", BAD_SIGNATURES, ids=repr)
async def test_a_malformed_or_non_ascii_signature_is_refused_and_not_a_500(heard: Heard, signature: bytes) -> None:
    headers = [(b"x-slack-signature", signature), (b"x-slack-request-timestamp", MOMENT)]
    chunks = [{"type": "http.request", "body": command()}]

    status, body, _ = await ask_asgi(make_web(heard), chunks=chunks, headers=headers)

    assert (status, body) == (401, b"")
    assert heard.bodies == []


@pytest.mark.parametrize("timestamp", BAD_TIMESTAMPS, ids=lambda value: repr(value[:20]))
async def test_a_malformed_or_non_numeric_timestamp_is_refused_and_not_a_500(heard: Heard, timestamp: bytes) -> None:
    digest = hmac.new(SECRET.encode(), b"v0:" + timestamp + b":" + command(), hashlib.sha256).hexdigest().encode()
    headers = [(b"x-slack-signature", b"v0=" + digest), (b"x-slack-request-timestamp", timestamp)]
    chunks = [{"type": "http.request", "body": command()}]

    status, body, _ = await ask_asgi(make_web(heard), chunks=chunks, headers=headers)

    assert (status, body) == (401, b"")
    assert heard.bodies == []


async def test_a_non_ascii_signature_over_the_wire_is_refused(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
        b"X-Slack-Signature: v0=\xff\xe9\r\nX-Slack-Request-Timestamp: " + MOMENT + b"\r\n\r\n{}"
    )
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_missing_signature_is_refused_before_the_body_is_read(heard: Heard) -> None:
    async def never() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    status, _, _ = await ask_asgi(make_web(heard), receive=never)

    assert status == 401


async def test_a_wrong_signature_is_refused_before_the_body_is_parsed(server: Server) -> None:
    """Bolt alone answers 500 with a traceback here: it parses first."""
    for body, content_type in [(b"{broken", JSON), (b"payload={broken", FORM), (b"\xff\xfe\x00", FORM)]:
        headers = signed(body, secret="guessed", content_type=content_type)

        assert await server.deliver(body, headers) == (401, "")


@pytest.mark.parametrize("secret", ["", None])
def test_an_empty_signing_secret_is_refused_at_construction(heard: Heard, secret: Any) -> None:
    with pytest.raises(ValueError, match="empty signing secret"):
        SlackDoor(dispatcher=heard.dispatcher, signing_secret=secret)


async def test_the_clock_is_the_real_one_unless_another_is_given(heard: Heard) -> None:
    web = Web({("POST", "/slack/events"): make_door(heard)})
    body = command()
    headers = [(name.lower().encode(), value.encode()) for name, value in signed(body, at=1_000_000_000).items()]

    status, _, _ = await ask_asgi(web, chunks=[{"type": "http.request", "body": body}], headers=headers)

    assert status == 401


# Bodies that are signed and yet not Slack's


DEEP = b"[" * 100_000
UNREADABLE = [
    (b"{broken", JSON),
    (b'{"type":', JSON),
    (b'{"a": ' + DEEP, JSON),
    (b'{"a": ' + b"1" * 5000 + b"}", JSON),
    (b"[]", JSON),
    (b"[1, 2]", JSON),
    (b"null", JSON),
    (b"17", JSON),
    (b'"text"', JSON),
    (b"payload=", FORM),
    (b"payload={broken", FORM),
    (b"payload=[]", FORM),
    (b"payload=null", FORM),
    (b"payload=3", FORM),
    (b"payload=" + quote(DEEP.decode()).encode(), FORM),
    (b"\xff\xfe\x00", FORM),
    (b'{"type": "\xff"}', JSON),
    ('{"type": "é"}'.encode("latin-1"), JSON),
]


@pytest.mark.parametrize(("body", "content_type"), UNREADABLE, ids=[repr(body[:24]) for body, _ in UNREADABLE])
async def test_a_signed_body_that_cannot_be_read_is_a_400_without_a_traceback(
    heard: Heard, caplog: pytest.LogCaptureFixture, body: bytes, content_type: str
) -> None:
    status, text = await deliver_asgi(heard, body, signed(body, content_type=content_type))

    assert (status, text) == (400, "")
    assert heard.bodies == []
    assert not [record for record in caplog.records if record.exc_info]


STRANGE: list[dict[str, Any]] = [
    {"type": "event_callback"},
    {"type": "event_callback", "event": {"type": None}},
    {"type": "event_callback", "event": {"type": 3}},
    {"type": "event_callback", "event": {"type": "app_mention"}, "authorizations": [None]},
    {"type": "event_callback", "event": {"type": "app_mention"}, "authorizations": "x"},
    {"type": "event_callback", "event": {"type": "app_mention"}, "team_id": {"id": 1}},
    {"type": "block_actions"},
    {"type": "view_submission"},
    {"type": "view_closed", "view": {}},
    {"type": "shortcut"},
    {"type": "message_action", "message": None},
    {"type": "block_suggestion"},
    {"type": "url_verification"},
    {"type": "nothing_of_slacks"},
    {"type": ["list"]},
    {"type": None},
    {"user": 3},
    {"team": 3},
    {"enterprise": 3},
    {},
]
STRANGER: list[dict[str, Any]] = [
    {"type": "event_callback", "event": None},
    {"type": "event_callback", "event": []},
    {"type": "event_callback", "event": "app_mention"},
    {"type": "block_actions", "actions": None},
    {"type": "block_actions", "actions": []},
    {"type": "block_actions", "actions": [None]},
    {"type": "block_actions", "actions": {}},
    {"type": "block_actions", "actions": ["recording"]},
    {"type": "block_actions", "actions": [{}]},
    {"type": "view_submission", "view": None},
    {"type": "view_submission", "view": "V1"},
]


def enclosed(payload: dict[str, Any], *, in_form: bool) -> tuple[bytes, dict[str, str]]:
    text = json.dumps(payload)
    body = urlencode({"payload": text}).encode() if in_form else text.encode()
    return body, signed(body, content_type=FORM if in_form else JSON)


@pytest.mark.parametrize("in_form", [False, True], ids=["json", "payload"])
@pytest.mark.parametrize("payload", STRANGE, ids=json.dumps)
async def test_a_signed_payload_of_a_strange_shape_is_never_a_500(
    heard: Heard, caplog: pytest.LogCaptureFixture, payload: dict[str, Any], in_form: bool
) -> None:
    status, _ = await deliver_asgi(heard, *enclosed(payload, in_form=in_form))

    assert status < 500
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_signed_payload_with_a_piece_of_the_wrong_kind_is_never_a_500(heard: Heard) -> None:
    """Bolt's own matchers would stumble over these, and log a traceback."""
    answers = {json.dumps(payload): await deliver_asgi(heard, *enclosed(payload, in_form=True)) for payload in STRANGER}

    assert [payload for payload, (status, _) in answers.items() if status >= 500] == []


async def test_an_empty_signed_body_is_never_a_500(heard: Heard) -> None:
    status, _ = await deliver_asgi(heard, b"", signed(b""))

    assert status < 500


# Sizes and speeds


async def test_a_body_of_exactly_1_mib_is_read(server: Server, heard: Heard) -> None:
    body = command("x")
    body += b"x" * (LARGEST_BODY - len(body))

    status, _ = await server.deliver(body)

    assert status == 200
    assert len(heard.bodies) == 1


async def test_a_body_announced_as_larger_than_1_mib_is_refused_unread(heard: Heard) -> None:
    async def never() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    headers = [(b"x-slack-signature", RIGHT), (b"x-slack-request-timestamp", MOMENT),
               (b"content-length", str(LARGEST_BODY + 1).encode())]  # fmt: skip

    status, body, _ = await ask_asgi(make_web(heard), headers=headers, receive=never)

    assert (status, body) == (413, b"")


@pytest.mark.parametrize("announced", [b"many", b"-1", b"1e3", b"", b"\xb2"])
async def test_a_body_announced_in_no_number_is_refused(heard: Heard, announced: bytes) -> None:
    headers = [(b"x-slack-signature", RIGHT), (b"x-slack-request-timestamp", MOMENT), (b"content-length", announced)]

    status, _, _ = await ask_asgi(make_web(heard), headers=headers)

    assert status == 413


async def test_a_body_in_chunks_is_refused_as_soon_as_it_passes_1_mib(heard: Heard) -> None:
    given = 0

    async def endless() -> dict[str, Any]:
        nonlocal given
        given += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    headers = [(b"x-slack-signature", RIGHT), (b"x-slack-request-timestamp", MOMENT)]

    status, body, _ = await ask_asgi(make_web(heard), headers=headers, receive=endless)

    assert (status, body) == (413, b"")
    assert given == 17


async def test_a_body_larger_than_1_mib_over_the_wire_is_refused_announced_or_chunked(server: Server) -> None:
    body = b"text=" + MARK.encode() + b"x" * (LARGEST_BODY + 1)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for data in (BytesIO(body), pieces()):
        try:
            async with server.session.post(f"{server.url}/slack/events", data=data, headers=signed(body)) as answer:
                assert answer.status == 413
        except aiohttp.ClientOSError:
            continue  # the server has answered and hung up while the rest was still on its way
    assert (await server.ask("GET", "/healthz"))[0] == 200


async def test_a_body_that_trickles_is_given_up_with_a_408(
    server: Server, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web._BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-Slack-Signature: "
        + RIGHT + b"\r\nX-Slack-Request-Timestamp: " + MOMENT + b"\r\n\r\nhalf"
    )  # fmt: skip

    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert heard.bodies == []


async def test_a_body_cut_off_half_way_is_refused(heard: Heard) -> None:
    body = command()
    headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]
    chunks: list[dict[str, Any]] = [
        {"type": "http.request", "body": body[:20], "more_body": True},
        {"type": "http.disconnect"},
    ]

    status, _, _ = await ask_asgi(make_web(heard), chunks=chunks, headers=headers)

    assert status == 408
    assert heard.bodies == []


# Methods and paths


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_slacks_path_takes_posts_only(heard: Heard, method: str) -> None:
    status, _, headers = await ask_asgi(make_web(heard), method=method)
    assert (status, dict(headers)[b"allow"]) == (405, b"POST")


async def test_a_get_or_head_of_slacks_path_is_refused_and_has_no_body(server: Server) -> None:
    assert await server.ask("GET", "/slack/events") == (405, "")
    assert await server.ask("HEAD", "/slack/events") == (405, "")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("path", ["/", "", "/slack", "/slack/events/", "/SLACK/EVENTS", "/.env", "/healthz/x", "/../"])
async def test_an_unknown_path_is_a_404(heard: Heard, method: str, path: str) -> None:
    assert (await ask_asgi(make_web(heard), method=method, path=path))[:2] == (404, b"")


async def test_an_unknown_path_over_the_wire_is_a_404(server: Server) -> None:
    assert await server.ask("GET", "/nothing/here?x=1") == (404, "")
    assert await server.ask("HEAD", "/nothing/here") == (404, "")


async def test_a_report_is_read_and_not_written(server: Server) -> None:
    status, text = await server.ask("GET", "/healthz")
    assert (status, json.loads(text)) == (200, {"status": "alive"})

    async with server.session.post(f"{server.url}/healthz") as answer:
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_query_does_not_change_where_a_request_goes(server: Server) -> None:
    assert (await server.ask("GET", "/healthz?verbose=1"))[0] == 200


async def test_an_answer_says_what_it_is_and_how_long(heard: Heard) -> None:
    status, body, headers = await ask_asgi(make_web(heard), method="GET", path="/healthz")

    assert status == 200
    assert dict(headers) == {b"content-type": b"application/json", b"content-length": str(len(body)).encode()}


async def test_lengths_are_counted_in_bytes() -> None:
    web = Web({("GET", "/"): read_only(lambda: Answer(200, "né"))})

    _, body, headers = await ask_asgi(web, method="GET", path="/")

    assert body == "né".encode()
    assert (b"content-length", b"3") in headers


# Logs


REFUSED = {
    "unsigned": ({"Content-Type": FORM}, 401),
    "forged": (signed(command(), secret="guessed"), 401),
    "old": (signed(command(), at=int(NOW) - 301), 401),
    "unreadable": (signed(b"payload={" + command(), content_type=FORM), 400),
}


@pytest.mark.parametrize("kind", list(REFUSED))
async def test_nothing_of_a_refused_body_is_logged_whatever_the_level(
    heard: Heard, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Bolt's own check writes the whole raw body at INFO, response_url and trigger included."""
    set_up_logging(level="DEBUG", form="json", secrets=[])
    headers, expected = REFUSED[kind]
    body = b"payload={" + command() if kind == "unreadable" else command()

    status, _ = await deliver_asgi(heard, body, headers)

    written = capsys.readouterr()
    lines = [json.loads(line) for line in written.err.splitlines() if line.startswith("{")]
    assert status == expected
    assert [line["event"] for line in lines if line["event"].endswith(("_refused", "_request"))]
    for private in (MARK, "hooks.slack.com", "trigger_id", "1.2.3", headers.get("X-Slack-Signature", MARK)):
        assert private not in written.err + written.out


async def test_a_refusal_is_logged_with_its_reason(heard: Heard, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(level="INFO", form="json", secrets=[])

    await deliver_asgi(heard, command(), signed(command(), secret="guessed"))

    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["event"] == "request_refused"
    assert (line["status"], line["outcome"]) == (401, "wrong_signature")


async def test_an_unreadable_request_is_logged_by_its_size_alone(
    heard: Heard, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging(level="INFO", form="json", secrets=[])
    body = b"{broken " + MARK.encode()

    await deliver_asgi(heard, body, signed(body, content_type=JSON))

    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["event"] == "unreadable_request"
    assert line["bytes"] == len(body)
    assert line["level"] == "warning"
