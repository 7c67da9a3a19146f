"""The directory: what Slack says of people, user groups and conversations; each answer is kept for a while.

Sources: docs.slack.dev/reference/methods/users.info, …/usergroups.users.list, …/conversations.info and
docs.slack.dev/apis/slack-connect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.access import Sharing
from bot.core.errors import ChannelUnavailable, PermanentError, SlackUnavailable, TokenRefused
from bot.slack.kept import Kept
from bot.slack.payloads import text_at
from bot.slack.refusals import translated

_RETRY_SECONDS = 1.0
# Of several processes Slack tells one alone that a channel has come to be shared.
_SHARING_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What ``users.info`` says of a person.

    Attributes:
        is_guest: whether it is a guest: somebody who is let into some channels only.
        enterprise_id: the Enterprise Grid organisation of the person; empty if it is in none.
    """

    is_guest: bool
    enterprise_id: str = ""


class Directory:
    """Looks people, groups and conversations up. What Slack can't say right now raises SlackUnavailable."""

    def __init__(self, *, web: AsyncWebClient, clock: Callable[[], float] = monotonic) -> None:
        """Takes a client with the bot's token, and a clock that counts seconds."""
        self._web = web
        self._profiles: Kept[Profile | None] = Kept(clock=clock)
        self._members: Kept[frozenset[str] | None] = Kept(clock=clock)
        self._sharing: Kept[Sharing] = Kept(clock=clock, seconds=_SHARING_SECONDS)

    async def get_profile(self, user_id: str) -> Profile | None:
        """That person; None if the workspace doesn't let the bot read about people.

        Raises:
            PermanentError: Slack shows no such person.
        """
        return await self._profiles.get(user_id, self._ask_profile)

    async def get_members(self, group_id: str) -> frozenset[str] | None:
        """The users in a user group; None if it can't be read."""
        return await self._members.get(group_id, self._ask_members)

    async def get_sharing(self, channel_id: str, *, is_ours: bool = False) -> Sharing:
        """Who reads a conversation.

        Args:
            channel_id: the conversation; empty for none.
            is_ours: whether the bot itself posts there; direct messages then are those of one person with the bot.
        """
        if is_ours and channel_id.startswith("D"):
            return Sharing.INTERNAL
        return await self._sharing.get(channel_id, self._ask_sharing) if channel_id else Sharing.UNKNOWN

    async def get_membership(self, channel_id: str) -> bool | None:
        """Whether the bot is in a conversation; None if Slack doesn't say. Asked anew each time."""
        try:
            channel = (await self._call("conversations.info", channel=channel_id)).get("channel")
        except ChannelUnavailable:
            return False
        except PermanentError:
            return None
        is_member = channel.get("is_member") if isinstance(channel, dict) else None
        return is_member if isinstance(is_member, bool) else None

    def forget_channel(self, channel_id: str) -> None:
        """Something about that conversation has changed."""
        self._sharing.forget(channel_id)

    async def _ask_profile(self, user_id: str) -> Profile | None:
        try:
            user = (await self._call("users.info", user=user_id)).get("user")
        except TokenRefused as refusal:
            if refusal.reason != "missing_scope":
                raise
            return None
        return Profile(
            is_guest=not isinstance(user, dict) or bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            enterprise_id=text_at(user, "enterprise_user", "enterprise_id"),
        )

    async def _ask_members(self, group_id: str) -> frozenset[str] | None:
        try:
            answer = await self._call("usergroups.users.list", usergroup=group_id)
        except PermanentError:
            return None
        return frozenset(each for each in answer.get("users") or [] if isinstance(each, str))

    async def _ask_sharing(self, channel_id: str) -> Sharing:
        try:
            channel = (await self._call("conversations.info", channel=channel_id)).get("channel")
        except PermanentError:
            return Sharing.UNKNOWN
        return sharing_of(channel if isinstance(channel, dict) else {})

    async def _call(self, method: str, **arguments: str) -> dict[str, Any]:
        try:
            with translated(method):
                answer = await self._web.api_call(method, data=arguments)
        except SlackUnavailable as error:
            # A question that was not answered has done nothing: it may be asked again.
            raise SlackUnavailable(error.reason, retry_after=error.retry_after or _RETRY_SECONDS) from None
        return answer.data if isinstance(answer.data, dict) else {}


def sharing_of(channel: Mapping[str, object]) -> Sharing:
    """Who reads a conversation, as ``conversations.info`` describes it.

    An invitation that isn't accepted yet counts: what stands there is seen by whoever accepts it.
    """
    signs = ("is_ext_shared", "is_pending_ext_shared", "pending_shared", "pending_connected_team_ids")
    if any(channel.get(sign) for sign in signs):
        return Sharing.SHARED
    return Sharing.INTERNAL if channel.get("is_ext_shared") is False else Sharing.UNKNOWN
