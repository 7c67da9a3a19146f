"""The outbox: notices go out channel by channel, oldest first, and cards are redrawn. Once, as far as Slack allows.

What is about to be posted is put down first. So whoever takes over from a process that died, or was not answered,
knows that a message may be there already, and looks for it before posting.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.calls import Call, CallId
from bot.core.changes import ChangeKind, Facts
from bot.core.errors import (
    AppUninstalled,
    BotError,
    CallNotFound,
    ChannelUnavailable,
    EditRefused,
    MessageGone,
    PermanentError,
    SamoraRefused,
    SamoraUnavailable,
    SlackUnavailable,
    StoreUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.core.ports import CallsApi, Clock, Messenger, Outbox
from bot.core.recent import RecentCalls
from bot.core.retry import retry_wait
from bot.core.subscriptions import Options, SubscriptionState

# docs.slack.dev/apis/web-api/rate-limits: "1 message per second per channel". Slack counts when a post arrives, so the
# second begins with its answer; but a slow answer doesn't hold the next post back.
PER_CHANNEL = timedelta(seconds=1)
_SLOW_ANSWER = timedelta(milliseconds=50)

_SHORTEST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=1)


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
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Takes who remembers, who speaks, the time, and who hears that a card is to be posted anew."""
        self._outbox = outbox
        self._messenger = messenger
        self._clock = clock
        self._on_card = on_card
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
        wait = retry_wait(error, turn.failures, shortest=_SHORTEST_RETRY, longest=_LONGEST_RETRY, dice=self._dice)
        await self._outbox.put_off(turn, due_at=self._clock() + wait, is_unknown=is_unknown)

    async def _mark_sent(self, turn: Turn, ts: str, *, began: datetime | None = None) -> None:
        now = self._clock()
        counted = min(now, began + _SLOW_ANSWER) if began else now
        await self._outbox.mark_sent(turn, ts=ts, next_at=counted + PER_CHANNEL)

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
            await self._outbox.pause(turn, reason=error.reason, whole_channel=_is_whole_channel(error))


class Cards:
    """Draws one card: a picture of the call as it is now, whatever happened in between."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        messenger: Messenger,
        calls: CallsApi,
        recent: RecentCalls,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Takes who remembers, speaks, and knows the call, the time, and who hears that there is something to post."""
        self._outbox = outbox
        self._messenger = messenger
        self._calls = calls
        self._recent = recent
        self._clock = clock
        self._on_change = on_change
        self._dice = dice

    async def draw(self, job: CardJob) -> None:
        """One card, drawn and marked, or put off, or its subscription paused. Raises as :meth:`Relay.deliver`."""
        is_posting = False
        try:
            call = self._recent.find(job.call_id, number=job.number, now=self._clock()) or await self._get_call(job)
            if job.card_ts:
                await self._messenger.draw_card(job, call)
                await self._outbox.mark_card(job, ts=job.card_ts)
                return
            if job.begun_at and (ts := await self._messenger.find_card(job)):
                # It shows the call as it was when it was posted, so it is still to be redrawn.
                await self._outbox.mark_card(replace(job, wanted=job.wanted - 1), ts=ts)
            else:
                is_posting = await self._outbox.begin_card(job)
                if not is_posting:
                    return
                await self._outbox.mark_card(job, ts=await self._messenger.post_card(job, call))
            self._on_change()
        except StoreUnavailable:
            raise
        except PermanentError as error:
            await self._give_way(job, error, is_unknown=not is_posting)
            raise
        except CallNotFound as error:
            if not job.card_ts:
                await self._put_off(job, error, is_unknown=True)
                raise
            # Samora knows the call no more: its last picture stays.
            await self._outbox.mark_card(job, ts=job.card_ts)
        except BotError as error:
            is_refused = is_posting and isinstance(error, SlackUnavailable) and error.retry_after is not None
            await self._put_off(job, error, is_unknown=not is_refused)
            raise

    async def _get_call(self, job: CardJob) -> Call:
        try:
            call = await self._calls.get_call(job.call_id)
        except (CallNotFound, SamoraUnavailable, SamoraRefused):
            # What strangers must not see doesn't stay until Samora answers, which it may never do.
            if job.is_shared and job.card_ts:
                await self._messenger.redact_card(job)
            raise
        self._recent.keep(call, number=job.number)  # for its cards in other channels
        return call

    async def _put_off(self, job: CardJob, error: BotError, *, is_unknown: bool) -> None:
        wait = retry_wait(error, job.failures, shortest=_SHORTEST_RETRY, longest=_LONGEST_RETRY, dice=self._dice)
        await self._outbox.put_off_card(job, due_at=self._clock() + wait, is_unknown=is_unknown)

    async def _give_way(self, job: CardJob, error: PermanentError, *, is_unknown: bool) -> None:
        if isinstance(error, AppUninstalled):
            await self._outbox.stop_team(job.team_id)
        elif not isinstance(error, ChannelUnavailable):
            # Samora's refusal, Slack's of our token, or blocks that it doesn't take: no fault of the channel's.
            await self._put_off(job, error, is_unknown=is_unknown)
        elif isinstance(error, MessageGone) and await self._outbox.repost_card(job):
            self._on_change()
        elif isinstance(error, EditRefused):
            # It stands there as it was, and the thread goes on.
            await self._outbox.mark_card(job, ts=job.card_ts)
        else:
            await self._outbox.pause_card(job, reason=error.reason, whole_channel=_is_whole_channel(error))
            self._on_change()


def _is_whole_channel(error: PermanentError) -> bool:
    return isinstance(error, ChannelUnavailable) and not isinstance(error, ThreadUnavailable | MessageGone)
