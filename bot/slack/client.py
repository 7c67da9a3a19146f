"""The client of Slack's Web API: one shared session, nothing sent twice, every call bounded, timed and counted."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import SlackUnavailable
from bot.core.lookup import is_loopback
from bot.slack.refusals import find_outcome, translate

SLACK_SECONDS = 10.0

# What is posted where a response_url says, which is no method.
RESPONSE_URL = "response_url"

# Called once per request with its method, its outcome, how many seconds it took, and for how many Slack wants to rest.
SlackObserver = Callable[[str, str, float, float], None]


def nobody(_method: str, _outcome: str, _seconds: float, _rest: float) -> None:
    """Where nobody wants to hear."""


@asynccontextmanager
async def open_session(*, api_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """The one HTTP session for Slack. With a session of its own, the SDK takes its time limit from there."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=SLACK_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=not is_loopback(urlsplit(api_url).hostname or ""),
    ) as session:
        yield session


class _Client(AsyncWebClient):
    """The SDK's client, of which each request is heard."""

    observe: SlackObserver = staticmethod(nobody)

    async def api_call(self, api_method: str, **arguments: Any) -> Any:
        """As the SDK's; raises what that raises."""
        began, outcome, rest = perf_counter(), "dropped", 0.0
        try:
            answer = await super().api_call(api_method, **arguments)
            outcome = "ok"
        except SlackApiError as error:
            outcome = find_outcome(error)
            ours = translate(error)
            rest = ours.retry_after or 0.0 if isinstance(ours, SlackUnavailable) else 0.0
            raise
        except TimeoutError:
            outcome = "timeout"
            raise
        finally:
            self.observe(api_method, outcome, perf_counter() - began, rest)
        return answer


def make_web_client(
    *, session: aiohttp.ClientSession, api_url: str, token: str | None = None, observe: SlackObserver = nobody
) -> AsyncWebClient:
    """A Web API client over that session, which never repeats a call by itself: a post repeated is a post doubled."""
    client = _Client(token=token, base_url=api_url, session=session, timeout=int(SLACK_SECONDS), retry_handlers=[])
    client.observe = observe
    # The SDK would read HTTPS_PROXY but not NO_PROXY; the session reads both.
    client.proxy = None
    return client
