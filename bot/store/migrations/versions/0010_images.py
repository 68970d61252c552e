"""Pictures that we serve ourselves."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("used", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_images")),
    )
    op.create_index("ix_images_used", "images", ["used"], unique=False)
    op.create_table(
        "pictures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("whole", sa.String(length=40), server_default="", nullable=False),
        sa.Column("crop", sa.String(length=40), server_default="", nullable=False),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("modified", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pictures")),
    )
    op.create_index("ix_pictures_at", "pictures", ["at"], unique=False)
    op.create_table(
        "edition_images",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("image", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.id"], name=op.f("fk_edition_images_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "image", name=op.f("pk_edition_images")),
    )
    op.create_index("ix_edition_images_image", "edition_images", ["image"], unique=False)
