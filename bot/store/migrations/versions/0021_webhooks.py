"""Programs that are told of events: where, what happened, and how far each was told."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Id, Json, Moment

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("before_until", Moment(), nullable=True),
        sa.Column("types", Json, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("disabled", Moment(), nullable=True),
        sa.Column("why", sa.String(length=12), server_default="", nullable=False),
        sa.Column("failing", Moment(), nullable=True),
        sa.Column("rests", Moment(), nullable=True),
        sa.Column("code", sa.Integer(), server_default="0", nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("answered", Moment(), nullable=True),
        sa.Column("lease", sa.String(length=32), server_default="", nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("message", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("address_hash", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message", name=op.f("uq_outbox_message")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_at", "outbox", ["at"], unique=False)
    op.create_index("ix_outbox_address_hash", "outbox", ["address_hash"], unique=False)
    op.create_table(
        "endpoint_calls",
        sa.Column("endpoint", Id, autoincrement=False, nullable=False),
        sa.Column("event", Id, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("tried", Moment(), nullable=True),
        sa.Column("code", sa.Integer(), server_default="0", nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint"], ["endpoints.id"], name=op.f("fk_endpoint_calls_endpoint"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event"], ["outbox.id"], name=op.f("fk_endpoint_calls_event"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("endpoint", "event", name=op.f("pk_endpoint_calls")),
    )
    op.create_index("ix_endpoint_calls_due", "endpoint_calls", ["endpoint", "due"], unique=False)
    op.create_index("ix_endpoint_calls_event", "endpoint_calls", ["event"], unique=False)
