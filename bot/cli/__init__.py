"""The command line. No logic of its own: each command calls the layers below."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from bot.cli.command import run

COMMANDS = {
    "demo": ["demo"],
    "init": ["init"],
    "check": ["check"],
    "config": ["config"],
    "up": ["up", "web", "worker", "scheduler"],
    "desk": ["desk"],
    "sources": ["collect", "articles", "stories", "sources"],
    "schedules": ["schedules", "preview", "run", "test-send"],
    "editions": [
        *("editions", "approve", "ask", "return", "take-back"),
        *("hold", "release", "cancel", "pause", "resume"),
    ],
    "deliveries": ["deliveries", "retry", "resolve", "leave"],
    "correct": ["correct"],
    "posts": ["posts"],
    "subscribers": ["subscribers"],
    "suppressions": ["suppressions"],
    "bounces": ["bounces"],
    "channels": ["channels"],
    "users": ["users"],
    "keys": ["keys"],
    "record": ["acts"],
    "db": ["db"],
}
"""Module of this package → the commands it registers, in the order of the help."""


def application(command: str = "") -> typer.Typer:
    """All commands. With ``command``, those of its module alone: importing all others takes longer than it does."""
    app = typer.Typer(
        name="broadsheet",
        help="Newsletters and posts of a newsroom, each sent once.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    # Without it typer takes an application of one command for that command.
    app.callback()(lambda: None)
    for module in [each for each, names in COMMANDS.items() if command in names] or COMMANDS:
        import_module(f"bot.cli.{module}").register(app)
    return app


def main() -> None:
    """The command ``broadsheet``."""
    run(application(*sys.argv[1:2]))
