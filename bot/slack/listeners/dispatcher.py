"""Who listens to what, found in one step.

Bolt tries its listeners one after the other, and for each one it tries it builds the thirty arguments that a listener
may ask for. So the bot has one Bolt middleware instead, which knows from a payload's type who listens; and what comes
over HTTP, already checked and read by the door (``bot.web``), goes to it directly: with Bolt's request and context in
between, an ack takes half as long again (``make bench``).
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from structlog.contextvars import bound_contextvars

from bot.core.tracing import OpenSpan, untraced
from bot.slack.listeners.boundary import Busy, find_reference
from bot.slack.payloads import Payload, text_at
from bot.slack.seal import BrokenSeal, Seal, without_values

log = structlog.get_logger()

Listener = Callable[[AsyncAck, Payload], Awaitable[None]]

# Called with a payload's type, how it came, and the seconds until it was acked.
AckObserver = Callable[[str, str, float], None]

COMMAND = "command"


class Dispatcher(AsyncMiddleware):
    """Hands a payload to the listener of its type, lets no exception out, and acks whatever nobody listens to.

    What is answered with an error, people see as a warning sign, and Slack sends as an event again and again.
    """

    def __init__(
        self,
        listeners: Mapping[str, Listener],
        *,
        seal: Seal,
        observe_ack: AckObserver = lambda _kind, _transport, _seconds: None,
        span: OpenSpan = untraced,
    ) -> None:
        """Takes who listens, and the seal of what Slack keeps for us.

        Args:
            listeners: by payload type: Slack's words; :data:`COMMAND` for slash commands, which have none.
            seal: its values are read nowhere else.
            observe_ack: hears of acks of payloads that somebody listens to.
            span: opens the span of each request, and that of its ack.
        """
        self._listeners = listeners
        self._seal = seal
        self._observe_ack = observe_ack
        self._span = span

    def knows(self, body: Payload) -> bool:
        """Whether somebody listens to payloads of this type."""
        return _kind(body) in self._listeners

    def note_ack(self, transport: str, body: Payload, seconds: float) -> None:
        """Hears from whoever carries payloads that one was acked, so long after it had come."""
        if self.knows(body):
            self._observe_ack(_kind(body), transport, seconds)

    async def dispatch(self, body: Payload) -> BoltResponse:
        """Has a payload listened to, and returns the ack. Whatever is logged of it, then or later, carries one id."""
        kind = _kind(body)
        name = kind if kind in self._listeners else "unknown"
        request_id, root = secrets.token_hex(4), self._span(f"slack.{name}", parent="")
        with bound_contextvars(request_id=request_id), root, self._span("ack"):
            return await self._have_heard(kind, body)

    async def _have_heard(self, kind: str, body: Payload) -> BoltResponse:
        listener = self._listeners.get(kind)
        if listener is None:
            log.info("nobody_listens", kind=kind[:40])
            return BoltResponse(status=200, body="")
        ack = _SealingAck(self._seal)
        try:
            await listener(ack, self._unseal(body))
        except Busy:
            # Slack sends an event again then, and shows a person that a press came to nothing.
            return BoltResponse(status=503)
        except Exception:
            log.exception("bug", kind=kind, reference=find_reference())
        return ack.response or BoltResponse(status=200, body="")

    def _unseal(self, body: Payload) -> Payload:
        """The payload as listeners read it; without values if one of them isn't ours, which they refuse."""
        try:
            return self._seal.unseal(body)
        except BrokenSeal:
            team_id, user_id = text_at(body, "team", "id"), text_at(body, "user", "id")
            log.warning("seal_broken", kind=_kind(body), team_id=team_id, user_id=user_id)
            return without_values(body)

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt passes it by this name
    ) -> BoltResponse | None:
        """Bolt's way in. Slack's check of a request URL is left to Bolt."""
        if _kind(req.body) == "url_verification":
            return await next()
        return await self.dispatch(req.body)


class _SealingAck(AsyncAck):
    """An ack; what a modal carries that it shows is sealed like what any other request carries to Slack."""

    def __init__(self, seal: Seal) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seal = seal

    async def __call__(self, *arguments: Any, **named: Any) -> BoltResponse:
        return await super().__call__(*arguments, **self._seal.seal(named))


def _kind(body: Payload) -> str:
    return text_at(body, "type") or (COMMAND if "command" in body else "")
