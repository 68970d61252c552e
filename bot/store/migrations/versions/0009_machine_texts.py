"""What a language model wrote about articles."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "machine_texts",
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("maker", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "kind", "maker", name=op.f("pk_machine_texts")),
    )
    op.create_index("ix_machine_texts_at", "machine_texts", ["at"], unique=False)
