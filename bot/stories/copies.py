"""Copies: the same text published twice, as when two outlets print one wire story. Together they are one story.

Measured (research, 2026-11-23): containment of 3-word shingles ≥ 0.5 found all copies with up to half of their
sentences dropped and no unrelated pair, of which the closest reached 0.07; MinHash and simhash missed most.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

import regex

from bot.articles.text import paragraphs
from bot.model import Article, Story
from bot.stories.once import Once

CONTAINMENT = 0.5
"""Of the shorter article's shingles, the share that the other has too."""

RETOLD = 0.7
"""Of a new article's shingles, the share that one which was sent had too: less than a third of it is news."""

REPUBLISHED = 0.95
"""The same for one that was sent long ago: all but a line of the page around it."""

FEWEST_SHINGLES = 20
"""An article with fewer is a copy only of the very same text: a few words agree by chance."""

FURNITURE = 3
"""A paragraph that stands in so many articles of one source belongs to its page ("Call the desk …"), not to a story."""

FURNITURE_PARAGRAPHS, FURNITURE_WORDS = 4, 150
"""What stands around stories is shorter than this, or less than the story."""

_CHARACTERS_A_SHINGLE = 6
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_LETTER = regex.compile(r"\p{L}")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_AGENCIES = {"afp", "agence france-presse", "ap", "associated press", "dpa", "efe", "reuters", "the associated press"}

Identity = tuple[str, str, int]


def stories_of(articles: Iterable[Article], site: str = "", once: Once | None = None) -> tuple[Story, ...]:
    """Each article in exactly one story, newest lead first; independent of the order they come in.

    The newsroom's own article leads: one on ``site`` (a host, without ``www.``), then the one with most of standfirst,
    image and an author who is no agency, then the earliest. Every other article of a story is a copy of its lead, not
    just of another copy: so a round-up that quotes five articles does not make the five one story.
    """
    ordered = sorted(articles, key=lambda article: leading(article, site))
    texts = _texts(ordered, once or Once())
    copies = _copies(texts)
    followers: dict[int, list[int]] = {}
    taken: set[int] = set()
    for lead in range(len(ordered)):
        if lead in taken:
            continue
        near = sorted(copies.get(lead, ()))
        followers[lead] = [other for other in near if other not in taken and other not in followers]
        taken.update(followers[lead])
    found = [Story(ordered[lead], tuple(ordered[other] for other in others)) for lead, others in followers.items()]
    return tuple(sorted(found, key=lambda story: (-story.lead.published.timestamp(), *identity(story.lead))))


def retold(
    articles: Sequence[Article],
    sent: Sequence[Article],
    long_ago: Sequence[Article] = (),
    once: Once | None = None,
) -> list[Article | None]:
    """For each article the one of ``sent`` that said it before, or None.

    Of what was sent ``long_ago`` only a text of some length, word for word, counts: so a site that moved, and brings
    its old articles under new addresses, sends none again, but a notice that comes each week does go out each week.

    Here it is the article's own text that must be contained: a follow-up that repeats all of yesterday's few
    paragraphs has more to say, and is not one.
    """
    if not articles:
        return []
    recent = sorted(sent, key=leading)
    earlier = [*recent, *sorted(long_ago, key=leading)]
    texts = _texts([*earlier, *articles], once or Once())
    holders = _holders(texts, len(earlier))
    same = {text.exact: position for position, text in reversed(list(enumerate(texts[: len(recent)]))) if text.exact}
    found: list[Article | None] = []
    for text in texts[len(earlier) :]:
        common = _common(text, holders) if len(text.shingles) >= FEWEST_SHINGLES else Counter()
        near = [
            position
            for position, count in common.items()
            if count >= (RETOLD if position < len(recent) else REPUBLISHED) * len(text.shingles)
        ]
        said = [same[text.exact]] if text.exact in same else near
        found.append(earlier[min(said)] if said else None)
    return found


def has_own_author(article: Article) -> bool:
    """Whether somebody of the newsroom signs it: an author who is no news agency."""
    return any(author.strip().casefold() not in _AGENCIES for author in article.authors)


def leading(article: Article, site: str = "") -> tuple[bool, int, float, str, str, int]:
    """The key by which the articles of a story are ordered: its lead is the first. ``site`` as in ``stories_of``."""
    merits = bool(article.standfirst.strip()) + (article.image is not None) + has_own_author(article)
    return (not is_own(article, site), -merits, article.published.timestamp(), *identity(article))


