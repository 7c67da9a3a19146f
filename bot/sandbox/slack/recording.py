"""What the bot asked of Slack, and what it got: kept for the tests to look at."""

import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Faults, Handler
from bot.sandbox.slack.api import read_arguments
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.refusal import Refusal


@dataclass(frozen=True, kw_only=True)
class BotRequest:
    """One request of the bot, without its token.

    Attributes:
        path: such as "/api/chat.postMessage".
        body: the parsed arguments.
        status: the HTTP status it got; None if the connection was cut.
        answer: the JSON or text it got; None if the connection was cut.
        at: when it was answered, by the sandbox's clock, as an aware UTC datetime.
    """

    path: str
    body: Json
    status: int | None
    answer: object
    at: datetime


class Recording:
    """Lets faults strike and keeps a record, for the bot's own requests only.

    Attributes:
        requests: the newest ``kept`` requests, oldest first.
    """

    def __init__(self, *, clock: SandboxClock, faults: Faults, changes: Changes, kept: int) -> None:
        self.requests: deque[BotRequest] = deque(maxlen=kept)
        self._clock = clock
        self._faults = faults
        self._changes = changes

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stands before all of the server's handlers."""
        if not request.path.startswith(("/api/", "/response/")):
            return await handler(request)
        try:
            _, body = await read_arguments(request)
        except Refusal:
            body = {}
        answer: web.StreamResponse | None = None
        try:
            answer = await self._faults.middleware(request, handler)
        except ConnectionResetError:  # a fault has cut the connection: nobody reads this, and the log stays clean
            return web.Response()
        finally:
            status = answer.status if answer is not None else None
            at = self._clock.now()
            self.requests.append(
                BotRequest(path=request.path, body=body, status=status, answer=_content(answer), at=at)
            )
            self._changes.announce()
        return answer


def _content(answer: web.StreamResponse | None) -> object:
    text = answer.text if isinstance(answer, web.Response) else None
    try:
        content: object = json.loads(text or "null")
    except ValueError:
        return text
    return content
