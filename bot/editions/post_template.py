"""The templates of posts: each is rendered once for the same words, and says what it printed by what name.

A template may name what goes first where there is little room::

    {% set goes_first = ["hashtags", "summary"] %}
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from bot.editions.environment import Compiled, MailEnvironment, Structure, faults_named, one_line
from bot.editions.fitting import URL, Part
from bot.errors import RenderError

DEFAULT = "default"
NAMES = (
    "title",
    "standfirst",
    "summary",
    "written",
    "section",
    "authors",
    "tags",
    "hashtags",
    "newsroom",
    "edition",
)
"""What a template prints of a story, and may name in ``goes_first``."""
OTHER = "other"
# Noncharacters (Unicode 23.7) mark what a template prints, and one behind the first says its name; no text that is
# shown holds them.
_COMPILED = Compiled()
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_SIGNS = {name: chr(0xFDD2 + place) for place, name in enumerate((*NAMES, URL, OTHER))}
_NAMED = {sign: name for name, sign in _SIGNS.items()}
_PRINTED = regex.compile(rf"{_OPEN}([\ufdd2-\ufdef])([^{_CLOSE}]*){_CLOSE}")
_WORD = regex.compile(r"\S+")
_NONCHARACTERS = regex.compile(r"[\ufdd0-\ufdef]")
_SEEN = regex.compile(r"[\p{L}\p{N}\p{P}\p{S}]")
_LEADING_MARKS = regex.compile(r"^[\p{M}\u200d\ufe0e\ufe0f]+")
# Marks that turn the direction of all that follows: a title must not turn the rest of a post.
_TURNING = regex.compile(r"[\ufdd0-\ufdef\u202a-\u202e\u2066-\u2069]")


class Word(str):
    """A word of a template's context by its name, which filters keep. ``text`` is clean already."""

    __slots__ = ("_clean", "_name")
    _name: str
    _clean: bool

    def __new__(cls, text: str, name: str, *, clean: bool = True) -> Word:
        made = super().__new__(cls, text)
        made._name, made._clean = name, clean
        return made


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template gave: its parts, and the names in its ``goes_first``."""

    template: str
    parts: tuple[Part, ...]
    goes_first: tuple[str, ...] = ()


class PostTemplates:
    """The templates below ``folders``, loaded when they are asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._environment = MailEnvironment(folders, _marked, _COMPILED)
        filters = self._environment.filters
        filters.update({name: _keeping_name(each) for name, each in filters.items()})
        self._names: dict[tuple[str, ...], str] = {}
        self._made: dict[tuple[str, Any], Rendered] = {}

    def named(self, *names: str) -> str:
        """The first of ``posts/NAME.txt.j2`` that is there; the last where none is."""
        if names not in self._names:
            files = [f"posts/{name}.txt.j2" for name in names]
            there = (file for file in files if any((folder / file).is_file() for folder in self._folders))
            self._names[names] = next(there, files[-1])
        return self._names[names]

    def rendered(self, template: str, words: Mapping[str, Any]) -> Rendered:
        """``template`` with ``words`` (``worded``), of which ``url`` is the link.

        Raises ``RenderError`` naming file and line.
        """
        key = (template, tuple(words.items()))
        if key not in self._made:
            self._made[key] = self._render(template, words)
        return self._made[key]

    def _render(self, template: str, words: Mapping[str, Any]) -> Rendered:
        with faults_named(template):
            loaded = self._environment.get_template(template)
            context = loaded.new_context(dict(words))
            try:
                text = "".join(loaded.root_render_func(context))
            except Exception:
                # As Template.render does: it puts the template's own line into the traceback.
                self._environment.handle_exception()
            exported = context.get_exported()
        return Rendered(
            template,
            tuple(_parts(text, str(words.get("url", "")))),
            _order(exported.get("goes_first", ()), template),
        )


def clean(value: Any) -> str:
    """One line in NFC, without a mark at its beginning, which would join what a template puts before it.

    "" where there is nothing to see.
    """
    text = _LEADING_MARKS.sub("", unicodedata.normalize("NFC", flat(value)))
    return text if _SEEN.search(text) else ""


def flat(value: Any) -> str:
    """One line without what turns the direction of a text, its letters as they are."""
    return _TURNING.sub("", one_line(value))


def worded(name: str, value: Any) -> Any:
    """``value``, which is clean, by its name: a text, or a tuple of them; all else as it is."""
    if isinstance(value, str):
        return Word(value, name)
    if isinstance(value, tuple):
        return tuple(Word(each, name) for each in value)
    return value


def _keeping_name(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose result has the name of what it was given, or of the first of a list."""

    @functools.wraps(work)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = work(*args, **kwargs)
        if type(result) is not str:
            return result
        for given in args:
            first = given[0] if isinstance(given, tuple) and given else given
            if isinstance(first, Word):
                return Word(result, first._name, clean=False)
        return result

    return wrapped


def _marked(value: Any) -> str:
    """What a template prints, between marks. What a macro gives was marked when the macro printed it."""
    if isinstance(value, Structure):
        return value
    if isinstance(value, Word):
        return f"{_OPEN}{_SIGNS.get(value._name, _SIGNS[OTHER])}{value if value._clean else clean(value)}{_CLOSE}"
    return f"{_OPEN}{_SIGNS[OTHER]}{clean(value)}{_CLOSE}"


def _order(names: Any, template: str) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise RenderError(f'templates/{template}:1: goes_first is a list of names: ["hashtags", "summary"]')
    for name in names:
        if name not in NAMES:
            what = one_line(name)[:40]
            raise RenderError(f"templates/{template}:1: goes_first knows no {what}; there are: {', '.join(NAMES)}")
    return tuple(map(str, names))


def _parts(rendered: str, link: str) -> list[Part]:
    """What was printed and what the template says itself; the link once, where it stands first."""
    parts: list[Part] = []
    linked, last = False, 0
    for found in _PRINTED.finditer(rendered):
        parts.append(_own(rendered[last : found.start()]))
        last = found.end()
        for words in _around(found[2], link):
            if link and words == link:
                parts += [] if linked else [Part(link, URL)]
                linked = True
            else:
                parts.append(Part(words, _NAMED[found[1]]))
    parts.append(_own(rendered[last:]))
    return [part for part in _with_one_link(parts, link) if part.text]


def _own(text: str) -> Part:
    return Part(text if text.isascii() else unicodedata.normalize("NFC", _NONCHARACTERS.sub("", text)))


def _around(text: str, link: str) -> list[str]:
    """``text`` cut before and after each word that is the link: it is not free text wherever it stands."""
    if text == link or not link or link not in text:
        return [text] if text else []
    parts, last, place = [], 0, text.find(link)
    while place >= 0:
        end = place + len(link)
        if not text[place - 1 : place].strip() and not text[end : end + 1].strip():
            parts += [text[last:place], link]
            last = end
        place = text.find(link, end)
    return [part for part in (*parts, text[last:]) if part]


def _with_one_link(parts: list[Part], link: str) -> list[Part]:
    """Without the words that only hold the link inside themselves: a second link would be another place."""
    if not link:
        return parts
    return [
        part if part.name == URL or link not in part.text else Part(_without(part.text, link), part.name)
        for part in parts
    ]


def _without(text: str, link: str) -> str:
    return _WORD.sub(lambda word: "" if link in word[0] else word[0], text)
