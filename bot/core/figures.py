"""Figures: how much there is to do, as the database tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much there is to do.

    Attributes:
        calls_due: followed calls that are due.
        late_seconds: how long the longest due of them has been due.
        notices_owed: notices that are not posted yet.
        oldest_notice_seconds: how old the oldest of them is.
        cards_old: cards and boards that are out of date.
        active: subscriptions that are active.
        paused: subscriptions that are paused by a person, or with the whole workspace.
        refused: subscriptions that are paused because Slack refuses their channel.
        agents_active: agents' subscriptions that are active.
        agents_paused: agents' subscriptions that are paused likewise.
        agents_refused: agents' subscriptions that are paused because Slack refuses their channel.
        agents_announced: agents whose webhooks arrive.
        agents_silent: agents whose webhooks arrived once, and do no more: polling has taken over.
        webhook_seconds: how long ago the last webhook came; None if none ever did.
    """

    calls_due: int = 0
    late_seconds: float = 0.0
    notices_owed: int = 0
    oldest_notice_seconds: float = 0.0
    cards_old: int = 0
    active: int = 0
    paused: int = 0
    refused: int = 0
    agents_active: int = 0
    agents_paused: int = 0
    agents_refused: int = 0
    agents_announced: int = 0
    agents_silent: int = 0
    webhook_seconds: float | None = None
