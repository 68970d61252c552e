"""A story as a post: a network's template, fitted to the network's limits.

A template says what stands in the post, not how long it is. What it prints of a story is foreign text and may be
cut, the longest piece first and the first piece (the headline) last; what the template itself says and the link stay
whole. The link stands at most once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import regex

from bot.audience.links import image_url
from bot.editions.entry import Pictures, is_web
from bot.editions.environment import MailEnvironment, Structure, letters_of, one_line, render
from bot.editions.graphemes import Room, count, fits, shortened
from bot.editions.wording import wording
from bot.errors import RenderError
from bot.model import Card, Correction, EditionStory, HostedImage, Image, Limits, Newsroom, Post

CARD_TITLE = 300
CARD_DESCRIPTION = 300
"""Grapheme clusters of a card's texts; more is shown nowhere."""
_DEFAULT = "default"
# Noncharacters (Unicode 23.7) mark what a template prints; no text that is shown holds them.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_LEADING_MARKS = regex.compile(r"^[\p{M}\u200d\ufe0e\ufe0f]+")
# Marks that turn the direction of all that follows: a title must not turn the rest of a post.
_TURNING = regex.compile(r"[\ufdd0-\ufdef\u202a-\u202e\u2066-\u2069]")


def compose_post(
    *,
    story: EditionStory,
    edition_name: str,
    newsroom: Newsroom,
    template: str,
    folders: tuple[Path, ...],
    limits: Limits,
    url: str = "",
    pictures: Pictures = MappingProxyType({}),
    drawn: HostedImage | None = None,
    always: bool = False,
) -> Post:
    """The post of ``story`` by ``templates/posts/TEMPLATE.txt.j2`` (``default`` when there is none), within ``limits``.

    Without a web address there is neither link nor card. ``standfirst`` and ``summary`` are "" where they only say the
    title again. Templates see ``title, standfirst, summary, written, url, section, authors, tags, hashtags,
    newsroom, edition``; ``written`` is a machine's text for a post, "" when there is none. ``url`` is the article's
    unless given. ``drawn`` is its share card, shown where it has no picture, or ``always``. Raises ``RenderError``
    naming file and line.
    """
    article = story.article
    link = _link(url or article.url)
    title = _clean(article.title)
    standfirst, summary = (_beside(title, _clean(text)) for text in (article.standfirst, story.summary.text))
    hashtags = tuple(dict.fromkeys(filter(None, map(_hashtag, article.tags))))
    words = {
        "title": title,
        "standfirst": standfirst,
        "summary": summary,
        "written": _clean(story.post),
        "url": link,
        "section": _clean(article.sections[0]) if article.sections else "",
        "authors": tuple(map(_clean, article.authors)),
        "tags": tuple(map(_clean, article.tags)),
        "hashtags": hashtags,
        "newsroom": _clean(newsroom.name),
        "edition": _clean(edition_name),
    }
    name = _template(template, folders)
    pieces = _pieces(render(MailEnvironment(folders, _marked), name, words), link)
    image = article.image
    picture, alt = _picture(image, newsroom, pictures), _clean(image.alt) if image else ""
    if drawn and (always or not picture):
        picture, alt = image_url(newsroom, drawn.name), f"{title}, {words['newsroom']}"
    return Post(
        text=_fitted(pieces, limits, name),
        url=link,
        card=Card(
            url=link,
            title=shortened(title, Room(CARD_TITLE, None)),
            description=shortened(summary or standfirst, Room(CARD_DESCRIPTION, None)),
            image_url=picture,
            image_alt=alt if picture else "",
        )
        if link
        else None,
        language=article.language or newsroom.language,
        data=_data(words, story),
    )


def compose_correction(
    *,
    correction: Correction,
    language: str,
    timezone: str,
    template: str,
    folders: tuple[Path, ...],
    limits: Limits,
    answers: str,
) -> Post:
    """The reply to a post that said what is not so, by ``templates/posts/TEMPLATE-correction.txt.j2`` (``default``).

    What is right is never cut: where both do not fit, it stands without what was said. ``answers`` names the post in
    the network's words. Raises ``RenderError`` when it is too long even so, or naming file and line.
    """
    words = wording(language, timezone)
    link = _link(correction.url)
    name = _template(f"{template}-correction", folders, f"{_DEFAULT}-correction")
    right = _clean(words.say("it_is", right=correction.right))
    said = _clean(words.say("we_said", date=words.day(correction.told), said=correction.said))
    for told in (said, ""):
        context = {"heading": words.say("correction"), "said": told, "right": right, "url": link}
        text = _joined(_pieces(render(MailEnvironment(folders, _marked), name, context), link))
        if fits(text, limits):
            data = {"event": "correction.post", "correction": {"said": correction.said, "right": correction.right}}
            return Post(text=text, url=link, language=language, data=data, answers=answers)
    most = f"{limits.characters} characters" if limits.characters else f"{limits.size} bytes"
    raise RenderError(f"the correction is longer than the {most} the network takes; say what is right in fewer words")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a post: ``whole`` may not be cut, ``link`` is the address itself."""

    text: str
    whole: bool
    link: bool = False


def _picture(image: Image | None, newsroom: Newsroom, pictures: Pictures) -> str:
    """The address of a story's picture, of its copy where there is one; "" without."""
    hosted = pictures.get(image.url) if image else None
    if image is None or not is_web(image.url) or (hosted is None and image.url in pictures):
        return ""
    return image_url(newsroom, hosted.whole.name) if hosted else image.url


