"""A Slack and a Samora on loopback for each test of a check."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.clock import SandboxClock
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.slack.client import make_web_client, open_session


@pytest.fixture(autouse=True)
def nobodys_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock()) as slack:
        yield slack


@pytest.fixture
async def samora() -> AsyncIterator[SamoraSandbox]:
    async with SamoraSandbox(clock=SandboxClock()) as samora:
        yield samora


@pytest.fixture
async def web(slack: SlackSandbox) -> AsyncIterator[AsyncWebClient]:
    async with open_session(api_url=slack.api_url) as session:
        yield make_web_client(session=session, api_url=slack.api_url, token=slack.bot_token)
