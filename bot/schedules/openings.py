"""How a newsroom's older articles begin: what tells which words are often said."""

from __future__ import annotations

from datetime import datetime
from sys import intern

from bot.store import Transaction
from bot.stories.vocabulary import opening, terms


class Openings:
    """Each article is read once, until another revision of it comes: for who asks again and again.

    Keeps what it was asked for last, some thousand articles at most. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[str, ...]] = {}

    def between(self, tx: Transaction, since: datetime, until: datetime) -> list[tuple[str, ...]]:
        """The terms with which each article begins that was published between, each once."""
        which, known = tx.articles.published(since=since, until=until), self._known
        unknown = [article for article, revision in which if (article, revision) not in known]
        read = tx.articles.openings(unknown) if unknown else {}
        found = {}
        for article, revision in which:
            if article in read:
                found[article, revision] = _terms(*read[article])
            elif (article, revision) in known:
                found[article, revision] = known[article, revision]
        self._known = found
        return list(found.values())


def _terms(title: str, standfirst: str, body: str) -> tuple[str, ...]:
    # The same words stand in thousands of articles.
    return tuple({intern(term) for term in opening(terms(title), standfirst, body)})
