"""A story's share card: 1200 × 630 pixels of headline, for networks that show a picture beside a link.

With the story's photograph where it has one, else on the newsroom's colour. A headline that is too long at the smallest
size is cut at a clause, never in a word; one whose letters no font of this machine draws makes no card.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

import regex
from babel import Locale, UnknownLocaleError
from PIL import Image

from bot.editions.brand import tokens
from bot.editions.crop import cropped
from bot.editions.entry import entry
from bot.editions.environment import one_line
from bot.editions.graphemes import Room, shortened
from bot.editions.image import ImageFile, encoded, losslessly, on_white
from bot.editions.lines import broken, clauses
from bot.editions.typeface import STYLES, Setting, Style, setting, shapes
from bot.editions.typesetting import Sheet
from bot.editions.wording import Wording
from bot.model import EditionStory, Newsroom

SIZE = (1200, 630)
ADDRESS = "card:"
"""How the addresses begin by which cards are known: none of a picture does."""
_DESIGN = 1
"""Counts up when cards are drawn otherwise: then they are drawn anew."""
_LEFT, _TOP, _FOOT, _PANEL = 64, 56, 52, 520
_GAP = 26
# The largest first; below the smallest of the design, only what has no clause to end at.
_PHOTO = ((70, 4), (62, 4), (54, 4), (46, 4))
_PLAIN = ((84, 4), (72, 4), (64, 4), (56, 4))
_SMALLER = ((40, 6), (34, 7))
_HEADLINE, _NAME = 300, 80
_PICTOGRAPH = regex.compile(
    r"[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\ufe0f\u20e3\U000e0020-\U000e007f]"
    r"(?<![\u00a9\u00ae\u2122])"
)
# Marks that turn the direction of a line, of which a card has one, and what is not seen at all.
_UNSEEN = regex.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc]"
)
# What is read without joining its letters; all else needs a shaper.
_PLAIN_LETTERS = r"\p{Latin}\p{Greek}\p{Cyrillic}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Armenian}\p{Georgian}"
_JOINED = regex.compile(rf"[^\P{{L}}{_PLAIN_LETTERS}]")
# Marks beyond those that a language stacks: one on a Latin letter that is no letter of its own, three elsewhere.
_STACKED = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{N}\p{P}]\p{M})\p{M}+|(?<=\p{M}{3})\p{M}+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareCard:
    """What a card says. ``language`` is the story's, ``meta`` author and minutes, ``photo`` a hosted image's name."""

    headline: str
    label: str
    meta: tuple[str, ...]
    newsroom: str
    language: str
    separator: str
    headlines: str
    accent: str
    on_accent: str
    ink: str
    ink3: str
    paper: str
    photo: str = ""

    @property
    def address(self) -> str:
        """Equal for cards that look the same."""
        said = json.dumps([_DESIGN, asdict(self)], sort_keys=True, ensure_ascii=False)
        return ADDRESS + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def card_of(story: EditionStory, *, newsroom: Newsroom, slot: datetime, wording: Wording, photo: str = "") -> ShareCard:
    """The card of ``story``; ``photo`` is the hosted copy of its picture, "" without."""
    told = entry(story, 1, newsroom=newsroom, slot=slot, wording=wording)
    colours = tokens(newsroom, newsroom.language).light
    return ShareCard(
        headline=shortened(tidy(told.title), Room(_HEADLINE, None)),
        label=tidy(told.label),
        meta=tuple(filter(None, (tidy(told.by), tidy(told.minutes)))),
        newsroom=shortened(tidy(newsroom.name), Room(_NAME, None)),
        language=told.language or newsroom.language,
        separator=wording.separator.strip(),
        headlines=newsroom.headlines,
        accent=colours.accent,
        on_accent=colours.on_accent,
        ink=colours.ink,
        ink3=colours.ink3,
        paper=colours.paper,
        photo=photo,
    )


def drawn(card: ShareCard, photo: Image.Image | None = None) -> ImageFile:
    """The card as a picture, beside ``photo`` where its headline has room there.

    Raises ``ValueError`` when no font of this machine draws the headline, or no size holds it.
    """
    if not shapes() and _JOINED.search(card.headline):
        raise ValueError("a headline in letters that this machine does not join (Raqm and FriBiDi are missing)")
    if photo is not None:
        press = _Press(card, width=560, plain=False)
        if press.headline(_PHOTO, until=490):
            return encoded(press.with_photo(photo))
    press = _Press(card, width=1072, plain=True)
    if not press.headline(_PLAIN, until=520):
        raise ValueError("a headline that no size of a card holds")
    return losslessly(press.finished())


def lacking_font(language: str, name: str) -> str:
    """Why cards of a newsroom called ``name`` could not be drawn in ``language`` on this machine; "" when they can.

    Asked of the names of the language, its months and weekdays: they have most of its letters.
    """
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        words = [name]
    else:
        named = (*locale.months["format"]["wide"].values(), *locale.days["format"]["wide"].values())
        words = [name, locale.display_name or "", *map(str, named)]
    text = tidy(" ".join(words))
    for style in STYLES:
        if setting(text, language, style) is None:
            return f"no font of this machine draws all letters of the language {language}"
    return "" if shapes() or not _JOINED.search(text) else "its letters are not joined here (Raqm, FriBiDi)"


def tidy(text: str) -> str:
    """One line without what a card does not draw: pictographs, turns of direction, towers of accents."""
    flat = _UNSEEN.sub("", _PICTOGRAPH.sub("", unicodedata.normalize("NFC", one_line(text))))
    return regex.sub(" {2,}", " ", _STACKED.sub("", flat)).strip(" ")


class _Press:
    """A card while it is drawn."""

    def __init__(self, card: ShareCard, *, width: int, plain: bool) -> None:
        self._card = card
        self._width = width
        self._plain = plain
        self._ink, self._quiet = (card.on_accent, card.on_accent) if plain else (card.ink, card.ink3)
        ground = card.accent if plain else card.paper
        self._sheet = Sheet(SIZE, ground, margin=_LEFT, text=card.headline, language=card.language)
        self._dot = setting(card.separator, card.language, "text") if card.separator else None
        self._between = (self._sheet.length(self._dot, 24) if self._dot else 0) + _GAP
        self._rules()
        self._label()
        self._foot()

    def headline(self, sizes: Iterable[tuple[int, int]], *, until: int) -> bool:
        """Sets the headline in the largest size that holds it; False when none does."""
        card = self._card
        style: Style = "bold" if card.headlines == "sans" else "serif"
        sizes = tuple(sizes)
        tries = [(card.headline, size) for size in sizes]
        shorter = tuple(clauses(card.headline))
        tries += [(clause, size) for clause in shorter for size in sizes]
        tries += [(text, size) for size in _SMALLER for text in (card.headline, *shorter)]
        for text, (size, most) in tries:
            found = setting(text, card.language, style)
            if found is None:
                raise ValueError("a headline in letters that no font of this machine draws")
            height = round(size * self._sheet.leading)
            most = min(most, (until - 150) // height)
            measure = partial(self._sheet.length, found, size)
            lines = broken(found.text, measure, self._width, most, card.language)
            if lines:
                for place, line in enumerate(lines):
                    self._sheet.write(found, size, line, top=150 + place * height, height=height, colour=self._ink)
                return True
        return False

    def finished(self) -> Image.Image:
        return self._sheet.picture

    def with_photo(self, photo: Image.Image) -> Image.Image:
        """It with its picture at the end side: cut round its subject, never darkened."""
        cut = cropped(on_white(photo), (_PANEL, SIZE[1]))
        self._sheet.picture.paste(cut, (0 if self._sheet.rtl else SIZE[0] - _PANEL, 0))
        return self._sheet.picture

    def _rules(self) -> None:
        first = self._card.on_accent if self._plain else self._card.accent
        self._sheet.rule(self._width, top=_TOP, height=10, colour=first)
        self._sheet.rule(self._width, top=_TOP + 14, height=2, colour=self._ink)

    def _label(self) -> None:
        found = setting(self._card.label, self._card.language, "bold") if self._card.label else None
        if found and self._sheet.length(found, 26) <= self._width:
            colour = self._card.on_accent if self._plain else self._card.accent
            self._sheet.write(found, 26, top=104, height=32, colour=colour)

    def _foot(self) -> None:
        """Name, author and minutes: beside a picture in two lines, else the name at the start and they at the end."""
        style: Style = "bold" if self._card.headlines == "sans" else "serif"
        name = setting(self._card.newsroom, self._card.language, style)
        size = next((size for size in (34, 28, 24) if name and self._sheet.length(name, size) <= self._width), 0)
        used = 0.0
        if name and size:
            used = self._sheet.length(name, size)
            self._sheet.write(name, size, top=SIZE[1] - _FOOT - 41, height=40, colour=self._ink)
        items = self._meta(self._width - used - 48 if self._plain else self._width)
        along = self._width - self._together(items) if self._plain else 0.0
        top = SIZE[1] - _FOOT - (34 if self._plain else 78)
        for place, item in enumerate(items):
            if place and self._dot:
                self._sheet.write(self._dot, 24, top=top, height=32, colour=self._quiet, along=along + _GAP / 2)
            along += self._between if place else 0
            self._sheet.write(item, 24, top=top, height=32, colour=self._quiet, along=along)
            along += self._sheet.length(item, 24)

    def _meta(self, room: float) -> list[Setting]:
        """As many items as there is room for, the last first to stay: minutes are short."""
        found = [setting(each, self._card.language, "text") for each in self._card.meta]
        items = [each for each in found if each]
        while items and self._together(items) > room:
            items = items[1:]
        return items

    def _together(self, items: list[Setting]) -> float:
        return sum(self._sheet.length(each, 24) for each in items) + self._between * max(0, len(items) - 1)
