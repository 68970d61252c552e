"""The index of slots holds schedule and id too: a span is summed up without the editions' rows, which hold reports."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_editions_slot", "editions")
    op.create_index("ix_editions_slot", "editions", ["slot", "schedule", "id"], unique=False)
