"""``suppressions``: addresses that must not be mailed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.audience.suppression import allow, suppressions_import
from bot.audience.suppression import suppress as suppress_address
from bot.audience.suppression_file import write_suppressions
from bot.cli import audience as shared
from bot.cli.audience import Address, DryRun, Into, Refused, known_audience
from bot.cli.command import Limit, Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.errors import NothingToDo
from bot.model import Suppression

Audience = Annotated[str, typer.Option("--audience", help="A key of [audiences]; all of them without it.")]
Note = Annotated[str, typer.Option("--note", help="Why, for those who look later.")]
Reason = Annotated[
    str, typer.Option("--reason", help="For rows that name none, e.g. bounced, complaint, unsubscribed.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Addresses that must not be mailed.", no_args_is_help=True)
    command(group, "list")(show)
    command(group, "add")(suppress)
    command(group, "remove")(unsuppress)
    command(group, "import")(import_file)
    command(group, "export")(export)
    app.add_typer(group, name="suppressions")


def show(session: Session, limit: Limit = 100) -> None:
    """Lists suppressed addresses, the newest first."""
    with session.open() as installation:
        with installation.store.read() as tx:
            found = tx.suppressions.newest(limit)
        zone = installation.newsroom.timezone
        session.out.table(
            ("address", "audience", "reason", "since", "source", "note"),
            [
                (
                    each.address or "(erased)",
                    each.audience or "all",
                    each.reason,
                    local(each.at, zone),
                    each.source,
                    each.note,
                )
                for each in found
            ],
        )
        session.out.value(found)


def suppress(session: Session, address: Address, audience: Audience = "", note: Note = "") -> None:
    """Never mails an address again, until it is removed from the list."""
    with session.open() as installation:
        suppression = Suppression(
            address=address,
            reason="editor",
            at=installation.clock(),
            audience=known_audience(installation, audience),
            source=f"command by {who()}",
            note=note,
        )
        if not suppress_address(installation.store, suppression, who=who()):
            raise NothingToDo(f"{address}: is suppressed already")
    session.out.say(f"{address}: suppressed")
    session.out.value({"address": address, "suppressed": True})


def unsuppress(session: Session, address: Address, audience: Audience = "") -> None:
    """Allows an address to be mailed again."""
    with session.open() as installation:
        known_audience(installation, audience)
        if not allow(installation.store, address, audience, who=who(), now=installation.clock()):
            raise NothingToDo(f"{address}: is not suppressed")
    session.out.say(f"{address}: allowed again")
    session.out.value({"address": address, "suppressed": False})


def import_file(
    session: Session,
    file: Annotated[
        Path, typer.Argument(help="One address a line, a CSV (email, reason, date …), or an export of ours.")
    ],
    reason: Reason = "",
    audience: Audience = "",
    dry_run: DryRun = False,
    refused: Refused = None,
) -> int:
    """Puts the addresses of a file on the list; the same command goes on where it stopped."""
    with session.open() as installation:
        with installation.store.read() as tx:
            fingerprint = tx.hashed.fingerprint
        job = suppressions_import(
            file,
            known_audience(installation, audience),
            installation.settings.audiences,
            by=who(),
            zone=ZoneInfo(installation.newsroom.timezone),
            fingerprint=fingerprint,
            reason=reason,
            refused=refused,
        )
        return shared.run(session, installation, job, dry_run=dry_run)


def export(session: Session, file: Into = None, audience: Annotated[
    str, typer.Option("--audience", help="Those of one audience alone; all of them without it.")
] = "") -> None:  # fmt: skip
    """Writes the list as CSV, erased addresses by their hash; with --json and no file, as JSON."""
    with session.open() as installation:
        known_audience(installation, audience)
        with installation.store.read() as tx:
            found = tx.suppressions.every(audience or None)
            if file is None and session.out.as_json:
                shared.on_record(installation, "suppressions", audience, "the standard output")
                session.out.value(list(found))
                return
            fingerprint = tx.hashed.fingerprint
            shared.write(
                session,
                installation,
                file,
                "suppressions",
                audience,
                lambda stream: write_suppressions(found, stream, fingerprint),
            )
