"""What the settings mean in the core's words: its rules, and how much is welcome within how long."""

from datetime import timedelta
from time import monotonic

from bot.core.access import Policy
from bot.core.boards import BurstRules
from bot.core.changes import Rules
from bot.core.limits import LookupLimits
from bot.core.rates import Rates
from bot.core.visibility import Visibility
from bot.settings import Settings


def make_rules(settings: Settings) -> Rules:
    """How often a followed call is looked at, and when it counts as stuck."""
    return Rules(
        interval=timedelta(seconds=settings.poll_interval),
        webhook_interval=timedelta(seconds=settings.webhook_poll_interval),
        stuck_triggered=timedelta(minutes=settings.stuck_triggered_minutes),
        stuck_ongoing=timedelta(minutes=settings.stuck_ongoing_minutes),
    )


def make_burst_rules(settings: Settings) -> BurstRules:
    """When cards become too many for a channel."""
    return BurstRules(cards_per_minute=settings.burst_cards)


def make_rates(settings: Settings) -> Rates:
    """How often the workers may ask Samora and Slack, all processes together."""
    return Rates.of(
        looks_per_second=settings.samora_rate,
        posts_per_minute=settings.slack_posts_per_minute,
        edits_per_minute=settings.slack_edits_per_minute,
    )


def make_limits(settings: Settings) -> LookupLimits:
    """How often people may look something up."""
    return LookupLimits(
        per_user=settings.user_lookups_per_minute, per_channel=settings.channel_lookups_per_minute, clock=monotonic
    )


def make_visibility(settings: Settings) -> Visibility:
    """Which variables are hidden, and which may be seen unmasked."""
    return Visibility(hidden=settings.hide_variables, shown=settings.show_variables)


def make_policy(settings: Settings) -> Policy:
    """Who may see what."""
    return Policy(
        channels=frozenset(settings.allowed_channels),
        users=frozenset(settings.allowed_users),
        media_users=frozenset(settings.media_users),
        allows_guests=settings.guests == "allow",
    )
