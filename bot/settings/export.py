"""What was made on the desk, as TOML to paste into ``broadsheet.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from bot.model import Declaration
from bot.settings.tables import BrandTable, ScheduleTable, SelectionTable
from bot.settings.toml import toml

_ORDER: Mapping[str, type[BaseModel]] = {"schedules": ScheduleTable, "brand": BrandTable}


def exported(declarations: Iterable[Declaration]) -> str:
    """All of them, each under a line that says who made it; "" when there is none."""
    return "\n".join(f"{_head(each)}{written(each.kind, each.key, each.content)}" for each in declarations)


def written(kind: str, key: str, content: Mapping[str, Any]) -> str:
    """One table as it stands in a file, its fields in the order of the documentation."""
    return toml(_ordered(content, _ORDER.get(kind)), (kind, key) if key else (kind,))


def tables(declarations: Iterable[Declaration]) -> dict[str, Any]:
    """All of them as a file that has them loads."""
    found: dict[str, Any] = {}
    for each in declarations:
        if each.key:
            found.setdefault(each.kind, {})[each.key] = dict(each.content)
        else:
            found[each.kind] = dict(each.content)
    return found


def _head(declaration: Declaration) -> str:
    who = "".join(each if each.isprintable() else " " for each in declaration.who)
    return f"# Made on the desk; changed last by {who}, {declaration.changed:%Y-%m-%d %H:%M} UTC.\n"


def _ordered(content: Mapping[str, Any], model: type[BaseModel] | None) -> dict[str, Any]:
    if model is None:
        return dict(content)
    fields = [*model.model_fields, *content]
    return {
        key: _ordered(content[key], SelectionTable) if key == "selection" else content[key]
        for key in dict.fromkeys(fields)
        if key in content
    }
