"""Following: how soon a call is looked at again, and what comes of one look."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.agents import AgentSubscription
from bot.core.calls import Call, CallId, CallStatus
from bot.core.changes import CallState, ChangeKind, FollowedCall, Observation, Rules
from bot.core.errors import BotError, CallNotFound, SamoraRefused, SamoraUnavailable, StoreUnavailable
from bot.core.follow import Poller, next_wait
from bot.core.ports import Claim, Rate
from bot.core.recent import RecentCalls
from bot.core.subscriptions import Options, Reason, Subscription
from tests.core.making import (
    HOUR,
    MINUTE,
    RULES,
    SECOND,
    Agents,
    FakeClock,
    make_followed,
    make_reading,
    make_wish,
    make_wishes,
)
from tests.factories import READ_AT

FINISHED = CallStatus.CALL_FINISHED


def wait_at(age: timedelta, status: str = CallStatus.ONGOING, *, rules: Rules = RULES, **row: Any) -> timedelta:
    return next_wait(make_followed(status, **row), now=READ_AT + age, rules=rules)


# How soon


@pytest.mark.parametrize(
    ("status", "age", "seconds"),
    [
        (CallStatus.TRIGGERED, 0 * SECOND, 5),
        (CallStatus.TRIGGERED, 5 * MINUTE, 5),
        (CallStatus.TRIGGERED, 10 * MINUTE, 10),
        (CallStatus.TRIGGERED, 2 * HOUR, 60),
        (CallStatus.PENDING, 10 * MINUTE, 10),
        ("VOICEMAIL", 10 * MINUTE, 10),
        (CallStatus.ONGOING, 10 * MINUTE, 5),
        (CallStatus.ONGOING, HOUR, 5),
        (CallStatus.ONGOING, 2 * HOUR, 10),
        (CallStatus.ONGOING, 23 * HOUR, 60),
        (FINISHED, 0 * SECOND, 5),
        (FINISHED, 20 * SECOND, 5),
        (FINISHED, 4 * MINUTE, 60),
        (FINISHED, 50 * MINUTE, 300),
    ],
)
def test_a_young_or_ongoing_call_is_looked_at_often_and_an_old_one_seldom(
    status: str, age: timedelta, seconds: float
) -> None:
    ended = False if status == "VOICEMAIL" else None

    assert wait_at(age, status, ended=ended) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("age", "seconds"), [(10 * MINUTE, 60), (10 * MINUTE + 50 * SECOND, 10), (10 * MINUTE + 58 * SECOND, 5)]
)
def test_the_notice_about_the_first_of_the_media_is_not_late(age: timedelta, seconds: float) -> None:
    wait = wait_at(age, FINISHED, recording=True, media_at=READ_AT + 10 * MINUTE)

    assert wait == timedelta(seconds=seconds)


def test_once_that_notice_is_made_there_is_no_hurry() -> None:
    told: dict[str, Any] = {"recording": True, "media_at": READ_AT, "is_media_told": True}

    assert wait_at(20 * MINUTE, FINISHED, **told) == 5 * MINUTE


_MOMENTS = st.timedeltas(timedelta(seconds=-60), timedelta(days=3))
_INTERVALS = st.floats(0.05, 3600).map(lambda seconds: timedelta(seconds=seconds))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*CallStatus, "VOICEMAIL"]), _INTERVALS, _MOMENTS, _MOMENTS, st.none() | _MOMENTS)
def test_the_wait_is_never_shorter_than_the_interval_grows_with_age_and_is_bounded(
    status: str, interval: timedelta, age: timedelta, later: timedelta, media: timedelta | None
) -> None:
    """Clocks that differ a little make an age negative."""
    rules = Rules(interval=interval)

    wait = wait_at(age, status, rules=rules)

    assert interval <= wait <= max(interval * 12, timedelta(minutes=5))
    assert wait <= wait_at(age + abs(later), status, rules=rules)
    if media is not None:
        pressing = wait_at(age, status, rules=rules, recording=True, media_at=READ_AT + media)
        assert interval <= pressing <= wait


# One look


class Calls:
    """A Samora that answers one thing; what ``meanwhile`` does happens while it is asked."""

    def __init__(self, answer: Call | BotError, clock: FakeClock, taking: timedelta) -> None:
        self.answer = answer
        self.asked: list[CallId] = []
        self._clock = clock
        self._taking = taking

    async def get_call(self, call_id: CallId) -> Call:
        self.asked.append(call_id)
        self._clock.advance(self._taking)
        if isinstance(self.answer, BotError):
            raise self.answer
        return self.answer


class Followed:
    """A memory that writes down what it is asked to keep."""

    def __init__(self, *, is_ours: bool = True, error: BotError | None = None) -> None:
        self.saved: list[tuple[Observation, Any]] = []
        self.born: tuple[Subscription, ...] = ()
        self.put_offs: list[tuple[FollowedCall, Any, Any]] = []
        self._is_ours = is_ours
        self._error = error

    async def claim(self, *, limit: int, until: Any, rate: Rate) -> Claim[FollowedCall]:
        raise NotImplementedError

    async def release(self, known: FollowedCall) -> None:
        raise NotImplementedError

    async def save(self, seen: Observation, *, due_at: Any, born: tuple[Subscription, ...] = ()) -> bool:
        if self._error:
            raise self._error
        self.saved.append((seen, due_at))
        self.born = born
        return self._is_ours

    async def put_off(self, known: FollowedCall, *, due_at: Any, held_until: Any) -> None:
        if self._error:
            raise self._error
        self.put_offs.append((known, due_at, held_until))


class Look:
    """A poller with all that it needs, and what it did."""

    def __init__(
        self,
        answer: Call | BotError,
        *,
        followed: Followed | None = None,
        rules: Rules = RULES,
        taking: timedelta = SECOND,
        wishes: tuple[AgentSubscription, ...] = (),
    ) -> None:
        self.clock = FakeClock(READ_AT + MINUTE)
        self.calls = Calls(answer, self.clock, taking)
        self.followed = followed or Followed()
        self.recent = RecentCalls()
        self.changes = 0
        self.agents = Agents(*wishes)
        self.wishes = make_wishes(self.clock, self.agents)
        self.poller = Poller(
            calls=self.calls, followed=self.followed, wishes=self.wishes, recent=self.recent, clock=self.clock,
            rules=rules,
            on_change=self._on_change, dice=lambda: 0.0,
        )  # fmt: skip

    def _on_change(self) -> None:
        self.changes += 1


async def test_a_change_is_saved_kept_for_the_card_and_announced() -> None:
    call = make_reading(FINISHED)
    look, known = Look(call), make_followed(number=4)

    await look.poller.look(known)

    ((seen, due_at),) = look.followed.saved
    assert look.calls.asked == [known.call_id]
    assert (seen.kind, seen.followed.number, seen.followed.state) == (ChangeKind.STATUS, 5, CallState.of(call))
    assert seen.followed.lease == known.lease
    assert seen.at == look.clock()
    assert due_at == look.clock() + 5 * SECOND, "counted from the answer on"
    assert look.recent.find(call.id, number=5, now=READ_AT) is call
    assert look.changes == 1


async def test_no_news_are_saved_too_and_wake_nobody() -> None:
    look = Look(make_reading(CallStatus.ONGOING))

    await look.poller.look(make_followed(number=4, failures=2))

    ((seen, due_at),) = look.followed.saved
    assert (seen.kind, seen.is_card_old, seen.followed.failures) == (None, False, 0)
    assert due_at == look.clock() + 5 * SECOND
    assert look.recent.find(seen.followed.call_id, number=4, now=READ_AT) is None
    assert look.changes == 0


async def test_what_is_only_drawn_is_announced_too() -> None:
    look = Look(make_reading(CallStatus.ONGOING, recording=True))

    await look.poller.look(make_followed())

    assert look.changes == 1
    assert look.recent.find(make_followed().call_id, number=1, now=READ_AT)


async def test_an_alarm_is_announced_though_no_card_is_old() -> None:
    look = Look(make_reading(CallStatus.ONGOING))

    await look.poller.look(make_followed(status_since=READ_AT - 2 * HOUR))

    assert look.followed.saved[0][0].kind is ChangeKind.STUCK
    assert look.changes == 1
    assert look.recent.find(make_followed().call_id, number=1, now=READ_AT) is None


async def test_a_call_of_which_nothing_more_will_come_is_not_due_again() -> None:
    look = Look(make_reading(FINISHED, recording=True, transcript=True))

    await look.poller.look(make_followed())

    ((seen, due_at),) = look.followed.saved
    assert (seen.end, due_at) == (Reason.DONE, None)


async def test_a_wait_that_is_over_wakes_nobody() -> None:
    look = Look(make_reading(FINISHED))

    await look.poller.look(make_followed(FINISHED, status_since=READ_AT - HOUR))

    ((seen, due_at),) = look.followed.saved
    assert (seen.end, due_at, look.changes) == (Reason.DONE, None, 0)


async def test_a_reading_is_not_kept_if_somebody_else_took_the_call_over() -> None:
    call = make_reading(FINISHED)
    look = Look(call, followed=Followed(is_ours=False))

    await look.poller.look(make_followed())

    assert look.recent.find(call.id, number=1, now=READ_AT) is None
    assert look.changes == 0


async def test_a_call_that_samora_knows_no_more_is_looked_at_further() -> None:
    look, known = Look(CallNotFound("no such call")), make_followed(failures=3)

    await look.poller.look(known)

    ((seen, due_at),) = look.followed.saved
    assert (seen.kind, seen.followed.state, seen.followed.failures) == (None, known.state, 0)
    assert due_at == look.clock() + 5 * SECOND
    assert look.followed.put_offs == []
    assert look.changes == 0


async def test_a_call_let_go_that_samora_knows_no_more_has_no_reading_to_keep() -> None:
    look = Look(CallNotFound("no such call"))

    await look.poller.look(make_followed(news_at=READ_AT - 24 * HOUR))

    assert look.followed.saved[0][0].end is Reason.QUIET
    assert look.changes == 1


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (SamoraUnavailable("time-out"), 0, 10),
        (SamoraUnavailable("time-out"), 1, 20),
        (SamoraUnavailable("time-out"), 9, 300),
        (SamoraUnavailable("HTTP 429", retry_after=3.0), 0, 10),
        (SamoraUnavailable("HTTP 429", retry_after=900.0), 0, 900),
        (SamoraRefused("HTTP 401"), 0, 10),
        (SamoraRefused("HTTP 401"), 99, 300),
    ],
)
async def test_a_look_that_failed_is_put_off_and_told(error: BotError, failures: int, seconds: float) -> None:
    look, known = Look(error), make_followed(failures=failures)

    with pytest.raises(type(error)):
        await look.poller.look(known)

    at = look.clock() + timedelta(seconds=seconds)
    assert look.followed.put_offs == [(known, at, at)]
    assert look.followed.saved == []
    assert look.changes == 0


async def test_after_an_error_the_wait_is_never_shorter_than_the_interval() -> None:
    look = Look(SamoraUnavailable("x"), rules=Rules(interval=HOUR))

    with pytest.raises(SamoraUnavailable):
        await look.poller.look(make_followed())

    assert look.followed.put_offs[0][1] == look.clock() + HOUR


async def test_a_webhook_may_shorten_the_wait_to_what_the_error_asks_for() -> None:
    look = Look(SamoraUnavailable("HTTP 429", retry_after=20.0), rules=Rules(webhook_interval=MINUTE))

    with pytest.raises(SamoraUnavailable):
        await look.poller.look(known := make_followed(is_covered=True))

    assert look.followed.put_offs == [(known, look.clock() + MINUTE, look.clock() + 20 * SECOND)]


@pytest.mark.parametrize(("nudged_at", "wait"), [(READ_AT, 5 * SECOND), (READ_AT - SECOND, MINUTE), (None, MINUTE)])
async def test_a_webhook_that_is_quicker_than_samoras_answers_has_the_call_looked_at_again_soon(
    nudged_at: datetime | None, wait: timedelta
) -> None:
    look = Look(make_reading("ONGOING"), rules=Rules(interval=5 * SECOND, webhook_interval=MINUTE))

    await look.poller.look(make_followed(is_covered=True, read_at=READ_AT, nudged_at=nudged_at))

    ((_, due_at),) = look.followed.saved
    assert due_at == look.clock() + wait


@pytest.mark.parametrize("answer", [make_reading(FINISHED), CallNotFound("x"), SamoraUnavailable("x")])
async def test_a_database_that_does_not_answer_is_told_and_nothing_is_kept(answer: Call | BotError) -> None:
    look = Look(answer, followed=Followed(error=StoreUnavailable("locked")))

    with pytest.raises(StoreUnavailable):
        await look.poller.look(make_followed())

    assert look.recent.find(make_followed().call_id, number=1, now=READ_AT) is None
    assert look.changes == 0


# Calls of agents


UNREAD: dict[str, Any] = {
    "state": CallState(status=""),
    "is_awaited": True,
    "nudged_at": READ_AT,
    "read_at": None,
}
ONLY_FINISHED = Options(statuses=frozenset({FINISHED}))


async def test_the_first_look_at_a_call_that_a_webhook_named_gives_birth() -> None:
    call = make_reading(CallStatus.ONGOING)
    look = Look(call, wishes=(make_wish(), make_wish("wish-2", channel_id="C2"), make_wish("other", agent_id="a-8")))

    await look.poller.look(make_followed(**UNREAD))

    ((seen, due_at),) = look.followed.saved
    assert [(each.parent_id, each.channel_id) for each in look.followed.born] == [("wish-1", "C111"), ("wish-2", "C2")]
    assert len({each.id for each in look.followed.born}) == 2
    assert (seen.followed.agent_id, seen.followed.is_awaited, seen.is_given_up) == ("agent-7", False, True)
    assert (seen.kind, seen.path, seen.happened_at) == (ChangeKind.STATUS, "webhook", call.started_at)
    assert due_at == look.clock() + 5 * SECOND
    assert look.recent.find(call.id, number=1, now=READ_AT) is call
    assert look.changes == 1


async def test_a_birth_without_any_news_of_the_call_is_news() -> None:
    call = make_reading(CallStatus.ONGOING)
    look = Look(call, wishes=(make_wish(),))

    await look.poller.look(make_followed(number=4))

    assert look.followed.born
    assert look.followed.saved[0][0].kind is None
    assert look.recent.find(call.id, number=4, now=READ_AT) is call
    assert look.changes == 1


async def test_a_channel_that_has_the_card_is_not_asked() -> None:
    look = Look(make_reading(CallStatus.ONGOING), wishes=(make_wish(options=ONLY_FINISHED), make_wish("wish-2")))

    await look.poller.look(make_followed(taken=frozenset({"C111"}), is_awaited=True))

    ((seen, _),) = look.followed.saved
    assert (look.followed.born, seen.followed.is_awaited, seen.is_given_up, look.changes) == ((), False, True, 0)


async def test_a_call_that_may_yet_be_wanted_is_awaited() -> None:
    look = Look(make_reading(CallStatus.ONGOING), wishes=(make_wish(options=ONLY_FINISHED),))

    await look.poller.look(make_followed(**UNREAD))

    ((seen, due_at),) = look.followed.saved
    assert (look.followed.born, seen.followed.is_awaited, seen.is_given_up) == ((), True, False)
    assert due_at == look.clock() + 5 * SECOND


@pytest.mark.parametrize("is_awaited", [False, True])
@pytest.mark.parametrize("wishes", [(), (make_wish(options=ONLY_FINISHED),)])
@pytest.mark.parametrize("agent_id", ["", "agent-7"])
async def test_what_was_weighed_is_written_though_nothing_else_is_new(
    agent_id: str, wishes: tuple[AgentSubscription, ...], is_awaited: bool
) -> None:
    look = Look(make_reading(CallStatus.ONGOING), wishes=wishes)
    known = make_followed(agent_id=agent_id, is_awaited=is_awaited)

    await look.poller.look(known)

    ((seen, _due_at),) = look.followed.saved
    assert (seen.followed.agent_id, seen.followed.is_awaited) == ("agent-7", bool(wishes))
    assert seen.is_same == (seen.followed == known)


async def test_a_call_that_nobody_wants_is_given_up() -> None:
    look = Look(make_reading(CallStatus.ONGOING))

    await look.poller.look(make_followed(**UNREAD))

    assert look.followed.saved[0][0].is_given_up


async def test_a_call_that_is_let_go_is_awaited_no_more() -> None:
    look = Look(make_reading(CallStatus.PENDING), wishes=(make_wish(options=ONLY_FINISHED),))

    await look.poller.look(make_followed(CallStatus.PENDING, news_at=READ_AT - 24 * HOUR, is_awaited=True))

    ((seen, due_at),) = look.followed.saved
    assert (seen.end, seen.followed.is_awaited, seen.is_given_up, due_at) == (Reason.QUIET, False, True, None)


@pytest.mark.parametrize(("age", "seconds"), [(1, 5), (5, 5), (20, 20), (540, 60), (600, None), (9999, None)])
async def test_a_call_that_samora_does_not_know_is_asked_for_ten_minutes(age: int, seconds: int | None) -> None:
    look = Look(CallNotFound("no such call"), wishes=(make_wish(),), taking=0 * SECOND)
    since = look.clock() - age * SECOND

    await look.poller.look(make_followed(**UNREAD, status_since=since, news_at=since))

    ((seen, due_at),) = look.followed.saved
    assert seen.is_given_up is (seconds is None)
    assert (seen.kind, seen.followed.agent_id) == (None, "")
    if seconds:
        assert due_at == look.clock() + seconds * SECOND


async def test_a_call_that_samora_knows_no_more_is_awaited_further() -> None:
    look = Look(CallNotFound("no such call"))

    await look.poller.look(make_followed(is_awaited=True, agent_id="agent-7", status_since=READ_AT - HOUR))

    ((seen, _),) = look.followed.saved
    assert (seen.followed.is_awaited, seen.followed.agent_id) == (True, "agent-7")


async def test_without_their_wishes_nothing_is_decided() -> None:
    look = Look(make_reading(CallStatus.ONGOING))
    look.agents.error = StoreUnavailable("locked")

    with pytest.raises(StoreUnavailable):
        await look.poller.look(make_followed())

    assert look.followed.saved == []


@pytest.mark.parametrize(
    ("status", "age", "interval", "seconds"),
    [
        (CallStatus.ONGOING, 0 * SECOND, 60, 60),
        (CallStatus.TRIGGERED, 10 * MINUTE, 60, 120),
        (CallStatus.ONGOING, 0 * SECOND, 1, 5),
        (FINISHED, 0 * SECOND, 60, 60),
        (FINISHED, 10 * MINUTE, 60, 150),
    ],
)
def test_calls_of_agents_whose_webhooks_arrive_are_looked_at_seldom(
    status: str, age: timedelta, interval: int, seconds: float
) -> None:
    rules = Rules(webhook_interval=timedelta(seconds=interval))

    assert wait_at(age, status, rules=rules, is_covered=True) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("nudged", "read", "is_nudged"),
    [(None, READ_AT, False), (READ_AT, None, True), (READ_AT, READ_AT, True), (READ_AT, READ_AT + SECOND, False)],
)
def test_a_webhook_counts_until_the_call_is_read(nudged: Any, read: Any, is_nudged: bool) -> None:
    assert make_followed(nudged_at=nudged, read_at=read).is_nudged is is_nudged
