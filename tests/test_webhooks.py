"""``samora-bot webhooks`` as it is typed, between a Slack and a Samora on loopback: what is said, and how it ends."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pytest_mock import MockerFixture
from typer.testing import CliRunner

from bot.cli import app
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from bot.settings import SocketSettings

AGENT, OTHER_AGENT = "a6e27000-0000-4000-8000-000000000001", "a6e27000-0000-4000-8000-000000000002"
URL = "https://bot.example/samora/webhook"
NEW, OLD, KEY = "the-new-webhook-secret", "the-old-webhook-secret", "key-very-secret"
SIGNING = "whsec_0123456789abcdef"


class Samora:
    """Webhooks at Samora, as far as the commands need it; it doesn't filter what it lists, and refuses if told to."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.status = 200

    def app(self) -> web.Application:
        served = web.Application()
        served.router.add_get("/v2/webhooks", self._list)
        served.router.add_post("/v2/webhooks", self._create)
        served.router.add_put("/v2/webhooks/{id}", self._mend)
        served.router.add_delete("/v2/webhooks/{id}", self._remove)
        return served

    async def _list(self, request: web.Request) -> web.Response:
        assert request.headers["X-API-Key"] == KEY
        data = {"webhooks": list(self.there.values()), "total_count": len(self.there)}
        return web.json_response({"data": data}, status=self.status)

    async def _create(self, request: web.Request) -> web.Response:
        made = {"id": str(uuid4()), "is_active": True, **await request.json()}
        self.there[made["id"]] = made
        return web.json_response({"data": made | {"secret": SIGNING}}, status=201)

    async def _mend(self, request: web.Request) -> web.Response:
        self.there[request.match_info["id"]] |= await request.json()
        return web.json_response({"data": self.there[request.match_info["id"]]})

    async def _remove(self, request: web.Request) -> web.Response:
        status = 204 if self.there.pop(request.match_info["id"], None) else 404
        return web.Response(status=status)


@pytest.fixture
async def samora(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Samora]:
    samora = Samora()
    async with TestServer(samora.app()) as server:
        monkeypatch.setenv("SAMORA_API_URL", str(server.make_url("")).rstrip("/"))
        yield samora


@pytest.fixture
async def slack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock()) as slack:
        monkeypatch.setenv("SLACK_API_URL", slack.api_url)
        monkeypatch.setenv("SLACK_BOT_TOKEN", slack.bot_token)
        monkeypatch.setenv("SLACK_SIGNING_SECRET", slack.signing_secret)
        yield slack


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mocker: MockerFixture) -> None:
    monkeypatch.chdir(tmp_path)
    for name in SocketSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    mocker.patch("bot.log.set_up_logging")
    monkeypatch.setenv("SAMORA_API_KEY", KEY)
    monkeypatch.setenv("WEBHOOK_SECRET", f"{NEW},{OLD}")


