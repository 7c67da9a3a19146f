"""Bringing things to the bot, with a real HTTP receiver and slack_sdk's real Socket Mode client as its stand-ins."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack import SlackSandbox

Json = dict[str, Any]
Connect = Callable[[], Awaitable[SocketModeClient]]


class Receiver:
    """Stands in the bot's place at its request URL."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[tuple[web.Request, str]] = []
        self.answer: Callable[[], web.Response] = web.Response
        self.silent = False

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((request, await request.text()))
        if self.silent:
            await asyncio.Event().wait()
        return self.answer()


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock(), rates=False, ack_seconds=1.0) as sandbox:
        yield sandbox


@pytest.fixture
async def receiver(slack: SlackSandbox) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/slack/events", receiver.take)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.deliver_to(receiver.url)
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def connect(slack: SlackSandbox) -> AsyncIterator[Connect]:
    """Connects slack_sdk's client; it acknowledges everything, commands with the words "got it"."""
    clients: list[SocketModeClient] = []
    async with aiohttp.ClientSession() as session:

        async def acknowledge(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
            words = {"text": "got it"} if request.type == "slash_commands" else None
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, words))

        async def connected() -> SocketModeClient:
            web_client = AsyncWebClient(base_url=slack.api_url, session=session, retry_handlers=[])
            client = SocketModeClient(slack.app_token, web_client=web_client, ping_interval=0.3)
            client.socket_mode_request_listeners.append(acknowledge)
            clients.append(client)
            before = slack.connections
            await client.connect()  # type: ignore[no-untyped-call]
            await slack.wait_for(lambda: slack.connections > before)
            return client

        yield connected
        for client in clients:
            await client.close()  # type: ignore[no-untyped-call]


async def test_signs_what_it_posts(slack: SlackSandbox, receiver: Receiver) -> None:
    ack = await slack.command("U0MIRA", "help me & you")
    assert (ack.ok, ack.status, ack.body, ack.error) == (True, 200, None, None)
    assert 0 < ack.seconds < 1
    request, body = receiver.got[0]
    assert SignatureVerifier(slack.signing_secret).is_valid_request(body, dict(request.headers))
    form = await request.post()
    assert (form["text"], form["command"], form["user_id"]) == ("help me & you", "/samora-call", "U0MIRA")
    assert form["channel_name"] == "operations"


async def test_interactions_come_as_a_payload_field(slack: SlackSandbox, receiver: Receiver) -> None:
    await slack.global_shortcut("U0MIRA", "find_call")
    form = await receiver.got[0][0].post()
    payload = json.loads(str(form["payload"]))
    assert (payload["type"], payload["callback_id"]) == ("shortcut", "find_call")
    assert "response_url" not in payload


async def test_json_and_text_answers_are_parsed(slack: SlackSandbox, receiver: Receiver) -> None:
    receiver.answer = lambda: web.json_response({"response_type": "in_channel", "text": "for all"})
    assert (await slack.command("U0MIRA", "a")).body == {"response_type": "in_channel", "text": "for all"}
    receiver.answer = lambda: web.Response(text="for you")
    assert (await slack.command("U0MIRA", "a")).body == "for you"
    assert [(message.text, message.ephemeral_to, message.via) for message in slack.messages] == [
        ("for all", None, "ack"),
        ("for you", "U0MIRA", "ack"),
    ]


async def test_blocks_that_cannot_be_shown_make_the_ack_a_failure(slack: SlackSandbox, receiver: Receiver) -> None:
    receiver.answer = lambda: web.json_response({"text": "a", "blocks": [{"type": "lever"}]})
    ack = await slack.command("U0MIRA", "a")
    assert (ack.ok, ack.error) == (False, "invalid_command_response")
    assert slack.messages == []


@pytest.mark.parametrize(("status", "error"), [(404, "http_client_error"), (500, "http_service_error")])
async def test_other_statuses_are_failures(slack: SlackSandbox, receiver: Receiver, status: int, error: str) -> None:
    receiver.answer = lambda: web.Response(status=status, text="no")
    ack = await slack.command("U0MIRA", "a")
    assert (ack.ok, ack.status, ack.body, ack.error) == (False, status, "no", error)
    assert slack.messages == []


async def test_too_late_is_a_timeout(slack: SlackSandbox, receiver: Receiver) -> None:
    receiver.silent = True
    slack._delivery.ack_seconds = 0.05
    ack = await slack.command("U0MIRA", "a")
    assert (ack.ok, ack.status, ack.error) == (False, None, "operation_timeout")
    assert ack.seconds >= 0.05
    assert slack.acks == [ack]


async def test_nobody_there_is_a_failed_dispatch(slack: SlackSandbox) -> None:
    assert (await slack.command("U0MIRA", "a")).error == "dispatch_failed"
    slack.deliver_to("http://127.0.0.1:1/")
    assert (await slack.command("U0MIRA", "a")).error == "dispatch_failed"


