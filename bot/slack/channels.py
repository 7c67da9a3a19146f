"""Channels: what Slack says of channels and of the app itself, and what that means for what is followed there."""

from collections.abc import Callable

import structlog

from bot.core.ports import Subscriptions
from bot.slack.access import Access

log = structlog.get_logger(__name__)


class Channels:
    """Resumes, moves, redraws, stops and erases. All of it may be done twice. Every method raises StoreUnavailable."""

    def __init__(self, *, subscriptions: Subscriptions, access: Access, on_change: Callable[[], None]) -> None:
        """Takes who remembers, who knows who reads along, and who hears that there is work for the workers."""
        self._subscriptions = subscriptions
        self._access = access
        self._on_change = on_change

    async def reopen(self, team_id: str, channel_id: str) -> None:
        """The bot may post there again: the channel was unarchived, or the bot was invited."""
        self._access.forget_channel(channel_id)
        count = await self._subscriptions.resume_channel(team_id, channel_id)
        if count:
            log.info("channel_resumed", channel_id=channel_id, count=count)
            self._on_change()

    async def move(self, team_id: str, old_id: str, new_id: str) -> None:
        """A channel has another id now, as it has when it is shared with another organisation."""
        self._access.forget_channel(new_id)
        await self._subscriptions.move_channel(team_id, old_id, new_id)
        log.info("channel_moved", channel_id=old_id, new_channel_id=new_id)
        self._on_change()

    async def share(self, team_id: str, channel_id: str, *, is_shared: bool) -> None:
        """Another organisation reads along there from now on, or does no more."""
        self._access.forget_channel(channel_id)
        await self._subscriptions.share_channel(team_id, channel_id, is_shared=is_shared)
        log.info("channel_shared", channel_id=channel_id, is_shared=is_shared)
        self._on_change()

    async def stop(self, team_id: str) -> None:
        """The workspace has taken the bot's token back, perhaps for another one: all waits until one works again.

        When the app is removed that is said too, before or after; then there is nothing left to wait.
        """
        count = await self._subscriptions.stop_team(team_id)
        log.warning("team_stopped", team_id=team_id, count=count)

    async def erase(self, team_id: str) -> None:
        """The workspace has removed the app: nothing of it is kept, the audit included."""
        count = await self._subscriptions.erase_team(team_id)
        log.warning("team_erased", team_id=team_id, rows=count)
