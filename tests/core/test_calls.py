"""Calls: what counts as an id, where ids are found, and what a reading of a call says about it."""

from datetime import timedelta
from time import thread_time
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import EXAMPLE_ID, CallId, CallStatus, Media, MediaState, find_call_ids
from bot.core.errors import UserMistake
from tests.factories import READ_AT, RECORDING_URL, TRANSCRIPT_URL, make_call, make_call_id

ID = "123e4567-e89b-12d3-a456-426614174000"
OTHER_ID = "00000002-e89b-42d3-a456-00000000000f"
BARE = ID.replace("-", "")


def found_in(text: str) -> list[str]:
    return [str(call_id) for call_id in find_call_ids(text)]


# The id


def test_a_canonical_uuid_is_an_id_and_reads_as_its_text() -> None:
    assert str(CallId(ID)) == CallId(ID).value == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        ID.upper(),
        BARE,
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        f" {ID}",
        f"{ID}\n",
        ID + "0",
        "../" + ID,
        ID.replace("1", "１"),
    ],
)
def test_anything_else_is_refused_as_a_mistake_in_words(text: str) -> None:
    with pytest.raises(UserMistake, match="isn't a call id"):
        CallId(text)


def test_ids_are_equal_by_value_and_frozen() -> None:
    assert {CallId(ID), CallId(ID)} == {CallId(ID)}
    with pytest.raises(AttributeError):
        CallId(ID).value = "x"  # type: ignore[misc]


def test_the_example_shown_to_people_is_an_id() -> None:
    assert found_in(EXAMPLE_ID) == [EXAMPLE_ID]


# Finding ids in text


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"  {ID}\n",
        ID.upper(),
        "123E4567-e89b-12D3-A456-426614174000",
        BARE,
        BARE.upper(),
        f"`{ID}`",
        f"```{ID}```",
        f"*{ID}*",
        f"_{ID}_",
        f"({ID})",
        f'"{ID}"',
        f"“{ID}”",
        f"«{ID}»",
        f"call_id={ID}",
        f"call_{ID}",
        f"Why was {ID} so short?",
        f"It was {ID}.",
        f"{ID}, I think",
        f"Das war{ID}".replace("war", "wär "),
        f"https://app.samora.ai/calls/{ID}",
        f"https://app.samora.ai/calls/{ID}?tab=transcript#top",
        f"<https://app.samora.ai/calls/{ID}>",
        f"<https://app.samora.ai/calls/{ID}|the call>",
        f"<https://app.samora.ai|{ID}>",
        f"https://app.samora.ai/go?to=%2Fcalls%2F{ID}",
        f"https://app.samora.ai/go?to=calls%20{ID}%20now",
        f"https://app.samora.ai/calls/{ID.replace('-', '%2D')}",
        f"https://app.samora.ai/calls/{ID.replace('-', '%2d')}",
        f"\u200b{ID}\u200b",
        f"\u202e{ID}",
        f"电话{ID}结束",
        f'{{"call_id":"{ID}"}}',
    ],
)  # fmt: skip
def test_an_id_is_found_however_it_stands(text: str) -> None:
    assert found_in(text) == [ID]


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2212")
def test_typographic_dashes_are_read_as_hyphens(dash: str) -> None:
    assert found_in(ID.replace("-", dash)) == [ID]


def test_an_id_between_percent_signs_of_a_query_is_found() -> None:
    assert found_in(f"WHERE id LIKE '%{ID}%'") == [ID]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing here",
        "4d6f7e1c2b3a49586776859403122130aabbccdd",  # a git SHA
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # a SHA-256
        f"a{ID}",
        f"{ID}b",
        f"x{BARE}",
        f"{BARE}9",
        ID[:-1],
        ID[1:],
        ID.replace("e", "g"),
        ID.replace("-", " "),
        ID.replace("-", "--"),
        "123e4567-e89b12d3-a456-426614174000",
        "123e4567e89b-12d3-a456-426614174000",
        ID.replace("1", "１"),
        "-".join(["1234"] * 8),
    ],
)
def test_what_only_looks_a_little_like_an_id_is_not_one(text: str) -> None:
    assert found_in(text) == []


def test_several_ids_come_each_once_in_order_of_appearance() -> None:
    text = f"{OTHER_ID} then {ID}, {OTHER_ID.upper()} and <https://x.example/{BARE}|{ID}>"
    assert found_in(text) == [OTHER_ID, ID]


def test_only_the_first_hundred_thousand_characters_are_searched() -> None:
    assert found_in("x " * 40_000 + ID) == [ID]
    assert found_in("x " * 50_000 + ID) == []


