"""A trial: which calls would have matched, and how they are read."""

import asyncio
from datetime import timedelta

import pytest

from bot.core.calls import Call, CallId, CallStatus
from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable
from bot.core.filters import Filter, StatusFilter
from bot.core.subscriptions import Options
from bot.slack.agent_trial import read_anew, would_match
from bot.slack.agent_wish import read_choice
from tests.factories import READ_AT, make_call, make_call_id
from tests.slack.agents import make_agent_subscription

ONGOING = {"status": CallStatus.ONGOING, "ended_at": None}
UNANSWERED = {"status": CallStatus.UNANSWERED, "started_at": None}
CALLS = tuple(make_call(id=make_call_id(number)) for number in range(1, 21))


@pytest.mark.parametrize(
    ("text", "changes", "is_matched"),
    [
        ("", {}, True),
        ("", ONGOING, True),
        ("status:finished", {}, True),
        ("status:rejected", {}, False),
        ("status:rejected", ONGOING, False),
        ("status:ongoing", {}, True),
        ("status:ongoing", UNANSWERED, False),
        ("on:ongoing", {}, True),
        ("on:ongoing", UNANSWERED, False),
        ("on:finished", ONGOING, False),
        ("duration>5m", {}, True),
        ("duration>6m", {}, False),
        ("duration<6m", {}, True),
        ("duration<6m", UNANSWERED, False),
        ("duration>5m on:ongoing", {}, True),
        ("duration>6m on:ongoing", {}, False),
    ],
)
def test_a_call_is_judged_as_it_is_and_as_it_was_when_it_went_on(
    text: str, changes: dict[str, object], is_matched: bool
) -> None:
    options, filters, _ = read_choice(text)
    wish = make_agent_subscription(options=options or Options(), filters=filters)
    assert would_match(wish, make_call(**changes), now=READ_AT + timedelta(hours=1)) is is_matched


def test_the_other_filters_are_asked_too() -> None:
    never: tuple[Filter, ...] = (StatusFilter(statuses=frozenset({CallStatus.REJECTED})),)
    assert not would_match(make_agent_subscription(filters=never), make_call(), now=READ_AT)


async def test_calls_are_read_eight_at_once_and_stay_in_order() -> None:
    under_way, most = 0, 0

    async def read(call_id: CallId) -> Call:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return make_call(id=call_id, variables={"read": True})

    found = await read_anew(CALLS, read)

    assert most == 8
    assert [call.id for call in found.calls] == [call.id for call in CALLS]
    assert all(call.variables for call in found.calls)
    assert found.unread == 0


@pytest.mark.parametrize("error", [CallNotFound("gone"), SamoraUnavailable("time-out")])
async def test_what_can_not_be_read_is_counted(error: BotError) -> None:
    async def read(call_id: CallId) -> Call:
        if call_id == CALLS[0].id:
            raise error
        return make_call(id=call_id)

    found = await read_anew(CALLS, read)

    assert (len(found.calls), found.unread) == (19, 1)


async def test_where_nothing_can_be_read_the_reason_is_raised() -> None:
    async def read(_: CallId) -> Call:
        raise SamoraRefused("HTTP 401")

    with pytest.raises(SamoraRefused):
        await read_anew(CALLS, read)
    assert (await read_anew((), read)).calls == ()
