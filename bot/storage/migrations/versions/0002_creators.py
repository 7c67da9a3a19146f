"""An index for what one person follows, as the Home tab shows it."""

from alembic import op

revision = "0002"
down_revision = "0001"
compatible_since = "0001"


def upgrade() -> None:
    """Makes the index, which a bot of the version before, running on meanwhile, does not notice."""
    op.create_index("ix_subscriptions_creator", "subscriptions", ["team_id", "creator_id", "created_at"])
