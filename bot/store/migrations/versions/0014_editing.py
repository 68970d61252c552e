"""What editors write in editions: their words, version by version, and the findings that approvers let stand."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Json, Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("editions", sa.Column("words", Json, nullable=True))
    op.create_table(
        "edition_versions",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("told", Json, nullable=False),
        sa.Column("approved", Moment(), nullable=True),
        sa.Column("approver", sa.Text(), nullable=False, server_default=""),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.id"], name=op.f("fk_edition_versions_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "number", name=op.f("pk_edition_versions")),
    )
    op.create_table(
        "overrulings",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_overrulings_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edition", "key", name=op.f("pk_overrulings")),
    )
