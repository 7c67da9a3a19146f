"""The boards themselves: which are to be drawn, what stands on them, and when one is looked at again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select, true, update

from bot.core.boards import BURST_WINDOW, LATEST_FAILURES, Board, BoardJob, Tally, redraw_wait
from bot.core.calls import Call, CallStatus, is_final
from bot.core.ports import Claim, Rate
from bot.storage.agent_standing import pause_agents
from bot.storage.board_standing import STOPPED
from bot.storage.boards import count_born, is_born_in, is_on
from bot.storage.database import Connection
from bot.storage.leases import Queue, StorePart
from bot.storage.refusing import lock_refused, pause_refused
from bot.storage.rows import Values, known_of
from bot.storage.schema import boards, followed_calls, subscriptions
from bot.storage.slots import take_slot
from bot.storage.steps import IS_ACTIVE, lock_subscriptions, make_due, update_subscriptions

_queue = partial(Queue, boards, key=boards.c.id, due_at=boards.c.due_at, lease=boards.c.lease)
_NEW, _OLD = _queue(among=boards.c.ts == ""), _queue(among=boards.c.ts != "")

_NO_DRAWING: Values = {"due_at": None, "lease": None, "failures": 0, "begun_at": None}

_FINAL = [status.value for status in CallStatus if is_final(status, None)]
_UNFINISHED = [status.value for status in CallStatus if not is_final(status, None)]
_FAILED = [CallStatus.UNANSWERED.value, CallStatus.REJECTED.value]

# As bot.core.calls.is_final says it.
_IS_OVER = followed_calls.c.status.in_(_FINAL) | (
    followed_calls.c.status.not_in(_UNFINISHED) & followed_calls.c.ended_at.is_not(None)
)
_IS_RUNNING = and_(~_IS_OVER, IS_ACTIVE)
_CALLS = subscriptions.join(followed_calls, followed_calls.c.id == subscriptions.c.followed_id)


class BoardStore(StorePart):
    """Fulfils :class:`bot.core.agent_ports.Boards`."""

    async def claim_new(self, *, limit: int, until: datetime, rate: Rate) -> Claim[BoardJob]:
        """Takes boards that are to be posted."""
        return await _NEW.claim(self._database, self._wish(limit, until, rate), _load)

    async def claim(self, *, limit: int, until: datetime, rate: Rate) -> Claim[BoardJob]:
        """Takes boards that are to be redrawn, or looked at because their burst may be over."""
        return await _OLD.claim(self._database, self._wish(limit, until, rate), _load)

    async def tally(self, board_id: str) -> Tally:
        """What stands on it now."""
        is_here = is_on(board_id)
        kind = (followed_calls.c.status, followed_calls.c.agent_id)
        counting = select(*kind, func.count()).select_from(_CALLS).where(is_here).group_by(*kind)
        running = select(func.count()).select_from(_CALLS).where(is_here, _IS_RUNNING)
        failing = select(followed_calls).select_from(_CALLS).where(is_here, followed_calls.c.status.in_(_FAILED))
        latest = failing.order_by(followed_calls.c.status_since.desc(), followed_calls.c.id.desc())
        async with self._database.reading() as connection:
            board = (await connection.execute(select(boards).where(boards.c.id == board_id))).first()
            if board is None:
                return Tally()
            by_status, by_agent = Counter[str](), Counter[str]()
            for status, agent_id, count in await connection.execute(counting):
                by_status[status] += count
                by_agent[agent_id] += count
            del by_agent[""]  # of whom it isn't known
            failures = await connection.execute(latest.limit(LATEST_FAILURES))
            after = self._clock() - BURST_WINDOW
            born = await count_born(connection, board.team_id, [board.channel_id], after)
            return Tally(
                by_status=by_status,
                by_agent=by_agent,
                last_minute=born[board.channel_id],
                failures=tuple(known_of(row) for row in failures),
                unfinished=(await connection.execute(running)).scalar_one(),
            )

    async def begin(self, job: BoardJob) -> bool:
        """Puts down that it is about to be posted; False if it is somebody else's by now, or is to wait, as a card."""
        now = self._clock()
        async with self._database.transaction() as connection:
            row = await _lock(connection, job)
            if row is None or row.lease != job.lease:
                return False
            free_at = await take_slot(connection, job.board.team_id, job.board.channel_id, now)
            values: Values = {"due_at": free_at, "lease": None} if free_at else {"begun_at": now}
            await connection.execute(update(boards).where(boards.c.id == row.id).values(values))
            return free_at is None

    async def mark(self, job: BoardJob, *, ts: str) -> None:
        """It stands there as wanted. One that is open is looked at again even if there is no news: it may be over.

        A new message is remembered even if the lease was lost: else it would be posted twice.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            row = await _lock(connection, job)
            if row is None:
                return
            values: Values = {"ts": ts} if ts and not row.ts and _key(row) == job.key else {}
            if row.lease == job.lease:
                values |= _NO_DRAWING | {"drawn": job.wanted, "drawn_at": now}
                values["due_at"] = await _next_look(connection, row, job.wanted, now)
            if values:
                await connection.execute(update(boards).where(boards.c.id == row.id).values(values))

    async def put_off(self, job: BoardJob, *, due_at: datetime, is_unknown: bool) -> None:
        """It could not be drawn now; ``is_unknown`` if a post may have come through nevertheless."""
        values: Values = {"due_at": due_at, "lease": None, "failures": job.failures + 1}
        await self._write(job, values if is_unknown else values | {"begun_at": None})

    async def release(self, job: BoardJob) -> None:
        """Gives it back untouched."""
        await self._write(job, {"due_at": self._clock(), "lease": None})

    async def close(self, job: BoardJob, *, most: int) -> BoardJob | None:
        """The burst is over; those of its calls that are not get cards of their own, if they are not too many."""
        now, is_running = self._clock(), is_on(job.board.id) & _IS_RUNNING
        async with self._database.transaction() as connection:
            running = select(subscriptions.c.id).select_from(_CALLS).where(is_running).limit(most + 1)
            is_few = len((await connection.execute(running)).all()) <= most
            unfolded = await lock_subscriptions(connection, is_running) if is_few else ()
            row = await _lock(connection, job)
            if row is None or row.lease != job.lease:
                return None
            await connection.execute(update(boards).where(_is_ours(job)).values(closed_at=now))
            await update_subscriptions(connection, [each.id for each in unfolded], {"board_id": "", "card_due_at": now})
        return replace(job, board=replace(job.board, closed_at=now))

    async def repost(self, job: BoardJob) -> bool:
        """The message is gone, and to be posted anew; False if that was done once before."""
        async with self._database.transaction() as connection:
            row = await _lock(connection, job)
            if row is None or row.lease != job.lease:
                return True  # somebody else sees to it
            if row.posts > 1:
                return False
            lost = {"ts": "", "posts": row.posts + 1, "wanted": row.wanted + 1, "due_at": self._clock()}
            await connection.execute(update(boards).where(boards.c.id == row.id).values(_NO_DRAWING | lost))
            return True

    async def pause(self, job: BoardJob, *, reason: str) -> None:
        """Pauses all of its channel with Slack's reason. The board is due when that resumes."""
        now, board = self._clock(), job.board
        async with self._database.transaction() as connection:
            on_it = select(subscriptions.c.id).where(is_on(board.id))
            one = (await connection.execute(on_it.order_by(subscriptions.c.id).limit(1))).scalar() or ""
            _, locked = await lock_refused(connection, board.team_id, board.channel_id, one, whole_channel=True)
            stop = update(boards).where(_is_ours(job)).values(STOPPED | {"begun_at": None})
            if (await connection.execute(stop)).rowcount:
                creators = await pause_refused(connection, locked, reason, now)
                await pause_agents(connection, board.team_id, board.channel_id, reason)
                await make_due(connection, board.team_id, creators, now)

    async def give_up(self, job: BoardJob) -> None:
        """It can't stand there: it is closed, and never due again."""
        closed_at = func.coalesce(boards.c.closed_at, self._clock())
        await self._write(job, _NO_DRAWING | {"closed_at": closed_at, "posts": 0})

    async def find(self, board_id: str) -> Board | None:
        """The board of that id."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(boards).where(boards.c.id == board_id))).first()
        return _board_of(row) if row else None

    async def list_calls(
        self, board_id: str, *, status: CallStatus | None, offset: int, limit: int
    ) -> tuple[tuple[Call, ...], int]:
        """A page of the calls on it, of that status or of any, newest first, and how many there are in all."""
        is_wanted = is_on(board_id) & (followed_calls.c.status == status.value if status else true())
        page = select(followed_calls).select_from(_CALLS).where(is_wanted).offset(offset).limit(limit)
        newest = page.order_by(subscriptions.c.created_at.desc(), subscriptions.c.id.desc())
        async with self._database.reading() as connection:
            calls = tuple(known_of(row) for row in await connection.execute(newest))
            counting = select(func.count()).select_from(_CALLS).where(is_wanted)
            return calls, (await connection.execute(counting)).scalar_one()

    async def _write(self, job: BoardJob, values: Values) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(boards).where(_is_ours(job)).values(values))


async def _next_look(connection: Connection, row: Row[Any], drawn: int, now: datetime) -> datetime | None:
    """When a board that has just been drawn is due again; its row is locked."""
    if row.wanted > drawn:
        return now + redraw_wait(now - row.opened_at)
    if row.closed_at:
        return None
    newest = select(func.max(subscriptions.c.created_at)).where(is_born_in(row.team_id, row.channel_id))
    last: datetime = (await connection.execute(newest)).scalar() or row.opened_at
    opened_at: datetime = row.opened_at
    return max(now, max(last, opened_at) + BURST_WINDOW)


async def _load(_connection: Connection, rows: Sequence[Row[Any]]) -> list[BoardJob]:
    return [_job_of(row) for row in rows]


async def _lock(connection: Connection, job: BoardJob) -> Row[Any] | None:
    query = select(boards).where(boards.c.id == job.board.id).with_for_update(key_share=True)
    return (await connection.execute(query)).first()


def _is_ours(job: BoardJob) -> ColumnElement[bool]:
    return (boards.c.id == job.board.id) & (boards.c.lease == job.lease)


def _key(row: Row[Any]) -> str:
    """What finds its message: another one each time that it is posted anew."""
    return f"{row.id}.board.{row.posts}"


def _board_of(row: Row[Any]) -> Board:
    return Board(
        id=row.id,
        team_id=row.team_id,
        channel_id=row.channel_id,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        ts=row.ts,
    )


def _job_of(row: Row[Any]) -> BoardJob:
    return BoardJob(
        board=_board_of(row),
        key=_key(row),
        mention=row.mention,
        wanted=row.wanted,
        lease=row.lease,
        failures=row.failures,
        begun_at=row.begun_at,
    )
