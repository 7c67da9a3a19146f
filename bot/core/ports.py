"""What the core needs of the outside, as protocols that adapters fulfil."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from bot.core.audit import AuditEntry
from bot.core.calls import Call, CallId
from bot.core.subscriptions import Options, Subscription

if TYPE_CHECKING:
    from bot.core.changes import FollowedCall, Observation
    from bot.core.outbox import CardJob, Notice, Turn

Row = TypeVar("Row")


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """The present, as an aware UTC datetime."""


class CallsApi(Protocol):
    """Samora, as far as a look-up needs it."""

    async def get_call(self, call_id: CallId) -> Call:
        """Asks for one call.

        Raises:
            CallNotFound: there is none with this id in this company.
            SamoraRefused: Samora does not accept the key or the request.
            SamoraUnavailable: no usable answer within the time allowed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most so many within so long, counted over a sliding window and over all processes that share a database.

    Attributes:
        name: what is counted.
        most: how many.
        window: within how long.
    """

    name: str
    most: int
    window: timedelta

    def find_share(self, part: timedelta) -> int:
        """How many to take in a part of the window, so that all are taken in two thirds of it, and not at once."""
        return ceil(1.5 * self.most * (part / self.window))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Generic[Row]):
    """Rows that are ours for a while.

    Attributes:
        rows: the rows; each carries the token of its lease.
        next_at: when there may be more to claim, UTC; None if nothing is waiting. Leases of others count too: they may
            not come back.
        is_held: whether more is due, and the rate alone doesn't allow it yet.
    """

    rows: tuple[Row, ...] = ()
    next_at: datetime | None = None
    is_held: bool = False


# All methods of the three stores raise StoreUnavailable, and do what they do whole or not at all.


class FollowedCalls(Protocol):
    """The calls that somebody follows."""

    async def claim(self, *, limit: int, until: datetime, rate: Rate) -> "Claim[FollowedCall]":
        """Takes up to so many calls that are due, longest due first; what is not saved by then is due again.

        Each call taken counts towards the rate.
        """

    async def save(self, seen: "Observation", *, due_at: datetime | None, born: tuple[Subscription, ...] = ()) -> bool:
        """Writes what one look came to: the row, one notice for each subscription that is owed one, cards out of date.

        Likewise the subscriptions that agents' ones give birth to, but where the channel has followed that call before.
        One transaction. Returns False, having written nothing, if the lease is somebody else's by now.
        """

    async def put_off(self, known: "FollowedCall", *, due_at: datetime, held_until: datetime) -> None:
        """After a look that failed: counts the failure, and gives the call back for that time.

        A webhook hurries it, before or after this, but to no earlier time than ``held_until``.
        """

    async def release(self, known: "FollowedCall") -> None:
        """Gives a call back unlooked at: it is due at once."""


class Subscriptions(Protocol):
    """What people follow."""

    async def add(
        self, wanted: Subscription, call: Call, *, card_until: datetime
    ) -> "tuple[Subscription, CardJob | None]":
        """Adds a subscription, unless the channel follows that call already; paused counts as following.

        Its creator is the one who is audited.

        A new one's card is the caller's to post, or to redraw where ``wanted`` has a ``card_ts``: nobody else does it
        before ``card_until``. It counts as begun, so that whoever must take over looks for it first.

        Args:
            wanted: the subscription.
            call: the reading that its card will show.
            card_until: until when the caller has time to post the card.

        Returns:
            The new subscription and its card, or the one that was there and None.
        """

    async def discard(self, subscription_id: str) -> None:
        """Takes back an :meth:`add` whose card could not be posted: as if it had never been, but for the audit."""

    async def find(self, subscription_id: str) -> Subscription | None:
        """The subscription of that id, ended ones too."""

    async def find_here(self, team_id: str, channel_id: str, call_id: CallId) -> Subscription | None:
        """The subscription of a call in a channel that is not ended."""

    async def list_here(
        self, team_id: str, channel_id: str, *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        """A page of a channel's subscriptions that are not ended, oldest first, and how many there are in all."""

    async def list_of(
        self, team_id: str, creator_id: str, *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        """As :meth:`list_here`, for the subscriptions that one person made in whatever channel."""

    # Who does one of these five is audited, in the same transaction, if anything is changed by it.

    async def pause(self, subscription_id: str, *, by: str) -> bool:
        """Pauses it because a person wants that; False if it was not active."""

    async def resume(self, subscription_id: str, *, by: str) -> int:
        """Makes a paused one active, or one that was let go; so its channel's others that paused for the same fault.

        Agents' subscriptions are among those. What changed in between is owed as one notice, and the card is redrawn.
        Returns how many were resumed.
        """

    async def end(self, subscription_id: str, *, by: str) -> bool:
        """Ends it because a person wants that; notices not sent yet never are. False if it had ended before."""

    async def end_all(self, team_id: str, channel_id: str, *, by: str) -> int:
        """Ends every subscription of a channel; returns how many."""

    async def change(self, subscription_id: str, options: Options, *, by: str) -> bool:
        """Gives it other options, and has its card redrawn; False if it has ended."""

    async def unfold(self, subscription_id: str) -> bool:
        """Takes an active one off the board that it stands on, and has its card posted; False if it is on none."""

    async def want_card(self, team_id: str, channel_id: str, card_ts: str) -> None:
        """Has the card redrawn that stands there, if it is a subscription's: somebody else may have drawn over it."""

    async def resume_channel(self, team_id: str, channel_id: str) -> int:
        """Resumes what Slack's errors paused there, as the channel is open to us again; returns how many."""

    async def move_channel(self, team_id: str, old_id: str, new_id: str) -> None:
        """Follows a channel to its new id, resumes there, and has the cards redrawn: others may read along by now."""

    async def share_channel(self, team_id: str, channel_id: str, *, is_shared: bool) -> None:
        """Another organisation reads along there, or doesn't any more: has all cards there redrawn for that."""

    async def stop_team(self, team_id: str) -> int:
        """Pauses everything of a workspace that has taken the bot's token back; returns how many."""

    async def resume_team(self, team_id: str) -> int:
        """Resumes what :meth:`stop_team` paused, as the token works again; returns how many."""

    async def erase_team(self, team_id: str) -> int:
        """Erases every row of a workspace that has removed the app, the audit's too; returns how many.

        Whoever is at work on one of them finds it gone, and has nothing to mark.
        """


class Audit(Protocol):
    """Who did what."""

    async def add(self, entry: AuditEntry) -> None:
        """Puts down what somebody is about to be given: a row, and a line in the log.

        Raises:
            StoreUnavailable: it is not put down, so nothing may be given.
        """


class Outbox(Protocol):
    """What is owed to Slack: notices, channel by channel, and cards that are out of date."""

    async def claim_turns(self, *, limit: int, until: datetime, rate: Rate) -> "Claim[Turn]":
        """Takes up to so many channels that have a notice to be sent now, each with its oldest one."""

    async def begin(self, turn: "Turn") -> bool:
        """Puts down that the notice is about to be posted: from now on its outcome is unknown until it is marked.

        Returns False if the turn is somebody else's by now, or nobody is owed the notice any more.
        """

    async def mark_sent(self, turn: "Turn", *, ts: str, next_at: datetime) -> None:
        """The notice stands there. The channel's next one may go at that time."""

    async def put_off(self, turn: "Turn", *, due_at: datetime, is_unknown: bool) -> None:
        """The notice could not be posted now; ``is_unknown`` if it may have been nevertheless."""

    async def drop(self, turn: "Turn", *, reason: str) -> None:
        """The notice can never be posted."""

    async def pause(self, turn: "Turn", *, reason: str, whole_channel: bool) -> None:
        """Pauses the subscription, or all of the channel, with Slack's reason, and owes each creator a direct message.

        The notice stays owed.
        """

    async def lose_card(self, turn: "Turn") -> bool:
        """The root of the thread is gone: the card is to be posted anew, and the notice waits for it.

        Returns False if it was posted anew before, or is not the root.
        """

    async def release(self, turn: "Turn") -> None:
        """Gives a turn back untouched."""

    async def claim_new_cards(self, *, limit: int, until: datetime, rate: Rate) -> "Claim[CardJob]":
        """Takes up to so many cards that are not posted yet, or to be posted anew: one in a channel at a time."""

    async def claim_cards(self, *, limit: int, until: datetime, rate: Rate) -> "Claim[CardJob]":
        """Takes up to so many cards that stand there and are out of date."""

    async def begin_card(self, job: "CardJob") -> bool:
        """Puts down that the card is about to be posted; False if it is somebody else's by now, or has to wait.

        It waits, given back, while the channel takes no message: one a second, whatever it is.
        """

    async def mark_card(self, job: "CardJob", *, ts: str) -> None:
        """The card stands there as wanted. If it was wanted anew meanwhile, it is due again."""

    async def put_off_card(self, job: "CardJob", *, due_at: datetime, is_unknown: bool) -> None:
        """The card could not be drawn now; ``is_unknown`` if a post may have come through nevertheless."""

    async def repost_card(self, job: "CardJob") -> bool:
        """The card is gone, and to be posted anew; False if that was done once before."""

    async def pause_card(self, job: "CardJob", *, reason: str, whole_channel: bool) -> None:
        """As :meth:`pause`, because the card could not be drawn."""

    async def release_card(self, job: "CardJob") -> None:
        """Gives a card back untouched."""

    async def stop_team(self, team_id: str) -> int:
        """As :meth:`Subscriptions.stop_team`."""


class Messenger(Protocol):
    """Slack, as far as the outbox needs it.

    All methods raise SlackUnavailable, AppUninstalled, ChannelUnavailable with its kinds, or another PermanentError.
    """

    async def post_notice(self, notice: "Notice") -> str:
        """Posts a notice under its key, and returns its ``ts``."""

    async def find_notice(self, notice: "Notice") -> str | None:
        """Looks for a notice that may have been posted; None if it is not there, or reading is not granted."""

    async def prepare_card(self, job: "CardJob") -> None:
        """Asks what it takes to draw a card: once that is begun, nothing but the post itself may take any time."""

    async def post_card(self, job: "CardJob", call: Call) -> str:
        """Posts a card under its key, and returns its ``ts``."""

    async def find_card(self, job: "CardJob") -> str | None:
        """Looks for a card that may have been posted; None if it is not there, or reading is not granted."""

    async def draw_card(self, job: "CardJob", call: Call) -> None:
        """Redraws a card."""

    async def redact_card(self, job: "CardJob") -> None:
        """Redraws a card from what the job knows of the call, as people of other organisations may see it."""
