"""Schedules, sources and the brand are made, changed and removed on the desk: checked as a whole, and on the record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from bot.editions import compose
from bot.errors import BroadsheetError, ChangedMeanwhile, NotFound
from bot.http import redacted
from bot.model import Act, Declaration, Phrase, plural
from bot.schedules.installation import Installation, judged
from bot.schedules.plan import Slot
from bot.schedules.sample import sample_story
from bot.settings import Settings, wrong
from bot.settings.differences import differences
from bot.settings.export import written
from bot.settings.load import DESK
from bot.settings.overlay import shadowed, with_declaration, without

MAKE, CHANGE, REMOVE = "make", "change", "remove"
ONE = {"schedules": "schedule", "sources": "source", "brand": "brand"}
"""How the record of acts names what is declared: ``schedule:morning``, ``brand``."""

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_LONGEST = 500
_SHORT = 40
_MOST = 1000
"""The largest number in a subject line's template."""


def declare(
    installation: Installation,
    kind: str,
    key: str,
    table: Mapping[str, Any],
    *,
    who: str,
    now: datetime,
    version: int | None = None,
) -> Declaration:
    """Makes or changes ``[KIND.KEY]`` (``[KIND]``, with the key "", of the brand); all of the program follows at once.

    ``table`` is the whole of it, in TOML's types; a field that is None is left out. ``version`` is the one it was
    changed from, 0 for one that is new; without it the last change wins.

    Raises ``SettingsError`` whose ``key`` names the field that is wrong, and ``ChangedMeanwhile``.
    """
    installation.refresh()
    content = _whole(table)
    made = Declaration(kind=kind, key=key, content=content, made=now, changed=now, who=who)
    check(installation, made)
    with installation.store.write() as tx:
        before = tx.declarations.get(kind, key)
        if before and before.content == content and version in (None, before.version):
            return before
        stored = tx.declarations.put(kind, key, content, who=who, now=now, version=version)
        if stored is None:
            name = before.who if before else Phrase("somebody")
            raise ChangedMeanwhile(_meanwhile(made.at, name))
        tx.acts.add(_act(CHANGE if before else MAKE, made, before, content, who, now))
    installation.refresh()
    return stored


def check(installation: Installation, declaration: Declaration) -> Settings:
    """The settings as they would be with the declaration. Raises ``SettingsError`` whose ``key`` names the field."""
    kind, key, files = declaration.kind, declaration.key, installation.files
    if kind in ONE and bool(key) != (kind != "brand"):
        raise wrong(DESK, declaration.at, Phrase("is named by its kind and its key; the brand has no key"))
    if key and not _KEY.fullmatch(key):
        said = Phrase("its key takes small letters, digits, - and _, at most 60, and begins with a letter or a digit")
        raise wrong(DESK, declaration.at, said)
    for field in shadowed(files, declaration) if kind in ONE else ():
        at = f"{kind}.{field}"
        origin = files.origin(kind, field)
        if origin and origin.line:
            said = Phrase("stands in %(file)s, line %(line)s: it is changed there", file=files.file, line=origin.line)
        else:
            said = Phrase("stands in %(file)s: it is changed there", file=files.file)
        raise wrong(DESK, at, said)
    if kind == "sources" and declaration.content.get("type") == "folder":
        said = Phrase(
            "a folder of this machine is named in %(file)s alone: who sits at the desk must not choose its files",
            file=files.file,
        )
        raise wrong(DESK, f"{declaration.at}.type", said)
    made = with_declaration(installation.settings, files, declaration, judged)
    if kind == "schedules":
        _rendered(installation.trying(made), key, declaration.changed)
    return made


def withdraw(
    installation: Installation, kind: str, key: str, *, who: str, now: datetime, version: int | None = None
) -> None:
    """Removes what was made on the desk. What a schedule sent stays as it is; what of it waits to go out expires.

    Raises ``NotFound``, ``ChangedMeanwhile``, ``SettingsError`` while another part needs it.
    """
    installation.refresh()
    with installation.store.write() as tx:
        before = tx.declarations.get(kind, key)
        if before is None:
            raise NotFound(Phrase("%(at)s: nothing of that name was made on the desk", at=f"{kind}.{key}"))
        if version not in (None, before.version):
            raise ChangedMeanwhile(_meanwhile(before.at, before.who))
        if before.key and before.at in installation.settings.declared:
            without(installation.settings, before)
        tx.declarations.remove(kind, key, now)
        if kind == "schedules" and key not in installation.files.schedules:
            tx.schedules.forget(key)
        tx.acts.add(_act(REMOVE, before, before, {}, who, now))
    installation.refresh()


