"""What the bot's ack is measured beside, each in a process: ``python -m tests.bench.servers NAME PORT [HOW]``."""

import asyncio
import contextlib
import hmac
import itertools
import json
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast
from urllib.parse import parse_qsl

from tests.bench.load import SECRET, TEAM
from tests.bench.steady import WEBHOOK_SECRET

Event = MutableMapping[str, Any]

# As large as the bot's answer to a look-up.
ANSWER = {"response_type": "ephemeral", "replace_original": False, "text": "x" * 250, "blocks": [{"text": "x" * 3_000}]}

CALL: dict[str, Any] = {
    "message": "Call details fetched successfully",
    "data": {
        "agent_id": "123e4567-e89b-12d3-a456-426614174000",
        "created_at": "2024-01-15T10:30:00Z",
        "updated_at": "2024-01-15T10:35:00Z",
        "started_at": "2024-01-15T10:30:05Z",
        "ended_at": "2024-01-15T10:35:30Z",
        "transcript_url": "https://storage.example/transcript.pdf?X-Amz-Algorithm=x",
        "recording_url": "https://storage.example/recording.mp3?X-Amz-Algorithm=x",
        "status": "CALL_FINISHED",
        "call_variables": {"name": "John Doe", "email": "john@example.com", "customer_id": "CUST-001"},
    },
}


def serve_default_bolt(port: int) -> None:
    """A default asynchronous Bolt app that only acks, served the way Bolt's documentation starts it."""
    from slack_bolt.app.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token="xoxb-bench")

    async def ack_only(ack: Callable[[], Awaitable[None]]) -> None:
        await ack()

    logging.disable(logging.ERROR)
    app = AsyncApp(signing_secret=SECRET, authorize=authorize)
    app.command("/samora-call")(ack_only)
    app.start(port=port, path="/slack/events")


def serve_bare_bolt(port: int) -> None:
    """A Bolt app that only acks, as quick as Bolt can be: behind its ASGI adapter, and awaiting its one listener."""
    import uvicorn
    from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
    from slack_bolt.app.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token="xoxb-bench")

    async def ack_only(ack: Callable[[], Awaitable[None]]) -> None:
        await ack()

    logging.disable(logging.ERROR)
    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
    app.command("/samora-call")(ack_only)
    handler = AsyncSlackRequestHandler(app, path="/slack/events")
    uvicorn.run(handler, port=port, log_level="error", access_log=False, lifespan="off", loop="uvloop")


def serve_two_requests(port: int, neighbours: int) -> None:
    """A handler on the same server that asks Samora and posts an answer, through the bot's clients, and nothing else.

    What it is sent it only searches for the address of the answer.
    """
    import uvicorn

    from bot.core.calls import EXAMPLE_ID
    from bot.samora.client import open_http
    from bot.slack.client import open_session

    async def serve() -> None:
        here = f"http://127.0.0.1:{neighbours}"
        tasks: set[asyncio.Task[None]] = set()

        async def look_up(body: bytes) -> None:
            async with http.stream("GET", f"/v1/call/{EXAMPLE_ID}") as response:
                await response.aread()
            async with session.post(dict(parse_qsl(body.decode()))["response_url"], json=ANSWER) as answer:
                assert answer.status == 200

        async def handle(scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Any]) -> None:
            del scope
            task = asyncio.create_task(look_up((await receive())["body"]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

        async with open_http(base_url=here, api_key="bench") as http, open_session(api_url=here) as session:
            config = uvicorn.Config(handle, port=port, log_level="error", access_log=False, lifespan="off")
            await uvicorn.Server(config).serve()

    import uvloop

    uvloop.run(serve())


def serve_signature_check(port: int) -> None:
    """A bare handler that only checks the signature, on the same server as the bot's."""
    import uvicorn

    async def check(scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Any]) -> None:
        body = (await receive())["body"]
        headers = dict(scope["headers"])
        signed = b"v0:" + headers[b"x-slack-request-timestamp"] + b":" + body
        expected = b"v0=" + hmac.digest(SECRET.encode(), signed, "sha256").hex().encode()
        status = 200 if hmac.compare_digest(headers[b"x-slack-signature"], expected) else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(check, port=port, log_level="error", access_log=False, lifespan="off", loop="uvloop")


def serve_webhook_check(port: int, turns: int) -> None:
    """A bare handler that only reads a webhook and compares its secret, on the same server as the bot's.

    Then it computes, so many turns of the same work each time, which in a moment in which the machine is slow takes
    longer: work on memory, as the bot's is.
    """
    import uvicorn

    things = [{f"key {number}": ["x" * 20, number]} for number in range(20_000)]
    places = itertools.count(step=7_919)

    async def check(scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Any]) -> None:
        json.loads((await receive())["body"])
        for _ in range(turns):
            json.dumps(things[next(places) % len(things)])
        is_ours = hmac.compare_digest(dict(scope["headers"])[b"x-samora-bot-secret"], WEBHOOK_SECRET.encode())
        status = 202 if is_ours else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(check, port=port, log_level="error", access_log=False, lifespan="off", loop="uvloop")


ONGOING_CALL = {
    "message": CALL["message"],
    "data": CALL["data"] | {"status": "ONGOING", "ended_at": None, "transcript_url": None, "recording_url": None},
}


class Neighbour(asyncio.Protocol):
    """Slack and Samora at their cheapest: one fixed answer a path, or none at all from a Samora that hangs."""

    def __init__(
        self,
        *,
        hangs: bool = False,
        call: object = CALL,
        delay: float = 0.0,
        on_request: Callable[[bytes], None] = lambda _path: None,
    ) -> None:
        """Takes the call that there is, after how many seconds it answers, and who hears of each answer's path."""
        self._hangs = hangs
        self._call = call
        self._delay = delay
        self._on_request = on_request
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, received: bytes) -> None:
        self._received += received
        while (end := self._end_of_request()) is not None:
            path = self._received.split(b" ", 2)[1]
            self._received = self._received[end:]
            if path.startswith(b"/v1/"):
                if not self._hangs:
                    self._answer_soon(path, self._call)
            else:
                self._answer_soon(path, {"ok": True, "team_id": TEAM, "team": "Bench", "user_id": "U0BOT"})

    def _end_of_request(self) -> int | None:
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        return len(head) + 4 + length if separator and len(body) >= length else None

    def _answer_soon(self, path: bytes, value: object) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer, path, value)
        else:
            self._answer(path, value)

    def _answer(self, path: bytes, value: object) -> None:
        self._on_request(path)
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


def serve_neighbours(port: int, how: str) -> None:
    """Slack's Web API and response_urls, and a Samora that ``answers`` or ``hangs``."""
    import uvloop

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Neighbour(hangs=how == "hangs"), "127.0.0.1", port)
        await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())


if __name__ == "__main__":
    name, port = sys.argv[1], int(sys.argv[2])
    if name == "default":
        serve_default_bolt(port)
    elif name == "bolt":
        serve_bare_bolt(port)
    elif name == "lookup":
        serve_two_requests(port, int(sys.argv[3]))
    elif name == "signature":
        serve_signature_check(port)
    elif name == "webhook":
        serve_webhook_check(port, int(sys.argv[3]))
    else:
        serve_neighbours(port, sys.argv[3])
