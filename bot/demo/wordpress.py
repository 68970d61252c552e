"""The town's articles as WordPress's REST API shows them.

Shapes after https://developer.wordpress.org/rest-api/reference/posts/ and a WordPress 6.1 (checked 2026-11-24).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

from nh3 import clean

from bot.demo.articles import Picture, TownArticle

SITE = "https://portalderrecord.example"
NAME = "The Port Alder Record"
_EXCERPT_WORDS = 55
_TEXTURE = str.maketrans(
    {
        "‘": "&#8216;",
        "’": "&#8217;",
        "“": "&#8220;",
        "”": "&#8221;",
        "–": "&#8211;",
        "—": "&#8212;",
        "…": "&#8230;",
        "\N{NO-BREAK SPACE}": "&nbsp;",
    }
)


def guid(article: TownArticle) -> str:
    """The identity a feed reader keeps: the same whatever port the newsroom is served on."""
    return f"{SITE}/?p={article.id}"


def title_html(article: TownArticle) -> str:
    return escape(article.title, quote=False).replace("&amp;", "&#038;").translate(_TEXTURE)


def content_html(article: TownArticle, base: str) -> str:
    """The body with typographic entities, as ``wptexturize`` leaves it, and absolute addresses."""
    html = article.content
    for attribute in ("src", "href"):
        html = html.replace(f'{attribute}="/', f'{attribute}="{base}/')
    return html.translate(_TEXTURE)


def excerpt_html(article: TownArticle) -> str:
    """The hand-written standfirst, or the body's first 55 words with WordPress's ``[&hellip;]``."""
    if article.standfirst:
        return f"<p>{escape(article.standfirst, quote=False).translate(_TEXTURE)}</p>\n"
    # Tags go without their text where WordPress's strip_tags drops it too.
    words = unescape(clean(article.content, tags=set(), clean_content_tags={"script", "style"})).split()
    more = " [&hellip;]" if len(words) > _EXCERPT_WORDS else ""
    return f"<p>{escape(' '.join(words[:_EXCERPT_WORDS]), quote=False).translate(_TEXTURE)}{more}</p>\n"


def upload(file: str, base: str) -> str:
    return f"{base}/wp-content/uploads/{file}"


class Catalogue:
    """Numbers for authors, terms and pictures, the same on every run, and posts that speak of them."""

    def __init__(self, articles: Sequence[TownArticle]) -> None:
        self._users = _numbers((article.author for article in articles), 2)
        self._categories = _numbers((name for article in articles for name in article.sections), 2)
        self._tags = _numbers((name for article in articles for name in article.tags), 100)
        self._media = _numbers((article.picture.file for article in articles if article.picture), 1000)

    def post(self, article: TownArticle, base: str, *, embed: bool) -> dict[str, Any]:
        """One item of ``/wp-json/wp/v2/posts``."""
        api = f"{base}/wp-json/wp/v2"
        post: dict[str, Any] = {
            "id": article.id,
            **_moment("date", article.published),
            "guid": {"rendered": guid(article)},
            **_moment("modified", article.modified),
            "slug": article.slug,
            "status": "publish",
            "type": "post",
            "link": base + article.path,
            "title": {"rendered": title_html(article)},
            "content": {"rendered": content_html(article, base), "protected": False},
            "excerpt": {"rendered": excerpt_html(article), "protected": False},
            "author": self._users[article.author],
            "featured_media": self._media[article.picture.file] if article.picture else 0,
            "comment_status": "closed",
            "ping_status": "closed",
            "sticky": article.sticky,
            "template": "",
            "format": "standard",
            "meta": {"footnotes": ""},
            "lang": article.language,
            "categories": [self._categories[name] for name in article.sections],
            "tags": [self._tags[name] for name in article.tags],
            "_links": {
                "self": [{"href": f"{api}/posts/{article.id}"}],
                "collection": [{"href": f"{api}/posts"}],
                "author": [{"embeddable": True, "href": f"{api}/users/{self._users[article.author]}"}],
                "wp:term": [
                    {"taxonomy": "category", "embeddable": True, "href": f"{api}/categories?post={article.id}"},
                    {"taxonomy": "post_tag", "embeddable": True, "href": f"{api}/tags?post={article.id}"},
                ],
                "curies": [{"name": "wp", "href": "https://api.w.org/{rel}", "templated": True}],
            },
        }
        if article.picture:
            media = f"{api}/media/{self._media[article.picture.file]}"
            post["_links"]["wp:featuredmedia"] = [{"embeddable": True, "href": media}]
        if embed:
            post["_embedded"] = self._embedded(article, base)
        return post

    def _embedded(self, article: TownArticle, base: str) -> dict[str, Any]:
        slug = article.author.lower().replace(" ", "-")
        author = {
            "id": self._users[article.author],
            "name": article.author,
            "url": "",
            "description": "",
            "link": f"{base}/author/{slug}/",
            "slug": slug,
        }
        categories = [_term(self._categories[name], name, "category", base) for name in article.sections]
        tags = [_term(self._tags[name], name, "post_tag", base) for name in article.tags]
        embedded: dict[str, Any] = {"author": [author], "wp:term": [categories, tags]}
        if article.picture:
            embedded["wp:featuredmedia"] = [self._medium(article, article.picture, base)]
        return embedded

    def _medium(self, article: TownArticle, picture: Picture, base: str) -> dict[str, Any]:
        name = picture.file.rpartition(".")[0]
        source = upload(picture.file, base)
        full = {
            "file": picture.file,
            "width": picture.width,
            "height": picture.height,
            "mime_type": "image/jpeg",
            "source_url": source,
        }
        return {
            "id": self._media[picture.file],
            **_moment("date", article.published),
            "slug": name,
            "type": "attachment",
            "link": f"{base}/{name}/",
            "title": {"rendered": name},
            "author": self._users[article.author],
            "caption": {"rendered": f"<p>{escape(picture.caption, quote=False).translate(_TEXTURE)}</p>\n"},
            "alt_text": picture.alt,
            "media_type": "image",
            "mime_type": "image/jpeg",
            "media_details": {
                "width": picture.width,
                "height": picture.height,
                "file": picture.file,
                "filesize": picture.size,
                "sizes": {"full": full},
                "image_meta": {"credit": "", "caption": "", "copyright": "", "title": ""},
            },
            "source_url": source,
        }


def _numbers(names: Any, first: int) -> dict[str, int]:
    return {name: number for number, name in enumerate(sorted(set(names)), first)}


def _moment(key: str, moment: datetime) -> dict[str, str]:
    form = "%Y-%m-%dT%H:%M:%S"
    return {key: moment.strftime(form), f"{key}_gmt": moment.astimezone(UTC).strftime(form)}


def _term(number: int, name: str, taxonomy: str, base: str) -> dict[str, Any]:
    slug = name.lower().replace(" ", "-")
    way = "category" if taxonomy == "category" else "tag"
    return {
        "id": number,
        "link": f"{base}/{way}/{slug}/",
        "name": escape(name, quote=False),
        "slug": slug,
        "taxonomy": taxonomy,
    }
