"""What an editor should know of an edition before it goes out. Pure: what was asked of servers is given.

Sources: what the law wants in a mail, ``bot.editions.imprint``; Gmail's 102 kB, ``bot.editions.weight``; contrast,
WCAG 2.2 AA; a subject in capitals, a false "Re:" and a mail without a text part are what SpamAssassin counts against a
mail (its rules SUBJ_ALL_CAPS, FAKE_REPLY, MIME_HTML_ONLY). Other words of a subject are nobody's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.articles.url import identity_key
from bot.audience.links import image_url
from bot.editions.brand import READABLE, tokens
from bot.editions.colour import contrast
from bot.editions.digest import LARGEST
from bot.editions.entry import is_web
from bot.editions.environment import letters_of, one_line
from bot.editions.findings import capital as _capital
from bot.editions.findings import every as _all
from bot.editions.findings import fault as _fault
from bot.editions.findings import named as _named
from bot.editions.findings import ok as _ok
from bot.editions.findings import titled as _titled
from bot.editions.findings import warning as _warning
from bot.editions.imprint import lacking
from bot.editions.post_preflight import looked_at, pictures_of
from bot.editions.shown import Shown, shown
from bot.editions.weight import weight
from bot.model import (
    Edition,
    EditionStory,
    Email,
    Fetched,
    Finding,
    Grade,
    Limits,
    MergeField,
    Newsroom,
    PostRules,
    Reach,
    Reached,
)
from bot.stories.words import counted

SUBJECT = 90
"""Columns of a subject line from which on every inbox cuts it; a character of Chinese or Japanese takes two."""
_BRACES = re.compile(r"\{[{%].*?(?:[%}]\}|$)|[%}]\}")
_REPLY = re.compile(r"(?:re|fwd?|aw|wg|tr|rv)\s*:", re.I)


@dataclass(frozen=True, slots=True)
class Ran:
    """A story of the edition that the same readers were sent already: by the schedule called ``name``, at ``slot``."""

    title: str
    name: str
    slot: datetime


@dataclass(frozen=True, slots=True)
class Targets:
    """What readers are sent to, and what they are shown, outside our own pages: addresses, each with what it is of."""

    links: Mapping[str, str]
    pictures: Mapping[str, str]


def targets(edition: Edition, newsroom: Newsroom) -> Targets:
    """The addresses on which ``edition`` depends. Our own pages are left out: an edition's opens as it is sent."""
    links: dict[str, str] = {}
    edition = _as_told(edition)
    for story in edition.stories:
        links.setdefault(story.article.url, _titled(story.article.title))
        for who, url in story.also:
            links.setdefault(url, f"{who} on {_titled(story.article.title)}")
    for correction in edition.corrections:
        links.setdefault(correction.url, f"the correction of {_titled(correction.title)}")
    pictures: dict[str, str] = {}
    seen = [_shown(each.email, edition) for each in edition.renditions if each.email]
    of = {each.article.image.url: _titled(each.article.title) for each in edition.stories if each.article.image}
    for look in seen:
        for url in look.links:
            links.setdefault(url, "the newsroom's own page" if url == newsroom.url else "the template")
        for url, _ in look.pictures:
            pictures.setdefault(url, of.get(url, "the template"))
    for rendition in edition.renditions:
        for url in pictures_of(rendition.post) if rendition.post else ():
            pictures.setdefault(url, of.get(url, "a post"))
    return Targets(_outside(links, newsroom), _outside(pictures, newsroom))


def _as_told(edition: Edition) -> Edition:
    """The edition with the words that readers get."""
    return replace(edition, stories=tuple(story.told for story in edition.stories))


def _outside(found: Mapping[str, str], newsroom: Newsroom) -> dict[str, str]:
    own = f"{newsroom.public_url}/"
    return {url: of for url, of in found.items() if is_web(url) and not url.startswith(own)}


