"""The body of an article: from any HTML to clean HTML, its pictures apart, without what its page says twice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from lxml import etree

from bot.articles.blocks import drop_empty, settle_blocks
from bot.articles.embeds import settle_embeds
from bot.articles.furniture import drop_furniture, is_furniture, same_words
from bot.articles.pictures import image_of, is_hidden, settle_pictures
from bot.articles.url import image_key
from bot.model import Image
from bot.sanitize import bounded, parsed, sanitized, tostring

_NEVER = (
    *("script", "style", "template", "link", "meta", "base", "title", "head", "svg", "math", "canvas", "map", "dialog"),
    *("form", "input", "button", "select", "textarea", "datalist", "applet", "frameset", "frame"),
)
# A WordPress shortcode that nothing handled: with an attribute, or closing, or one of WordPress's own.
# Opener, content and closer are of classes that share nothing, and each run is bounded: a value of nothing but
# quotation marks must not be read in every way there is.
_MARKS = "\"'“”„″«»"
_QUOTED = rf"(?:[{_MARKS}]{{1,3}}[^\]{_MARKS}]{{0,300}}[{_MARKS}]{{1,3}}|[^\s\]{_MARKS}]{{1,300}})"
_SHORTCODE = re.compile(
    rf"\[/?[a-z][a-z0-9_-]{{1,40}}(?:\s{{1,9}}[a-z][\w-]{{0,40}}\s?=\s?{_QUOTED}){{1,40}}\s{{0,9}}/?\]|\[/[a-z][a-z0-9_-]{{1,40}}\]"
    r"|\[(?:gallery|caption|embed|audio|video|playlist|contact-form|toc)\s*/?\]",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A clean body. ``html`` is sanitised, its addresses absolute; ``images`` are its pictures in order, each once.

    ``lead`` is what it says of the lead picture it was given, if it shows it. ``language`` is what the markup declares
    for all of it, "" when it does not. What is embedded from elsewhere stands in ``html`` as a quotation with author
    and link, or as a link.
    """

    html: str
    images: tuple[Image, ...] = ()
    lead: Image | None = None
    language: str = ""


def clean_body(
    markup: str, base_url: str = "", *, title: str = "", standfirst: str = "", lead: Image | None = None
) -> Body:
    """Cleans ``markup``, any HTML of an article whose page is ``base_url``.

    ``title``, ``standfirst`` and ``lead`` are shown apart: where the body begins with them, they are left out.
    """
    root = parsed(bounded(markup))
    etree.strip_elements(root, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    for element in list(root.iter(*_NEVER)):
        element.drop_tree()
    language = _language(root)
    drop_furniture(root)
    settle_pictures(root, base_url)
    settle_embeds(root, base_url)
    for element in [each for each in root.iter() if each is not root and is_hidden(each)]:
        if element.getparent() is not None:
            element.drop_tree()
    _drop_shortcodes(root)
    settle_blocks(root)
    _drop_lines(root)
    shown = _images(root).get(image_key(lead.url)) if lead else None
    _drop_repeated(root, title, standfirst, lead)
    drop_empty(root)
    images = tuple(_images(root).values())
    return Body(html=sanitized(tostring(root), base_url), images=images, lead=shown, language=language)


def _images(root: Any) -> dict[str, Image]:
    """The pictures in order by their key; of a repeated one the first."""
    found: dict[str, Image] = {}
    for element in root.iter("img"):
        image = image_of(element)
        found.setdefault(image_key(image.url), image)
    return found


def text_body(text: str) -> str:
    """Plain text as a body: an empty line, or a line end where there is none, begins a paragraph."""
    parts = re.split(r"\n\s*\n" if re.search(r"\n\s*\n", text.strip()) else r"\n", text.replace("\r\n", "\n"))
    return sanitized("".join(f"<p>{escape(part.strip(), quote=False)}</p>" for part in parts if part.strip()))


def _language(root: Any) -> str:
    """The ``lang`` of the one element that holds all the text."""
    text = len(root.text_content().strip())
    element = root
    while text and element is not None:
        declared = element.get("lang") or element.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
        if _LANGUAGE.fullmatch(declared):
            return str(declared)
        element = next((child for child in element if len(child.text_content().strip()) > text * 0.9), None)
    return ""


def _drop_shortcodes(root: Any) -> None:
    for element in root.iter():
        if element.text and element.tag not in ("pre", "code"):
            element.text = _SHORTCODE.sub("", element.text)
        if element.tail:
            element.tail = _SHORTCODE.sub("", element.tail)


def _drop_lines(root: Any) -> None:
    """Lines of page furniture, and what a feed puts under an article: "The post … appeared first on …"."""
    for element in list(root.iter("p", "h2", "h3", "h4", "li")):
        if len(text := element.text_content().strip()) < 400 and is_furniture(text) and element.find(".//img") is None:
            element.drop_tree()


def _drop_repeated(root: Any, title: str, standfirst: str, lead: Image | None) -> None:
    """Title, standfirst and lead picture where they come before the first words of the body itself."""
    for element in list(root):
        text = element.text_content()
        if element.tag == "figure":
            picture = element.find(".//img")
            if picture is None or lead is None or image_key(picture.get("src")) != image_key(lead.url):
                continue
        elif not (same_words(text, title) or same_words(text, standfirst)):
            return
        element.drop_tree()
