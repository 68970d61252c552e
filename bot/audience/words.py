"""The words that pages and mails say to readers, from Babel catalogs: ``locale/LANGUAGE/LC_MESSAGES/readers.po``.

A phrase's id is a key; English is a catalog like the others. The catalogs are read as they are: there is no step that
compiles them, so that a newsroom can mend a word where it stands.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

_LOCALE = Path(__file__).parent / "locale"
DOMAIN = "readers"


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language (BCP 47). A phrase's values are foreign: in a page they are escaped, and ``<bdi>``
    keeps them apart from the line's direction."""

    language: str
    phrases: gettext.NullTranslations

    def say(self, phrase: str, **values: str) -> Markup:
        """A phrase for a page's text. Raises ``KeyError`` for one that no catalog has."""
        shown = {name: Markup("<bdi>{}</bdi>").format(value) for name, value in values.items()}
        return Markup.escape(self._found(phrase)).format(**shown)

    def plain(self, phrase: str, **values: str) -> str:
        """A phrase as plain text: for ``<title>``, attributes and the text part of a mail. Raises as ``say``."""
        return self._found(phrase).format(**values)

    def counted(self, phrase: str, number: int) -> str:
        """The plural form for ``number``, with it in the place of ``{n}``. Raises as ``say``."""
        found = self.phrases.ngettext(phrase, phrase, number)
        if found == phrase:
            raise KeyError(phrase)
        return found.replace("{n}", str(number))

    def _found(self, phrase: str) -> str:
        found = self.phrases.gettext(phrase)
        if found == phrase:
            raise KeyError(phrase)
        return found


def words_of(language: str) -> Words:
    """The words for a BCP 47 tag: of the tag, else of its language, else English."""
    spoken = language.split("-")[0].lower()
    if spoken not in languages():
        return Words("en", _phrases("en"))
    return Words(language, _phrases(spoken))


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a catalog, by tag."""
    return tuple(sorted(file.parent.parent.name for file in _LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")))


@cache
def catalog(language: str) -> Catalog:
    """The catalog of one of ``languages``."""
    with (_LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _phrases(language: str) -> gettext.NullTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
