"""What every command shares: ``--config``, ``--json``, ``--quiet``, errors in one line, exit codes."""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.exceptions import TyperException

from bot.cli.output import Output
from bot.clock import Clock, shifted_clock, system_clock
from bot.errors import BroadsheetError, UsageError
from bot.schedules.installation import Installation, opened
from bot.schedules.run import moment
from bot.settings import nearest

Config = Annotated[
    Path, typer.Option("--config", envvar="BROADSHEET_CONFIG", help="The folder of broadsheet.toml and .env.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
At = Annotated[
    str, typer.Option("--at", help='Act as if it were then: "today 07:00", "-1d", or ISO 8601.', metavar="TIME")
]

Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="At most so many.")]

YEARS = range(1900, 3000)
"""A time of another year is a slip of the hand, and calendars do not reckon at their ends."""


@dataclass(frozen=True)
class Session:
    """One call of a command."""

    config: Path
    out: Output

    @contextmanager
    def open(self, *, at: str = "") -> Iterator[Installation]:
        """The installation, opened; with ``at``, its clock starts there. Raises ``BroadsheetError``."""
        with opened(self.config) as installation:
            if not at:
                yield installation
                return
            start = self.moment(installation, at)
            clock: Clock = shifted_clock(start, system_clock)
            yield installation.at(clock)

    def moment(self, installation: Installation, text: str, timezone: str = "") -> datetime:
        """What a person wrote for a time (in ``timezone``, else the newsroom's), in UTC. Raises ``UsageError``."""
        try:
            found = moment(text, timezone or installation.newsroom.timezone, installation.clock())
        except OverflowError:
            found = None
        except ValueError as error:
            raise UsageError(
                f'"{text}" is not a time: write "now", "today 07:00", "-1d" or ISO 8601 such as 2026-11-24T07:00'
            ) from error
        if found is None or found.year not in YEARS:
            raise UsageError(f'"{text}" is a time of no year from {YEARS[0]} to {YEARS[-1]}')
        return found


Command = Callable[..., int | None]


def command(app: typer.Typer, name: str = "") -> Callable[[Command], None]:
    """Registers a function of a ``Session`` and its own parameters as a command; it may return an exit code."""

    def register(function: Command) -> None:
        app.command(name or function.__name__.replace("_", "-"))(_called(function))

    return register


def without_subcommand(group: typer.Typer) -> Callable[[Command], None]:
    """Registers a function of a ``Session`` as what a group does when no command of it is named."""

    def register(function: Command) -> None:
        group.callback(invoke_without_command=True)(_called(function, of_group=True))

    return register


def _called(function: Command, *, of_group: bool = False) -> Callable[..., None]:
    """``function`` as typer calls it: its own parameters, and those that all commands share."""
    own = list(inspect.signature(function).parameters.values())[1:]
    hints = typing.get_type_hints(function, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        *(each.replace(kind=keyword, annotation=hints[each.name]) for each in own),
        inspect.Parameter("config", keyword, default=Path("config"), annotation=Config),
        inspect.Parameter("as_json", keyword, default=False, annotation=Json),
        inspect.Parameter("quiet", keyword, default=False, annotation=Quiet),
    ]
    if of_group:
        parameters.append(inspect.Parameter("context", keyword, annotation=typer.Context))

    def call(*, config: Path, as_json: bool, quiet: bool, context: typer.Context | None = None, **given: Any) -> None:
        if context and context.invoked_subcommand:
            return
        try:
            code = function(Session(config, Output(as_json=as_json, quiet=quiet)), **given)
        except KeyboardInterrupt as error:
            # typer ends without a word on a bare one.
            raise typer.Abort from error
        if code:
            raise typer.Exit(code)

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    call.__doc__ = function.__doc__
    return call


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> typing.NoReturn:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong use, 3 nothing to do."""
    try:
        code = app(arguments, standalone_mode=False)
    except BroadsheetError as error:
        _end(str(error), error.exit_code)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            # A group called alone is a question, not a mistake; typer's class for it is private.
            sys.stdout.write(error.format_message().rstrip() + "\n")
            sys.exit(0)
        context = getattr(error, "ctx", None)
        help_line = f"; `{context.command_path} --help` shows how" if context else ""
        _end(error.format_message().rstrip(".") + help_line, error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _end("interrupted; what was done is kept, the same command goes on", 130)
    except BrokenPipeError:
        # The reader of our output has gone: that is its business.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("BROADSHEET_DEBUG"):
            raise
        _end(f"a fault in the program: {type(error).__name__}; BROADSHEET_DEBUG=1 shows where; please report it", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _end(message: str, code: int) -> typing.NoReturn:
    line = " ".join(message.split())
    sys.stderr.write(f"broadsheet: {line}\n")
    sys.exit(code)


State = TypeVar("State", bound=StrEnum)


def one_of(states: type[State], text: str) -> State:
    """The state that ``text`` names. Raises ``UsageError``."""
    try:
        return states(text)
    except ValueError as error:
        known = [each.value for each in states]
        raise UsageError(f'there is no state "{text}"{nearest(text, known)}; states are: {", ".join(known)}') from error
