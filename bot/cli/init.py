"""``init``: a new newsroom."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.command import Session, command
from bot.errors import UsageError
from bot.http import Http
from bot.schedules.newcomer import Newcomer, write_newcomer
from bot.settings.tables import HttpTable
from bot.sources.discovery import Found, discover


def register(app: typer.Typer) -> None:
    command(app)(init)


def init(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="Where the newsroom is to live.")] = Path(),
    url: Annotated[str, typer.Option("--url", help="Your site; its WordPress API or feed is found.")] = "",
    name: Annotated[str, typer.Option("--name", help="The newsroom's name; the site's title without it.")] = "",
    timezone: Annotated[str, typer.Option("--timezone", help='IANA timezone, e.g. "Europe/Berlin".')] = "",
    address: Annotated[str, typer.Option("--address", help="Its postal address, which each mail must name.")] = "",
    allow_loopback: Annotated[
        bool, typer.Option("--allow-loopback", help="Let it reach 127.0.0.1, for a test site on this machine.")
    ] = False,
) -> None:
    """Writes a commented config/broadsheet.toml and .env for a new newsroom."""
    if not url and sys.stdin.isatty():
        url = typer.prompt("Your site's address (https://…)")
        address = address or typer.prompt("Your postal address, which each mail must name (Enter: later)", default="")
    if not url:
        raise UsageError("name your site with --url https://…")
    found = asyncio.run(_discover(url, allow_loopback=allow_loopback))
    session.out.say(f"found: {found.type} {found.url} {found.title}".rstrip())
    newcomer = Newcomer(
        name=name or found.title or url.split("//")[-1],
        url=url,
        sources={"site": found},
        timezone=timezone or _system_timezone(),
        allow_loopback=allow_loopback,
        address=" ".join(address.split()),
    )
    config = write_newcomer(folder, newcomer)
    session.out.say(f"written: {config / 'broadsheet.toml'}, {config / '.env'}")
    if not newcomer.address:
        session.out.say("still to be written there: newsroom.address, which each mail must name")
    option = "" if config == Path("config") else f" --config {config}"
    session.out.say(f"see what it would send: broadsheet preview morning{option}")
    session.out.value({"config": config, "source": found})


async def _discover(url: str, *, allow_loopback: bool) -> Found:
    async with Http(HttpTable(allow_loopback=allow_loopback)) as http:
        return await discover(http, url)


def _system_timezone() -> str:
    """The machine's timezone if it says one, else UTC."""
    named = os.environ.get("TZ", "")
    link = Path("/etc/localtime")
    if not named and link.is_symlink():
        named = str(link.resolve()).partition("zoneinfo/")[2]
    return named.removeprefix(":") or "UTC"
