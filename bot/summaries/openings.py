"""How articles begin that do not begin: datelines, notes of updates and corrections, bylines, captions."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from bot.model import Article

_AGENCY = r"AP|AFP|CNN|BBC|Reuters|dpa|EFE|PA|UPI|ANSA|TASS|APA|sda|Keystone-SDA|Bloomberg|Kyodo|Xinhua|Wire|Staff"
_NEXT = r"""(?=["“„«‘'(¿¡]*[\p{Lu}\p{N}\p{Lo}])"""
_DASH = r"\s*(?:--|[–—-])\s+"
_DATELINES = tuple(
    regex.compile(pattern)
    for pattern in (
        # PORT CALDER, Nov. 23 (Reuters) -   and   (AP) —
        rf"(?:\p{{Lu}}[\p{{L}}\p{{M}}\p{{N}} .,'’/-]{{1,60}}?\s)?\((?:{_AGENCY})\)(?:{_DASH}|\s+){_NEXT}",
        # PORT CALDER (Our correspondent) –   and   PORT CALDER, Mass. —   : the place in capitals, four at least
        rf"(?=(?:[ .'’-]*\p{{Lu}}){{4}})\p{{Lu}}[\p{{Lu}} .'’-]{{2,40}}?(?:, [\p{{L}}\p{{N}}. ]{{2,20}}?)?"
        rf"(?: \([\p{{L}}\p{{N}} ./&-]{{2,30}}\))?{_DASH}{_NEXT}",
        # Los Angeles (CNN)A storm …, (The Wire)A storm …: only a program that lost the space
        rf"(?:\p{{Lu}}[\p{{L}}\p{{M}}\p{{N}} .,'’/-]{{1,40}}?\s)?\(\p{{Lu}}[\p{{L}}\p{{N}} .&/-]{{2,29}}\){_NEXT}",
        # los angeles ( cnn ) -- a storm …: a text that lost its capitals
        rf"(?:[\p{{Ll}}\p{{M}} .,'’/-]{{1,40}}?\s)?\( ?(?:{_AGENCY.lower()}) ?\)\s?(?:--\s)?(?=[\p{{Ll}}\p{{N}}])",
        # By . Ida Roe . PUBLISHED: . 14:11 EST, 25 October 2013 . | . UPDATED: . …: a page's head in one line
        rf"By \. (?:[^.:]{{2,80}} \. (?:(?:PUBLISHED|UPDATED): \. [^.]{{6,40}} \. (?:\| \. )?){{0,2}}){{1,3}}?{_NEXT}",
        # 【東京共同】 and （ロイター）
        r"[【（(][^】）)]{0,12}(?:共同|時事|ロイター|新华社|AFP|AP)[^】）)]{0,6}[】）)]\s*(?:[-—－]\s*)?",
    )
)

_NOTE = regex.compile(
    r"[\s\[(*_]*(?:"
    r"(?:updated?|corrections?|corrected|clarification|editor['’]?s['’]? note|note to readers"
    r"|aktualisiert|korrektur|berichtigung|anmerkung der redaktion"
    r"|mise à jour|rectificatif|note de la rédaction"
    r"|actualización|corrección|fe de erratas|nota de la redacción|訂正|更新)"
    r"(?:\s*[:：–—]|\s+-\s|\s*[,(\[][^:：]{0,50}[:：\])]"
    r"|\s+(?:(?:at|on|um|vom|à|le|el)\s(?-i:[\d\p{Lu}])|\d)[^:]{0,40}:)"
    r"|(?:this|an earlier version of this) (?:story|article|post|report|piece|headline) (?:has been|was|is being|had"
    r"|incorrectly|misstated|gave|said)\b"
    r"|(?:dieser|in einer früheren version dieses) (?:artikel|text|beitrag)s? (?:wurde|wird|hieß)\b"
    r"|(?:cet article|une version antérieure) (?:a été|de cet article)\b"
    r"|(?:este artículo|una versión anterior) (?:ha sido|fue|de este artículo)\b"
    r")",
    regex.IGNORECASE,
)
_CREDIT = regex.compile(
    r"(?:photos?|picture|image|foto|bild|crédit|credit|copyright|caption|video)s?\s*(?:by\b|[:：/©])|©|[（(]?写真[）):：]",
    regex.IGNORECASE,
)
_ENDED = regex.compile(r"""[.!?…:。！？｡؟۔।॥።]["'”’»“‘」』）)\]\s]*$""")
_FEW_WORDS = 12


def without_dateline(paragraph: str) -> str:
    """The paragraph without "PORT CALDER (Wire) –" at its front; unchanged where that is not clearly a dateline."""
    for dateline in _DATELINES:
        match = dateline.match(paragraph)
        if match and match.end() < len(paragraph):
            return paragraph[match.end() :]
    return paragraph


def is_note(paragraph: str) -> bool:
    """Whether the paragraph tells of the article's own updates or corrections."""
    return _NOTE.match(paragraph) is not None


def prose(article: Article, paragraphs: Iterable[str]) -> tuple[str, ...]:
    """The paragraphs that tell the story: no notes at the top, no bylines, headings, captions or credits.

    Where nothing is left, e.g. of a text without punctuation, they are given back as they came.
    """
    every = tuple(paragraphs)
    pictures = (article.image, *article.images)
    captions = {text.strip() for each in pictures if each for text in (each.caption, each.alt, each.credit)}
    kept: list[str] = []
    for paragraph in every:
        note = not kept and is_note(paragraph)
        label = len(paragraph.split()) <= _FEW_WORDS and not _ENDED.search(paragraph)
        if not (note or label or paragraph in captions or _CREDIT.match(paragraph)):
            kept.append(without_dateline(paragraph) if not kept else paragraph)
    return tuple(kept) or every
