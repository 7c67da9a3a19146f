"""What the core needs of the outside for whole agents: their subscriptions, names, webhooks and boards, remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.agents import AgentFigures, AgentSubscription, Coverage
from bot.core.boards import Board, BoardJob, Tally
from bot.core.calls import Call, CallId, CallStatus
from bot.core.filters import Filter
from bot.core.ports import Claim, Rate
from bot.core.subscriptions import Options

# All methods of the stores raise StoreUnavailable, and do what they do whole or not at all.


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a batch of webhooks came to.

    Attributes:
        nudged: calls that were known, and are due now.
        added: calls that nobody had heard of, and that are read from now on.
        ignored: the calls that nobody cares for: unknown, and no agent is followed; or over and told.
    """

    nudged: int = 0
    added: int = 0
    ignored: frozenset[CallId] = frozenset()


class Announcements(Protocol):
    """Where webhooks leave what they say: that there is a call to look at, and nothing else."""

    async def announce(self, call_ids: Sequence[CallId]) -> Announced:
        """Makes known calls due, and unknown ones known if any agent is followed. One transaction; twice is once.

        A call is not made due earlier than a second after it was last read, so that a flood of webhooks about one call
        is no flood of questions, nor while it is held after a failure; a look under way is followed by another one.
        """

    async def measure_coverage(self, *, silent_after: timedelta) -> Coverage:
        """How it stands with the webhooks of the agents.

        Args:
            silent_after: after so long without any webhook, those of an agent count as stopped.
        """


class AgentSubscriptions(Protocol):
    """The agents that channels follow."""

    async def add(self, wanted: AgentSubscription) -> tuple[AgentSubscription, bool]:
        """Adds a subscription, unless the channel follows that agent already; paused counts as following.

        Returns:
            The new subscription and True, or the one that was there and False. Its creator is audited.
        """

    async def find(self, subscription_id: str) -> AgentSubscription | None:
        """The subscription of that id, ended ones too."""

    async def find_here(self, team_id: str, channel_id: str, agent_id: str) -> AgentSubscription | None:
        """A channel's subscription of an agent that is not ended."""

    async def list_here(self, team_id: str, channel_id: str) -> tuple[AgentSubscription, ...]:
        """A channel's subscriptions that are not ended, oldest first."""

    async def list_of(self, team_id: str, creator_id: str) -> tuple[AgentSubscription, ...]:
        """As :meth:`list_here`, for those that one person made in whatever channel."""

    async def list_followed(self, team_id: str) -> frozenset[str]:
        """The agents that any channel of a workspace follows actively."""

    async def list_active(self, team_id: str, agent_id: str) -> tuple[AgentSubscription, ...]:
        """The active ones of an agent: what the poller weighs its calls by."""

    # Who does one of these is audited, in the same transaction, if anything is changed by it.

    async def change(self, subscription_id: str, options: Options, filters: tuple[Filter, ...], *, by: str) -> bool:
        """Gives it other options and filters, for the calls to come; False if it has ended."""

    async def pause(self, subscription_id: str, *, by: str) -> bool:
        """Pauses it because a person wants that: no new calls. False if it was not active."""

    async def resume(self, subscription_id: str, *, by: str) -> bool:
        """Makes a paused one active; so all of its channel that Slack's errors paused too. False if it was not."""

    async def end(self, subscription_id: str, *, by: str) -> bool:
        """Ends it because a person wants that. Calls that have a card are followed to their end. False if it had."""

    async def measure(self, subscription_ids: Sequence[str]) -> Mapping[str, AgentFigures]:
        """What came of each of them in the last 24 hours."""

    async def list_calls(self, team_id: str, agent_id: str, *, limit: int) -> tuple[Call, ...]:
        """The last calls of an agent that were seen, newest first, as they are remembered: without variables."""


class AgentNames(Protocol):
    """What people call the agents."""

    async def name(self, team_id: str, agent_id: str, name: str, *, by: str) -> None:
        """Gives an agent a name; an empty one takes it away. Audited."""

    async def find_names(self, team_id: str) -> Mapping[str, str]:
        """The names of a workspace's agents, by their ids."""


class Boards(Protocol):
    """The boards that stand for many cards, and whose turn it is to be drawn."""

    async def claim_new(self, *, limit: int, until: datetime, rate: Rate) -> Claim[BoardJob]:
        """Takes up to so many boards that are to be posted."""

    async def claim(self, *, limit: int, until: datetime, rate: Rate) -> Claim[BoardJob]:
        """Takes up to so many boards that stand there, and are to be redrawn or looked at."""

    async def tally(self, board_id: str) -> Tally:
        """What stands on it now."""

    async def begin(self, job: BoardJob) -> bool:
        """Puts down that it is about to be posted; False if it is somebody else's by now, or has to wait, as a card."""

    async def mark(self, job: BoardJob, *, ts: str) -> None:
        """It stands there as wanted; when it is next drawn is settled by its age, and by whether there is news."""

    async def put_off(self, job: BoardJob, *, due_at: datetime, is_unknown: bool) -> None:
        """It could not be drawn now; ``is_unknown`` if a post may have come through nevertheless."""

    async def close(self, job: BoardJob, *, most: int) -> BoardJob | None:
        """The burst is over: nothing more goes onto it, and new calls get cards of their own again.

        So do those of its calls that are not over, if there are no more than ``most``; the others stay on it. Returns
        the job as it is now, or None if it is somebody else's by now.
        """

    async def repost(self, job: BoardJob) -> bool:
        """The message is gone, and to be posted anew; False if that was done once before."""

    async def pause(self, job: BoardJob, *, reason: str) -> None:
        """Pauses all of its channel with Slack's reason, as :meth:`Outbox.pause_card`. It is due when that resumes."""

    async def give_up(self, job: BoardJob) -> None:
        """It can't stand there: it is closed, and what it showed is found through the list."""

    async def release(self, job: BoardJob) -> None:
        """Gives it back untouched."""

    async def find(self, board_id: str) -> Board | None:
        """The board of that id."""

    async def list_calls(
        self, board_id: str, *, status: CallStatus | None, offset: int, limit: int
    ) -> tuple[tuple[Call, ...], int]:
        """A page of the calls on it, newest first, as they are remembered, and how many there are in all.

        Args:
            board_id: the board.
            status: which of them; None for whatever status.
            offset: how many to leave out.
            limit: how many there are on a page.
        """


class BoardMessenger(Protocol):
    """Slack, as far as boards need it. All methods raise what those of :class:`bot.core.ports.Messenger` do."""

    async def post_board(self, job: BoardJob, tally: Tally) -> str:
        """Posts a board under its key, and returns its ``ts``."""

    async def find_board(self, job: BoardJob) -> str | None:
        """Looks for a board that may have been posted; None if it is not there, or reading is not granted."""

    async def draw_board(self, job: BoardJob, tally: Tally) -> None:
        """Redraws a board."""
