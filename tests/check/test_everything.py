"""All checks together, as the terminal and the doctor in Slack make them: one failure hides no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import check_everything
from bot.asking import open_lookup
from bot.check.doctor import Examiner
from bot.check.process import Pulse
from bot.core.findings import Finding, State
from bot.sandbox.faults import Fault
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.settings import HttpSettings, SamoraSettings, SocketSettings
from bot.storage.database import Database
from bot.storage.migrate import migrate
from bot.storage.opening import open_database
from bot.storage.store import Store

OUTAGE = Fault(drop=True, times=99)


def settings_for(
    kind: type[HttpSettings | SocketSettings], slack: SlackSandbox, samora: SamoraSandbox
) -> HttpSettings | SocketSettings:
    return kind.model_validate(
        {
            "slack_bot_token": slack.bot_token,
            "slack_app_token": slack.app_token,
            "slack_signing_secret": slack.signing_secret,
            "slack_api_url": slack.api_url,
            "samora_api_key": samora.api_key,
            "samora_api_url": samora.url,
        }
    )


def broken(findings: list[Finding]) -> list[str]:
    found = [finding for finding in findings if finding.state is State.BROKEN]
    assert all(finding.advice for finding in found)
    return [finding.name for finding in found]


# In the terminal


IN_HTTP_MODE = ["Settings", "Slack token", "Slack scopes", "Optional scopes", "Clock", "Samora", "Database"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [(SocketSettings, [*IN_HTTP_MODE[:5], "Socket Mode", *IN_HTTP_MODE[5:]]), (HttpSettings, IN_HTTP_MODE)],
)
async def test_everything_is_looked_at_that_the_mode_needs(
    slack: SlackSandbox, samora: SamoraSandbox, kind: type[HttpSettings | SocketSettings], names: list[str]
) -> None:
    findings = await check_everything(settings_for(kind, slack, samora))

    assert [finding.name for finding in findings] == names
    assert all(finding.state is State.FINE for finding in findings)
    assert not any(finding.advice for finding in findings)


async def test_where_there_are_tables_what_waits_in_them_is_told(
    slack: SlackSandbox, samora: SamoraSandbox, tmp_path: Path
) -> None:
    settings = settings_for(HttpSettings, slack, samora)
    database = open_database(f"sqlite:///{tmp_path / 'samora-bot.db'}")
    await migrate(database)
    await database.close()

    findings = await check_everything(settings)

    assert [finding.name for finding in findings] == [*IN_HTTP_MODE, "Queue", "Webhooks"]
    assert "calls due: 0" in findings[-2].detail


async def test_one_failure_hides_no_other(slack: SlackSandbox, samora: SamoraSandbox) -> None:
    slack.faults.add(replace(OUTAGE, path="/api/*"))
    samora.faults.add(Fault(path="/v1/*", status=401))

    findings = await check_everything(settings_for(SocketSettings, slack, samora))

    assert broken(findings) == ["Slack", "Socket Mode", "Samora"]


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/bot.db", "postgresql://nobody@127.0.0.1:1/nothing"])
async def test_a_database_that_cannot_be_had_is_one_finding_among_the_others(
    slack: SlackSandbox, samora: SamoraSandbox, url: str
) -> None:
    settings = settings_for(HttpSettings, slack, samora).model_copy(update={"database_url": SecretStr(url)})

    findings = await check_everything(settings)

    assert broken(findings) == ["Database"]
    assert "nobody" not in str(findings)


# In Slack


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:///{tmp_path / 'samora-bot.db'}")
    await migrate(database)
    yield database
    await database.close()


@asynccontextmanager
async def open_examiner(web: AsyncWebClient, samora: SamoraSandbox, database: Database) -> AsyncIterator[Examiner]:
    given = {"samora_api_key": samora.api_key, "samora_api_url": samora.url}
    now = datetime.now(UTC)
    store = Store(database=database, clock=lambda: now, team_id=lambda: "T0SANDBOX")
    async with open_lookup(SamoraSettings.model_validate(given)) as lookup:
        yield Examiner(
            web=web,
            lookup=lookup,
            store=store,
            feel=lambda: Pulse(since=now, is_connected=True),
            clock=lambda: datetime.now(UTC),
        )


@pytest.fixture
async def examiner(web: AsyncWebClient, samora: SamoraSandbox, database: Database) -> AsyncIterator[Examiner]:
    async with open_examiner(web, samora, database) as examiner:
        yield examiner


async def test_the_doctor_looks_at_all_that_a_running_bot_reaches(examiner: Examiner) -> None:
    findings = await examiner.examine("C0OPS")

    assert [finding.name for finding in findings] == [
        "Slack token", "Slack scopes", "Optional scopes", "Clock", "This channel", "Slack Connect", "Socket Mode",
        "Slack's requests", "Last failures", "Samora", "Database", "Queue", "Webhooks",
    ]  # fmt: skip
    assert all(finding.state is State.FINE for finding in findings)


async def test_of_another_channel_the_doctor_says_nothing(examiner: Examiner, slack: SlackSandbox) -> None:
    findings = await examiner.examine("C0QUIET")

    assert broken(findings) == ["This channel"]
    for channel in slack.workspace.channels:
        assert channel not in str(findings)


async def test_whatever_is_broken_the_rest_is_told(
    examiner: Examiner, slack: SlackSandbox, samora: SamoraSandbox
) -> None:
    slack.faults.add(Fault(path="/api/conversations.info", status=500, times=9))
    samora.faults.add(replace(OUTAGE, path="/v1/*"))

    findings = await examiner.examine("C0OPS")

    assert broken(findings) == ["This channel", "Samora"]


async def test_without_its_database_the_doctor_still_tells_the_rest(web: AsyncWebClient, samora: SamoraSandbox) -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/nothing")

    async with open_examiner(web, samora, away) as examiner:
        findings = await examiner.examine("C0OPS")
    await away.close()

    assert broken(findings) == ["Database"]
    assert "Queue" not in [finding.name for finding in findings]


async def test_neighbours_that_hang_are_lines_within_six_seconds(
    examiner: Examiner, slack: SlackSandbox, samora: SamoraSandbox
) -> None:
    slack.faults.add(Fault(path="/api/*", delay=30, times=9))
    samora.faults.add(Fault(path="/v1/*", delay=30, times=9))
    began = monotonic()

    findings = await examiner.examine("C0OPS")

    assert monotonic() - began < 6
    assert broken(findings) == ["Slack", "This channel", "Samora"]
    assert {finding.detail for finding in findings if finding.state is State.BROKEN} == {"no answer within 5 seconds"}
