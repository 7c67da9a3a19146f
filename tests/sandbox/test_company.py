from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bot.sandbox import company
from bot.sandbox.company import EventRefusedError, SandboxCall, make_company, make_turns

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DOCUMENTED = {"PENDING", "TRIGGERED", "ONGOING", "CALL_FINISHED", "UNANSWERED", "REJECTED"}
WELL_KNOWN = {
    company.FINISHED: "CALL_FINISHED",
    company.FINISHED_WITHOUT_MEDIA: "CALL_FINISHED",
    company.ONGOING: "ONGOING",
    company.PENDING: "PENDING",
    company.TRIGGERED: "TRIGGERED",
    company.UNANSWERED: "UNANSWERED",
    company.REJECTED: "REJECTED",
    company.VOICEMAIL: "VOICEMAIL",
    company.HOSTILE: "CALL_FINISHED",
    company.MANY_VARIABLES: "CALL_FINISHED",
}


@pytest.fixture
def calls() -> dict[str, SandboxCall]:
    return make_company(NOW)


def test_the_company_is_the_same_at_every_start(calls: dict[str, SandboxCall]) -> None:
    assert make_company(NOW) == calls


def test_two_companies_share_nothing_that_can_be_changed(calls: dict[str, SandboxCall]) -> None:
    for call in calls.values():
        if call.variables is not None:
            call.variables["customer"] = "changed"
    assert all((call.variables or {}).get("customer") != "changed" for call in make_company(NOW).values())


def test_it_has_some_forty_calls_over_three_agents(calls: dict[str, SandboxCall]) -> None:
    assert 36 <= len(calls) <= 46
    assert {call.agent_id for call in calls.values()} == set(company.AGENT_NAMES)


def test_ids_are_canonical_version_4_uuids_and_key_their_call(calls: dict[str, SandboxCall]) -> None:
    for call_id, call in calls.items():
        assert call.call_id == call_id
        assert str(UUID(call_id)) == call_id
        assert UUID(call_id).version == 4


def test_every_documented_status_occurs_and_one_that_is_not(calls: dict[str, SandboxCall]) -> None:
    assert {call.status for call in calls.values()} == DOCUMENTED | {"VOICEMAIL"}
    assert Counter(call.status for call in calls.values()).most_common(1)[0][0] == "CALL_FINISHED"


@pytest.mark.parametrize(("call_id", "status"), WELL_KNOWN.items())
def test_well_known_calls_are_what_their_name_says(calls: dict[str, SandboxCall], call_id: str, status: str) -> None:
    assert calls[call_id].status == status


def test_times_are_aware_in_order_and_past(calls: dict[str, SandboxCall]) -> None:
    for call in calls.values():
        times = [at for at in (call.created_at, call.started_at, call.ended_at, call.updated_at, NOW) if at]
        assert times == sorted(times)
        assert all(at.tzinfo is UTC for at in times)


def test_only_ended_calls_have_media_and_only_some_finished_ones_lack_them(calls: dict[str, SandboxCall]) -> None:
    with_media = [call for call in calls.values() if call.has_recording or call.has_transcript]
    assert all(call.ended_at for call in with_media)
    assert not calls[company.FINISHED_WITHOUT_MEDIA].has_recording
    assert not calls[company.FINISHED_WITHOUT_MEDIA].has_transcript
    assert calls[company.FINISHED].has_recording
    assert calls[company.FINISHED].has_transcript


def test_a_conversation_exists_exactly_where_the_call_started(calls: dict[str, SandboxCall]) -> None:
    assert all(bool(call.turns) == (call.started_at is not None) for call in calls.values())
    assert all("{" not in turn.text for call in calls.values() for turn in call.turns)


def test_variables_may_be_missing_in_both_ways(calls: dict[str, SandboxCall]) -> None:
    variables = [call.variables for call in calls.values()]
    assert None in variables
    assert {} in variables


def test_one_call_has_150_variables(calls: dict[str, SandboxCall]) -> None:
    assert len(calls[company.MANY_VARIABLES].variables or {}) == 150


def test_hostile_variables_ping_link_reverse_and_nest(calls: dict[str, SandboxCall]) -> None:
    text = repr(calls[company.HOSTILE].variables)
    for evil in ("<!channel>", "<@U123>", "<https://evil.example|click>", "`", ":rotating_light:", "\\u202e"):
        assert evil in text
    match calls[company.HOSTILE].variables:
        case {"customer": {"contact": {"email": str(), "phones": [str(), str()]}}, "very_long": str(long)}:
            assert len(long) > 4000
        case other:
            pytest.fail(f"unexpected shape: {other}")


def test_an_unknown_agent_leads_a_conversation_too() -> None:
    assert make_turns("nobody", "Ada")[0].text.endswith("Ada?")


def test_a_call_runs_through_its_life(calls: dict[str, SandboxCall]) -> None:
    call = calls[company.PENDING]
    seen = []
    while call.events:
        call.move(call.events[0], NOW)
        seen.append(call.status)
    assert seen == ["TRIGGERED", "ONGOING", "CALL_FINISHED", "CALL_FINISHED", "CALL_FINISHED"]
    assert call.started_at == call.ended_at == call.updated_at == NOW
    assert call.has_recording
    assert call.has_transcript


@pytest.mark.parametrize(("event", "status"), [("no_answer", "UNANSWERED"), ("reject", "REJECTED")])
def test_a_call_that_nobody_takes_never_starts(
    calls: dict[str, SandboxCall], event: company.Event, status: str
) -> None:
    call = calls[company.TRIGGERED]
    call.move(event, NOW)
    assert (call.status, call.started_at, call.ended_at, call.events) == (status, None, None, ())


def test_an_event_out_of_place_is_refused_in_a_sentence_and_changes_nothing(calls: dict[str, SandboxCall]) -> None:
    call = calls[company.PENDING]
    with pytest.raises(EventRefusedError, match="hang_up does not fit a call that is PENDING: trigger would"):
        call.move("hang_up", NOW)
    assert call == make_company(NOW)[company.PENDING]


def test_a_refusal_says_when_nothing_would_fit(calls: dict[str, SandboxCall]) -> None:
    with pytest.raises(EventRefusedError, match="nothing would"):
        calls[company.FINISHED].move("recording_ready", NOW)
