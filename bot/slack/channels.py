"""Channels: what Slack says of channels and of the app itself, and what that means for what is followed there."""

from collections.abc import Callable

import structlog

from bot.core.ports import Subscriptions

log = structlog.get_logger()


class Channels:
    """Resumes, moves and stops. All of it may be done twice. Every method raises StoreUnavailable."""

    def __init__(self, *, subscriptions: Subscriptions, on_change: Callable[[], None]) -> None:
        """Takes who remembers, and who hears that there is work for the poller and the relay."""
        self._subscriptions = subscriptions
        self._on_change = on_change

    async def reopen(self, team_id: str, channel_id: str) -> None:
        """The bot may post there again: the channel was unarchived, or the bot was invited."""
        count = await self._subscriptions.resume_channel(team_id, channel_id)
        if count:
            log.info("channel_resumed", channel_id=channel_id, count=count)
            self._on_change()

    async def move(self, team_id: str, old_id: str, new_id: str) -> None:
        """A channel has another id now, as it has when it is shared with another organisation."""
        await self._subscriptions.move_channel(team_id, old_id, new_id)
        log.info("channel_moved", channel_id=old_id, new_channel_id=new_id)
        self._on_change()

    async def stop(self, team_id: str, why: str) -> None:
        """The workspace has removed the app, or taken its token back."""
        count = await self._subscriptions.stop_team(team_id)
        log.warning("team_stopped", team_id=team_id, why=why, count=count)
