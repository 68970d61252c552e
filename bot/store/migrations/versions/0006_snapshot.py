"""A snapshot of an audience reads one index."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_subscriptions_audience_state_subscriber",
        "subscriptions",
        ["audience", "state", "subscriber"],
        unique=False,
    )
