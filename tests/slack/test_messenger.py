"""The messenger against a real HTTP server: one request per call, one session, and Slack's errors as ours."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from pytest_mock import MockerFixture
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.errors import (
    AppUninstalled,
    BotError,
    ChannelUnavailable,
    EditRefused,
    MessageGone,
    ModalClosed,
    PermanentError,
    SlackUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.slack.blocks import Message, section
from bot.slack.client import make_web_client, open_session
from bot.slack.messenger import Messenger
from bot.slack.payloads import Place
from bot.slack.refusals import translate
from tests.factories import make_seal

TOKEN = "xoxb-1-secret"
WORDS = Message("words", (section("blocks"),))
SINCE = datetime(2024, 1, 15, 11, 0, tzinfo=UTC)
KEY = ConnectionKey("slack.com", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Got:
    """A request as the server got it."""

    path: str
    body: Any
    token: str
    port: int


class FakeSlack:
    """An HTTP server that answers as it is told and remembers every request."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[Handler] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        is_form = request.content_type == "application/x-www-form-urlencoded"
        body = dict(parse_qsl(text)) if is_form else json.loads(text)
        peer = request.transport.get_extra_info("peername") if request.transport else ("", 0)
        self.got.append(Got(request.path, body, request.headers.get("Authorization", ""), peer[1]))
        handler = self.answers.pop(0) if self.answers else fine
        return await handler(request)

    @property
    def paths(self) -> list[str]:
        return [got.path for got in self.got]


async def fine(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True, "ts": "1.2", "view": {"id": "V1"}})


