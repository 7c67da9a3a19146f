"""What ``GET /v1/call/{id}`` answers, read tolerantly: where the reference is silent, anything may come.

Source: docs.samora.ai, "Get call details".
"""

import json
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bot.core.calls import Call, CallId
from bot.core.errors import SamoraUnavailable

_LONGEST_STATUS = 100


def _read_text(value: object) -> object:
    return (value.strip() or None) if isinstance(value, str) else value


def _read_time(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    # RFC 3339 allows "t" and "z"; Python's parser knows the capitals only.
    moment = datetime.fromisoformat(value.strip().upper())
    # A timestamp without a zone is UTC: the service's other timestamps end in "Z".
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Text = Annotated[str | None, BeforeValidator(_read_text)]
Time = Annotated[datetime | None, BeforeValidator(_read_time)]


class _Wire(BaseModel):
    # Strict: a number where a text or a time belongs is somebody else's answer, not a call.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class CallWire(_Wire):
    """The ``data`` object of an answer. Any field may be missing, but not all of them."""

    status: Text = None
    agent_id: Text = None
    created_at: Time = None
    updated_at: Time = None
    started_at: Time = None
    ended_at: Time = None
    recording_url: Text = None
    transcript_url: Text = None
    call_variables: dict[str, object] | None = None


class AnswerWire(_Wire):
    """A whole answer; its ``message`` is for people and not read."""

    data: CallWire


def read_call(body: bytes, *, call_id: CallId, read_at: datetime) -> Call:
    """Reads an answer's body. It does not repeat the call's id, so that comes from whoever asked.

    Raises:
        SamoraUnavailable: the body is not JSON, or not a call.
    """
    try:
        wire = _parse(body).data
    except (ValueError, OverflowError, RecursionError):
        # Without the cause: pydantic's message quotes the body, and that is personal data.
        raise SamoraUnavailable("unreadable answer") from None
    if not wire.model_fields_set:
        raise SamoraUnavailable("unreadable answer")
    return Call(
        id=call_id,
        status=(wire.status or "")[:_LONGEST_STATUS],
        read_at=read_at,
        agent_id=wire.agent_id,
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        started_at=wire.started_at,
        ended_at=wire.ended_at,
        variables=wire.call_variables or {},
        recording_url=wire.recording_url,
        transcript_url=wire.transcript_url,
    )


def _parse(body: bytes) -> AnswerWire:
    try:
        return AnswerWire.model_validate_json(body)
    except ValidationError as error:
        if error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] != "json_invalid":
            raise
    # A text cut in the middle of an emoji leaves half a surrogate pair, which only Python's own parser lets through.
    repaired = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
    return AnswerWire.model_validate_json(repaired)
