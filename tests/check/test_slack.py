"""The checks of Slack against a real server: what is fine, what fails and why, and that every failure has an advice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pytest_mock import MockerFixture
from slack_sdk.web.async_client import AsyncWebClient

from bot.check.engine import Check, run_checks
from bot.check.slack import channel_check, slack_check, socket_check
from bot.core.findings import Finding, State
from bot.sandbox.faults import Fault
from bot.sandbox.slack import SlackSandbox
from bot.slack.client import make_web_client, open_session
from bot.slack.manifest import OPTIONAL_SCOPES

NEEDED = ("commands", "chat:write", "app_mentions:read")
OPTIONAL = tuple(OPTIONAL_SCOPES)


def now() -> datetime:
    return datetime.now(UTC)


def off_by(seconds: float) -> Callable[[], datetime]:
    return lambda: now() + timedelta(seconds=seconds)


async def look_at_slack(
    slack: SlackSandbox, *, token: str = "", api_url: str = "", clock: Callable[[], datetime] = now
) -> list[Finding]:
    async with open_session(api_url=api_url or slack.api_url) as session:
        web = make_web_client(session=session, api_url=api_url or slack.api_url, token=token or slack.bot_token)
        return await run_checks([slack_check(web, clock)])


async def look_at_socket(slack: SlackSandbox, *, app_token: str = "", api_url: str = "") -> Finding:
    async with open_session(api_url=api_url or slack.api_url) as session:
        web = make_web_client(session=session, api_url=api_url or slack.api_url, token=slack.bot_token)
        return await only(socket_check(web, app_token or slack.app_token))


async def only(check: Check) -> Finding:
    (finding,) = await run_checks([check])
    return finding


def named(findings: list[Finding], name: str) -> Finding:
    (finding,) = [each for each in findings if each.name == name]
    return finding


# The token


async def test_a_good_token_says_who_it_is_and_what_it_may_do(slack: SlackSandbox) -> None:
    token, scopes, optional, clock = await look_at_slack(slack)

    assert (token.name, token.state) == ("Slack token", State.FINE)
    assert token.detail.startswith("U0SAMORA in Acme (T0SANDBOX), ")
    assert token.detail.endswith(" ms")
    assert scopes == Finding(name="Slack scopes", state=State.FINE, detail=", ".join(NEEDED))
    assert optional == Finding(name="Optional scopes", state=State.FINE, detail=", ".join(OPTIONAL))
    assert clock == Finding(name="Clock", state=State.FINE, detail="agrees with Slack's")


@pytest.mark.parametrize("scope", NEEDED)
async def test_a_missing_scope_is_named_with_what_it_is_for(slack: SlackSandbox, scope: str) -> None:
    slack.granted_scopes.discard(scope)

    findings = await look_at_slack(slack)

    scopes = named(findings, "Slack scopes")
    assert named(findings, "Slack token").state is State.FINE
    assert scopes.state is State.BROKEN
    assert scopes.detail.startswith(f"missing: {scope} (")
    assert "samora-bot manifest" in scopes.advice


@pytest.mark.parametrize("scope", OPTIONAL)
async def test_a_missing_optional_scope_is_a_remark_with_what_is_lost(slack: SlackSandbox, scope: str) -> None:
    slack.granted_scopes.discard(scope)

    findings = await look_at_slack(slack)

    optional = named(findings, "Optional scopes")
    assert named(findings, "Slack scopes").state is State.FINE
    assert optional.state is State.REMARK
    assert optional.detail.startswith(f"lost without {scope} (the bot ")
    assert not [other for other in OPTIONAL if f" {other} (the bot " in optional.detail and other != scope]
    assert "samora-bot manifest" in optional.advice


async def test_all_optional_scopes_that_are_missing_are_named(slack: SlackSandbox) -> None:
    slack.granted_scopes.difference_update(OPTIONAL_SCOPES)

    optional = named(await look_at_slack(slack), "Optional scopes")

    assert [scope for scope in OPTIONAL if f"{scope} (" not in optional.detail] == []


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

    assert (finding.name, finding.state, finding.detail) == ("Slack token", State.BROKEN, code)
    assert advises in finding.advice


async def test_a_wrong_token_is_refused(slack: SlackSandbox) -> None:
    (finding,) = await look_at_slack(slack, token="xoxb-wrong")

    assert (finding.state, finding.detail) == (State.BROKEN, "invalid_auth")
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

    assert (finding.name, finding.state) == ("Slack", State.BROKEN)
    assert finding.detail
    assert finding.advice


async def test_a_slack_that_is_not_there_asks_about_the_network(slack: SlackSandbox) -> None:
    (finding,) = await look_at_slack(slack, api_url="http://127.0.0.1:1/api/")

    assert finding.state is State.BROKEN
    assert "proxy" in finding.advice


# The clock


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "ahead of Slack's"), (-60, "behind Slack's"), (4, "ahead of Slack's"), (-4, "behind Slack's")],
)
async def test_a_clock_that_is_off_is_a_remark(slack: SlackSandbox, seconds: float, words: str) -> None:
    clock = named(await look_at_slack(slack, clock=off_by(seconds)), "Clock")

    assert clock.state is State.REMARK
    assert clock.detail.endswith(words)
    assert "NTP" in clock.advice


@pytest.mark.parametrize("seconds", [1, -1])
async def test_a_clock_that_is_off_by_a_second_agrees_as_far_as_a_date_tells(
    slack: SlackSandbox, seconds: float
) -> None:
    assert named(await look_at_slack(slack, clock=off_by(seconds)), "Clock").state is State.FINE


async def test_an_answer_that_takes_its_time_makes_no_clock_wrong(slack: SlackSandbox) -> None:
    """Somewhere between the question and the answer, Slack has looked at its clock."""
    times = iter([now() - timedelta(seconds=20), now() + timedelta(seconds=20)])

    assert named(await look_at_slack(slack, clock=lambda: next(times)), "Clock").state is State.FINE


@pytest.mark.parametrize("said", ["", "yesterday", "Mon, 99 Foo 2026"])
async def test_without_a_time_of_slacks_nothing_is_said_of_the_clock(
    web: AsyncWebClient, mocker: MockerFixture, said: str
) -> None:
    answer = await web.auth_test()
    headers = {"x-oauth-scopes": "commands"} | ({"Date": said} if said else {})
    mocker.patch.object(answer, "headers", headers)
    mocker.patch.object(web, "auth_test", return_value=answer)

    findings = await run_checks([slack_check(web, now)])

    assert [each.name for each in findings] == ["Slack token", "Slack scopes", "Optional scopes"]


# Socket Mode


async def test_a_good_app_token_gets_an_address_and_connects_to_nothing(slack: SlackSandbox) -> None:
    finding = await look_at_socket(slack)

    assert finding == Finding(name="Socket Mode", state=State.FINE, detail="Slack gives an address to connect to")
    assert slack.connections_made == 0


@pytest.mark.parametrize("app_token", ["xapp-1-A0SANDBOX-1-wrong", "xoxb-sandbox"])
async def test_a_bad_app_token_is_refused_with_an_advice(slack: SlackSandbox, app_token: str) -> None:
    finding = await look_at_socket(slack, app_token=app_token)

    assert (finding.name, finding.state) == ("Socket Mode", State.BROKEN)
    assert finding.detail in {"invalid_auth", "not_allowed_token_type"}
    assert "connections:write" in finding.advice


@pytest.mark.parametrize("fault", list(UNREACHABLE.values()), ids=list(UNREACHABLE))
async def test_a_slack_that_gives_no_address_is_a_finding_and_not_a_crash(slack: SlackSandbox, fault: Fault) -> None:
    slack.faults.add(fault)

    finding = await look_at_socket(slack)

    assert (finding.name, finding.state) == ("Socket Mode", State.BROKEN)
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

    assert (finding.state, finding.detail) == (State.BROKEN, "no connection")
    assert "proxy" in finding.advice


# The channel


async def test_a_channel_with_the_bot_and_without_strangers_is_fine(web: AsyncWebClient) -> None:
    assert await run_checks([channel_check(web, "C0OPS")]) == [
        Finding(name="This channel", state=State.FINE, detail="the bot is a member"),
        Finding(name="Slack Connect", state=State.FINE, detail="this channel isn't shared with another organisation"),
    ]


async def test_a_channel_without_the_bot_says_how_to_invite_it(web: AsyncWebClient) -> None:
    membership, sharing = await run_checks([channel_check(web, "C0QUIET")])

    assert (membership.state, membership.advice) == (State.BROKEN, "Type `/invite @Samora` here.")
    assert "isn't a member" in membership.detail
    assert sharing.state is State.FINE


async def test_a_private_channel_without_the_bot_cannot_be_seen(web: AsyncWebClient) -> None:
    finding = await only(channel_check(web, "C0SECRET"))

    assert (finding.state, finding.advice) == (State.BROKEN, "Type `/invite @Samora` here.")
    assert "channel_not_found" in finding.detail


async def test_a_channel_that_others_share_is_a_remark(web: AsyncWebClient) -> None:
    membership, sharing = await run_checks([channel_check(web, "C0SHARED")])

    assert membership.state is State.FINE
    assert (sharing.name, sharing.state) == ("Slack Connect", State.REMARK)
    assert "shared with another organisation" in sharing.detail
    assert sharing.advice


@pytest.mark.parametrize(
    ("channel", "detail"),
    [
        ('{"is_ext_shared": false, "is_pending_ext_shared": true}', "this channel is shared with another organisation"),
        ('{"is_ext_shared": false, "pending_shared": ["T0PARTNER"]}', "this channel is shared with another"),
        ('{"id": "C0OPS"}', "Slack doesn't say whether this channel is shared"),
        ('{"is_ext_shared": null}', "Slack doesn't say whether this channel is shared"),
    ],
)
async def test_the_line_on_sharing_says_what_cards_there_go_by(
    slack: SlackSandbox, web: AsyncWebClient, channel: str, detail: str
) -> None:
    """An invitation counts, and what Slack doesn't say is not believed."""
    body = f'{{"ok": true, "channel": {channel}}}'
    slack.faults.add(Fault(path="/api/conversations.info", status=200, body=body, content_type="application/json"))

    _, sharing = await run_checks([channel_check(web, "C0OPS")])

    assert (sharing.name, sharing.state) == ("Slack Connect", State.REMARK)
    assert detail in sharing.detail
    assert sharing.advice