async def drop(request: web.Request) -> web.Response:
    """Takes the request, and cuts the line instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def answering(
    status: int = 200, body: bytes | str = b"", content_type: str = "application/json", **headers: str
) -> Handler:
    async def handler(_request: web.Request) -> web.Response:
        content = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=content, headers={"Content-Type": content_type, **headers})

    return handler


def refusing(code: str, status: int = 200) -> Handler:
    return answering(status, json.dumps({"ok": False, "error": code}))


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    fake = FakeSlack()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", fake.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


@pytest.fixture
async def messenger(slack: FakeSlack) -> AsyncIterator[Messenger]:
    async with open_messenger(f"{slack.url}/api/") as messenger:
        yield messenger


@contextlib.asynccontextmanager
async def open_messenger(api_url: str) -> AsyncIterator[Messenger]:
    async with open_session(api_url=api_url) as session:
        yield Messenger(
            web=make_web_client(session=session, api_url=api_url, token=TOKEN), session=session, seal=make_seal()
        )


@pytest.fixture
def place(slack: FakeSlack) -> Place:
    return Place(
        channel_id="C1", user_id="U1", message_ts="5.5", is_private=True, trigger_id="1.1.t",
        response_url=f"{slack.url}/response/R1",
    )  # fmt: skip


async def post(messenger: Messenger) -> str:
    return await messenger.post(channel="C1", thread_ts="", message=WORDS)


# What is sent


async def test_a_post_carries_text_and_blocks_and_neither_pings_nor_unfurls(
    slack: FakeSlack, messenger: Messenger
) -> None:
    ts = await messenger.post(channel="C1", thread_ts="5.5", message=WORDS)

    (got,) = slack.got
    assert ts == "1.2"
    assert (got.path, got.token) == ("/api/chat.postMessage", f"Bearer {TOKEN}")
    assert got.body == {
        "channel": "C1", "thread_ts": "5.5", "text": "words", "blocks": [section("blocks")], "parse": "none",
        "link_names": False, "unfurl_links": False, "unfurl_media": False,
    }  # fmt: skip


async def test_outside_threads_no_thread_is_named(slack: FakeSlack, messenger: Messenger) -> None:
    await post(messenger)

    assert "thread_ts" not in slack.got[0].body


async def test_an_update_carries_blocks_and_text_as_text_alone_deletes_the_blocks(
    slack: FakeSlack, messenger: Messenger
) -> None:
    await messenger.update(channel="C1", ts="5.5", message=WORDS)

    assert slack.got[0].path == "/api/chat.update"
    assert (slack.got[0].body["text"], slack.got[0].body["blocks"]) == ("words", [section("blocks")])


async def test_a_message_without_blocks_sends_none(slack: FakeSlack, messenger: Messenger) -> None:
    await messenger.post(channel="C1", thread_ts="", message=Message("words"))

    assert "blocks" not in slack.got[0].body


@pytest.mark.parametrize(("view_id", "method"), [("", "views.open"), ("V0", "views.push")])
async def test_a_modal_is_opened_or_put_on_top_of_the_one_pressed_in(
    slack: FakeSlack, messenger: Messenger, place: Place, view_id: str, method: str
) -> None:
    opened = await messenger.open_view(replace(place, view_id=view_id), {"type": "modal"})

    assert opened == "V1"
    assert slack.got[0].path == f"/api/{method}"
    assert slack.got[0].body == {"trigger_id": "1.1.t", "view": {"type": "modal"}}


async def test_a_modal_is_redrawn_by_its_id(slack: FakeSlack, messenger: Messenger) -> None:
    await messenger.update_view("V1", {"type": "modal"})

    assert (slack.got[0].path, slack.got[0].body) == ("/api/views.update", {"view_id": "V1", "view": {"type": "modal"}})


async def test_a_home_is_drawn_for_one_person(slack: FakeSlack, messenger: Messenger) -> None:
    await messenger.publish_home("U1", {"type": "home"})

    assert (slack.got[0].path, slack.got[0].body) == ("/api/views.publish", {"user_id": "U1", "view": {"type": "home"}})


# Keys, and finding by them


async def test_a_key_travels_in_the_metadata_and_only_where_there_is_one(
    slack: FakeSlack, messenger: Messenger
) -> None:
    await messenger.post(channel="C1", thread_ts="", message=WORDS, key="k3y")
    await post(messenger)

    assert slack.got[0].body["metadata"] == {"event_type": "samora_call", "event_payload": {"key": "k3y"}}
    assert "metadata" not in slack.got[1].body


async def test_a_reply_is_shown_in_the_channel_too_only_where_that_is_wanted(
    slack: FakeSlack, messenger: Messenger
) -> None:
    await messenger.post(channel="C1", thread_ts="5.5", message=WORDS, broadcast=True)
    await messenger.post(channel="C1", thread_ts="5.5", message=WORDS)

    assert slack.got[0].body["reply_broadcast"] is True
    assert "reply_broadcast" not in slack.got[1].body


def page(*keys: str, cursor: str = "") -> Handler:
    """A page of messages with these keys; each has its key's number as its ts."""
    messages = [
        {"ts": f"{key}.0", "metadata": {"event_type": "samora_call", "event_payload": {"key": key}}} for key in keys
    ]
    others = [{"ts": "0.1"}, {"ts": "0.2", "metadata": None}, {"ts": "0.3", "metadata": {"event_payload": []}}]
    answer = {"ok": True, "messages": others + messages, "response_metadata": {"next_cursor": cursor}}
    return answering(200, json.dumps(answer))


async def find(messenger: Messenger, key: str, *, thread_ts: str = "5.5") -> str | None:
    return await messenger.find(channel="C1", thread_ts=thread_ts, key=key, since=SINCE)


