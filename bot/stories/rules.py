"""The rules that judge one article by itself: each has a stable name, and says in one sentence why it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import Article, Phrase, Several, Way
from bot.settings import SelectionTable, parse_window
from bot.stories.vocabulary import Vocabulary

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

    def told(self, when: datetime) -> datetime:
        """``when`` as a fact of a reason."""
        return when.astimezone(ZoneInfo(self.timezone))


Rule = Callable[[Article, SelectionTable, Circumstances], Phrase | None]
"""Returns why the article is refused, None when it is not."""


def withdrawn(article: Article, _rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    return Phrase("The newsroom withdrew it.") if article.withdrawn else None


def in_future(article: Article, _rules: SelectionTable, around: Circumstances) -> Phrase | None:
    if article.published <= around.now:
        return None
    return Phrase("Its time of publication, %(time)s, is still to come.", time=around.told(article.published))


def source(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    if not _is_missing([article.source], rules.sources):
        return None
    wanted = Several(rules.sources, Way.OR)
    return Phrase("Its source is %(source)s; the schedule takes %(wanted)s.", source=article.source, wanted=wanted)


def section(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    if not _is_missing(article.sections, rules.sections):
        return None
    wanted = Several(rules.sections, Way.OR)
    if not article.sections:
        return Phrase("It has no section; the schedule takes %(wanted)s.", wanted=wanted)
    its = Several(article.sections)
    return Phrase("Its section is %(sections)s; the schedule takes %(wanted)s.", sections=its, wanted=wanted)


def excluded_section(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    found = _excluded(article.sections, rules.exclude_sections)
    return Phrase("Its section %(section)s is one the schedule leaves out.", section=found) if found else None


def tag(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    if not _is_missing(article.tags, rules.tags):
        return None
    wanted = Several(rules.tags, Way.OR)
    if not article.tags:
        return Phrase("It has no tag; the schedule takes %(wanted)s.", wanted=wanted)
    return Phrase("Its tag is %(tags)s; the schedule takes %(wanted)s.", tags=Several(article.tags), wanted=wanted)


def excluded_tag(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    found = _excluded(article.tags, rules.exclude_tags)
    return Phrase("Its tag %(tag)s is one the schedule leaves out.", tag=found) if found else None


def author(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    if not _is_missing(article.authors, rules.authors):
        return None
    wanted = Several(rules.authors, Way.OR)
    if not article.authors:
        return Phrase("It has no author; the schedule takes %(wanted)s.", wanted=wanted)
    its = Several(article.authors)
    return Phrase("Its author is %(authors)s; the schedule takes %(wanted)s.", authors=its, wanted=wanted)


def excluded_author(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    found = _excluded(article.authors, rules.exclude_authors)
    return Phrase("Its author %(author)s is one the schedule leaves out.", author=found) if found else None


def language(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    if not rules.languages or not article.language or _speaks(article.language, rules.languages):
        return None
    wanted = Several(rules.languages, Way.OR)
    return Phrase(
        "Its language is %(language)s; the schedule takes %(wanted)s.", language=article.language, wanted=wanted
    )


def excluded_language(article: Article, rules: SelectionTable, _around: Circumstances) -> Phrase | None:
    if not article.language or not _speaks(article.language, rules.exclude_languages):
        return None
    return Phrase("Its language is %(language)s, which the schedule leaves out.", language=article.language)


def sent_before(article: Article, _rules: SelectionTable, around: Circumstances) -> Phrase | None:
    return Phrase("An earlier edition of this schedule sent it.") if article.id in around.consumed else None


def reserved(article: Article, _rules: SelectionTable, around: Circumstances) -> Phrase | None:
    held = article.id in around.reserved
    return Phrase("Another edition of this schedule, not sent yet, holds it.") if held else None


def too_old(article: Article, rules: SelectionTable, around: Circumstances) -> Phrase | None:
    if around.now - article.published <= rules.max_age:
        return None
    published = around.told(article.published)
    return Phrase("Published %(time)s: older than %(most)s, the most it may be.", time=published, most=rules.max_age)


def before_window(article: Article, rules: SelectionTable, around: Circumstances) -> Phrase | None:
    window = parse_window(rules.window)
    if window is not None:
        opened = around.now - window
        new = article.published > opened
    else:
        if around.first_run:
            return None
        opened = around.since
        new = article.published > opened or _arrived_late(article, opened)
    if new:
        return None
    return Phrase(
        "Published %(time)s, before the window that opened %(opened)s.",
        time=around.told(article.published),
        opened=around.told(opened),
    )


def backlog(article: Article, rules: SelectionTable, around: Circumstances) -> Phrase | None:
    # A fixed window is the editor's word for how far back even the first edition looks.
    if parse_window(rules.window) is not None or not around.first_run or article.published > around.since:
        return None
    return Phrase(
        "Published %(time)s; the schedule's first edition goes back to %(since)s only.",
        time=around.told(article.published),
        since=around.told(around.since),
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


def refusal(article: Article, rules: SelectionTable, around: Circumstances) -> tuple[str, Phrase] | None:
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


def _is_missing(names: Sequence[str], wanted: Sequence[str]) -> bool:
    return bool(wanted) and not _folded(names) & _folded(wanted)


def _excluded(names: Sequence[str], unwanted: Sequence[str]) -> str:
    """The first of the names that is not wanted; "" when all may stay."""
    return next((name for name in names if name.strip().casefold() in _folded(unwanted)), "")


def _speaks(spoken: str, listed_languages: Iterable[str]) -> bool:
    """Whether a BCP 47 tag is one of those listed or a variety of one: ``en`` takes ``en-GB``, not the reverse."""
    said = f"{spoken.replace('_', '-').casefold()}-"
    return any(said.startswith(f"{each.strip().replace('_', '-').casefold()}-") for each in listed_languages)