def turn(
    installation: Installation, schedule: str, *, on: bool, who: str, now: datetime, version: int | None = None
) -> Declaration:
    """Turns a schedule of the desk on or off: while it is off its slots do not count, and are not made up for.

    What it has drafted goes its way. Raises ``NotFound``, ``ChangedMeanwhile``, ``SettingsError``.
    """
    with installation.store.read() as tx:
        known = tx.declarations.get("schedules", schedule)
    if known is None:
        raise NotFound(Phrase('there is no schedule "%(name)s" that was made on the desk', name=schedule))
    table = {**known.content, "enabled": None if on else False}
    version = known.version if version is None else version
    return declare(installation, "schedules", schedule, table, who=who, now=now, version=version)


def _whole(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _whole(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
        for key, value in table.items()
        if value is not None
    }


def _rendered(installation: Installation, schedule: str, now: datetime) -> None:
    """Makes a sample edition: a slip in the subject is told to who makes it, and not at the slot."""
    table = installation.settings.schedules[schedule]
    for field in ("subject", "preheader"):
        _bounded(getattr(table, field), f"schedules.{schedule}.{field}")
        if len(getattr(table, field)) > _LONGEST:
            raise wrong(
                DESK,
                f"schedules.{schedule}.{field}",
                plural(_LONGEST, "at most %(count)s character", "at most %(count)s characters"),
            )
    try:
        compose.render(installation.frame(schedule, Slot(schedule, "sample", now)), [sample_story(installation, 1)])
    except BroadsheetError as error:
        said = str(error)
        field = next((each for each in ("subject", "preheader") if f"the schedule's {each}" in said), "template")
        raise wrong(DESK, f"schedules.{schedule}.{field}", said) from error


def _bounded(template: str, at: str) -> None:
    """Refuses what could take for ever or fill the memory of the process that also sends: loops and long repeats."""
    try:
        parsed = Environment(autoescape=True).parse(template)
    except TemplateSyntaxError:
        # Told better where it is rendered.
        return
    kinds: tuple[type[nodes.Node], ...] = (nodes.For, nodes.Macro, nodes.CallBlock, nodes.Mul, nodes.Pow)
    heavy = any(parsed.find(kind) for kind in kinds)
    huge = any(isinstance(each.value, int) and abs(each.value) > _MOST for each in parsed.find_all(nodes.Const))
    if huge or heavy:
        raise wrong(DESK, at, Phrase("takes values, filters and conditions; no loops, macros or products"))


def _act(
    what: str, made: Declaration, before: Declaration | None, content: Mapping[str, Any], who: str, now: datetime
) -> Act:
    if made.kind == "sources":
        # Its address may hold a key, and the record is read by all and kept for ever.
        content = _without_secrets(content)
        before = before and replace(before, content=_without_secrets(before.content))
    changed = differences(before.content if before else {}, content)
    note = ", ".join(f"{each.path}: {_said(each.before)} → {_said(each.after)}" for each in changed)
    return Act(
        at=now,
        who=who,
        what=what,
        thing=f"{ONE[made.kind]}:{made.key}" if made.key else ONE[made.kind],
        before=written(before.kind, before.key, before.content) if before else "",
        after=written(made.kind, made.key, content) if content else "",
        note=note[:_LONGEST] if what == CHANGE else "",
    )


def _without_secrets(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: redacted(value) if key == "url" and isinstance(value, str) else value for key, value in table.items()}


def _said(value: Any) -> str:
    if value is None:
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def _meanwhile(at: str, who: str) -> Phrase:
    return Phrase("%(at)s: %(who)s changed it meanwhile; look at what it is now, and choose", at=at, who=who)
