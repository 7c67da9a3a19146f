"""Rates: how much may be asked of Slack and Samora, by all processes that share a database."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.ports import Rate

# We count what is claimed, and Slack what arrives: the one is that much later than the other at most. So our minute
# is that much longer than Slack's, or else the first posts of a minute would at times be too many for the last one's.
_ON_THE_WAY = timedelta(seconds=1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How much may be asked of the neighbours.

    Source: docs.slack.dev/apis/web-api/rate-limits: in a workspace, chat.postMessage takes "several hundred messages
    per minute", and chat.update, of tier 3, 50 and more.

    Attributes:
        looks: GETs at Samora.
        posts: posts at Slack.
        edits: updates at Slack.
    """

    looks: Rate
    posts: Rate
    edits: Rate

    @classmethod
    def of(cls, *, looks_per_second: float, posts_per_minute: int, edits_per_minute: int) -> "Rates":
        """The rates as the settings say them."""
        minute = timedelta(minutes=1) + _ON_THE_WAY
        return cls(
            looks=samora_rate(looks_per_second),
            posts=Rate(name="chat.postMessage", most=posts_per_minute, window=minute),
            edits=Rate(name="chat.update", most=edits_per_minute, window=minute),
        )


def samora_rate(per_second: float) -> Rate:
    """So many looks a second; fewer than one a second are one in a longer time."""
    most = max(1, round(per_second))
    return Rate(name="samora", most=most, window=timedelta(seconds=most / per_second))
