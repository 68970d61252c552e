"""The rules that judge one article by itself: each has a stable name, and says in one sentence why it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import Article
from bot.settings import SelectionTable, parse_window
from bot.stories.vocabulary import Vocabulary
from bot.stories.words import listed, moment, span

LATE_ARRIVAL = timedelta(hours=24)
"""So long before the window an article may have been published, if we saw it only within the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a selection must know of its schedule. Times are in UTC.

    ``since`` is the moment the last sent edition was drafted; on the first run (nothing was sent yet) the previous
    slot. ``consumed`` are the ids of articles this schedule has sent, ``reserved`` those that another unsent edition
    of it holds. ``timezone`` is that in which reasons name times.

    ``sent`` are articles this schedule sent that are too old to be among those a selection is given, ``vocabulary`` is
    what the newsroom's older articles say, and ``site`` the host of its own (in lower case, without ``www.``).
    """

    now: datetime
    since: datetime
    first_run: bool
    consumed: frozenset[int]
    reserved: frozenset[int]
    timezone: str = "UTC"
    sent: tuple[Article, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    site: str = ""

    def told(self, when: datetime) -> str:
        """``when`` in the words of a reason."""
        return moment(when, ZoneInfo(self.timezone))


Rule = Callable[[Article, SelectionTable, Circumstances], str]
"""Returns why the article is refused, "" when it is not."""


def withdrawn(article: Article, _rules: SelectionTable, _around: Circumstances) -> str:
    return "The newsroom withdrew it." if article.withdrawn else ""


def in_future(article: Article, _rules: SelectionTable, around: Circumstances) -> str:
    if article.published <= around.now:
        return ""
    return f"Its time of publication, {around.told(article.published)}, is still to come."


def source(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _missing("source", [article.source], rules.sources)


def section(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _missing("section", article.sections, rules.sections)


def excluded_section(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _excluded("section", article.sections, rules.exclude_sections)


def tag(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _missing("tag", article.tags, rules.tags)


def excluded_tag(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _excluded("tag", article.tags, rules.exclude_tags)


def author(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _missing("author", article.authors, rules.authors)


def excluded_author(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    return _excluded("author", article.authors, rules.exclude_authors)


def language(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    if not rules.languages or not article.language or _speaks(article.language, rules.languages):
        return ""
    return f"Its language is {article.language}; the schedule takes {listed(rules.languages)}."


def excluded_language(article: Article, rules: SelectionTable, _around: Circumstances) -> str:
    if not article.language or not _speaks(article.language, rules.exclude_languages):
        return ""
    return f"Its language is {article.language}, which the schedule leaves out."


def sent_before(article: Article, _rules: SelectionTable, around: Circumstances) -> str:
    return "An earlier edition of this schedule sent it." if article.id in around.consumed else ""


def reserved(article: Article, _rules: SelectionTable, around: Circumstances) -> str:
    return "Another edition of this schedule, not sent yet, holds it." if article.id in around.reserved else ""


def too_old(article: Article, rules: SelectionTable, around: Circumstances) -> str:
    if around.now - article.published <= rules.max_age:
        return ""
    return f"Published {around.told(article.published)}: older than {span(rules.max_age)}, the most it may be."


def before_window(article: Article, rules: SelectionTable, around: Circumstances) -> str:
    window = parse_window(rules.window)
    if window is not None:
        opened = around.now - window
        new = article.published > opened
    else:
        if around.first_run:
            return ""
        opened = around.since
        new = article.published > opened or _arrived_late(article, opened)
    if new:
        return ""
    return f"Published {around.told(article.published)}, before the window that opened {around.told(opened)}."


def backlog(article: Article, rules: SelectionTable, around: Circumstances) -> str:
    # A fixed window is the editor's word for how far back even the first edition looks.
    if parse_window(rules.window) is not None or not around.first_run or article.published > around.since:
        return ""
    return (
        f"Published {around.told(article.published)}; the schedule's first edition goes back to "
        f"{around.told(around.since)} only."
    )


RULES: tuple[tuple[str, Rule], ...] = (
    ("withdrawn", withdrawn),
    ("in-future", in_future),
    ("source", source),
    ("section", section),
    ("excluded-section", excluded_section),
    ("tag", tag),
    ("excluded-tag", excluded_tag),
    ("author", author),
    ("excluded-author", excluded_author),
    ("language", language),
    ("excluded-language", excluded_language),
    ("sent-before", sent_before),
    ("reserved", reserved),
    ("too-old", too_old),
    ("before-window", before_window),
    ("backlog", backlog),
)
"""In the order they are asked: the first that refuses is the reason an editor reads."""


def refusal(article: Article, rules: SelectionTable, around: Circumstances) -> tuple[str, str] | None:
    """(rule, reason) of the first rule that refuses the article, None when all let it pass."""
    for name, rule in RULES:
        reason = rule(article, rules, around)
        if reason:
            return name, reason
    return None


def _arrived_late(article: Article, opened: datetime) -> bool:
    seen = article.first_seen
    return seen is not None and seen > opened and article.published > opened - LATE_ARRIVAL


def _folded(names: Iterable[str]) -> set[str]:
    return {name.strip().casefold() for name in names}


def _missing(kind: str, names: Sequence[str], wanted: Sequence[str]) -> str:
    if not wanted or _folded(names) & _folded(wanted):
        return ""
    has = f"Its {kind} is {', '.join(names)}" if names else f"It has no {kind}"
    return f"{has}; the schedule takes {listed(wanted)}."


def _excluded(kind: str, names: Sequence[str], unwanted: Sequence[str]) -> str:
    found = [name for name in names if name.strip().casefold() in _folded(unwanted)]
    return f"Its {kind} {found[0]} is one the schedule leaves out." if found else ""


def _speaks(spoken: str, listed_languages: Iterable[str]) -> bool:
    """Whether a BCP 47 tag is one of those listed or a variety of one: ``en`` takes ``en-GB``, not the reverse."""
    said = f"{spoken.replace('_', '-').casefold()}-"
    return any(said.startswith(f"{each.strip().replace('_', '-').casefold()}-") for each in listed_languages)
