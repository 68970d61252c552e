"""``subscribers`` and ``suppressions``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.audience import enrolment
from bot.audience.csv_file import write_subscribers
from bot.cli.command import Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.errors import NotFound, NothingToDo, UsageError
from bot.model import Suppression
from bot.schedules.installation import Installation
from bot.settings import is_address, nearest

Audience = Annotated[str, typer.Option("--audience", help="A key of [audiences]; needed when there are several.")]
Address = Annotated[str, typer.Argument(help="A mail address.")]
Note = Annotated[str, typer.Option("--note", help="The evidence: where and how they agreed.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Who gets the digests.", no_args_is_help=True)
    command(group, "add")(add)
    command(group, "list")(show)
    command(group, "import")(import_file)
    command(group, "export")(export)
    command(group, "forget")(forget)
    app.add_typer(group, name="subscribers")
    suppressed = typer.Typer(help="Addresses that must not be mailed.", no_args_is_help=True)
    command(suppressed, "list")(suppressions)
    command(suppressed, "add")(suppress)
    command(suppressed, "remove")(unsuppress)
    app.add_typer(suppressed, name="suppressions")


def _audience(installation: Installation, name: str) -> str:
    known = installation.settings.audiences
    if name and name not in known:
        raise NotFound(f'there is no audience "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}')
    if not name and len(known) != 1:
        raise UsageError(f"name one with --audience; there are: {', '.join(known) or 'none, add [audiences.NAME]'}")
    return name or next(iter(known))


def add(session: Session, address: Address, audience: Audience = "", name: str = "", note: Note = "") -> None:
    """Subscribes one address that has agreed to it."""
    with session.open() as installation:
        result = enrolment.add(
            installation.store,
            address,
            _audience(installation, audience),
            name=name,
            via=f"command by {who()}",
            note=note,
            now=installation.clock(),
        )
        session.out.say(f"{address}: {result}")
        session.out.value({"address": address, "result": result})


def show(
    session: Session,
    audience: Audience = "",
    state: Annotated[str, typer.Option("--state", help="subscribed or unsubscribed.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1)] = 100,
) -> None:
    """Lists subscribers."""
    with session.open() as installation:
        with installation.store.read() as tx:
            found = tx.subscribers.page(audience=audience, state=state, limit=limit)
        zone = installation.newsroom.timezone
        session.out.table(
            ("address", "name", "audience", "state", "since", "by"),
            [
                (each.address, each.name, each.audience, each.state, local(each.consent.at, zone), each.consent.via)
                for each in found
            ],
        )
        session.out.value(found)


def import_file(
    session: Session,
    file: Annotated[
        Path, typer.Argument(help="A CSV file whose header names address, and if you like name, subscribed.")
    ],
    audience: Audience = "",
    note: Note = "",
) -> int:
    """Subscribes the addresses of a CSV file; says what was accepted, refused (row and reason), known, suppressed."""
    with session.open() as installation:
        with session.out.progress(f"importing {file.name}") as bar:
            result = enrolment.import_csv(
                installation.store,
                file,
                _audience(installation, audience),
                by=who(),
                note=note,
                now=installation.clock(),
                advance=lambda: bar.advance(bar.task_ids[0]),
            )
        session.out.say(
            f"{result.accepted} accepted, {result.known} known already, {result.left} left before and stay so, "
            f"{result.suppressed} suppressed, {len(result.refused)} refused"
        )
        for refusal in result.refused:
            session.out.say(f"  {file.name}, row {refusal.line}: {refusal.reason}")
        session.out.value(result)
        return 1 if result.refused and not (result.accepted or result.known) else 0


def export(
    session: Session,
    file: Annotated[Path | None, typer.Argument(help="Where to write; the standard output without it.")] = None,
    audience: Audience = "",
) -> None:
    """Writes the subscribers as CSV."""
    with session.open() as installation, installation.store.read() as tx:
        rows = enrolment.exported(tx, audience)
        if file is None:
            write_subscribers(rows, sys.stdout)
            return
        try:
            with file.open("w", encoding="utf-8", newline="") as stream:
                count = write_subscribers(rows, stream)
        except OSError as error:
            raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
        session.out.say(f"{count} subscribers written to {file}")
        session.out.value({"file": file, "count": count})


def forget(session: Session, address: Address) -> None:
    """Erases an address everywhere, and keeps it from being imported again."""
    with session.open() as installation:
        if not enrolment.forget(installation.store, address, who=who(), now=installation.clock()):
            raise NotFound(f"{address}: is not known")
        session.out.say(f"{address}: erased")
        session.out.value({"address": address, "erased": True})


def suppressions(session: Session, limit: Annotated[int, typer.Option("--limit", min=1)] = 100) -> None:
    """Lists suppressed addresses, the newest first."""
    with session.open() as installation:
        with installation.store.read() as tx:
            found = tx.suppressions.newest(limit)
        zone = installation.newsroom.timezone
        session.out.table(
            ("address", "audience", "reason", "since", "note"),
            [
                (each.address or "(erased)", each.audience or "all", each.reason, local(each.at, zone), each.note)
                for each in found
            ],
        )
        session.out.value(found)


def suppress(session: Session, address: Address, audience: Audience = "", note: Note = "") -> None:
    """Never mails an address again, until it is removed from the list."""
    if not is_address(address):
        raise UsageError(f"{address}: is not a mail address")
    with session.open() as installation, installation.store.write() as tx:
        suppression = Suppression(
            address=address, reason="editor", at=installation.clock(), audience=audience, note=note or f"by {who()}"
        )
        if not tx.suppressions.add(suppression):
            raise NothingToDo(f"{address}: is suppressed already")
    session.out.say(f"{address}: suppressed")
    session.out.value({"address": address, "suppressed": True})


def unsuppress(session: Session, address: Address, audience: Audience = "") -> None:
    """Allows an address to be mailed again."""
    with session.open() as installation, installation.store.write() as tx:
        if not tx.suppressions.remove(address, audience):
            raise NothingToDo(f"{address}: is not suppressed")
    session.out.say(f"{address}: allowed again")
    session.out.value({"address": address, "suppressed": False})
