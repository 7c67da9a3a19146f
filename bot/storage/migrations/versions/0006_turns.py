"""Cards to be posted are found apart from those to be redrawn; a look that failed says when the next one may be."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes a column and two indexes. A bot of the version before, running on meanwhile, leaves the column empty."""
    op.add_column("followed_calls", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    condition = sa.text("card_due_at IS NOT NULL AND card_ts = ''")
    op.create_index(
        "ix_subscriptions_card_new",
        "subscriptions",
        ["team_id", "card_due_at"],
        postgresql_where=condition,
        sqlite_where=condition,
    )
    op.create_index(
        "ix_subscriptions_shared",
        "subscriptions",
        ["team_id", "channel_id"],
        postgresql_where=sa.text("is_shared"),
        sqlite_where=sa.text("is_shared"),
    )
