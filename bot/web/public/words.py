"""The words of the public pages, in the newsroom's language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language. Values in phrases are foreign: they are escaped, and kept apart from the line's
    direction by ``<bdi>``."""

    language: str
    phrases: dict[str, str]

    def say(self, phrase: str, **values: str) -> Markup:
        """A phrase for a page's text."""
        shown = {name: Markup("<bdi>{}</bdi>").format(value) for name, value in values.items()}
        return Markup.escape(self.phrases[phrase]).format(**shown)

    def plain(self, phrase: str, **values: str) -> str:
        """A phrase as plain text, for ``<title>``."""
        return self.phrases[phrase].format(**values)


def words_of(language: str) -> Words:
    """The words for a BCP 47 tag: of the tag, else of its language, else English."""
    catalogue = _catalogue()
    spoken = language.split("-")[0].lower()
    if spoken not in catalogue:
        return Words("en", catalogue["en"])
    return Words(language, catalogue[spoken])


def languages() -> dict[str, dict[str, str]]:
    """All phrases by language."""
    return _catalogue()


@cache
def _catalogue() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))
