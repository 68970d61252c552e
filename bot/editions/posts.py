"""A story as a post: a network's template, fitted to the network's limits, by the rules of the channel's editor.

A template says what stands in the post and in which order it may go, not how long it is: see ``bot.editions.fitting``.
The link stands at most once, with the newsroom's own parameters in the text and in the card alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import idna
import regex

from bot.editions.campaign import tagged
from bot.editions.counting import fits
from bot.editions.cuts import Cuts
from bot.editions.entry import Pictures
from bot.editions.environment import letters_of
from bot.editions.fitting import Part, fitted, joined, numbered
from bot.editions.graphemes import Room, shortened
from bot.editions.hashtags import Tag, hashtags, standing, tags_of
from bot.editions.illustration import illustration, picture_of
from bot.editions.post_template import DEFAULT, PostTemplates, clean, flat, worded
from bot.editions.wording import wording
from bot.errors import RenderError
from bot.model import Correction, EditionStory, HostedImage, Limits, Newsroom, Phrase, Post, PostRules

CARD_TITLE = 300
CARD_DESCRIPTION = 300
"""Grapheme clusters of a card's texts; more is shown nowhere."""
LONGEST = 5_000
"""Characters of any one text of a story."""
_CLUSTER = regex.compile(r"\X")
_PLAIN_RULES = PostRules()
_WEB = regex.compile(r"https?://[^\s/]", regex.IGNORECASE)
_CALL = regex.compile(r"(?<![\w.@/])[@＠](?=\w)")
_LANGUAGE = regex.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a thread a post stands: ``part`` of ``parts``, behind the part whose subject is ``follows``."""

    part: int = 1
    parts: int = 1
    follows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What may be shown with a post: the copies of pictures, its story's share card, and whether that always."""

    pictures: Pictures = field(default_factory=dict)
    drawn: HostedImage | None = None
    always: bool = False


class Composer:
    """Composes the posts of one edition: what does not depend on the network is done once for a story."""

    def __init__(self, *, edition_name: str, newsroom: Newsroom, folders: tuple[Path, ...]) -> None:
        self._newsroom = newsroom
        self._templates = PostTemplates(folders)
        self._edition = clean(edition_name)
        # By the story's identity, and with the story, so that the identity stays its own.
        self._told: dict[int, tuple[EditionStory, _Told]] = {}

    def post(
        self,
        story: EditionStory,
        *,
        template: str,
        limits: Limits,
        rules: PostRules = _PLAIN_RULES,
        campaign: Mapping[str, str] = MappingProxyType({}),
        seen: Seen | None = None,
        place: Place | None = None,
        url: str = "",
    ) -> Post:
        """The post of ``story`` by ``templates/posts/TEMPLATE.txt.j2`` (``default`` when there is none).

        Without a web address there is neither link nor card. ``standfirst`` and ``summary`` are "" where they only say
        the title again. Templates see ``title, standfirst, summary, written, url, linked, section, authors, tags,
        hashtags, newsroom, edition``; ``written`` is a machine's text for a post, "" when there is none, ``linked``
        whether a card below the text leads where the link does. ``campaign`` are the values of ``rules.utm``. The
        first of a thread is by ``TEMPLATE-thread`` (``default-thread``). ``url`` is the article's unless given. Raises
        ``RenderError`` naming file and line.
        """
        told, seen, place = self._of(story), seen or Seen(), place or Place()
        link = tagged(_link(url) if url else told.link, rules.utm, campaign)
        warning = _warning(story, rules) if limits.warning else ""
        wanted = hashtags(told.tags, rules)
        shown = illustration(
            picture_of(story.article, self._newsroom, seen.pictures, seen.drawn, always=seen.always),
            link=link,
            title=told.card_title,
            description=told.card_description,
            rules=rules,
            limits=limits,
        )
        printed = told.printed if link == told.link else told.linking(link)
        words = {
            **(_uncalling(printed) if limits.mentions and told.calls else printed),
            "url": worded("url", link),
            "hashtags": worded("hashtags", wanted),
            "linked": bool(link) and not shown.pictures,
        }
        opens = place.parts > 1 and place.part == 1
        name = (
            self._templates.named(f"{template}-thread", f"{DEFAULT}-thread")
            if opens
            else self._templates.named(template, DEFAULT)
        )
        rendered = self._templates.rendered(name, words)
        parts: tuple[Part, ...] = rendered.parts
        if place.parts > 1 and rules.numbered:
            parts = tuple(numbered(parts, f"{place.part}/{place.parts}"))
        made = fitted(parts, limits, template=name, goes_first=rendered.goes_first, warning=warning, cuts=told.cuts_of)
        return Post(
            text=made.text,
            url=link,
            card=shown.card,
            pictures=shown.pictures,
            language=told.language,
            hashtags=standing(wanted, made.text, link),
            warning=warning,
            sensitive=bool(warning),
            data={"hashtags": list(wanted), "story": {**told.data}, "shortened": list(made.lost)},
            part=place.part,
            parts=place.parts,
            follows=place.follows,
        )

    def _of(self, story: EditionStory) -> _Told:
        kept = self._told.get(id(story))
        if kept is None:
            kept = self._told[id(story)] = (story, self._cleaned(story))
        return kept[1]

    def _cleaned(self, story: EditionStory) -> _Told:
        article = story.article
        title = _sane(article.title)
        standfirst, summary = (_beside(title, _sane(text)) for text in (article.standfirst, story.summary.text))
        words = {
            "title": title,
            "standfirst": standfirst,
            "summary": summary,
            "written": _sane(story.post),
            "section": clean(article.sections[0]) if article.sections else "",
            "authors": tuple(map(clean, article.authors)),
            "tags": tuple(map(clean, article.tags)),
            "newsroom": clean(self._newsroom.name),
            "edition": self._edition,
        }
        link = _link(article.url)
        return _Told(
            words=words,
            printed={name: worded(name, value) for name, value in words.items()},
            tags=tags_of(article.tags),
            card_title=shortened(title, Room(CARD_TITLE, None)),
            card_description=shortened(summary or standfirst, Room(CARD_DESCRIPTION, None)),
            link=link,
            language=_language(article.language) or _language(self._newsroom.language),
            data=_data(words, link, story),
            calls=any(_CALL.search(value) for value in words.values() if isinstance(value, str))
            or any(_CALL.search(each) for each in (*words["authors"], *words["tags"])),
        )


