"""Speaking: Slack as the settings name it, and the connection over which it speaks to us."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import aiohttp

from bot.health import Health
from bot.settings import Settings, SocketSettings
from bot.slack.client import make_web_client, open_session
from bot.slack.listeners.dispatcher import Dispatcher
from bot.slack.socket import Connection, Socket
from bot.tracing import Tracing


def open_slack(settings: Settings, tracing: Tracing) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
    """The connections to Slack; open as long as the context."""
    return open_session(api_url=settings.slack_api_url, trace_configs=tracing.trace_configs())


def app_token(settings: Settings) -> str:
    """The token with which connections are opened; empty where there is none."""
    return settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""


def make_socket(
    settings: Settings, session: aiohttp.ClientSession, find: Callable[[], tuple[Dispatcher, Health]]
) -> Socket | None:
    """Socket Mode, or None in HTTP mode; whom envelopes go to and who hears of them is asked for once it connects."""
    if not isinstance(settings, SocketSettings):
        return None
    # A tenth of a start, and 6 MiB, that HTTP mode can do without.
    from bot.slack.bolt import make_bolt
    from bot.slack.websocket import make_connection

    def connect() -> Connection:
        dispatcher, health = find()
        web = make_web_client(session=session, api_url=settings.slack_api_url, observe=health.observe_slack)
        note_ack = partial(dispatcher.note_ack, "socket")
        return make_connection(app=make_bolt(dispatcher), app_token=app_token(settings), web=web, note_ack=note_ack)

    return Socket(connect=connect)
