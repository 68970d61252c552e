"""``acts``: who did what, when. ``db``: the store."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.command import Limit, Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.delivery import folding
from bot.settings import load_settings
from bot.store import schema
from bot.store.engine import faults_told, open_engine


def register(app: typer.Typer) -> None:
    command(app)(acts)
    group = typer.Typer(help="The store.", no_args_is_help=True)
    command(group)(upgrade)
    command(group)(stats)
    command(group)(fold)
    app.add_typer(group, name="db")


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
