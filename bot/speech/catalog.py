"""How Broadsheet speaks to who runs it: English in the code, other languages from gettext catalogs beside it.

The language is the one of the editor who asks, or who is written to; it is set once a request (``speak``), or for the
length of a mail (``speaking``), so that templates, macros and Python words find it without being handed it. Babel reads
the ``.po`` files themselves: there is no build step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from jinja2 import Environment
from markupsafe import Markup, escape

CATALOGS = Path(__file__).parent / "locale"
LANGUAGES = {"en": "en_GB", "de": "de", "ja": "ja", "ar": "ar"}
"""The languages of the desk, each with the locale of its dates and numbers."""

_speaking: ContextVar[str] = ContextVar("speaking", default="en")


def speak(language: str) -> None:
    """From here on this request is answered in ``language``; in English when the desk does not speak it."""
    _speaking.set(language if language in LANGUAGES else "en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within, words are in ``language``, as ``speak`` has it; after it in what they were before."""
    before = _speaking.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _speaking.reset(before)


def spoken() -> str:
    """The language of this request: a key of ``LANGUAGES``."""
    return _speaking.get()


def locale() -> Locale:
    """The locale by which this request's dates and numbers are written."""
    return _parsed(LANGUAGES[spoken()])


@cache
def _parsed(name: str) -> Locale:
    return Locale.parse(name)


def direction() -> str:
    """``ltr`` or ``rtl``."""
    return locale().text_direction


def preferred(*wishes: str) -> str:
    """The first of ``wishes`` that the desk speaks (BCP 47 tags or an Accept-Language header); else ``en``."""
    for wish in wishes:
        for each in wish[:200].split(","):
            found = each.partition(";")[0].strip().split("-")[0].lower()
            if found in LANGUAGES:
                return found
    return "en"


def _(message: str) -> str:
    """``message`` in the language of this request."""
    return catalog(spoken()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of a sentence for ``number``."""
    return catalog(spoken()).ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """``message``, of which there are several, as it is said in ``context``."""
    return str(catalog(spoken()).pgettext(context, message))


def npgettext(context: str, singular: str, plural: str, number: int) -> str:
    """As ``ngettext``, in ``context``."""
    found: str = catalog(spoken()).npgettext(context, singular, plural, number)
    return found


def N_(message: str) -> str:  # noqa: N802
    """Marks words of a table for the catalogs; they are translated where they are shown."""
    return message


def inline(word: str) -> str:
    """A word as it stands within a sentence: small in English, as it is where capitals are grammar."""
    return word.lower() if spoken() == "en" else word


def number(value: float) -> str:
    """``12,408``, as the editor's language groups it."""
    return _number(value, locale())


@lru_cache(maxsize=4096)
def _number(value: float, speech: Locale) -> str:
    return format_decimal(value, locale=speech)


def listing(words: Iterable[str]) -> str:
    """``Sport, Culture and City hall``; "" for none."""
    several = list(words)
    # Babel looks for the pattern of a list even where there is none.
    return format_list(several, locale=locale()) if len(several) > 1 else "".join(several)


def install(environment: Environment) -> None:
    """Lets the templates of ``environment`` speak; lines of a ``trans`` block become one.

    A sentence is escaped like the words that are put into it: Jinja's own functions take it for markup, and what a
    page is handed to translate (a state, a kind) may be foreign. The desk's sentences hold no markup.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    # Not by gettext: in a template that takes its text for a format, and a state may quote what holds a percent sign.
    environment.filters["inline"] = inline
    environment.filters["translated"] = lambda word: _(word)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: escape(_(message)),
        lambda singular, plural, number: escape(ngettext(singular, plural, number)),
        newstyle=True,
        pgettext=lambda context, message: escape(pgettext(context, message)),
        npgettext=lambda context, singular, plural, number: escape(npgettext(context, singular, plural, number)),
    )
    # A page says a thousand sentences: Jinja's own function translates, escapes and formats each anew.
    environment.globals.update(gettext=_sentence, _=_sentence)


def _sentence(message: str, /, **facts: object) -> Markup:
    said = _escaped(spoken(), str(message))
    return said % facts if "%" in said else said


@lru_cache(maxsize=8192)
def _escaped(language: str, message: str) -> Markup:
    return escape(catalog(language).gettext(message))


@cache
def catalog(language: str) -> NullTranslations:
    """The words of ``language``; those of the code where there is no catalog."""
    file = CATALOGS / f"{language}.po"
    if not file.is_file():
        return NullTranslations()
    with file.open("rb") as stream:
        read = read_po(stream, locale=LANGUAGES[language])
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)
