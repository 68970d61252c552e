"""``subscribers`` and ``suppressions``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.audience import enrolment
from bot.audience.csv_file import write_subscribers
from bot.audience.suppression import allow
from bot.audience.suppression import suppress as suppress_address
from bot.cli.command import Limit, Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.errors import NotFound, NothingToDo, StateError, UsageError
from bot.model import Act, Suppression
from bot.schedules.installation import Installation
from bot.settings import nearest

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


def _known(installation: Installation, name: str) -> str:
    """``name``, or "" where none is named. Raises ``NotFound``."""
    known = installation.settings.audiences
    if name and name not in known:
        raise NotFound(f'there is no audience "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}')
    return name


def _audience(installation: Installation, name: str) -> str:
    """``name``, or the only audience there is. Raises ``NotFound``, ``UsageError``."""
    _known(installation, name)
    known = installation.settings.audiences
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
            by=who(),
            note=note,
            now=installation.clock(),
        )
        session.out.value({"address": address, "result": result})
    if result == "known":
        raise NothingToDo(f"{address}: is subscribed already")
    if result == "suppressed":
        raise StateError(
            f"{address}: is suppressed; `broadsheet suppressions list` says why, `suppressions remove` allows it again"
        )
    if result == "left":
        raise StateError(f"{address}: left at a time that is still to come; is this machine's clock right?")
    session.out.say(f"{address}: {result}")


def show(
    session: Session,
    audience: Audience = "",
    state: Annotated[str, typer.Option("--state", help="subscribed or unsubscribed.")] = "",
    limit: Limit = 100,
) -> None:
    """Lists subscribers."""
    if state not in ("", "subscribed", "unsubscribed"):
        raise UsageError(f'--state takes "subscribed" or "unsubscribed", not "{state}"')
    with session.open() as installation:
        _known(installation, audience)
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
        refused = len(result.refused) + result.refused_more
        session.out.say(
            f"{result.accepted} accepted, {result.known} known already, {result.left} left before and stay so, "
            f"{result.suppressed} suppressed, {refused} refused"
        )
        for refusal in result.refused:
            session.out.say(f"  {file.name}, row {refusal.line}: {refusal.reason}")
        if result.refused_more:
            session.out.say(f"  and {result.refused_more} more rows")
        session.out.value(result)
        return 1 if result.refused and not (result.accepted or result.known) else 0


def export(
    session: Session,
    file: Annotated[Path | None, typer.Argument(help="Where to write; the standard output without it.")] = None,
    audience: Audience = "",
) -> None:
    """Writes the subscribers as CSV; with --json and no file, as JSON."""
    with session.open() as installation:
        _known(installation, audience)
        if file is None:
            _on_record(installation, audience, "the standard output")
            with installation.store.read() as tx:
                rows = enrolment.exported(tx, audience)
                if session.out.as_json:
                    session.out.value(
                        [{"address": each.address, "name": each.name, "subscribed": each.subscribed} for each in rows]
                    )
                else:
                    write_subscribers(rows, sys.stdout)
            return
        try:
            with file.open("w", encoding="utf-8", newline="") as stream:
                _on_record(installation, audience, file.name)
                with installation.store.read() as tx:
                    count = write_subscribers(enrolment.exported(tx, audience), stream)
        except OSError as error:
            raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
        session.out.say(f"{count} subscribers written to {file}")
        session.out.value({"file": file, "count": count})


def _on_record(installation: Installation, audience: str, where: str) -> None:
    """Before the first address leaves: also an export that is broken off has taken some."""
    thing = f"audience:{audience or 'all'}"
    with installation.store.write() as tx:
        tx.acts.add(Act(at=installation.clock(), who=who(), what="export subscribers", thing=thing, note=f"to {where}"))


def forget(session: Session, address: Address) -> None:
    """Erases an address everywhere, and keeps it from being imported again."""
    with session.open() as installation:
        if not enrolment.forget(installation.store, address, who=who(), now=installation.clock()):
            raise NotFound(f"{address}: is not known")
        session.out.say(f"{address}: erased")
        session.out.value({"address": address, "erased": True})


def suppressions(session: Session, limit: Limit = 100) -> None:
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
    with session.open() as installation:
        suppression = Suppression(
            address=address,
            reason="editor",
            at=installation.clock(),
            audience=_known(installation, audience),
            note=note or f"by {who()}",
        )
        if not suppress_address(installation.store, suppression, who=who()):
            raise NothingToDo(f"{address}: is suppressed already")
    session.out.say(f"{address}: suppressed")
    session.out.value({"address": address, "suppressed": True})


def unsuppress(session: Session, address: Address, audience: Audience = "") -> None:
    """Allows an address to be mailed again."""
    with session.open() as installation:
        _known(installation, audience)
        if not allow(installation.store, address, audience, who=who(), now=installation.clock()):
            raise NothingToDo(f"{address}: is not suppressed")
    session.out.say(f"{address}: allowed again")
    session.out.value({"address": address, "suppressed": False})