def preflight(
    edition: Edition,
    *,
    newsroom: Newsroom,
    limits: Mapping[str, Limits],
    rules: Mapping[str, PostRules] = MappingProxyType({}),
    reached: Reached | None = None,
    ran: Sequence[Ran] = (),
    pictures: Mapping[str, Fetched] | None = None,
) -> tuple[Finding, ...]:
    """All that was looked at, what must be mended first and what holds last.

    ``limits`` and ``rules`` are those of the channels, by name. ``reached`` is what became of ``targets``; None: they
    were not asked yet. ``pictures`` is what became of the stories' pictures that we show copies of, by their addresses.
    An edition without stories has nothing to be looked at.
    """
    if not edition.stories:
        return ()
    edition = _as_told(edition)
    found = [*_reached(edition, newsroom, reached), *_stories(edition), *_ran(ran, newsroom)]
    fetched = pictures or {}
    found += _left_out(edition, fetched)
    copies = {
        image_url(newsroom, image.name): url
        for url, each in fetched.items()
        if each.picture
        for image in each.picture.images
    }
    for rendition in edition.renditions:
        if rendition.email:
            found += _mail(edition, rendition.email, newsroom, copies)
    found += looked_at(edition, limits, rules)
    order = (Grade.FAULT, Grade.WARNING, Grade.OK)
    return tuple(sorted(dict.fromkeys(found), key=lambda each: order.index(each.grade)))


def _mail(edition: Edition, email: Email, newsroom: Newsroom, copies: Mapping[str, str]) -> Iterator[Finding]:
    look = _shown(email, edition)
    look = replace(look, pictures=tuple((copies.get(url, url), alt) for url, alt in look.pictures))
    yield from _subject(email, edition.stories)
    yield from _pictures(edition, look)
    heavy = weight(email, len(edition.stories))
    if heavy.said:
        grade = Grade.FAULT if heavy.grave else Grade.WARNING
        yield Finding(check="size", grade=grade, said=_capital(heavy.said), fix=heavy.fix)
    else:
        kilobytes = max(1, round(heavy.size / 1000))
        yield _ok("size", f"{kilobytes} kB, below the {LARGEST // 1000} kB that Gmail shows whole")
    yield from _contrast(look, newsroom)
    yield from _imprint(edition, email, newsroom)
    for title in look.empty:
        yield _warning("sections", f"The part “{title}” is empty", fix="let the template leave out what has no stories")
    if not look.empty:
        yield _ok("sections", "No empty part")


def _shown(email: Email, edition: Edition) -> Shown:
    return shown(email.html, footer=MergeField.UNSUBSCRIBE_URL.hole(edition.id))