async def test_events_are_sent_again_on_demand(slack: SlackSandbox, receiver: Receiver) -> None:
    with pytest.raises(LookupError):
        await slack.retry_event()
    await slack.mention("U0MIRA", "C0OPS", "hello")
    for _ in range(3):
        assert (await slack.retry_event(reason="http_error")).ok
    with pytest.raises(ValueError, match="3 times"):
        await slack.retry_event()
    tries = [request.headers.get("x-slack-retry-num") for request, _ in receiver.got]
    assert tries == [None, "1", "2", "3"]
    assert receiver.got[1][0].headers["x-slack-retry-reason"] == "http_error"
    events = [json.loads(body) for _, body in receiver.got]
    assert len({event["event_id"] for event in events}) == 1
    assert events[0]["event"]["type"] == "app_mention"


async def test_a_raw_payload_goes_out_as_it_is(slack: SlackSandbox, receiver: Receiver) -> None:
    await slack.dispatch_raw({"type": "event_callback", "event": {"type": "tokens_revoked"}}, "events_api")
    assert json.loads(receiver.got[0][1])["event"]["type"] == "tokens_revoked"


async def test_the_sdk_gets_envelopes_over_its_socket(slack: SlackSandbox, connect: Connect) -> None:
    client = await connect()
    envelopes: list[SocketModeRequest] = []

    async def keep(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        envelopes.append(request)

    client.socket_mode_request_listeners.insert(0, keep)
    ack = await slack.command("U0MIRA", "help")
    assert (ack.ok, ack.status, ack.body) == (True, 200, {"text": "got it"})
    assert (await slack.global_shortcut("U0MIRA", "find_call")).body is None
    assert (await slack.mention("U0MIRA", "C0OPS", "hi")).ok
    assert (await slack.retry_event()).ok
    assert [envelope.type for envelope in envelopes] == ["slash_commands", "interactive", "events_api", "events_api"]
    assert [envelope.accepts_response_payload for envelope in envelopes] == [True, True, False, False]
    assert (envelopes[3].retry_attempt, envelopes[3].retry_reason) == (1, "http_timeout")
    assert slack.find_message("got it", via="ack") is not None


async def test_each_envelope_goes_to_one_of_several_connections(slack: SlackSandbox, connect: Connect) -> None:
    counts = [0, 0]

    def counting(place: int) -> Callable[[AsyncBaseSocketModeClient, SocketModeRequest], Awaitable[None]]:
        async def count(_: AsyncBaseSocketModeClient, __: SocketModeRequest) -> None:
            counts[place] += 1

        return count

    for place in range(2):
        (await connect()).socket_mode_request_listeners.insert(0, counting(place))
    for _ in range(4):
        assert (await slack.command("U0MIRA", "a")).ok
    assert counts == [2, 2]


async def test_the_sdk_comes_again_after_cut_and_disconnect(slack: SlackSandbox, connect: Connect) -> None:
    await connect()
    await slack.send_disconnect("warning")
    await slack.wait_for(lambda: slack.connections_made == 2 and slack.connections == 1)
    slack.drop_connections()
    await slack.wait_for(lambda: slack.connections_made == 3)
    assert await slack.wait_for_connection() == 1
    assert (await slack.command("U0MIRA", "a")).ok


async def test_speaks_the_frames_of_socket_mode(slack: SlackSandbox) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await _ws_url(slack, session)) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert hello["connection_info"] == {"app_id": "A0SANDBOX"}
        for odd in ("", "no json", "[]", "{}", json.dumps({"envelope_id": "unknown"})):
            await socket.send_str(odd)
        command = asyncio.create_task(slack.command("U0MIRA", "a"))
        envelope = await socket.receive_json()
        assert envelope["payload"]["text"] == "a"
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await command).ok
        await slack.send_disconnect("link_disabled")
        assert (await socket.receive_json())["reason"] == "link_disabled"


async def test_no_ack_in_time_is_a_timeout_over_the_socket_too(slack: SlackSandbox) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await _ws_url(slack, session)):
        await slack.wait_for_connection()
        slack._delivery.ack_seconds = 0.05
        assert (await slack.command("U0MIRA", "a")).error == "operation_timeout"


async def test_a_ticket_opens_one_connection(slack: SlackSandbox) -> None:
    async with aiohttp.ClientSession() as session:
        url = await _ws_url(slack, session)
        async with session.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)


async def test_an_eleventh_connection_is_sent_away(slack: SlackSandbox) -> None:
    async with aiohttp.ClientSession() as session:
        held = [await session.ws_connect(await _ws_url(slack, session)) for _ in range(10)]
        await slack.wait_for(lambda: slack.connections == 10)
        eleventh = await session.ws_connect(await _ws_url(slack, session))
        assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
        assert not any(socket.closed for socket in held)


async def _ws_url(slack: SlackSandbox, session: aiohttp.ClientSession) -> str:
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    async with session.post(slack.api_url + "apps.connections.open", headers=headers) as answer:
        return str((await answer.json())["url"])
