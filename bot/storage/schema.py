"""The tables: what is remembered. No names, no variables, no links in any of them; every row says whose it is."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

# The newest revision in migrations/versions: as long as the database has it, Alembic is not even imported.
HEAD = "0004"

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: ``timestamptz`` in PostgreSQL, sortable text in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a naive datetime: nobody can say when that is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives it back as it was."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class ForeignText(TypeDecorator[str]):
    r"""A text from elsewhere, kept as it is whatever it holds: PostgreSQL's own has no room for ``\0``.

    A plain word is stored as that word; quotes, backslashes and everything outside ASCII as in JSON.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Escapes it."""
        return None if value is None else json.dumps(value)[1:-1]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Gives it back as it was."""
        return None if value is None else str(json.loads(f'"{value}"'))


_BIG_ID = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text(), nullable=False, default=default)


def _count(name: str) -> Column[int]:
    return Column(name, Integer(), nullable=False, default=0)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False, default=False)


def _time(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, UtcDateTime(), nullable=nullable)


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


# A lease is a later due_at with its holder's token beside it; a due_at of null is "never".
followed_calls = Table(
    "followed_calls",
    metadata,
    Column("id", _BIG_ID, primary_key=True, autoincrement=True),
    _text("team_id"),
    _text("call_id"),
    Column("status", ForeignText(), nullable=False),
    _time("started_at", nullable=True),
    _time("ended_at", nullable=True),
    _flag("recording"),
    _flag("transcript"),
    _count("number"),
    _time("status_since"),
    _time("news_at"),
    _time("media_at", nullable=True),
    _flag("is_media_told"),
    _flag("is_stuck_told"),
    _count("failures"),
    _time("read_at"),
    _time("due_at", nullable=True),
    Column("lease", Text(), nullable=True),
    UniqueConstraint("team_id", "call_id", name="uq_followed_calls_call"),
    Index("ix_followed_calls_due", "team_id", "due_at", **_where("due_at IS NOT NULL")),
    Index("ix_followed_calls_idle", "read_at", **_where("due_at IS NULL")),
)

# seen_status: the status that it knew last: told of it, or active when it came, or its card was born with it.
# seen_media: likewise, whether what a call leaves behind was told. card_posts: the how manieth post the card is.
# is_reposted: whether that was done anew since somebody last resumed it. card_wanted, card_drawn: which drawing.
# card_due_at is null while Slack refuses us, so whatever is not null may be claimed. ended_at: when it ended last; null
# if it never did, or if a bot older than that column has ended it. is_shared: as in a CardJob.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Text(), primary_key=True),
    _text("team_id"),
    _text("channel_id"),
    _text("thread_ts", ""),
    _text("call_id"),
    Column("followed_id", _BIG_ID, ForeignKey("followed_calls.id", name="fk_subscriptions_followed"), nullable=False),
    _text("creator_id"),
    Column("statuses", Text(), nullable=True),
    _text("delivery"),
    _text("mention", ""),
    _text("style"),
    _text("state"),
    _text("reason", ""),
    _time("created_at"),
    _time("ended_at", nullable=True),
    Column("seen_status", ForeignText(), nullable=False),
    _flag("seen_media"),
    _text("card_ts", ""),
    _count("card_posts"),
    _flag("is_reposted"),
    _count("card_wanted"),
    _count("card_drawn"),
    _time("card_due_at", nullable=True),
    Column("card_lease", Text(), nullable=True),
    _count("card_failures"),
    _time("card_begun_at", nullable=True),
    _flag("is_shared"),
    Index("ix_subscriptions_followed", "followed_id"),
    Index("ix_subscriptions_channel", "team_id", "channel_id", "created_at"),
    Index("ix_subscriptions_creator", "team_id", "creator_id", "created_at"),
    Index("ix_subscriptions_state", "team_id", "state"),
    Index("ix_subscriptions_card_due", "team_id", "card_due_at", **_where("card_due_at IS NOT NULL")),
    Index("ix_subscriptions_ended", "ended_at", **_where("state = 'ended'")),
    Index(
        "uq_subscriptions_live",
        "team_id",
        "channel_id",
        "call_id",
        unique=True,
        **_where("state <> 'ended'"),
    ),
)

# One outbox per conversation; a user's id stands for that person's direct messages.
channels = Table(
    "channels",
    metadata,
    Column("team_id", Text(), primary_key=True),
    Column("channel_id", Text(), primary_key=True),
    _time("due_at", nullable=True),
    Column("lease", Text(), nullable=True),
    _count("failures"),
    _time("next_post_at", nullable=True),
    Index("ix_channels_due", "team_id", "due_at", **_where("due_at IS NOT NULL")),
    Index("ix_channels_idle", "next_post_at", **_where("due_at IS NULL")),
)

# done_at: when it was posted, or given up for the reason beside it; null while it is owed.
notices = Table(
    "notices",
    metadata,
    Column("id", _BIG_ID, primary_key=True, autoincrement=True),
    _text("team_id"),
    Column("subscription_id", Text(), ForeignKey("subscriptions.id", name="fk_notices_subscription"), nullable=False),
    Column("number", BigInteger(), nullable=False),
    _text("kind"),
    _text("channel_id"),
    _text("facts"),
    _time("created_at"),
    _time("begun_at", nullable=True),
    _count("attempts"),
    _text("sent_ts", ""),
    _time("done_at", nullable=True),
    _text("dead_reason", ""),
    UniqueConstraint("subscription_id", "kind", "number", name="uq_notices_change"),
    Index("ix_notices_owed", "team_id", "channel_id", "id", **_where("done_at IS NULL")),
    Index("ix_notices_done", "done_at", **_where("done_at IS NOT NULL")),
)

# taken: a JSON list of the times, in seconds since 1970, of what was taken within the window.
budgets = Table(
    "budgets",
    metadata,
    Column("team_id", Text(), primary_key=True),
    Column("name", Text(), primary_key=True),
    _text("taken", "[]"),
)

# Who did what. Both the newest and the oldest rows are found by their time.
audit = Table(
    "audit",
    metadata,
    Column("id", _BIG_ID, primary_key=True, autoincrement=True),
    _text("team_id"),
    _time("at"),
    _text("user_id"),
    _text("action"),
    _text("call_id", ""),
    _text("channel_id", ""),
    Index("ix_audit_at", "at", "id"),
)
