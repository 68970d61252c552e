"""``acts``: who did what, when."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.command import Limit, Session, command
from bot.cli.output import local


def register(app: typer.Typer) -> None:
    command(app)(acts)


def acts(
    session: Session,
    since: Annotated[str, typer.Option("--since", help='From when on, e.g. "-1d".', metavar="TIME")] = "-7d",
    limit: Limit = 200,
) -> None:
    """Shows who did what, when; the newest first."""
    with session.open() as installation:
        with installation.store.read() as tx:
            found = tx.acts.newest(since=session.moment(installation, since), limit=limit)
        zone = installation.newsroom.timezone
        session.out.table(
            ("when", "who", "what", "on", "before", "after", "note"),
            [
                (local(each.at, zone), each.who, each.what, each.thing, each.before, each.after, each.note)
                for each in found
            ],
        )
        session.out.value(found)
