"""Since when an old edition's attempts are dropped, and its deliveries are folded into totals."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("attempts_dropped", Moment(), nullable=True))
    op.add_column("editions", sa.Column("folded", Moment(), nullable=True))
