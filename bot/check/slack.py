"""Slack: the bot's token, what it may do, the clock, the way of Socket Mode, and the channel where somebody asks."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.check.engine import Check, timed
from bot.core.access import Sharing
from bot.core.errors import ChannelUnavailable, PermanentError, TokenRefused
from bot.core.findings import Finding, State
from bot.core.ports import Clock
from bot.slack.blocks import seconds_words
from bot.slack.directory import sharing_of
from bot.slack.manifest import NEEDED_SCOPES, OPTIONAL_SCOPES
from bot.slack.refusals import translated
from bot.slack.workspace import Workspace, read_workspace

_TOKEN_ADVICE = {
    "invalid_auth": "Copy SLACK_BOT_TOKEN anew: api.slack.com/apps → your app → OAuth & Permissions.",
    "not_authed": "Set SLACK_BOT_TOKEN: api.slack.com/apps → your app → OAuth & Permissions.",
    "account_inactive": "The app was uninstalled. Install it again, and copy SLACK_BOT_TOKEN anew.",
    "token_revoked": "The token was revoked. Install the app again, and copy SLACK_BOT_TOKEN anew.",
    "not_allowed_token_type": "This is another kind of token: SLACK_BOT_TOKEN starts with xoxb-.",
}
_SCOPES_ADVICE = (
    "api.slack.com/apps → your app → App Manifest: paste `samora-bot manifest`, then install the app again."
)
_OPTIONAL_ADVICE = f"Nothing, if that is meant. Else: {_SCOPES_ADVICE}"
_SOCKET_ADVICE = (
    "Make SLACK_APP_TOKEN anew: api.slack.com/apps → your app → Basic Information → App-Level Tokens, "
    "scope connections:write; and see that Socket Mode is on."
)
_UNREACHABLE = "Is this machine allowed to connect there? Does it need a proxy (HTTPS_PROXY)? Is the address right?"
_CLOCK_ADVICE = (
    "Have this machine's clock set over the network (NTP). Processes that share a database should agree within a "
    "second, and Slack's requests are refused when they seem older than five minutes."
)
_CHANNEL_ADVICE = "Try again in a moment; a test message shows whether the bot can post here."
_UNTOLD_ADVICE = (
    "Grant `channels:read` and `groups:read`, if that is allowed (of direct messages Slack tells nothing even so). "
    "A test message shows whether the bot can post here."
)
_SHARED_ADVICE = "Share and follow here only what people of another organisation may see; buttons refuse them."
_INVITE_ADVICE = "Type `/invite @Samora` here."
_ARCHIVED_ADVICE = "Unarchive the channel, or ask in another one."

_CLOCK_SECONDS = 2.0

# A Date header knows no fractions: what it says was true half a second ago, give or take as much.
_HALF_A_SECOND = timedelta(seconds=0.5)


def slack_check(web: AsyncWebClient, clock: Clock) -> Check:
    """Whether the bot's token works, and may do what it needs to; and whether our clock agrees with Slack's."""
    return Check(name="Slack", look=partial(_look_at_slack, web, clock), advice=_UNREACHABLE)


async def _look_at_slack(web: AsyncWebClient, clock: Clock) -> list[Finding]:
    name, asked_at = "Slack token", clock()
    try:
        with translated("auth.test"):
            answer, spent = await timed(web.auth_test())
    except PermanentError as error:
        advice = _TOKEN_ADVICE.get(error.reason, f"Slack's documentation of auth.test explains {error.reason}.")
        return [Finding(name=name, state=State.BROKEN, detail=error.reason, advice=advice)]
    answered_at, workspace = clock(), read_workspace(answer)
    who = f"{workspace.bot_user_id} in {workspace.team} ({workspace.team_id}), {spent}"
    return [
        Finding(name=name, state=State.FINE, detail=who),
        _needed_scopes(workspace),
        _optional_scopes(workspace),
        *_clock(answer.headers.get("Date", ""), asked_at, answered_at),
    ]


def _needed_scopes(workspace: Workspace) -> Finding:
    missing = {scope: why for scope, why in NEEDED_SCOPES.items() if scope not in workspace.scopes}
    if not missing:
        return Finding(name="Slack scopes", state=State.FINE, detail=", ".join(NEEDED_SCOPES))
    lost = "; ".join(f"{scope} ({why})" for scope, why in missing.items())
    return Finding(name="Slack scopes", state=State.BROKEN, detail=f"missing: {lost}", advice=_SCOPES_ADVICE)


def _optional_scopes(workspace: Workspace) -> Finding:
    name = "Optional scopes"
    missing = {scope: why for scope, why in OPTIONAL_SCOPES.items() if scope not in workspace.scopes}
    if not missing:
        return Finding(name=name, state=State.FINE, detail=", ".join(OPTIONAL_SCOPES))
    lost = "; ".join(f"{scope} (the bot {why})" for scope, why in missing.items())
    return Finding(name=name, state=State.REMARK, detail=f"lost without {lost}", advice=_OPTIONAL_ADVICE)


def _clock(said: str, asked_at: datetime, answered_at: datetime) -> list[Finding]:
    """How far our clock is from that of an answer's Date header, at least; nothing where it says none."""
    try:
        theirs = parsedate_to_datetime(said)
    except ValueError:
        return []
    theirs = (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) + _HALF_A_SECOND
    ahead, behind = (asked_at - theirs).total_seconds(), (theirs - answered_at).total_seconds()
    if max(ahead, behind) <= _CLOCK_SECONDS:
        return [Finding(name="Clock", state=State.FINE, detail="agrees with Slack's")]
    off = f"{seconds_words(int(max(ahead, behind)))} {'ahead of' if ahead > behind else 'behind'} Slack's"
    return [Finding(name="Clock", state=State.REMARK, detail=off, advice=_CLOCK_ADVICE)]


