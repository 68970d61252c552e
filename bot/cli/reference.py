"""``docs/commands.md``, written from the commands themselves: ``python -m bot.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from bot.cli import application

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
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    return "\n".join([HEAD, *_commands(group, "broadsheet")])


def _commands(group: TyperGroup, path: str) -> list[str]:
    parts: list[str] = []
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            if command.invoke_without_command:
                parts.append(_command(command.params, command.help or "", f"{path} {name}"))
            parts += _commands(command, f"{path} {name}")
        else:
            parts.append(_command(command.params, command.help or "", f"{path} {name}"))
    return parts


def _command(parameters: Sequence[object], said: str, path: str) -> str:
    arguments = [each for each in parameters if isinstance(each, TyperArgument)]
    options = [each for each in parameters if isinstance(each, TyperOption) and each.name not in SHARED]
    names = [(each.name or "").upper() if each.required else f"[{(each.name or '').upper()}]" for each in arguments]
    lines = [f"## `{' '.join([path, *names])}`\n", " ".join(said.split()) + "\n"]
    rows = [(name, each.help) for name, each in zip(names, arguments, strict=True)]
    rows += [(each.opts[0], each.help) for each in options]
    described = [f"| `{name}` | {' '.join(help_text.split())} |" for name, help_text in rows if help_text]
    if described:
        lines.append("| | |\n| --- | --- |\n" + "\n".join(described) + "\n")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(commands_page())
