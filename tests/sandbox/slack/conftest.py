"""A Slack without rate limits, slack_sdk's own client for it, and somebody who listens at the bot's request URL."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.clock import SandboxClock
from bot.sandbox.slack import SlackSandbox


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock(), rates=False) as sandbox:
        yield sandbox


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(slack: SlackSandbox, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.fixture
async def heard(slack: SlackSandbox) -> AsyncIterator[list[dict[str, Any]]]:
    """Every payload that came to the bot; each is acknowledged."""
    payloads: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            payloads.append(await request.json())
        else:
            form = dict(await request.post())
            payloads.append(json.loads(str(form["payload"])) if "payload" in form else form)
        return web.Response()

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.deliver_to(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    yield payloads
    await runner.cleanup()
