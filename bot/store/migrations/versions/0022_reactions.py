"""Reactions: the posts whose networks tell how followers reacted, and what is known of asking them."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Id, Moment

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measured_posts",
        sa.Column("delivery", Id, autoincrement=False, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("post", sa.String(length=500), nullable=False),
        sa.Column("sent", Moment(), nullable=False),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("reposts", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("quotes", sa.BigInteger(), nullable=True),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column("looked", Moment(), nullable=True),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("gone", Moment(), nullable=True),
        sa.Column("first_day", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.id"], name=op.f("fk_measured_posts_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_measured_posts")),
        sa.UniqueConstraint("channel", "post", name=op.f("uq_measured_posts_channel_post")),
    )
    op.create_index("ix_measured_posts_edition", "measured_posts", ["edition"], unique=False)
    some = sa.text("due IS NOT NULL")
    op.create_index(
        "ix_measured_posts_due", "measured_posts", ["channel", "due"], sqlite_where=some, postgresql_where=some
    )
    op.create_table(
        "measurements",
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("refused", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_measurements")),
    )
    posts = sa.text("audience = ''")
    op.create_index("ix_chunks_posts", "chunks", ["edition"], sqlite_where=posts, postgresql_where=posts)
