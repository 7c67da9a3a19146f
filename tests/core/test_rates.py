"""Rates: what a second allows is spread over it."""

from datetime import timedelta

import pytest

from bot.core.rates import samora_rate


@pytest.mark.parametrize(("per_second", "share"), [(0.2, 1), (1, 1), (10, 2), (50, 8), (400, 60)])
def test_a_part_of_the_time_has_its_share_and_a_half_more(per_second: float, share: int) -> None:
    assert samora_rate(per_second).find_share(timedelta(milliseconds=100)) == share
