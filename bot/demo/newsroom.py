"""The newsroom's site on loopback, shaped as a WordPress site: home page, REST API, RSS, pictures, article pages."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.clock import Clock
from bot.demo.articles import TOWN, TownArticle, timezone_of, town_articles
from bot.demo.query import PostQuery, RestError
from bot.demo.wordpress import NAME, SITE, Catalogue, content_html, excerpt_html, guid, title_html, upload
from bot.testing.server import served

DESCRIPTION = "News of harbour, hill and island since 1888"
_FEED_LENGTH = 10
# The stories carry a tracking pixel and a network's script, as real ones do; a browser must not follow them from here.
_POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


class Site:
    """The site's answers. What is public is asked of ``clock`` at each request; drafts never are."""

    def __init__(self, started: datetime, clock: Clock) -> None:
        self._articles = town_articles(started)
        self._catalogue = Catalogue(self._articles)
        self._clock = clock
        self._started = started
        self._timezone = timezone_of(started)
        pages = Environment(
            loader=FileSystemLoader(TOWN / "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        pages.globals.update(
            name=NAME,
            site=SITE,
            description=DESCRIPTION,
            guid=guid,
            title_html=title_html,
            excerpt_html=excerpt_html,
            content_html=content_html,
            upload=upload,
            rfc822=lambda moment: format_datetime(moment.astimezone(UTC)),
        )
        self._pages = pages

    def app(self) -> Starlette:
        api = "/wp-json/wp/v2/posts"
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/feed/", self.feed),
                Route("/wp-json/", _rest(self.index)),
                Route(api, _rest(self.posts)),
                Route(api + "/{id:int}", _rest(self.post)),
                Mount("/wp-content/uploads", StaticFiles(directory=TOWN / "images")),
                Route("/{year:int}/{month:int}/{slug}/", self.article),
            ]
        )

    def _public(self) -> list[TownArticle]:
        now = self._clock()
        return [article for article in self._articles if article.public(now)]

    def home(self, request: Request) -> Response:
        """``/``, and ``/?p=ID``, which leads to the article."""
        if "p" in request.query_params:
            wanted = request.query_params["p"]
            for article in self._public():
                if str(article.id) == wanted:
                    return RedirectResponse(_base(request) + article.path, 301)
            raise HTTPException(404)
        return self._page(request, "home.html.j2", articles=self._public())

    def article(self, request: Request) -> Response:
        for article in self._public():
            if article.path == request.url.path:
                return self._page(request, "article.html.j2", article=article)
        raise HTTPException(404)

    def feed(self, request: Request) -> Response:
        """RSS 2.0 of the newest ten, with validators; 304 when the reader has it."""
        articles = self._public()[:_FEED_LENGTH]
        newest = max((article.modified for article in articles), default=self._started).astimezone(UTC)
        page = self._pages.get_template("feed.xml.j2")
        body = page.render(base=_base(request), articles=articles, newest=newest).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Last-Modified": format_datetime(newest, usegmt=True)}
        asked = request.headers.get("if-none-match")
        if asked is not None:
            same = etag in [tag.strip().removeprefix("W/") for tag in asked.split(",")]
        else:
            same = request.headers.get("if-modified-since") == headers["Last-Modified"]
        if same:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/rss+xml", headers=headers)

    def index(self, request: Request) -> Response:
        base = _base(request)
        return _json(
            {
                "name": NAME,
                "description": DESCRIPTION,
                "url": base,
                "home": base,
                "timezone_string": self._timezone,
                "namespaces": ["wp/v2"],
                "authentication": [],
                "routes": {
                    "/wp/v2/posts": {"namespace": "wp/v2", "methods": ["GET"]},
                    "/wp/v2/posts/(?P<id>[\\d]+)": {"namespace": "wp/v2", "methods": ["GET"]},
                },
            }
        )

    def posts(self, request: Request) -> Response:
        """One page of posts; beyond the last page 400 ``rest_post_invalid_page_number``."""
        query = PostQuery.parse(request.query_params.multi_items(), self._timezone)
        found = query.select(self._public())
        pages = math.ceil(len(found) / query.per_page)
        if query.page > max(pages, 1):
            raise RestError(
                400,
                "rest_post_invalid_page_number",
                "The page number requested is larger than the number of pages available.",
            )
        base = _base(request)
        shown = found[(query.page - 1) * query.per_page : query.page * query.per_page]
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        links = [
            f'<{base}{request.url.path}?{urlencode({**request.query_params, "page": page})}>; rel="{relation}"'
            for relation, page in (("prev", query.page - 1), ("next", query.page + 1))
            if 1 <= page <= pages
        ]
        if links:
            headers["Link"] = ", ".join(links)
        posts = [query.cut(self._catalogue.post(article, base, embed=query.embed)) for article in shown]
        return _json(posts, headers)

    def post(self, request: Request) -> Response:
        query = PostQuery.parse(request.query_params.multi_items(), self._timezone)
        wanted = request.path_params["id"]
        for article in self._articles:
            if article.id == wanted:
                if not article.public(self._clock()):
                    raise RestError(401, "rest_forbidden", "Sorry, you are not allowed to do that.")
                return _json(query.cut(self._catalogue.post(article, _base(request), embed=query.embed)))
        raise RestError(404, "rest_post_invalid_id", "Invalid post ID.")

    def _page(self, request: Request, template: str, **values: Any) -> HTMLResponse:
        base = _base(request)
        html = self._pages.get_template(template).render(base=base, **values)
        links = {"Link": f'<{base}/wp-json/>; rel="https://api.w.org/"', "Content-Security-Policy": _POLICY}
        return HTMLResponse(html, headers=links)


@contextmanager
def newsroom(started: datetime, clock: Clock, port: int = 0) -> Iterator[str]:
    """Serves the site and yields its URL. Publication times count from ``started``; another port if it is taken."""
    with served(Site(started, clock).app(), port) as base:
        yield base


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _rest(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    def guarded(request: Request) -> Response:
        try:
            return answer(request)
        except RestError as error:
            return _json(error.body, status=error.status)

    return guarded


def _json(content: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    # PHP's json_encode: slashes escaped, no character beyond ASCII.
    body = json.dumps(content, separators=(",", ":")).replace("/", "\\/")
    return Response(body, status, headers, media_type="application/json")
