"""The API: what was done under an Idempotency-Key, so that a call that is repeated is answered and not done again."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Id, Moment

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_calls",
        sa.Column("token", Id, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("began", Moment(), nullable=False),
        sa.Column("status", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.String(length=100), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["token"], ["api_tokens.id"], name=op.f("fk_api_calls_token"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", "key", name=op.f("pk_api_calls")),
    )
    op.create_index("ix_api_calls_began", "api_calls", ["began"], unique=False)
