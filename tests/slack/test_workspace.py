"""The workspaces: Slack is asked once who we are, and a payload for somebody else is not ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.core.errors import PermanentError, SlackUnavailable
from bot.sandbox.clock import SandboxClock
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from bot.slack.client import make_web_client, open_session
from bot.slack.manifest import NEEDED_SCOPES, OPTIONAL_SCOPES
from bot.slack.payloads import Place
from bot.slack.workspace import Workspace, Workspaces, read_app_id

OURS = Place(team_id="T0SANDBOX", user_id="U1", user_team_id="T0SANDBOX", app_id="A0SANDBOX")


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    async with SlackSandbox(clock=SandboxClock()) as slack:
        yield slack


@asynccontextmanager
async def open_workspaces(
    slack: SlackSandbox, *, token: str = "", app_id: str = "A0SANDBOX"
) -> AsyncIterator[Workspaces]:
    async with open_session(api_url=slack.api_url) as session:
        web = make_web_client(session=session, api_url=slack.api_url, token=token or slack.bot_token)
        yield Workspaces(web=web, app_id=app_id)


def asked(slack: SlackSandbox) -> list[str]:
    return [request.path for request in slack.requests]


async def test_slack_says_who_we_are_and_what_the_token_may_do(slack: SlackSandbox) -> None:
    async with open_workspaces(slack) as workspaces:
        known = [workspaces.is_known]
        own = await workspaces.get_own()
        known.append(workspaces.is_known)

    assert known == [False, True]
    assert own == Workspace(
        team_id="T0SANDBOX",
        team="Acme",
        bot_user_id="U0SAMORA",
        scopes=frozenset(NEEDED_SCOPES | OPTIONAL_SCOPES),
    )


async def test_auth_test_is_asked_once_however_many_wait_for_it(slack: SlackSandbox) -> None:
    async with open_workspaces(slack) as workspaces:
        answers = await asyncio.gather(*(workspaces.get_own() for _ in range(10)), workspaces.find(OURS))
        await workspaces.find(OURS)

    assert len(set(answers)) == 1
    assert asked(slack) == ["/api/auth.test"]


async def test_a_slack_that_does_not_answer_is_asked_again_the_next_time(slack: SlackSandbox) -> None:
    slack.faults.add(Fault(path="/api/auth.test", status=503, body="<html>", content_type="text/html"))
    async with open_workspaces(slack) as workspaces:
        with pytest.raises(SlackUnavailable):
            await workspaces.get_own()
        assert not workspaces.is_known

        assert (await workspaces.get_own()).team_id == "T0SANDBOX"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True),
        Fault(status=429, retry_after=3),
        Fault(status=200, body="hello", content_type="text/plain"),
        Fault(status=200, body="[1]"),
        Fault(status=502, body="<html>", content_type="text/html"),
    ],
    ids=["dropped", "429", "text", "list", "502"],
)
async def test_every_way_not_to_answer_is_slack_unavailable(slack: SlackSandbox, fault: Fault) -> None:
    slack.faults.add(fault)
    async with open_workspaces(slack) as workspaces:
        with pytest.raises(SlackUnavailable) as error:
            await workspaces.get_own()

    assert error.value.retry_after == fault.retry_after
    assert len(asked(slack)) == 1


async def test_a_refused_token_is_a_permanent_error_with_slacks_code(slack: SlackSandbox) -> None:
    async with open_workspaces(slack, token="xoxb-wrong") as workspaces:
        with pytest.raises(PermanentError, match="invalid_auth"):
            await workspaces.find(OURS)


@pytest.mark.parametrize(
    ("place", "is_ours"),
    [
        (OURS, True),
        (Place(team_id="T0SANDBOX"), True),
        (Place(team_id="T0OTHER", app_id="A0SANDBOX"), False),
        (Place(team_id="T0SANDBOX", app_id="A0OTHER"), False),
        (Place(team_id="", app_id="A0SANDBOX"), False),
        (Place(), False),
    ],
    ids=["ours", "no app told", "foreign team", "foreign app", "no team told", "nothing told"],
)
async def test_a_payload_for_another_team_or_another_app_is_not_ours(
    slack: SlackSandbox, place: Place, is_ours: bool
) -> None:
    async with open_workspaces(slack) as workspaces:
        found = await workspaces.find(place)

    assert (found is not None) is is_ours


async def test_where_the_environment_tells_no_app_every_app_of_the_team_is_ours(slack: SlackSandbox) -> None:
    async with open_workspaces(slack, app_id="") as workspaces:
        assert await workspaces.find(Place(team_id="T0SANDBOX", app_id="A0ANY")) is not None


async def test_an_organisation_is_told_where_the_workspace_is_in_one(slack: SlackSandbox) -> None:
    slack.workspace.users["U0SAMORA"] = replace(slack.workspace.users["U0SAMORA"], enterprise_id="E0GRID")

    async with open_workspaces(slack) as workspaces:
        own = await workspaces.get_own()

    assert own.enterprise_id == "E0GRID"
    # A mention may name somebody's organisation instead of the workspace.
    for user_team_id, is_outsider in {"T0SANDBOX": False, "E0GRID": False, "E0OTHER": True, "": True}.items():
        assert own.is_outsider(Place(team_id="T0SANDBOX", user_team_id=user_team_id)) is is_outsider


@pytest.mark.parametrize(
    ("user_team_id", "is_outsider"), [("T0SANDBOX", False), ("T0PARTNER", True), ("", True), ("E0SANDBOX", True)]
)
def test_whoever_is_not_known_to_be_a_member_is_an_outsider(user_team_id: str, is_outsider: bool) -> None:
    own = Workspace(team_id="T0SANDBOX", team="Acme", bot_user_id="U0", scopes=frozenset())

    assert own.is_outsider(Place(team_id="T0SANDBOX", user_team_id=user_team_id)) is is_outsider


@pytest.mark.parametrize(
    ("header", "scopes"),
    [("commands, chat:write", {"commands", "chat:write"}), ("", set()), (None, set()), ("commands,,", {"commands"})],
)
async def test_scopes_are_read_from_slacks_header(
    slack: SlackSandbox, header: str | None, scopes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workspaces(slack) as workspaces:
        answer = await workspaces._web.auth_test()
        monkeypatch.setattr(answer, "headers", {"x-oauth-scopes": header} if header is not None else {})

        async def answered() -> object:
            return answer

        monkeypatch.setattr(workspaces._web, "auth_test", answered)
        own = await workspaces.get_own()

    assert own.scopes == scopes


@pytest.mark.parametrize(
    ("app_token", "app_id"),
    [
        ("xapp-1-A0123456789-123-abc", "A0123456789"),
        ("xapp-1-A0SANDBOX-1-sandbox", "A0SANDBOX"),
        ("xapp-1-A0123456789", ""),
        ("xapp-secret", ""),
        ("xapp-1-T0123-1-x", ""),
        ("", ""),
        ("---", ""),
    ],
)
def test_the_apps_id_is_read_from_the_app_token(app_token: str, app_id: str) -> None:
    assert read_app_id(app_token) == app_id
