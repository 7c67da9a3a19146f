"""``samora-bot audit``: who did what, newest first, as a table or as CSV."""

import csv
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import CallId
from bot.core.errors import UserMistake
from bot.storage.audit import AuditStore
from bot.terminal.subject import NOT_A_CALL, NOT_A_PERSON, read_call, read_person

_DAYS = re.compile(r"([0-9]{1,5})d")
_NOT_A_TIME = "That isn't a time. --since takes 7d (days), 2026-11-01, or a time such as 2026-11-01T09:30+05:30."

# A table that goes into a file or a pipe isn't to be folded.
_WIDTH_OF_A_FILE = 140

_WORDS = {
    AuditAction.RECORDING: "was handed the recording",
    AuditAction.TRANSCRIPT: "was handed the transcript",
    AuditAction.VARIABLES: "saw all variables unmasked",
    AuditAction.SHARE: "shared the card",
    AuditAction.SUBSCRIBE: "had it followed",
    AuditAction.PAUSE: "paused that",
    AuditAction.RESUME: "resumed that",
    AuditAction.END: "ended that",
    AuditAction.CHANGE: "changed its options",
    AuditAction.NAME: "gave that agent a name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which acts somebody wants to see.

    Attributes:
        limit: how many at most.
        call_id: about which call, if about one.
        user_id: by whom, if by one person.
        since: since when, if not since ever, UTC.
    """

    limit: int
    call_id: CallId | None = None
    user_id: str = ""
    since: datetime | None = None

    @classmethod
    def read(cls, *, call: str, user: str, since: str, limit: int, now: datetime) -> "Wish":
        """Reads what was typed; raises UserMistake if something is not what it should be. Empty is not asked for."""
        call_id, user_id = read_call(call), read_person(user)
        if call and not call_id:
            raise UserMistake(NOT_A_CALL)
        if user and not user_id:
            raise UserMistake(NOT_A_PERSON)
        since_at = _read_time(since, now=now) if since else None
        return cls(limit=limit, call_id=call_id, user_id=user_id, since=since_at)

    @property
    def is_everything(self) -> bool:
        """Whether all acts are meant."""
        return not (self.call_id or self.user_id or self.since)


async def show_acts(store: AuditStore, wish: Wish, *, as_csv: bool) -> None:
    """Prints the acts, and beside them whether there are none, or more; raises StoreUnavailable."""
    found = await store.list_newest(limit=wish.limit + 1, call_id=wish.call_id, user_id=wish.user_id, since=wish.since)
    shown = found[: wish.limit]
    if as_csv:
        _write_csv(shown)
    elif shown:
        _draw(shown)
    beside = Console(stderr=as_csv, highlight=False, soft_wrap=True)
    if not found:
        beside.print("Nothing is in the audit yet." if wish.is_everything else "Nothing like that is in the audit.")
    elif len(found) > wish.limit:
        beside.print(f"These are the newest {wish.limit}. There are more: see --limit and --since.")


def _read_time(text: str, *, now: datetime) -> datetime:
    if days := _DAYS.fullmatch(text):
        return now - timedelta(days=int(days.group(1)))
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UserMistake(_NOT_A_TIME) from None


def _write_csv(entries: Sequence[AuditEntry]) -> None:
    """As RFC 4180 wants it. All fields are ids, times or our own words: no spreadsheet takes one for a formula."""
    rows = csv.writer(sys.stdout)
    rows.writerow(["at", "team_id", "user_id", "action", "call_id", "channel_id"])
    for each in entries:
        at = each.at.isoformat(timespec="milliseconds")
        rows.writerow([at, each.team_id, each.user_id, each.action.value, str(each.call_id), each.channel_id])


def _draw(entries: Sequence[AuditEntry]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH_OF_A_FILE)
    table = Table("When (UTC)", "Who", "Did what", "Call", "Channel", box=None, padding=(0, 2, 0, 0))
    for each in entries:
        when = f"{each.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(*map(Text, (when, each.user_id, _WORDS[each.action], str(each.call_id), each.channel_id)))
    console.print(table)
