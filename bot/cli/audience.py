"""What the commands about readers share: the audience that is meant, a file that is imported, one that is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bot.audience.importing import Import, Imported, run_import, try_import
from bot.cli.command import Session
from bot.cli.editions import who
from bot.errors import NotFound, UsageError
from bot.model import Act, Phrase
from bot.schedules.installation import Installation
from bot.settings import nearest

Audience = Annotated[str, typer.Option("--audience", help="A key of [audiences]; needed when there are several.")]
Address = Annotated[str, typer.Argument(help="A mail address.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and store nothing.")]
Refused = Annotated[
    Path | None,
    typer.Option(
        "--refused", help="Where refused rows go, to be corrected and imported again; beside FILE without it."
    ),
]
Into = Annotated[Path | None, typer.Argument(help="Where to write; the standard output without it, or with -.")]

STDOUT = Path("-")


def known_audience(installation: Installation, name: str) -> str:
    """``name``, or "" where none is named. Raises ``NotFound``."""
    known = installation.settings.audiences
    if name and name not in known:
        raise NotFound(f'there is no audience "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}')
    return name


def only_audience(installation: Installation, name: str) -> str:
    """``name``, or the only audience there is. Raises ``NotFound``, ``UsageError``."""
    known_audience(installation, name)
    known = installation.settings.audiences
    if not name and len(known) != 1:
        raise UsageError(f"name one with --audience; there are: {', '.join(known) or 'none, add [audiences.NAME]'}")
    return name or next(iter(known))


def run(session: Session, installation: Installation, job: Import, *, dry_run: bool) -> int:
    """Imports, with a bar on a terminal; says what became of the rows, and returns the exit code."""
    act = try_import if dry_run else run_import
    with session.out.progress(f"{'trying' if dry_run else 'importing'} {job.file.name}") as bar:
        result = act(
            installation.store,
            job,
            clock=installation.clock,
            advance=lambda rows, lines: bar.update(bar.task_ids[0], completed=rows, total=max(rows, lines)),
        )
    for line in said_of(result):
        session.out.say(line)
    for refusal in result.refusals:
        session.out.say(f"  {job.file.name}, row {refusal.line}: {refusal.reason}")
    if result.refused > len(result.refusals):
        session.out.say(f"  and {result.refused - len(result.refusals)} more rows")
    for file in result.files:
        session.out.say(f"refused rows are in {file}: correct them there, and import that file")
    session.out.value({**vars(result), "refusals": [_without_cells(each) for each in result.refusals]})
    return 1 if result.fruitless else 0


def _without_cells(refusal: object) -> dict[str, object]:
    return {name: getattr(refusal, name) for name in ("line", "value", "reason")}


def said_of(result: Imported) -> list[str]:
    """What became of the rows, in lines for people."""
    counts = {
        "accepted": "accepted",
        "known": "known already",
        "repeated": "twice in the file",
        "left": "left before and stay so",
        "suppressed": "suppressed",
        "ended": "recorded as unsubscribed",
        "listed": "put on the list of those who are never mailed",
        "standing": "on that list already",
        "kept": "came back since they left",
        "unconfirmed": "never agreed",
        "elsewhere": "of another audience",
        "refused": "refused",
    }
    found = [f"{getattr(result, name)} {words}" for name, words in counts.items() if getattr(result, name)]
    lines = [", ".join(found) or "no rows"]
    if result.dry_run:
        lines[0] = f"{lines[0]}; nothing was stored"
    if result.resumed:
        lines.insert(0, f"went on after row {result.resumed}, where it had stopped")
    if result.origins:
        lines.append(f"read as an export of {', '.join(result.origins)}")
    if result.ignored:
        lines.append(f"columns that are not read: {', '.join(result.ignored)}")
    return lines


def write(
    session: Session, installation: Installation, file: Path | None, what: str, audience: str,
    rows: Callable[[TextIO], int],
) -> None:  # fmt: skip
    """Writes an export to ``file``, for its owner's eyes alone, or the standard output. Raises ``UsageError``."""
    if file is None or file == STDOUT:
        on_record(installation, what, audience, "the standard output")
        rows(sys.stdout)
        return
    try:
        # A file that was there before keeps the rights its owner gave it.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            on_record(installation, what, audience, file.name)
            count = rows(stream)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
    session.out.say(f"{count} {what} written to {file}")
    session.out.value({"file": file, "count": count})


def on_record(installation: Installation, what: str, audience: str, where: str) -> None:
    """Before the first address leaves: also an export that is broken off has taken some."""
    thing = f"audience:{audience or 'all'}"
    with installation.store.write() as tx:
        tx.acts.add(
            Act(
                at=installation.clock(),
                who=who(),
                what=f"export {what}",
                thing=thing,
                note=Phrase("to %(where)s", where=str(where)),
            )
        )
