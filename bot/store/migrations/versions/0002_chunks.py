"""Leases move from deliveries to chunks of them; what a server said stands in the attempts alone."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Id, Json, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("editions", sa.Column("totals", Json, nullable=True))
    # PostgreSQL keeps the names of constraints and indexes of a renamed table; they are wanted for the new ones.
    op.rename_table("deliveries", "old_deliveries")
    op.rename_table("attempts", "old_attempts")
    for index in ("edition_state", "open", "subscriber", "lease_until", "token"):
        op.drop_index(f"ix_deliveries_{index}", table_name="old_deliveries")
    op.drop_index("ix_attempts_delivery", table_name="old_attempts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE old_attempts DROP CONSTRAINT fk_attempts_delivery")
        op.execute("ALTER TABLE old_deliveries DROP CONSTRAINT pk_deliveries")
        op.execute("ALTER TABLE old_attempts DROP CONSTRAINT pk_attempts")
    _tables()
    _rows()
    op.drop_table("old_attempts")
    op.drop_table("old_deliveries")


def _tables() -> None:
    op.create_table(
        "chunks",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("first", Id, nullable=False),
        sa.Column("last", Id, nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("lease", sa.String(length=16), server_default="", nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("counts", Json, nullable=True),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_chunks_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_chunks_edition", "chunks", ["edition"], unique=False)
    for column in ("due", "lease_until"):
        some = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_chunks_{column}", "chunks", [column], sqlite_where=some, postgresql_where=some)
    op.create_table(
        "deliveries",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("subscriber", Id, nullable=True),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_try", Moment(), nullable=True),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("updated", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "edition", "subscriber", "channel", "subject", name=op.f("uq_deliveries_edition_subscriber_channel_subject")
        ),
        sqlite_autoincrement=True,
        postgresql_with={"fillfactor": "60"},
    )
    op.create_table(
        "attempts",
        sa.Column("delivery", Id, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("began", Moment(), nullable=False),
        sa.Column("ended", Moment(), nullable=False),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enhanced", sa.String(length=12), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("provider_id", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("delivery", "number", "outcome", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    known = sa.text("provider_id <> ''")
    op.create_index("ix_attempts_provider_id", "attempts", ["provider_id"], sqlite_where=known, postgresql_where=known)


def _rows() -> None:
    """Numbers the deliveries anew, an edition and channel after the other, so that chunks are runs of ids."""
    op.execute(
        "CREATE TABLE renumbered AS "
        "SELECT id AS was, row_number() OVER (ORDER BY edition, channel, audience, id) AS id, "
        "(row_number() OVER (PARTITION BY edition, channel, audience ORDER BY id) - 1) / 500 AS chunk "
        "FROM old_deliveries"
    )
    op.execute("CREATE UNIQUE INDEX ix_renumbered_was ON renumbered (was)")
    op.execute(
        """INSERT INTO attempts (delivery, number, outcome, began, ended, server, code, enhanced, text, provider_id)
        SELECT n.id, row_number() OVER (PARTITION BY a.delivery ORDER BY a.id), a.outcome, a.began, a.ended,
            a.server, a.code, a.enhanced, a.text, a.provider_id
        FROM old_attempts a JOIN renumbered n ON n.was = a.delivery"""
    )
    # What was under way when the program was stopped for the upgrade is what it is after a crash.
    op.execute(
        """INSERT INTO attempts (delivery, number, outcome, began, ended, text)
        SELECT n.id, (SELECT count(*) + 1 FROM old_attempts a WHERE a.delivery = d.id), 'unknown', d.updated, d.updated,
            'the sender stopped while it was under way'
        FROM old_deliveries d JOIN renumbered n ON n.was = d.id WHERE d.state = 'attempting'"""
    )
    op.execute(
        """INSERT INTO deliveries (id, edition, subscriber, channel, subject, state, reason, attempts, tries, first_try,
            not_before, updated)
        SELECT n.id, d.edition, CASE WHEN d.audience = '' THEN 0 ELSE d.subscriber END, d.channel, d.subject,
            CASE d.state WHEN 'leased' THEN 'pending' WHEN 'attempting' THEN 'unknown' ELSE d.state END,
            CASE d.state WHEN 'attempting' THEN 'the sender stopped while it was under way' ELSE d.reason END,
            (SELECT count(*) FROM attempts a WHERE a.delivery = n.id), d.tries, d.first_try, d.not_before, d.updated
        FROM old_deliveries d JOIN renumbered n ON n.was = d.id ORDER BY n.id"""
    )
    op.execute(
        """INSERT INTO chunks (edition, channel, audience, first, last, due)
        SELECT d.edition, d.channel, d.audience, min(n.id), max(n.id),
            min(CASE WHEN d.state IN ('pending', 'leased', 'deferred') THEN coalesce(d.not_before, d.updated) END)
        FROM old_deliveries d JOIN renumbered n ON n.was = d.id
        GROUP BY d.edition, d.channel, d.audience, n.chunk
        ORDER BY min(n.id)"""
    )
    op.execute("DROP TABLE renumbered")
    postgresql = op.get_bind().dialect.name == "postgresql"
    counted = """UPDATE chunks SET counts = (
            SELECT json_group_object(state, number) FROM (
                SELECT state, count(*) AS number FROM deliveries
                WHERE id BETWEEN chunks.first AND chunks.last GROUP BY state
            ) AS by_state
        )"""
    op.execute(counted.replace("json_group_object", "jsonb_object_agg") if postgresql else counted)
    if postgresql:
        op.execute("SELECT setval(pg_get_serial_sequence('deliveries', 'id'), (SELECT max(id) FROM deliveries))")