async def test_a_message_is_looked_for_in_its_thread(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [page("1", "2", "3")]

    assert await find(messenger, "2") == "2.0"

    (got,) = slack.got
    assert got.path == "/api/conversations.replies"
    assert got.token == f"Bearer {TOKEN}"
    assert got.body == {
        "channel": "C1", "ts": "5.5", "oldest": "1705316100.000000", "limit": "200", "include_all_metadata": "1",
    }  # fmt: skip


async def test_a_message_outside_threads_is_looked_for_in_the_channel(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [page("1")]

    assert await find(messenger, "1", thread_ts="") == "1.0"

    assert slack.paths == ["/api/conversations.history"]
    assert "ts" not in slack.got[0].body


async def test_what_is_not_there_is_not_found(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [page("1"), answering(200, '{"ok": true}'), answering(200, '{"ok": true, "messages": null}')]

    for _ in range(3):
        assert await find(messenger, "2") is None

    assert len(slack.got) == 3


async def test_the_look_goes_on_over_several_pages(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [page("1", cursor="c1"), page(cursor="c2"), page("3", cursor="c3")]

    assert await find(messenger, "3") == "3.0"

    assert [got.body.get("cursor") for got in slack.got] == [None, "c1", "c2"]


async def test_the_look_ends_after_five_pages(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [page("1", cursor=f"c{n}") for n in range(9)]

    assert await find(messenger, "2") is None

    assert len(slack.got) == 5


async def test_where_history_is_not_granted_the_look_says_so(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [refusing("missing_scope")]

    with pytest.raises(TokenRefused, match="missing_scope"):
        await find(messenger, "1")


async def test_a_refused_look_says_when_to_come_back(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [answering(429, b"", "text/html", **{"Retry-After": "30"})]

    with pytest.raises(SlackUnavailable) as error:
        await find(messenger, "1")

    assert error.value.retry_after == 30.0


# A thread whose root was deleted

IN_THREAD = {"ts": "1.2", "bot_id": "B1", "thread_ts": "5.5"}
FELL_OUT = {"ts": "1.2", "bot_id": "B1"}


def posted(message: object) -> Handler:
    return answering(200, json.dumps({"ok": True, "channel": "C1", "ts": "1.2", "message": message}))


@pytest.mark.parametrize("message", [IN_THREAD, None, {}, {"ts": "1.2"}, "text"], ids=repr)
async def test_a_reply_that_stands_in_its_thread_stays(slack: FakeSlack, messenger: Messenger, message: object) -> None:
    """Likewise one of which Slack says too little to tell."""
    slack.answers = [posted(message)]

    assert await messenger.post(channel="C1", thread_ts="5.5", message=WORDS) == "1.2"

    assert slack.paths == ["/api/chat.postMessage"]


async def test_a_message_that_was_meant_for_the_channel_is_where_it_belongs(
    slack: FakeSlack, messenger: Messenger
) -> None:
    slack.answers = [posted(FELL_OUT)]

    assert await post(messenger) == "1.2"

    assert slack.paths == ["/api/chat.postMessage"]


@pytest.mark.parametrize(
    "deleting",
    [
        answering(200, '{"ok": true}'),
        refusing("message_not_found"),
        refusing("cant_delete_message"),
        answering(429),
        answering(503),
        drop,
    ],
)
async def test_a_reply_that_fell_out_of_its_thread_is_taken_away_and_told(
    slack: FakeSlack, messenger: Messenger, deleting: Handler
) -> None:
    """Were the answer of the deletion told instead, the relay would think that nothing was posted, and post again."""
    slack.answers = [posted(FELL_OUT), deleting]

    with pytest.raises(MessageGone, match="thread_not_found"):
        await messenger.post(channel="C1", thread_ts="5.5", message=WORDS)

    assert slack.paths == ["/api/chat.postMessage", "/api/chat.delete"]
    assert slack.got[1].body == {"channel": "C1", "ts": "1.2"}


# One session, one request


async def test_one_shared_session_several_calls_reuse_one_connection(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    """AsyncWebClient opens a new session, and with it a new connection, for each call unless it is given one."""
    for _ in range(3):
        await post(messenger)
    await messenger.tell(place, WORDS)
    await messenger.open_view(place, {"type": "modal"})

    assert len(slack.got) == 5
    assert len({got.port for got in slack.got}) == 1


async def test_the_sdks_silent_second_post_does_not_happen_when_the_line_drops_after_acceptance(
    slack: FakeSlack, messenger: Messenger
) -> None:
    """By default slack-sdk posts once more on a connection error: the message would stand there twice."""
    slack.answers = [drop]

    with pytest.raises(SlackUnavailable) as error:
        await post(messenger)

    assert error.value.retry_after is None, "nobody knows whether it was posted"
    assert slack.paths == ["/api/chat.postMessage"]


async def test_a_kept_alive_line_that_drops_is_not_a_reason_to_post_again_either(
    slack: FakeSlack, messenger: Messenger
) -> None:
    slack.answers = [fine, drop]
    await post(messenger)

    with pytest.raises(SlackUnavailable):
        await post(messenger)

    assert len(slack.got) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_refused_post_is_not_repeated(slack: FakeSlack, messenger: Messenger, status: int) -> None:
    slack.answers = [answering(status)]

    with pytest.raises(SlackUnavailable):
        await post(messenger)

    assert len(slack.got) == 1


async def test_every_call_has_a_time_limit(slack: FakeSlack, monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    """With a session of one's own, the SDK's timeout no longer applies: the session's must."""
    monkeypatch.setattr("bot.slack.client.SLACK_SECONDS", 0.05)
    hangs_until = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await hangs_until.wait()
        return web.Response()

    slack.answers = [hang, hang]
    async with open_messenger(f"{slack.url}/api/") as messenger:
        with pytest.raises(SlackUnavailable, match=r"no answer to chat\.postMessage"):
            await post(messenger)
        with pytest.raises(SlackUnavailable, match="no answer from response_url"):
            await messenger.respond(place, WORDS, replace_original=False)
    hangs_until.set()

    assert len(slack.got) == 2


async def test_where_no_connection_comes_about_surely_nothing_was_posted() -> None:
    async with open_messenger("http://127.0.0.1:1/api/") as messenger:
        with pytest.raises(SlackUnavailable, match="no connection") as error:
            await post(messenger)

    assert error.value.retry_after == 1.0


@pytest.mark.parametrize(
    ("raised", "is_sure"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError("no such host")), True),
        (aiohttp.ClientProxyConnectionError(KEY, OSError("refused")), True),
        (aiohttp.ClientConnectorSSLError(KEY, OSError("no TLS")), True),
        (aiohttp.ServerDisconnectedError(), False),
        (aiohttp.ClientOSError("reset"), False),
        (aiohttp.ServerTimeoutError(), False),
        (aiohttp.ClientPayloadError("half an answer"), False),
        (TimeoutError(), False),
    ],
    ids=repr,
)
async def test_only_what_never_connected_is_sure_to_have_posted_nothing(
    mocker: MockerFixture, messenger: Messenger, raised: Exception, is_sure: bool
) -> None:
    mocker.patch.object(aiohttp.ClientSession, "_request", side_effect=raised)

    with pytest.raises(SlackUnavailable) as error:
        await post(messenger)

    assert (error.value.retry_after is not None) is is_sure


# Slack's errors as ours


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("0", 0.0), ("soon", 1.0), ("1.5", 1.0), ("-1", 1.0), ("²", 1.0), (None, 1.0)]
)
async def test_a_429_with_an_empty_body_is_decided_by_status_and_header(
    slack: FakeSlack, messenger: Messenger, header: str | None, seconds: float
) -> None:
    headers = {"Retry-After": header} if header is not None else {}
    slack.answers = [answering(429, b"", "text/html", **headers)]

    with pytest.raises(SlackUnavailable) as error:
        await post(messenger)

    assert (error.value.reason, error.value.retry_after) == ("ratelimited", seconds)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"Too many", "text/plain"),
        (b"<html>", "text/html"),
        (b"{broken", "application/json"),
        (b'{"ok":false,"error":"ratelimited"}', "application/json"),
        (b'{"ok":false,"error":"not_in_channel"}', "application/json"),
    ],
)
async def test_a_429_is_a_429_whatever_its_body_says(
    slack: FakeSlack, messenger: Messenger, body: bytes, content_type: str
) -> None:
    slack.answers = [answering(429, body, content_type, **{"Retry-After": "7"})]

    with pytest.raises(SlackUnavailable) as error:
        await post(messenger)

    assert error.value.retry_after == 7.0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>Bad gateway</html>", "text/html"),
        (b"upstream connect error", "text/plain"),
        (b"", "application/json"),
        (b"{broken", "application/json"),
        (b"[1]", "application/json"),
    ],
)
async def test_a_5xx_is_temporary_whatever_its_body_is(
    slack: FakeSlack, messenger: Messenger, status: int, body: bytes, content_type: str
) -> None:
    slack.answers = [answering(status, body, content_type)]

    with pytest.raises(SlackUnavailable) as error:
        await post(messenger)

    assert error.value.reason == f"HTTP {status}"
    assert error.value.retry_after is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"hello from the proxy", "text/plain"),
        (b"", "text/plain"),
        (b"<html>sign in to the wi-fi</html>", "text/html"),
        (b"", "application/json"),
        (b"{broken", "application/json"),
        (b"[]", "application/json"),
        (b"[1]", "application/json"),
        (b"null", "application/json"),
        (b"17", "application/json"),
        (b'"text"', "application/json"),
        (b"{}", "application/json"),
        (b'{"ok":false}', "application/json"),
        (b'{"ok":false,"error":null}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"\xff\xfe", "text/plain"),
    ],
    ids=repr,
)
async def test_an_answer_that_is_not_slacks_is_temporary(
    slack: FakeSlack, messenger: Messenger, body: bytes, content_type: str
) -> None:
    slack.answers = [answering(200, body, content_type)]

    with pytest.raises(SlackUnavailable):
        await messenger.open_view(Place(trigger_id="1.1.t"), {"type": "modal"})


