"""What an editor should know of an edition before it goes out. Pure: what was asked of servers is given.

Sources: what the law wants in a mail, ``bot.editions.imprint``; Gmail's 102 kB, ``bot.editions.weight``; contrast,
WCAG 2.2 AA; a subject in capitals, a false "Re:" and a mail without a text part are what SpamAssassin counts against a
mail (its rules SUBJ_ALL_CAPS, FAKE_REPLY, MIME_HTML_ONLY). Other words of a subject are nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.articles.url import identity_key
from bot.audience.links import image_url
from bot.editions.brand import READABLE, tokens
from bot.editions.colour import contrast
from bot.editions.counting import graphemes
from bot.editions.digest import LARGEST
from bot.editions.entry import is_web
from bot.editions.environment import letters_of, one_line
from bot.editions.findings import fault as _fault
from bot.editions.findings import named as _named
from bot.editions.findings import ok as _ok
from bot.editions.findings import titled as _titled
from bot.editions.findings import warning as _warning
from bot.editions.imprint import lacking
from bot.editions.inbox import ON_PHONES, SUBJECT, beginning
from bot.editions.link_preflight import Asked, because, images, links
from bot.editions.plain import width
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
    Phrase,
    PostRules,
    Reached,
    plural,
)

_BRACES = re.compile(r"\{[{%].*?(?:[%}]\}|$)|[%}]\}")
_REPLY = re.compile(r"(?:re|fwd?|aw|wg|tr|rv)\s*:", re.I)


@dataclass(frozen=True, slots=True)
class Ran:
    """What the same readers were sent already by the edition called ``name``, of ``slot``.

    The story that the article of this id leads, with its headline; or a subject (``article`` 0).
    """

    title: str
    name: str
    slot: datetime
    article: int = 0


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
            links.setdefault(url, Phrase("%(who)s on %(title)s", who=who, title=_titled(story.article.title)))
    for correction in edition.corrections:
        links.setdefault(correction.url, Phrase("the correction of %(title)s", title=_titled(correction.title)))
    pictures: dict[str, str] = {}
    seen = [_shown(each.email, edition) for each in edition.renditions if each.email]
    of = {each.article.image.url: _titled(each.article.title) for each in edition.stories if each.article.image}
    for look in seen:
        for url in look.links:
            links.setdefault(url, Phrase("the newsroom's own page") if url == newsroom.url else Phrase("the template"))
        for url, _ in look.pictures:
            pictures.setdefault(url, of.get(url) or Phrase("the template"))
    for rendition in edition.renditions:
        for url in pictures_of(rendition.post) if rendition.post else ():
            pictures.setdefault(url, of.get(url) or Phrase("a post"))
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
    same_subject: Ran | None = None,
    pictures: Mapping[str, Fetched] | None = None,
) -> tuple[Finding, ...]:
    """All that was looked at, what must be mended first and what holds last.

    ``limits`` and ``rules`` are those of the channels, by name. ``reached`` is what became of ``targets``; None: they
    were not asked yet. ``ran`` and ``same_subject`` are what the same readers have already. ``pictures`` is what became
    of the stories' pictures that we show copies of, by their addresses.
    An edition without stories has nothing to be looked at.
    """
    if not edition.stories:
        return ()
    edition = _as_told(edition)
    # A mail that goes out twice is what a newsroom fears most: of all that is to know it stands first.
    found = [*_ran(ran, newsroom), *_same_subject(same_subject, newsroom)]
    found += [*_reached(edition, newsroom, reached), *_stories(edition)]
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
    order = (Grade.FAULT, Grade.WARNING, Grade.OPEN, Grade.OK)
    return tuple(sorted(dict.fromkeys(found), key=lambda each: order.index(each.grade)))


def _mail(edition: Edition, email: Email, newsroom: Newsroom, copies: Mapping[str, str]) -> Iterator[Finding]:
    look = _shown(email, edition)
    look = replace(look, pictures=tuple((copies.get(url, url), alt) for url, alt in look.pictures))
    yield from _subject(email, edition.stories)
    yield from _pictures(edition, look)
    heavy = weight(email, len(edition.stories))
    if heavy.said:
        grade = Grade.FAULT if heavy.grave else Grade.WARNING
        yield Finding(check="size", grade=grade, said=heavy.said, fix=heavy.fix)
    else:
        kilobytes, most = max(1, round(heavy.size / 1000)), LARGEST // 1000
        said = Phrase("%(size)s kB, below the %(most)s kB that Gmail shows whole", size=kilobytes, most=most)
        yield _ok("size", said)
    yield from _contrast(look, newsroom)
    yield from _imprint(edition, email, newsroom)
    for title in look.empty:
        fix = Phrase("let the template leave out what has no stories")
        yield _warning("sections", Phrase("The part “%(title)s” is empty", title=title), fix=fix)
    if not look.empty:
        yield _ok("sections", Phrase("No empty part"))


def _shown(email: Email, edition: Edition) -> Shown:
    return shown(email.html, footer=MergeField.UNSUBSCRIBE_URL.hole(edition.id))


def _subject(email: Email, stories: Sequence[EditionStory]) -> Iterator[Finding]:
    subject, odd = email.subject.strip(), []
    cased = [letter for letter in subject if letter.lower() != letter.upper()]
    if not subject:
        fix = Phrase("let the schedule's subject name something")
        odd.append(_fault("subject", Phrase("The mail has no subject"), fix=fix))
    elif width(subject) > SUBJECT:
        fix = Phrase("say in it first what matters")
        odd.append(_warning("subject", Phrase("No inbox shows all of the subject"), subject, fix))
    if len(cased) > 9 and all(letter.isupper() for letter in cased):
        fix = Phrase("write it as a sentence: filters count it")
        odd.append(_warning("subject", Phrase("The subject is all capitals"), subject, fix))
    if _REPLY.match(subject):
        said = Phrase("The subject looks like an answer to a mail")
        odd.append(_warning("subject", said, subject, Phrase("begin it otherwise")))
    told = one_line(
        " ".join(text for each in stories for text in (each.article.title, each.summary.text, each.subject))
    )
    # A headline may hold braces of its own.
    if any(each not in told for line in (subject, email.preheader) for each in _BRACES.findall(one_line(line))):
        said = Phrase("Braces of a template stand in the subject or the line below it")
        odd.append(_fault("subject", said, subject, Phrase("mend the schedule's subject or preheader")))
    if subject and letters_of(subject) == letters_of(email.preheader):
        said = Phrase("The line below the subject only says it again")
        odd.append(_warning("subject", said, subject, Phrase("set a preheader")))
    if not email.text.strip():
        fix = Phrase("give the template one: filters count its lack")
        odd.append(_fault("text", Phrase("The mail has no text part"), fix=fix))
    yield from odd or [_sound(subject)]


def _sound(subject: str) -> Finding:
    first = graphemes(beginning(subject, ON_PHONES))
    if first == graphemes(subject):
        return _ok("subject", Phrase("The subject is short, and nothing in it looks like spam"), subject)
    where = Phrase("%(subject)s: phones show about the first %(number)s characters", subject=subject, number=first)
    return _ok("subject", Phrase("Nothing in the subject looks like spam"), where)


def _pictures(edition: Edition, look: Shown) -> Iterator[Finding]:
    if not look.pictures:
        return
    of = {each.article.image.url: each.article for each in edition.stories if each.article.image}
    shown_urls = {url for url, _ in look.pictures}
    bare = [url for url, alt in look.pictures if not alt]
    if bare:
        said = plural(len(bare), "%(count)s picture without alt text", "%(count)s pictures without alt text")
        fix = Phrase("write one at the source: what is seen; readers without pictures see a gap")
        yield _warning("alt", said, _named(_titled(of[url].title) if url in of else url for url in bare), fix)
    else:
        yield _ok("alt", plural(len(look.pictures), "The picture has alt text", "All %(count)s pictures have alt text"))
    repeating = [
        each.article
        for each in edition.stories
        if each.article.image
        and each.article.image.url in shown_urls
        and letters_of(each.article.image.alt)
        and letters_of(each.article.image.alt) == letters_of(each.article.title)
    ]
    if repeating:
        said = plural(
            len(repeating),
            "%(count)s picture whose alt text only says the headline again",
            "%(count)s pictures whose alt text only says the headline again",
        )
        fix = Phrase("say at the source what is seen")
        yield _warning("alt", said, _named(_titled(each.title) for each in repeating), fix)
    uncredited = [
        each.article
        for each in edition.stories
        if each.article.image and not each.article.image.credit and each.article.image.url in shown_urls
    ]
    if uncredited:
        said = plural(len(uncredited), "%(count)s picture without a credit", "%(count)s pictures without a credit")
        named = _named(_titled(each.title) for each in uncredited)
        where = Phrase("%(titles)s: the source names none", titles=named)
        yield _warning("credit", said, where, Phrase("add it at the source"))


def _left_out(edition: Edition, pictures: Mapping[str, Fetched]) -> Iterator[Finding]:
    lost = [
        because(_titled(each.article.title), pictures[each.article.image.url].fault)
        for each in edition.stories
        if each.article.image and each.article.image.url in pictures and not pictures[each.article.image.url].picture
    ]
    if lost:
        said = plural(len(lost), "%(count)s picture left out", "%(count)s pictures left out")
        fix = Phrase("mend it at the source; it is tried again for the next edition")
        yield _warning("images", said, _named(lost), fix)


def _contrast(look: Shown, newsroom: Newsroom) -> Iterator[Finding]:
    brand = tokens(newsroom)
    dark = min(contrast(each, brand.dark.paper) for each in (brand.dark.ink3, brand.dark.accent))
    if look.unread:
        said = plural(
            len(look.unread),
            "%(count)s text not looked at: its colour cannot be read here",
            "%(count)s texts not looked at: their colour cannot be read here",
        )
        where = _named(f"“{each}”" for each in look.unread)
        yield _warning("contrast", said, where, Phrase("write its colours as #RRGGBB"))
    if look.ratio < 1:
        said = Phrase(
            "Text has too little contrast: %(contrast)s to 1, and %(needed)s is needed",
            contrast=look.contrast,
            needed=READABLE,
        )
        fix = Phrase("let the template take its colours from `brand`")
        yield _fault("contrast", said, f"“{look.faint}”", fix)
        return
    said = Phrase("The rest is readable in light and dark") if look.unread else Phrase("Readable in light and dark")
    yield _ok("contrast", said, Phrase("Lowest contrast %(contrast)s to 1", contrast=min(look.contrast, dark)))
    if brand.notice:
        yield _warning("contrast", Phrase("A colour of the brand was changed to be readable"), brand.notice)


def _imprint(edition: Edition, email: Email, newsroom: Newsroom) -> Iterator[Finding]:
    lacks = list(lacking(email, edition=edition.id, address=newsroom.address)) if email.bulk else []
    for each in lacks:
        where = Phrase("text part") if each.part == "text" else Phrase("HTML part")
        yield _fault(each.what, each.said, where, Phrase("in the template: %(fix)s", fix=each.fix))
    if not newsroom.address:
        fix = Phrase("set newsroom.address; a post office box will do")
        yield _fault("address", Phrase("The mail has no postal address"), fix=fix)
    elif not lacks:
        said = Phrase("Unsubscribe link, postal address and reason are in")
        yield _ok("address", said, newsroom.address)


def _stories(edition: Edition) -> Iterator[Finding]:
    twice = []
    for number, story in enumerate(edition.stories):
        for other in edition.stories[:number]:
            place = identity_key(story.article.url) if story.article.url else ""
            same = place != "" and place == identity_key(other.article.url)
            title = letters_of(story.article.title)
            if same or (title and title == letters_of(other.article.title)):
                twice.append(
                    Phrase(
                        "%(title)s is number %(first)s and %(second)s",
                        title=_titled(story.article.title),
                        first=other.position,
                        second=story.position,
                    )
                )
                break
    if twice:
        said = plural(len(twice), "%(count)s story stands in it twice", "%(count)s stories stand in it twice")
        yield _fault("twice", said, _named(twice), Phrase("drop one of them"))
    else:
        yield _ok("twice", Phrase("No story twice"))
    mute = [story for story in edition.stories if not story.summary.text.strip()]
    if mute:
        said = plural(len(mute), "%(count)s story without a summary", "%(count)s stories without a summary")
        where = _named(_titled(each.article.title) for each in mute)
        yield _warning("summary", said, where, Phrase("write an excerpt for it"))


def _ran(ran: Sequence[Ran], newsroom: Newsroom) -> Iterator[Finding]:
    if not ran:
        return
    zone = ZoneInfo(newsroom.timezone)
    told = [
        Phrase(
            "%(title)s was in %(edition)s, %(time)s",
            title=_titled(each.title),
            edition=each.name,
            time=each.slot.astimezone(zone),
        )
        for each in ran
    ]
    said = plural(
        len(ran),
        "%(count)s story was sent to these readers already",
        "%(count)s stories were sent to these readers already",
    )
    yield _warning("ran", said, _named(told), Phrase("drop it, unless they are to read it twice"))


def _same_subject(same: Ran | None, newsroom: Newsroom) -> Iterator[Finding]:
    if same is None:
        return
    time = same.slot.astimezone(ZoneInfo(newsroom.timezone))
    said = Phrase("The subject is the same as in %(edition)s, %(time)s", edition=same.name, time=time)
    fix = Phrase("write another one: readers would take it for the mail that they have")
    yield _warning("subject", said, same.title, fix)


def _reached(edition: Edition, newsroom: Newsroom, reached: Reached | None) -> Iterator[Finding]:
    wanted = targets(edition, newsroom)
    yield from links(Asked(wanted.links, reached, newsroom))
    yield from images(Asked(wanted.pictures, reached, newsroom))
