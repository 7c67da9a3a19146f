"""A call, as Samora tells it: its id, its status, its times and what can be heard or read of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import unquote

from bot.core.errors import UserMistake

EXAMPLE_ID = "123e4567-e89b-12d3-a456-426614174000"

# Longer texts than Slack lets anybody post are not searched to their end.
_SEARCHED_CHARACTERS = 100_000

# A UUID with or without dashes that is not a piece of a longer word or number.
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(-?)(?:[0-9A-Fa-f]{4}\1){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])")

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Word processors turn a hyphen into one of these: hyphen, non-breaking hyphen, figure dash, en dash, minus.
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-")


@dataclass(frozen=True, slots=True)
class CallId:
    """The id of a call: a UUID, lower case and with dashes, and therefore safe in a path.

    Raises:
        UserMistake: the value is anything else.
    """

    value: str

    def __post_init__(self) -> None:
        if not _CANONICAL.fullmatch(self.value):
            raise UserMistake("That isn't a call id.")

    def __str__(self) -> str:
        return self.value


def find_call_ids(text: str) -> list[CallId]:
    """Every call id in a text, each once, in order of appearance (percent-encoded ones last).

    An id counts wherever it stands: bare, upper case, without dashes, in backticks, in a sentence or inside a link,
    percent-encoded ones included.
    """
    if _CANONICAL.fullmatch(text):
        return [CallId(text)]
    text = text[:_SEARCHED_CHARACTERS]
    if not text.isascii():
        text = text.translate(_HYPHENS)
    # "%2F" before an id must not swallow it, and neither must a "%" that only looks like the beginning of an escape.
    forms = (text, unquote(text)) if "%" in text else (text,)
    found = [_with_dashes(match.group()) for form in forms for match in _UUID.finditer(form)]
    return [CallId(each) for each in dict.fromkeys(found)]


def _with_dashes(uuid: str) -> str:
    digits = uuid.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class CallStatus(StrEnum):
    """The statuses that Samora's reference names. Others will come: a :class:`Call` keeps those as plain text.

    Source: docs.samora.ai, "Get call details".
    """

    PENDING = "PENDING"
    TRIGGERED = "TRIGGERED"
    ONGOING = "ONGOING"
    CALL_FINISHED = "CALL_FINISHED"
    UNANSWERED = "UNANSWERED"
    REJECTED = "REJECTED"


_UNFINISHED = frozenset({CallStatus.PENDING, CallStatus.TRIGGERED, CallStatus.ONGOING})
_NEVER_SPOKEN = frozenset({CallStatus.UNANSWERED, CallStatus.REJECTED})
_FINAL = _NEVER_SPOKEN | {CallStatus.CALL_FINISHED}


def is_final(status: str, ended_at: datetime | None) -> bool:
    """Whether a call in that status is over; for a status that nobody knows yet, an end time is the only hint."""
    return status in _FINAL or (status not in _UNFINISHED and ended_at is not None)


class Media(StrEnum):
    """What a call leaves behind."""

    RECORDING = "recording"
    TRANSCRIPT = "transcript"


class MediaState(StrEnum):
    """How it stands with a recording or transcript at the moment of reading."""

    READY = "ready"
    PREPARING = "preparing"
    UNFINISHED = "unfinished"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One reading of one call. Every field but the id may be missing: Samora's answers vary.

    Attributes:
        id: the call's id.
        status: one of :class:`CallStatus`, or a text that Samora's reference does not name yet.
        read_at: when Samora was asked, UTC.
        agent_id: the AI agent that spoke, as Samora wrote it.
        agent_name: what people call that agent here; empty if they gave it no name. Foreign text.
        created_at: when the call was asked for, UTC; so are the next three.
        updated_at: when its record last changed.
        started_at: when somebody answered or the agent began.
        ended_at: when it was over.
        variables: what was passed when the call was triggered: free keys, JSON values, personal data, foreign text.
        hidden_variables: how many of them, or parts of them, an administrator hides; those aren't in ``variables``.
        recording_url: a presigned link, dead 60 minutes after ``read_at``; never in a repr, a log or a row.
        transcript_url: likewise.
    """

    id: CallId
    status: str
    read_at: datetime
    agent_id: str | None = None
    agent_name: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    variables: Mapping[str, object] = field(default_factory=dict, repr=False)
    hidden_variables: int = 0
    recording_url: str | None = field(default=None, repr=False)
    transcript_url: str | None = field(default=None, repr=False)

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it; see :func:`is_final`."""
        return is_final(self.status, self.ended_at)

    @property
    def duration(self) -> timedelta | None:
        """How long was spoken; None while that is unknown or makes no sense."""
        return _between(self.started_at, self.ended_at)

    @property
    def waiting_time(self) -> timedelta | None:
        """How long it waited between being asked for and starting; None while unknown."""
        return _between(self.created_at, self.started_at)

    def find_link(self, media: Media) -> str | None:
        """The presigned link of a recording or transcript, where there is one."""
        return self.recording_url if media is Media.RECORDING else self.transcript_url

    def media_state(self, media: Media) -> MediaState:
        """Whether a recording or transcript is there, may come, or never will."""
        if self.find_link(media):
            return MediaState.READY
        if self.status in _NEVER_SPOKEN:
            return MediaState.NEVER
        return MediaState.PREPARING if self.is_final else MediaState.UNFINISHED


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    if start is None or end is None or end < start:
        return None
    return end - start