def socket_check(web: AsyncWebClient, app_token: str) -> Check:
    """Whether Slack gives the app-level token an address to connect to."""
    return Check(name="Socket Mode", look=partial(_look_at_socket, web, app_token), advice=_UNREACHABLE)


async def _look_at_socket(web: AsyncWebClient, app_token: str) -> list[Finding]:
    name = "Socket Mode"
    try:
        with translated("apps.connections.open"):
            await web.apps_connections_open(app_token=app_token)
    except PermanentError as error:
        return [Finding(name=name, state=State.BROKEN, detail=error.reason, advice=_SOCKET_ADVICE)]
    return [Finding(name=name, state=State.FINE, detail="Slack gives an address to connect to")]


def channel_check(web: AsyncWebClient, channel_id: str) -> Check:
    """Whether the bot is in a channel, and whether people of another organisation are, as far as Slack tells."""
    return Check(name="This channel", look=partial(_look_at_channel, web, channel_id), advice=_CHANNEL_ADVICE)


async def _look_at_channel(web: AsyncWebClient, channel_id: str) -> list[Finding]:
    name = "This channel"
    try:
        with translated("conversations.info"):
            answer = await web.conversations_info(channel=channel_id)
    except TokenRefused as error:
        detail = f"Slack doesn't tell whether the bot is in it, nor who else ({error.reason})"
        return [Finding(name=name, state=State.REMARK, detail=detail, advice=_UNTOLD_ADVICE)]
    except ChannelUnavailable as error:
        detail = f"the bot can't see it ({error.reason}): nothing can be shared or followed here"
        return [Finding(name=name, state=State.BROKEN, detail=detail, advice=_INVITE_ADVICE)]
    channel = answer.get("channel") or {}
    return [_membership(channel), _sharing(channel)]


def _membership(channel: dict[str, object]) -> Finding:
    name = "This channel"
    if channel.get("is_archived"):
        detail = "it is archived: nothing can be posted in it"
        return Finding(name=name, state=State.BROKEN, detail=detail, advice=_ARCHIVED_ADVICE)
    if not channel.get("is_member") and not channel.get("is_im"):
        detail = "the bot isn't a member: it can't follow calls here"
        return Finding(name=name, state=State.BROKEN, detail=detail, advice=_INVITE_ADVICE)
    return Finding(name=name, state=State.FINE, detail="the bot is a member")


def _sharing(channel: dict[str, object]) -> Finding:
    name = "Slack Connect"
    sharing = sharing_of(channel)
    if sharing is Sharing.SHARED:
        detail = (
            "this channel is shared with another organisation, or one is invited, "
            "whose people see status and times of what all see here"
        )
        return Finding(name=name, state=State.REMARK, detail=detail, advice=_SHARED_ADVICE)
    if sharing is Sharing.UNKNOWN:
        detail = (
            "Slack doesn't say whether this channel is shared with another organisation, "
            "so cards that all see hold no variables"
        )
        return Finding(name=name, state=State.REMARK, detail=detail, advice=_SHARED_ADVICE)
    return Finding(name=name, state=State.FINE, detail="this channel isn't shared with another organisation")