def compose_post(
    *,
    story: EditionStory,
    edition_name: str,
    newsroom: Newsroom,
    template: str,
    folders: tuple[Path, ...],
    limits: Limits,
    rules: PostRules = _PLAIN_RULES,
    seen: Seen | None = None,
    place: Place | None = None,
    url: str = "",
) -> Post:
    """One post by itself, as ``Composer.post`` makes it. Raises ``RenderError``."""
    composer = Composer(edition_name=edition_name, newsroom=newsroom, folders=folders)
    return composer.post(story, template=template, limits=limits, rules=rules, seen=seen, place=place, url=url)


def compose_correction(
    *,
    correction: Correction,
    language: str,
    timezone: str,
    template: str,
    folders: tuple[Path, ...],
    limits: Limits,
    answers: str,
    warning: str = "",
) -> Post:
    """The reply to a post that said what is not so, by ``templates/posts/TEMPLATE-correction.txt.j2`` (``default``).

    What is right is never cut: where both do not fit, it stands without what was said. ``answers`` names the post in
    the network's words, ``warning`` is the one that it is folded behind. Raises ``RenderError`` when it is too long
    even so, or naming file and line.
    """
    words = wording(language, timezone)
    link = _link(correction.url)
    templates = PostTemplates(folders)
    name = templates.named(f"{template}-correction", f"{DEFAULT}-correction")
    right = clean(words.say("it_is", right=correction.right))
    said = clean(words.say("we_said", date=words.day(correction.told), said=correction.said))
    for told in (said, ""):
        said_so = {"heading": words.say("correction"), "said": told, "right": right, "url": link}
        context = {name: worded(name, value) for name, value in said_so.items()}
        text = joined(templates.rendered(name, context).parts)
        if fits(text, limits, warning=warning):
            data = {"event": "correction.post", "correction": {"said": correction.said, "right": correction.right}}
            return Post(
                text=text,
                url=link,
                language=_language(language),
                data=data,
                answers=answers,
                warning=warning,
                sensitive=bool(warning),
            )
    if limits.characters:
        raise RenderError(
            Phrase(
                "the correction is longer than the %(most)s characters the network takes; say what is right in fewer "
                "words",
                most=limits.characters,
            )
        )
    raise RenderError(
        Phrase(
            "the correction is longer than the %(most)s bytes the network takes; say what is right in fewer words",
            most=limits.size or 0,
        )
    )


