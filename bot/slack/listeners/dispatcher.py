"""Who listens to what, found in one step.

Bolt tries its listeners one after the other, and for each one it tries it builds the thirty arguments that a listener
may ask for: a third of the time that an ack takes, and more with every listener (``make bench``). So the bot has one
Bolt middleware, which knows from a payload's type who listens.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.payloads import Payload, text_at

log = structlog.get_logger()

Listener = Callable[[AsyncAck, Payload], Awaitable[None]]

COMMAND = "command"


class Dispatcher(AsyncMiddleware):
    """Hands a payload to the listener of its type, lets no exception out, and acks whatever nobody listens to.

    What is answered with an error, people see as a warning sign, and Slack sends as an event again and again.
    """

    def __init__(self, listeners: Mapping[str, Listener]) -> None:
        """Takes the listeners by payload type (Slack's words; :data:`COMMAND` for slash commands, which have none)."""
        self._listeners = listeners

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt passes it by this name
    ) -> BoltResponse | None:
        """Bolt's way in. Slack's check of a request URL is left to Bolt."""
        body: Payload = req.body
        kind = text_at(body, "type") or (COMMAND if "command" in body else "")
        if kind == "url_verification":
            return await next()
        ack: AsyncAck = req.context.ack
        listener = self._listeners.get(kind)
        if listener is not None:
            try:
                await listener(ack, body)
            except Exception:
                log.exception("bug", kind=kind, reference=secrets.token_hex(4))
        else:
            log.info("nobody_listens", kind=kind[:40])
        response: Any = ack.response
        return response if response is not None else BoltResponse(status=200, body="")
