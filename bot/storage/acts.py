"""Acts: what a person does is put down with its being done, in the same transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import CallId
from bot.storage.audit import log_acts, put_down
from bot.storage.database import Connection
from bot.storage.leases import StorePart


class ActingPart(StorePart):
    """A store that people change."""

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[tuple[Connection, list[AuditEntry]]]:
        """A transaction, and a list for the acts of people that are to be put down with what they do."""
        acts: list[AuditEntry] = []
        async with self._database.transaction() as connection:
            yield connection, acts
            await put_down(connection, acts)
        log_acts(acts)

    def _act(self, action: AuditAction, *, team_id: str, about: str, by: str, channel_id: str = "") -> AuditEntry:
        """What somebody did now, about that call or agent."""
        return AuditEntry(
            at=self._clock(),
            team_id=team_id,
            user_id=by,
            action=action,
            call_id=CallId(about),
            channel_id=channel_id,
        )
