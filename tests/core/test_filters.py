"""Filters: which of an agent's calls are wanted, and how long that stays open."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.calls import Call, CallStatus
from bot.core.filters import DurationFilter, Filter, StatusFilter, VariableFilter, Verdict, judge, yes_in
from tests.core.making import MINUTE, SECOND, make_reading
from tests.factories import READ_AT, make_call

YES, NO, OPEN = Verdict
FAILED = frozenset({CallStatus.UNANSWERED, CallStatus.REJECTED})
FINAL = [CallStatus.CALL_FINISHED, *sorted(FAILED)]
VARIABLES: dict[str, object] = {
    "city": "Köln",
    "vip": True,
    "score": 7,
    "note": None,
    "tags": ["gold", "old", {"deep": "er"}, ["nested"]],
    "customer": {"name": "Jane", "address": {"city": "Bonn"}},
}


@pytest.mark.parametrize(
    ("status", "wanted", "unwanted"),
    [
        (CallStatus.PENDING, OPEN, OPEN),
        (CallStatus.ONGOING, OPEN, OPEN),
        (CallStatus.REJECTED, YES, NO),
        (CallStatus.CALL_FINISHED, NO, YES),
    ],
)
def test_a_status_may_come_until_the_call_is_over(status: str, wanted: Verdict, unwanted: Verdict) -> None:
    call = make_reading(status)

    assert StatusFilter(statuses=FAILED).judge(call, READ_AT) is wanted
    assert StatusFilter(statuses=FAILED, is_negated=True).judge(call, READ_AT) is unwanted


@pytest.mark.parametrize(("started_at", "verdict"), [(READ_AT - MINUTE, YES), (None, NO)])
def test_a_call_that_is_over_was_ongoing_if_it_has_started(started_at: datetime | None, verdict: Verdict) -> None:
    """A look may come when it is over, and what the filter said of it while it went on was to stand."""
    call = make_call(status=CallStatus.CALL_FINISHED, started_at=started_at, ended_at=READ_AT)

    assert StatusFilter(statuses=frozenset({CallStatus.ONGOING})).judge(call, READ_AT) is verdict


def test_a_status_that_is_unwanted_may_pass() -> None:
    call = make_reading(CallStatus.PENDING)

    assert StatusFilter(statuses=frozenset({CallStatus.PENDING})).judge(call, READ_AT) is YES
    assert StatusFilter(statuses=frozenset({CallStatus.PENDING}), is_negated=True).judge(call, READ_AT) is OPEN


@pytest.mark.parametrize(
    ("spoken", "is_longer", "verdict"),
    [
        (299, True, NO),
        (300, True, NO),
        (301, True, YES),
        (299, False, YES),
        (300, False, NO),
        (301, False, NO),
    ],
)
def test_a_call_that_is_over_is_as_long_as_it_was(spoken: int, is_longer: bool, verdict: Verdict) -> None:
    call = make_call(started_at=READ_AT, ended_at=READ_AT + spoken * SECOND)

    assert DurationFilter(than=5 * MINUTE, is_longer=is_longer).judge(call, READ_AT + MINUTE) is verdict


@pytest.mark.parametrize(("so_far", "longer", "shorter"), [(299, OPEN, OPEN), (300, OPEN, NO), (301, YES, NO)])
def test_a_call_that_goes_on_is_at_least_as_long_as_it_is(so_far: int, longer: Verdict, shorter: Verdict) -> None:
    call = make_call(status=CallStatus.ONGOING, started_at=READ_AT, ended_at=None)
    now = READ_AT + timedelta(seconds=so_far)

    assert DurationFilter(than=5 * MINUTE, is_longer=True).judge(call, now) is longer
    assert DurationFilter(than=5 * MINUTE, is_longer=False).judge(call, now) is shorter


@pytest.mark.parametrize("is_longer", [True, False])
def test_a_call_in_which_nobody_spoke_has_no_duration(is_longer: bool) -> None:
    either = DurationFilter(than=5 * MINUTE, is_longer=is_longer)

    assert either.judge(make_call(status=CallStatus.UNANSWERED, started_at=None), READ_AT) is NO
    assert either.judge(make_call(status=CallStatus.PENDING, started_at=None, ended_at=None), READ_AT) is OPEN


@pytest.mark.parametrize(
    ("name", "glob", "is_found"),
    [
        ("city", "köln", True),
        ("CITY", "K*", True),
        ("city", "Bonn", False),
        ("vip", "true", True),
        ("vip", "True", True),
        ("score", "7", True),
        ("note", "null", True),
        ("tags", "gold", True),
        ("tags", "er", False),
        ("tags", "nested", False),
        ("customer.name", "j?ne", True),
        ("Customer.Address.City", "bonn", True),
        ("customer", "*", False),
        ("address.city", "*", False),
        ("missing", "*", False),
    ],
)
def test_a_variable_is_found_by_its_name_or_path_and_its_value_by_a_glob(name: str, glob: str, is_found: bool) -> None:
    call = make_call(variables=VARIABLES)

    assert VariableFilter(name=name, glob=glob).judge(call, READ_AT) is (YES if is_found else NO)
    assert VariableFilter(name=name, glob=glob, is_negated=True).judge(call, READ_AT) is (NO if is_found else YES)


@pytest.mark.parametrize(
    ("filters", "verdict"),
    [
        ([], YES),
        ([VariableFilter(name="city", glob="*")], YES),
        ([VariableFilter(name="city", glob="*"), StatusFilter(statuses=FAILED)], OPEN),
        ([StatusFilter(statuses=FAILED), VariableFilter(name="city", glob="Bonn")], NO),
    ],
)
def test_all_of_them_must_agree(filters: list[Filter], verdict: Verdict) -> None:
    given: dict[str, Any] = {"status": CallStatus.ONGOING, "ended_at": None, "variables": VARIABLES}

    assert judge(filters, make_call(**given), now=READ_AT) is verdict


ONE_OF_EACH: list[Filter] = [
    *(StatusFilter(statuses=frozenset({each})) for each in CallStatus),
    *(StatusFilter(statuses=frozenset({each}), is_negated=True) for each in FINAL),
    *(DurationFilter(than=5 * MINUTE, is_longer=is_longer) for is_longer in (True, False)),
    VariableFilter(name="city", glob="*"),
]


@pytest.mark.parametrize("filters", [[one, other] for one in ONE_OF_EACH for other in ONE_OF_EACH])
def test_the_statuses_in_which_filters_agree_are_known_before_any_call(filters: list[Filter]) -> None:
    agreed = {
        call.status
        for status in CallStatus
        for minutes in (1, 9)
        for call in [_make_call_of(status, minutes)]
        if judge(filters, call, now=READ_AT) is YES
    }

    is_between = isinstance(filters[0], DurationFilter) and isinstance(filters[1], DurationFilter)
    assert agreed == yes_in(filters) or (is_between and filters[0] != filters[1])


def _make_call_of(status: CallStatus, minutes: int) -> Call:
    began = READ_AT - minutes * MINUTE
    is_begun, is_over = status in {CallStatus.ONGOING, *FINAL}, status in FINAL
    times = {"started_at": began if is_begun else None, "ended_at": READ_AT if is_over else None}
    return make_call(status=status, variables=VARIABLES, **times)
