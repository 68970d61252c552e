"""``config``: what was made on the desk, as a file would have it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.command import Session, command
from bot.errors import NothingToDo, SettingsError
from bot.settings.export import exported, tables


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What was made on the desk.", no_args_is_help=True)
    command(group)(export)
    app.add_typer(group, name="config")


def export(
    session: Session,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; a new one. It is printed without.")
    ] = None,
) -> None:
    """Writes the schedules, sources and the brand that were made on the desk as TOML, to be pasted into
    broadsheet.toml. What stands in both is the file's: remove it on the desk then."""
    with session.open() as installation:
        with installation.store.read() as tx:
            found = tx.declarations.all()
        if not found:
            raise NothingToDo("nothing was made on the desk: all there is stands in broadsheet.toml")
        if out is None:
            session.out.say(exported(found).rstrip("\n"))
        else:
            _write(out, exported(found))
            session.out.say(f"{out}: {', '.join(each.at for each in found)}")
        session.out.value(tables(found))


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written: {error.strerror}; name another --out") from error
