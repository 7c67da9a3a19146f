"""Bolt, as this bot uses it: for Socket Mode. What comes over HTTP goes from the door to the dispatcher without it."""

import logging
from collections.abc import Awaitable, Callable

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.listeners.dispatcher import Dispatcher


def make_bolt(dispatcher: Dispatcher) -> AsyncApp:
    """Bolt, told everything: by default it reads the environment, asks ``auth.test``, and polls for the ack."""
    return AsyncApp(
        name="samora",
        logger=logging.getLogger("slack_bolt"),
        # Awaits what listens instead of looking every 10 ms whether it has acked.
        process_before_response=True,
        before_authorize=_ToDispatcher(dispatcher),
        authorize=_authorize,
        # Slack signs nothing that it sends over a connection that we have opened.
        request_verification_enabled=False,
        signing_secret="",
        ignoring_self_events_enabled=False,
        ignoring_self_assistant_message_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


class _ToDispatcher(AsyncMiddleware):
    """The one middleware: the dispatcher answers whatever comes."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002, ARG002 - Bolt passes it by this name
    ) -> BoltResponse:
        acked = await self._dispatcher.dispatch(req.body)
        return BoltResponse(status=acked.status, body=acked.body, headers={"content-type": acked.content_type})


async def _authorize() -> AuthorizeResult:
    """Bolt's permission to go on, ready at once: without one, Bolt asks ``auth.test`` inside the first 3 seconds.

    Which team and app a payload belongs to is checked in :meth:`Workspaces.find`, after the ack.
    """
    return AuthorizeResult(enterprise_id=None, team_id=None)
