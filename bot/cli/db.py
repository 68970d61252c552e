"""``db``: the store: its version, backups, the way back from one, the move to another database."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.command import Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.clock import system_clock
from bot.delivery import folding
from bot.errors import UsageError
from bot.schedules.installation import Installation
from bot.schedules.reconcile import Question, Reconciled, questions, restored
from bot.schedules.reconcile import reconcile as reconciled
from bot.settings import load_settings
from bot.store import schema
from bot.store.backup import Backup, back_up
from bot.store.backup import verify as verified
from bot.store.copying import Watch
from bot.store.engine import faults_told, open_engine
from bot.store.moving import move as moved
from bot.store.moving import stay
from bot.store.restore import restore as brought_back
from bot.tokens import KeyRing

File = Annotated[Path, typer.Argument(help="The backup's file.")]
Ids = Annotated[list[str] | None, typer.Option(help="An edition's id, as this command lists it; may be repeated.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The store.", no_args_is_help=True)
    command(group)(upgrade)
    command(group)(backup)
    command(group)(verify)
    command(group)(restore)
    command(group)(reconcile)
    command(group)(move)
    command(group)(stats)
    command(group)(fold)
    app.add_typer(group, name="db")


def upgrade(session: Session) -> None:
    """Brings the store's tables to the version of this program."""
    settings = load_settings(session.config)
    engine = open_engine(settings.store_url)
    try:
        with faults_told(engine, "cannot be upgraded"):
            before = schema.version(engine)
            schema.upgrade(engine)
    finally:
        engine.dispose()
    said = f"the store is of version {schema.HEAD}" + ("" if before == schema.HEAD else f", it was {before or 'empty'}")
    session.out.say(said)
    session.out.value({"before": before, "after": schema.HEAD})


def stats(session: Session) -> None:
    """Counts what the store holds."""
    with session.open() as installation:
        with installation.store.read() as tx:
            counts = tx.counts()
        session.out.table(("table", "rows"), counts.items())
        session.out.value(counts)


def backup(session: Session, file: File) -> None:
    """Writes the whole store into one new file, while everything goes on. A file that exists is never written over."""
    settings = load_settings(session.config)
    with _watched(session, "backing up") as watch:
        made = back_up(settings.store_url, file, now=system_clock(), watch=watch)
    session.out.say(f"{file}: {_rows(made.rows)} of {len(made.tables)} tables, version {made.version}")
    session.out.value(_facts(made))


def verify(session: Session, file: File) -> None:
    """Reads a backup from end to end and holds it against what it says of itself."""
    with session.out.progress("reading"):
        found = verified(file)
    session.out.say(
        f"{file}: whole, {_rows(found.rows)}; made {found.made:%Y-%m-%d %H:%M} UTC by Broadsheet {found.program}, "
        f"version {found.version}"
    )
    session.out.value(_facts(found))


def restore(
    session: Session,
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Also when the store is not empty.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="With --replace: the new file for a backup of what is there; beside FILE without."),
    ] = None,
) -> None:
    """Fills the store from a backup. Nothing goes out from it until `db reconcile` was told what was sent since."""
    settings = load_settings(session.config)
    with _watched(session, "restoring") as watch:
        done = brought_back(
            file,
            settings.store_url,
            replace=replace,
            keep=keep,
            who=who(),
            now=system_clock(),
            address_key=KeyRing.parse(settings.secret_keys).address_key,
            watch=watch,
        )
    out, zone = session.out, settings.newsroom.timezone
    out.say(f"the store is as it was on {local(done.backup.made, zone)}: {_rows(done.backup.rows)}")
    if done.kept:
        out.say(f"what it held before is in {done.kept}")
        out.say(f"{done.departed} readers who left, or were suppressed, since the backup are so here too")
    else:
        out.say("who unsubscribed since the backup is not known here: `broadsheet suppressions add` whom you know of")
    out.say("nothing goes out yet: `broadsheet db reconcile` asks what was sent since the backup")
    out.value({"backup": _facts(done.backup), "kept": done.kept, "departed": done.departed})


def reconcile(
    session: Session,
    sent: Ids = None,
    unsent: Ids = None,
    all_sent: Annotated[
        bool, typer.Option("--all-sent", help="All that is left counts as sent: the safe answer.")
    ] = False,
    note: Annotated[str, typer.Option("--note", help="Why; kept on the record.")] = "",
) -> int:
    """After a restore: lists what may have gone out since the backup, and takes your word on it.

    The store sends again once each is answered. The page `/e/ID` of a lost edition is named in its own mails.
    """
    with session.open() as installation:
        now = installation.clock()
        if not (sent or unsent or all_sent):
            with installation.store.read() as tx:
                since, asked = restored(tx), questions(tx, installation, now)
            if asked:
                zone = installation.newsroom.timezone
                session.out.say(f"the backup was made {local(since.backup, zone)}. Did these go out since?")
                _list(session, installation, asked)
                session.out.say("`db reconcile --all-sent`: all of them (nothing is sent twice; the safe answer)")
                session.out.say("`db reconcile --sent ID … --unsent ID …`: one by one")
                session.out.value({"backup": since.backup, "left": asked})
                return 0
        said = reconciled(
            installation, sent=sent or (), unsent=unsent or (), all_sent=all_sent, who=who(), now=now, note=note
        )
        _answered(session, installation, said)
    return 0


