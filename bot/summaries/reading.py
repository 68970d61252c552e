"""A text as its words, numbers and marks, in one normal form: what two texts are compared by."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from bot.summaries.sentences import split_sentences

# Marks of format (Unicode Cf), such as the soft hyphen, are not seen by readers.
_UNSEEN = regex.compile(r"[\p{Cf}\p{Cc}--\n\t\r]", regex.V1)
_VULGAR = {"½": ".5", "¼": ".25", "¾": ".75", "⅛": ".125", "⅜": ".375", "⅝": ".625", "⅞": ".875", "⅕": ".2"}
_FRACTION = regex.compile(rf"(\p{{Nd}})?\s?([{''.join(_VULGAR)}])")
_RAISED = regex.compile(r"[⁰¹²³⁴-⁹₀-₉]+")
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f"
_GROUPED = regex.compile(rf"(?<![\p{{Nd}}.,])(\p{{Nd}}{{1,3}})((?:[{_SPACES}]\p{{Nd}}{{3}})+)(?!\p{{Nd}})")
_GROUPED_BY_SPACE = regex.compile(rf"(?<![\p{{Nd}}.,])(\p{{Nd}}{{1,3}})((?:[ {_SPACES}]\p{{Nd}}{{3}})+)(?!\p{{Nd}})")
_SPACED_GROUPS = "fr es it pt ru uk pl cs sk sv nb nn no da fi hu bg"
"""Languages that put a space between groups of digits."""

_TOKEN = regex.compile(
    r"(?P<wide>[\p{Han}\p{Hiragana}\p{Katakana}ー々])"
    r"|(?P<initials>(?<![\p{L}\p{N}])(?:\p{L}\.){2,}\p{L}?(?![\p{L}\p{N}]))"
    # COVID-19, F-16, G7, A320neo: a name, and not a number.
    r"|(?P<mixed>(?<![\p{L}\p{N}])[\p{Latin}\p{Cyrillic}\p{Greek}]++-?+\p{Nd}++[\p{L}\p{Nd}]*+)"
    r"|(?P<number>\p{Nd}++(?:[.,'’٫٬:](?=\p{Nd})\p{Nd}++)*+)"
    r"|(?P<word>(?:(?!\p{Han}|\p{Hiragana}|\p{Katakana})[\p{L}\p{M}])++"
    r"(?:['’](?=\p{L})(?:(?!\p{Han}|\p{Hiragana}|\p{Katakana})[\p{L}\p{M}])++)*+)"
    r"|(?P<mark>[^\s\p{L}\p{M}\p{N}])"
)
_POSSESSIVE = regex.compile(r"['’][sS]?$")
_ELISION = regex.compile(r"(?i)^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dell|nell|all|dall|sull|un)['’](?=\p{L})")
_ELIDING = frozenset({"fr", "it", "ca"})
_CAPITAL = regex.compile(r"^[\p{Lu}\p{Lt}]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark. ``folded`` is what it is compared by; ``sentence`` counts from 0 over the whole text.

    ``kind`` is ``word``, ``wide`` (one sign of a script without spaces), ``mixed``, ``number`` or ``mark``;
    ``opens``: it is the first word of its sentence, or of a quotation, where any word may have a capital.
    """

    text: str
    folded: str
    kind: str
    sentence: int
    start: int
    capital: bool = False
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` in its normal form, which ``tokens`` count in; ``language`` is the primary subtag of its tag."""

    text: str
    tokens: tuple[Token, ...]
    language: str


def flat(text: str, language: str = "") -> str:
    """``text`` in NFKC on one line: no invisible mark, digits in ASCII, groups of digits closed up, ``½`` as ``.5``."""
    text = _UNSEEN.sub("", text)
    grouped = _GROUPED_BY_SPACE if primary(language) in _SPACED_GROUPS.split() else _GROUPED
    text = grouped.sub(lambda match: match[1] + regex.sub(rf"[ {_SPACES}]", "", match[2]), text)
    text = _FRACTION.sub(lambda match: f"{match[1] or '0'}{_VULGAR[match[2]]}", text)
    text = _RAISED.sub("", text)
    text = unicodedata.normalize("NFKC", text)
    return " ".join(_digits(text).split())


def read(blocks: Sequence[str], language: str = "") -> Reading:
    """The reading of ``blocks``, e.g. paragraphs: no sentence reaches from one into the next."""
    tokens: list[Token] = []
    texts: list[str] = []
    start, sentence = 0, 0
    for block in blocks:
        for whole in split_sentences(block, language):
            part = flat(whole, language)
            tokens += _tokens(part, sentence, start, primary(language))
            texts.append(part)
            start += len(part) + 1
            sentence += 1
    return Reading(" ".join(texts), tuple(tokens), primary(language))


def primary(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].casefold()


def fold(word: str) -> str:
    """A word as it is compared: in small letters, without its possessive, ``U.S.`` as ``us``."""
    word = _POSSESSIVE.sub("", word)
    return word.casefold().replace(".", "").replace("’", "'")


def _digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(mark, mark)) for mark in text)


def _tokens(text: str, sentence: int, start: int, language: str) -> list[Token]:
    found: list[Token] = []
    opens = True
    for match in _TOKEN.finditer(text):
        kind, said = match.lastgroup or "mark", match[0]
        at = start + match.start()
        if kind == "word" and language in _ELIDING and (elided := _ELISION.match(said)):
            found.append(Token(elided[0], elided[0][:-1].casefold(), "word", sentence, at, _capital(elided[0]), opens))
            said, at, opens = said[elided.end() :], at + elided.end(), opens and not _capital(elided[0])
        if kind == "initials":
            kind = "word"
        folded = said if kind == "mark" else fold(said).replace("-", "") if kind == "mixed" else fold(said)
        found.append(Token(said, folded, kind, sentence, at, _capital(said), opens and kind != "mark"))
        # After a colon or an opening mark a capital need not mean a name.
        opens = said in ':“„«»"‘‹([|–—•·/¿¡' if kind == "mark" else False
        if kind == "mark" and len(found) > 1 and found[-2].kind == "mark" and found[-2].text in ".!?":
            opens = True
    return found


def _capital(word: str) -> bool:
    return _CAPITAL.match(word) is not None
