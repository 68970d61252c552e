"""What a compiled mail shows a reader: its pictures, links, headings with nothing below them, and its faintest text.

It reads elements and the styles written into them, as mail programs do that know no style sheet. Contrast and the size
from which text is large: WCAG 2.2, 1.4.3 (checked 2026-11-29).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import html as lxml_html
from PIL import ImageColor

from bot.editions.colour import contrast

_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.I)
_UNSEEN = {"head", "style", "script", "title", "template"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_FUNCTION = re.compile(
    r"(rgb|hsl)a?\(\s*([\d.]+%?)(?:deg)?[\s,]+([\d.]+%?)[\s,]+([\d.]+%?)\s*(?:[,/]\s*([\d.]+)(%?)\s*)?\)"
)
_AROUND = ("inherit", "currentcolor", "unset")
_LARGE, _LARGE_BOLD = 24.0, 18.66
"""px; 18 and 14 points."""
_PIXEL = 3
"""A picture of so few px a side is no picture."""


@dataclass(frozen=True, slots=True)
class Shown:
    """``pictures`` are (URL, alt text; None where there is no such attribute), ``links`` web addresses, each once.

    ``empty`` are the headings with nothing between them and the next of their rank. ``faint`` is the text with the
    least contrast for its size, and ``ratio`` that contrast as a share of what its size needs (below 1: too little);
    ``contrast`` is the lowest of all. ``unread`` are the texts of which it cannot be told: their colour, or that below
    them, is written in a way that is not known, or is seen through.
    """

    pictures: tuple[tuple[str, str | None], ...]
    links: tuple[str, ...]
    empty: tuple[str, ...]
    faint: str
    ratio: float
    contrast: float
    unread: tuple[str, ...] = ()


def shown(html: str, *, footer: str) -> Shown:
    """What ``html`` shows; its footer, which no heading is above, is the part that links to ``footer``."""
    if not html.strip():
        return Shown((), (), (), "", 1.0, 21.0)
    page = lxml_html.document_fromstring(html)
    faint, ratio, lowest, unread = "", float("inf"), 21.0, []
    for text, type_ in _texts(page, _Type()):
        if type_.colour and type_.ground:
            found = contrast(type_.colour, type_.ground)
            lowest = min(lowest, found)
            if found / type_.needs < ratio:
                faint, ratio = text, found / type_.needs
        else:
            unread.append(text[:80])
    return Shown(
        tuple(dict.fromkeys(_pictures(page))),
        tuple(dict.fromkeys(_links(page))),
        tuple(_empty(page, footer)),
        faint[:80],
        ratio,
        lowest,
        tuple(unread),
    )


@dataclass(frozen=True, slots=True)
class _Type:
    """How text is set: colours ``#RRGGBB`` or "" where they cannot be told, ``size`` in px."""

    colour: str = "#000000"
    ground: str = "#FFFFFF"
    size: float = 16.0
    bold: bool = False

    @property
    def needs(self) -> float:
        return 3.0 if self.size >= (_LARGE_BOLD if self.bold else _LARGE) else 4.5


def _texts(element: lxml_html.HtmlElement, type_: _Type) -> Iterator[tuple[str, _Type]]:
    """The texts below ``element`` that are seen, each with how it is set."""
    if not isinstance(element.tag, str) or element.tag in _UNSEEN or _HIDDEN.search(element.get("style", "")):
        return
    type_ = _set(element, type_)
    if type_.size and element.text and any(map(str.isalnum, element.text)):
        yield " ".join(element.text.split()), type_
    for child in element:
        yield from _texts(child, type_)
        if type_.size and child.tail and any(map(str.isalnum, child.tail)):
            yield " ".join(child.tail.split()), type_


