"""The check: what works between this bot, Slack, Samora and the database; where it doesn't, why, and what to do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.calls import CallId
from bot.core.errors import BotError, CallNotFound, PermanentError, SamoraRefused, SlackUnavailable, StoreUnavailable
from bot.core.lookup import Lookup
from bot.slack.manifest import NEEDED_SCOPES
from bot.slack.refusals import translated
from bot.slack.workspace import Workspace, Workspaces

Found = TypeVar("Found")

# No call has it, so that Samora's "no such call" proves that it knows the key.
_NOBODYS_ID = CallId("00000000-0000-0000-0000-000000000000")

_TOKEN_ADVICE = {
    "invalid_auth": "Copy SLACK_BOT_TOKEN anew: api.slack.com/apps → your app → OAuth & Permissions.",
    "not_authed": "Set SLACK_BOT_TOKEN: api.slack.com/apps → your app → OAuth & Permissions.",
    "account_inactive": "The app was uninstalled. Install it again, and copy SLACK_BOT_TOKEN anew.",
    "token_revoked": "The token was revoked. Install the app again, and copy SLACK_BOT_TOKEN anew.",
    "not_allowed_token_type": "This is another kind of token: SLACK_BOT_TOKEN starts with xoxb-.",
}
_SOCKET_ADVICE = (
    "Make SLACK_APP_TOKEN anew: api.slack.com/apps → your app → Basic Information → App-Level Tokens, "
    "scope connections:write; and see that Socket Mode is on."
)
DATABASE_ADVICE = "Is DATABASE_URL right, does the database run, and may this machine and user connect to it?"
_UNREACHABLE = "Is this machine allowed to connect there? Does it need a proxy (HTTPS_PROXY)? Is the address right?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        is_fine: whether it works.
        detail: what was found.
        advice: what to do, where it doesn't work.
    """

    name: str
    is_fine: bool
    detail: str
    advice: str = ""


async def check_slack(workspaces: Workspaces) -> list[Finding]:
    """Whether the bot's token works, and may do what it needs to."""
    try:
        workspace, spent = await _timed(workspaces.get_own)
    except SlackUnavailable as error:
        return [Finding(name="Slack", is_fine=False, detail=error.reason, advice=_UNREACHABLE)]
    except PermanentError as error:
        advice = _TOKEN_ADVICE.get(error.reason, f"Slack's documentation of auth.test explains {error.reason}.")
        return [Finding(name="Slack token", is_fine=False, detail=error.reason, advice=advice)]
    who = f"{workspace.bot_user_id} in {workspace.team} ({workspace.team_id}), {spent}"
    return [Finding(name="Slack token", is_fine=True, detail=who), _check_scopes(workspace)]


def _check_scopes(workspace: Workspace) -> Finding:
    missing = {scope: why for scope, why in NEEDED_SCOPES.items() if scope not in workspace.scopes}
    if not missing:
        return Finding(name="Slack scopes", is_fine=True, detail=", ".join(NEEDED_SCOPES))
    lost = "; ".join(f"{scope} ({why})" for scope, why in missing.items())
    advice = "api.slack.com/apps → your app → App Manifest: paste `samora-bot manifest`, then install the app again."
    return Finding(name="Slack scopes", is_fine=False, detail=f"missing: {lost}", advice=advice)


async def check_socket(web: AsyncWebClient, app_token: str) -> Finding:
    """Whether Slack gives the app-level token an address to connect to."""
    name = "Socket Mode"
    try:
        with translated("apps.connections.open"):
            await web.apps_connections_open(app_token=app_token)
    except BotError as error:
        advice = _UNREACHABLE if isinstance(error, SlackUnavailable) else _SOCKET_ADVICE
        return Finding(name=name, is_fine=False, detail=error.reason, advice=advice)
    return Finding(name=name, is_fine=True, detail="Slack gives an address to connect to")


async def check_database(find_revision: Callable[[], Awaitable[str | None]]) -> Finding:
    """Whether the database answers, and holds our tables.

    Args:
        find_revision: asks for the revision of its tables; None if it has none yet. Raises StoreUnavailable.
    """
    name = "Database"
    try:
        revision, spent = await _timed(find_revision)
    except StoreUnavailable as error:
        return Finding(name=name, is_fine=False, detail=error.reason, advice=DATABASE_ADVICE)
    tables = f"tables of revision {revision}" if revision else "no tables yet: the bot makes them when it starts"
    return Finding(name=name, is_fine=True, detail=f"{tables}, {spent}")


async def check_samora(lookup: Lookup) -> Finding:
    """Whether Samora answers and accepts the key: asked for a call that nobody has, it says that there is none."""
    name = "Samora"

    async def ask() -> None:
        try:
            await lookup.call(_NOBODYS_ID)
        except CallNotFound:
            return
        except SamoraRefused as refusal:
            # The key is checked before the id, so whoever dislikes the id has accepted the key.
            if refusal.reason != "HTTP 400":
                raise

    try:
        _none, spent = await _timed(ask)
    except SamoraRefused as refusal:
        advice = (
            "Samora doesn't accept SAMORA_API_KEY. Copy it anew from your organisation's settings at app.samora.ai."
        )
        return Finding(name=name, is_fine=False, detail=refusal.reason, advice=advice)
    except BotError as error:
        return Finding(name=name, is_fine=False, detail=error.reason, advice=_UNREACHABLE)
    return Finding(name=name, is_fine=True, detail=f"answers and accepts the key, {spent}")


async def _timed(ask: Callable[[], Awaitable[Found]]) -> tuple[Found, str]:
    began = monotonic()
    return await ask(), f"{(monotonic() - began) * 1000:.0f} ms"