@pytest.mark.parametrize("status", [301, 302, 404])
async def test_an_answer_from_elsewhere_is_temporary(slack: FakeSlack, messenger: Messenger, status: int) -> None:
    slack.answers = [answering(status, b"<html>", "text/html")]

    with pytest.raises(SlackUnavailable):
        await post(messenger)


CODES: dict[type[BotError], list[str]] = {
    ChannelUnavailable: [
        "not_in_channel", "channel_not_found", "is_archived", "is_inactive", "user_not_in_channel", "restricted_action",
        "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "messages_tab_disabled",
        "restricted_action_non_threadable_channel", "ekm_access_denied", "access_denied", "no_permission",
    ],
    ThreadUnavailable: ["restricted_action_thread_locked"],
    MessageGone: ["message_not_found", "thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"],
    EditRefused: ["cant_update_message", "edit_window_closed"],
    SlackUnavailable: [
        "ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "internal_error", "fatal_error",
        "request_timeout", "expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged",
        "team_added_to_org", "external_channel_migrating", "update_failed",
    ],
    TokenRefused: [
        "invalid_auth", "not_authed", "token_expired", "missing_scope", "not_allowed_token_type",
        "team_access_not_granted", "app_access_restricted",
    ],
    AppUninstalled: ["token_revoked", "account_inactive"],
    ModalClosed: ["not_found"],
    PermanentError: ["invalid_blocks", "msg_too_long", "no_text", "a_code_that_is_new"],
}  # fmt: skip


