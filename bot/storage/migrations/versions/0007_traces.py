"""The trace of what a webhook or a look began goes on where a notice is delivered, perhaps by another process."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
compatible_since = "0005"


def upgrade() -> None:
    """Makes two columns. A bot of the version before, running on meanwhile, leaves them empty."""
    for table in ("followed_calls", "notices"):
        op.add_column(table, sa.Column("traceparent", sa.String(55), nullable=True))