def _list(session: Session, installation: Installation, asked: tuple[Question, ...]) -> None:
    zone = installation.newsroom.timezone
    session.out.table(
        ("id", "schedule", "slot", "what is known"),
        [(each.edition, each.schedule, local(each.due, zone), each.known) for each in asked],
    )


def _answered(session: Session, installation: Installation, said: Reconciled) -> None:
    out = session.out
    out.say(f"{len(said.sent)} count as sent, {len(said.unsent)} as unsent")
    if said.unknown:
        out.say(f"{said.unknown} deliveries are unknown: `broadsheet deliveries --state unknown` lists them")
    if said.left:
        out.say("still to say:")
        _list(session, installation, said.left)
    else:
        out.say("all is said: the store sends again")
        with installation.store.read() as tx:
            paused = [each for each in said.unsent if tx.editions.state(each) == "paused"]
        for each in paused:
            out.say(f"edition {each} is paused: `broadsheet resume {each}` lets it go on")
        for each in said.held:
            out.say(f"edition {each} is held: `broadsheet release {each}` lets it go out")
    out.value(
        {
            "sent": said.sent,
            "unsent": said.unsent,
            "unknown": said.unknown,
            "left": said.left,
            "held": said.held,
            "open": said.open,
        }
    )


def move(
    session: Session,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            envvar="BROADSHEET_MOVE_TO",
            help="The new store's URL; better in the variable BROADSHEET_MOVE_TO, as it may hold a password.",
        ),
    ] = "",
    cancel: Annotated[
        bool, typer.Option("--cancel", help="This store is the newsroom's again; the new one must not be in use.")
    ] = False,
) -> None:
    """Copies the store into an empty one, such as PostgreSQL, and marks the old one, so that only one sends."""
    settings = load_settings(session.config)
    if cancel:
        where = stay(settings.store_url, who=who(), now=system_clock())
        session.out.say(f"the move to {where} is taken back" if where else "this store was not moved: it sends as ever")
        session.out.value({"moved": ""})
        return
    if not to:
        raise UsageError("name the new store: BROADSHEET_MOVE_TO=postgresql://… or --to")
    with _watched(session, "moving") as watch:
        done = moved(settings.store_url, to, who=who(), now=system_clock(), watch=watch)
    session.out.say(f"{_rows(done.rows)} of {len(done.tables)} tables are in {done.target}, the same on both sides")
    session.out.say("now set DATABASE_URL in .env (or store.url) to it, and start Broadsheet again")
    session.out.say(f"nothing goes out from {done.source} any more; keep it until you have a backup of the new one")
    session.out.value({"source": done.source, "target": done.target, "tables": done.tables})


@contextmanager
def _watched(session: Session, what: str) -> Iterator[Watch]:
    """Progress by rows; SIGTERM ends it as Ctrl-C does, so that nothing half-made is left."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with session.out.progress(what) as bar:
            yield lambda rows: bar.advance(bar.task_ids[0], rows)
    finally:
        signal.signal(signal.SIGTERM, before)


def _rows(count: int) -> str:
    return f"{count:,} rows"


def _facts(backup: Backup) -> dict[str, object]:
    return {
        "file": backup.file,
        "made": backup.made,
        "version": backup.version,
        "program": backup.program,
        "database": backup.database,
        "tables": {name: each.rows for name, each in backup.tables.items()},
    }


def fold(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what is old enough.")] = False,
) -> int:
    """Folds old editions' deliveries into totals, as `delivery.keep_deliveries` and `keep_attempts` say.

    `up` and `scheduler` do it by themselves every night. It may be stopped, and goes on where it stopped.
    """
    with session.open() as installation:
        rules, out = installation.settings.delivery, session.out
        tasks = folding.tasks(installation.store, rules, installation.clock())
        if not tasks:
            out.say("nothing is old enough")
        if dry_run:
            zone = installation.newsroom.timezone
            out.table(
                ("edition", "ended", "goes", "deliveries"),
                [(each.edition, local(each.ended, zone), each.what, each.deliveries) for each in tasks],
            )
            out.value(tasks)
            return 0 if tasks else 3
        with out.progress("folding", sum(each.deliveries for each in tasks)) as bar:
            done = folding.fold(
                installation.store,
                rules,
                installation.clock,
                who=who(),
                watch=lambda count: bar.advance(bar.task_ids[0], count),
            )
        if tasks:
            of = f"of {len(done.editions)} editions"
            out.say(f"{done.deliveries} deliveries folded, {done.attempts} attempts dropped, {of}")
        for edition, reason in done.left.items():
            out.say(f"left as it is: {edition}: {reason}")
        out.value(done)
        return 1 if done.left else 0 if tasks else 3
