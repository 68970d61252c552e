"""What is known of channels beside their settings: limits, quotas, pauses, tokens."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Json, Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_states",
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("limits", Json, nullable=True),
        sa.Column("learned", Moment(), nullable=True),
        sa.Column("paused", sa.Text(), server_default="", nullable=False),
        sa.Column("paused_at", Moment(), nullable=True),
        sa.Column("rests_until", Moment(), nullable=True),
        sa.Column("quota", Json, nullable=True),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("credential", sa.Text(), server_default="", nullable=False),
        sa.Column("expires", Moment(), nullable=True),
        sa.Column("renewed", Moment(), nullable=True),
        sa.Column("serial", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_states")),
    )
