"""The weather between the bot and its neighbours: how Slack, Samora or its webhooks fail until the sun shines again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.sandbox.faults import TOO_MANY, Fault, Faults
from bot.sandbox.sending import Mischief, Sender

_ENDLESS: Final = 10**9  # requests
_OUTAGE: Final = Fault(times=_ENDLESS, status=503, body="Service Unavailable", content_type="text/plain")
_THROTTLING: Final = Fault(times=_ENDLESS, status=429, body=TOO_MANY, retry_after=5)
_LOST: Final = Fault(times=_ENDLESS, drop=True, after=True)

# Slow is slow enough to be seen: over the three seconds after which the bot says that it is still asking, but below the
# three that Slack gives for opening a modal.
_FAULTS: Final[Mapping[str, Mapping[str, Fault]]] = {
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


_MISCHIEF: Final[Mapping[str, Mischief]] = {
    "lost": Mischief(lost=1 / 3),
    "doubled": Mischief(doubled=1),
    "reordered": Mischief(reordered=1),
    "off": Mischief(lost=1),
}


class Weather:
    """How it stands with both neighbours, and with Samora's webhooks.

    Attributes:
        now: the weather of "slack", "samora" and "webhooks"; "fine" where nothing is wrong.
    """

    def __init__(self, *, slack: Faults, samora: Faults, webhooks: Sender) -> None:
        """Takes what makes each of them fail; whatever else waits in there is forgotten at the first change."""
        self.now = {"slack": "fine", "samora": "fine", "webhooks": "fine"}
        self._faults: Mapping[str, Faults] = {"slack": slack, "samora": samora}
        self._sender = webhooks

    def change(self, of: str, to: str) -> None:
        """Changes the weather of one of them at once.

        Raises:
            ValueError: there is no such neighbour or weather.
        """
        kinds = {name: ("fine", *known) for name, known in (*_FAULTS.items(), ("webhooks", _MISCHIEF))}
        if to not in kinds.get(of, ()):
            message = "; ".join(f"the weather of {name} may be one of {known}" for name, known in kinds.items())
            raise ValueError(message)
        self.now[of] = to
        if of == "webhooks":
            self._sender.misbehave(_MISCHIEF.get(to, Mischief()))
            return
        self._faults[of].clear()
        if to != "fine":
            self._faults[of].add(_FAULTS[of][to])
