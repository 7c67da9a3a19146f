"""What somebody names in the terminal: a call, or a person."""

import re

from bot.core.calls import EXAMPLE_ID, CallId, find_call_ids

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,20}")

NOT_A_CALL = f"That isn't a call id. A call id looks like {EXAMPLE_ID}."
NOT_A_PERSON = "That isn't a person's id. Slack shows it in a profile, under ⋮ → Copy member ID: U0123ABCD."


def read_call(text: str) -> CallId | None:
    """The call that a text names, wherever in it; None if it names none, or several."""
    found = find_call_ids(text)
    return found[0] if len(found) == 1 else None


def read_person(text: str) -> str:
    """The text, if it is a person's id; else nothing."""
    return text if _USER_ID.fullmatch(text) else ""
