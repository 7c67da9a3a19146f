"""Agents: what becomes of a channel's wish about all calls of one, call by call."""

from itertools import count
from typing import Any

import pytest

from bot.core.agents import Wanted, agent_key, find_wanted, weigh
from bot.core.calls import CallStatus
from bot.core.filters import StatusFilter
from bot.core.subscriptions import Delivery, Options, SubscriptionState
from tests.core.making import make_reading, make_wish
from tests.factories import READ_AT, make_call_id

FAILED = frozenset({CallStatus.UNANSWERED, CallStatus.REJECTED})
ON_FINISHED = Options(statuses=frozenset({CallStatus.CALL_FINISHED}))
ONLY_FAILED = (StatusFilter(statuses=FAILED),)


@pytest.mark.parametrize(("given", "key"), [(None, ""), ("", ""), ("agent-7", "agent-7"), ("  Agent-7\n", "agent-7")])
def test_an_agent_is_the_same_however_its_id_is_written(given: str | None, key: str) -> None:
    assert agent_key(given) == key


@pytest.mark.parametrize(
    ("wish", "status", "wanted"),
    [
        ({}, CallStatus.PENDING, Wanted.NOW),
        ({}, CallStatus.CALL_FINISHED, Wanted.NOW),
        ({"options": ON_FINISHED}, CallStatus.ONGOING, Wanted.WAIT),
        ({"options": ON_FINISHED}, CallStatus.CALL_FINISHED, Wanted.NOW),
        ({"options": ON_FINISHED}, CallStatus.REJECTED, Wanted.NEVER),
        ({"filters": ONLY_FAILED}, CallStatus.ONGOING, Wanted.WAIT),
        ({"filters": ONLY_FAILED}, CallStatus.REJECTED, Wanted.NOW),
        ({"filters": ONLY_FAILED}, CallStatus.CALL_FINISHED, Wanted.NEVER),
    ],
)
def test_a_call_is_wanted_once_it_is_what_was_asked_for(wish: dict[str, Any], status: str, wanted: Wanted) -> None:
    assert find_wanted(make_wish(**wish), make_reading(status), now=READ_AT) is wanted


def test_each_wish_that_wants_a_call_gets_a_subscription_of_its_own() -> None:
    ids = count(1)
    options = Options(to=Delivery.CHANNEL, mention="U5")
    wishes = [make_wish("a", options=options), make_wish("b", channel_id="C2", options=ON_FINISHED)]

    weighing = weigh(wishes, make_reading(CallStatus.ONGOING), now=READ_AT, make_id=lambda: f"born-{next(ids)}")

    (born,) = weighing.born
    assert weighing.is_awaited
    assert (born.id, born.parent_id, born.channel_id, born.options) == ("born-1", "a", "C111", options)
    assert (born.call_id, born.status, born.created_at) == (make_call_id(), CallStatus.ONGOING, READ_AT)
    assert (born.state, born.card_ts) == (SubscriptionState.ACTIVE, "")


def test_nobody_awaits_what_nobody_can_want() -> None:
    weighing = weigh([make_wish(filters=ONLY_FAILED)], make_reading(CallStatus.CALL_FINISHED), now=READ_AT, make_id=str)

    assert (weighing.born, weighing.is_awaited) == ((), False)
