"""What Samora's webhooks say. How their bodies look is not published, so a call's id is found wherever it may stand.

Source: docs.samora.ai, "Webhooks": the events; nothing is said there of the body, the signature or retries.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.calls import CallId, find_call_ids

EVENTS = ("CALL_STARTED", "CALL_FINISHED", "CALL_FAILED")

# The header in which the secret of our own comes, as it was asked for when the webhook was installed.
SECRET_HEADER = "X-Samora-Bot-Secret"  # noqa: S105 - a header's name

OTHER_EVENT = "other"

_MOST_IDS = 20
_DEEPEST = 8
_CALL = frozenset({"call", "callid", "call_id", "calluuid", "call_uuid"})
_NAMES_OF_EVENTS = ("event", "event_type", "eventtype", "type")

# What else has an id: none of them is a call's.
_OTHERS = ("agent", "webhook", "company", "campaign", "organi", "event", "request", "delivery", "user", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is taken from a webhook: nothing of it is believed but that there is news of these calls.

    Attributes:
        event: one of :data:`EVENTS`, or "other"; only counted.
        call_ids: the calls that it may be about; none if it names none.
    """

    event: str
    call_ids: tuple[CallId, ...] = ()


def read_webhook(body: bytes) -> Announcement:
    """Understands a body as far as it can; whatever it is, it raises nothing.

    What stands under a call's own name (``call_id``, ``call.id``) wins over an ``id`` of whatever, and that over any
    UUID that isn't under the name of something else.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Announcement(event=OTHER_EVENT)
    found: dict[int, list[CallId]] = {0: [], 1: [], 2: []}
    for path, text in _texts(value, ()):
        rank = _rank(path)
        if rank is not None:
            found[rank] += find_call_ids(text)
    best = next((ids for ids in found.values() if ids), [])
    return Announcement(event=_event_of(value), call_ids=tuple(dict.fromkeys(best))[:_MOST_IDS])


def _texts(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text with the names that lead to it, but for what lies absurdly deep."""
    if isinstance(value, str):
        yield path, value
    elif len(path) >= _DEEPEST:
        return
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*path, str(name).lower()))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, (*path, ""))


def _rank(path: tuple[str, ...]) -> int | None:
    """How surely a text under these names is a call's id: 0 is the surest; None if it is that of something else."""
    names = [name for name in path if name]
    last = names[-1] if names else ""
    if last in _CALL or (last in {"id", "uuid"} and names[-2:-1] and names[-2] in _CALL):
        return 0
    if any(last.startswith(other) for other in _OTHERS) or (last == "id" and _is_other(names[-2:-1])):
        return None
    return 1 if last == "id" and len(names) > 1 else 2


def _is_other(parent: list[str]) -> bool:
    return any(name.startswith(_OTHERS) for name in parent)


def _event_of(value: object) -> str:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if str(name).lower() in _NAMES_OF_EVENTS and inner in EVENTS:
                return str(inner)
    return OTHER_EVENT
