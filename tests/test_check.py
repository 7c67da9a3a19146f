"""The check against real servers: what is fine, what fails and why, and that every failure has an advice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import check_everything, open_lookup
from bot.check import Finding, check_database, check_samora, check_slack, check_socket
from bot.core.calls import Call, CallId
from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable, StoreUnavailable
from bot.core.lookup import Lookup
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.samora import SamoraSandbox
from bot.sandbox.slack import SlackSandbox
from bot.settings import HttpSettings, SamoraSettings, SocketSettings
from bot.slack.messenger import make_web_client, open_session
from bot.slack.workspace import Workspaces

NEEDED = ("commands", "chat:write", "app_mentions:read")


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


async def look_at_slack(slack: SlackSandbox, *, token: str = "", api_url: str = "") -> list[Finding]:
    async with open_session(api_url=api_url or slack.api_url) as session:
        web = make_web_client(session=session, api_url=api_url or slack.api_url, token=token or slack.bot_token)
        return await check_slack(Workspaces(web=web))


async def look_at_socket(slack: SlackSandbox, *, app_token: str = "", api_url: str = "") -> Finding:
    async with open_session(api_url=api_url or slack.api_url) as session:
        web = make_web_client(session=session, api_url=api_url or slack.api_url, token=slack.bot_token)
        return await check_socket(web, app_token or slack.app_token)


@asynccontextmanager
async def samora_lookup(samora: SamoraSandbox, *, api_key: str = "", url: str = "") -> AsyncIterator[Lookup]:
    settings = SamoraSettings.model_validate(
        {"samora_api_key": api_key or samora.api_key, "samora_api_url": url or samora.url}
    )
    async with open_lookup(settings) as lookup:
        yield lookup


class Answering:
    """A port to Samora that gives one answer."""

    def __init__(self, error: BotError) -> None:
        self._error = error

    async def get_call(self, _call_id: CallId) -> Call:
        raise self._error


# Slack


async def test_a_good_token_says_who_it_is_and_what_it_may_do(slack: SlackSandbox) -> None:
    token, scopes = await look_at_slack(slack)

    assert (token.name, token.is_fine) == ("Slack token", True)
    assert token.detail.startswith("U0SAMORA in Acme (T0SANDBOX), ")
    assert token.detail.endswith(" ms")
    assert scopes == Finding(name="Slack scopes", is_fine=True, detail=", ".join(NEEDED))


@pytest.mark.parametrize("scope", NEEDED)
async def test_a_missing_scope_is_named_with_what_it_is_for(slack: SlackSandbox, scope: str) -> None:
    slack.granted_scopes.discard(scope)

    token, scopes = await look_at_slack(slack)

    assert token.is_fine
    assert not scopes.is_fine
    assert scopes.detail.startswith(f"missing: {scope} (")
    assert "samora-bot manifest" in scopes.advice


@pytest.mark.parametrize(
    ("code", "advises"),
    [
        ("invalid_auth", "Copy SLACK_BOT_TOKEN anew"),
        ("not_authed", "Set SLACK_BOT_TOKEN"),
        ("account_inactive", "Install it again"),
        ("token_revoked", "Install the app again"),
        ("not_allowed_token_type", "starts with xoxb-"),
        ("a_new_code", "a_new_code"),
    ],
)
async def test_each_reason_to_refuse_a_token_has_its_advice(slack: SlackSandbox, code: str, advises: str) -> None:
    slack.faults.add(Fault(path="/api/auth.test", status=200, body=f'{{"ok": false, "error": "{code}"}}'))

    (finding,) = await look_at_slack(slack)

    assert (finding.name, finding.is_fine, finding.detail) == ("Slack token", False, code)
    assert advises in finding.advice


async def test_a_wrong_token_is_refused(slack: SlackSandbox) -> None:
    (finding,) = await look_at_slack(slack, token="xoxb-wrong")

    assert (finding.is_fine, finding.detail) == (False, "invalid_auth")
    assert "xoxb-wrong" not in repr(finding)


UNREACHABLE = {
    "dropped": Fault(drop=True),
    "503": Fault(status=503, body="<html>", content_type="text/html"),
    "proxy": Fault(status=200, body="Sign in, please", content_type="text/plain"),
    "list": Fault(status=200, body="[1]"),
    "rate": Fault(status=429, retry_after=9),
}


@pytest.mark.parametrize("fault", list(UNREACHABLE.values()), ids=list(UNREACHABLE))
async def test_a_slack_that_does_not_answer_is_a_finding_and_not_a_crash(slack: SlackSandbox, fault: Fault) -> None:
    slack.faults.add(fault)

    (finding,) = await look_at_slack(slack)

    assert (finding.name, finding.is_fine) == ("Slack", False)
    assert finding.detail
    assert finding.advice


async def test_a_slack_that_is_not_there_asks_about_the_network(slack: SlackSandbox) -> None:
    (finding,) = await look_at_slack(slack, api_url="http://127.0.0.1:1/api/")

    assert not finding.is_fine
    assert "proxy" in finding.advice


# Socket Mode


async def test_a_good_app_token_gets_an_address_and_connects_to_nothing(slack: SlackSandbox) -> None:
    finding = await look_at_socket(slack)

    assert finding == Finding(name="Socket Mode", is_fine=True, detail="Slack gives an address to connect to")
    assert slack.connections_made == 0


@pytest.mark.parametrize("app_token", ["xapp-1-A0SANDBOX-1-wrong", "xoxb-sandbox"])
async def test_a_bad_app_token_is_refused_with_an_advice(slack: SlackSandbox, app_token: str) -> None:
    finding = await look_at_socket(slack, app_token=app_token)

    assert (finding.name, finding.is_fine) == ("Socket Mode", False)
    assert finding.detail in {"invalid_auth", "not_allowed_token_type"}
    assert "connections:write" in finding.advice


@pytest.mark.parametrize("fault", list(UNREACHABLE.values()), ids=list(UNREACHABLE))
async def test_a_slack_that_gives_no_address_is_a_finding_and_not_a_crash(slack: SlackSandbox, fault: Fault) -> None:
    slack.faults.add(fault)

    finding = await look_at_socket(slack)

    assert (finding.name, finding.is_fine) == ("Socket Mode", False)
    assert finding.detail
    assert finding.advice


@pytest.mark.parametrize("fault", ["503", "rate"])
async def test_a_slack_that_is_busy_does_not_make_anybody_change_a_good_app_token(
    slack: SlackSandbox, fault: str
) -> None:
    slack.faults.add(UNREACHABLE[fault])

    finding = await look_at_socket(slack)

    assert "Make SLACK_APP_TOKEN anew" not in finding.advice


async def test_a_slack_that_is_not_there_gives_no_address(slack: SlackSandbox) -> None:
    finding = await look_at_socket(slack, api_url="http://127.0.0.1:1/api/")

    assert (finding.is_fine, finding.detail) == (False, "no connection")
    assert "proxy" in finding.advice


# Samora


async def test_a_samora_that_knows_the_key_says_that_there_is_no_such_call(samora: SamoraSandbox) -> None:
    async with samora_lookup(samora) as lookup:
        finding = await check_samora(lookup)

    assert (finding.name, finding.is_fine) == ("Samora", True)
    assert finding.detail.startswith("answers and accepts the key, ")
    assert [request.status for request in samora.requests] == [404]


async def test_a_refused_key_says_where_to_copy_it_anew(samora: SamoraSandbox) -> None:
    async with samora_lookup(samora, api_key="wrong-key") as lookup:
        finding = await check_samora(lookup)

    assert (finding.is_fine, finding.detail) == (False, "HTTP 401")
    assert "SAMORA_API_KEY" in finding.advice
    assert "wrong-key" not in repr(finding)


@pytest.mark.parametrize(
    ("error", "is_fine"),
    [
        (CallNotFound("no such call"), True),
        (SamoraRefused("HTTP 400"), True),
        (SamoraRefused("HTTP 401"), False),
        (SamoraRefused("HTTP 403"), False),
        (SamoraUnavailable("time-out"), False),
    ],
)
async def test_whoever_dislikes_the_id_has_accepted_the_key(error: BotError, is_fine: bool) -> None:
    finding = await check_samora(Lookup(calls=Answering(error)))

    assert finding.is_fine is is_fine
    assert bool(finding.advice) is not is_fine


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/v1/*", status=500, times=9),
        Fault(path="/v1/*", status=200, body="<html>", content_type="text/html"),
        Fault(path="/v1/*", status=302),
        Fault(path="/v1/*", drop=True, times=9),
    ],
    ids=["500", "html", "redirect", "dropped"],
)
async def test_a_samora_that_does_not_answer_is_a_finding_and_not_a_crash(samora: SamoraSandbox, fault: Fault) -> None:
    samora.faults.add(fault)

    async with samora_lookup(samora) as lookup:
        finding = await check_samora(lookup)

    assert not finding.is_fine
    assert finding.detail
    assert finding.advice


# All of it


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


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (SocketSettings, ["Settings", "Slack token", "Slack scopes", "Socket Mode", "Samora", "Database"]),
        (HttpSettings, ["Settings", "Slack token", "Slack scopes", "Samora", "Database"]),
    ],
)
async def test_everything_is_looked_at_that_the_mode_needs(
    slack: SlackSandbox, samora: SamoraSandbox, kind: type[HttpSettings | SocketSettings], names: list[str]
) -> None:
    findings = await check_everything(settings_for(kind, slack, samora))

    assert [finding.name for finding in findings] == names
    assert all(finding.is_fine for finding in findings)
    assert not any(finding.advice for finding in findings)


async def test_one_failure_hides_no_other(slack: SlackSandbox, samora: SamoraSandbox) -> None:
    slack.faults.add(Fault(path="/api/*", drop=True, times=9))
    samora.faults.add(Fault(path="/v1/*", status=401))

    findings = await check_everything(settings_for(SocketSettings, slack, samora))

    fails = [finding for finding in findings if not finding.is_fine]
    assert [finding.name for finding in fails] == ["Slack", "Socket Mode", "Samora"]
    assert all(finding.advice for finding in fails)


# The database


async def test_a_database_that_answers_says_what_it_holds() -> None:
    async def find_revision() -> str | None:
        return "0001"

    finding = await check_database(find_revision)

    assert (finding.name, finding.is_fine) == ("Database", True)
    assert finding.detail.startswith("tables of revision 0001, ")


async def test_a_database_without_tables_is_fine_before_the_first_start() -> None:
    async def find_revision() -> str | None:
        return None

    finding = await check_database(find_revision)

    assert finding.is_fine
    assert "the bot makes them when it starts" in finding.detail


async def test_a_database_that_does_not_answer_comes_with_advice() -> None:
    async def find_revision() -> str | None:
        raise StoreUnavailable("08006")

    finding = await check_database(find_revision)

    assert (finding.is_fine, finding.detail) == (False, "08006")
    assert "DATABASE_URL" in finding.advice


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/bot.db", "postgresql://nobody@127.0.0.1:1/nothing"])
async def test_a_database_that_cannot_be_had_is_one_finding_among_the_others(
    slack: SlackSandbox, samora: SamoraSandbox, url: str
) -> None:
    settings = settings_for(HttpSettings, slack, samora).model_copy(update={"database_url": SecretStr(url)})

    findings = await check_everything(settings)

    assert [finding.name for finding in findings if not finding.is_fine] == ["Database"]
    assert "nobody" not in str(findings[-1])
