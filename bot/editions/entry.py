"""A story as a template is given it: every word ready, nothing left to compute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from bot.articles.text import paragraphs, reading_minutes
from bot.editions.environment import one_line
from bot.editions.script import script_of
from bot.editions.wording import Wording, glued
from bot.model import EditionStory, Image, Newsroom

_WIDTH = 600
_SHOWN_PARAGRAPHS = 2
_SHOWN_CHARACTERS = 620
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture to show, ``width`` px wide. ``caption`` is the whole line below it, its credit included, or ""."""

    url: str
    alt: str
    caption: str
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
    authors, else the site it came from when that is not the newsroom's, else "". ``published`` is for a byline,
    ``when`` for a column 48 px wide. ``meta`` are the items of a meta line. ``paragraphs`` are the first of the
    article that the summary has not said.
    """

    number: str
    title: str
    url: str
    language: str
    direction: str
    label: str
    summary: str
    by: str
    published: str
    when: str
    minutes: str
    minutes_read: str
    meta: tuple[str, ...]
    paragraphs: tuple[str, ...]
    image: Picture | None
    also: tuple[Telling, ...]


def entry(story: EditionStory, place: int, *, newsroom: Newsroom, slot: datetime, wording: Wording) -> Entry:
    """``story`` as the ``place``-th of its edition (from 1)."""
    article = story.article
    tag = article.language if _TAG.fullmatch(article.language) else ""
    foreign = bool(tag) and _base(tag) != _base(wording.language)
    minutes = reading_minutes(article.body) if article.body else 0
    names, site = [one_line(name) for name in article.authors], _site(article.url, newsroom)
    short_by = wording.say("between_names").join(names) or site
    label = one_line(article.sections[0]) if article.sections else ""
    short = wording.counted("minutes", minutes) if minutes else ""
    return Entry(
        number=wording.number(place),
        title=_held(one_line(article.title) or one_line(story.summary.text)),
        url=article.url if is_web(article.url) else "",
        language=tag if foreign else "",
        direction=script_of(tag).direction if foreign else "",
        label=label,
        summary=_held(one_line(story.summary.text)),
        by=wording.listed(names) or site,
        published=wording.published(article.published, slot),
        when=wording.brief(article.published, slot),
        minutes=short,
        minutes_read=wording.counted("minutes_read", minutes) if minutes else "",
        meta=tuple(glued(item) for item in (label, short_by, short) if item),
        paragraphs=_opening(article.body, story.summary.text),
        image=_picture(article.image, wording),
        also=_also(story.also, wording),
    )


def reading_time(entries: tuple[Entry, ...]) -> int:
    """Minutes it takes to read what the digest itself says, at least 1."""
    words = [text for each in entries for text in (each.title, each.summary)]
    lead = entries[0].paragraphs if entries else ()
    said = " ".join([*words, *lead]).replace("&", "&amp;").replace("<", "&lt;")
    return max(1, reading_minutes(f"<p>{said}</p>"))


def is_web(url: str) -> bool:
    """Whether a reader may be sent to ``url``."""
    return re.match(r"https?://[^\s/]", url, re.IGNORECASE) is not None and not re.search(r"[\x00-\x20\x7f]", url)


def _opening(body: str, summary: str) -> tuple[str, ...]:
    said = _letters(summary)
    shown: list[str] = []
    for paragraph in paragraphs(body):
        text = one_line(paragraph)
        letters = _letters(text)
        if not letters or letters in said or (said and (said in letters or letters.startswith(said[:60]))):
            continue
        if shown and sum(map(len, shown)) + len(text) > _SHOWN_CHARACTERS:
            break
        shown.append(_cut(text))
        if len(shown) == _SHOWN_PARAGRAPHS:
            break
    return tuple(shown)


def _cut(text: str) -> str:
    """``text``, or as many of its whole sentences as fit; a first sentence is kept however long."""
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    ends = [match.end() for match in re.finditer(r"[.!?…؟][\"'”’»)]*(?=\s)|[。！？][」』）]*", text)]
    fitting = [end for end in ends if end <= _SHOWN_CHARACTERS]
    return text[: fitting[-1] if fitting else ends[0] if ends else len(text)]


def _held(text: str) -> str:
    """``text`` with a no-break space between a number and the word it counts: "$9.2 million", "24 November"."""
    return re.sub(r"(?<=\d) (?=[^\W\d_]{4,12}\b)", "\u00a0", text)


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def _picture(image: Image | None, wording: Wording) -> Picture | None:
    if image is None or not is_web(image.url):
        return None
    caption, credit = one_line(image.caption), one_line(image.credit)
    if credit and not re.match(r"[^:：]{1,14}\s?[:：]", credit):
        credit = wording.say("photo", credit=credit)
    wide = wording.separator == "\u3000"
    if caption and credit and not re.search(r"[.!?…。！？؟][\"'”’»」]?$", caption):
        caption += "。" if wide else "."
    line = ("" if wide else " ").join(part for part in (caption, credit) if part)
    return Picture(url=image.url, alt=one_line(image.alt), caption=line, width=min(image.width or _WIDTH, _WIDTH))


def _also(also: tuple[tuple[str, str], ...], wording: Wording) -> tuple[Telling, ...]:
    joints = wording.joints(len(also))
    return tuple(
        Telling(joint=joint, name=one_line(name), url=url) for joint, (name, url) in zip(joints, also, strict=True)
    )


def _site(url: str, newsroom: Newsroom) -> str:
    """The host of ``url``, "" when it is the newsroom's own."""
    host, own = (urlsplit(address).hostname or "" for address in (url, newsroom.url))
    host, own = host.removeprefix("www."), own.removeprefix("www.")
    return "" if host == own or host.endswith(f".{own}") else host


def _base(tag: str) -> str:
    return tag.split("-")[0].lower()