def is_own(article: Article, site: str) -> bool:
    """Whether its address is on ``site``, a host in lower case and without ``www.``; False where that is ""."""
    if not site:
        return False
    try:
        host = urlsplit(article.url).hostname or ""
    except ValueError:
        return False
    return host == site or host.endswith(f".{site}")


def identity(article: Article) -> Identity:
    """What orders articles that are equal in all else."""
    return (article.source, article.guid, article.id)


@dataclass(frozen=True, slots=True)
class _Text:
    exact: str
    shingles: frozenset[int]


def _texts(articles: Sequence[Article], once: Once) -> list[_Text]:
    bodies = [once(paragraphs, article.body) for article in articles]
    seen = Counter(
        (article.source, paragraph)
        for article, body in zip(articles, bodies, strict=True)
        for paragraph in dict.fromkeys(body)
    )
    return [
        once(
            _text,
            article.title,
            article.standfirst,
            body,
            _own(body, {each for each in body if seen[article.source, each] >= FURNITURE}),
        )
        for article, body in zip(articles, bodies, strict=True)
    ]


def _own(body: tuple[str, ...], furniture: set[str]) -> tuple[str, ...]:
    """The paragraphs that are the article's own; all of them where hardly any would be: that is no furniture, but one
    story that its source brought three times.
    """
    if not furniture:
        return body
    own = tuple(each for each in body if each not in furniture)
    words, left = len(" ".join(body).split()), len(" ".join(own).split())
    many = len(body) - len(own) >= FURNITURE_PARAGRAPHS and len(own) * 2 < len(body)
    long = words - left >= FURNITURE_WORDS and left * 3 < words
    return body if many or long else own


def _text(title: str, standfirst: str, body: Sequence[str], own: Sequence[str]) -> _Text:
    told = " ".join(own) if body else f"{title} {standfirst}"
    words = (title, standfirst, *body)
    whole = " ".join(body)
    inside = shingles(whole)
    # A long text is the same without its headline, which each outlet writes anew; a short one only with it.
    exact = " ".join(_words(whole if len(inside) >= FEWEST_SHINGLES else " ".join(words)))
    return _Text(exact, inside if told == whole else shingles(told))


def shingles(text: str) -> frozenset[int]:
    """The hashed runs of three words, or of six characters where a script puts no space between words.

    The hashes hold within one process only.
    """
    words = _words(text)
    if _is_unspaced(text):
        characters = "".join(words)
        runs = range(len(characters) - _CHARACTERS_A_SHINGLE + 1)
        return frozenset(hash(characters[start : start + _CHARACTERS_A_SHINGLE]) for start in runs)
    return frozenset(map(hash, zip(words, words[1:], words[2:], strict=False)))


def _is_unspaced(text: str) -> bool:
    if text.isascii() or not _UNSPACED.search(text):
        return False
    return len(_UNSPACED.findall(text)) * 2 > len(_LETTER.findall(text))


def _words(text: str) -> list[str]:
    folded = text.casefold()
    return _ASCII_WORD.findall(folded) if folded.isascii() else _WORD.findall(folded)


def _copies(texts: Sequence[_Text]) -> dict[int, set[int]]:
    """Which texts are copies of which, by position, both ways; found through an index, never pair by pair."""
    copies: dict[int, set[int]] = defaultdict(set)
    holders = _holders(texts, len(texts))
    same: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        twins = same[text.exact] if text.exact else []
        for other in {*twins, *_near(position, texts, holders)}:
            copies[position].add(other)
            copies[other].add(position)
        twins.append(position)
    return copies


def _near(position: int, texts: Sequence[_Text], holders: dict[int, list[int]]) -> list[int]:
    text = texts[position]
    if len(text.shingles) < FEWEST_SHINGLES:
        return []
    return [
        other
        for other, count in _common(text, holders).items()
        if other < position and count >= CONTAINMENT * min(len(text.shingles), len(texts[other].shingles))
    ]


def _holders(texts: Sequence[_Text], first: int) -> dict[int, list[int]]:
    """Which of the ``first`` texts hold a shingle, of those that more than one of all texts holds."""
    long = [text.shingles if len(text.shingles) >= FEWEST_SHINGLES else () for text in texts]
    shared = {shingle for shingle, count in Counter(chain.from_iterable(long)).items() if count > 1}
    holders: dict[int, list[int]] = defaultdict(list)
    for position, each in enumerate(long[:first]):
        for shingle in shared.intersection(each):
            holders[shingle].append(position)
    return holders


def _common(text: _Text, holders: dict[int, list[int]]) -> Counter[int]:
    return Counter(chain.from_iterable([holders[shingle] for shingle in text.shingles & holders.keys()]))
