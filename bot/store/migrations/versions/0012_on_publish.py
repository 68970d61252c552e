"""What goes out on publish: when articles appeared, what was decided of them, and the hubs that tell of them."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("articles", sa.Column("appeared", Moment(), nullable=True))
    op.create_index("ix_articles_first_seen", "articles", ["first_seen"], unique=False)
    op.create_index("ix_articles_appeared", "articles", ["appeared"], unique=False)
    op.create_table(
        "judged",
        sa.Column("schedule", sa.String(length=100), nullable=False),
        sa.Column("article", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_judged_article"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("schedule", "article", name=op.f("pk_judged")),
    )
    op.create_index("ix_judged_at", "judged", ["at"], unique=False)
    op.create_table(
        "hubs",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("held_hub", sa.Text(), nullable=False),
        sa.Column("held_topic", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("until", Moment(), nullable=True),
        sa.Column("due", Moment(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_hubs")),
    )