def _template(template: str, folders: Sequence[Path], default: str = _DEFAULT) -> str:
    own = f"posts/{template}.txt.j2"
    return own if any((folder / own).is_file() for folder in folders) else f"posts/{default}.txt.j2"


def _marked(value: Any) -> str:
    """What a template prints, between marks. What a macro gives was marked when the macro printed it."""
    if isinstance(value, Structure):
        return value
    return f"{_OPEN}{_clean(value)}{_CLOSE}"


def _clean(value: Any) -> str:
    """One line in NFC; no mark at its beginning, which would join what a template puts before it."""
    return _LEADING_MARKS.sub("", unicodedata.normalize("NFC", _TURNING.sub("", one_line(value))))


def _beside(title: str, text: str) -> str:
    """``text``, "" when it holds the words of ``title`` and no others."""
    return "" if letters_of(text) == letters_of(title) else text


def _link(url: str) -> str:
    """``url`` in characters that neither NFC nor tidying would change (RFC 3987 §3.1); "" when it is no web address."""
    link = _TURNING.sub("", one_line(url))
    if not regex.match(r"https?://[^\s/]", link, regex.IGNORECASE):
        return ""
    return link if link.isascii() and " " not in link else quote(link, safe="!#$%&'()*+,/:;=?@[]~")


def _pieces(rendered: str, link: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    linked = False
    for part in regex.split(rf"({_OPEN}[^{_CLOSE}]*{_CLOSE})", rendered):
        if not part.startswith(_OPEN):
            pieces.append(_Piece(unicodedata.normalize("NFC", part.replace(_CLOSE, "")), whole=True))
            continue
        for words in _around(part[1:-1], link):
            is_link = bool(link) and words == link
            if not (is_link and linked):
                pieces.append(_Piece(words, whole=is_link, link=is_link))
            linked = linked or is_link
    return _with_one_link(pieces, link)


def _around(text: str, link: str) -> list[str]:
    """``text`` cut before and after each word that is the link: it is not free text wherever it stands."""
    if not link or link not in text:
        return [text]
    return [part for part in regex.split(rf"((?<!\S){regex.escape(link)}(?!\S))", text) if part]


def _with_one_link(pieces: list[_Piece], link: str) -> list[_Piece]:
    """Without the words that only hold the link inside themselves: a second link would be another place."""
    if not link:
        return pieces
    inside = regex.compile(rf"\S*{regex.escape(link)}\S*")
    return [piece if piece.link else replace(piece, text=inside.sub("", piece.text)) for piece in pieces]


def _fitted(pieces: list[_Piece], limits: Limits, template: str) -> str:
    if not fits(_joined([piece for piece in pieces if piece.whole]), limits):
        # An address that does not fit even alone is left to the card; half an address leads nowhere.
        pieces = [piece for piece in pieces if not piece.link]
    while not fits(text := _joined(pieces), limits):
        free = [place for place, piece in enumerate(pieces) if not piece.whole and piece.text.strip()]
        if not free:
            raise RenderError(
                f"templates/{template}:1: what it says itself is longer than the network takes; shorten it"
            )
        longest = max(free[1:] or free, key=lambda place: count(pieces[place].text))
        pieces = [*pieces]
        pieces[longest] = replace(pieces[longest], text=_cut(pieces, longest, limits))
    return text


def _cut(pieces: list[_Piece], place: int, limits: Limits) -> str:
    """The piece at ``place`` as short as the limits ask, but at least a little shorter."""
    text = pieces[place].text
    rest = _joined([*pieces[:place], replace(pieces[place], text=""), *pieces[place + 1 :]])
    # Blank lines that an empty piece costs come back with the piece: one cluster each is kept for them.
    spare = 4
    characters = None if limits.characters is None else limits.characters - count(rest) - spare
    size = None if limits.size is None else limits.size - len(rest.encode("utf-8", "replace")) - spare
    if (characters is not None and characters < 1) or (size is not None and size < 4):
        return ""
    shorter = shortened(text, Room(characters, size))
    return shorter if len(shorter) < len(text) else ""


def _joined(pieces: Sequence[_Piece]) -> str:
    """The pieces as one text: no blank line twice, no space at the end of a line, NFC."""
    text = "".join(piece.text for piece in pieces)
    lines = [" ".join(line.split(" ")).strip() for line in text.split("\n")]
    tidy = regex.sub(r"\n{3,}", "\n\n", "\n".join(regex.sub(r" {2,}", " ", line) for line in lines)).strip()
    return unicodedata.normalize("NFC", tidy)


def _hashtag(tag: str) -> str:
    """``City Council`` → ``#CityCouncil``; "" for what no network links, such as a bare number."""
    words = regex.findall(r"[\p{L}\p{M}\p{N}]+", _clean(tag))
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return f"#{joined}" if regex.search(r"\p{L}", joined) and count(joined) <= 64 else ""


def _data(words: dict[str, Any], story: EditionStory) -> dict[str, Any]:
    """What programs read beside the text, as JSON types."""
    article = story.article
    facts = ("title", "standfirst", "summary", "url", "section")
    return {
        "hashtags": list(words["hashtags"]),
        "story": {
            **{fact: words[fact] for fact in facts},
            "authors": list(words["authors"]),
            "tags": list(words["tags"]),
            "published": article.published.isoformat(),
            "updated": article.updated.isoformat() if article.updated else None,
        },
    }
