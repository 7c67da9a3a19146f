"""Bringing commands, interactions and events to the bot: a signed HTTP request, or a Socket Mode envelope."""

import json
import time
import uuid
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.sockets import Sockets

Kind = Literal["slash_commands", "interactive", "events_api"]

ACK_SECONDS = 3.0
RETRIES = 3
_HTTP_OK = 200


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A payload that was sent, through which door, how often again, how the bot took it, and when (aware UTC)."""

    payload: Json
    kind: Kind
    ack: Ack
    at: datetime
    retries: int = 0


class Delivery:
    """Delivers to ``url`` if there is one, otherwise over Socket Mode.

    Attributes:
        delivered: the newest payloads, oldest first.
    """

    def __init__(
        self, *, sockets: Sockets, changes: Changes, clock: SandboxClock, signing_secret: str, ack_seconds: float
    ) -> None:
        self.url: str | None = None
        self.ack_seconds = ack_seconds
        self.delivered: deque[Delivered] = deque(maxlen=1000)
        self._clock = clock
        self._sockets = sockets
        self._changes = changes
        self._signer = SignatureVerifier(signing_secret)
        self._session: aiohttp.ClientSession | None = None
        self._events: dict[str, Delivered] = {}

    async def deliver(self, payload: Json, kind: Kind, *, retry: int = 0, reason: str = "") -> Ack:
        """Sends a payload and waits for its acknowledgement.

        Args:
            payload: what Slack sends.
            kind: which of Slack's doors it comes through.
            retry: 1 to 3 for an event that is sent again.
            reason: why it is sent again, such as "http_timeout".
        """
        if self.url is None:
            ack = await self._sockets.send(_envelope(payload, kind, retry, reason), self.ack_seconds)
        else:
            ack = await self._post(self.url, payload, kind, retry, reason)
        done = Delivered(payload=payload, kind=kind, ack=ack, at=self._clock.now(), retries=retry)
        self.delivered.append(done)
        if kind == "events_api" and "event_id" in payload:
            self._events[payload["event_id"]] = done
        self._changes.announce()
        return ack

    async def retry_event(self, event_id: str | None = None, reason: str = "http_timeout") -> Ack:
        """Sends an event once more, as the Events API does up to three times.

        Args:
            event_id: which; None is the newest.
            reason: the ``x-slack-retry-reason``.

        Raises:
            LookupError: no such event was ever sent.
            ValueError: it was sent again three times already.
        """
        if not self._events or (event_id is not None and event_id not in self._events):
            message = f"no such event was sent; there are {list(self._events)}"
            raise LookupError(message)
        sent = self._events[event_id or list(self._events)[-1]]
        if sent.retries >= RETRIES:
            message = f"Slack sends an event again {RETRIES} times at most"
            raise ValueError(message)
        return await self.deliver(sent.payload, "events_api", retry=sent.retries + 1, reason=reason)

    async def close(self) -> None:
        """Closes the HTTP client."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: str, payload: Json, kind: Kind, retry: int, reason: str) -> Ack:
        body, content_type = _encoded(payload, kind)
        headers = {**self._signed(body), "Content-Type": content_type}
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": reason}
        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"User-Agent": "Slackbot 1.0 (sandbox)"})
        started = time.perf_counter()
        ack = await self._exchange(self._session, url, body, headers)
        return replace(ack, seconds=time.perf_counter() - started)

    async def _exchange(self, session: aiohttp.ClientSession, url: str, body: str, headers: dict[str, str]) -> Ack:
        timeout = aiohttp.ClientTimeout(total=self.ack_seconds)
        try:
            async with session.post(
                url, data=body.encode(), headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return _ack(answer.status, await answer.text(errors="replace"))
        except TimeoutError:
            return Ack(ok=False, error="operation_timeout")
        except aiohttp.ClientError:
            return Ack(ok=False, error="dispatch_failed")

    def _signed(self, body: str) -> dict[str, str]:
        # By the real clock: the receiver compares with its own, which the sandbox cannot move.
        timestamp = str(int(time.time()))
        signature = self._signer.generate_signature(timestamp=timestamp, body=body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature or ""}


def _envelope(payload: Json, kind: Kind, retry: int, reason: str) -> Json:
    envelope = {"envelope_id": str(uuid.uuid4()), "type": kind, "payload": payload}
    if kind == "events_api":
        return {**envelope, "accepts_response_payload": False, "retry_attempt": retry, "retry_reason": reason}
    return {**envelope, "accepts_response_payload": True}


def _encoded(payload: Json, kind: Kind) -> tuple[str, str]:
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def _ack(status: int, text: str) -> Ack:
    if status != _HTTP_OK:
        error = "http_client_error" if 400 <= status < 500 else "http_service_error"
        return Ack(ok=False, status=status, body=text or None, error=error)
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = text
    return Ack(ok=True, status=status, body=body)
