"""Who works at the desk: users, their sessions, invitations and API tokens; acts are found by whom and on what kind."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Id, Moment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_KIND = {
    "sqlite": "substr(thing, 1, min(40, max(instr(thing, ':') - 1, 0)))",
    "postgresql": "CASE WHEN strpos(thing, ':') > 0 THEN left(split_part(thing, ':', 1), 40) ELSE '' END",
}


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=8), server_default="", nullable=False),
        sa.Column("scheme", sa.String(length=8), server_default="", nullable=False),
        sa.Column("shortcuts", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("disabled", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("address_key", name=op.f("uq_users_address_key")),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sessions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user", Id, nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("browser", sa.String(length=200), server_default="", nullable=False),
        sa.Column("network", sa.String(length=50), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_sessions_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_sessions_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_user", "sessions", ["user"], unique=False)
    op.create_index("ix_sessions_seen", "sessions", ["seen"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("role", sa.String(length=12), server_default="", nullable=False),
        sa.Column("language", sa.String(length=8), server_default="", nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("ends", Moment(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("mailed", Moment(), nullable=True),
        sa.Column("fault", sa.Text(), server_default="", nullable=False),
        sa.Column("used", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
    )
    op.create_index("ix_invitations_due", "invitations", ["due"], unique=False)
    op.create_index("ix_invitations_address_key", "invitations", ["address_key"], unique=False)
    op.create_index("ix_invitations_created", "invitations", ["created"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("tail", sa.String(length=4), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("ends", Moment(), nullable=False),
        sa.Column("used", Moment(), nullable=True),
        sa.Column("revoked", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_api_tokens_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_tokens_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_tokens_user", "api_tokens", ["user"], unique=False)
    op.add_column("acts", sa.Column("kind", sa.String(length=40), server_default="", nullable=False))
    op.execute(f"UPDATE acts SET kind = {_KIND[op.get_bind().dialect.name]}")  # noqa: S608
    op.create_index("ix_acts_who_at_id", "acts", ["who", "at", "id"], unique=False)
    op.create_index("ix_acts_kind_at_id", "acts", ["kind", "at", "id"], unique=False)
