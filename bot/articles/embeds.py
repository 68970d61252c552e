"""What an article embeds from elsewhere: posts become quotations with author and link, players become links."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import lxml.html

from bot.articles.pictures import is_hidden, pixels
from bot.articles.url import canonical_url
from bot.sanitize import plain

_POSTS = {"twitter-tweet", "twitter-video", "bluesky-embed", "mastodon-embed"}
_CARDS = {"instagram-media", "tiktok-embed", "text-post-media", "fb-post", "wp-embedded-content"}
_PLAYERS = ("iframe", "video", "audio", "object", "embed", "amp-youtube", "amp-twitter")
_ADS = re.compile(r"doubleclick|googlesyndication|adservice|googletagmanager|taboola|outbrain|amazon-adsystem", re.I)
_YOUTUBE = re.compile(r"(?:www\.)?youtube(?:-nocookie)?\.com/embed/(?P<id>[\w-]{6,20})")
_FACEBOOK = re.compile(r"https?://(?:www\.)?facebook\.com/plugins/(?:post|video)\.php\?")
_MASTODON = re.compile(r"https?://(?P<host>[\w.-]{3,100})/@(?P<name>[\w.-]{1,50})/\d{10,20}/embed$")
_VIMEO = re.compile(r"player\.vimeo\.com/video/(?P<id>\d+)")
SIGNATURE = re.compile(
    r"\s*[—–-]{1,2}\s*(?P<name>\S.{0,80}?)\s*\(\s*(?P<handle>@[\w.-]{1,100})\s*\)\s*(?P<date>.{0,40}?)\s*"
)
"""How an embedded post is signed: "— Name (@handle) February 8, 2025"."""
_MEDIA_LINK = re.compile(r"\s*…?\s*(?:https?://)?(?:pic\.(?:twitter|x)\.com|t\.co)/(?P<id>\w+)\s*$")


def settle_embeds(root: Any, base_url: str) -> None:
    """Replaces all embeds of an lxml tree by quotations and links that need no script."""
    for quote in list(root.iter("blockquote")):
        names = set((quote.get("class") or "").split())
        if names & _POSTS or _is_unnamed_post(quote):
            _post(quote, base_url)
        elif names & _CARDS:
            _card(quote, base_url)
    settle_players(root, base_url)


_PARAGRAPHS = 40
_MEDIA_LINKS = 5
_POST = 2_000
"""A post has a handful of pictures, and few characters; what has more is no post."""


def settle_players(root: Any, base_url: str) -> None:
    """Replaces videos, audio and frames by links."""
    for player in list(root.iter(*_PLAYERS)):
        if player.getparent() is not None:
            _player(player, base_url)


def without_media_link(text: str) -> tuple[str, str]:
    """The text of a post without the link to its picture or video, and that link ("" without one)."""
    link = ""
    for _ in range(_MEDIA_LINKS):
        match = _MEDIA_LINK.search(text[-_POST:])
        if not match:
            break
        link = link or "https://" + match[0].strip(" …\n").removeprefix("https://").removeprefix("http://")
        text = text[: max(len(text) - _POST, 0) + match.start()].rstrip()
    return text, link


def quotation(paragraphs: list[str], name: str, handle: str, url: str) -> Any:
    """A post as a ``blockquote``: its text, and who wrote it with a link to it."""
    element = lxml.html.Element("blockquote")
    for text in paragraphs:
        paragraph = lxml.html.Element("p")
        paragraph.text = text
        element.append(paragraph)
    cite = lxml.html.Element("cite")
    who = f"{name} ({handle})" if handle else name
    if url:
        link = lxml.html.Element("a", href=url)
        link.text = who
        cite.append(link)
    else:
        cite.text = who
    element.append(cite)
    return element


def _post(quote: Any, base_url: str) -> None:
    """Twitter's and Bluesky's markup: ``p`` with the text, then "— Name (@handle)" and a dated link to the post."""
    paragraphs = [_text(paragraph) for paragraph in list(quote.iter("p"))[:_PARAGRAPHS]]
    texts = [without_media_link(text)[0] for text in paragraphs]
    rest = _text(quote)
    for text in paragraphs:
        rest = rest.replace(text, "", 1)
    signed = SIGNATURE.fullmatch(rest)
    links = [canonical_url(link.get("href") or "", base_url) for link in quote.iter("a")]
    posts = [link for link in links if re.search(r"/status(?:es)?/\d+|/post/\w+", link)]
    url = posts[-1] if posts else next((link for link in reversed(links) if link), "")
    name = signed["name"] if signed else plain(rest).strip(" —–-") or urlsplit(url).netloc
    texts = [text for text in texts if text]
    if texts or url:
        _replace(quote, quotation(texts, name, signed["handle"] if signed else "", url))
    else:
        quote.drop_tree()


def _is_unnamed_post(quote: Any) -> bool:
    """A post whose class was lost on the way: signed, and linking to itself."""
    if quote.get("class") or not re.search(r"[—–]\s*[^—–]{1,80}\(@[\w.-]+\)[^()]{0,40}$", _text(quote)):
        return False
    return any(re.search(r"/status(?:es)?/\d+|/post/\w+", link.get("href") or "") for link in quote.iter("a"))


def _card(quote: Any, base_url: str) -> None:
    inner = next((link.get("href") for link in quote.iter("a") if link.get("href")), "")
    found = quote.get("data-instgrm-permalink") or quote.get("cite") or quote.get("data-href") or inner
    _replace_by_link(quote, canonical_url(found, base_url), _text(quote))


def _player(player: Any, base_url: str) -> None:
    source = player.get("src") or player.get("data-src") or player.get("data-lazy-src") or player.get("data") or ""
    source = source or next((each.get("src") for each in player.iter("source") if each.get("src")), "")
    url = canonical_url(source, base_url)
    tiny = any((pixels(player.get(name)) or 99) <= 2 or player.get(name) == "0" for name in ("width", "height"))
    own = "wp-embedded-content" in (player.get("class") or "")  # its quotation, beside it, became the link already
    if not url or tiny or own or is_hidden(player) or _ADS.search(url):
        player.drop_tree()
        return
    if match := _YOUTUBE.search(url):
        url = f"https://www.youtube.com/watch?v={match['id']}"
    elif match := _VIMEO.search(url):
        url = f"https://vimeo.com/{match['id']}"
    elif _FACEBOOK.match(url):
        url = canonical_url(dict(parse_qsl(urlsplit(url).query)).get("href", ""), base_url) or url
    elif match := _MASTODON.match(url):
        name = f"@{match['name']} on {match['host']}"
        _replace(player, quotation([], name, "", url.removesuffix("/embed")))
        return
    _replace_by_link(player, url, plain(player.get("title") or player.get("aria-label") or ""))


def _replace_by_link(element: Any, url: str, text: str) -> None:
    if not url:
        element.drop_tree()
        return
    paragraph = lxml.html.Element("p")
    link = lxml.html.Element("a", href=url)
    link.text = text[:200] or urlsplit(url).netloc.removeprefix("www.")
    paragraph.append(link)
    _replace(element, paragraph)


def _replace(element: Any, by: Any) -> None:
    by.tail = element.tail
    element.getparent().replace(element, by)


def _text(element: Any) -> str:
    for line_end in element.iter("br"):
        if not (line_end.tail or "").startswith(" "):
            line_end.tail = f" {line_end.tail or ''}"
    return " ".join(element.text_content().split())
