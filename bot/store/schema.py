"""Brings a store to the version of this program."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from bot.errors import StoreError
from bot.store import job_tables

HEAD = "0003"
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
    found = version(engine)
    if found is None:
        upgrade(engine)
    elif found < HEAD:
        raise StoreError(
            f"the store is of version {found}, this program needs {HEAD}: back it up, then run `broadsheet db upgrade`"
        )
    elif found > HEAD:
        raise StoreError(f"the store is of version {found}, newer than this program ({HEAD}): update Broadsheet")
    else:
        job_tables.prepare(engine)


def upgrade(engine: Engine) -> None:
    """Runs the migrations that are missing; on a store that is up to date, does nothing."""
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
        command.upgrade(config, "head")
    job_tables.upgrade(engine)
