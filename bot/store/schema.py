"""Brings a store to the version of this program."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import JSON, DateTime, Engine, MetaData, Table, inspect, text

from bot.errors import StoreError
from bot.store import job_tables
from bot.store.engine import shown
from bot.store.tables import Json, Moment, metadata

HEAD = "0023"
"""The newest migration. A test holds it against ``migrations/versions``."""


def version(engine: Engine) -> str | None:
    """The version of the store's tables, None when it has none."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def prepare(engine: Engine) -> None:
    """Gives an empty store its tables; raises ``StoreError`` when the store is of another version."""
    if version(engine) is None:
        upgrade(engine)
    need_head(engine)
    job_tables.prepare(engine)


def need_head(engine: Engine) -> None:
    """Raises ``StoreError`` when the store has no tables, or those of another version."""
    found = version(engine)
    if found is None:
        raise StoreError(f"the store {shown(engine)} is empty: there is nothing in it yet")
    if found < HEAD:
        raise StoreError(
            f"the store is of version {found}, this program needs {HEAD}: back it up, then run `broadsheet db upgrade`"
        )
    if found > HEAD:
        raise StoreError(f"the store is of version {found}, newer than this program ({HEAD}): update Broadsheet")


def tables(engine: Engine) -> list[Table]:
    """The tables of the store as its version has them, those first that others refer to; without Alembic's own."""
    if version(engine) == HEAD:
        return metadata.sorted_tables
    found = MetaData()
    found.reflect(engine, only=lambda name, _: name != "alembic_version")
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, DateTime):
                column.type = Moment()
            elif isinstance(column.type, JSON):
                column.type = Json
    return found.sorted_tables


def upgrade(engine: Engine, to: str = "head") -> None:
    """Runs the migrations that are missing, up to ``to``; on a store that is up to date, does nothing."""
    # Only here: a third of a second that no other command should wait for.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # Two processes that start at once must not both create the tables.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.schema'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    job_tables.upgrade(engine)
