"""Samora's webhooks: whether they arrive. That they don't breaks nothing: what they don't tell is looked for."""

from bot.core.figures import Figures
from bot.core.findings import Finding, State
from bot.slack.blocks import seconds_words

_ADVICE = (
    "Nothing is lost: the calls of those agents are looked at as often as without webhooks. `samora-bot webhooks "
    "check` says what is wrong."
)


def webhooks_finding(figures: Figures) -> Finding:
    """How many agents' webhooks arrive, and how many have stopped, by the database's figures."""
    if figures.webhook_seconds is None:
        return Finding(name="Webhooks", state=State.FINE, detail="none came yet: calls are looked at every few seconds")
    last = f"the last one came {seconds_words(int(figures.webhook_seconds))} ago"
    detail = f"agents whose webhooks arrive: {figures.agents_announced}, stopped: {figures.agents_silent}; {last}"
    if figures.agents_silent:
        return Finding(name="Webhooks", state=State.REMARK, detail=detail, advice=_ADVICE)
    return Finding(name="Webhooks", state=State.FINE, detail=detail)
