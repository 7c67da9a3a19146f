"""Cards to be posted are found apart from those to be redrawn; a look that failed says when the next one may be."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
compatible_since = "0005"


def upgrade() -> None:
    """Makes a column and three indexes. A bot of the version before, running on meanwhile, leaves the column empty."""
    op.add_column("followed_calls", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    is_new = "card_due_at IS NOT NULL AND card_ts = ''"
    _create_index("ix_subscriptions_card_new", "subscriptions", ["team_id", "card_due_at"], is_new)
    _create_index("ix_subscriptions_shared", "subscriptions", ["team_id", "channel_id"], "is_shared")
    _create_index("ix_boards_stopped", "boards", ["team_id", "channel_id"], "due_at IS NULL AND wanted > drawn")


def _create_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