@pytest.mark.parametrize(("code", "kind"), [(code, kind) for kind, codes in CODES.items() for code in codes])
async def test_each_of_slacks_codes_has_its_error(
    slack: FakeSlack, messenger: Messenger, code: str, kind: type[BotError]
) -> None:
    slack.answers = [refusing(code)]

    with pytest.raises(kind) as error:
        await post(messenger)

    assert type(error.value) is kind
    assert error.value.reason == code.replace("rate_limited", "ratelimited")


async def test_an_error_says_no_token_and_no_words(slack: FakeSlack, messenger: Messenger) -> None:
    slack.answers = [refusing("invalid_auth"), drop]

    for _ in range(2):
        with pytest.raises(BotError) as error:
            await post(messenger)
        assert error.value.__cause__ is None
        assert error.value.__suppress_context__ or error.value.__context__ is None
        for private in (TOKEN, "words", slack.url):
            assert private not in str(error.value)


def test_an_error_without_any_answer_is_temporary() -> None:
    error = translate(SlackApiError("no answer", None))  # type: ignore[no-untyped-call]

    assert isinstance(error, SlackUnavailable)


def test_a_code_decides_even_where_a_429_came_as_200() -> None:
    answer = AsyncSlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data={"ok": False, "error": "ratelimited"},
        headers={"Retry-After": "12"}, status_code=200,
    )  # fmt: skip

    error = translate(SlackApiError("refused", answer))  # type: ignore[no-untyped-call]

    assert isinstance(error, SlackUnavailable)
    assert error.retry_after == 12.0


# The response_url


