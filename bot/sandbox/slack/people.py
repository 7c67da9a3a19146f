"""People, user groups and conversations: what they are, and which of them the workspace "Acme" begins with."""

from dataclasses import dataclass

TEAM_ID = "T0SANDBOX"
OTHER_TEAM_ID = "T0PARTNER"
TEAM_DOMAIN = "acme"
APP_ID = "A0SANDBOX"
BOT_USER = "U0SAMORA"
OUTSIDER = "U0OUTSIDER"
BOT_ID = "B0SAMORA"


@dataclass(frozen=True, kw_only=True)
class User:
    """A person or the bot. Guests are restricted members; an outsider belongs to another team (Slack Connect).

    ``enterprise_id`` is the Enterprise Grid organisation of the person's team, where that is in one.
    """

    id: str
    name: str
    team_id: str = TEAM_ID
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    enterprise_id: str = ""
    is_bot: bool = False


@dataclass(frozen=True, kw_only=True)
class UserGroup:
    """People who are mentioned together: ``@handle``."""

    id: str
    handle: str
    members: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A conversation. ``is_im``: a direct one between two; ``is_ext_shared``: with another team.

    ``is_pending_ext_shared``: another team is invited, but hasn't come yet.
    """

    id: str
    name: str
    members: frozenset[str]
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_im: bool = False

    @property
    def has_bot(self) -> bool:
        """Whether the bot is in it."""
        return BOT_USER in self.members

    @property
    def scope_prefix(self) -> str:
        """How the scopes for this kind of conversation begin, such as "channels" in ``channels:read``."""
        return "im" if self.is_im else "groups" if self.is_private else "channels"


def direct_channel(user: str) -> Channel:
    """The direct messages between this person and the bot."""
    return Channel(id=f"D{user[1:]}", name="", members=frozenset({user, BOT_USER}), is_private=True, is_im=True)


def first_people() -> list[User]:
    """Who is there at first."""
    return [
        User(id=BOT_USER, name="samora", is_bot=True),
        User(id="U0MIRA", name="mira"),
        User(id="U0JON", name="jon"),
        User(id="U0GUEST", name="guest", is_restricted=True),
        User(id=OUTSIDER, name="outsider", team_id=OTHER_TEAM_ID),
    ]


def first_groups() -> list[UserGroup]:
    """Which groups there are at first."""
    return [UserGroup(id="S0NIGHT", handle="night-shift", members=frozenset({"U0JON"}))]


def first_channels() -> list[Channel]:
    """Which conversations there are at first."""
    staff = frozenset({"U0MIRA", "U0JON"})
    with_bot = staff | {BOT_USER}
    return [
        Channel(id="C0OPS", name="operations", members=with_bot | {"U0GUEST"}),
        Channel(id="C0SALES", name="sales", members=with_bot),
        Channel(id="C0SHARED", name="acme-partner", members=with_bot | {"U0GUEST", "U0OUTSIDER"}, is_ext_shared=True),
        Channel(id="C0QUIET", name="quiet", members=staff),
        Channel(id="C0SECRET", name="board", members=staff, is_private=True),
        Channel(id="C0OLD", name="old", members=with_bot, is_archived=True),
        Channel(id="D0MIRAJON", name="", members=staff, is_private=True, is_im=True),
        *(direct_channel(user) for user in ("U0MIRA", "U0JON", "U0GUEST")),
    ]
