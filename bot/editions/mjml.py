"""The one place where MJML compiles (PyPI ``mjml`` 0.12, checked 2026-11-24).

The compiler is silent about most mistakes, or answers with a bare ``KeyError``; so the structure is checked first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from typing import Any

from bot.editions.markup import tidied
from bot.errors import RenderError
from bot.settings import nearest

_ROOTS = {"mjml": {"lang", "dir"}, "mj-all": None, "mj-class": None, "mj-selector": None, "mj-html-attribute": None}
_PARENTS = {
    "mj-section": {"mj-body", "mj-wrapper"},
    "mj-wrapper": {"mj-body"},
    "mj-hero": {"mj-body", "mj-wrapper"},
    "mj-group": {"mj-section"},
    "mj-column": {"mj-section", "mj-group"},
    "mj-text": {"mj-column", "mj-hero"},
    "mj-image": {"mj-column", "mj-hero"},
    "mj-table": {"mj-column", "mj-hero"},
    "mj-button": {"mj-column", "mj-hero"},
    "mj-divider": {"mj-column", "mj-hero"},
    "mj-spacer": {"mj-column", "mj-hero"},
    "mj-social": {"mj-column", "mj-hero"},
    "mj-navbar": {"mj-column", "mj-hero"},
    "mj-accordion": {"mj-column"},
    "mj-carousel": {"mj-column", "mj-hero"},
}
# The compiler asks Google for these as soon as a stack merely names one: it would tell Google who reads.
_GOOGLE = r"https://fonts\.googleapis\.com/css\?family=(?:Open\+Sans|Droid\+Sans|Lato|Roboto|Ubuntu):300,400,500,700"
_LINK = re.compile(rf'<link href="{_GOOGLE}"[^>]*>\s*|@import url\({_GOOGLE}\);\s*')
_EMPTY = re.compile(r'<!--\[if !mso\]><!-->\s*<style type="text/css">\s*</style>\s*<!--<!\[endif\]-->')
# MJML knows no landmarks: a comment in the template marks where a page's main part begins and ends.
_MAIN = re.compile(r"<!--\s*(/?main)\s*-->")
# What it calls a mail is none where it has a main part: there it is a page, and the label would stand outside of it.
_LETTER = re.compile(r'(<div[^>]*?) aria-roledescription="email"(?: aria-label="[^"]*")?([^>]*?) role="article"')
_TABLE = re.compile(r"<table(?![^>]*\srole=)(?=[\s>])(?!(?:(?!</table>).)*<th\b)", re.DOTALL)


def compile_mjml(source: str, *, name: str, templates: Mapping[str, str]) -> str:
    """MJML → HTML with white space collapsed. ``templates`` (file → text) are searched for the line of a mistake.

    ``source`` must hold nothing foreign: the compiler unescapes attributes. Raises ``RenderError``.
    """
    # The compiler is most of what a command that compiles nothing would import.
    from mjml import mjml_to_html

    _Check(name, templates).check(source)
    try:
        compiled: str = mjml_to_html(source).html
    except Exception as error:
        # Its errors are of every type: KeyError, AttributeError, AssertionError, ValueError.
        raise RenderError(f"{name}: MJML cannot compile it: {type(error).__name__}: {str(error)[:120]}") from error
    compiled = _EMPTY.sub("", _LINK.sub("", compiled))
    if _MAIN.search(compiled):
        compiled = _LETTER.sub(r"\1\2", _MAIN.sub(r"<\1>", compiled))
    # mj-table writes no role; a table with header cells is data and stays a table to screen readers.
    return tidied(_TABLE.sub('<table role="presentation"', compiled))


@cache
def _components() -> Mapping[str, Any]:
    from mjml.core.registry import register_core_components

    found: Mapping[str, Any] = register_core_components()
    return found


class _Check(HTMLParser):
    """Finds unknown elements and attributes, wrong nesting, and elements that are not closed."""

    def __init__(self, name: str, templates: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self._name, self._templates = name, templates
        self._open: list[str] = []
        self._set: set[str] = set()

    def check(self, source: str) -> None:
        self.feed(source)
        self.close()
        if self._open:
            raise self._fault(self._open[-1], f"<{self._open[-1]}> is not closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._checked(tag, attrs):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._checked(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not _ours(tag):
            return
        if not self._open or self._open[-1] != tag:
            inner = f"<{self._open[-1]}> is still open" if self._open else "nothing is open"
            raise self._fault(f"/{tag}", f"</{tag}> closes what is not open here: {inner}")
        self._open.pop()

    def _checked(self, tag: str, attrs: list[tuple[str, str | None]]) -> bool:
        if not _ours(tag):
            return False
        unknown = _unknown(tag)
        if unknown:
            raise self._fault(tag, unknown)
        parent = self._open[-1] if self._open else ""
        if "mj-attributes" in self._open:
            key = _default(tag, dict(attrs).get("name") or "")
            if key in self._set:
                raise self._fault(tag, _TWICE.format(key), last=True)
            if parent == "mj-class":
                raise self._fault(tag, f"<{tag}> stands in <mj-class>; write its attributes into the class itself")
            self._set.add(key)
        if parent != "mj-attributes" and tag in _PARENTS and parent not in _PARENTS[tag]:
            allowed = " or ".join(f"<{place}>" for place in sorted(_PARENTS[tag]))
            raise self._fault(tag, f"<{tag}> stands in <{parent or 'nothing'}>; it belongs in {allowed}")
        for key, _ in attrs:
            unknown = _unknown(tag, key)
            if unknown:
                raise self._fault(f"{tag} ", unknown, key)
        return True

    def _fault(self, tag: str, message: str, also: str = "", *, last: bool = False) -> RenderError:
        for file, text in self._templates.items():
            found = [each for each in re.finditer(rf"<{re.escape(tag.strip())}\b[^>]*", text) if also in each[0]]
            if found:
                match = found[-1 if last else 0]
                line = text.count("\n", 0, match.start() + max(match[0].find(also), 0)) + 1
                return RenderError(f"{file}:{line}: {message}")
        return RenderError(f"{self._name}:{self.getpos()[0]} (of the MJML it makes): {message}")


_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ELEMENT = re.compile(r"<(/?)(mj-[\w-]+|mjml)\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_WRITTEN = re.compile(r"(?<![\w\0-])([a-zA-Z][\w-]*)(?![\w\0-])\s*=\s*(\"[^\"]*\"|'[^']*')")


def faults(template: str) -> Iterator[tuple[int, str]]:
    """(line, what) of the elements and attributes in ``template`` that are no MJML, in whatever branch they stand.

    ``template`` is Jinja around MJML. What Jinja makes of it, such as nesting, is checked where it compiles.
    """
    # Filled up to the same length, so that places stay where they are.
    bare = _COMMENT.sub(_blank, _JINJA.sub(_blank, template))
    inside, seen = False, set[str]()
    for element in _ELEMENT.finditer(bare):
        closing, tag, attributes = element[1], element[2].lower(), element[3]
        line = bare.count("\n", 0, element.start()) + 1
        if tag == "mj-attributes":
            inside = not closing
        if closing:
            continue
        unknown = _unknown(tag)
        if unknown:
            yield line, unknown
            continue
        written = {each[1]: each for each in _WRITTEN.finditer(attributes)}
        for name, each in written.items():
            unknown = _unknown(tag, name)
            if unknown:
                yield line + attributes.count("\n", 0, each.start()), unknown
        if inside and tag != "mj-attributes":
            key = _default(tag, written["name"][2].strip("\"'") if "name" in written else "")
            if key in seen and "\0" not in key:
                yield line, _TWICE.format(key)
            seen.add(key)


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "\0", found[0])


def _unknown(tag: str, attribute: str = "") -> str:
    """What is wrong with an element, or with one attribute of it; "" when nothing is."""
    if tag == "mj-include":
        return '<mj-include> is not read; use {% include "…" %}'
    if tag not in _components() and tag not in _ROOTS:
        return f"<{tag}> is no MJML element{nearest(tag, [*_components(), *_ROOTS])}"
    allowed = _attributes(tag)
    if attribute and allowed is not None and attribute not in allowed:
        return f'<{tag}> has no attribute "{attribute}"{nearest(attribute, sorted(allowed))}'
    return ""


_TWICE = "<mj-attributes> sets {} a second time; set it once, with all its attributes"


def _default(tag: str, name: str) -> str:
    """What an element in mj-attributes sets the defaults of."""
    return f'<mj-class name="{name}">' if tag == "mj-class" else f"<{tag}>"


def _ours(tag: str) -> bool:
    return tag == "mjml" or tag.startswith("mj-")


def _attributes(tag: str) -> set[str] | None:
    """The attributes an element takes; None: any."""
    if tag in _ROOTS:
        return _ROOTS[tag]
    component = _components()[tag]
    if tag in {"mj-raw", "mj-title", "mj-preview", "mj-html-attributes"}:
        return None
    return {*component.allowed_attrs(), *component.default_attrs(), "mj-class", "css-class"}
