"""Reading Samora's answers: tolerant of what may vary, and of nothing else."""

import json
import traceback
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import Call, CallStatus
from bot.core.errors import SamoraUnavailable
from bot.samora.schema import read_call
from tests.factories import READ_AT, RECORDING_URL, TRANSCRIPT_URL, make_call_id, make_wire_call


def read(body: bytes) -> Call:
    return read_call(body, call_id=make_call_id(), read_at=READ_AT)


def read_data(data: object) -> Call:
    return read(json.dumps({"message": "Call details fetched successfully", "data": data}).encode())


def test_the_answer_of_the_reference_is_read_whole() -> None:
    assert read_data(make_wire_call()) == Call(
        id=make_call_id(),
        status="CALL_FINISHED",
        read_at=READ_AT,
        agent_id="123e4567-e89b-12d3-a456-426614174000",
        created_at=datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        updated_at=datetime(2024, 1, 15, 10, 35, tzinfo=UTC),
        started_at=datetime(2024, 1, 15, 10, 30, 5, tzinfo=UTC),
        ended_at=datetime(2024, 1, 15, 10, 35, 30, tzinfo=UTC),
        variables={"name": "John Doe", "email": "john.doe@example.com", "customer_id": "CUST-001"},
        recording_url=RECORDING_URL,
        transcript_url=TRANSCRIPT_URL,
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-15T10:30:00Z", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15T10:30:00", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15 10:30:00", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15T10:30", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15T16:00:00+05:30", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15T16:00:00+0530", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15T02:30:00-08:00", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("2024-01-15T10:30:00.5Z", datetime(2024, 1, 15, 10, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-01-15T10:30:00.123456", datetime(2024, 1, 15, 10, 30, 0, 123_456, tzinfo=UTC)),
        ("2024-01-15T10:30:00.123456789Z", datetime(2024, 1, 15, 10, 30, 0, 123_456, tzinfo=UTC)),
        ("2024-01-15T16:00:00.5+05:30", datetime(2024, 1, 15, 10, 30, 0, 500_000, tzinfo=UTC)),
        ("  2024-01-15T10:30:00Z ", datetime(2024, 1, 15, 10, 30, tzinfo=UTC)),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_timestamp_is_read_in_any_iso_spelling_and_is_utc(text: str | None, moment: datetime | None) -> None:
    call = read_data(make_wire_call(created_at=text, ended_at=text))
    assert call.created_at == call.ended_at == moment
    assert call.created_at is None or call.created_at.tzinfo is UTC


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.integers(-720, 840))  # noqa: DTZ001
def test_any_moment_survives_the_wire(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_data(make_wire_call(started_at=aware.isoformat())).started_at == aware


@pytest.mark.parametrize("status", [*CallStatus, "VOICEMAIL", "FAILED", "call_finished", "Ω💥"])
def test_a_status_is_kept_as_its_text(status: str) -> None:
    assert read_data(make_wire_call(status=status)).status == status


def test_an_endless_status_is_cut() -> None:
    assert read_data(make_wire_call(status="X" * 5_000)).status == "X" * 100


def test_unknown_fields_are_ignored() -> None:
    answer = {"data": make_wire_call(sentiment={"score": 1}, recording=None), "request_id": 7, "message": None}
    assert read(json.dumps(answer).encode()) == read_data(make_wire_call())


@pytest.mark.parametrize("field", list(make_wire_call()))
def test_any_field_may_be_null_or_missing_and_both_mean_the_same(field: str) -> None:
    null = read_data(make_wire_call(**{field: None}))
    missing = read_data({name: value for name, value in make_wire_call().items() if name != field})
    assert null == missing != read_data(make_wire_call())


def test_nulls_everywhere_are_a_call_of_which_nothing_is_known() -> None:
    assert read_data(dict.fromkeys(make_wire_call())) == Call(id=make_call_id(), status="", read_at=READ_AT)


@pytest.mark.parametrize("field", ["agent_id", "recording_url", "transcript_url"])
def test_an_empty_text_is_none(field: str) -> None:
    assert getattr(read_data(make_wire_call(**{field: "  "})), field) is None


def test_variables_may_be_any_json() -> None:
    variables = {"": "", "a b": [1, 2.5, True, None, {"x": {"y": []}}], "💥": "<!channel>", "n": 10**30}
    assert read_data(make_wire_call(call_variables=variables)).variables == variables


def test_half_an_emoji_does_not_make_an_answer_unreadable() -> None:
    call = read(b'{"data": {"status": "PENDING", "call_variables": {"note": "cut here \\ud83d"}}}')
    assert call.variables == {"note": "cut here ?"}


@pytest.mark.parametrize(
    "body", [b"\xef\xbb\xbf" + b'{"data": {"status": "PENDING"}}', b' \n{"data":{"status":"PENDING"}} ']
)
def test_what_surrounds_the_json_does_not_matter(body: bytes) -> None:
    assert read(body).status == "PENDING"


def test_deep_variables_are_read_or_refused_but_break_nothing() -> None:
    assert read_data(make_wire_call(call_variables={"deep": json.loads("[" * 100 + "]" * 100)})).variables
    with pytest.raises(SamoraUnavailable):
        read(b'{"data": {"status": "PENDING", "call_variables": {"deep": ' + b"[" * 9_000 + b"]" * 9_000 + b"}}}")


SECRET = "jane@example.com"
UNREADABLE = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"jane@example.com"',
    b"{}",
    b"<html>jane@example.com</html>",
    b'{"data": {"status": "PENDING", "agent_id": "jane@example.com"}',
    b'{"data": {"status": "jane@example.com"}} trailing',
    b"\xff\xfe\x00jane@example.com",
    b"{'data': {'status': 'jane@example.com'}}",
    b'{"message": "jane@example.com"}',
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {}}',
    b'{"data": {"name": "jane@example.com"}}',
    b'{"data": "jane@example.com"}',
    b'{"data": {"status": 7, "agent_id": "jane@example.com"}}',
    b'{"data": {"status": ["jane@example.com"]}}',
    b'{"data": {"status": "X\\ud83d", "agent_id": 5}}',
    b'{"data": {"status": "PENDING", "created_at": 1705314600, "agent_id": "jane@example.com"}}',
    b'{"data": {"status": "PENDING", "created_at": "jane@example.com"}}',
    b'{"data": {"status": "PENDING", "created_at": "2024-02-30T00:00:00Z"}}',
    b'{"data": {"status": "PENDING", "created_at": "0001-01-01T00:00:00+05:00"}}',
    b'{"data": {"status": "PENDING", "call_variables": ["jane@example.com"]}}',
    b'{"data": {"status": "PENDING", "call_variables": "jane@example.com"}}',
    b'{"data": {"status": "PENDING", "recording_url": {"url": "jane@example.com"}}}',
    b'{"data": {"status": "PENDING", "call_variables": {"n": ' + b"9" * 9_000 + b"}}}",
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_is_not_a_call_is_an_unreadable_answer_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(SamoraUnavailable) as refusal:
        read(body)
    assert refusal.value.reason == "unreadable answer"
    assert refusal.value.__cause__ is None
    assert "jane" not in "".join(traceback.format_exception(refusal.value)).replace("b'", "")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with pytest.raises(SamoraUnavailable, match=r"^unreadable answer$"):
        read(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(list(make_wire_call())), JSON, min_size=1, max_size=5))
def test_an_answer_of_the_right_shape_is_read_or_refused(data: dict[str, object]) -> None:
    try:
        call = read_data(data)
    except SamoraUnavailable as refusal:
        assert refusal.reason == "unreadable answer"  # noqa: PT017 - either outcome is right
    else:
        assert call.id == make_call_id()
