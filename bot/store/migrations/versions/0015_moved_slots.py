"""Slots that go out at another time than their timetable says."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moved_slots",
        sa.Column("schedule", sa.String(length=100), nullable=False),
        sa.Column("slot_key", sa.String(length=100), nullable=False),
        sa.Column("was", Moment(), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("schedule", "slot_key", name=op.f("pk_moved_slots")),
    )