def _uncalling(printed: Mapping[str, Any]) -> dict[str, Any]:
    """The words without calling anybody: U+200B stands behind the ``@`` of a name, not in addresses."""
    return {
        name: worded(
            name,
            tuple(_CALL.sub("@\u200b", each) for each in value)
            if isinstance(value, tuple)
            else _CALL.sub("@\u200b", value),
        )
        for name, value in printed.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A story without anything of a network's."""

    words: Mapping[str, Any]
    printed: Mapping[str, Any]
    tags: tuple[Tag, ...]
    card_title: str
    card_description: str
    link: str
    language: str
    data: Mapping[str, Any]
    calls: bool = False
    """Some of its words name somebody behind an ``@``."""
    cuts: dict[str, Cuts] = field(default_factory=dict)

    def linking(self, link: str) -> Mapping[str, Any]:
        """``printed`` with ``link`` where the text has the article's own address: one place has one address."""
        if not self.link or not any(self.link in each for each in self.words.values() if isinstance(each, str)):
            return self.printed
        own = regex.compile(rf"(?<!\S){regex.escape(self.link)}(?=[.,;:!?)]*(?:\s|$))")
        return {
            name: worded(name, own.sub(lambda _: link, value) if isinstance(value, str) else value)
            for name, value in self.words.items()
        }

    def cuts_of(self, text: str) -> Cuts:
        if text not in self.cuts:
            self.cuts[text] = Cuts(text, self.language)
        return self.cuts[text]


def _warning(story: EditionStory, rules: PostRules) -> str:
    """The words of the first warning of the editor's list that the story's tags or sections ask for; "" without."""
    if not rules.warnings:
        return ""
    about = {clean(each).casefold() for each in (*story.article.tags, *story.article.sections)}
    return next((clean(words) for topic, words in rules.warnings.items() if topic in about and words), "")


def _sane(text: str) -> str:
    """``text`` clean, and no longer than anybody posts: a feed may send a book."""
    whole = clean(text[: 4 * LONGEST])
    if len(whole) <= LONGEST:
        return whole
    begun, space, _ = whole[:LONGEST].rpartition(" ")
    return f"{begun}…" if space else "".join(_CLUSTER.findall(whole[:LONGEST])[:-1]) + "…"


def _beside(title: str, text: str) -> str:
    """``text``, "" when it holds the words of ``title`` and no others."""
    return "" if letters_of(text) == letters_of(title) else text


def _link(url: str) -> str:
    """``url`` in characters that neither NFC nor tidying would change (RFC 3987 §3.1); "" when it is no web address."""
    link = flat(url)
    if not _WEB.match(link):
        return ""
    if link.isascii() and " " not in link:
        return link
    return quote(_with_ascii_host(link), safe="!#$%&'()*+,/:;=?@[]~")


def _with_ascii_host(link: str) -> str:
    """``link`` with its host as DNS knows it: escaped by bytes, most networks would not take it for an address."""
    scheme, _, rest = link.partition("://")
    end = min((place for mark in "/?#" if (place := rest.find(mark)) >= 0), default=len(rest))
    name, colon, port = rest[:end].partition(":")
    if name.isascii():
        return link
    try:
        return f"{scheme}://{idna.encode(name, uts46=True).decode()}{colon}{port}{rest[end:]}"
    except idna.IDNAError:
        return link


def _language(tag: str) -> str:
    """The tag as BCP 47 writes it; "" when it is none."""
    written = tag.strip().replace("_", "-")
    return written if _LANGUAGE.fullmatch(written) else ""


def _data(words: Mapping[str, Any], link: str, story: EditionStory) -> dict[str, Any]:
    """What programs read beside the text, as JSON types."""
    article = story.article
    facts = ("title", "standfirst", "summary", "section")
    return {
        **{fact: words[fact] for fact in facts},
        "url": link,
        "authors": list(words["authors"]),
        "tags": list(words["tags"]),
        "published": article.published.isoformat(),
        "updated": article.updated.isoformat() if article.updated else None,
    }
