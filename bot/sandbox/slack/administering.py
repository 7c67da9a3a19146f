"""What happens to channels and to the app, and the events that tell the bot (docs.slack.dev/reference/events)."""

from collections.abc import Iterable

from bot.sandbox.slack import payloads
from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.acting import Acting
from bot.sandbox.slack.elements import Json
from bot.sandbox.slack.people import BOT_USER, OTHER_TEAM_ID, OUTSIDER, TEAM_ID, Channel
from bot.sandbox.slack.workspace import Message

_SOMEBODY = "U0MIRA"


class Administering(Acting):
    """People's doings to channels and to the app; all raise LookupError for a channel that is not there.

    Each changes the workspace first and then delivers its event, whose acknowledgement it gives. Slack tells a bot
    only of conversations that it is in ("not_in_channel") and may read about ("missing_scope", for ``channels:read``
    or ``groups:read``), and an app only while it is installed ("not_installed"): these were never sent.
    """

    def add_channel(
        self,
        channel_id: str,
        name: str = "",
        members: Iterable[str] = ("U0MIRA", "U0JON"),
        *,
        is_private: bool = False,
        is_ext_shared: bool = False,
    ) -> Channel:
        """Makes a channel with these people and the bot in it; the bot hears no event of it.

        Raises:
            ValueError: there is one with that id already.
        """
        if channel_id in self.workspace.channels:
            message = f"there is a channel {channel_id!r} already"
            raise ValueError(message)
        return self.workspace.add_channel(
            Channel(
                id=channel_id,
                name=name or channel_id.lower(),
                members=frozenset({*members, BOT_USER}),
                is_private=is_private,
                is_ext_shared=is_ext_shared,
            )
        )

    def delete_message(self, user: str, channel: str, ts: str) -> Message:
        """Deletes anybody's message, the bot's too, as an administrator may; the bot hears no event of it.

        Raises:
            LookupError: there is no such person, channel or message.
            PermissionError: the person is not in the channel, or cannot see that message.
        """
        return self.workspace.delete(self._readable(user, channel, ts))

    async def archive(self, channel: str, by: str = _SOMEBODY) -> Ack:
        """Archives a channel: ``channel_archive``, for a private one ``group_archive``."""
        return await self._archived(channel, by, is_archived=True)

    async def unarchive(self, channel: str, by: str = _SOMEBODY) -> Ack:
        """Brings a channel back: ``channel_unarchive`` or ``group_unarchive``."""
        return await self._archived(channel, by, is_archived=False)

    async def kick_bot(self, channel: str, by: str = _SOMEBODY) -> Ack:
        """Removes the bot from a channel: ``channel_left`` or ``group_left``."""
        before = self.workspace.channel(channel)
        after = self.workspace.change_channel(channel, members=before.members - {BOT_USER})
        kind = f"{_sort(after)}_left"
        return await self._tell({"type": kind, "channel": channel, "actor_id": by}, after, was_there=before.has_bot)

    async def invite_bot(self, channel: str, by: str = _SOMEBODY) -> Ack:
        """Brings the bot into a channel: ``member_joined_channel``, with the bot as the member."""
        members = self.workspace.channel(channel).members | {BOT_USER}
        after = self.workspace.change_channel(channel, members=members)
        return await self._tell({**_membership("member_joined_channel", after, BOT_USER), "inviter": by}, after)

    async def member_left(self, user: str, channel: str) -> Ack:
        """Lets somebody, perhaps the bot, leave a channel: ``member_left_channel``."""
        _, before = self.workspace.member(user, channel)
        after = self.workspace.change_channel(channel, members=before.members - {user})
        return await self._tell(_membership("member_left_channel", after, user), after, was_there=before.has_bot)

    async def change_channel_id(self, old: str, new: str) -> Ack:
        """Gives a channel another id, which happens when it is shared: ``channel_id_changed``.

        All that was said lives on under the new id; the old one answers ``channel_not_found``.
        """
        after = self.workspace.rename_channel(old, new)
        self._response_urls.rename_channel(old, new)
        self._chosen = {
            (user, new if where == old else where, ts): state for (user, where, ts), state in self._chosen.items()
        }
        event = {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new}
        return await self._tell(event, after, needs_scope=False)

    async def share_channel(self, channel: str) -> Ack:
        """Shares a channel with the other team, whose person comes in: ``channel_shared``."""
        members = self.workspace.channel(channel).members | {OUTSIDER}
        after = self.workspace.change_channel(channel, is_ext_shared=True, members=members)
        event = {"type": "channel_shared", "connected_team_id": OTHER_TEAM_ID, "channel": channel}
        return await self._tell(event, after)

    async def unshare_channel(self, channel: str) -> Ack:
        """Ends that: ``channel_unshared``."""
        members = self.workspace.channel(channel).members - {OUTSIDER}
        after = self.workspace.change_channel(channel, is_ext_shared=False, members=members)
        event = {"type": "channel_unshared", "previously_connected_team_id": OTHER_TEAM_ID, "channel": channel}
        return await self._tell({**event, "is_ext_shared": False}, after)

    async def uninstall(self, *, tokens_first: bool = False) -> Ack:
        """Uninstalls the app: ``app_uninstalled`` and ``tokens_revoked``, in either order, as with the real Slack.

        Returns:
            The acknowledgement of the later event, or of the first that failed.
        """
        self.workspace.is_installed = False
        events: list[Json] = [
            {"type": "app_uninstalled"},
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}},
        ]
        # Past the check that it is installed: these two are its last.
        acks = [
            await self._delivery.deliver(self._enveloped(event), "events_api")
            for event in (reversed(events) if tokens_first else events)
        ]
        return next((ack for ack in acks if not ack.ok), acks[-1])

    def reinstall(self) -> None:
        """Installs the app again, with the same token; the bot hears no event of it."""
        self.workspace.is_installed = True
        self.workspace.changes.announce()

    async def _archived(self, channel: str, by: str, *, is_archived: bool) -> Ack:
        self.workspace.channel(channel)
        after = self.workspace.change_channel(channel, is_archived=is_archived)
        kind = f"{_sort(after)}_{'archive' if is_archived else 'unarchive'}"
        return await self._tell({"type": kind, "channel": channel, "user": by}, after)

    async def _tell(
        self, event: Json, channel: Channel, *, was_there: bool | None = None, needs_scope: bool = True
    ) -> Ack:
        """Tells the bot what happened, if it was (by default: is) there, is installed and may read about it."""
        if not (channel.has_bot if was_there is None else was_there):
            return Ack(ok=False, error="not_in_channel")
        if needs_scope and f"{channel.scope_prefix}:read" not in self._granted_scopes:
            return Ack(ok=False, error="missing_scope")
        return await self._deliver(self._enveloped(event, channel), "events_api")

    def _enveloped(self, event: Json, channel: Channel | None = None) -> Json:
        return payloads.event_callback({**event, "event_ts": self.workspace.new_ts()}, channel)


def _sort(channel: Channel) -> str:
    return "group" if channel.is_private else "channel"


def _membership(kind: str, channel: Channel, user: str) -> Json:
    sort = "G" if channel.is_private else "C"
    return {"type": kind, "user": user, "channel": channel.id, "channel_type": sort, "team": TEAM_ID}
