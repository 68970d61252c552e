"""The audience: evidence of consent, preferences, sign-ups, what came back, imports, links that are counted."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.address import AddressHash, address_key
from bot.store.tables import Json, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("subscriptions", sa.Column("evidence", Json, nullable=True))
    op.add_column("subscriptions", sa.Column("preferences", Json, nullable=True))
    op.create_index(
        "ix_subscriptions_chosen",
        "subscriptions",
        ["audience", "subscriber"],
        unique=False,
        sqlite_where=sa.text("preferences IS NOT NULL"),
        postgresql_where=sa.text("preferences IS NOT NULL"),
    )
    op.add_column("suppressions", sa.Column("source", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_suppressions_at", "suppressions", ["at"], unique=False)
    op.add_column("chunks", sa.Column("variant", sa.String(length=40), server_default="", nullable=False))
    _add_past_consents()
    _add_signups()
    _add_events()
    _add_imports()
    _add_links()
    _compose_keys()


def _add_past_consents() -> None:
    op.create_table(
        "past_consents",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("subscriber", Id, nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", Json, nullable=True),
        sa.Column("ended", Moment(), nullable=True),
        sa.Column("ended_via", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber"], ["subscribers.id"], name=op.f("fk_past_consents_subscriber"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_consents")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_past_consents_subscriber", "past_consents", ["subscriber"], unique=False)


def _add_signups() -> None:
    op.create_table(
        "signups",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("choices", Json, nullable=False),
        sa.Column("language", sa.String(length=35), server_default="", nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("requested", Moment(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("mailed", Moment(), nullable=True),
        sa.Column("outcome", sa.String(length=12), server_default="", nullable=False),
        sa.Column("confirmed", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
    )
    op.create_index("ix_signups_address_hash", "signups", ["address_hash"], unique=False)
    op.create_index("ix_signups_requested", "signups", ["requested"], unique=False)
    op.create_index("ix_signups_mailed", "signups", ["mailed"], unique=False)
    op.create_index(
        "ix_signups_due",
        "signups",
        ["due"],
        unique=False,
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    )


def _add_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("effect", sa.String(length=12), server_default="", nullable=False),
        sa.Column("delivery", Id, server_default="0", nullable=False),
        sa.Column("edition", sa.String(length=16), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=100), server_default="", nullable=False),
        sa.Column("subscriber", Id, nullable=True),
        sa.Column("address_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("code", sa.String(length=12), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=40), server_default="", nullable=False),
        sa.Column("source", sa.String(length=40), server_default="", nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("key", name=op.f("uq_events_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_edition", "events", ["edition", "verdict"], unique=False)
    op.create_index("ix_events_subscriber", "events", ["subscriber"], unique=False)
    op.create_index("ix_events_address_hash", "events", ["address_hash"], unique=False)
    op.create_index("ix_events_at", "events", ["at"], unique=False)
    op.create_index(
        "ix_events_waiting",
        "events",
        ["edition"],
        unique=False,
        sqlite_where=sa.text("effect = 'waiting'"),
        postgresql_where=sa.text("effect = 'waiting'"),
    )


def _add_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("audience", sa.String(length=100), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("began", Moment(), nullable=False),
        sa.Column("updated", Moment(), nullable=False),
        sa.Column("ended", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )


def _add_links() -> None:
    op.create_table(
        "links",
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("clicks", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["editions.id"], name=op.f("fk_links_edition"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("edition", "number", name=op.f("pk_links")),
    )


def _compose_keys() -> None:
    """Two spellings of an international domain are one mailbox from now on; who stands there twice stays so.

    Their hashes go with them, or a suppressed address would be another one from now on. A hash whose address was
    erased stays as it is: nobody knows any more how it was spelled.
    """
    connection = op.get_bind()
    for row in _international(connection, "subscribers", "id"):
        key = address_key(row.address)
        taken = connection.execute(sa.text("SELECT 1 FROM subscribers WHERE address_key = :key"), {"key": key}).first()
        connection.execute(
            sa.text("UPDATE subscribers SET address_key = :key, address_hash = :hash WHERE id = :id"),
            {"key": row.address_key if taken else key, "hash": AddressHash().of_key(key), "id": row.id},
        )
    for row in _international(connection, "suppressions", "address_hash, audience"):
        given = {"old": row.address_hash, "new": AddressHash()(row.address), "audience": row.audience}
        if given["new"] == given["old"]:
            continue
        this = "address_hash = :old AND audience = :audience"
        there = sa.text("SELECT 1 FROM suppressions WHERE address_hash = :new AND audience = :audience")
        if connection.execute(there, given).first():
            connection.execute(sa.text(f"DELETE FROM suppressions WHERE {this}"), given)  # noqa: S608
        else:
            connection.execute(sa.text(f"UPDATE suppressions SET address_hash = :new WHERE {this}"), given)  # noqa: S608


def _international(connection: sa.Connection, table: str, order: str) -> list[sa.Row[Any]]:
    """The rows with an address that is not all ASCII: of a million a few."""
    size = "octet_length(address)" if connection.dialect.name == "postgresql" else "length(CAST(address AS BLOB))"
    query = sa.text(f"SELECT * FROM {table} WHERE {size} <> length(address) ORDER BY {order}")  # noqa: S608
    return list(connection.execute(query).all())
