"""The directory without a wire: who is a guest, who is in which group, and which conversations are shared."""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.core.access import Policy
from bot.core.errors import BotError, ChannelUnavailable, PermanentError
from bot.slack.access import Access
from bot.slack.directory import Directory

CONTACT = "U0ADMIN"


class KnownPeople(Directory):
    """Slack as the directory asks it. By default everybody is a member, and every channel our organisation's alone.

    Attributes:
        asked: every question, in order.
        errors: what a method fails with instead of answering.
        guests: who is a guest.
        enterprises: people's Enterprise Grid organisations.
        groups: who is in a user group.
        shared: conversations in which another organisation reads along.
        unseen: conversations that the bot can't see.
        members: whether the bot is in a conversation, where Slack says.
    """

    def __init__(self) -> None:
        super().__init__(web=AsyncWebClient(), clock=lambda: self.seconds)
        self.seconds = 0.0
        self.asked: list[tuple[str, str]] = []
        self.errors: dict[str, BotError] = {}
        self.guests: set[str] = set()
        self.enterprises: dict[str, str] = {}
        self.groups: dict[str, list[str]] = {}
        self.shared: set[str] = set()
        self.unseen: set[str] = set()
        self.members: dict[str, bool | None] = {}

    async def _call(self, method: str, **arguments: str) -> dict[str, Any]:
        ((_, asked),) = arguments.items()
        self.asked.append((method, asked))
        if error := self.errors.get(method) or self.errors.get(asked):
            raise error
        if method == "users.info":
            user = {"id": asked, "is_restricted": asked in self.guests, "is_ultra_restricted": False}
            grid = {"enterprise_user": {"enterprise_id": self.enterprises[asked]}} if asked in self.enterprises else {}
            return {"user": user | grid}
        if method == "usergroups.users.list":
            if asked not in self.groups:
                raise PermanentError("no_such_subteam")
            return {"users": self.groups[asked]}
        assert method == "conversations.info"
        if asked in self.unseen:
            raise ChannelUnavailable("channel_not_found")
        member = {"is_member": self.members[asked]} if asked in self.members else {}
        return {"channel": {"id": asked, "is_ext_shared": asked in self.shared} | member}


def make_access(people: Directory | None = None, *, contact: str = CONTACT, **policy: Any) -> Access:
    """The rules with these lists; without people, of a workspace whose people are all members."""
    return Access(policy=Policy(**policy), directory=people or KnownPeople(), contact=contact)
