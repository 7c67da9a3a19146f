"""How the Web API says no."""

from collections.abc import Iterable

from bot.sandbox.slack.elements import Json


class Refusal(Exception):
    """A method answers ``{"ok": false, "error": …}``.

    Attributes:
        error: Slack's error code.
        extra: further keys of the answer, such as ``needed`` or ``response_metadata``.
        retry_after: seconds of the ``Retry-After`` header; set only for "ratelimited", which is an HTTP 429.
    """

    def __init__(self, error: str, *, retry_after: int | None = None, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra
        self.retry_after = retry_after

    @property
    def answer(self) -> Json:
        """The JSON answer."""
        return {"ok": False, "error": self.error, **self.extra}

    @classmethod
    def for_arguments(cls, *sentences: str) -> "Refusal":
        """``invalid_arguments`` with the reasons where Slack puts them."""
        return cls("invalid_arguments", response_metadata={"messages": [f"[ERROR] {each}" for each in sentences]})

    @classmethod
    def for_scope(cls, needed: str, granted: Iterable[str]) -> "Refusal":
        """``missing_scope``, saying which is needed and which there are."""
        return cls("missing_scope", needed=needed, provided=",".join(sorted(granted)))
