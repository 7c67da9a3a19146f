"""Who may see what: an administrator's lists, guests, and channels in which other organisations read along. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """A rule that says no.

    CHANNEL: not in this channel. PERSON: not to this person. MEDIA: no recording, transcript or unmasked variable to
    this person. GUEST: none of these to guests. GROUPS: the lists name user groups that can't be read.
    """

    CHANNEL = "channel"
    PERSON = "person"
    MEDIA = "media"
    GUEST = "guest"
    GROUPS = "groups"


class Sharing(StrEnum):
    """Who reads a conversation. INTERNAL: our organisation alone. SHARED: others too, or soon. UNKNOWN: nobody says."""

    INTERNAL = "internal"
    SHARED = "shared"
    UNKNOWN = "unknown"


class Audience(StrEnum):
    """Who sees a card, which decides what stands on it.

    ASKER: one person, who may see everything. LIMITED: one person, who sees what a channel sees. CHANNEL: everybody in
    a conversation of our organisation: variables are masked. STRANGERS: perhaps people of other organisations, too:
    status and times alone.
    """

    ASKER = "asker"
    LIMITED = "limited"
    CHANNEL = "channel"
    STRANGERS = "strangers"

    @property
    def is_public(self) -> bool:
        """Whether more than one person sees it."""
        return self in {Audience.CHANNEL, Audience.STRANGERS}

    @property
    def is_masked(self) -> bool:
        """Whether e-mail addresses and phone numbers are hidden from it."""
        return self is not Audience.ASKER


def audience_of(sharing: Sharing) -> Audience:
    """Who sees what is posted in such a conversation; whoever can't be told from strangers is one."""
    return Audience.CHANNEL if sharing is Sharing.INTERNAL else Audience.STRANGERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who asks, as far as the rules want to know.

    Attributes:
        user_id: Slack's id of that person.
        is_guest: whether it is a guest of the workspace.
        groups: the user groups that the person is in, of those that were asked about.
        has_unread_groups: whether one of these groups couldn't be read, so that the person may be in more.
    """

    user_id: str
    is_guest: bool = False
    groups: frozenset[str] = frozenset()
    has_unread_groups: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an administrator allows. Lists hold ids; an empty one is everybody, or everywhere.

    Attributes:
        channels: the channels that the bot answers in.
        users: the users and user groups that it answers.
        media_users: those of them who get recordings, transcripts and unmasked variables.
        allows_guests: whether guests get these like anybody else.
    """

    channels: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    media_users: frozenset[str] = frozenset()
    allows_guests: bool = False

    def refuse_channel(self, channel_id: str) -> Rule | None:
        """The rule against doing something there, if there is one. Direct messages are no channel, nor is nowhere."""
        if not self.channels or not channel_id or channel_id.startswith("D") or channel_id in self.channels:
            return None
        return Rule.CHANNEL

    def refuse_person(self, person: Person) -> Rule | None:
        """The rule against answering that person at all, if there is one."""
        return _refuse(person, self.users, Rule.PERSON)

    def refuse_media(self, person: Person) -> Rule | None:
        """The rule against giving that person recordings, transcripts and unmasked variables, if there is one."""
        if person.is_guest and not self.allows_guests:
            return Rule.GUEST
        return _refuse(person, self.media_users, Rule.MEDIA)


def groups_in_question(listed: frozenset[str], user_id: str) -> frozenset[str]:
    """The user groups whose members decide whether a list holds that person; none if it names the person itself."""
    return frozenset() if user_id in listed else frozenset(each for each in listed if each.startswith("S"))


def _refuse(person: Person, listed: frozenset[str], rule: Rule) -> Rule | None:
    if not listed or person.user_id in listed or person.groups & listed:
        return None
    return Rule.GROUPS if person.has_unread_groups else rule
