"""Updates: what an article adds to a story that was sent. Another outlet's telling that adds nothing is not told again.

Losing a development is worse than telling an event twice, so an article is held to add something unless all speaks
against it. In a script without capitals names cannot be told from other words: there nothing is held to be told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

import regex

from bot.model import Article
from bot.sanitize import plain
from bot.stories.copies import is_own, leading
from bot.stories.events import SHARED, WINDOW, Opening, least, likeness, weighed
from bot.stories.once import Once
from bot.stories.vocabulary import Vocabulary, terms

TOLD = 0.3
"""From here on an opening is so like one which was sent that it may be the same news: twice what joins two articles."""

SAME_HOURS = timedelta(hours=2)
"""An article published later than this after the one that was sent is told only if its title has no word of its own."""

_BEGINNING = 800
_NAME = regex.compile(r"\p{Lu}[\p{L}\p{M}\p{N}’'-]*")
_BEGINS = regex.compile(r"(?:^|[.!?:…][\"'”’»)]*\s+|[\"'“‘«„(])\Z")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CAPITALS = regex.compile(r"[\p{Lu}\p{Lt}]")


@dataclass(frozen=True, slots=True)
class Follows:
    """What an article follows: the one of those that were sent which it is most like; ``told``: it adds nothing.

    ``own``: it is the newsroom's own, of the source that was sent or on the newsroom's site.
    """

    earlier: Article
    told: bool
    own: bool


def updates(
    articles: Sequence[Article],
    sent: Sequence[Article],
    vocabulary: Vocabulary,
    site: str = "",
    once: Once | None = None,
) -> list[Follows | None]:
    """For each article what it follows of ``sent``, or None. The newsroom's own always add something."""
    earlier = sorted(sent, key=lambda article: leading(article, site))
    openings = weighed([*earlier, *articles], vocabulary, once)
    enough = least(vocabulary.openings + len(openings))
    holders: dict[str, list[int]] = {}
    for position, told in enumerate(openings[: len(earlier)]):
        for term in told.rare:
            holders.setdefault(term, []).append(position)
    found: list[Follows | None] = []
    for article, told in zip(articles, openings[len(earlier) :], strict=True):
        near = _near(article, told, earlier, openings, holders, enough)
        if not near:
            found.append(None)
            continue
        like, first = near[0]
        own = is_own(article, site) or any(earlier[each].source == article.source for _, each in near)
        adds = own or like < TOLD or _adds(article, [earlier[each] for _, each in near])
        found.append(Follows(earlier[first], told=not adds, own=own))
    return found


def _near(
    article: Article,
    told: Opening,
    earlier: Sequence[Article],
    openings: Sequence[Opening],
    holders: Mapping[str, list[int]],
    enough: float,
) -> list[tuple[float, int]]:
    """(likeness, position) of those of the same event, most like first."""
    shared = Counter(chain.from_iterable([holders.get(term, ()) for term in told.rare]))
    near = [
        (likeness(told, openings[position]), position)
        for position, common in shared.items()
        if common >= SHARED and abs(article.published - earlier[position].published) <= WINDOW
    ]
    return sorted((each for each in near if each[0] >= enough), key=lambda each: (-each[0], each[1]))


def _adds(article: Article, sent: Sequence[Article]) -> bool:
    beginning = f"{article.title}. {article.standfirst} {plain(article.body)[:_BEGINNING]}"
    said = " ".join(f"{each.title}. {each.standfirst} {plain(each.body)}" for each in sent)
    if not _CAPITALS.search(beginning):
        return True
    known = set(terms(said))
    if set(_NUMBER.findall(beginning)) - set(_NUMBER.findall(said)):
        return True
    if any(not known.issuperset(terms(name)) for name in _names(beginning)):
        return True
    later = article.published - min(each.published for each in sent)
    return later > SAME_HOURS and not known.issuperset(terms(article.title))


def _names(text: str) -> list[str]:
    """Words with a capital that does not come from the beginning of a sentence."""
    found = _NAME.finditer(text)
    return [each[0] for each in found if not _BEGINS.search(text, max(0, each.start() - 8), each.start())]
