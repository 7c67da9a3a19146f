"""The database: which one it is, whether it answers, and how much there is to do."""

from collections.abc import Awaitable, Callable

from bot.check.engine import Check, Look, timed
from bot.check.webhooks import webhooks_finding
from bot.core.errors import StoreUnavailable
from bot.core.figures import Figures
from bot.core.findings import Finding, State
from bot.slack.blocks import seconds_words
from bot.storage.database import Database, StorageError
from bot.storage.migrate import check_revision, require_tables
from bot.storage.schema import HEAD

DATABASE_ADVICE = "Is DATABASE_URL right, does the database run, and may this machine and user connect to it?"
_QUEUE_ADVICE = "See what is said of the database, and try again in a moment."
_BEHIND_ADVICE = (
    "Is Samora slow, or Slack? Are their lines here fine? Too many calls for SAMORA_RATE need a higher one."
)

# What is done once a second or more often is late then; a notice may have to wait for its channel, or for Slack.
_LATE_SECONDS = 60.0
_OLD_NOTICE_SECONDS = 300.0


def database_check(look: Look) -> Check:
    """Which database it is, and whether it answers; ``look`` is :func:`check_database` with it."""
    return Check(name="Database", look=look, advice=DATABASE_ADVICE)


def queue_check(look: Look) -> Check:
    """How much there is to do; ``look`` is :func:`check_queue` with a database."""
    return Check(name="Queue", look=look, advice=_QUEUE_ADVICE)


async def check_database(database: Database) -> list[Finding]:
    """Its kind and version, and the revision of our tables.

    Raises:
        StorageError: it belongs to a newer bot, and this one can't work with it.
        StoreUnavailable: it does not answer.
    """
    version, spent = await timed(database.find_version())
    revision = await check_revision(database)
    tables = f"tables of revision {revision}" if revision else "no tables yet: the bot makes them when it starts"
    if revision and revision < HEAD:
        tables += f", which the bot brings to {HEAD} when it starts"
    if revision and revision > HEAD:
        tables += f", made by a newer bot and fit for this one ({HEAD})"
    return [Finding(name="Database", state=State.FINE, detail=f"{version}, {tables}, {spent}")]


async def check_queue(database: Database, measure: Callable[[], Awaitable[Figures]]) -> list[Finding]:
    """How much there is to do, and whether webhooks arrive.

    Nothing where there are no tables to count in, for the database's own line says so.

    Args:
        database: the database.
        measure: counts; raises StoreUnavailable.

    Raises:
        StoreUnavailable: it answers no more.
    """
    try:
        await require_tables(database)
    except (StoreUnavailable, StorageError):
        return []
    figures = await measure()
    is_behind = figures.late_seconds > _LATE_SECONDS or figures.oldest_notice_seconds > _OLD_NOTICE_SECONDS
    state, advice = (State.REMARK, _BEHIND_ADVICE) if is_behind else (State.FINE, "")
    queue = Finding(name="Queue", state=state, detail=_figures_words(figures), advice=advice)
    return [queue, webhooks_finding(figures)]


def _figures_words(figures: Figures) -> str:
    waiting = [
        f"calls due: {_since(figures.calls_due, figures.late_seconds)}",
        f"notices to post: {_since(figures.notices_owed, figures.oldest_notice_seconds)}",
        f"cards to draw: {figures.cards_old}",
        f"subscriptions active: {figures.active}",
        f"paused: {figures.paused}",
    ]
    return ", ".join(waiting)


def _since(count: int, seconds: float) -> str:
    return f"{count} (the oldest for {seconds_words(int(seconds))})" if count else "0"
