"""What each process says it did of an edition, once a second, for whoever watches from elsewhere."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Json, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("edition", sa.String(16), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("began", Moment(), nullable=False),
        sa.Column("updated", Moment(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Float()),
        sa.Column("content", Json, nullable=False),
        sa.PrimaryKeyConstraint("edition", "owner", "began", name=op.f("pk_progress")),
    )
