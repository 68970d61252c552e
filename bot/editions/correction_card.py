"""The card of a correction: what networks show for an edition whose lead said what is not so. No picture, no colour."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from bot.editions.brand import tokens
from bot.editions.card import ADDRESS, SIZE, tidy
from bot.editions.image import ImageFile, losslessly
from bot.editions.lines import broken
from bot.editions.typeface import Setting, Style, setting
from bot.editions.typesetting import Sheet
from bot.editions.wording import wording
from bot.model import Correction, Newsroom

_DESIGN = 1
_MARGIN, _INSET, _FRAME = 96, 40, 3
_WIDTH = SIZE[0] - 2 * _MARGIN
_TOP, _UNTIL = 214, 484
_BETWEEN = 48
_LARGE, _ABOUT = 76, 28
# For what does not stand side by side: sentences, one below the other.
_SIZES = (54, 46, 40, 34, 28, 24)
_MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionCard:
    """What it says, in the newsroom's ``language``. ``about`` is the headline of the story."""

    heading: str
    date: str
    said_label: str
    said: str
    right_label: str
    right: str
    about: str
    newsroom: str
    language: str
    headlines: str
    ink: str
    ink2: str
    ink3: str
    paper: str

    @property
    def address(self) -> str:
        """Equal for cards that look the same; none is that of another kind of card."""
        said = json.dumps(["correction", _DESIGN, asdict(self)], sort_keys=True, ensure_ascii=False)
        return ADDRESS + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def correction_card(correction: Correction, newsroom: Newsroom) -> CorrectionCard:
    """The card that tells ``correction``."""
    words = wording(newsroom.language, newsroom.timezone)
    colours = tokens(newsroom, newsroom.language).light
    return CorrectionCard(
        heading=words.say("correction"),
        date=tidy(words.day(correction.at)),
        said_label=words.say("card_said"),
        said=tidy(correction.said),
        right_label=words.say("card_right"),
        right=tidy(correction.right),
        about=tidy(correction.title),
        newsroom=tidy(newsroom.name),
        language=newsroom.language,
        headlines=newsroom.headlines,
        ink=colours.ink,
        ink2=colours.ink2,
        ink3=colours.ink3,
        paper=colours.paper,
    )


def drawn_correction(card: CorrectionCard) -> ImageFile:
    """The card as a picture. Raises ``ValueError`` when it cannot be told whole: half a correction is a wrong one."""
    press = _Press(card)
    if not (press.side_by_side() or press.one_below_the_other()):
        raise ValueError("a correction too long for a card")
    return losslessly(press.sheet.picture)


class _Press:
    def __init__(self, card: CorrectionCard) -> None:
        self._card = card
        about = f"{card.heading} {card.right}"
        self.sheet = Sheet(SIZE, card.paper, margin=_MARGIN, text=about, language=card.language)
        self.sheet.frame(inset=_INSET, thick=_FRAME, colour=card.ink)
        sans = card.headlines == "sans"
        self._said = self._set(card.said, "text" if sans else "roman")
        self._right = self._set(card.right, "bold" if sans else "serif")
        self._line(card.heading, "bold", 40, top=88, height=44, colour=card.ink)
        self._line(card.date, "text", 24, top=139, height=32, colour=card.ink3)
        self._line(card.newsroom, "bold" if sans else "serif", 34, top=506, height=40, colour=card.ink)

    def side_by_side(self) -> bool:
        """What was said and what is so in one line, and below what it is about; False when they are too long."""
        first, second = self.sheet.length(self._said, _LARGE), self.sheet.length(self._right, _LARGE)
        if first + _BETWEEN + second > _WIDTH:
            return False
        begin = max(first, self._label(self._card.said_label)) + _BETWEEN
        self._line(self._card.right_label, "text", 24, top=_TOP, height=32, colour=self._card.ink3, along=begin)
        self.sheet.write(self._said, _LARGE, top=244, height=88, colour=self._card.ink3)
        self.sheet.strike(self._said, _LARGE, top=244, height=88, colour=self._card.ink3)
        self.sheet.write(self._right, _LARGE, top=244, height=88, colour=self._card.ink, along=begin)
        about = setting(self._card.about, self._card.language, "text")
        if about:
            measure = partial(self.sheet.length, about, _ABOUT)
            lines = broken(about.text, measure, _WIDTH, 3, self._card.language) or ()
            for place, line in enumerate(lines):
                self.sheet.write(about, _ABOUT, line, top=352 + 36 * place, height=36, colour=self._card.ink2)
        return True

    def one_below_the_other(self) -> bool:
        """Both as sentences, in the largest size that holds them; False when none does."""
        for size in _SIZES:
            height = round(size * max(1.2, self.sheet.leading))
            blocks = [self._lines(each, size) for each in (self._said, self._right)]
            if all(blocks) and _TOP + 80 + height * sum(map(len, blocks)) <= _UNTIL:
                self._blocks(blocks, size, height)
                return True
        return False

    def _blocks(self, blocks: Sequence[Sequence[str]], size: int, height: int) -> None:
        card, top = self._card, _TOP
        self._label(card.said_label)
        for line in blocks[0]:
            self.sheet.write(self._said, size, line, top=top + 32, height=height, colour=card.ink3)
            self.sheet.strike(self._said, size, line, top=top + 32, height=height, colour=card.ink3)
            top += height
        self._line(card.right_label, "text", 24, top=top + 48, height=32, colour=card.ink3)
        for place, line in enumerate(blocks[1]):
            self.sheet.write(self._right, size, line, top=top + 80 + place * height, height=height, colour=card.ink)

    def _lines(self, words: Setting, size: int) -> list[str]:
        measure = partial(self.sheet.length, words, size)
        return broken(words.text, measure, _WIDTH, _MOST, self._card.language) or []

    def _label(self, text: str) -> float:
        return self._line(text, "text", 24, top=_TOP, height=32, colour=self._card.ink3)

    def _line(
        self, text: str, style: Style, size: int, *, top: int, height: int, colour: str, along: float = 0.0
    ) -> float:
        """Writes one line, where there is room and a font for it; returns how long it is."""
        words = setting(text, self._card.language, style) if text else None
        length = self.sheet.length(words, size) if words else 0.0
        if words and along + length <= _WIDTH:
            self.sheet.write(words, size, top=top, height=height, colour=colour, along=along)
        return length

    def _set(self, text: str, style: Style) -> Setting:
        words = setting(text, self._card.language, style)
        if words is None or words.text != text:
            raise ValueError("a correction in letters that no font of this machine draws")
        return words
