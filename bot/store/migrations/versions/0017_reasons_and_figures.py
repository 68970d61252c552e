"""Why deliveries were not accepted, by chunk; the sums of each edition; the readers of each day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from bot.store.tables import Moment

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "reasons",
        sa.Column("chunk", Id, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("enhanced", sa.String(length=12), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["chunk"], ["chunks.id"], name=op.f("fk_reasons_chunk"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chunk", "position", name=op.f("pk_reasons")),
    )
    op.create_table(
        "edition_figures",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("reckoned", Moment(), nullable=True),
        sa.Column("states", Json, nullable=False),
        sa.Column("readers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unknown", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bounced", sa.Integer(), server_default="0", nullable=False),
        sa.Column("complaints", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unsubscribed", sa.Integer(), nullable=True),
        sa.Column("clicks", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.id"], name=op.f("fk_edition_figures_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_edition_figures")),
    )
    op.create_table(
        "audience_days",
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("counted", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("audience", "day", name=op.f("pk_audience_days")),
    )
    some = sa.text("ended IS NOT NULL")
    op.create_index(
        "ix_subscriptions_audience_ended",
        "subscriptions",
        ["audience", "ended"],
        sqlite_where=some,
        postgresql_where=some,
    )
