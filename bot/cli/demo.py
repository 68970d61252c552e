"""``demo``: the whole main job on a bundled newsroom, without network and account."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from bot.audience import enrolment
from bot.audience.importing import run_import
from bot.cli.command import Session, command
from bot.cli.schedules import run_due
from bot.cli.up import Roles
from bot.clock import system_clock
from bot.editions.post_view import network_name
from bot.errors import NothingToDo
from bot.schedules.installation import Installation, opened
from bot.schedules.keepsake import Keepsake, write_keepsake
from bot.schedules.ticker import collect_now

if TYPE_CHECKING:
    from bot.demo import Running

SCHEDULE = "morning"


def register(app: typer.Typer) -> None:
    command(app)(demo)


def demo(
    session: Session,
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo keeps its files.")] = Path("demo"),
    serve: Annotated[bool, typer.Option("--serve", help="Then show its pages in the browser until Ctrl-C.")] = False,
) -> int:
    """Runs the whole main job on a bundled newsroom: its own site, mailbox and social networks. No account needed."""
    # Only here: other commands need none of the demo's servers, and should not wait for them.
    from bot.demo import running

    with running(folder, system_clock, serves=serve) as town, opened(town.config) as installation:
        if town.taken:
            session.out.say(
                f"{installation.settings.file}: web.port: {town.taken} is in use; the pages get {town.web_port}, and "
                "the file says so now. Links of mails that were sent before lead to the old one"
            )
        for network in town.networks:
            network.connect(installation.store, installation.keys, installation.clock())
        said = _collected(session, installation)
        job = enrolment.subscribers_import(
            town.subscribers,
            "readers",
            ["readers"],
            by="the demo",
            zone=ZoneInfo(installation.newsroom.timezone),
            consent="bundled with Broadsheet",
        )
        subscribed = run_import(installation.store, job, clock=installation.clock, advance=lambda _rows, _lines: None)
        session.out.say(f"audience: {subscribed.accepted + subscribed.known} subscribers")
        made = _made(session, installation)
        keepsake = asyncio.run(write_keepsake(installation, SCHEDULE, folder / "editions"))
        _posted(town)
        _show(session, town, keepsake)
        session.out.value(
            {
                "collected": said,
                "outcome": made,
                "edition": keepsake.edition if keepsake else None,
                "files": keepsake.files if keepsake else [],
                "mailbox": town.mailbox,
                "mails": len(list(town.mailbox.glob("*.eml"))),
                "posts": sorted(town.posts.glob("*.json")),
            }
        )
        if serve:
            session.out.say("\nwhat followers and readers see, while this runs:")
            for network in town.networks:
                session.out.say(f"{network_name(network.kind):<16} {network.page}")
            session.out.say(f"{'mails':<16} {town.inbox_url}/")
            session.out.say(f"\nsign up at {town.public_url}/subscribe; the confirmation comes there, too")
            session.out.say("\nopen the desk by the address below; Ctrl-C ends it")
            web = installation.settings.web
            code = Roles(installation, session.out.say).run(
                ticks=True, works=True, serves=True, host=web.host, port=town.web_port, listener=town.listener
            )
            _posted(town)
            return code
        session.out.say("\nthe desk: the same with --serve, then open the address it says")
    return 0


def _collected(session: Session, installation: Installation) -> dict[str, int]:
    report = collect_now(installation)[0]
    session.out.say(
        f"newsroom: {installation.newsroom.name}, {report.new} new articles, {report.changed} changed, "
        f"{report.unchanged} known{f'; {report.error}' if report.error else ''}"
    )
    return {"new": report.new, "changed": report.changed, "unchanged": report.unchanged}


def _made(session: Session, installation: Installation) -> str:
    quiet = Session(session.config, session.out.silent())
    try:
        run_due(quiet, installation, SCHEDULE)
    except NothingToDo as nothing:
        session.out.say(f"nothing was sent: {nothing}")
        return "nothing to do"
    return "sent"


def _posted(town: Running) -> None:
    """Keeps what followers see: the networks forget it when they stop."""
    for network in town.networks:
        network.write(town.posts)


def _show(session: Session, town: Running, keepsake: Keepsake | None) -> None:
    if keepsake is None:
        return
    out = session.out
    out.say(f"edition {keepsake.edition} “{keepsake.subject}”: {keepsake.state}")
    for line in keepsake.stories:
        out.say(f"  {line}")
    states = ", ".join(f"{count} {state}" for state, count in sorted(keepsake.deliveries.items()))
    out.say(f"deliveries: {states}; together {sum(keepsake.deliveries.values())} of {keepsake.snapshot}")
    out.say("")
    networks = [each.kind for each in town.networks]
    for kind in networks:
        if (file := town.posts / f"{kind}.json").exists():
            out.say(f"posted on {network_name(kind):<16} {file}")
    for post in sorted(town.posts.glob("*.json")):
        if post.stem not in networks:
            out.say(f"posted to {network_name('webhook'):<16} {post}")
    out.say("")
    mails = sorted(town.mailbox.glob("*.eml"))
    out.say(f"mails   {town.mailbox}  ({len(mails)} files)")
    for name, file in keepsake.named.items():
        out.say(f"{name:<7} {file}")
