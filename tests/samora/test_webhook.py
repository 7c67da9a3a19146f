"""Whatever a webhook's body looks like: the call's id is found in it, and nothing it holds does any harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_mock import MockerFixture

from bot.samora import webhook
from bot.samora.webhook import Announcement, read_webhook
from tests.factories import make_call_id

CALL = make_call_id(1)
ID = str(CALL)
OTHER = str(make_call_id(2))
AGENT = str(make_call_id(3))

BODIES: dict[str, Any] = {
    "at the top": {"call_id": ID, "agent_id": AGENT},
    "in camel case": {"callId": ID, "agentId": AGENT},
    "in data": {"event": "CALL_FINISHED", "data": {"call_id": ID, "agent_id": AGENT, "id": OTHER}},
    "data's own id": {"id": "evt_1", "data": {"id": ID, "agent_id": AGENT}},
    "the call's own id": {"id": OTHER, "call": {"id": ID}},
    "deep in it": {"payload": {"data": {"call": {"id": ID}, "webhook": {"id": OTHER}}}},
    "in a list": {"calls": [{"call_id": ID}], "webhook_id": OTHER},
    "as call alone": {"call": ID},
    "under any name": {"subject": ID, "agent": {"id": AGENT}, "webhook_id": OTHER},
    "in a sentence": {"message": f"Call {ID.upper()} is over"},
    "beside another's uuid": {"subject": ID, "agent": {"uuid": AGENT}, "customer_id": OTHER},
    "beside a list without end": {"transcript": [{"text": "word"}] * 5_000, "call": {"id": ID}},
    "beside many of those": {"transcript": [["word"] * 150] * 150, "data": {"call_id": ID}},
    "bare": ID,
    "at the top as id": {"id": ID, "agent_id": AGENT, "company_id": OTHER},
}


@pytest.mark.parametrize("name", BODIES)
def test_the_call_is_found(name: str) -> None:
    assert read_webhook(json.dumps(BODIES[name]).encode()).call_ids == (CALL,)


def test_several_calls_are_found_once_each_and_not_without_end() -> None:
    assert read_webhook(json.dumps([{"call_id": ID}, {"call_id": OTHER}, {"call_id": ID}]).encode()).call_ids == (
        CALL,
        make_call_id(2),
    )
    many = [{"call_id": str(make_call_id(n))} for n in range(1, 100)]
    assert len(read_webhook(json.dumps(many).encode()).call_ids) == 20


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([ID] * 6_500).encode(),
        b'{"a":' * 7 + b"[" + b'"",' * 80_000 + b'""]' + b"}" * 7,
        b"[" + b"[]," * 85_000 + b"[]]",
        json.dumps([[[ID] * 20] * 20] * 12).encode(),
    ],
    ids=["ids", "deep", "lists", "lists of lists"],
)
def test_of_a_body_without_end_only_the_beginning_is_looked_through(body: bytes, mocker: MockerFixture) -> None:
    """Nobody else is served meanwhile."""
    ranked = mocker.spy(webhook, "_rank")
    read_webhook(body)
    assert ranked.call_count <= 2_000


def test_once_there_are_enough_no_more_are_looked_for(mocker: MockerFixture) -> None:
    searched = mocker.spy(webhook, "find_call_ids")
    many = [" ".join(str(make_call_id(30 * text + n)) for n in range(1, 31)) for text in range(100)]
    assert len(read_webhook(json.dumps({"call_id": many}).encode()).call_ids) == 20
    assert searched.call_count == 1
    assert read_webhook(json.dumps({"ids": many, "call": {"id": ID}}).encode()).call_ids == (CALL,)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"7",
        b"{",
        b"[" * 100_000,
        json.dumps({"agent_id": AGENT, "event_id": OTHER, "webhook": {"id": OTHER}}).encode(),
        json.dumps({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"call_id": ID}}}}}}}}}).encode(),
    ],
)
def test_what_names_no_call_says_nothing(body: bytes) -> None:
    assert read_webhook(body) == Announcement(event="other")


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({"event": "CALL_FAILED"}, "CALL_FAILED"),
        ({"event_type": "CALL_STARTED"}, "CALL_STARTED"),
        ({"type": "CALL_FINISHED", "event": 7}, "CALL_FINISHED"),
        ({"event": "CALL_ANSWERED_BY_A_GHOST"}, "other"),
        ({"event": ["CALL_FAILED"]}, "other"),
    ],
)
def test_the_event_is_one_of_few(body: object, event: str) -> None:
    assert read_webhook(json.dumps(body).encode()).event == event


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=50) | st.just(ID),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)


@given(JSON)
def test_no_body_breaks_it(value: object) -> None:
    found = read_webhook(json.dumps(value).encode())
    assert set(found.call_ids) <= {CALL}
