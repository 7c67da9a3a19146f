"""Calls just read: found under the number of the change that they made, and forgotten soon."""

from bot.core.recent import RecentCalls
from tests.factories import make_call, make_call_id


def test_a_reading_is_found_under_its_own_number_only() -> None:
    recent = RecentCalls()
    call = make_call()
    recent.keep(call, number=2)

    assert recent.find(call.id, number=2) is call
    assert recent.find(call.id, number=1) is None
    assert recent.find(call.id, number=3) is None
    assert recent.find(make_call_id(2), number=2) is None


def test_a_newer_reading_takes_the_place_of_an_older_one() -> None:
    recent = RecentCalls()
    old, new = make_call(), make_call(status="REJECTED")
    recent.keep(old, number=1)
    recent.keep(new, number=2)

    assert recent.find(old.id, number=1) is None
    assert recent.find(old.id, number=2) is new


def test_only_the_newest_are_kept() -> None:
    recent = RecentCalls(kept=2)
    first, second, third = (make_call(id=make_call_id(n)) for n in (1, 2, 3))
    recent.keep(first, number=1)
    recent.keep(second, number=1)
    recent.keep(first, number=2)
    recent.keep(third, number=1)

    assert recent.find(first.id, number=2) is first, "it was read after the second one"
    assert recent.find(second.id, number=1) is None
    assert recent.find(third.id, number=1) is third


def test_as_many_as_a_busy_company_has_are_kept_and_no_more() -> None:
    recent = RecentCalls()
    for n in range(1, 502):
        recent.keep(make_call(id=make_call_id(n)), number=1)

    assert recent.find(make_call_id(1), number=1) is None
    assert recent.find(make_call_id(2), number=1) is not None
