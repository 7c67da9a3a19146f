"""Who listens to what, found in one step.

Bolt tries its listeners one after the other, and for each one it tries it builds the thirty arguments that a listener
may ask for. So the bot has one dispatcher instead, which knows from a payload's type who listens. What comes over HTTP,
already checked and read by the door (``bot.web``), goes to it directly: with Bolt's request and context in between, an
ack takes half as long again (``make bench``). In Socket Mode it is Bolt's one middleware (``bot.slack.bolt``).
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping

import structlog
from structlog.contextvars import bound_contextvars

from bot.core.tracing import OpenSpan, untraced
from bot.slack.listeners.ack import Ack, Acked
from bot.slack.listeners.boundary import Busy, find_reference
from bot.slack.payloads import Payload, text_at
from bot.slack.seal import BrokenSeal, Seal, without_values

log = structlog.get_logger(__name__)

Listener = Callable[[Ack, Payload], Awaitable[None]]

# Called with a payload's type, how it came, and the seconds until it was acked.
AckObserver = Callable[[str, str, float], None]

COMMAND = "command"

# Slack asks so whether a request URL is ours: docs.slack.dev/reference/events/url_verification
_URL_CHECK = "url_verification"


class Dispatcher:
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

    def note_ack(self, transport: str, body: Payload, seconds: float) -> None:
        """Hears from whoever carries payloads that one was acked, so long after it had come."""
        kind = _kind(body)
        if kind in self._listeners:
            self._observe_ack(kind, transport, seconds)

    async def dispatch(self, body: Payload) -> Acked:
        """Has a payload listened to, and returns the ack. Whatever is logged of it, then or later, carries one id."""
        kind = _kind(body)
        name = kind if kind in self._listeners else "unknown"
        request_id, root = secrets.token_hex(4), self._span(f"slack.{name}", parent="")
        with bound_contextvars(request_id=request_id), root, self._span("ack"):
            return await self._have_heard(kind, body)

    async def _have_heard(self, kind: str, body: Payload) -> Acked:
        listener = self._listeners.get(kind)
        if kind == _URL_CHECK:
            return Acked.of_json({"challenge": text_at(body, "challenge")})
        if listener is None:
            log.info("nobody_listens", kind=kind[:40])
            return Acked()
        ack = Ack(self._seal)
        try:
            await listener(ack, self._unseal(body))
        except Busy:
            # Slack sends an event again then, and shows a person that a press came to nothing.
            return Acked(status=503)
        except Exception:
            log.exception("bug", kind=kind, reference=find_reference())
        return ack.answer

    def _unseal(self, body: Payload) -> Payload:
        """The payload as listeners read it; without values if one of them isn't ours, which they refuse."""
        try:
            return self._seal.unseal(body)
        except BrokenSeal:
            team_id, user_id = text_at(body, "team", "id"), text_at(body, "user", "id")
            log.warning("seal_broken", kind=_kind(body), team_id=team_id, user_id=user_id)
            return without_values(body)


def _kind(body: Payload) -> str:
    return text_at(body, "type") or (COMMAND if "command" in body else "")
