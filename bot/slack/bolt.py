"""Bolt, as this bot uses it: for Socket Mode, and for Slack's check of a request URL."""

import logging

from slack_bolt.app.async_app import AsyncApp

from bot.slack.listeners.dispatcher import Dispatcher
from bot.slack.workspace import authorize


def make_bolt(dispatcher: Dispatcher) -> AsyncApp:
    """Bolt, told everything: by default it reads the environment, asks ``auth.test``, and polls for the ack."""
    return AsyncApp(
        name="samora",
        logger=logging.getLogger("slack_bolt"),
        # Awaits what listens instead of looking every 10 ms whether it has acked, which matters in Socket Mode.
        process_before_response=True,
        before_authorize=dispatcher,
        authorize=authorize,
        # The guard in ``web`` has checked before Bolt parses; Bolt's own check would log the bodies of forgeries.
        request_verification_enabled=False,
        signing_secret="",
        ignoring_self_events_enabled=False,
        ignoring_self_assistant_message_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
