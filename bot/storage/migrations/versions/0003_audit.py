"""The audit; when subscriptions ended; and indexes through which what is over is found when its time is up."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
compatible_since = "0002"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes them. A bot of the version before, running on meanwhile, notices none: it leaves the new column null."""
    _create_audit()
    op.add_column("subscriptions", sa.Column("ended_at", _TIME, nullable=True))
    _create_partial_index("ix_subscriptions_ended", "subscriptions", "ended_at", "state = 'ended'")
    _create_partial_index("ix_notices_done", "notices", "done_at", "done_at IS NOT NULL")
    _create_partial_index("ix_followed_calls_idle", "followed_calls", "read_at", "due_at IS NULL")
    _create_partial_index("ix_channels_idle", "channels", "next_post_at", "due_at IS NULL")


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        _column("team_id", sa.Text()),
        _column("at", _TIME),
        _column("user_id", sa.Text()),
        _column("action", sa.Text()),
        _column("call_id", sa.Text()),
        _column("channel_id", sa.Text()),
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"])


def _column(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create_partial_index(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], postgresql_where=condition, sqlite_where=condition)
