"""A trial: which of an agent's last calls a wish would have wanted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.agents import AgentSubscription, Wanted, find_wanted
from bot.core.calls import Call, CallId, CallStatus
from bot.core.errors import BotError

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Calls that were read anew.

    Attributes:
        calls: those that could be.
        unread: how many couldn't.
    """

    calls: tuple[Call, ...]
    unread: int = 0


def would_match(wish: AgentSubscription, call: Call, *, now: datetime) -> bool:
    """Whether a call would have got a card by now: as it is, or when it was going on."""
    return any(find_wanted(wish, stage, now=at) is Wanted.NOW for stage, at in _stages(call, now))


async def read_anew(calls: Sequence[Call], read: Callable[[CallId], Awaitable[Call]]) -> Read:
    """Reads calls, a few at once, in the same order; one that is gone, or can't be read now, is counted.

    Raises:
        BotError: none of them could be read, for that reason.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def read_one(call: Call) -> Call | BotError:
        async with turns:
            try:
                return await read(call.id)
            except BotError as error:
                return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read_one(call), name="try") for call in calls]
    answers = [task.result() for task in tasks]
    found = tuple(answer for answer in answers if isinstance(answer, Call))
    if answers and not found:
        raise next(_errors(answers))
    return Read(calls=found, unread=len(answers) - len(found))


def _errors(answers: Iterable[Call | BotError]) -> Iterator[BotError]:
    return (answer for answer in answers if isinstance(answer, BotError))


def _stages(call: Call, now: datetime) -> Iterator[tuple[Call, datetime]]:
    yield call, now
    # Webhooks tell of a call when it begins, so that one could have had its card already.
    if call.is_final and call.started_at:
        yield replace(call, status=CallStatus.ONGOING, ended_at=None), call.ended_at or now
