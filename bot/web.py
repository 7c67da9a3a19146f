"""The HTTP door: Slack's requests behind a guard, health, and figures. Bare ASGI: every microsecond of an ack counts.

Bolt would read a body before it checks the signature, and sets no limit to its size; so what comes over HTTP goes from
the guard here to the dispatcher, and not through Bolt.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from time import perf_counter, time
from typing import Any
from urllib.parse import parse_qsl

import structlog

from bot.slack.listeners.dispatcher import Dispatcher
from bot.slack.payloads import Payload

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST_BODY = 1024 * 1024
_BODY_SECONDS = 3.0

# docs.slack.dev/authentication/verifying-requests-from-slack
_SIGNATURE = re.compile(rb"v0=[0-9a-f]{64}")
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_WINDOW_SECONDS = 5 * 60


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; ``retry_after`` is in seconds, and ``allow`` names methods."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    retry_after: int | None = None
    allow: str = ""

    @classmethod
    def of_json(cls, status: int, value: object) -> "Answer":
        """An answer that holds a JSON value."""
        return cls(status, json.dumps(value), "application/json")


Endpoint = Callable[[Scope, Receive], Awaitable[Answer]]


class Web:
    """The ASGI application: a method and a path lead to an endpoint."""

    def __init__(self, endpoints: Mapping[tuple[str, str], Endpoint]) -> None:
        """Takes the endpoints by method and path."""
        self._endpoints = endpoints
        # No path has two of them; who may GET may HEAD.
        self._allowed = {path: "GET, HEAD" if method == "GET" else method for method, path in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        endpoint = self._endpoints.get((method, scope["path"]))
        if endpoint is not None:
            answer = await endpoint(scope, receive)
        else:
            allow = self._allowed.get(scope["path"], "")
            answer = Answer(405 if allow else 404, allow=allow)
        body = answer.body.encode()
        headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(body)).encode())]
        if answer.retry_after is not None:
            headers.append((b"retry-after", str(answer.retry_after).encode()))
        if answer.allow:
            headers.append((b"allow", answer.allow.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def read_only(report: Callable[[], Answer]) -> Endpoint:
    """An endpoint that reports something and needs nothing of the request."""

    async def endpoint(_scope: Scope, _receive: Receive) -> Answer:
        return report()

    return endpoint


class SlackDoor:
    """Lets Slack's signed requests in, and nothing else."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        signing_secret: str,
        observe_refusal: Callable[[str], None] = lambda _outcome: None,
        clock: Callable[[], float] = time,
    ) -> None:
        """Takes who knows the listeners, the app's signing secret, who counts what is refused, and Unix time.

        Raises:
            ValueError: the secret is empty: then anybody could sign.
        """
        if not signing_secret:
            message = "an empty signing secret lets everybody in"
            raise ValueError(message)
        self._dispatcher = dispatcher
        self._secret = signing_secret.encode()
        self._observe_refusal = observe_refusal
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive) -> Answer:
        """``POST /slack/events``: commands, interactions and events. Nothing of a refused request is logged."""
        came_at = perf_counter()
        headers = dict(scope["headers"])
        signature, timestamp = headers.get(b"x-slack-signature", b""), headers.get(b"x-slack-request-timestamp", b"")
        if not self._has_shape(signature, timestamp):
            return self._refuse(401, "unsigned")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await read_body(headers, receive, largest=LARGEST_BODY)
        except TimeoutError:
            return self._refuse(408, "unfinished")
        if body is None:
            return self._refuse(413, "large")
        if not self._is_signed(signature, timestamp, body):
            return self._refuse(401, "wrong_signature")
        return await self._dispatch(headers, body, came_at)

    def _has_shape(self, signature: bytes, timestamp: bytes) -> bool:
        if not _SIGNATURE.fullmatch(signature) or not _TIMESTAMP.fullmatch(timestamp):
            return False
        return abs(self._clock() - int(timestamp)) <= _WINDOW_SECONDS

    def _is_signed(self, signature: bytes, timestamp: bytes, body: bytes) -> bool:
        expected = hmac.digest(self._secret, b"v0:" + timestamp + b":" + body, hashlib.sha256).hex()
        return hmac.compare_digest(signature, b"v0=" + expected.encode())

    def _refuse(self, status: int, outcome: str) -> Answer:
        log.info("request_refused", status=status, outcome=outcome)
        self._observe_refusal(outcome)
        return Answer(status)

    async def _dispatch(self, headers: Mapping[bytes, bytes], body: bytes, came_at: float) -> Answer:
        try:
            payload = _read_payload(headers.get(b"content-type", b""), body.decode())
        except (ValueError, TypeError, RecursionError):
            # Signed or not, a body may be anything.
            log.warning("unreadable_request", bytes=len(body))
            self._observe_refusal("unreadable")
            return Answer(400)
        acked = await self._dispatcher.dispatch(payload)
        if acked.status == 200:  # else it comes again
            self._dispatcher.note_ack("http", payload, perf_counter() - came_at)
        return Answer(acked.status, acked.body, acked.content_type)


def _read_payload(content_type: bytes, body: str) -> Payload:
    """A JSON object, or a form with one in its field ``payload``, or a form that is all there is."""
    if content_type.startswith(b"application/json"):
        payload = json.loads(body)
    else:
        fields = dict(parse_qsl(body, keep_blank_values=True))
        payload = json.loads(fields["payload"]) if "payload" in fields else fields
    if not isinstance(payload, dict):
        raise TypeError
    return payload


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, *, largest: int) -> bytes | None:
    """The whole body, or None as soon as it is known to be larger than allowed.

    Raises:
        TimeoutError: the sender has hung up.
    """
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit() or int(announced) > largest:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TimeoutError
        body += message.get("body", b"")
        if len(body) > largest:
            return None
        if not message.get("more_body", False):
            return bytes(body)
