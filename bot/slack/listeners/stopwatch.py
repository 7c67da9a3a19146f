"""How long something took, for the one line that says how it ended."""

from time import perf_counter
from typing import Any


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began = perf_counter()

    def ended(self, kind: str, outcome: str) -> dict[str, Any]:
        """What the one line of a request's outcome says in any case."""
        return {"kind": kind, "outcome": outcome, "milliseconds": round((perf_counter() - self._began) * 1000)}
