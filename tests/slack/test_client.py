"""The client of Slack's Web API: each request is heard, with an outcome from a list that has an end."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from slack_sdk.errors import SlackApiError

from bot.core.errors import PermanentError
from bot.slack.client import make_web_client, open_session
from bot.slack.refusals import translated

Heard = list[tuple[str, str, float]]


class Slack:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.status, self.headers = 200, dict[str, str]()
        self.answer: dict[str, Any] = {"ok": True}
        self.url = ""

    async def reply(self, _request: web.Request) -> web.Response:
        return web.json_response(self.answer, status=self.status, headers=self.headers)


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[Slack]:
    slack, app = Slack(), web.Application()
    app.router.add_route("*", "/api/{method}", slack.reply)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield slack
    await runner.cleanup()


async def ask(slack: Slack, *, url: str = "") -> Heard:
    heard: Heard = []

    def hear(method: str, outcome: str, seconds: float, rest: float) -> None:
        assert 0 <= seconds < 20
        heard.append((method, outcome, rest))

    async with open_session(api_url=slack.url) as session:
        client = make_web_client(session=session, api_url=url or slack.url, token="xoxb-1", observe=hear)
        with suppress(SlackApiError, aiohttp.ClientError, TimeoutError):
            await client.auth_test()
    return heard


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (200, {"ok": True}, "ok"),
        (200, {"ok": False, "error": "not_in_channel"}, "not_in_channel"),
        (200, {"ok": False, "error": "invalid_auth"}, "invalid_auth"),
        (200, {"ok": False, "error": "whatever_they_think_of_next"}, "other"),
        (200, {"ok": False, "error": "ratelimited"}, "ratelimited"),
        (200, {"ok": False, "error": "Ask jane@example.com"}, "other"),
        (503, {"ok": False}, "http_5xx"),
        (404, {"ok": False}, "other"),
    ],
)
async def test_what_became_of_a_request_is_heard(
    slack: Slack, status: int, answer: dict[str, Any], outcome: str
) -> None:
    slack.status, slack.answer = status, answer

    ((method, heard, _rest),) = await ask(slack)

    assert (method, heard) == ("auth.test", outcome)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("whatever_they_think_of_next", "whatever_they_think_of_next"),
        ("Jane Doe (jane@example.com) may not", "no_code"),
        ("x" * 5_000, "no_code"),
        ("two\nlines", "no_code"),
    ],
    ids=lambda text: text[:9],
)
async def test_only_a_code_is_a_reason(slack: Slack, said: str, reason: str) -> None:
    """A proxy says what it likes, and reasons are logged and shown."""
    slack.answer = {"ok": False, "error": said}
    async with open_session(api_url=slack.url) as session:
        client = make_web_client(session=session, api_url=slack.url, token="xoxb-1")
        with pytest.raises(PermanentError) as refused, translated("auth.test"):
            await client.auth_test()

    assert refused.value.reason == reason


async def test_and_for_how_long_slack_wants_to_rest(slack: Slack) -> None:
    slack.status, slack.answer, slack.headers = 429, {"ok": False}, {"Retry-After": "30"}

    assert await ask(slack) == [("auth.test", "ratelimited", 30.0)]


async def test_who_asks_for_ever_is_obeyed_for_a_day(slack: Slack) -> None:
    """A figure that was infinite once stays so."""
    slack.status, slack.headers = 429, {"Retry-After": "9" * 400}

    assert await ask(slack) == [("auth.test", "ratelimited", 86_400.0)]


async def test_and_that_there_was_no_answer(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await ask(slack, url="http://127.0.0.1:9/api/") == [("auth.test", "dropped", 0.0)]
    monkeypatch.setattr("bot.slack.client.SLACK_SECONDS", 0.0001)

    ((_method, outcome, _rest),) = await ask(slack)

    assert outcome == "timeout"
