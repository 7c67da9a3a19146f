"""The bot while it runs: who we are is asked first, then calls are followed and Slack is listened to, until stopped."""

import asyncio
import socket
from dataclasses import dataclass

import structlog

from bot.core.errors import PermanentError, SlackUnavailable
from bot.crew import Crew
from bot.server import CannotStart, serve
from bot.slack.socket import Socket
from bot.slack.workspace import Workspaces
from bot.watchdog import Watchdog
from bot.web import Web

log = structlog.get_logger(__name__)

_ASK_SLACK_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The bot, put together and open: what :meth:`run` needs.

    Attributes:
        workspaces: who we are, once Slack has said so.
        crew: the workers that follow calls.
        web: the HTTP application, or None where none is served.
        listening: the socket that it is served on.
        slack_socket: the Socket Mode connection, or None in HTTP mode.
        watchdog: who looks after the event loop.
    """

    workspaces: Workspaces
    crew: Crew
    web: Web | None
    listening: socket.socket | None
    slack_socket: Socket | None
    watchdog: Watchdog

    async def run(self, stopped: asyncio.Event) -> None:
        """Works until stopped.

        Raises:
            CannotStart: Slack refuses the token.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self.watchdog.run(), name="watchdog")
                following = tasks.create_task(self._follow(stopped), name="follow")
                if self.slack_socket:
                    tasks.create_task(self.slack_socket.run(stopped), name="socket")
                if self.web and self.listening:
                    tasks.create_task(serve(self.web, self.listening, stopped), name="web")
                await stopped.wait()
                watching.cancel()
                if not self.workspaces.is_known:
                    following.cancel()
        except ExceptionGroup as group:
            # Not except*: up to Python 3.11.3, what is raised in there comes wrapped in another group (gh-103590).
            if ends := group.subgroup(CannotStart):
                raise ends.exceptions[0] from None
            if refusals := group.subgroup(PermanentError):
                reason = refusals.exceptions[0]
                raise CannotStart(
                    f"Slack refuses SLACK_BOT_TOKEN ({reason}). Run `samora-bot check` to see what to do."
                ) from None
            raise

    async def _follow(self, stopped: asyncio.Event) -> None:
        """Asks Slack who we are, until it says so, for no request can be answered before; then follows calls there."""
        while not stopped.is_set():
            try:
                workspace = await self.workspaces.get_own()
            except SlackUnavailable as error:
                log.warning("slack_unavailable", reason=error.reason)
                await asyncio.sleep(error.retry_after or _ASK_SLACK_AGAIN_SECONDS)
            else:
                log.info("ready", team=workspace.team, team_id=workspace.team_id)
                await self.crew.run(workspace.team_id, stopped)
                return
