"""Pictures in an article's HTML: found where lazy loading hides them; trackers and emoji are not pictures."""

from __future__ import annotations

import re
from typing import Any

from bot.articles.url import image_key, image_url
from bot.model import Image
from bot.sanitize import plain

WIDEST = 1200
"""Of several sizes of a picture the largest up to this width is taken, in pixels."""

SMALL = 500
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?.*)?$", re.IGNORECASE)
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-orig-file", "data-full-url")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_EMOJI = re.compile(r"s\.w\.org/images/core/emoji|twemoji|/emoji/")
_TRACKER = re.compile(
    r"^https?://(?:[\w.-]*\b(?:pixel|beacon|tracking|analytics|counter|stats)\b[\w.-]*|feeds\.feedburner\.com/~r"
    r"|[\w.-]*doubleclick\.net|[\w.-]*scorecardresearch\.com|www\.facebook\.com/tr|[\w.-]*google-analytics\.com)[/?]",
    re.IGNORECASE,
)
_HOST = 300
"""Characters of an address in which its host ends."""
_MOST = 300
"""Pictures of one article: each is looked for in all of its figure, so that more would take minutes."""
_PLACEHOLDER = re.compile(
    r"(?:^data:|/(?:blank|spacer|placeholder|transparent|1x1|pixel|loading)\.(?:gif|png|svg))", re.I
)
_CREDIT = re.compile(
    r"(?:^|(?<=[\s.!?。(\[]))(?:photo(?:graph|s|graphs)?|image|picture|credit|foto|bild|crédit|写真|صورة)"
    r"(?:\s+(?:credit|by|courtesy(?:\s+of)?))?\s*[:：/]\s*(?P<who>[^:]{2,80})$|(?:^|(?<=\s))©\s*(?P<holder>.{2,80})$",
    re.IGNORECASE,
)
_PIXELS = re.compile(r"\s*(\d+)(?:\.\d+)?(?:px)?\s*")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def caption_and_credit(text: str) -> tuple[str, str]:
    """A caption without its credit, and the credit: "In port. Photo: Ada Lind" → ("In port.", "Ada Lind")."""
    text = plain(text)
    match = _CREDIT.search(text)
    if not match:
        return text, ""
    return text[: match.start()].rstrip(" (["), (match["who"] or match["holder"]).strip(" .)]")


def is_hidden(element: Any) -> bool:
    """Whether an element is never seen, by its own attributes."""
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))


def settle_pictures(root: Any, base_url: str) -> None:
    """Leaves only pictures in the tree that a reader would see, each with an absolute ``src``."""
    _open_noscript(root)
    every = list(root.iter("img"))
    for element in every[_MOST:]:
        element.drop_tree()
    for element in every[:_MOST]:
        source = element.get("src") or ""
        if "wp-smiley" in (element.get("class") or "") or _EMOJI.search(source):
            _replace_by_text(element, element.get("alt") or "")
            continue
        url = image_url(_best_source(element), base_url)
        if not url or _is_tracker(element, url):
            element.drop_tree()
            continue
        alt, size = element.get("alt") or "", {name: pixels(element.get(name)) for name in ("width", "height")}
        element.attrib.clear()
        element.set("src", url)
        element.set("alt", plain(alt))
        for name, value in size.items():
            if value:
                element.set(name, str(value))
    for picture in list(root.iter("picture")):
        if picture.find(".//img") is None:
            picture.drop_tree()
        else:
            for source in list(picture.iter("source")):
                source.drop_tag()
            picture.drop_tag()
    for link in list(root.iter("a")):
        _enlarge(link, image_url(link.get("href") or "", base_url))


def image_of(element: Any) -> Image:
    """A settled ``img`` as a noun, with the caption of its figure."""
    figure = next(element.iterancestors("figure"), None)
    label = figure.find(".//figcaption") if figure is not None else None
    caption, credit = caption_and_credit(label.text_content() if label is not None else "")
    return Image(
        url=element.get("src"),
        alt=element.get("alt") or "",
        caption=caption,
        credit=credit,
        width=pixels(element.get("width")),
        height=pixels(element.get("height")),
    )


def pixels(value: Any) -> int | None:
    """A width or height from an attribute or JSON; None when it is not a number of pixels."""
    match = _PIXELS.fullmatch(str(value)[:20]) if value is not None else None
    number = int(match[1]) if match else 0
    return number if 0 < number < 100_000 else None


def _enlarge(link: Any, target: str) -> None:
    """A picture that links to a picture, as in galleries: the link goes, and a small one becomes what it linked to."""
    pictures = list(link.iter("img"))
    if not pictures or not _PICTURE_FILE.search(target):
        return
    for each in pictures:
        if image_key(each.get("src")) == image_key(target) and (pixels(each.get("width")) or WIDEST) < SMALL:
            each.set("src", target)
            each.attrib.pop("width", None)
            each.attrib.pop("height", None)
    link.drop_tag()


def _open_noscript(root: Any) -> None:
    """A picture in ``noscript`` is the twin of a lazy one beside it, or the only one there is."""
    every = list(root.iter("noscript"))
    for element in every[_MOST:]:
        element.drop_tree()
    for element in every[:_MOST]:
        parent = element.getparent()
        twins = [each for each in (parent.iter("img") if parent is not None else ()) if each.getparent() is not element]
        if element.find(".//img") is None or any(next(each.iterancestors("noscript"), None) is None for each in twins):
            element.drop_tree()
        else:
            element.drop_tag()


def _best_source(element: Any) -> str:
    source = element.get("src") or ""
    if source and not _PLACEHOLDER.search(source):
        return source
    for name in _LAZY:
        if element.get(name):
            return str(element.get(name))
    sets = [element.get(name) for name in _LAZY_SETS]
    picture = next(element.iterancestors("picture"), None)
    if picture is not None:
        sets += [each.get(name) for each in picture.iter("source") for name in ("srcset", "data-srcset")]
    chosen = _largest(" , ".join(each for each in sets if each))
    return chosen or ("" if source.startswith("data:") else source)


def _largest(sources: str) -> str:
    """The best of a ``srcset`` (HTML Living Standard §4.8.4.2.1): the widest up to ``WIDEST``, else the narrowest."""
    found = [
        (int(match[2] or 1), match[1]) for match in re.finditer(r"([^\s,]\S*[^\s,])(?:\s+(\d{1,5})[\w.]*)?", sources)
    ]
    fitting = [each for each in found if each[0] <= WIDEST]
    return max(fitting)[1] if fitting else min(found)[1] if found else ""


def _is_tracker(element: Any, url: str) -> bool:
    size = [pixels(element.get(name)) if element.get(name) not in ("0", "0px") else 0 for name in ("width", "height")]
    tiny = any(each is not None and each <= 2 for each in size)
    return tiny or is_hidden(element) or bool(_TRACKER.match(url[:_HOST]))


def _replace_by_text(element: Any, text: str) -> None:
    element.tail = text + (element.tail or "")
    element.drop_tree()
