"""A summary in the article's own words: its standfirst, else the sentences that tell the most of it.

What is left uncleaned at the top of a text costs 4 points of ROUGE-1 (research, 2026-11-23), more than any choice
gains: so the care goes into what is skipped, then into the choice (docs/summaries.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import regex

from bot.articles.text import paragraphs
from bot.model import Article, Summary
from bot.summaries.choosing import candidates, choose
from bot.summaries.cutting import cut
from bot.summaries.openings import prose
from bot.summaries.sentences import split_sentences
from bot.summaries.units import Unit, spaced, units

# An excerpt that the site cut from the body by itself, e.g. WordPress's 55 words.
_CUT_OFF = regex.compile(
    r"\s*(?:\[(?:…|\.\.\.)\]|…|\.\.\.)(?:\s*(?:read more|continue reading).{0,80})?$", regex.IGNORECASE
)
_ALIKE = 60
_MOST = 500
"""Units looked at; a longer text is a book, or hostile."""
# The title's own sentence ends where it does, and what follows begins another.
_ENDED = regex.compile(r"[.!?](?:\s+[\p{Lu}\p{Lo}\d“\"«„¿¡]|\s*$)|[。！？]|\s*$")


def summarise(article: Article, *, sentences: int = 2, characters: int = 240) -> Summary:
    """At most ``sentences`` whole sentences in at most ``characters``, verbatim and in the article's own order.

    A standfirst is taken whole up to twice ``characters``, since an editor wrote it for this. Of the text the sentences
    are chosen that tell the most together. Only where its lead alone is too long, the lead is cut, at a clause or a
    word, with "…". Where nothing can be chosen, e.g. of a text that is one quotation, it gives what comes first, which
    may be one quotation of more sentences. An article without text gives "".
    """
    standfirst = " ".join(article.standfirst.split())
    if standfirst and standfirst != " ".join(article.title.split()) and not _cut_from(standfirst, article):
        if len(standfirst) <= 2 * characters:
            return Summary(standfirst, split_sentences(standfirst, article.language), "standfirst")
        return _chosen([standfirst], article, sentences, characters, "standfirst")
    texts = _after_title(prose(article, paragraphs(article.body)), article.title)
    return _chosen(texts, article, sentences, characters, "extract")


def _after_title(texts: Iterable[str], title: str) -> Iterator[str]:
    """``texts`` without the sentence that is the title already, as of an item that came without one."""
    for number, text in enumerate(texts):
        if number == 0 and title and text.startswith(title) and _ENDED.match(text, len(title)):
            text = text[len(title) :].lstrip(".!?。！？ ")
        if text:
            yield text


def _cut_from(standfirst: str, article: Article) -> bool:
    start = _CUT_OFF.sub("", standfirst)
    return start not in ("", standfirst) and " ".join(paragraphs(article.body)).startswith(start[:_ALIKE])


def _chosen(texts: Iterable[str], article: Article, sentences: int, characters: int, origin: str) -> Summary:
    told = tuple(islice(units(texts, article.language), _MOST))
    able = candidates(told, article.language)
    if able and not _is_too_long(told[able[0]], characters):
        chosen = choose(
            told, able, title=article.title, tag=article.language, sentences=sentences, characters=characters
        )
        if chosen:
            return _summary([told[at] for at in chosen], origin)
    lead = told[able[0]] if able else next((unit for unit in told if unit.whole), next(iter(told), None))
    if lead is None:
        return Summary("", (), origin)
    return Summary(cut(lead.text, characters), lead.sentences, origin)


def _is_too_long(lead: Unit, characters: int) -> bool:
    # A long quotation of several sentences is passed over; a lead is the news, and better cut than left out: measured.
    return len(lead.sentences) == 1 and len(lead.text) > characters


def _summary(taken: list[Unit], origin: str) -> Summary:
    return Summary(
        spaced([unit.text for unit in taken]), tuple(sentence for unit in taken for sentence in unit.sentences), origin
    )