def _subject(email: Email, stories: Sequence[EditionStory]) -> Iterator[Finding]:
    subject, odd = email.subject.strip(), []
    cased = [letter for letter in subject if letter.lower() != letter.upper()]
    if not subject:
        odd.append(_fault("subject", "The mail has no subject", fix="let the schedule's subject name something"))
    elif _columns(subject) > SUBJECT:
        odd.append(_warning("subject", "No inbox shows all of the subject", subject, "say in it first what matters"))
    if len(cased) > 9 and all(letter.isupper() for letter in cased):
        odd.append(
            _warning("subject", "The subject is all capitals", subject, "write it as a sentence: filters count it")
        )
    if _REPLY.match(subject):
        odd.append(_warning("subject", "The subject looks like an answer to a mail", subject, "begin it otherwise"))
    told = one_line(
        " ".join(text for each in stories for text in (each.article.title, each.summary.text, each.subject))
    )
    # A headline may hold braces of its own.
    if any(each not in told for line in (subject, email.preheader) for each in _BRACES.findall(one_line(line))):
        said = "Braces of a template stand in the subject or the line below it"
        odd.append(_fault("subject", said, subject, "mend the schedule's subject or preheader"))
    if subject and letters_of(subject) == letters_of(email.preheader):
        odd.append(_warning("subject", "The line below the subject only says it again", subject, "set a preheader"))
    if not email.text.strip():
        odd.append(_fault("text", "The mail has no text part", fix="give the template one: filters count its lack"))
    yield from odd or [_ok("subject", "The subject is short, and nothing in it looks like spam", subject)]


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _pictures(edition: Edition, look: Shown) -> Iterator[Finding]:
    if not look.pictures:
        return
    of = {each.article.image.url: each.article for each in edition.stories if each.article.image}
    shown_urls = {url for url, _ in look.pictures}
    bare = [url for url, alt in look.pictures if not alt]
    if bare:
        said = f"{counted(len(bare), 'picture')} without alt text"
        fix = "write one at the source: what is seen; readers without pictures see a gap"
        yield _warning("alt", said, _named(_titled(of[url].title) if url in of else url for url in bare), fix)
    else:
        yield _ok("alt", _all(len(look.pictures), "picture", "has alt text", "have alt text"))
    repeating = [
        each.article
        for each in edition.stories
        if each.article.image
        and each.article.image.url in shown_urls
        and letters_of(each.article.image.alt)
        and letters_of(each.article.image.alt) == letters_of(each.article.title)
    ]
    if repeating:
        said = f"{counted(len(repeating), 'picture')} whose alt text only says the headline again"
        fix = "say at the source what is seen"
        yield _warning("alt", said, _named(_titled(each.title) for each in repeating), fix)
    uncredited = [
        each.article
        for each in edition.stories
        if each.article.image and not each.article.image.credit and each.article.image.url in shown_urls
    ]
    if uncredited:
        said = f"{counted(len(uncredited), 'picture')} without a credit"
        named = _named(_titled(each.title) for each in uncredited)
        yield _warning("credit", said, f"{named}: the source names none", "add it at the source")


def _left_out(edition: Edition, pictures: Mapping[str, Fetched]) -> Iterator[Finding]:
    lost = [
        f"{_titled(each.article.title)}: {pictures[each.article.image.url].fault}"
        for each in edition.stories
        if each.article.image and each.article.image.url in pictures and not pictures[each.article.image.url].picture
    ]
    if lost:
        said = f"{counted(len(lost), 'picture')} left out"
        yield _warning("images", said, _named(lost), "mend it at the source; it is tried again for the next edition")


def _contrast(look: Shown, newsroom: Newsroom) -> Iterator[Finding]:
    brand = tokens(newsroom)
    dark = min(contrast(each, brand.dark.paper) for each in (brand.dark.ink3, brand.dark.accent))
    if look.unread:
        said = (
            f"{counted(len(look.unread), 'text')} not looked at: {'its' if len(look.unread) == 1 else 'their'} colour"
        )
        where = _named(f"“{each}”" for each in look.unread)
        yield _warning("contrast", f"{said} cannot be read here", where, "write its colours as #RRGGBB")
    if look.ratio < 1:
        said = f"Text has too little contrast: {look.contrast:.1f} to 1, and {READABLE} is needed"
        yield _fault("contrast", said, f"“{look.faint}”", "let the template take its colours from `brand`")
        return
    said = "The rest is readable in light and dark" if look.unread else "Readable in light and dark"
    yield _ok("contrast", said, f"Lowest contrast {min(look.contrast, dark):.1f} to 1")
    if brand.notice:
        yield _warning("contrast", "A colour of the brand was changed to be readable", brand.notice)


def _imprint(edition: Edition, email: Email, newsroom: Newsroom) -> Iterator[Finding]:
    lacks = list(lacking(email, edition=edition.id, address=newsroom.address)) if email.bulk else []
    for each in lacks:
        yield _fault(each.what, f"{_capital(each.said)}", f"{each.part} part", f"in the template: {each.fix}")
    if not newsroom.address:
        yield _fault("address", "The mail has no postal address", fix="set newsroom.address; a post office box will do")
    elif not lacks:
        yield _ok("address", "Unsubscribe link, postal address and reason are in", newsroom.address)


