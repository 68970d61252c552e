"""``docs/commands.md``, written from the commands themselves: ``python -m bot.cli.reference``."""

from __future__ import annotations

import sys

import click
import typer

from bot.cli import app

SHARED = {"config", "as_json", "quiet", "help"}

HEAD = """# Commands

<!-- Written by `make docs` from the commands' own help; change it there. -->

Every command takes `--config DIR` (default `config/`, or `BROADSHEET_CONFIG`), `--json` (one value with stable keys,
for programs), `--quiet`, and `--help`. Exit codes: 0 done · 1 failed · 2 wrong use · 3 nothing to do. An error is one
line on standard error. Times are ISO 8601, or `now`, `today 07:00`, `-1d`. `broadsheet --install-completion` completes
in your shell.
"""


def commands_page() -> str:
    """The whole page, in Markdown."""
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group)
    return "\n".join([HEAD, *_commands(group, "broadsheet")])


def _commands(group: click.Group, path: str) -> list[str]:
    parts: list[str] = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            parts += _commands(command, f"{path} {name}")
        else:
            parts.append(_command(command, f"{path} {name}"))
    return parts


def _command(command: click.Command, path: str) -> str:
    own = [each for each in command.params if each.name not in SHARED]
    arguments = [each for each in own if isinstance(each, click.Argument)]
    options = [each for each in own if isinstance(each, click.Option)]
    usage = " ".join([path, *(each.make_metavar(click.Context(command)) for each in arguments)])
    lines = [f"## `{usage}`\n", " ".join((command.help or "").split()) + "\n"]
    rows = [f"| `{_metavar(each)}` | {_help(each)} |" for each in own if _help(each)]
    if rows and (arguments or options):
        lines.append("| | |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    return "\n".join(lines)


def _metavar(parameter: click.Parameter) -> str:
    return parameter.opts[0] if isinstance(parameter, click.Option) else (parameter.name or "").upper()


def _help(parameter: click.Parameter) -> str:
    return " ".join((getattr(parameter, "help", "") or "").split())


if __name__ == "__main__":
    sys.stdout.write(commands_page())
