"""What the core needs of the outside, as protocols that adapters fulfil."""

from datetime import datetime
from typing import Protocol

from bot.core.calls import Call, CallId


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """The present, as an aware UTC datetime."""


class CallsApi(Protocol):
    """Samora, as far as a look-up needs it."""

    async def get_call(self, call_id: CallId) -> Call:
        """Asks for one call.

        Raises:
            CallNotFound: there is none with this id in this company.
            SamoraRefused: Samora does not accept the key or the request.
            SamoraUnavailable: no usable answer within the time allowed.
        """
