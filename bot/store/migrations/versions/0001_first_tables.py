"""The first tables."""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Id, Json, Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("after", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_acts_at", "acts", ["at"], unique=False)
    op.create_index("ix_acts_thing", "acts", ["thing"], unique=False)
    op.create_table(
        "articles",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("url_key", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("published", Moment(), nullable=False),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.Column("withdrawn", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("source", "guid", name=op.f("uq_articles_source_guid")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_articles_published", "articles", ["published"], unique=False)
    op.create_index("ix_articles_url_key", "articles", ["url_key"], unique=False)
    op.create_table(
        "editions",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("schedule", sa.String(length=100), nullable=False),
        sa.Column("slot_key", sa.String(length=100), nullable=False),
        sa.Column("slot", Moment(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.Column("snapshot", sa.Integer(), nullable=True),
        sa.Column("sent", Moment(), nullable=True),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("report", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("schedule", "slot_key", name=op.f("uq_editions_schedule_slot_key")),
    )
    op.create_index("ix_editions_slot", "editions", ["slot"], unique=False)
    op.create_index("ix_editions_state", "editions", ["state"], unique=False)
    op.create_table(
        "flags",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_flags")),
    )
    op.create_table(
        "schedule_states",
        sa.Column("schedule", sa.String(length=100), nullable=False),
        sa.Column("activated", Moment(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("reckoned", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("schedule", name=op.f("pk_schedule_states")),
    )
    op.create_table(
        "source_states",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("last_modified", sa.Text(), server_default="", nullable=False),
        sa.Column("cursor", sa.Text(), server_default="", nullable=False),
        sa.Column("moved_to", sa.Text(), server_default="", nullable=False),
        sa.Column("last_visit", Moment(), nullable=True),
        sa.Column("last_success", Moment(), nullable=True),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("doubted", Json, nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_states")),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("created", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscribers_address_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscribers_address_hash", "subscribers", ["address_hash"], unique=False)
    op.create_table(
        "suppressions",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", "audience", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("audience", sa.String(length=100), server_default="", nullable=False),
        sa.Column("subscriber", Id, nullable=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("token", sa.String(length=26), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("lease", sa.String(length=32), server_default="", nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_try", Moment(), nullable=True),
        sa.Column("code", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enhanced", sa.String(length=12), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.Column("provider_id", sa.Text(), server_default="", nullable=False),
        sa.Column("updated", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_deliveries_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "edition",
            "channel",
            "subject",
            "destination",
            name=op.f("uq_deliveries_edition_channel_subject_destination"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_edition_state", "deliveries", ["edition", "state"], unique=False)
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["state", "not_before"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'deferred', 'leased', 'attempting')"),
        postgresql_where=sa.text("state IN ('pending', 'deferred', 'leased', 'attempting')"),
    )
    op.create_index("ix_deliveries_subscriber", "deliveries", ["subscriber"], unique=False)
    op.create_index(
        "ix_deliveries_lease_until",
        "deliveries",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_token",
        "deliveries",
        ["token"],
        unique=False,
        sqlite_where=sa.text("token <> ''"),
        postgresql_where=sa.text("token <> ''"),
    )
    op.create_table(
        "edition_stories",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["edition"], ["editions.id"], name=op.f("fk_edition_stories_edition"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition", "position", name=op.f("pk_edition_stories")),
    )
    op.create_table(
        "renditions",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_renditions_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edition", "channel", "subject", name=op.f("pk_renditions")),
    )
    op.create_table(
        "reservations",
        sa.Column("schedule", sa.String(length=100), nullable=False),
        sa.Column("article", Id, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("consumed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_reservations_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("schedule", "article", name=op.f("pk_reservations")),
    )
    op.create_index("ix_reservations_edition", "reservations", ["edition"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("article", Id, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("seen", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], name=op.f("fk_revisions_article"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article", "revision", name=op.f("pk_revisions")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("subscriber", Id, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("consent_at", Moment(), nullable=False),
        sa.Column("consent_via", sa.Text(), nullable=False),
        sa.Column("consent_note", sa.Text(), server_default="", nullable=False),
        sa.Column("ended", Moment(), nullable=True),
        sa.Column("ended_via", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["subscribers.id"], name=op.f("fk_subscriptions_subscriber"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("audience", "subscriber", name=op.f("pk_subscriptions")),
    )
    op.create_index("ix_subscriptions_subscriber", "subscriptions", ["subscriber"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("delivery", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began", Moment(), nullable=False),
        sa.Column("ended", Moment(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enhanced", sa.String(length=12), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("provider_id", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name=op.f("fk_attempts_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attempts_delivery", "attempts", ["delivery"], unique=False)