def _set(element: lxml_html.HtmlElement, type_: _Type) -> _Type:
    declared = _declared(element.get("style", ""))
    if element.tag in ("b", "strong", *_HEADINGS):
        type_ = replace(type_, bold=True)
    if element.get("bgcolor"):
        type_ = replace(type_, ground=_colour(element.get("bgcolor")))
    for name, value in declared.items():
        if name == "color" and value not in _AROUND:
            type_ = replace(type_, colour=_colour(value))
        elif name == "background-color" and value != "transparent":
            type_ = replace(type_, ground=_colour(value))
        elif name == "background" and value not in ("none", "transparent"):
            type_ = replace(type_, ground=_first_colour(value))
        elif name == "font-weight":
            type_ = replace(type_, bold=value == "bold" or (value.isdigit() and int(value) >= 700))
        elif name == "font-size" and (size := re.match(r"([\d.]+)(px|pt)?$", value)):
            type_ = replace(type_, size=float(size[1]) * (4 / 3 if size[2] == "pt" else 1))
    return type_


def _declared(style: str) -> dict[str, str]:
    pairs = (each.partition(":") for each in style.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value.strip()}


def _first_colour(value: str) -> str:
    """That of a ``background``, which also says where its picture stands."""
    return next(filter(None, map(_colour, re.findall(r"[\w-]+\([^)]*\)|\S+", value))), "")


def _colour(value: str) -> str:
    """``#RRGGBB``; "" for what is not known, or lets something through.

    Pillow knows CSS Color 3's names, hexadecimal digits and functions, these with commas and without opacity.
    """
    value = value.strip().lower()
    if function := _FUNCTION.fullmatch(value):
        name, one, two, three, opacity, percent = function.groups()
        if opacity and _number(opacity) < (100 if percent else 1):
            return ""
        value = f"{name}({one},{two},{three})"
    try:
        red, green, blue, *alpha = ImageColor.getrgb(value)
    except ValueError:
        return ""
    if alpha and alpha[0] < 255:
        return ""
    return "#" + "".join(f"{min(part, 255):02X}" for part in (red, green, blue))


def _number(digits: str) -> float:
    return float(digits) if re.fullmatch(r"\d+\.?\d*|\.\d+", digits) else 0.0


def _pictures(page: lxml_html.HtmlElement) -> Iterator[tuple[str, str | None]]:
    for image in page.iter("img"):
        sides = [image.get(side, "") for side in ("width", "height")]
        if not any(side.isdigit() and int(side) <= _PIXEL for side in sides):
            alt = image.get("alt")
            yield image.get("src", "").strip(), alt.strip() if alt is not None else None


def _links(page: lxml_html.HtmlElement) -> Iterator[str]:
    for link in page.iter("a"):
        url = link.get("href", "").strip()
        if url.lower().startswith(("http://", "https://")):
            yield url


def _empty(page: lxml_html.HtmlElement, footer: str) -> Iterator[str]:
    """Headings that stand directly before another of their rank or a higher one, or before the footer."""
    waiting: tuple[int, str] | None = None
    for element in _flow(page, footer):
        rank = _HEADINGS.get(element.tag, 0)
        if rank:
            if waiting and rank <= waiting[0]:
                yield waiting[1]
            title = " ".join(element.text_content().split())
            # The heading of a story may be all that is said of it: only parts hold others.
            waiting = (rank, title) if rank == 2 and not element.xpath(".//a[@href]") else None
        elif waiting and _says(element):
            waiting = None
    if waiting:
        yield waiting[1]


def _flow(page: lxml_html.HtmlElement, footer: str) -> Iterator[lxml_html.HtmlElement]:
    """The elements in the order of the page, what stands inside headings left out, up to the footer."""
    last = next((_block(link) for link in page.iter("a") if footer and link.get("href", "").strip() == footer), None)
    for element in page.iter():
        if element is last:
            return
        if isinstance(element.tag, str) and not any(each.tag in _HEADINGS for each in element.iterancestors()):
            yield element


def _block(link: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
    """The largest part of the page around ``link`` that has no heading."""
    block = link
    for parent in link.iterancestors():
        if any(next(parent.iter(heading), None) is not None for heading in _HEADINGS):
            break
        block = parent
    return block


def _says(element: lxml_html.HtmlElement) -> bool:
    """Whether there is something to read or see in the element itself, or right behind it."""
    return element.tag == "img" or bool((element.text or "").strip() or (element.tail or "").strip())
