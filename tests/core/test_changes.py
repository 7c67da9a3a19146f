"""Changes: what one look at a followed call tells, what it doesn't, and when a call is looked at no more."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from bot.core.calls import CallStatus
from bot.core.changes import (
    MEDIA_PATIENCE,
    CallState,
    ChangeKind,
    Facts,
    FollowedCall,
    Observation,
    find_status_since,
    is_worth_following,
    observe,
)
from bot.core.owing import owed_facts
from bot.core.subscriptions import Delivery, Options, Reason
from tests.core.making import (
    HOUR,
    MINUTE,
    NEVER_SPOKEN,
    RULES,
    SECOND,
    UNFINISHED,
    make_followed,
    make_reading,
    make_subscription,
)
from tests.factories import READ_AT, make_call

FINISHED = CallStatus.CALL_FINISHED
PATIENCE = RULES.interval * MEDIA_PATIENCE

# A status, and whether the call has an end time: for a status that nobody knows, that alone says whether it is over.
STATES = [*((status, None) for status in CallStatus), ("VOICEMAIL", False), ("VOICEMAIL", True), ("", False)]


def look(
    known: FollowedCall,
    status: str | None = None,
    *,
    after: timedelta = 5 * SECOND,
    **reading: Any,
) -> Observation:
    """A look at the call so long after the last news of it; without a status, it is as it was."""
    state = known.state
    if status is None:
        status, reading = state.status, {"recording": state.recording, "transcript": state.transcript}
        reading["ended"] = state.ended_at is not None
    call = make_reading(status, **reading)
    return observe(known, call, now=known.news_at + after, rules=RULES)


# Status


@pytest.mark.parametrize(("before", "after"), list(permutations(STATES, 2)), ids=str)
def test_every_other_status_is_a_change_and_the_same_one_is_none(
    before: tuple[str, bool | None], after: tuple[str, bool | None]
) -> None:
    known = make_followed(before[0], ended=before[1], number=3, failures=2)

    seen = look(known, after[0], ended=after[1])

    is_other = before[0] != after[0]
    is_ending = not known.state.is_final and seen.followed.state.is_final
    # Of a call that had no status yet, it is Samora who says since when it has had this one.
    since = find_status_since(make_reading(after[0], ended=after[1]), now=seen.at) if is_other else seen.at
    assert (seen.happened_at, seen.path) == (since, "poll")
    assert seen.kind is (ChangeKind.STATUS if is_other else None)
    assert seen.is_card_old, "at least its end is news"
    assert seen.at == known.news_at + 5 * SECOND
    assert seen.followed == replace(
        known,
        state=CallState.of(make_reading(after[0], ended=after[1])),
        number=4,
        failures=0,
        news_at=seen.at,
        status_since=(seen.at if before[0] else since) if is_other or is_ending else known.status_since,
        is_media_told=is_other and after[0] in NEVER_SPOKEN,
    )
    assert seen.end is (Reason.DONE if after[0] in NEVER_SPOKEN else None)


@pytest.mark.parametrize(("status", "ended"), STATES)
def test_nothing_new_is_nothing_to_tell_and_nothing_to_draw(status: str, ended: bool | None) -> None:
    known = make_followed(status, ended=ended, number=3, failures=4)

    seen = look(known)

    assert (seen.kind, seen.is_card_old) == (None, False)
    assert seen.followed == replace(known, failures=0)


@pytest.mark.parametrize("after", [5 * SECOND, MINUTE, HOUR, 25 * HOUR])
@pytest.mark.parametrize("then", ["", "TRIGGERED", "ONGOING", "CALL_FINISHED", "REJECTED"])
@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize(("status", "ended"), STATES)
def test_a_row_is_the_same_if_it_has_no_new_values(
    status: str, ended: bool | None, recording: bool, then: str, after: timedelta
) -> None:
    """Else its new values would not be written."""
    for known in (make_followed(status, ended=ended), make_followed(status, ended=ended, failures=1)):
        for seen in (look(known, after=after), look(known, then, after=after, recording=recording)):
            assert seen.is_same == (seen.followed == known)


@pytest.mark.parametrize(("status", "ended"), STATES)
def test_a_call_that_samora_knows_no_more_is_no_news(status: str, ended: bool | None) -> None:
    known = make_followed(status, ended=ended, number=3)

    seen = observe(known, None, now=READ_AT + MINUTE, rules=RULES)

    assert (seen.kind, seen.is_card_old, seen.followed) == (None, False, known)


def test_the_whole_life_of_a_call_is_one_notice_for_each_status() -> None:
    row, told = make_followed(CallStatus.PENDING), []
    for status in ("TRIGGERED", "ONGOING", "ONGOING", "CALL_FINISHED"):
        seen = look(row, status, recording=status == "CALL_FINISHED", transcript=status == "CALL_FINISHED")
        row = seen.followed
        told.append((seen.kind, row.number))

    assert told == [(ChangeKind.STATUS, 1), (ChangeKind.STATUS, 2), (None, 2), (ChangeKind.STATUS, 3)]
    assert seen.end is Reason.DONE


def test_a_time_that_becomes_known_is_drawn_and_not_told() -> None:
    known = make_followed(CallStatus.ONGOING)
    call = replace(make_reading(CallStatus.ONGOING), started_at=READ_AT)

    seen = observe(known, call, now=READ_AT + SECOND, rules=RULES)

    assert (seen.kind, seen.is_card_old, seen.followed.number) == (None, True, 1)
    assert seen.followed.news_at == READ_AT + SECOND


# Media


def test_media_that_come_with_the_end_need_no_notice_of_their_own() -> None:
    seen = look(make_followed(), FINISHED, recording=True, transcript=True)

    assert (seen.kind, seen.end) == (ChangeKind.STATUS, Reason.DONE)
    assert seen.followed.is_media_told


@pytest.mark.parametrize("late", [{"recording": True}, {"transcript": True}, {}])
def test_media_that_come_together_after_the_end_make_one_notice_at_once(late: dict[str, Any]) -> None:
    """Whether one of the two was there at the end or none."""
    row = look(make_followed(), FINISHED, **late).followed

    seen = look(row, FINISHED, recording=True, transcript=True)

    assert (seen.kind, seen.is_card_old, seen.end) == (ChangeKind.MEDIA, True, Reason.DONE)


@pytest.mark.parametrize("first", ["recording", "transcript"])
def test_the_notice_about_the_first_waits_for_the_second(first: str) -> None:
    row = look(make_followed(), FINISHED).followed

    one: dict[str, Any] = {first: True}
    waiting = look(row, FINISHED, **one)
    assert (waiting.kind, waiting.is_card_old, waiting.end) == (None, True, None)
    assert waiting.followed.media_at == waiting.at

    seen = look(waiting.followed, FINISHED, after=PATIENCE - SECOND, recording=True, transcript=True)
    assert (seen.kind, seen.end) == (ChangeKind.MEDIA, Reason.DONE)
    assert look(seen.followed).kind is None


@pytest.mark.parametrize(("after", "is_told"), [(PATIENCE - SECOND, False), (PATIENCE, True), (PATIENCE * 9, True)])
def test_the_notice_about_the_first_waits_twelve_intervals(after: timedelta, is_told: bool) -> None:
    waiting = look(look(make_followed(), FINISHED).followed, FINISHED, recording=True).followed

    seen = look(waiting, after=after)

    assert seen.kind is (ChangeKind.MEDIA if is_told else None)
    assert seen.is_card_old is False
    assert seen.followed.number == waiting.number + is_told
    assert seen.end is None, "the transcript may yet come"


def test_what_comes_after_the_one_notice_about_media_is_only_drawn() -> None:
    waiting = look(look(make_followed(), FINISHED).followed, FINISHED, recording=True).followed
    told = look(waiting, after=PATIENCE).followed

    seen = look(told, FINISHED, after=PATIENCE * 2, recording=True, transcript=True)

    assert (seen.kind, seen.is_card_old, seen.end) == (None, True, Reason.DONE)


def test_what_was_said_at_the_end_is_not_said_again() -> None:
    row = look(make_followed(), FINISHED, recording=True).followed

    assert row.media_at is None
    assert look(row, after=PATIENCE * 2).kind is None


def test_media_that_vanish_before_they_were_told_are_not_told() -> None:
    """Else the notice would say " ready", and nothing more."""
    waiting = look(look(make_followed(), FINISHED).followed, FINISHED, recording=True).followed

    gone = look(waiting, FINISHED)
    assert (gone.kind, gone.is_card_old, gone.followed.media_at) == (None, True, None)
    assert look(gone.followed, after=PATIENCE).kind is None
    assert look(gone.followed, after=RULES.media_wait).end is Reason.DONE

    back = look(gone.followed, FINISHED, recording=True, transcript=True)
    assert back.kind is ChangeKind.MEDIA


def test_media_before_the_end_are_no_news_of_their_own() -> None:
    seen = look(make_followed(), CallStatus.ONGOING, recording=True)

    assert (seen.kind, seen.is_card_old, seen.followed.media_at) == (None, True, None)


@pytest.mark.parametrize(
    ("media", "after", "end"),
    [
        ({}, RULES.media_wait - SECOND, None),
        ({}, RULES.media_wait, Reason.DONE),
        ({"recording": True}, RULES.media_wait - SECOND, None),
        ({"recording": True}, RULES.media_wait, Reason.DONE),
    ],
)
def test_what_never_comes_is_waited_for_an_hour(media: dict[str, Any], after: timedelta, end: Reason | None) -> None:
    row = look(make_followed(), FINISHED, **media).followed

    seen = look(row, after=after)

    assert (seen.kind, seen.is_card_old, seen.end) == (None, False, end)
    assert seen.followed.number == row.number


def test_the_wait_ends_even_if_samora_knows_the_call_no_more() -> None:
    row = look(make_followed(), FINISHED).followed

    assert observe(row, None, now=row.news_at + RULES.media_wait, rules=RULES).end is Reason.DONE


def test_what_comes_in_the_last_moment_is_told_before_the_end() -> None:
    row = look(make_followed(), FINISHED).followed

    late = look(row, FINISHED, after=RULES.media_wait - SECOND, recording=True)
    assert (late.kind, late.end) == (None, None)
    waiting = look(late.followed, after=PATIENCE - SECOND)
    assert (waiting.kind, waiting.end) == (None, None)
    told = look(late.followed, after=PATIENCE)
    assert (told.kind, told.end) == (ChangeKind.MEDIA, Reason.DONE)


def test_a_status_that_nobody_knows_has_its_hour_from_the_end_on() -> None:
    row = make_followed("VOICEMAIL", ended=False)

    ended = look(row, "VOICEMAIL", after=3 * HOUR, ended=True)
    assert ended.end is None
    assert ended.followed.status_since == ended.at
    assert look(ended.followed, "VOICEMAIL", recording=True, transcript=True).kind is ChangeKind.MEDIA


def test_a_further_status_says_what_there_is_by_itself() -> None:
    voicemail = look(make_followed(), "VOICEMAIL").followed
    waiting = look(voicemail, "VOICEMAIL", recording=True).followed
    assert waiting.media_at

    seen = look(waiting, FINISHED, recording=True)

    assert seen.kind is ChangeKind.STATUS
    assert seen.followed.media_at is None
    assert not seen.followed.is_media_told
    assert look(seen.followed, after=PATIENCE * 2).kind is None


# Alarms


@pytest.mark.parametrize(
    ("status", "longest"),
    [(CallStatus.TRIGGERED, RULES.stuck_triggered), (CallStatus.ONGOING, RULES.stuck_ongoing)],
)
def test_a_status_that_lasts_too_long_is_told_once(status: str, longest: timedelta) -> None:
    row = make_followed(status)
    assert look(row, after=longest - SECOND).kind is None

    seen = look(row, after=longest)

    assert (seen.kind, seen.is_card_old, seen.end) == (ChangeKind.STUCK, False, None)
    assert (seen.followed.number, seen.followed.news_at) == (1, row.news_at)
    assert look(seen.followed, after=longest * 2).kind is None


def test_each_status_has_an_alarm_of_its_own() -> None:
    triggered = look(make_followed(CallStatus.TRIGGERED), after=HOUR).followed
    assert triggered.is_stuck_told

    ongoing = look(triggered, CallStatus.ONGOING).followed
    assert not ongoing.is_stuck_told
    assert look(ongoing, after=RULES.stuck_ongoing).kind is ChangeKind.STUCK


@pytest.mark.parametrize("status", [CallStatus.PENDING, FINISHED, "VOICEMAIL"])
def test_no_other_status_is_ever_too_long(status: str) -> None:
    assert look(make_followed(status, ended=False), after=23 * HOUR).kind is None


def test_the_alarm_rings_even_for_a_call_that_samora_knows_no_more() -> None:
    seen = observe(make_followed(), None, now=READ_AT + RULES.stuck_ongoing, rules=RULES)

    assert seen.kind is ChangeKind.STUCK


def test_a_new_status_is_told_and_not_that_the_old_one_lasted_long() -> None:
    seen = look(make_followed(CallStatus.TRIGGERED), CallStatus.ONGOING, after=5 * HOUR)

    assert seen.kind is ChangeKind.STATUS


# Letting go


@pytest.mark.parametrize("status", [*UNFINISHED, "VOICEMAIL"])
def test_a_call_is_let_go_after_a_day_without_news(status: str) -> None:
    row = make_followed(status, ended=False, is_stuck_told=True)
    assert look(row, after=RULES.let_go_after - SECOND).end is None

    seen = look(row, after=RULES.let_go_after)

    assert (seen.kind, seen.end) == (ChangeKind.LET_GO, Reason.QUIET)
    assert seen.is_card_old, "its card offers to follow it again"
    assert seen.followed.number == 1


def test_any_news_puts_letting_go_off_for_a_day() -> None:
    row = look(make_followed(), CallStatus.ONGOING, after=23 * HOUR, recording=True).followed

    assert look(row, after=23 * HOUR).end is None
    assert look(row, after=24 * HOUR).end is Reason.QUIET


def test_letting_go_is_told_instead_of_the_alarm() -> None:
    seen = look(make_followed(), after=25 * HOUR)

    assert seen.kind is ChangeKind.LET_GO


def test_news_after_a_long_outage_is_news() -> None:
    row = make_followed(failures=400)

    seen = look(row, FINISHED, after=48 * HOUR)

    assert (seen.kind, seen.end, seen.followed.failures) == (ChangeKind.STATUS, None, 0)


def test_failures_alone_let_no_call_go() -> None:
    assert look(make_followed(failures=400), after=23 * HOUR).end is None


def test_a_call_that_samora_knows_no_more_is_let_go_after_a_day() -> None:
    seen = observe(make_followed(), None, now=READ_AT + 24 * HOUR, rules=RULES)

    assert (seen.kind, seen.end) == (ChangeKind.LET_GO, Reason.QUIET)


# The state of a call


def test_a_state_holds_nothing_personal_and_no_link() -> None:
    state = CallState.of(make_call(variables={"email": "jane@example.com"}))

    assert {field.name for field in fields(state)} == {"status", "started_at", "ended_at", "recording", "transcript"}
    assert "s3.example.com" not in repr(state)
    assert "jane" not in repr(state)
    assert (state.recording, state.transcript, state.seconds) == (True, True, 325)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ({}, 325),
        ({"started_at": None}, None),
        ({"ended_at": None}, None),
        ({"ended_at": READ_AT - HOUR}, None),
        ({"started_at": READ_AT, "ended_at": READ_AT}, 0),
        ({"started_at": READ_AT, "ended_at": READ_AT + timedelta(seconds=1, milliseconds=900)}, 1),
    ],
)
def test_how_long_was_spoken(times: dict[str, datetime | None], seconds: int | None) -> None:
    assert CallState.of(make_call(**times)).seconds == seconds


@pytest.mark.parametrize(
    ("status", "ended", "recording", "transcript", "is_complete"),
    [
        (FINISHED, True, True, True, True),
        (FINISHED, False, True, True, True),
        (FINISHED, True, True, False, False),
        (FINISHED, True, False, True, False),
        (CallStatus.UNANSWERED, False, False, False, True),
        (CallStatus.REJECTED, True, False, False, True),
        (CallStatus.ONGOING, False, True, True, False),
        ("VOICEMAIL", False, True, True, False),
        ("VOICEMAIL", True, True, True, True),
    ],
)
def test_a_call_is_complete_when_nothing_more_will_come(
    status: str, ended: bool, recording: bool, transcript: bool, is_complete: bool
) -> None:
    state = CallState.of(make_reading(status, ended=ended, recording=recording, transcript=transcript))

    assert state.is_complete is is_complete


# Beginning to follow


@pytest.mark.parametrize(
    ("overrides", "since"),
    [
        ({}, make_call().ended_at),
        ({"ended_at": None}, READ_AT),
        ({"status": CallStatus.UNANSWERED, "ended_at": None}, READ_AT),
        ({"status": CallStatus.ONGOING, "ended_at": None}, make_call().started_at),
        ({"status": CallStatus.ONGOING, "ended_at": None, "started_at": None}, READ_AT),
        ({"status": CallStatus.TRIGGERED, "ended_at": None}, make_call().updated_at),
        ({"status": CallStatus.TRIGGERED, "ended_at": None, "updated_at": None}, READ_AT),
        ({"status": CallStatus.TRIGGERED, "ended_at": None, "updated_at": READ_AT + HOUR}, READ_AT),
        ({"status": "VOICEMAIL", "ended_at": None}, make_call().updated_at),
        ({"status": "VOICEMAIL"}, make_call().ended_at),
    ],
)
def test_since_when_a_call_has_its_status(overrides: dict[str, object], since: datetime) -> None:
    assert find_status_since(make_call(**overrides), now=READ_AT) == since


@pytest.mark.parametrize(
    ("overrides", "is_worth"),
    [
        ({}, False),
        ({"recording_url": None}, True),
        ({"transcript_url": None, "ended_at": READ_AT - HOUR + SECOND}, True),
        ({"transcript_url": None, "ended_at": READ_AT - HOUR}, False),
        ({"status": CallStatus.REJECTED, "recording_url": None, "transcript_url": None}, False),
        ({"status": CallStatus.ONGOING, "ended_at": None}, True),
        ({"status": CallStatus.PENDING, "ended_at": None, "updated_at": READ_AT - 99 * HOUR}, True),
        ({"status": "VOICEMAIL", "ended_at": None}, True),
        ({"status": "VOICEMAIL"}, False),
    ],
)
def test_whether_anything_can_still_come_of_a_call(overrides: dict[str, object], is_worth: bool) -> None:
    assert is_worth_following(make_call(**overrides), now=READ_AT, rules=RULES) is is_worth


# What is owed


def owed(seen: Observation, *, told: str = "ONGOING", **options: Any) -> Facts | None:
    return owed_facts(seen, make_subscription(options=Options(**options)), seen=told)


def test_a_new_status_is_owed_with_all_that_its_sentence_needs() -> None:
    seen = look(make_followed(), FINISHED, recording=True, transcript=True)

    assert owed(seen) == Facts(
        old="ONGOING", new="CALL_FINISHED", is_final=True, seconds=325, recording=True, transcript=True
    )


def test_the_old_status_is_the_one_that_was_told_last() -> None:
    """So that what a thread reads is a chain, whatever happened while nobody told it."""
    facts = owed(look(make_followed(), FINISHED), told="TRIGGERED")

    assert facts is not None
    assert facts.old == "TRIGGERED"


def test_who_has_seen_the_status_already_is_owed_nothing() -> None:
    assert owed(look(make_followed(), FINISHED), told="CALL_FINISHED") is None


def test_nothing_new_is_owed_nobody() -> None:
    assert owed(look(make_followed())) is None
    assert owed(look(make_followed(), CallStatus.ONGOING, recording=True)) is None


@pytest.mark.parametrize("kind", ["status", "media"])
@pytest.mark.parametrize(
    ("options", "is_owed"),
    [
        ({}, True),
        ({"to": Delivery.CHANNEL}, True),
        ({"to": Delivery.CARD}, False),
        ({"statuses": frozenset({FINISHED})}, True),
        ({"statuses": frozenset({CallStatus.ONGOING, CallStatus.REJECTED})}, False),
        ({"statuses": frozenset({FINISHED}), "to": Delivery.CARD}, False),
    ],
)
def test_a_subscription_hears_of_the_statuses_that_it_wants(kind: str, options: dict[str, Any], is_owed: bool) -> None:
    seen = look(make_followed(), FINISHED)
    if kind == "media":
        seen = look(seen.followed, FINISHED, recording=True, transcript=True)

    assert (owed(seen, **options) is not None) is is_owed


def test_a_status_that_nobody_knows_is_wanted_by_who_wants_every_status() -> None:
    seen = look(make_followed(), "VOICEMAIL")

    assert owed(seen) is not None
    assert owed(seen, statuses=frozenset(CallStatus)) is None


def test_media_are_owed_whoever_saw_the_status() -> None:
    row = look(make_followed(), FINISHED).followed
    facts = owed(look(row, FINISHED, recording=True, transcript=True), told="CALL_FINISHED")

    assert facts == Facts(new="CALL_FINISHED", is_final=True, seconds=325, recording=True, transcript=True)


@pytest.mark.parametrize(
    ("options", "is_owed"),
    [
        ({}, True),
        ({"statuses": frozenset({CallStatus.REJECTED})}, True),
        ({"to": Delivery.CHANNEL}, True),
        ({"to": Delivery.CARD}, False),
    ],
)
@pytest.mark.parametrize(
    ("after", "kind", "seconds"),
    [(2 * HOUR, ChangeKind.STUCK, 10_800), (24 * HOUR, ChangeKind.LET_GO, 86_400)],
)
def test_an_alarm_is_silenced_by_no_choice_of_statuses(
    options: dict[str, Any], is_owed: bool, after: timedelta, kind: ChangeKind, seconds: int
) -> None:
    """It says how long: a STUCK notice since the status began, the other one since the last news."""
    seen = look(make_followed(status_since=READ_AT - HOUR), after=after)
    facts = owed(seen, **options)

    assert seen.kind is kind
    assert (facts is not None) is is_owed
    assert facts is None or (facts.new, facts.seconds, facts.is_final) == ("ONGOING", seconds, False)
