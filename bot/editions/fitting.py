"""A post's parts made to fit a network, in the order in which a template lets them go. Pure.

What the template says itself stays; so does the link. Hashtags go one by one, the last first. Of a text whole sentences
go first, then words, with "…" only then; the headline is cut last, and never by sentences. What went for a later cut to
make room comes back, as far as it fits. Where even that does not do, the link is left to the card.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.editions.counting import fits
from bot.editions.cuts import Cuts
from bot.errors import RenderError
from bot.model import Limits, Phrase

TITLE, HASHTAGS, URL = "title", "hashtags", "url"
_TRIED = 400
"""Places in one text where it might end: behind a quotation of so many words nothing is looked for."""
_SPACES = re.compile(r" {2,}")
_BLANK = re.compile(r"\n{3,}")
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a post. ``name`` is what was printed: ``title`` …; "" for what a template says itself, and keeps.

    ``other``: printed, and nobody knows what it was: any text.
    """

    text: str
    name: str = ""

    @property
    def fixed(self) -> bool:
        return self.name in ("", URL)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The text, and the names of the parts of which something had to go, in the order of their first places."""

    text: str
    lost: tuple[str, ...] = ()


def fitted(
    parts: Sequence[Part],
    limits: Limits,
    *,
    template: str,
    goes_first: Sequence[str] = (),
    warning: str = "",
    cuts: Callable[[str], Cuts] = Cuts,
) -> Fitted:
    """The text of ``parts`` as ``limits`` ask, folded behind ``warning``.

    ``goes_first`` names what goes before all else, in that order; the rest goes the longest first, the title last.
    ``cuts`` gives the cuts of a text, which may be kept for other networks. Raises ``RenderError`` naming ``template``
    when what it says itself is too long.
    """
    text = joined(parts)
    if fits(text, limits, warning=warning):
        return Fitted(text)
    return _Fitting(parts, limits, warning, cuts).made(template, goes_first)


class _Fitting:
    """The parts while they are cut; ``_kept`` is what is left of each."""

    def __init__(self, parts: Sequence[Part], limits: Limits, warning: str, cuts: Callable[[str], Cuts]) -> None:
        self._parts = [*parts]
        self._kept = [part.text for part in parts]
        self._limits = limits
        self._warning = warning
        self._cuts = cuts

    def made(self, template: str, goes_first: Sequence[str]) -> Fitted:
        fixed = [part.text if part.fixed else "" for part in self._parts]
        if not self._fits(fixed):
            # An address that does not fit even alone is left to the card; half an address leads nowhere.
            self._kept = ["" if part.name == URL else text for part, text in zip(self._parts, self._kept, strict=True)]
        order = self._order(goes_first)
        went: list[int] = []
        for place in order:
            if self._fits(self._kept):
                break
            went.append(place)
            self._shorten(place)
        if not self._fits(self._kept):
            if self._warning:
                raise RenderError(
                    Phrase(
                        "templates/%(template)s:1: what it says itself is longer than the network takes; shorten it, "
                        "or the words of the warning",
                        template=template,
                    )
                )
            raise RenderError(
                Phrase(
                    "templates/%(template)s:1: what it says itself is longer than the network takes; shorten it",
                    template=template,
                )
            )
        if not went or not self._titled(went[-1]):
            for place in reversed(went[:-1]):
                self._bring_back(place)
        text = joined([replace(part, text=kept) for part, kept in zip(self._parts, self._kept, strict=True)])
        lost = (part.name for part, kept in zip(self._parts, self._kept, strict=True) if kept != part.text)
        return Fitted(text, tuple(dict.fromkeys(lost)))

    def _order(self, goes_first: Sequence[str]) -> list[int]:
        """The places of the parts that may be cut, the first to go first."""
        free = [place for place, part in enumerate(self._parts) if not part.fixed and part.text.strip()]
        titles = [place for place in free if self._titled(place)] or free[:1]
        rest = [place for place in free if place not in titles]
        size: dict[str, int] = {}
        for place in rest:
            part = self._parts[place]
            size[part.name] = size.get(part.name, 0) + len(part.text)

        def key(place: int) -> tuple[int, int, str, int]:
            name = self._parts[place].name
            # Of what has one name, the last goes first.
            if name in goes_first:
                return goes_first.index(name), 0, name, -place
            if name in (HASHTAGS, "other"):
                return (
                    len(goes_first),
                    -(size[name] if name == HASHTAGS else len(self._parts[place].text)),
                    name,
                    -place,
                )
            return len(goes_first), -size[name], name, -place

        first = [place for place in titles if TITLE in goes_first]
        return [*sorted([*rest, *first], key=key), *(place for place in titles if place not in first)]

    def _titled(self, place: int) -> bool:
        return self._parts[place].name == TITLE

    def _shorten(self, place: int) -> None:
        """Keeps as much of the part as fits; nothing where that is not enough: then the next one is cut."""
        self._kept[place] = ""
        if self._fits(self._kept):
            self._kept[place] = self._longest(place)

    def _bring_back(self, place: int) -> None:
        now = self._kept[place]
        if now == self._parts[place].text or self._behind_lost_hashtag(place):
            return
        self._kept[place] = ""
        self._kept[place] = max(self._longest(place), now, key=len)

    def _behind_lost_hashtag(self, place: int) -> bool:
        """Hashtags come back from the first on: a later one that is shorter does not overtake."""
        return self._parts[place].name == HASHTAGS and any(
            part.name == HASHTAGS and kept != part.text
            for part, kept in zip(self._parts[:place], self._kept[:place], strict=True)
        )

    def _longest(self, place: int) -> str:
        """The longest version of a part that fits with all else as it is kept; "" when none does."""
        part = self._parts[place]
        if self._fits_with(place, part.text):
            return part.text
        if part.name == HASHTAGS:
            ends = [found.end() for found in _TOKEN.finditer(part.text)]
            return next((part.text[:end] for end in reversed(ends[:-1]) if self._fits_with(place, part.text[:end])), "")
        cuts = self._cuts(part.text)
        if part.name != TITLE:
            for text in cuts.sentences():
                if self._fits_with(place, text):
                    return text
        return self._by_words(place, cuts)

    def _by_words(self, place: int, cuts: Cuts) -> str:
        ends = cuts.ends()
        low, high = 0, len(ends)
        # How long a text is grows with it, but for addresses that its end completes: what is found is tried again.
        while low < high:
            middle = (low + high) // 2
            if self._fits_with(place, f"{cuts.text[: ends[middle]].rstrip()}…"):
                low = middle + 1
            else:
                high = middle
        for end in reversed(ends[max(0, low - _TRIED) : low]):
            text = cuts.ended(end)
            if text and self._fits_with(place, text):
                return text
        return ""

    def _fits_with(self, place: int, text: str) -> bool:
        return self._fits([*self._kept[:place], text, *self._kept[place + 1 :]])

    def _fits(self, texts: Sequence[str]) -> bool:
        return fits(tidy("".join(texts)), self._limits, warning=self._warning)


def joined(parts: Sequence[Part]) -> str:
    """The parts as one text: no blank line twice, no space at the end of a line, NFC."""
    return tidy("".join(part.text for part in parts))


def tidy(text: str) -> str:
    """``text`` in NFC without blank lines twice, without spaces twice or at the ends of lines."""
    if "  " in text:
        text = _SPACES.sub(" ", text)
    text = "\n".join([line.strip() for line in text.split("\n")]).strip()
    if "\n\n\n" in text:
        text = _BLANK.sub("\n\n", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def numbered(parts: Sequence[Part], number: str) -> Iterator[Part]:
    """``parts`` with ``number``, as in ``2/5``, at the end of the first line, where no link stands."""
    begun = done = False
    for part in parts:
        head, newline, rest = part.text.partition("\n")
        if part.name == "" and newline and not done and (begun or head.strip()):
            yield Part(f"{head.rstrip()} {number}\n{rest}")
            done = True
            continue
        begun = begun or bool(part.text.strip())
        yield part
    if not done:
        yield Part(f" {number}")
