"""The door for Samora's webhooks. Only who knows the secret is let in, and leaves nothing but the ids of calls."""

import asyncio
import hmac
import random
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

import structlog
from structlog.contextvars import bound_contextvars

from bot.announcer import Announcer, Overrun
from bot.core.errors import StoreUnavailable
from bot.core.tracing import OpenSpan, untraced
from bot.samora.webhook import SECRET_HEADER, Announcement, read_webhook
from bot.web import Answer, Receive, Scope, read_body

log = structlog.get_logger(__name__)

LARGEST_WEBHOOK = 256 * 1024
_BODY_SECONDS = 3.0
_RETRY_AFTER_SECONDS = 5
_HEADER = SECRET_HEADER.lower().encode()
_UNREAD = Announcement(event="none")

# Hears of each webhook: its event ("none" where the body was not read), what became of it, and its seconds.
WebhookObserver = Callable[[str, str, float], None]


class WebhookDoor:
    """``POST /samora/webhook``."""

    def __init__(
        self, *, secrets: Sequence[str], announcer: Announcer, observe: WebhookObserver, span: OpenSpan = untraced
    ) -> None:
        """Takes the secrets that are accepted, who puts down what is announced, who counts, and who opens spans.

        Raises:
            ValueError: there is no secret, or an empty one: then anybody could come in.
        """
        if not secrets or not all(secrets):
            message = "an empty secret lets everybody in"
            raise ValueError(message)
        self._secrets = [each.encode() for each in secrets]
        self._announcer = announcer
        self._observe = observe
        self._span = span

    async def __call__(self, scope: Scope, receive: Receive) -> Answer:
        """Answers once what is announced is put down. Of a refused request nothing is left but a count."""
        began = perf_counter()
        headers = dict(scope["headers"])
        if not self._is_ours(headers.get(_HEADER, b"")):
            self._observe(_UNREAD.event, "refused", perf_counter() - began)
            return Answer(401)
        delivery_id = f"{random.getrandbits(32):08x}"
        with bound_contextvars(delivery_id=delivery_id), self._span("samora.webhook", parent=""):
            webhook, outcome, answer = await self._take(headers, receive)
            seconds = perf_counter() - began
            self._observe(webhook.event, outcome, seconds)
            # They lead to the lines of what comes of it.
            ids = {"call_id": " ".join(map(str, webhook.call_ids))} if webhook.call_ids else {}
            # What nobody here cares for is nothing that happened.
            write = log.debug if outcome == "ignored" else log.info
            write("webhook", kind=webhook.event, outcome=outcome, milliseconds=round(seconds * 1000), **ids)
        return answer

    async def _take(self, headers: Mapping[bytes, bytes], receive: Receive) -> tuple[Announcement, str, Answer]:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await read_body(headers, receive, largest=LARGEST_WEBHOOK)
        except TimeoutError:
            return _UNREAD, "unfinished", Answer(408)
        if body is None:
            return _UNREAD, "large", Answer(413)
        webhook = read_webhook(body)
        if not webhook.call_ids:
            # Sending it again would make it no better.
            return webhook, "no_call", Answer(202)
        try:
            is_news = await self._announcer.announce(webhook.call_ids)
        except (Overrun, StoreUnavailable):
            return webhook, "put_off", Answer(503, retry_after=_RETRY_AFTER_SECONDS)
        return webhook, "taken" if is_news else "ignored", Answer(202)

    def _is_ours(self, secret: bytes) -> bool:
        """Every secret is compared, so that how long that takes says nothing."""
        found = [hmac.compare_digest(secret, each) for each in self._secrets]
        return any(found)
