"""What Samora's webhooks say. How their bodies look is not published, so a call's id is found wherever it may stand.

Source: docs.samora.ai, "Webhooks": the events; nothing is said there of the body, the signature or retries.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from bot.core.calls import CallId, find_call_ids

EVENTS = ("CALL_STARTED", "CALL_FINISHED", "CALL_FAILED")

# The header in which the secret of our own comes, as it was asked for when the webhook was installed.
SECRET_HEADER = "X-Samora-Bot-Secret"  # noqa: S105 - a header's name

OTHER_EVENT = "other"

_MOST_IDS = 20
_SHORTEST = 32  # the characters of an id without its dashes
_DEEPEST = 8

# While one body is looked through, nobody else is served. A long list must not hide what stands beside it, either.
_MOST_VALUES = 2_000
_MOST_IN_ONE = 200

_CALL = frozenset({"call", "callid", "call_id", "calluuid", "call_uuid"})
_IDS = frozenset({"id", "uuid"})
_NAMES_OF_EVENTS = ("event", "event_type", "eventtype", "type")

# What else has an id: none of them is a call's.
_OTHERS = (
    *("agent", "webhook", "company", "campaign", "organi", "event", "request", "delivery", "user", "team"),
    *("account", "customer", "contact", "workspace", "trace"),
)


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
    found: dict[int, dict[CallId, None]] = {0: {}, 1: {}, 2: {}}
    for parent, name, text in _texts(value):
        rank = _rank(parent, name)
        # Of enough, no more are looked for: while one body is, nobody else is served.
        if rank is not None and len(found[rank]) < _MOST_IDS:
            found[rank] |= dict.fromkeys(find_call_ids(text))
    best: Iterable[CallId] = next((ids for ids in found.values() if ids), ())
    return Announcement(event=_event_of(value), call_ids=tuple(islice(best, _MOST_IDS)))


def _texts(body: object) -> Iterator[tuple[str, str, str]]:
    """The texts that may hold an id, each with the last two names that lead to it, from the outside in.

    Of what has no end, the beginning.
    """
    waiting: deque[tuple[str, str, int, object]] = deque([("", "", 0, body)])
    room = _MOST_VALUES
    while waiting:
        parent, name, depth, value = waiting.popleft()
        if isinstance(value, str):
            yield parent, name, value
            continue
        inner = list(islice(_parts(value), min(_MOST_IN_ONE, room)))
        room -= len(inner)
        depth += 1
        for key, each in inner:
            is_text = isinstance(each, str) and len(each) >= _SHORTEST
            if is_text or (depth < _DEEPEST and isinstance(each, dict | list)):
                # What is in a list has the list's own name.
                waiting.append((name, key, depth, each) if key else (parent, name, depth, each))


def _parts(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        return ((name.lower(), each) for name, each in value.items())
    return (("", each) for each in value) if isinstance(value, list) else ()


def _rank(parent: str, name: str) -> int | None:
    """How surely a text under these names is a call's id: 0 is the surest; None if it is that of something else."""
    if name in _CALL or (name in _IDS and parent in _CALL):
        return 0
    if name.startswith(_OTHERS) or (name in _IDS and parent.startswith(_OTHERS)):
        return None
    return 1 if name in _IDS and parent else 2


def _event_of(value: object) -> str:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if str(name).lower() in _NAMES_OF_EVENTS and inner in EVENTS:
                return str(inner)
    return OTHER_EVENT
