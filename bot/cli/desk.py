"""``desk``: where the editors' pages open in a browser."""

from __future__ import annotations

import typer

from bot.accounts import desk_key
from bot.cli.command import Session, command
from bot.cli.up import Host, Port
from bot.errors import UsageError


def register(app: typer.Typer) -> None:
    command(app)(desk)


def desk(session: Session, host: Host = "", port: Port = None) -> None:
    """Prints the address that opens the desk on this machine, for a day; once somebody has an account, the login's."""
    with session.open() as installation:
        web, newsroom = installation.settings.web, installation.newsroom
        with installation.store.read() as tx:
            taken = tx.users.any()
        if taken:
            opens = f"{newsroom.public_url.rstrip('/')}/login"
        else:
            port = web.port if port is None else port
            if not port:
                raise UsageError("--port: web.port is 0, any free one; name the one that `broadsheet up` said")
            host = host or web.host
            where = f"[{host}]" if ":" in host else host
            opens = desk_key.address(installation.keys, f"http://{where}:{port}", installation.clock())
        session.out.say(opens)
        session.out.value({"address": opens, "accounts": taken})
