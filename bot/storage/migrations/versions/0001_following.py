"""Followed calls, subscriptions, notices, their channels and the budgets."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
compatible_since = "0001"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes the tables."""
    _create_followed_calls()
    _create_subscriptions()
    _create_channels()
    _create_notices()
    _create_budgets()


def _column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _create_index(name: str, table: str, columns: list[str], where: str | None = None, *, unique: bool = False) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def _create_followed_calls() -> None:
    op.create_table(
        "followed_calls",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        _column("team_id", sa.Text()),
        _column("call_id", sa.Text()),
        _column("status", sa.Text()),
        _column("started_at", _TIME, nullable=True),
        _column("ended_at", _TIME, nullable=True),
        _column("recording", sa.Boolean()),
        _column("transcript", sa.Boolean()),
        _column("number", sa.Integer()),
        _column("status_since", _TIME),
        _column("news_at", _TIME),
        _column("media_at", _TIME, nullable=True),
        _column("is_media_told", sa.Boolean()),
        _column("is_stuck_told", sa.Boolean()),
        _column("failures", sa.Integer()),
        _column("read_at", _TIME),
        _column("due_at", _TIME, nullable=True),
        _column("lease", sa.Text(), nullable=True),
        sa.UniqueConstraint("team_id", "call_id", name="uq_followed_calls_call"),
    )
    _create_index("ix_followed_calls_due", "followed_calls", ["team_id", "due_at"], "due_at IS NOT NULL")


def _create_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Text(), primary_key=True),
        _column("team_id", sa.Text()),
        _column("channel_id", sa.Text()),
        _column("thread_ts", sa.Text()),
        _column("call_id", sa.Text()),
        _column("followed_id", _BIG_ID),
        _column("creator_id", sa.Text()),
        _column("statuses", sa.Text(), nullable=True),
        _column("delivery", sa.Text()),
        _column("mention", sa.Text()),
        _column("style", sa.Text()),
        _column("state", sa.Text()),
        _column("reason", sa.Text()),
        _column("created_at", _TIME),
        _column("seen_status", sa.Text()),
        _column("seen_media", sa.Boolean()),
        _column("card_ts", sa.Text()),
        _column("card_posts", sa.Integer()),
        _column("is_reposted", sa.Boolean()),
        _column("card_wanted", sa.Integer()),
        _column("card_drawn", sa.Integer()),
        _column("card_due_at", _TIME, nullable=True),
        _column("card_lease", sa.Text(), nullable=True),
        _column("card_failures", sa.Integer()),
        _column("card_begun_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["followed_id"], ["followed_calls.id"], name="fk_subscriptions_followed"),
    )
    table = "subscriptions"
    _create_index("ix_subscriptions_followed", table, ["followed_id"])
    _create_index("ix_subscriptions_channel", table, ["team_id", "channel_id", "created_at"])
    _create_index("ix_subscriptions_state", table, ["team_id", "state"])
    _create_index("ix_subscriptions_card_due", table, ["team_id", "card_due_at"], "card_due_at IS NOT NULL")
    live = ["team_id", "channel_id", "call_id"]
    _create_index("uq_subscriptions_live", table, live, "state <> 'ended'", unique=True)


def _create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("team_id", sa.Text(), primary_key=True),
        sa.Column("channel_id", sa.Text(), primary_key=True),
        _column("due_at", _TIME, nullable=True),
        _column("lease", sa.Text(), nullable=True),
        _column("failures", sa.Integer()),
        _column("next_post_at", _TIME, nullable=True),
    )
    _create_index("ix_channels_due", "channels", ["team_id", "due_at"], "due_at IS NOT NULL")


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        _column("team_id", sa.Text()),
        _column("subscription_id", sa.Text()),
        _column("number", sa.BigInteger()),
        _column("kind", sa.Text()),
        _column("channel_id", sa.Text()),
        _column("facts", sa.Text()),
        _column("created_at", _TIME),
        _column("begun_at", _TIME, nullable=True),
        _column("attempts", sa.Integer()),
        _column("sent_ts", sa.Text()),
        _column("done_at", _TIME, nullable=True),
        _column("dead_reason", sa.Text()),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name="fk_notices_subscription"),
        sa.UniqueConstraint("subscription_id", "kind", "number", name="uq_notices_change"),
    )
    _create_index("ix_notices_owed", "notices", ["team_id", "channel_id", "id"], "done_at IS NULL")


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("team_id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        _column("taken", sa.Text()),
    )
