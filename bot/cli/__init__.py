"""The command line. No logic of its own: each command calls the layers below."""

from __future__ import annotations

import typer

from bot.cli import (
    bounces,
    channels,
    check,
    config,
    correct,
    db,
    deliveries,
    demo,
    desk,
    editions,
    init,
    keys,
    posts,
    record,
    schedules,
    sources,
    subscribers,
    suppressions,
    up,
    users,
)
from bot.cli.command import run

app = typer.Typer(
    name="broadsheet",
    help="Newsletters and posts of a newsroom, each sent once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (
    demo,
    init,
    check,
    config,
    up,
    desk,
    sources,
    schedules,
    editions,
    deliveries,
    correct,
    posts,
    subscribers,
    suppressions,
    bounces,
    channels,
    users,
    keys,
    record,
    db,
):
    group.register(app)


def main() -> None:
    """The command ``broadsheet``."""
    run(app)
