"""Drawing cards: each a picture of its call as it is now, posted once, as far as Slack allows.

As with notices: what is about to be posted is put down first.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from bot.core.calls import Call
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
)
from bot.core.outbox import LONGEST_RETRY, SHORTEST_RETRY, CardJob, is_whole_channel
from bot.core.ports import CallsApi, Clock, Messenger, Outbox
from bot.core.recent import RecentCalls
from bot.core.retry import retry_wait


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
        """One card, drawn and marked, or put off, or its subscription paused.

        Raises:
            StoreUnavailable: nothing is marked; the card comes back with the end of its lease.
            BotError: Samora's or Slack's, once it has been put down.
        """
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
                await self._messenger.prepare_card(job)
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
        wait = retry_wait(error, job.failures, shortest=SHORTEST_RETRY, longest=LONGEST_RETRY, dice=self._dice)
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
            await self._outbox.pause_card(job, reason=error.reason, whole_channel=is_whole_channel(error))
            self._on_change()
