"""The outbox: notices go out channel by channel, oldest first. Once, as far as Slack allows; so are cards.

What is about to be posted is put down first. So whoever takes over from a process that died, or was not answered,
knows that a message may be there already, and looks for it before posting.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.calls import Call, CallId
from bot.core.changes import ChangeKind, Facts
from bot.core.errors import (
    AppUninstalled,
    BotError,
    ChannelUnavailable,
    MessageGone,
    PermanentError,
    SlackUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.core.ports import Clock, Messenger, Outbox
from bot.core.retry import retry_wait
from bot.core.subscriptions import Options, SubscriptionState

# docs.slack.dev/apis/web-api/rate-limits: "1 message per second per channel". Slack counts when a post arrives, so the
# second begins with its answer; but a slow answer doesn't hold the next post back.
PER_CHANNEL = timedelta(seconds=1)
_SLOW_ANSWER = timedelta(milliseconds=50)

# Likewise, from when a post is put down: that is before it is sent.
BETWEEN_POSTS = PER_CHANNEL + _SLOW_ANSWER

SHORTEST_RETRY = timedelta(seconds=1)
LONGEST_RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a thread, or a person, is owed about one change.

    Attributes:
        id: the row's id; notices of a channel go out by it.
        key: what finds it among Slack's messages: opaque, and the same however often it is posted.
        team_id: the workspace.
        channel_id: the conversation; a user's id for a direct message.
        root_ts: the root of its thread; empty for a direct message.
        subscription_id: whose it is.
        call_id: the call.
        kind: what it is about.
        facts: what it says.
        options: of the subscription, as they are now.
        has_own_thread: whether the thread is the card's own.
        begun_at: when it was last about to be posted, with unknown outcome, UTC; None if it surely is not there.
        attempts: how often it was about to be posted.
        happened_at: when what it tells happened, as far as Samora says, UTC; None for what no look has seen.
        path: how the bot came to know of it: ``webhook`` or ``poll``; empty for what no look has seen.
    """

    id: int
    key: str
    team_id: str
    channel_id: str
    root_ts: str
    subscription_id: str
    call_id: CallId
    kind: ChangeKind
    facts: Facts
    options: Options
    has_own_thread: bool = True
    begun_at: datetime | None = None
    attempts: int = 0
    happened_at: datetime | None = None
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A channel that is ours for a while, and the notice that is to go out there now.

    Attributes:
        team_id: the workspace.
        channel_id: the conversation; a user's id for direct messages.
        lease: the token of our lease.
        failures: how many turns in a row went wrong there.
        notice: the notice.
    """

    team_id: str
    channel_id: str
    lease: str
    failures: int
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class CardJob:
    """A card that is ours for a while, to be drawn.

    Attributes:
        subscription_id: whose card it is.
        key: what finds it among Slack's messages: opaque, and another one each time that it is posted anew.
        team_id: the workspace.
        channel_id: the conversation.
        thread_ts: the root of the thread that it hangs in; empty if it stands in the channel.
        card_ts: Slack's name of it; empty while it is to be posted.
        call_id: the call.
        options: of the subscription.
        state: of the subscription.
        number: the number of the last change of the call that is known.
        known: the call as it is remembered: its id, status and times, and when it was read.
        wanted: which drawing is wanted: grows with each wish.
        lease: the token of our lease.
        failures: how many times in a row it went wrong.
        begun_at: when it was last about to be posted, with unknown outcome, UTC; None if it surely is not there.
        is_shared: whether Slack has told us, perhaps another process, that another organisation reads along there.
    """

    subscription_id: str
    key: str
    team_id: str
    channel_id: str
    thread_ts: str = ""
    card_ts: str = ""
    call_id: CallId
    options: Options
    state: SubscriptionState
    number: int
    known: Call
    wanted: int
    lease: str
    failures: int = 0
    begun_at: datetime | None = None
    is_shared: bool = False


class Relay:
    """Delivers the notice of one turn."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        messenger: Messenger,
        clock: Clock,
        on_card: Callable[[], None] = lambda: None,
        on_sent: Callable[[str, float], None] = lambda _path, _seconds: None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Takes who remembers, who speaks and the time.

        ``on_card`` hears that a card is to be posted anew; ``on_sent``, of each notice that tells what a look has seen,
        how the bot came to know of that and how many seconds after it happened.
        """
        self._outbox = outbox
        self._messenger = messenger
        self._clock = clock
        self._on_card = on_card
        self._on_sent = on_sent
        self._dice = dice

    async def deliver(self, turn: Turn) -> None:
        """One notice, posted and marked, or put off, or its subscription paused.

        Raises:
            StoreUnavailable: nothing is marked; the turn comes back with the end of its lease.
            BotError: Slack's, once it has been put down.
        """
        began: datetime | None = None
        try:
            if turn.notice.begun_at and (ts := await self._messenger.find_notice(turn.notice)):
                await self._mark_sent(turn, ts)
                return
            if not await self._outbox.begin(turn):
                return
            began = self._clock()
            ts = await self._messenger.post_notice(turn.notice)
            await self._mark_sent(turn, ts, began=began)
        except SlackUnavailable as error:
            # Looking in vain for what an earlier attempt may have posted leaves that as unknown as before.
            await self._put_off(turn, error, is_unknown=began is None or error.retry_after is None)
            raise
        except PermanentError as error:
            await self._give_way(turn, error, is_unknown=began is None)
            raise

    async def _put_off(self, turn: Turn, error: BotError, *, is_unknown: bool) -> None:
        wait = retry_wait(error, turn.failures, shortest=SHORTEST_RETRY, longest=LONGEST_RETRY, dice=self._dice)
        await self._outbox.put_off(turn, due_at=self._clock() + wait, is_unknown=is_unknown)

    async def _mark_sent(self, turn: Turn, ts: str, *, began: datetime | None = None) -> None:
        now = self._clock()
        counted = min(now, began + _SLOW_ANSWER) if began else now
        await self._outbox.mark_sent(turn, ts=ts, next_at=counted + PER_CHANNEL)
        if happened_at := turn.notice.happened_at:
            self._on_sent(turn.notice.path, max(0.0, (now - happened_at).total_seconds()))

    async def _give_way(self, turn: Turn, error: PermanentError, *, is_unknown: bool) -> None:
        """A person must act; nobody else has to wait for that."""
        if isinstance(error, AppUninstalled):
            await self._outbox.stop_team(turn.team_id)
        elif isinstance(error, TokenRefused):
            await self._put_off(turn, error, is_unknown=is_unknown)
        elif turn.notice.kind is ChangeKind.PAUSED:
            # Nobody can be told that somebody can't be told.
            await self._outbox.drop(turn, reason=error.reason)
        elif isinstance(error, MessageGone) and await self._outbox.lose_card(turn):
            self._on_card()
        else:
            await self._outbox.pause(turn, reason=error.reason, whole_channel=is_whole_channel(error))


def is_whole_channel(error: PermanentError) -> bool:
    """Whether Slack's refusal is about all of a channel, and not about one thread or message."""
    return isinstance(error, ChannelUnavailable) and not isinstance(error, ThreadUnavailable | MessageGone)
