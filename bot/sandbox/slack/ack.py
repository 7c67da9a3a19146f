"""How the bot acknowledged something that Slack sent it."""

from dataclasses import dataclass

from bot.sandbox.slack.elements import Json


@dataclass(frozen=True, kw_only=True)
class Ack:
    """What came back for one delivery.

    Attributes:
        ok: acknowledged in time, and Slack could make sense of the answer.
        status: the HTTP status; over Socket Mode 200 for an acknowledgement; None when nothing came back.
        body: the answer, JSON parsed; None if it was empty.
        seconds: real time until the answer, or until it was given up.
        error: what Slack would show the person: "operation_timeout" (three seconds passed), "dispatch_failed" (nobody
            there), "http_client_error" (4xx), "http_service_error" (5xx and everything else that is not 200),
            "invalid_command_response" or "invalid_view_response" (acknowledged with something Slack cannot show),
            "not_in_channel", "missing_scope" or "not_installed" (never sent); None if ok.
    """

    ok: bool
    status: int | None = None
    body: Json | list[object] | str | None = None
    seconds: float = 0.0
    error: str | None = None
