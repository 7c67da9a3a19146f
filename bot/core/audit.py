"""The audit: who was handed what of a call, and who changed what is followed. Ids only: what was said is not in it."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.calls import CallId

_ID = re.compile(r"[A-Za-z0-9]+")


class AuditAction(StrEnum):
    """What somebody did.

    RECORDING, TRANSCRIPT: was handed a link to it. VARIABLES: saw all of them unmasked. SHARE: had a card posted for
    everybody. SUBSCRIBE, PAUSE, RESUME, END: of a subscription, to a call or to an agent. CHANGE: gave one other
    options. NAME: gave an agent a name.
    """

    RECORDING = "recording"
    TRANSCRIPT = "transcript"
    VARIABLES = "variables"
    SHARE = "share"
    SUBSCRIBE = "subscribe"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    CHANGE = "change"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act of one person.

    Attributes:
        at: when, UTC.
        team_id: the workspace.
        user_id: the person.
        action: what that person did.
        call_id: the call; the agent, where an agent is what was followed or named.
        channel_id: the conversation; empty in a modal or a Home tab, which stand in none.

    Raises:
        ValueError: an id holds anything else than letters and digits: no spreadsheet may take one for a formula.
    """

    at: datetime
    team_id: str
    user_id: str
    action: AuditAction
    call_id: CallId
    channel_id: str = ""

    def __post_init__(self) -> None:
        for each in (self.team_id, self.user_id, self.channel_id or "none"):
            if not _ID.fullmatch(each):
                raise ValueError("not an id of Slack's")
