"""The witness: what somebody is about to be given is put down first. Whom the audit can't name is given nothing."""

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import CallId
from bot.core.ports import Audit, Clock
from bot.slack.payloads import Place


class Witness:
    """Puts down who is given what."""

    def __init__(self, *, audit: Audit, clock: Clock) -> None:
        """Takes who remembers, and the time."""
        self._audit = audit
        self._clock = clock

    async def note(self, place: Place, action: AuditAction, call_id: CallId) -> None:
        """Called before a link, a variable or a card is given.

        What can't be given after all stays put down: that says too much rather than too little.

        Raises:
            StoreUnavailable: the memory can't be reached, so nothing may be given.
        """
        await self._audit.add(
            AuditEntry(
                at=self._clock(),
                team_id=place.team_id,
                user_id=place.user_id,
                action=action,
                call_id=call_id,
                channel_id=place.channel_id,
            )
        )