async def run(*arguments: str) -> tuple[int, str]:
    """The exit code, and all that was said; never a secret."""
    result = await asyncio.to_thread(CliRunner().invoke, app, ["webhooks", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), "a traceback reached the person"
    said = result.stdout + result.stderr
    assert not [each for each in (NEW, OLD, KEY, SIGNING) if each in said]
    return result.exit_code, said


def kept_secrets() -> list[str]:
    with closing(sqlite3.connect("samora-bot.db")) as connection:
        return [row[0] for row in connection.execute("SELECT secret FROM webhooks")]


@pytest.mark.usefixtures("slack")
async def test_from_installing_to_removing(samora: Samora) -> None:
    code, said = await run("install", "--agent", AGENT, "--url", "https://bot.example")
    assert (code, "Installed: " in said) == (0, True)
    ((webhook_id, made),) = samora.there.items()
    assert (made["agent_id"], made["url"], made["custom_headers"]) == (AGENT, URL, {"X-Samora-Bot-Secret": NEW})
    (secret,) = kept_secrets()
    assert SIGNING not in secret
    assert secret

    code, said = await run("install", "--agent", AGENT, "--url", URL)
    assert (code, "Nothing to do" in said, len(samora.there)) == (0, True, 1)

    samora.there[webhook_id]["is_active"] = False
    code, said = await run("list")
    assert (code, webhook_id in said, "it is switched off" in said) == (0, True, True)
    code, said = await run("install", "--agent", AGENT, "--url", URL)
    assert (code, "Mended: " in said, samora.there[webhook_id]["is_active"]) == (0, True, True)

    code, said = await run("remove", "--agent", AGENT)
    assert (code, "Removed: " in said, samora.there, kept_secrets()) == (0, True, {}, [])


@pytest.mark.usefixtures("slack")
async def test_what_is_done_for_one_agent_leaves_those_of_another_alone(samora: Samora) -> None:
    for agent in (AGENT, OTHER_AGENT):
        assert (await run("install", "--agent", agent, "--url", URL))[0] == 0
    assert [each["agent_id"] for each in samora.there.values()] == [AGENT, OTHER_AGENT]

    assert (await run("remove", "--agent", AGENT))[0] == 0

    assert [each["agent_id"] for each in samora.there.values()] == [OTHER_AGENT]


@pytest.mark.usefixtures("slack", "samora")
async def test_a_check_that_finds_something_ends_with_1_and_says_what_to_do() -> None:
    code, said = await run("check", "--agent", AGENT)
    assert (code, "No webhook of ours is installed." in said) == (1, True)

    async with TestServer(web.Application()) as elsewhere:
        url = str(elsewhere.make_url("/samora/webhook"))
        assert (await run("install", "--agent", AGENT, "--url", url))[0] == 0
        code, said = await run("check")
    assert code == 1
    assert "answers 404 instead of 401" in said
    assert "has to run with the same WEBHOOK_SECRET" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("install",), "Whose calls?"),
        (("install", "--agent", AGENT), "Where is the bot reached"),
        (("install", "--agent", "collections", "--url", URL), "isn't an agent's id"),
        (("remove",), "Whose calls?"),
        (("check", "--url", "http://bot.example"), "an address that Samora reaches"),
        (("mend",), "'mend'"),
    ],
)
@pytest.mark.usefixtures("slack", "samora")
async def test_what_cannot_be_meant_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    code, told = await run(*arguments)
    assert (code, said in told) == (2, True)


@pytest.mark.usefixtures("slack", "samora")
async def test_without_a_secret_it_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBHOOK_SECRET")
    code, said = await run("list")
    assert (code, "openssl rand -hex 32" in said) == (2, True)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "Samora refuses that (HTTP 401: the key is not accepted)"),
        (503, "Samora doesn't answer as it should (HTTP 503). Try again in a moment."),
    ],
)
@pytest.mark.usefixtures("slack")
async def test_what_samora_refuses_is_a_kind_sentence(samora: Samora, status: int, said: str) -> None:
    samora.status = status
    code, told = await run("list")
    assert (code, said in told) == (1, True)


@pytest.mark.usefixtures("slack", "samora")
async def test_removing_what_is_not_there_is_a_kind_sentence() -> None:
    code, said = await run("remove", "--id", "nobodys")
    assert (code, "HTTP 404: there is no such agent or webhook" in said) == (1, True)


@pytest.mark.usefixtures("samora")
async def test_without_slack_it_is_not_known_whose_webhooks_they_are(slack: SlackSandbox) -> None:
    slack.faults.add(Fault(path="/api/*", drop=True, times=99))
    code, said = await run("list")
    assert (code, "Slack doesn't say which workspace" in said) == (1, True)


@pytest.mark.usefixtures("slack", "samora")
async def test_without_the_database_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    code, said = await run("install", "--agent", AGENT, "--url", URL)
    assert (code, "The database doesn't answer" in said) == (1, True)
