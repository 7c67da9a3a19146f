"""The neighbours: whether Slack, Samora and the database answer, so that one error is no state yet."""

from collections import Counter

# A neighbour is said to fail after so many failures in a row: one is nothing yet.
_FAILING_AFTER = 3

SLACK, SAMORA, DATABASE = "slack", "samora", "database"
NEIGHBOURS = (SLACK, SAMORA, DATABASE)

# By the neighbour: the outcomes that say that it doesn't know us, and those that say that it doesn't answer.
_REFUSALS = {
    SLACK: frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}),
    SAMORA: frozenset({"401", "403"}),
}
_OUTAGES = {
    SLACK: frozenset(
        {"timeout", "dropped", "http_5xx", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
    ),
    SAMORA: frozenset({"unreadable", "timeout", "dropped", "error", "500", "502", "503", "504", "5xx"}),
}


def is_refusal(neighbour: str, outcome: str) -> bool:
    """Whether the neighbour, Slack or Samora, has refused our token or key."""
    return outcome in _REFUSALS[neighbour]


class Neighbours:
    """Counts the failures of each in a row."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def hear(self, neighbour: str, outcome: str) -> None:
        """Hears what became of a request to Slack or Samora, in the words of the figures."""
        self._count(neighbour, is_failure=outcome in _REFUSALS[neighbour] or outcome in _OUTAGES[neighbour])

    def hear_database(self, *, is_reachable: bool) -> None:
        """Hears whether the database has answered."""
        self._count(DATABASE, is_failure=not is_reachable)

    def state_of(self, neighbour: str) -> str | None:
        """``fine``, or ``failing`` after three failures in a row; None before the first answer."""
        if neighbour not in self._failures:
            return None
        return "failing" if self.is_failing(neighbour) else "fine"

    def is_failing(self, neighbour: str) -> bool:
        """Whether the last three answers were failures."""
        return self._failures[neighbour] >= _FAILING_AFTER

    def _count(self, neighbour: str, *, is_failure: bool) -> None:
        self._failures[neighbour] = self._failures[neighbour] + 1 if is_failure else 0
