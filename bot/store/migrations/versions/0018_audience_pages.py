"""The desk's audience pages: imports step by step, readers day by day, and names and addresses that can be searched."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Json, Moment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reader_imports",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("encoding", sa.String(length=20), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("layout", Json, nullable=False),
        sa.Column("consent", sa.Text(), server_default="", nullable=False),
        sa.Column("columns", Json, nullable=False),
        sa.Column("trial", Json, nullable=True),
        sa.Column("counts", Json, nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("beat", Moment(), nullable=True),
        sa.Column("began", Moment(), nullable=True),
        sa.Column("from_row", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_imports")),
    )
    op.create_index("ix_reader_imports_at", "reader_imports", ["at"], unique=False)
    op.create_table(
        "reader_import_pieces",
        sa.Column("import", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import"], ["reader_imports.id"], name=op.f("fk_reader_import_pieces_import"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import", "number", name=op.f("pk_reader_import_pieces")),
    )
    op.create_table(
        "reader_import_refusals",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("import", sa.String(length=16), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cells", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["import"], ["reader_imports.id"], name=op.f("fk_reader_import_refusals_import"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_import_refusals")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_reader_import_refusals_import", "reader_import_refusals", ["import", "trial", "id"], unique=False
    )
    if op.get_bind().dialect.name == "postgresql":
        # SQLite compares sign by sign anyhow.
        for column in ("address_key", "name"):
            op.execute(f'ALTER TABLE subscribers ALTER COLUMN {column} TYPE TEXT COLLATE "C"')
    named = sa.text("name <> ''")
    op.create_index("ix_subscribers_name", "subscribers", ["name", "id"], sqlite_where=named, postgresql_where=named)
    op.drop_index("ix_suppressions_at", table_name="suppressions")
    op.create_index("ix_suppressions_at", "suppressions", ["at", "address_hash", "audience"], unique=False)
