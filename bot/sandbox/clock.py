"""The sandbox's clock: real time plus what somebody moved it by."""

from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Tells the time that both sandbox servers live by, so that an hour can pass in no time."""

    def __init__(self) -> None:
        self._moved_by = timedelta()

    def now(self) -> datetime:
        """The sandbox's present, as an aware UTC datetime."""
        return datetime.now(UTC) + self._moved_by

    @property
    def moved_by(self) -> float:
        """By how many seconds it is ahead of the real time."""
        return self._moved_by.total_seconds()

    def advance(self, seconds: float) -> None:
        """Moves the present by so many seconds; never backwards, as no clock here may be.

        Raises:
            ValueError: ``seconds`` is negative.
        """
        if seconds < 0:
            message = "the sandbox's clock only moves forward"
            raise ValueError(message)
        self._moved_by += timedelta(seconds=seconds)
