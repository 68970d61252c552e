"""Lines of text on a picture: in several fonts, in the order that they are read, from the start edge on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import regex
from PIL import Image, ImageDraw, ImageFont

from bot.editions.bidi import visual
from bot.editions.script import script_of
from bot.editions.typeface import Face, Setting

_OTHER = regex.compile(r"[^\P{L}\p{Latin}\p{Greek}\p{Cyrillic}]")
_TIGHT, _LARGE = -0.0195, 34
"""Of its size, large type is set tighter; from so many pixels on."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A piece of a line in one font and direction, ``width`` pixels wide."""

    text: str
    font: ImageFont.FreeTypeFont
    shaping: dict[str, Any]
    tracking: float
    width: float

    @classmethod
    def of(cls, text: str, face: Face, size: int, rtl: bool, language: str, tracking: float) -> _Run:
        font, text = face.at(size), face.spaced(text)
        able = font.layout_engine is ImageFont.Layout.RAQM
        shaping: dict[str, Any] = {"direction": "rtl" if rtl else "ltr", "language": language} if able else {}
        clusters = len(regex.findall(r"\X", text)) if tracking else 1
        return cls(text, font, shaping, tracking, font.getlength(text, **shaping) + tracking * (clusters - 1))

    def pieces(self) -> Iterator[tuple[float, str]]:
        """What is drawn at once, and how far from the run's beginning."""
        said = ""
        for place, piece in enumerate(regex.findall(r"\X", self.text) if self.tracking else [self.text]):
            said += piece
            # With its kerning to the letter before.
            before = self.font.getlength(said, **self.shaping) - self.font.getlength(piece, **self.shaping)
            yield before + place * self.tracking, piece


class Sheet:
    """A picture that is written on, ``margin`` pixels from its start edge, whichever side that is.

    ``text`` is what it is about: it decides the direction, and whether letters may be spaced.
    """

    def __init__(self, size: tuple[int, int], ground: str, *, margin: int, text: str, language: str) -> None:
        self.picture = Image.new("RGB", size, ground)
        self.rtl = _runs_right_to_left(text, language)
        # What letter-spacing would harm is set with more leading, too.
        self._tracked = not _OTHER.search(text)
        self.leading = 1.1 if self._tracked else 1.34
        self._language = language
        self._margin = margin
        self._draw = ImageDraw.Draw(self.picture)

    def rule(self, width: float, *, top: int, height: int, colour: str) -> None:
        """A line ``width`` pixels long."""
        begin = self.side(0, width)
        self._draw.rectangle((begin, top, begin + width - 1, top + height - 1), fill=colour)

    def frame(self, *, inset: int, thick: int, colour: str) -> None:
        """A line all round, ``inset`` pixels from the edges."""
        box = (inset, inset, self.picture.width - inset - 1, self.picture.height - inset - 1)
        self._draw.rectangle(box, outline=colour, width=thick)

    def length(self, words: Setting, size: int, part: str | None = None) -> float:
        """Pixels that ``part`` of ``words`` takes, all of it without one."""
        return sum(run.width for run in self._runs(words, size, part))

    def write(
        self,
        words: Setting,
        size: int,
        part: str | None = None,
        *,
        top: int,
        height: int,
        colour: str,
        along: float = 0.0,
    ) -> None:
        """Writes ``part`` of ``words``, in the middle of a line ``height`` pixels high, ``along`` pixels on."""
        ascent, descent = words.faces[0].at(size).getmetrics()
        baseline = top + (height - ascent - descent) / 2 + ascent
        x = self.side(along, self.length(words, size, part))
        for run in self._runs(words, size, part):
            for offset, piece in run.pieces():
                self._draw.text((x + offset, baseline), piece, fill=colour, font=run.font, anchor="ls", **run.shaping)
            x += run.width

    def strike(self, words: Setting, size: int, part: str | None = None, *, top: int, height: int, colour: str) -> None:
        """A line through what ``write`` wrote with the same words."""
        ascent, descent = words.faces[0].at(size).getmetrics()
        middle = round(top + (height - ascent - descent) / 2 + ascent - 0.34 * size)
        self.rule(self.length(words, size, part), top=middle, height=max(2, round(size / 19)), colour=colour)

    def side(self, along: float, width: float) -> float:
        """Where from the left something ``width`` pixels wide begins that lies ``along`` pixels from the start edge."""
        return self.picture.width - self._margin - along - width if self.rtl else self._margin + along

    def _runs(self, words: Setting, size: int, part: str | None) -> list[_Run]:
        pieces = regex.findall(r"\X", words.text if part is None else part)
        tracking = _TIGHT * size if self._tracked and size >= _LARGE else 0.0
        seen = visual(pieces, words.face_of, rtl=self.rtl)
        made = [_Run.of(piece, face, size, rtl, self._language, tracking) for piece, face, rtl in seen]
        return [replace(run, width=run.width + tracking) for run in made[:-1]] + made[-1:]


def _runs_right_to_left(text: str, language: str) -> bool:
    """By the first letter that has a direction (UAX #9, P2), as a browser would with ``dir="auto"``."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    strong = next((kind for kind in kinds if kind in ("L", "R", "AL")), "")
    return strong != "L" if strong else script_of(language).direction == "rtl"
