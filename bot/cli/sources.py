"""``collect``, ``sources``, ``articles``, ``stories``: what comes in."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.command import Limit, Session, command, without_subcommand
from bot.cli.output import local
from bot.errors import NotFound
from bot.http import Http
from bot.schedules import hubs, pings
from bot.schedules.installation import Installation
from bot.schedules.ticker import collect_now
from bot.settings import load_settings, nearest
from bot.sources.collect import Report
from bot.sources.discovery import Found, discover
from bot.stories.copies import stories_of
from bot.stories.events import events_of
from bot.stories.vocabulary import Vocabulary

Names = Annotated[list[str] | None, typer.Argument(help="Keys of [sources]; all without.")]
Since = Annotated[str, typer.Option("--since", help='From when on, e.g. "-1d".', metavar="TIME")]


def register(app: typer.Typer) -> None:
    command(app)(collect)
    group = typer.Typer()
    without_subcommand(group)(health)
    command(group, "add")(add)
    command(group, "ping")(ping)
    app.add_typer(group, name="sources")
    command(app)(articles)
    command(app)(stories)


def collect(session: Session, names: Names = None) -> int:
    """Fetches the sources now and says of each what is new, changed, withdrawn, unchanged or failed."""
    with session.open() as installation:
        _known(installation, names or [])
        reports = collect_now(installation, tuple(names or ()))
        session.out.table(
            ("source", "new", "changed", "withdrawn", "unchanged", ""),
            [
                (
                    each.source,
                    each.new,
                    each.changed + each.returned,
                    each.withdrawn,
                    each.unchanged,
                    _said(each, installation),
                )
                for each in reports
            ],
        )
        for report in reports:
            for warning in report.warnings:
                session.out.say(f"{report.source}: {warning}")
        session.out.value(reports)
        return 1 if any(each.error for each in reports) else 0


def _said(report: Report, installation: Installation) -> str:
    if report.waiting:
        return f"asked us to wait until {local(report.waiting, installation.newsroom.timezone)}"
    return f"failed: {report.error}" if report.error else ""


def _known(installation: Installation, names: list[str]) -> None:
    for name in names:
        if name not in installation.sources:
            known = list(installation.sources)
            raise NotFound(
                f'there is no source "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}'
            )


def health(session: Session) -> None:
    """Shows how each source is: its last good visit, failures in a row, the last error."""
    with session.open() as installation:
        with installation.store.read() as tx:
            states = [tx.sources.get(name) for name in installation.sources]
            named = {each.source: hubs.standing(each, installation.clock()) for each in tx.hubs.all()}
        zone = installation.newsroom.timezone
        session.out.table(
            ("source", "type", "last good visit", "failures", "last error", "hub"),
            [
                (
                    each.source,
                    installation.settings.sources[each.source]["type"],
                    local(each.last_success, zone) or "never",
                    each.failures,
                    each.error,
                    named.get(each.source, ""),
                )
                for each in states
            ],
        )
        session.out.value([{**asdict(each), "hub": named.get(each.source, "")} for each in states])


def ping(session: Session, name: Annotated[str, typer.Argument(help="A key of [sources].")]) -> None:
    """Prints the address that a site calls when it has news: the source is visited within seconds. Keep it to yourself:
    whoever knows it can make us look."""
    with session.open() as installation:
        _known(installation, [name])
        url = pings.ping_url(installation.newsroom, installation.keys, name)
        session.out.say(url)
        session.out.say("WordPress: Settings, Writing, Update Services: add it as a line of its own. Or give it to a")
        session.out.say("webhook plugin for the event “post published”, method POST, whatever body. docs/on-publish.md")
        if not hubs.is_public(installation.newsroom.public_url):
            session.out.say("newsroom.public_url is an address of this machine: a site elsewhere does not reach it")
        session.out.value({"source": name, "url": url})


def add(
    session: Session,
    url: Annotated[str, typer.Argument(help="Any address of a site.")],
    name: Annotated[str, typer.Option("--name", help="The key it gets.")] = "site",
) -> None:
    """Finds the feed or API behind any address and prints the lines to add to broadsheet.toml."""
    settings = load_settings(session.config)

    async def look() -> Found:
        async with Http(settings.http) as http:
            return await discover(http, url)

    found = asyncio.run(look())
    session.out.say(f"found: {found.type} {found.url} {found.title}".rstrip())
    session.out.say(f'add this to {settings.file}:\n\n[sources.{name}]\ntype = "{found.type}"\nurl = "{found.url}"')
    session.out.value(found)


def articles(
    session: Session,
    source: Annotated[str, typer.Option("--source", help="Only this source.")] = "",
    since: Since = "-7d",
    limit: Limit = 50,
) -> None:
    """Lists the articles that are known, the newest first."""
    with session.open() as installation:
        _known(installation, [source] if source else [])
        with installation.store.read() as tx:
            found = tx.articles.newest(since=session.moment(installation, since), source=source, limit=limit)
        zone = installation.newsroom.timezone
        session.out.table(
            ("id", "published", "source", "revision", "title"),
            [
                (
                    each.id,
                    local(each.published, zone),
                    each.source,
                    "withdrawn" if each.withdrawn else each.revision,
                    each.title,
                )
                for each in found
            ],
        )
        session.out.value(
            [
                {**each.content(), "id": each.id, "revision": each.revision, "withdrawn": each.withdrawn}
                for each in found
            ]
        )


def stories(session: Session, since: Since = "-2d", limit: Limit = 50) -> None:
    """Lists the stories behind the articles: copies of one text, and other words about one event, are one story."""
    with session.open() as installation:
        with installation.store.read() as tx:
            known = tx.articles.newest(since=session.moment(installation, since))
        site = installation.newsroom.site
        copied = stories_of([each for each in known if not each.withdrawn], site)
        found = events_of(copied, Vocabulary(), site)[:limit]
        zone = installation.newsroom.timezone
        session.out.table(
            ("lead", "published", "articles", "title"),
            [(each.lead.id, local(each.lead.published, zone), len(each.articles), each.lead.title) for each in found],
        )
        session.out.value(
            [
                {"lead": each.lead.id, "title": each.lead.title, "articles": [one.id for one in each.articles]}
                for each in found
            ]
        )
