"""The audit's rows: put down as people act, read by time, and never changed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, insert, select

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import CallId
from bot.storage.database import Connection, Database
from bot.storage.schema import audit

log = structlog.get_logger(__name__)


class AuditStore:
    """Fulfils :class:`bot.core.ports.Audit`, and reads what was put down."""

    def __init__(self, *, database: Database) -> None:
        """Takes the database."""
        self._database = database

    async def add(self, entry: AuditEntry) -> None:
        """Puts down one act: a row, and then a line in the log."""
        async with self._database.writing() as connection:
            await put_down(connection, [entry])
        log_acts([entry])

    async def list_newest(
        self, *, limit: int, call_id: CallId | None = None, user_id: str = "", since: datetime | None = None
    ) -> tuple[AuditEntry, ...]:
        """The newest acts, of all workspaces: those about one call, of one person, or since some time, if asked so."""
        query = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(limit)
        if call_id:
            query = query.where(audit.c.call_id == str(call_id))
        if user_id:
            query = query.where(audit.c.user_id == user_id)
        if since:
            query = query.where(audit.c.at >= since)
        async with self._database.reading() as connection:
            return tuple(map(_entry_of, await connection.execute(query)))


async def put_down(connection: Connection, entries: Iterable[AuditEntry]) -> None:
    """Puts down acts within the transaction of what they do; their lines in the log are to follow its end."""
    rows = [asdict(each) | {"action": each.action.value, "call_id": str(each.call_id)} for each in entries]
    if rows:
        await connection.execute(insert(audit), rows)


def log_acts(entries: Iterable[AuditEntry]) -> None:
    """Writes a line for each act that is put down."""
    for each in entries:
        log.info(
            "audit",
            action=each.action.value,
            team_id=each.team_id,
            user_id=each.user_id,
            call_id=str(each.call_id),
            channel_id=each.channel_id,
        )


def _entry_of(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        team_id=row.team_id,
        user_id=row.user_id,
        action=AuditAction(row.action),
        call_id=CallId(row.call_id),
        channel_id=row.channel_id,
    )