@pytest.mark.parametrize(
    "piece",
    ["a", "0", "-", "%", "%2D", "%F0", "0-", "12345678-", "12345678-1234-1234-1234-", ID[:-1] + " ", "\u2013", "💥"],
)
def test_a_hostile_text_of_100_kb_is_searched_quickly(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    start = thread_time()
    assert found_in(text) == []
    assert thread_time() - start < 2


@settings(max_examples=60, deadline=None)
@given(
    found=st.uuids(),
    before=st.sampled_from(["", " ", "/", "`", "<", "|", "="]),
    after=st.sampled_from(["", " ", ">", "?"]),
)
def test_every_uuid_is_found_in_every_spelling(found: UUID, before: str, after: str) -> None:
    for spelt in (str(found), str(found).upper(), found.hex):
        assert found_in(f"{before}{spelt}{after}") == [str(found)]


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_no_text_is_too_strange_to_be_searched(text: str) -> None:
    assert all(isinstance(call_id, CallId) for call_id in find_call_ids(text))


# The reading of a call


@pytest.mark.parametrize(
    ("status", "ended", "final"),
    [
        (CallStatus.PENDING, False, False),
        (CallStatus.TRIGGERED, False, False),
        (CallStatus.ONGOING, False, False),
        (CallStatus.ONGOING, True, False),
        (CallStatus.CALL_FINISHED, True, True),
        (CallStatus.CALL_FINISHED, False, True),
        (CallStatus.UNANSWERED, False, True),
        (CallStatus.REJECTED, False, True),
        ("VOICEMAIL", True, True),
        ("VOICEMAIL", False, False),
        ("", False, False),
    ],
)
def test_a_call_is_final_by_its_status_or_if_that_is_unknown_by_its_end(status: str, ended: bool, final: bool) -> None:
    assert make_call(status=status, ended_at=READ_AT if ended else None).is_final is final


def test_a_plain_text_status_is_as_good_as_the_enum() -> None:
    assert make_call(status="CALL_FINISHED", ended_at=None).is_final


def test_duration_and_waiting_time_are_differences() -> None:
    call = make_call()
    assert call.duration == timedelta(minutes=5, seconds=25)
    assert call.waiting_time == timedelta(seconds=5)


@pytest.mark.parametrize(
    "times",
    [
        {"started_at": None},
        {"ended_at": None},
        {"started_at": READ_AT, "ended_at": READ_AT - timedelta(seconds=1)},
    ],
)
def test_an_unknown_or_senseless_duration_is_none(times: dict[str, object]) -> None:
    assert make_call(**times).duration is None


def test_an_unknown_or_senseless_waiting_time_is_none() -> None:
    assert make_call(created_at=None).waiting_time is None
    assert make_call(created_at=READ_AT).waiting_time is None


def test_a_call_that_ended_at_once_lasted_no_time() -> None:
    assert make_call(started_at=READ_AT, ended_at=READ_AT).duration == timedelta()


def test_each_medium_has_its_own_link() -> None:
    call = make_call()
    assert call.find_link(Media.RECORDING) == RECORDING_URL
    assert call.find_link(Media.TRANSCRIPT) == TRANSCRIPT_URL


@pytest.mark.parametrize(
    ("status", "link", "state"),
    [
        (CallStatus.CALL_FINISHED, RECORDING_URL, MediaState.READY),
        (CallStatus.ONGOING, RECORDING_URL, MediaState.READY),
        (CallStatus.REJECTED, RECORDING_URL, MediaState.READY),
        (CallStatus.CALL_FINISHED, None, MediaState.PREPARING),
        ("VOICEMAIL", None, MediaState.PREPARING),
        (CallStatus.UNANSWERED, None, MediaState.NEVER),
        (CallStatus.REJECTED, None, MediaState.NEVER),
        (CallStatus.PENDING, None, MediaState.UNFINISHED),
        (CallStatus.TRIGGERED, None, MediaState.UNFINISHED),
        (CallStatus.ONGOING, None, MediaState.UNFINISHED),
    ],
)
def test_media_are_ready_or_being_prepared_or_early_or_never(status: str, link: str | None, state: MediaState) -> None:
    ended = None if status in {"PENDING", "TRIGGERED", "ONGOING"} else READ_AT
    call = make_call(status=status, recording_url=link, transcript_url=link, ended_at=ended)
    assert {call.media_state(media) for media in Media} == {state}


def test_neither_links_nor_variables_show_in_a_repr() -> None:
    shown = repr(make_call(variables={"email": "jane@example.com"}))
    assert str(make_call_id()) in shown
    assert "s3.example.com" not in shown
    assert "jane" not in shown
