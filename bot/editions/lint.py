"""What is wrong with a template of digests: looked for in each branch, and by rendering samples. One line a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jinja2 import TemplateSyntaxError, meta, nodes

from bot.editions.digest import GIVEN, compile_email
from bot.editions.environment import MailEnvironment, clean
from bot.editions.mjml import faults
from bot.editions.plain import wrap
from bot.editions.sample import sample_digest
from bot.errors import RenderError
from bot.model import Newsroom
from bot.settings import nearest

_PARTS = ("digest.mjml.j2", "digest.txt.j2")
_PLACE = re.compile(r"^(.*?):(\d+)")


def own_templates(folder: Path) -> tuple[str, ...]:
    """The digests that the templates in ``folder`` bring, by name."""
    return tuple(sorted(each.name for each in (folder / "digests").glob("*") if each.is_dir()))


def lint(name: str, folders: Sequence[Path], newsroom: Newsroom) -> tuple[str, ...]:
    """The faults of the digest ``name`` as ``FILE:LINE: what``, in order; none when it is good.

    Its files below the first of ``folders`` are read whole: Jinja, the variables a template is given, templates it
    takes in, MJML. When that is sound it is rendered: with stories that have everything, with one that has next to
    nothing, and from right to left.
    """
    found: dict[tuple[str, int], str] = {}
    for part in _PARTS:
        if not any((folder / "digests" / name / part).is_file() for folder in folders):
            kind = "text part" if "txt" in part else "HTML"
            found.setdefault((part, 0), f"templates/digests/{name}/{part}: is missing; a mail needs its {kind}")
    # What several templates share may stand beside their folders.
    shared = sorted((folders[0] / "digests").glob("*.j2"))
    files = (*sorted((folders[0] / "digests" / name).glob("*.j2")), *shared)
    trees = {file: _parsed(file, folders) for file in files}
    # One that is taken in may print what the one that takes it in has set.
    known = {*GIVEN, *(each for tree in trees.values() if isinstance(tree, nodes.Template) for each in _set(tree))}
    for file, tree in trees.items():
        for line, said in _written(file, tree, folders, known):
            found.setdefault((str(file), line), f"{file}:{line}: {said}")
    if not found:
        for said in _rendered(name, folders, newsroom):
            place = _PLACE.match(said)
            found.setdefault((place[1], int(place[2])) if place else (said, 0), said)
    return tuple(found[place] for place in sorted(found))


def _parsed(file: Path, folders: Sequence[Path]) -> nodes.Template | tuple[int, str]:
    """The template, or the line of its fault and what it is."""
    environment = _environment(file, folders)
    try:
        source = file.read_text("utf-8")
        environment.compile(source, str(file), str(file))
        return environment.parse(source, str(file))
    except TemplateSyntaxError as error:
        return error.lineno, error.message or "is no Jinja"
    except (OSError, UnicodeDecodeError) as error:
        return 1, f"cannot be read: {error}"


def _environment(file: Path, folders: Sequence[Path]) -> MailEnvironment:
    environment = MailEnvironment(folders, clean)
    if file.name.endswith(".txt.j2"):
        environment.filters["wrap"] = wrap
    return environment


def _set(tree: nodes.Template) -> Iterator[str]:
    """The names that a template sets: variables, macros, imports."""
    for each in tree.find_all((nodes.Name, nodes.Macro, nodes.Import, nodes.FromImport)):
        if (isinstance(each, nodes.Name) and each.ctx != "load") or isinstance(each, nodes.Macro):
            yield each.name
        elif isinstance(each, nodes.Import):
            yield each.target
        elif isinstance(each, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in each.names)


def _written(
    file: Path, tree: nodes.Template | tuple[int, str], folders: Sequence[Path], names: set[str]
) -> Iterator[tuple[int, str]]:
    if isinstance(tree, tuple):
        yield tree
        return
    known = names | set(_environment(file, folders).globals)
    unknown = meta.find_undeclared_variables(tree) - known
    for each in tree.find_all(nodes.Name):
        if each.name in unknown:
            unknown.discard(each.name)
            yield each.lineno, f"{each.name!r} is undefined{nearest(each.name, sorted(known))}"
    for taken in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        named = getattr(taken, "template", None)
        if isinstance(named, nodes.Const) and not any((folder / str(named.value)).is_file() for folder in folders):
            yield taken.lineno, f"there is no templates/{named.value}"
    if file.name.endswith(".mjml.j2"):
        yield from faults(file.read_text("utf-8"))


def _rendered(name: str, folders: Sequence[Path], newsroom: Newsroom) -> Iterator[str]:
    try:
        whole = sample_digest(folders, template=name, newsroom=newsroom)
    except RenderError as error:
        yield str(error)
        return
    bare = replace(whole.stories[0].article, authors=(), sections=(), image=None, body="", standfirst="")
    sparse = replace(whole, stories=(replace(whole.stories[0], article=bare, also=()),))
    for digest in (whole, sparse, replace(whole, language="ar")):
        try:
            compile_email(digest)
        except RenderError as error:
            yield str(error)
