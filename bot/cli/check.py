"""``check``: one line a check, with the fix."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.command import Session, command
from bot.schedules.checkup import checkup


def register(app: typer.Typer) -> None:
    command(app)(check)


def check(
    session: Session,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody outside this machine: no source, no mail server, no DNS.")
    ] = False,
) -> int:
    """Checks everything: settings, store, templates and what the law wants in them, sources, channels, public address,
    clock, and what receivers see in the DNS: SPF, DKIM, DMARC, PTR, MX."""
    with session.out.progress("checking"):
        results = checkup(session.config, offline=offline)
    for result in results:
        fix = f"; {result.fix}" if result.fix else ""
        session.out.say(f"{result.grade:<7} {result.id.replace('.', ' ', 2)}: {result.said}{fix}")
    session.out.value(results)
    return 1 if any(result.grade == "fault" for result in results) else 0
