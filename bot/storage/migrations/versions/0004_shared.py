"""Whether another organisation reads along where a subscription's card stands."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
compatible_since = "0003"


def upgrade() -> None:
    """Makes the column. A bot of the version before, running on meanwhile, leaves it as it is by default."""
    op.add_column("subscriptions", sa.Column("is_shared", sa.Boolean(), nullable=False, server_default=sa.false()))
