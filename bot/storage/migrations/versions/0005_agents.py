"""Whole agents: their subscriptions, names and webhooks, what webhooks tell of calls, and the boards of bursts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
compatible_since = "0004"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes columns and tables. A bot of the version before, running on meanwhile, leaves them at their defaults."""
    _widen_followed_calls()
    _widen_subscriptions()
    op.add_column("notices", _column("happened_at", _TIME, nullable=True))
    op.add_column("notices", _text_column("path"))
    _create_agent_subscriptions()
    _create_agents()
    _create_webhooks()
    _create_boards()


def _column(name: str, kind: Any, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, **more)


def _text_column(name: str) -> sa.Column[Any]:
    """One that rows which are there already, and those of an older bot, have empty."""
    return _column(name, sa.Text(), server_default="")


def _create_index(name: str, table: str, columns: list[str], where: str | None = None, *, unique: bool = False) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def _widen_followed_calls() -> None:
    table = "followed_calls"
    op.add_column(table, _text_column("agent_id"))
    op.add_column(table, _column("is_awaited", sa.Boolean(), server_default=sa.false()))
    op.add_column(table, _column("seen_at", _TIME, nullable=True))
    op.add_column(table, _column("nudged_at", _TIME, nullable=True))
    _create_index("ix_followed_calls_agent", table, ["team_id", "agent_id", "seen_at"], "agent_id <> ''")


def _widen_subscriptions() -> None:
    table = "subscriptions"
    op.add_column(table, _text_column("parent_id"))
    op.add_column(table, _text_column("board_id"))
    _create_index("uq_subscriptions_parent", table, ["parent_id", "call_id"], "parent_id <> ''", unique=True)
    _create_index("ix_subscriptions_born", table, ["team_id", "channel_id", "created_at"], "parent_id <> ''")
    _create_index("ix_subscriptions_parent", table, ["parent_id", "created_at"], "parent_id <> ''")
    _create_index("ix_subscriptions_board", table, ["board_id"], "board_id <> ''")


def _create_agent_subscriptions() -> None:
    table = "agent_subscriptions"
    op.create_table(
        table,
        sa.Column("id", sa.Text(), primary_key=True),
        _column("team_id", sa.Text()),
        _column("channel_id", sa.Text()),
        _column("agent_id", sa.Text()),
        _column("creator_id", sa.Text()),
        _column("statuses", sa.Text(), nullable=True),
        _column("delivery", sa.Text()),
        _column("mention", sa.Text()),
        _column("style", sa.Text()),
        _column("filters", sa.Text()),
        _column("state", sa.Text()),
        _column("reason", sa.Text()),
        _column("created_at", _TIME),
        _column("ended_at", _TIME, nullable=True),
    )
    _create_index("ix_agent_subscriptions_agent", table, ["team_id", "agent_id"], "state = 'active'")
    _create_index("ix_agent_subscriptions_creator", table, ["team_id", "creator_id", "created_at"])
    _create_index("ix_agent_subscriptions_ended", table, ["ended_at"], "state = 'ended'")
    _create_index(
        "uq_agent_subscriptions_live", table, ["team_id", "channel_id", "agent_id"], "state <> 'ended'", unique=True
    )


def _create_agents() -> None:
    op.create_table(
        "agents",
        sa.Column("team_id", sa.Text(), primary_key=True),
        sa.Column("agent_id", sa.Text(), primary_key=True),
        _column("name", sa.Text()),
        _column("webhook_seen_at", _TIME, nullable=True),
        _column("missed", sa.Integer()),
    )


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("team_id", sa.Text(), primary_key=True),
        sa.Column("webhook_id", sa.Text(), primary_key=True),
        _column("agent_id", sa.Text()),
        _column("secret", sa.Text()),
        _column("created_at", _TIME),
    )


def _create_boards() -> None:
    op.create_table(
        "boards",
        sa.Column("id", sa.Text(), primary_key=True),
        _column("team_id", sa.Text()),
        _column("channel_id", sa.Text()),
        _column("opened_at", _TIME),
        _column("closed_at", _TIME, nullable=True),
        _column("mention", sa.Text()),
        _column("ts", sa.Text()),
        _column("posts", sa.Integer()),
        _column("wanted", sa.Integer()),
        _column("drawn", sa.Integer()),
        _column("drawn_at", _TIME, nullable=True),
        _column("due_at", _TIME, nullable=True),
        _column("lease", sa.Text(), nullable=True),
        _column("failures", sa.Integer()),
        _column("begun_at", _TIME, nullable=True),
    )
    _create_index("ix_boards_due", "boards", ["team_id", "due_at"], "due_at IS NOT NULL")
    _create_index("uq_boards_open", "boards", ["team_id", "channel_id"], "closed_at IS NULL", unique=True)
    _create_index("ix_boards_closed", "boards", ["closed_at"], "closed_at IS NOT NULL")
