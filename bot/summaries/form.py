"""What a machine's text must look like: one plain line, in the article's language, about the news.

Phrases that the article itself has in the same words are no fault, nor are its asterisks and the like.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex
from tld import is_tld

from bot.articles.language import language_of
from bot.summaries.abbreviations import LANGUAGES
from bot.summaries.reading import Reading, primary

_LABEL = r"[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*+"
_ADDRESS = regex.compile(
    r"(?:(?:(?<![a-z0-9])[a-z][a-z0-9+.-]{1,30}+|https?)://|www\.|mailto:)[^\s<>\"“”„«»「」]+"
    r"|(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}\.[\p{L}\p{M}\p{N}.-]{2,63}"
    r"|(?P<number>(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)(?::\d{1,5})?(?:/[^\s<>\"“”]*)?)"
    rf"|(?<![\p{{L}}\p{{M}}\p{{N}}][_-]*)(?P<host>{_LABEL}(?:\.{_LABEL})++)"
    r"(?P<path>(?:(?<=[\p{L}\p{M}\p{N}-]{2})\.)?(?::\d{1,5})?/[^\s<>\"“”.,;:!)][^\s<>\"“”]*)?",
    regex.IGNORECASE,
)
"""Addresses, and what may be one: ``addresses`` looks at each ``number`` and ``host``. Linear in the text."""
_END = regex.compile(r"xn--[a-z0-9-]+|[a-z]+(?![\p{Latin}\p{M}\p{N}])|[\p{L}\p{M}]+(?!\p{N})", regex.IGNORECASE)
"""The end of a host's name at the beginning of its last label: what stands behind may be other words."""
_RESERVED = frozenset({"example", "onion"})
"""Ends of names that are no public ones, and addresses all the same (RFC 2606, RFC 7686)."""
_ABBREVIATIONS = frozenset(
    known for each in LANGUAGES.values() for known in each.titles | each.abbreviations if "." in known
)
_MENTION = regex.compile(r"(?<!\w)[@\uff20]\w[\w.-]*")
_UNPRINTED = regex.compile(r"\p{Cf}+")
_TRAILING = ".,;:!?)]}'\"»”’"
_MARKUP = regex.compile(
    r"\*\*|__|`+|~~|\]\(|^\s*#{1,6}\s|^\s*(?:[-*•+]|\d{1,2}[.)])\s+(?=\S)|</?[A-Za-z][^<>]{0,200}>|&(?:[a-z]{2,8}|#\d{1,6});"
    r"|\{\{|\{%|^\s*[\[{]\s*\"",
    regex.MULTILINE,
)
_CODE = ("<", "&", "{", "](")
"""Begins what no reader should see even where the article shows it: text for a program."""
_COMMENTARY = regex.compile(
    r"\b(?:this|the) (?:article|text|piece|passage|report|story|author|summary)(?:['’]s author)?"
    r" (?:is|was|says|said|reports|describes|discusses|explains|examines|explores|covers|highlights|argues|notes"
    r"|mentions|details|outlines|tells|focuses|provides|summari[sz]es|states|looks)\b"
    r"|\bin (?:this|the) (?:article|text|piece|passage)\b|\bthis (?:article|piece|passage)\b"
    r"|^(?:here(?:['’]s| is| are)\b|summary\s*:|tl;?dr\b|sure[,!]|certainly[,!]|of course[,!]|okay[,!]|title\s*:)"
    r"|\bas an ai\b|\b(?:language|ai) model\b|\bi (?:cannot|can['’]t|am unable|apologi[sz]e)\b"
    r"|\bmy instructions\b|\b(?:system|user) prompt\b"
    r"|\b(?:dieser|der) (?:artikel|text|beitrag) (?:beschreibt|berichtet|behandelt|handelt|erklärt)"
    r"|\bin diesem (?:artikel|text|beitrag)\b|^(?:zusammenfassung|hier ist)\b"
    r"|\bcet article\b|\bl['’]article (?:décrit|parle|explique)|\bdans cet article\b|^(?:résumé|voici)\b"
    r"|\beste (?:artículo|texto)\b|\bel artículo (?:describe|trata|explica)|^(?:resumen|aquí (?:está|tienes))\b"
    r"|この記事|本記事|本文では|要約[：:]|本文(?:介绍|讲述)|这篇文章|该文章|摘要[：:]"
    r"|هذا المقال|هذه المقالة|يتناول المقال",
    regex.IGNORECASE,
)
_UNSEEN = regex.compile(r"[\p{Cc}\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffd-\uffff]")
_OWN_WORDS = 0.5
"""Share of the article's words in a text; a translation has fewer of them."""
_FEW = 6


def addresses(text: str, own: str, article: str) -> Iterator[str]:
    """Web and mail addresses in ``text`` other than ``own``, the article's: also those that the article prints.

    Two words with a point between them are one where a path follows, where they end as names of hosts do (.click), and
    where the ``article`` does not have them in these words ("Node.js", "ended.The").
    """
    folded = article.casefold()
    for match in _ADDRESS.finditer(_UNPRINTED.sub("", text)):
        if match["number"]:
            found = all(int(each) < 256 for each in regex.findall(r"\d+", match["number"])[:4])
        else:
            found = not match["host"] or _is_host(match["host"], bool(match["path"]), folded)
        if found and _bare(match[0]) != _bare(own):
            yield match[0].rstrip(_TRAILING)


def mentions(text: str) -> Iterator[str]:
    """Names of accounts ("@name"), which a network makes links of."""
    for match in _MENTION.finditer(_UNPRINTED.sub("", text)):
        yield match[0].rstrip(_TRAILING)


def markup(text: str, article: str) -> Iterator[str]:
    """Markdown, HTML, entities, JSON, line ends and invisible marks."""
    for match in _MARKUP.finditer(text):
        if match[0] not in article or match[0].startswith(_CODE):
            yield match[0].strip()
    for match in _UNSEEN.finditer(text):
        if match[0] not in article:
            yield f"U+{ord(match[0]):04X}"


def commentary(text: str, article: str) -> Iterator[str]:
    """Talk of "this article", of the text as a text, or of the model."""
    folded = article.casefold()
    for match in _COMMENTARY.finditer(text):
        if match[0].casefold() not in folded:
            yield match[0]


def strange_language(text: Reading, article: Reading, vocabulary: frozenset[str], tag: str) -> str:
    """The tag of the language of ``text`` where it is not the article's; "" where it is, or cannot be told."""
    words = [token.folded for token in text.tokens if token.kind in ("word", "wide")]
    if len(words) < _FEW or sum(word in vocabulary for word in words) >= _OWN_WORDS * len(words):
        return ""
    found = primary(language_of(text.text))
    theirs = {primary(tag), primary(language_of(article.text))} - {""}
    return found if found and theirs and found not in theirs else ""


def _is_end(label: str) -> bool:
    name = label.casefold()
    return name in _RESERVED or is_tld(name)


def _is_host(found: str, path: bool, article: str) -> bool:
    before, _, last = found.rpartition(".")
    end = _END.match(last)
    if end is None or path or len(end[0]) < 2:
        return path and end is not None
    if _is_end(end[0]) or any(_is_end(each) for each in before.split(".")[1:]):
        # "U.S.in" lacks a space.
        return before not in _ABBREVIATIONS or found.casefold() not in article
    return f"{before}.{end[0]}".casefold() not in article


def _bare(url: str) -> str:
    return regex.sub(r"^(?:https?://)?(?:www\.)?", "", url.rstrip(_TRAILING).casefold()).rstrip("/")
