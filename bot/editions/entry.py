"""A story as a template is given it: every word ready, nothing left to compute."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from bot.articles.text import Passage, paragraphs, reading_minutes
from bot.audience.links import image_url
from bot.editions.environment import one_line
from bot.editions.graphemes import Room, shortened
from bot.editions.opening import opening, text_of
from bot.editions.quotation import Quotation, quotation
from bot.editions.script import apart, script_of
from bot.editions.wording import Wording, glued
from bot.model import EditionStory, HostedImage, HostedPicture, Image, Newsroom

_WIDTH = 600
# No story may make the mail too big for all: far above what newsrooms write.
_TITLE, _SUMMARY, _NAMES, _LABEL, _CREDIT, _CAPTION, _ALT = 300, 1000, 200, 80, 100, 300, 500
_TELLINGS = 5
_ADDRESS = 4096
Pictures = Mapping[str, HostedPicture | None]
"""Pictures by the address that their article gives: their copies, None where there is none to be shown."""
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture to show, ``width`` px wide. ``caption`` is the whole line below it, its credit included, or "".

    ``crop`` is the same cut to 3:2, for where two stand side by side; itself where it is not hosted, or has that shape.
    """

    url: str
    alt: str
    caption: str
    width: int
    crop: Crop


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture in the shape that a row asks for."""

    url: str
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who else told the story. ``joint`` is what stands before the name in a list: "", ", " or " and "."""

    joint: str
    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One story of a digest, as text.

    ``language`` and ``direction`` are "" where they are the edition's. ``label`` is its first section. ``by`` are its
    authors, else the site it came from when that is not the newsroom's, else ""; ``site`` is that site, or "".
    ``published`` is for a byline, ``when`` for a column 48 px wide. ``meta`` are the items of a meta line, ``signed``
    those without the section. ``paragraphs`` are the first of the article that the summary has not said. ``text``, of
    the first story only, is as much of it as a mail of one story holds, and ``standfirst`` what stands above that: ""
    where the summary is sentences of it. ``quotation`` is what somebody says in it. ``url`` is "" where there is no web
    address; all texts are bounded.
    """

    number: str
    title: str
    url: str
    language: str
    direction: str
    label: str
    summary: str
    by: str
    site: str
    published: str
    when: str
    minutes: str
    minutes_read: str
    meta: tuple[str, ...]
    signed: tuple[str, ...]
    paragraphs: tuple[str, ...]
    standfirst: str
    text: tuple[Passage, ...]
    quotation: Quotation | None
    image: Picture | None
    also: tuple[Telling, ...]


def entry(
    story: EditionStory,
    place: int,
    *,
    newsroom: Newsroom,
    slot: datetime,
    wording: Wording,
    pictures: Pictures = MappingProxyType({}),
    card: HostedImage | None = None,
) -> Entry:
    """``story`` as the ``place``-th of its edition (from 1); without a picture it shows ``card``."""
    article = story.article
    # What says nothing of its language is in the newsroom's, whatever language the frame is in.
    tag = article.language if _TAG.fullmatch(article.language) else newsroom.language
    foreign = _base(tag) != _base(wording.language)
    runs = script_of(wording.language).direction
    minutes = reading_minutes(article.body) if article.body else 0
    names, site = [within(one_line(name), _NAMES) for name in article.authors], _site(article.url, newsroom)
    names = [apart(name, runs) for name in names]
    short_by = within(wording.say("between_names").join(names), _NAMES) or site
    label = within(one_line(article.sections[0]), _LABEL) if article.sections else ""
    short = wording.counted("minutes", minutes) if minutes else ""
    prose, summary = paragraphs(article.body), one_line(story.summary.text)
    own = story.summary.origin != "extract" or not prose
    return Entry(
        number=wording.number(place),
        title=_held(within(one_line(article.title) or one_line(story.summary.text), _TITLE)),
        url=article.url if is_web(article.url) else "",
        language=tag if foreign else "",
        direction=script_of(tag).direction if foreign else "",
        label=label,
        summary=_held(within(summary, _SUMMARY)),
        by=within(wording.listed(names), _NAMES) or site,
        site=site,
        published=wording.published(article.published, slot),
        when=wording.brief(article.published, slot),
        minutes=short,
        minutes_read=wording.counted("minutes_read", minutes) if minutes else "",
        meta=tuple(glued(item) for item in (apart(label, runs), short_by, short) if item),
        signed=tuple(glued(item) for item in (short_by, short) if item),
        paragraphs=opening(prose, summary, article.language),
        standfirst=_held(within(summary, _SUMMARY)) if own else "",
        # Only the first story of an edition is ever told in full.
        text=text_of(article.body, article.language, standfirst=summary if own else "") if place == 1 else (),
        quotation=quotation(prose),
        image=_picture(article.image, wording, script_of(tag).direction if foreign else runs, newsroom, pictures)
        or (_of_card(card, f"{one_line(article.title)}, {newsroom.name}", newsroom) if card else None),
        also=_also(story.also, wording, runs),
    )


def linked(entry: Entry, links: Mapping[str, str]) -> Entry:
    """``entry`` with the addresses of ``links`` in the place of its own."""
    also = tuple(replace(each, url=links.get(each.url, each.url)) for each in entry.also)
    return replace(entry, url=links.get(entry.url, entry.url), also=also)


def addresses(stories: Iterable[EditionStory]) -> tuple[str, ...]:
    """The addresses that lead from a digest of ``stories`` to them and to their other tellings, each once."""
    told = (url for story in stories for url in (story.article.url, *(url for _, url in story.also[:_TELLINGS])))
    return tuple(dict.fromkeys(filter(is_web, told)))


def by_section(entries: Iterable[Entry]) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """(section, its entries), in the order of the first ones; those of a section alone come last, as section ""."""
    shown = tuple(entries)
    sizes = Counter(each.label for each in shown)
    parts = dict.fromkeys(each.label for each in shown if each.label and sizes[each.label] > 1)
    found = tuple((label, tuple(each for each in shown if each.label == label)) for label in parts)
    alone = tuple(each for each in shown if each.label not in parts)
    return (*found, ("", alone)) if alone else found


def reading_time(entries: tuple[Entry, ...]) -> int:
    """Minutes it takes to read what the digest itself says, at least 1."""
    words = [text for each in entries for text in (each.title, each.summary)]
    lead = entries[0].paragraphs if entries else ()
    said = " ".join([*words, *lead]).replace("&", "&amp;").replace("<", "&lt;")
    return max(1, reading_minutes(f"<p>{said}</p>"))


def is_web(url: str) -> bool:
    """Whether a reader may be sent to ``url``; one of more than 4096 characters is none."""
    if len(url) > _ADDRESS:
        return False
    return re.match(r"https?://[^\s/]", url, re.IGNORECASE) is not None and not re.search(r"[\x00-\x20\x7f]", url)


def within(text: str, longest: int) -> str:
    """``text``, cut at a word with "…" beyond ``longest`` characters as a reader counts them, or 4 bytes for each."""
    return shortened(text, Room(longest, 4 * longest))


def _held(text: str) -> str:
    """``text`` with a no-break space between a number and the word it counts: "$9.2 million", "24 November"."""
    return re.sub(r"(?<=\d) (?=[^\W\d_]{4,12}\b)", "\u00a0", text)


def _picture(
    image: Image | None, wording: Wording, direction: str, newsroom: Newsroom, pictures: Pictures
) -> Picture | None:
    if image is None or not is_web(image.url):
        return None
    hosted = pictures.get(image.url)
    if hosted is None and image.url in pictures:
        return None
    caption, credit = one_line(image.caption), within(one_line(image.credit), _CREDIT)
    if credit and not re.match(r"[^:：]{1,14}\s?[:：]", credit):
        # Said in the frame's language, in a line that runs as the story does.
        credit = apart(wording.say("photo", credit=credit), direction)
    wide = wording.separator == "\u3000"
    caption = within(caption, _CAPTION - len(credit) - 2)
    if caption and credit and not re.search(r"[.!?…。！？؟][\"'”’»」]?$", caption):
        caption += "。" if wide else "."
    line = ("" if wide else " ").join(part for part in (caption, credit) if part)
    own = Crop(image.url, min(image.width or _WIDTH, _WIDTH))
    whole, crop = (
        (_hosted(each, newsroom) for each in (hosted.whole, hosted.crop or hosted.whole)) if hosted else (own, own)
    )
    return Picture(url=whole.url, alt=within(one_line(image.alt), _ALT), caption=line, width=whole.width, crop=crop)


def _of_card(card: HostedImage, alt: str, newsroom: Newsroom) -> Picture:
    shape = _hosted(card, newsroom)
    return Picture(url=shape.url, alt=within(alt, _ALT), caption="", width=shape.width, crop=shape)


def _hosted(image: HostedImage, newsroom: Newsroom) -> Crop:
    return Crop(image_url(newsroom, image.name), min(image.width, _WIDTH))


def _also(also: tuple[tuple[str, str], ...], wording: Wording, direction: str) -> tuple[Telling, ...]:
    shown = also[:_TELLINGS]
    return tuple(
        Telling(joint=joint, name=apart(within(one_line(name), _NAMES), direction), url=url if is_web(url) else "")
        for joint, (name, url) in zip(wording.joints(len(shown)), shown, strict=True)
    )


def _site(url: str, newsroom: Newsroom) -> str:
    """The host of ``url``, "" when it is the newsroom's own."""
    host, own = (urlsplit(url).hostname or "").removeprefix("www."), newsroom.site
    return "" if host == own or host.endswith(f".{own}") else host


def _base(tag: str) -> str:
    return tag.split("-")[0].lower()
