"""Calls just read: found under the number of the change that they made, and forgotten soon."""

from datetime import timedelta

from bot.core.recent import RecentCalls
from tests.factories import make_call, make_call_id

READ_AT = make_call().read_at


def test_a_reading_is_found_under_its_own_number_only() -> None:
    recent = RecentCalls()
    call = make_call()
    recent.keep(call, number=2)

    assert recent.find(call.id, number=2, now=READ_AT) is call
    assert recent.find(call.id, number=1, now=READ_AT) is None
    assert recent.find(call.id, number=3, now=READ_AT) is None
    assert recent.find(make_call_id(2), number=2, now=READ_AT) is None


def test_a_newer_reading_takes_the_place_of_an_older_one() -> None:
    recent = RecentCalls()
    old, new = make_call(), make_call(status="REJECTED")
    recent.keep(old, number=1)
    recent.keep(new, number=2)

    assert recent.find(old.id, number=1, now=READ_AT) is None
    assert recent.find(old.id, number=2, now=READ_AT) is new


def test_only_the_newest_are_kept() -> None:
    recent = RecentCalls(kept=2)
    first, second, third = (make_call(id=make_call_id(n)) for n in (1, 2, 3))
    recent.keep(first, number=1)
    recent.keep(second, number=1)
    recent.keep(first, number=2)
    recent.keep(third, number=1)

    assert recent.find(first.id, number=2, now=READ_AT) is first, "it was read after the second one"
    assert recent.find(second.id, number=1, now=READ_AT) is None
    assert recent.find(third.id, number=1, now=READ_AT) is third


def test_as_many_as_a_busy_company_has_are_kept_and_no_more() -> None:
    recent = RecentCalls()
    for n in range(1, 502):
        recent.keep(make_call(id=make_call_id(n)), number=1)

    assert recent.find(make_call_id(1), number=1, now=READ_AT) is None
    assert recent.find(make_call_id(2), number=1, now=READ_AT) is not None


def test_what_somebody_may_have_refreshed_meanwhile_is_read_anew() -> None:
    recent = RecentCalls()
    call = make_call()
    recent.keep(call, number=1)

    assert recent.find(call.id, number=1, now=READ_AT + timedelta(seconds=9)) is call
    assert recent.find(call.id, number=1, now=READ_AT + timedelta(seconds=10)) is None
