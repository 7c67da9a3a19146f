"""The workspaces that the bot serves: today the one that its token in the environment belongs to."""

import asyncio
from dataclasses import dataclass
from time import monotonic

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.errors import BotError
from bot.slack.payloads import Place
from bot.slack.refusals import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One workspace, as ``auth.test`` tells it.

    Attributes:
        team_id: its id.
        team: its name.
        bot_user_id: the bot's user there.
        scopes: what the token may do there.
        enterprise_id: the Enterprise Grid organisation that it is of; empty if it is of none.
    """

    team_id: str
    team: str
    bot_user_id: str
    scopes: frozenset[str]
    enterprise_id: str = ""

    def is_outsider(self, place: Place) -> bool:
        """Whether somebody from another workspace asks; so does, to be safe, somebody whose workspace is not told.

        A payload does not always say that two workspaces are of one organisation: see :meth:`Access.is_colleague`.

        Source: docs.slack.dev/apis/slack-connect: buttons can be pressed by anybody in a shared channel. A mention may
        name the person's organisation instead of the workspace (bolt-python, ``extract_actor_team_id``).
        """
        return not place.user_team_id or place.user_team_id not in {self.team_id, self.enterprise_id}


class Workspaces:
    """Finds the workspace that a payload was sent for. Several tenants would be another implementation of this."""

    def __init__(self, *, web: AsyncWebClient, app_id: str = "") -> None:
        """Takes a client with the bot's token, and the app's id where the environment tells it."""
        self._web = web
        self._app_id = app_id
        self._own: Workspace | None = None
        self._asking = asyncio.Lock()
        self._failure: BotError | None = None
        self._failed_at = 0.0

    @property
    def is_known(self) -> bool:
        """Whether Slack has said who we are."""
        return self._own is not None

    @property
    def team_id(self) -> str:
        """The id of our token's workspace; empty as long as Slack has not said it."""
        return self._own.team_id if self._own else ""

    async def get_own(self) -> Workspace:
        """The workspace of our token; Slack is asked once, however many wait for the answer.

        Raises:
            SlackUnavailable: Slack does not answer.
            PermanentError: Slack refuses the token; ``reason`` is its error code.
        """
        began = monotonic()
        async with self._asking:
            if self._own is None:
                # Whoever waited while somebody else asked in vain need not ask in vain again.
                if self._failure and self._failed_at > began:
                    raise self._failure
                try:
                    self._own = await self._ask()
                except BotError as error:
                    self._failure, self._failed_at = error, monotonic()
                    raise
            return self._own

    async def find(self, place: Place) -> Workspace | None:
        """The workspace that a payload was sent for, or None if it was sent for another one or another app.

        An app installed in several workspaces gets the payloads of all of them under one signing secret.

        Raises:
            BotError: as :meth:`get_own`, if Slack has not been asked yet.
        """
        own = self._own or await self.get_own()
        # Some payloads, such as a global shortcut's, do not say which app they are for.
        is_our_app = not self._app_id or place.app_id in {"", self._app_id}
        return own if place.team_id == own.team_id and is_our_app else None

    async def _ask(self) -> Workspace:
        with translated("auth.test"):
            return read_workspace(await self._web.auth_test())


def read_workspace(answer: AsyncSlackResponse) -> Workspace:
    """What ``auth.test`` has answered."""
    return Workspace(
        team_id=str(answer.get("team_id", "")),
        team=str(answer.get("team", "")),
        bot_user_id=str(answer.get("user_id", "")),
        scopes=frozenset(filter(None, (answer.headers.get("x-oauth-scopes") or "").replace(" ", "").split(","))),
        enterprise_id=str(answer.get("enterprise_id") or ""),
    )


def read_app_id(app_token: str) -> str:
    """The app's id out of an app-level token, ``xapp-1-A0123456789-…``; empty if it is not there."""
    parts = app_token.split("-")
    return parts[2] if len(parts) > 3 and parts[2].startswith("A") else ""
