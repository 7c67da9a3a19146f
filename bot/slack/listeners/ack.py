"""The ack: what Slack is answered at once, before anything is done."""

import json
from dataclasses import dataclass
from typing import Any

from bot.slack.seal import Seal

_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"


@dataclass(frozen=True, slots=True)
class Acked:
    """The answer to a request of Slack's: an HTTP status, a body, and what the body is."""

    status: int = 200
    body: str = ""
    content_type: str = _TEXT

    @classmethod
    def of_json(cls, value: object) -> "Acked":
        """An answer that holds a JSON value."""
        return cls(body=json.dumps(value), content_type=_JSON)


class Ack:
    """Takes down what a listener acks with; what a modal carries that it shows is sealed, as in any other request.

    Attributes:
        answer: what Slack is answered; nothing but that all is well, until a listener says more.
    """

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self.answer = Acked()

    async def __call__(self, text: str = "", **fields: Any) -> None:
        """Acks: with nothing, with a text that the asker alone sees, or with what a modal does next.

        Source: docs.slack.dev/interactivity/handling-user-interaction and docs.slack.dev/surfaces/modals.
        """
        self.answer = Acked.of_json(self._seal.seal(fields)) if fields else Acked(body=text)
