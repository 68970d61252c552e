"""Articles on the desk: what their list is searched by, and what changed after it was sent until somebody decided."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 1_000


def upgrade() -> None:
    op.create_index("ix_articles_changed", "articles", ["changed"], unique=False)
    op.create_index("ix_corrections_article", "corrections", ["article"], unique=False)
    op.create_index("ix_reservations_article", "reservations", ["article"], unique=False)
    headlines = op.create_table(
        "headlines",
        sa.Column("article", Id, autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("published", Moment(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_headlines_article"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article", name=op.f("pk_headlines")),
    )
    _fill(headlines)
    op.create_index("ix_headlines_published", "headlines", ["published", "article"], unique=False)
    op.create_index("ix_headlines_source", "headlines", ["source", "published", "article"], unique=False)
    op.create_table(
        "changes",
        sa.Column("article", Id, autoincrement=False, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("now", sa.Text(), nullable=False),
        sa.Column("decided", sa.String(length=12), server_default="", nullable=False),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_changes_article"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_changes_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article", "edition", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_decided", "changes", ["decided", "at"], unique=False)


def _fill(headlines: sa.Table) -> None:
    """The rows of the articles that are there, as the program of this version writes them."""
    connection = op.get_bind()
    json = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
    articles = sa.table(
        "articles",
        sa.column("id", Id),
        sa.column("source", sa.String()),
        sa.column("published", Moment()),
        sa.column("withdrawn", Moment()),
        sa.column("content", json),
    )
    last = 0
    while True:
        content = articles.c.content
        query = (
            sa.select(
                articles.c.id,
                articles.c.source,
                articles.c.published,
                articles.c.withdrawn,
                content["title"].as_string().label("title"),
                content["sections"].as_json().label("sections"),
            )
            .where(articles.c.id > last)
            .order_by(articles.c.id)
            .limit(_AT_ONCE)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        connection.execute(headlines.insert(), [_row(each) for each in rows])
        last = rows[-1].id


def _row(row: Any) -> dict[str, Any]:
    sections = "".join(f"\n{' '.join(str(each).split())}" for each in row.sections or ())
    return {
        "article": row.id,
        "source": row.source,
        "published": row.published,
        "withdrawn": row.withdrawn is not None,
        "title": (row.title or "").casefold()[:300],
        "sections": sections.casefold()[:300] + "\n",
    }
