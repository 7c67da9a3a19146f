"""How often people may ask: a sliding minute for each person and each channel, and a memory that has an end."""

import pytest

from bot.core.errors import TooManyLookups
from bot.core.limits import LookupLimits


class Minute:
    """Limits with a clock that the test moves."""

    def __init__(self, *, per_user: int = 3, per_channel: int = 5) -> None:
        self.now = 1_000.0
        self.limits = LookupLimits(per_user=per_user, per_channel=per_channel, clock=lambda: self.now)

    def ask(self, user: str = "U1", channel: str = "C1") -> str:
        """Asks once; returns why not, or nothing if it is welcome."""
        try:
            self.limits.count(user_id=user, channel_id=channel)
        except TooManyLookups as refusal:
            return refusal.reason
        return ""


def test_one_person_may_ask_so_often_within_a_minute_and_hears_when_again() -> None:
    minute = Minute()
    assert [minute.ask() for _ in range(3)] == ["", "", ""]

    minute.now += 47.5

    assert minute.ask() == "You've asked 3 times within a minute. Please try again in 13 seconds."
    assert minute.ask(channel="C2") != ""
    assert minute.ask(user="U2") == ""


def test_the_minute_slides() -> None:
    minute = Minute()
    for _ in range(3):
        assert minute.ask() == ""
        minute.now += 10

    # The first was thirty seconds ago, the others are ten seconds apart.
    minute.now += 29.5
    assert minute.ask() == "You've asked 3 times within a minute. Please try again in 1 second."
    minute.now += 0.5
    assert minute.ask() == ""
    assert minute.ask() == "You've asked 3 times within a minute. Please try again in 10 seconds."


def test_a_channel_may_ask_so_often_whoever_asks() -> None:
    minute = Minute()
    assert [minute.ask(user=f"U{n}") for n in range(5)] == [""] * 5

    minute.now += 1

    assert minute.ask(user="U9") == "This channel has asked 5 times within a minute. Please try again in 59 seconds."
    assert minute.ask(user="U9", channel="C2") == ""


def test_what_is_refused_counts_for_nobody() -> None:
    minute = Minute(per_user=2, per_channel=2)
    assert [minute.ask(user="U1"), minute.ask(user="U2")] == ["", ""]

    # Neither the person nor the channel is held back longer by having been refused.
    assert "channel" in minute.ask(user="U3")
    assert "channel" in minute.ask(user="U3")
    assert [minute.ask(user="U3", channel="C2"), minute.ask(user="U3", channel="C3")] == ["", ""]
    assert "You've" in minute.ask(user="U3", channel="C4")
    minute.now += 60
    assert [minute.ask(user="U1"), minute.ask(user="U1")] == ["", ""]


def test_where_there_is_no_channel_only_the_person_is_counted() -> None:
    minute = Minute(per_user=2, per_channel=1)

    assert [minute.ask(user=f"U{n}", channel="") for n in range(4)] == [""] * 4
    assert minute.ask(user="U0", channel="") == ""
    assert "You've" in minute.ask(user="U0", channel="")


def test_one_may_be_all() -> None:
    minute = Minute(per_user=1)
    minute.ask()

    assert minute.ask() == "You've asked once within a minute. Please try again in 60 seconds."


def test_a_flood_from_a_million_people_in_a_million_channels_fills_no_memory() -> None:
    minute = Minute()
    for n in range(1_000_000):
        minute.limits.count(user_id=f"U{n}", channel_id=f"C{n}")

    assert minute.limits.count_keys() == 2 * 10_000
    # The oldest are forgotten, and not the newest.
    for _ in range(2):
        assert minute.ask(user="U999999", channel="") == ""
    assert minute.ask(user="U999999", channel="") != ""
    assert [minute.ask(user="U0", channel="") for _ in range(3)] == [""] * 3


def test_whoever_has_not_asked_for_a_minute_is_forgotten() -> None:
    minute = Minute()
    for n in range(100):
        minute.ask(user=f"U{n}", channel=f"C{n}")
    minute.now += 60

    minute.ask(user="U100", channel="C100")

    assert minute.limits.count_keys() == 2


def test_whoever_asks_on_is_not_forgotten() -> None:
    minute = Minute()
    minute.ask(user="U1")
    minute.now += 40
    minute.ask(user="U2")
    minute.ask(user="U1")
    minute.now += 30
    minute.ask(user="U3")
    minute.ask(user="U1")

    assert minute.ask(user="U1") == ""
    assert minute.ask(user="U1") != ""


def test_it_is_the_oldest_that_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.core.limits._MOST_KEYS", 2)
    minute = Minute(per_user=2)
    for user in ("U1", "U2", "U1", "U3"):
        assert minute.ask(user=user, channel="") == ""

    # U2 was the one to go: U1 has asked since.
    assert minute.ask(user="U1", channel="") != ""


@pytest.mark.parametrize("seconds", [0.0, 59.999])
def test_the_minute_is_a_whole_one(seconds: float) -> None:
    minute = Minute(per_user=1)
    minute.ask()
    minute.now += seconds

    assert minute.ask() != ""