async def test_an_answer_at_the_response_url_is_for_the_asker_alone(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    await messenger.tell(replace(place, thread_ts="4.4"), WORDS)

    (got,) = slack.got
    assert got.path == "/response/R1"
    assert got.token == "", "the token is nobody's business there"
    assert got.body == {
        "response_type": "ephemeral", "replace_original": False, "thread_ts": "4.4", "text": "words",
        "blocks": [section("blocks")], "parse": "none", "link_names": False,
    }  # fmt: skip


async def test_replacing_names_no_thread(slack: FakeSlack, messenger: Messenger, place: Place) -> None:
    await messenger.replace(replace(place, thread_ts="4.4"), WORDS)

    assert slack.got[0].body["replace_original"] is True
    assert "thread_ts" not in slack.got[0].body


async def test_a_share_through_the_response_url_is_in_channel(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    await messenger.respond(place, WORDS, replace_original=False, in_channel=True)

    assert slack.got[0].body["response_type"] == "in_channel"


@pytest.mark.parametrize(
    ("status", "body"), [(404, "used_url"), (404, "expired_url"), (400, "invalid_payload"), (403, "")]
)
async def test_a_refusal_at_the_response_url_is_noticed_and_known_to_have_posted_nothing(
    slack: FakeSlack, messenger: Messenger, place: Place, status: int, body: str
) -> None:
    """Bolt's respond() never raises: a 404 used_url comes back as a value that nobody looks at."""
    slack.answers = [answering(status, body, "text/plain")]

    with pytest.raises(PermanentError, match=f"HTTP {status} from response_url"):
        await messenger.respond(place, WORDS, replace_original=False)

    assert len(slack.got) == 1


async def test_a_429_at_the_response_url_is_noticed_and_known_to_have_posted_nothing(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    slack.answers = [answering(429, "", "text/plain")]

    with pytest.raises(SlackUnavailable, match="ratelimited") as error:
        await messenger.respond(place, WORDS, replace_original=False)

    assert error.value.retry_after is not None
    assert len(slack.got) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_5xx_at_the_response_url_is_noticed_and_an_unknown_outcome(
    slack: FakeSlack, messenger: Messenger, place: Place, status: int
) -> None:
    slack.answers = [answering(status, "", "text/plain")]

    with pytest.raises(SlackUnavailable, match=f"HTTP {status} from response_url") as error:
        await messenger.respond(place, WORDS, replace_original=False)

    assert error.value.retry_after is None
    assert len(slack.got) == 1


async def test_a_redirect_at_the_response_url_is_not_followed(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    slack.answers = [answering(307, "", "text/plain", Location=f"{slack.url}/elsewhere")]

    with pytest.raises(PermanentError, match="HTTP 307"):
        await messenger.respond(place, WORDS, replace_original=False)

    assert slack.paths == ["/response/R1"]


async def test_a_line_dropped_at_the_response_url_is_noticed_and_not_repeated(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    slack.answers = [drop]

    with pytest.raises(SlackUnavailable, match="no answer from response_url"):
        await messenger.respond(place, WORDS, replace_original=False)

    assert len(slack.got) == 1


REFUSED_URLS = [
    "", "hooks.slack.com/x", "http://hooks.slack.com/x", "https://evil.example/x", "https://hooks.slack.com.evil.example/x",
    "https://hooks.slack.com@evil.example/x", "https://evilslack.com/x", "https://slack.com.evil.example/x",
    "http://127.0.0.1:8080/x", "https://127.0.0.1/x", "http://localhost/x", "ftp://hooks.slack.com/x", "file:///etc/passwd",
    "https:///x", "https://[::1]/x", "javascript:alert(1)", "https://evil.example/https://hooks.slack.com/x",
    "https://evil.example?.slack.com", "https://evil.example#.slack.com", "https://[half",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED_URLS)
async def test_a_response_url_that_is_not_slacks_is_refused_unasked(
    mocker: MockerFixture, place: Place, url: str
) -> None:
    asked = mocker.patch.object(aiohttp.ClientSession, "post", side_effect=AssertionError("somebody was asked"))
    async with open_messenger("https://slack.com/api/") as messenger:
        with pytest.raises(PermanentError, match="no response_url of Slack's"):
            await messenger.respond(replace(place, response_url=url), WORDS, replace_original=False)

    asked.assert_not_called()


class _Answered:
    status = 200
    headers: ClassVar[dict[str, str]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    ("api_url", "url"),
    [
        ("https://slack.com/api/", "https://hooks.slack.com/commands/T1/2/3"),
        ("https://slack.com/api/", "https://hooks.slack.com/actions/T1/2/3"),
        ("https://slack-gov.com/api/", "https://hooks.slack-gov.com/commands/T1/2/3"),
        ("https://slack.example/api/", "https://slack.example/response/1"),
        ("http://127.0.0.1:1/api/", "http://127.0.0.1:9/response/1"),
        ("http://localhost:1/api/", "http://[::1]:9/response/1"),
    ],
)
async def test_slacks_own_response_urls_are_taken_and_loopback_only_where_the_api_is(
    mocker: MockerFixture, place: Place, api_url: str, url: str
) -> None:
    asked = mocker.patch.object(aiohttp.ClientSession, "post", return_value=_Answered())
    async with open_messenger(api_url) as messenger:
        await messenger.respond(replace(place, response_url=url), WORDS, replace_original=False)

    asked.assert_called_once()
    assert asked.call_args.args == (url,)


async def test_with_the_api_on_loopback_nothing_leaves_the_machine(mocker: MockerFixture, place: Place) -> None:
    asked = mocker.patch.object(aiohttp.ClientSession, "post", side_effect=AssertionError("somebody was asked"))
    async with open_messenger("http://127.0.0.1:1/api/") as messenger:
        for url in ("https://hooks.slack.com/x", "https://evil.example/x"):
            with pytest.raises(PermanentError, match="no response_url of Slack's"):
                await messenger.respond(replace(place, response_url=url), WORDS, replace_original=False)

    asked.assert_not_called()


# Falling back


@pytest.mark.parametrize("answer", [answering(404, "used_url", "text/plain"), answering(429), drop])
async def test_telling_falls_back_to_an_ephemeral_post(
    slack: FakeSlack, messenger: Messenger, place: Place, answer: Handler
) -> None:
    slack.answers = [answer]

    await messenger.tell(replace(place, thread_ts="4.4"), WORDS)

    assert slack.paths == ["/response/R1", "/api/chat.postEphemeral"]
    body = slack.got[1].body
    assert (body["channel"], body["user"], body["thread_ts"], body["text"]) == ("C1", "U1", "4.4", "words")


async def test_telling_takes_no_longer_than_one_request_may(
    slack: FakeSlack, messenger: Messenger, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Slack that has fallen silent was waited for twice, and then twice again for the apology."""
    monkeypatch.setattr("bot.slack.messenger.SLACK_SECONDS", 1.0)
    over = asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        await over.wait()
        return await fine(request)

    slack.answers = [silent, silent]
    with pytest.raises(SlackUnavailable, match="no answer in time"):
        await messenger.tell(place, WORDS)
    over.set()

    assert slack.paths == ["/response/R1"]


async def test_telling_without_a_response_url_is_an_ephemeral_post(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    await messenger.tell(replace(place, response_url=""), WORDS)

    assert slack.paths == ["/api/chat.postEphemeral"]


async def test_telling_where_there_is_no_channel_raises_what_the_response_url_said(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    slack.answers = [answering(404, "used_url", "text/plain")]

    with pytest.raises(PermanentError, match="HTTP 404"):
        await messenger.tell(replace(place, channel_id=""), WORDS)

    assert slack.paths == ["/response/R1"]


async def test_replacing_falls_back_to_an_update_for_a_public_card(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    slack.answers = [answering(404, "used_url", "text/plain")]

    await messenger.replace(replace(place, is_private=False), WORDS)

    assert slack.paths == ["/response/R1", "/api/chat.update"]
    assert (slack.got[1].body["channel"], slack.got[1].body["ts"]) == ("C1", "5.5")


async def test_replacing_a_private_card_has_nothing_to_fall_back_to(
    slack: FakeSlack, messenger: Messenger, place: Place
) -> None:
    """An ephemeral message's ts cannot be given to chat.update."""
    slack.answers = [answering(404, "used_url", "text/plain")]

    with pytest.raises(PermanentError, match="HTTP 404"):
        await messenger.replace(place, WORDS)

    assert slack.paths == ["/response/R1"]


# Proxies


@pytest.mark.parametrize(("api_url", "trusts"), [("https://slack.com/api/", True), ("http://127.0.0.1:1/api/", False)])
async def test_proxies_come_from_the_environment_except_for_loopback(
    monkeypatch: pytest.MonkeyPatch, api_url: str, trusts: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    async with open_session(api_url=api_url) as session:
        client = make_web_client(session=session, api_url=api_url)
        assert session.trust_env is trusts
        assert client.proxy is None, "the SDK would read HTTPS_PROXY but not NO_PROXY"
        assert client.session is session
        assert client.retry_handlers == []
