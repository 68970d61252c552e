"""``check``: one line a check, with the fix."""

from __future__ import annotations

import typer

from bot.cli.command import Session, command
from bot.schedules.checkup import checkup


def register(app: typer.Typer) -> None:
    command(app)(check)


def check(session: Session) -> int:
    """Checks everything: settings, store, templates, sources, channels, public address, clock."""
    with session.out.progress("checking"):
        results = checkup(session.config)
    for result in results:
        session.out.say(f"{result.grade:<7} {result.what}: {result.said}")
    session.out.value(results)
    return 1 if any(result.grade == "fault" for result in results) else 0
