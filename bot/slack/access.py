"""Who may see what, asked of the rules with what Slack says of people and conversations."""

from bot.core.access import Person, Policy, Rule, Sharing, groups_in_question
from bot.core.errors import BotError, NotAllowed, SlackUnavailable
from bot.slack.blocks import Message
from bot.slack.directory import Directory
from bot.slack.sentences import refusal_message


class Access:
    """Refuses what isn't allowed. Slack is asked only where a rule needs it."""

    def __init__(self, *, policy: Policy, directory: Directory, contact: str) -> None:
        """Takes the rules, who knows people and conversations, and whom a refusal says to ask."""
        self._policy = policy
        self._directory = directory
        self._contact = contact

    async def check(self, user_id: str, *channel_ids: str) -> None:
        """Whether somebody may ask for anything, and have it done in these conversations.

        Raises:
            NotAllowed: no.
            SlackUnavailable: Slack doesn't say right now.
        """
        for channel_id in channel_ids:
            self.check_channel(channel_id)
        _raise(self._policy.refuse_person(await self._get_person(user_id, self._policy.users)))

    def check_channel(self, channel_id: str) -> None:
        """Whether anything may be done in a conversation; an empty one is nowhere. Raises NotAllowed if not."""
        _raise(self._policy.refuse_channel(channel_id))

    async def check_media(self, user_id: str) -> None:
        """Whether somebody gets recordings, transcripts and unmasked variables.

        Raises:
            NotAllowed: no.
            SlackUnavailable: Slack doesn't say right now.
            PermanentError: Slack doesn't know that person.
        """
        is_guest = not self._policy.allows_guests and await self._is_guest(user_id)
        listed = frozenset() if is_guest else self._policy.media_users
        _raise(self._policy.refuse_media(await self._get_person(user_id, listed, is_guest=is_guest)))

    async def is_colleague(self, user_id: str, enterprise_id: str) -> bool:
        """Whether somebody from another workspace is of our organisation (Enterprise Grid); if in doubt, not."""
        if not enterprise_id:
            return False
        try:
            profile = await self._directory.get_profile(user_id)
        except BotError:
            return False
        return profile is not None and profile.enterprise_id == enterprise_id

    async def get_sharing(self, channel_id: str, *, is_ours: bool = False) -> Sharing:
        """As :meth:`Directory.get_sharing`."""
        return await self._directory.get_sharing(channel_id, is_ours=is_ours)

    async def get_membership(self, channel_id: str) -> bool | None:
        """As :meth:`Directory.get_membership`; None, too, while Slack doesn't answer."""
        try:
            return await self._directory.get_membership(channel_id)
        except SlackUnavailable:
            return None

    def forget_channel(self, channel_id: str) -> None:
        """Something about that conversation has changed."""
        self._directory.forget_channel(channel_id)

    def explain(self, refusal: NotAllowed) -> Message:
        """A refusal for whoever is refused."""
        return refusal_message(Rule(refusal.reason), self._contact)

    async def _is_guest(self, user_id: str) -> bool:
        profile = await self._directory.get_profile(user_id)
        # Without that scope guests can't be told from members.
        return profile is not None and profile.is_guest

    async def _get_person(self, user_id: str, listed: frozenset[str], *, is_guest: bool = False) -> Person:
        groups, is_unread, failure = set(), False, None
        for group_id in sorted(groups_in_question(listed, user_id)):
            try:
                members = await self._directory.get_members(group_id)
            except SlackUnavailable as error:
                failure = error
                continue
            is_unread = is_unread or members is None
            if members and user_id in members:
                groups.add(group_id)
        if failure and not groups:
            raise failure
        return Person(user_id=user_id, is_guest=is_guest, groups=frozenset(groups), has_unread_groups=is_unread)


def _raise(rule: Rule | None) -> None:
    if rule:
        raise NotAllowed(rule.value)