async def test_an_archived_channel_says_that_nothing_can_be_posted(web: AsyncWebClient) -> None:
    membership, _ = await run_checks([channel_check(web, "C0OLD")])

    assert membership.state is State.BROKEN
    assert "archived" in membership.detail
    assert "Unarchive" in membership.advice


@pytest.mark.parametrize(("channel", "scope"), [("C0OPS", "channels:read"), ("D0MIRA", "im:read")])
async def test_where_a_scope_is_missing_the_line_says_so_and_offers_the_test_message(
    slack: SlackSandbox, web: AsyncWebClient, channel: str, scope: str
) -> None:
    slack.granted_scopes.discard(scope)

    finding = await only(channel_check(web, channel))

    assert (finding.name, finding.state) == ("This channel", State.REMARK)
    assert "missing_scope" in finding.detail
    assert "`channels:read` and `groups:read`" in finding.advice
    assert "test message" in finding.advice


@pytest.mark.parametrize("fault", list(UNREACHABLE.values()), ids=list(UNREACHABLE))
async def test_a_slack_that_does_not_tell_of_channels_is_a_finding(
    slack: SlackSandbox, web: AsyncWebClient, fault: Fault
) -> None:
    # A GET whose connection drops is repeated by aiohttp.
    slack.faults.add(replace(fault, times=9))

    finding = await only(channel_check(web, "C0OPS"))

    assert (finding.name, finding.state) == ("This channel", State.BROKEN)
    assert finding.advice


@pytest.mark.parametrize(
    ("channel", "state"), [("{}", State.BROKEN), ("null", State.BROKEN), ('{"is_im": true}', State.FINE)]
)
async def test_an_answer_that_says_little_is_believed_as_far_as_it_goes(
    slack: SlackSandbox, web: AsyncWebClient, channel: str, state: State
) -> None:
    body = f'{{"ok": true, "channel": {channel}}}'
    slack.faults.add(Fault(path="/api/conversations.info", status=200, body=body))

    membership, _ = await run_checks([channel_check(web, "C0OPS")])

    assert membership.state is state
