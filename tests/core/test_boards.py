"""Boards: how often one is redrawn, and when a burst is over."""

from datetime import timedelta

import pytest

from bot.core.boards import Board, BurstRules, Tally, is_over, redraw_wait
from tests.core.making import MINUTE, SECOND
from tests.factories import CHANNEL, READ_AT, TEAM

BOARD = Board(id="board-1", team_id=TEAM, channel_id=CHANNEL, opened_at=READ_AT)


@pytest.mark.parametrize(("age", "wait"), [(0, 5), (50, 5), (51, 5.1), (100, 10), (150, 15), (86_400, 15)])
def test_a_young_board_is_redrawn_every_five_seconds_and_an_old_one_every_fifteen(age: int, wait: float) -> None:
    assert redraw_wait(timedelta(seconds=age)) == timedelta(seconds=wait)


@pytest.mark.parametrize(
    ("age", "last_minute", "over"),
    [
        (MINUTE, 9, True),
        (MINUTE, 10, False),
        (MINUTE - SECOND, 0, False),
        (10 * MINUTE, 0, True),
        (10 * MINUTE, 500, False),
    ],
)
def test_a_burst_is_over_when_a_minute_brought_less_than_too_many(age: timedelta, last_minute: int, over: bool) -> None:
    assert is_over(BOARD, Tally(last_minute=last_minute), now=READ_AT + age, rules=BurstRules()) is over


def test_as_many_as_the_rules_say() -> None:
    rules = BurstRules(cards_per_minute=3)
    assert is_over(BOARD, Tally(last_minute=2), now=READ_AT + MINUTE, rules=rules)
    assert not is_over(BOARD, Tally(last_minute=3), now=READ_AT + MINUTE, rules=rules)


def test_the_calls_on_it_are_counted() -> None:
    assert Tally(by_status={"ONGOING": 2, "PARKED": 1}).count == 3
