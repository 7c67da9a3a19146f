"""The grammar of ``/samora-call`` and of a mention: what somebody wants who typed that."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from bot.core.calls import CallId, find_call_ids

COMMAND = "/samora-call"
SUBCOMMANDS = ("help", "subscribe", "unsubscribe", "list", "name", "doctor")

# "sub" and "doc" say what is meant.
_SHORTEST_BEGINNING = 3

_ABOUT_AGENTS = ("subscribe", "unsubscribe", "name")

# "subscribe agent <id>", "unsubscribe from the agent <id>", "name agent <id> Collections" and plain "name <id> …".
_AGENT = re.compile(
    r"\s*(?:(?:un)?subscribe\s+(?:(?:to|from)\s+)?(?:the\s+)?agent\b:?|name(?:\s+agent)?(?!\S))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Command:
    """A text, understood.

    Attributes:
        name: one of :data:`SUBCOMMANDS`; empty for a call id, or for words that mean nothing here.
        call_ids: the ids in the text, unless its first word is a misspelt subcommand or it is about an agent.
        text: all of it.
        agent: what stands after ``agent``, or after ``name``; None if it is about no agent.
    """

    name: str
    call_ids: tuple[CallId, ...]
    text: str
    agent: str | None = None

    @property
    def call_id(self) -> CallId | None:
        """The call, where the text names exactly one."""
        return self.call_ids[0] if len(self.call_ids) == 1 else None

    @property
    def rest(self) -> str:
        """What stands after the first word."""
        return "".join(self.text.split(maxsplit=1)[1:])


def read_command(text: str) -> Command:
    """Understands a text; nothing at all means ``help``."""
    words = text.split()
    first = words[0].lower() if words else "help"
    if about := _AGENT.match(text):
        return Command(first, (), text, agent=text[about.end() :].strip())
    if first in SUBCOMMANDS:
        return Command(first, tuple(find_call_ids(text)), text)
    call_ids = tuple(find_call_ids(text))
    # "subscirbe <id>" did not mean to look the call up; "last call: <id>" did, however near "last" is to "list".
    second, nearest = " ".join(words[1:2]), find_nearest(first)
    is_about_agent = nearest in _ABOUT_AGENTS and second.lower().rstrip(":") == "agent"
    if is_about_agent or (nearest and find_call_ids(second)):
        return Command("", (), text)
    return Command("", call_ids, text)


def find_nearest(word: str) -> str | None:
    """The subcommand that somebody may have meant by a word, if one begins like that or is near."""
    word = word.lower()[:40]
    begun = [each for each in SUBCOMMANDS if len(word) >= _SHORTEST_BEGINNING and each.startswith(word)]
    return next(iter(begun or get_close_matches(word, SUBCOMMANDS, n=1, cutoff=0.7)), None)
