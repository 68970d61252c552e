"""Which templates there are: those that come with Broadsheet, and the newsroom's own, which stand in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_SUFFIX = ".txt.j2"


class TemplateKind(StrEnum):
    """What is made by a template; its value is the folder below ``templates/``."""

    DIGEST = "digests"
    POST = "posts"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class TemplateFound:
    """A template. ``path`` is its folder, or file; ``own``: it is the newsroom's; ``shadows``: a shipped one too."""

    kind: TemplateKind
    name: str
    path: Path
    own: bool
    shadows: bool = False


def templates(folders: Sequence[Path]) -> tuple[TemplateFound, ...]:
    """All templates below ``folders``, of which the last comes with Broadsheet; the first that has a name wins."""
    shipped = folders[-1]
    found: dict[tuple[TemplateKind, str], TemplateFound] = {}
    for folder in reversed(folders):
        for kind in TemplateKind:
            for path in sorted((folder / kind).glob("*")):
                name = _name(kind, path)
                if name:
                    before = found.get((kind, name))
                    found[kind, name] = TemplateFound(kind, name, path, folder != shipped, before is not None)
    order = list(TemplateKind)
    return tuple(sorted(found.values(), key=lambda each: (order.index(each.kind), not each.own, each.name)))


def _name(kind: TemplateKind, path: Path) -> str:
    """ "" for what is no template, such as the pieces that digests share."""
    if kind is TemplateKind.POST:
        return path.name.removesuffix(_SUFFIX) if path.name.endswith(_SUFFIX) and path.is_file() else ""
    return path.name if path.is_dir() else ""