def _stories(edition: Edition) -> Iterator[Finding]:
    twice = []
    for number, story in enumerate(edition.stories):
        for other in edition.stories[:number]:
            place = identity_key(story.article.url) if story.article.url else ""
            same = place != "" and place == identity_key(other.article.url)
            title = letters_of(story.article.title)
            if same or (title and title == letters_of(other.article.title)):
                twice.append(f"{_titled(story.article.title)} is number {other.position} and {story.position}")
                break
    if twice:
        yield _fault("twice", f"{counted(len(twice), 'story')} stands in it twice", _named(twice), "drop one of them")
    else:
        yield _ok("twice", "No story twice")
    mute = [story for story in edition.stories if not story.summary.text.strip()]
    if mute:
        said = f"{counted(len(mute), 'story')} without a summary"
        yield _warning("summary", said, _named(_titled(each.article.title) for each in mute), "write an excerpt for it")


def _ran(ran: Sequence[Ran], newsroom: Newsroom) -> Iterator[Finding]:
    if not ran:
        return
    zone = ZoneInfo(newsroom.timezone)
    told = [f"{_titled(each.title)} was in {each.name}, {each.slot.astimezone(zone):%A %H:%M}" for each in ran]
    verb = "was sent to these readers already" if len(ran) == 1 else "were sent to these readers already"
    yield _warning(
        "ran", f"{counted(len(ran), 'story')} {verb}", _named(told), "drop it, unless they are to read it twice"
    )


def _reached(edition: Edition, newsroom: Newsroom, reached: Reached | None) -> Iterator[Finding]:
    wanted = targets(edition, newsroom)
    yield from _asked(
        _Kind("links", "link", "leads nowhere", "lead nowhere", Grade.FAULT), wanted.links, newsroom, reached
    )
    pictures = _Kind("images", "picture", "cannot be loaded", "cannot be loaded", Grade.WARNING)
    yield from _asked(pictures, wanted.pictures, newsroom, reached)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A link that leads nowhere is a fault; a picture that is missing leaves its alt text."""

    check: str
    noun: str
    is_dead: str
    are_dead: str
    grade: Grade


def _asked(kind: _Kind, asked: Mapping[str, str], newsroom: Newsroom, reached: Reached | None) -> Iterator[Finding]:
    found = {url: reached.found[url] for url in asked if reached and url in reached.found}
    by = {reach: [url for url in found if found[url][0] is reach] for reach in Reach}
    dead, silent, refused = by[Reach.DEAD], by[Reach.SILENT], by[Reach.REFUSES]
    if len(found) < len(asked):
        yield _ok(kind.check, f"{counted(len(asked) - len(found), kind.noun)} not looked at yet")
    if dead:
        said = f"{counted(len(dead), kind.noun)} {kind.is_dead if len(dead) == 1 else kind.are_dead}"
        where = _named(f"{asked[url]}: {found[url][1]}" for url in dead)
        fix = "correct its address at the source, or drop the story"
        yield Finding(check=kind.check, grade=kind.grade, said=said, where=where, fix=fix)
    if silent:
        where = _named(f"{asked[url]}: {found[url][1]}" for url in silent)
        yield _warning(kind.check, f"{counted(len(silent), kind.noun)} gave no answer", where, "try for yourself")
    if reached and found and not dead and not silent:
        at, answered = f"asked at {reached.at.astimezone(ZoneInfo(newsroom.timezone)):%H:%M}", len(found) - len(refused)
        shut = (
            f"; not told to programs: {_named(f'{asked[url]}: {found[url][1]}' for url in refused)}" if refused else ""
        )
        if not refused:
            said = _all(len(found), kind.noun, "answers", "answer")
        elif answered:
            said = f"{answered} of {counted(len(found), kind.noun)} answered"
        else:
            said = f"{counted(len(found), kind.noun)} to look at yourself"
        yield _ok(kind.check, said, _capital(at + shut))
