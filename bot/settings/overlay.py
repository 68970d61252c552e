"""Files and desk → one checked ``Settings``: what was made on the desk is laid over what the files say.

The files win. A declaration that does not hold (its channel left the files, a file has its key too) is left out, or the
part of it that does not, and named as a fault: it never stops the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from bot.errors import SettingsError
from bot.model import Declaration
from bot.settings.check import checked, wrong
from bot.settings.load import DESK, Fault, Settings
from bot.settings.references import check_schedule
from bot.settings.tables import BrandTable, ScheduleTable

KINDS = ("brand", "sources", "schedules")
"""What may be made on the desk, in an order in which nothing leans on what comes after it."""

Judge = Callable[[Settings, Declaration], None]
"""Raises ``SettingsError`` when a declaration that the settings hold is not what a layer above needs."""


def unjudged(_settings: Settings, _declaration: Declaration) -> None:
    return None


def overlaid(files: Settings, declarations: Iterable[Declaration], judge: Judge = unjudged) -> Settings:
    """``files`` with all declarations that hold; ``faults`` names the others."""
    settings, faults = files, []
    for each in sorted((each for each in declarations if each.kind in KINDS), key=lambda each: KINDS.index(each.kind)):
        taken = shadowed(files, each)
        if taken:
            faults.append(Fault(each, _both(files, each, taken)))
        if each.key and taken:
            continue
        try:
            settings = with_declaration(settings, files, each, judge)
        except SettingsError as error:
            faults.append(Fault(each, str(error)))
    return replace(settings, faults=tuple(faults))


def shadowed(files: Settings, declaration: Declaration) -> Collection[str]:
    """What of the declaration a file says too: its key, or fields of what is one table; empty when it stands alone."""
    if declaration.key:
        return [declaration.key] if declaration.key in getattr(files.tables, declaration.kind) else []
    written = getattr(files.tables, declaration.kind).model_fields_set
    return [field for field in declaration.content if field in written]


def with_declaration(
    settings: Settings, files: Settings, declaration: Declaration, judge: Judge = unjudged
) -> Settings:
    """``settings`` with the declaration, in the place of an older one; what ``files`` say of the same is left alone.

    Raises ``SettingsError`` whose ``key`` names the field.
    """
    kind, key, content = declaration.kind, declaration.key, dict(declaration.content)
    declared = {**settings.declared, declaration.at: declaration}
    if kind == "brand":
        written = files.tables.brand.model_dump(exclude_unset=True)
        brand = checked(BrandTable, {**content, **written}, file=DESK, at=declaration.at)
        return replace(settings, tables=settings.tables.model_copy(update={"brand": brand}), declared=declared)
    if kind == "schedules":
        schedule = checked(ScheduleTable, content, file=DESK, at=declaration.at)
        check_schedule(settings, key, schedule, DESK)
        return _with(settings, kind, key, schedule, declared, judge)
    if kind == "sources":
        return _with(settings, kind, key, content, declared, judge)
    raise wrong(DESK, declaration.at, f"only {', '.join(KINDS)} are made on the desk")


def _with(
    settings: Settings, kind: str, key: str, table: object, declared: dict[str, Declaration], judge: Judge
) -> Settings:
    tables = settings.tables.model_copy(update={kind: {**getattr(settings.tables, kind), key: table}})
    made = replace(settings, tables=tables, declared=declared)
    judge(made, declared[f"{kind}.{key}"])
    return made


def without(settings: Settings, declaration: Declaration) -> Settings:
    """``settings`` as if the declaration of a schedule or a source had not been made. Raises ``SettingsError``.

    That is so while another part needs it.
    """
    kind, key = declaration.kind, declaration.key
    if kind == "sources":
        users = [name for name, each in settings.schedules.items() if key in each.selection.sources]
        if users:
            said = f"{', '.join(users)} takes it by name; take it out there first"
            raise wrong(DESK, declaration.at, said)
    left = {name: table for name, table in getattr(settings.tables, kind).items() if name != key}
    declared = {at: each for at, each in settings.declared.items() if at != declaration.at}
    return replace(settings, tables=settings.tables.model_copy(update={kind: left}), declared=declared)


def _both(files: Settings, declaration: Declaration, taken: Collection[str]) -> str:
    what = declaration.at if declaration.key else f"{declaration.at}.{' and '.join(taken)}"
    origin = files.origin(declaration.kind, next(iter(taken)))
    line = f", line {origin.line}" if origin and origin.line else ""
    return (
        f"{files.file}{line} has {what} too: the file's holds, and what {declaration.who} made on the desk is left "
        "out; remove one of the two"
    )
