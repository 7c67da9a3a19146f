"""The weather between the bot and its neighbours: how Slack or Samora fails until the sun shines again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, get_args

from bot.sandbox.faults import TOO_MANY, Fault, Faults

Neighbour = Literal["slack", "samora"]
Kind = Literal["fine", "outage", "throttling", "slow", "lost answers"]

_ENDLESS: Final = 10**9  # requests
_OUTAGE: Final = Fault(times=_ENDLESS, status=503, body="Service Unavailable", content_type="text/plain")
_THROTTLING: Final = Fault(times=_ENDLESS, status=429, body=TOO_MANY, retry_after=5)
_LOST: Final = Fault(times=_ENDLESS, drop=True, after=True)

# Slow is slow enough to be seen: over the three seconds after which the bot says that it is still asking, but below the
# three that Slack gives for opening a modal.
_FAULTS: Final[Mapping[Neighbour, Mapping[Kind, Fault]]] = {
    "slack": {
        "outage": _OUTAGE,
        "throttling": _THROTTLING,
        "slow": Fault(times=_ENDLESS, delay=2.0),
        # What is written arrives and only the word of it is lost; reading works, so that one can look whether it did.
        "lost answers": replace(_LOST, path="/api/chat.*"),
    },
    "samora": {
        "outage": replace(_OUTAGE, path="/v1/*"),
        "throttling": replace(_THROTTLING, path="/v1/*"),
        "slow": Fault(times=_ENDLESS, delay=5.0, path="/v1/*"),
        "lost answers": replace(_LOST, path="/v1/*"),
    },
}


class Weather:
    """How it stands with both neighbours.

    Attributes:
        now: the weather of each.
    """

    def __init__(self, *, slack: Faults, samora: Faults) -> None:
        """Takes what makes each of them fail; whatever else waits in there is forgotten at the first change."""
        self.now: dict[Neighbour, Kind] = {"slack": "fine", "samora": "fine"}
        self._faults: Mapping[Neighbour, Faults] = {"slack": slack, "samora": samora}

    def change(self, of: str, to: str) -> None:
        """Changes the weather of one neighbour at once.

        Raises:
            ValueError: there is no such neighbour or weather.
        """
        neighbour = next((each for each in get_args(Neighbour) if each == of), None)
        kind = next((each for each in get_args(Kind) if each == to), None)
        if neighbour is None or kind is None:
            message = f"the weather of one of {get_args(Neighbour)} may be one of {get_args(Kind)}"
            raise ValueError(message)
        self._faults[neighbour].clear()
        if kind != "fine":
            self._faults[neighbour].add(_FAULTS[neighbour][kind])
        self.now[neighbour] = kind
