"""The drawer of boards: posts them, redraws them, and closes them when the burst is over. Once, as cards are."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from bot.core.agent_ports import BoardMessenger, Boards
from bot.core.boards import BoardJob, BurstRules, Tally, is_over
from bot.core.errors import (
    AppUninstalled,
    BotError,
    ChannelUnavailable,
    MessageGone,
    PermanentError,
    SlackUnavailable,
)
from bot.core.ports import Clock
from bot.core.retry import retry_wait

_SHORTEST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(minutes=1)


class BoardDrawer:
    """Draws one board as it is now, whatever happened in between."""

    def __init__(
        self,
        *,
        boards: Boards,
        messenger: BoardMessenger,
        stop_team: Callable[[str], Awaitable[int]],
        clock: Clock,
        rules: BurstRules,
        on_change: Callable[[], None] = lambda: None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Takes who remembers and who speaks, the time, when a burst is over, and who hears that there are cards.

        ``stop_team`` is called with a workspace that has taken the bot's token back.
        """
        self._boards = boards
        self._messenger = messenger
        self._stop_team = stop_team
        self._clock = clock
        self._rules = rules
        self._on_change = on_change
        self._dice = dice

    async def draw(self, job: BoardJob) -> None:
        """One board, drawn and marked, or put off, or its channel paused. Raises as :meth:`bot.core.outbox.Relay`."""
        is_posting = False
        try:
            found = await self._look(job)
            if found is None:
                return
            job, tally = found
            if job.board.ts:
                await self._messenger.draw_board(job, tally)
                await self._boards.mark(job, ts=job.board.ts)
            elif job.begun_at and (ts := await self._messenger.find_board(job)):
                # It shows what was so when it was posted, so it is still to be redrawn.
                await self._boards.mark(replace(job, wanted=job.wanted - 1), ts=ts)
            else:
                is_posting = await self._boards.begin(job)
                if is_posting:
                    await self._boards.mark(job, ts=await self._messenger.post_board(job, tally))
        except SlackUnavailable as error:
            await self._put_off(job, error, is_unknown=not is_posting or error.retry_after is None)
            raise
        except PermanentError as error:
            await self._give_way(job, error, is_unknown=not is_posting)
            raise

    async def _look(self, job: BoardJob) -> tuple[BoardJob, Tally] | None:
        """What stands on it, closed if it is over; None if it is somebody else's by now."""
        tally = await self._boards.tally(job.board.id)
        if job.board.closed_at or not is_over(job.board, tally, now=self._clock(), rules=self._rules):
            return job, tally
        closed = await self._boards.close(job, most=self._rules.cards_per_minute)
        if closed is None:
            return None
        self._on_change()
        return closed, await self._boards.tally(job.board.id)

    async def _put_off(self, job: BoardJob, error: BotError, *, is_unknown: bool) -> None:
        failures, shortest = job.failures, _SHORTEST_RETRY
        if isinstance(error, SlackUnavailable) and error.retry_after is not None:
            # A channel takes one post a second, and its cards may be quicker time and again: a board that is not there
            # yet comes as soon as Slack lets it, or else it would come when the burst is over.
            failures, shortest = 0, shortest if job.board.ts else timedelta()
        wait = retry_wait(error, failures, shortest=shortest, longest=_LONGEST_RETRY, dice=self._dice)
        await self._boards.put_off(job, due_at=self._clock() + wait, is_unknown=is_unknown)

    async def _give_way(self, job: BoardJob, error: PermanentError, *, is_unknown: bool) -> None:
        if isinstance(error, AppUninstalled):
            await self._stop_team(job.board.team_id)
        elif not isinstance(error, ChannelUnavailable):
            # Slack's refusal of our token, or blocks that it doesn't take: no fault of the channel's.
            await self._put_off(job, error, is_unknown=is_unknown)
        elif isinstance(error, MessageGone):
            if not await self._boards.repost(job):
                await self._boards.give_up(job)
        else:
            await self._boards.pause(job, reason=error.reason)
            self._on_change()
