"""``/l/ID/NUMBER``: on to a story, counted for the whole edition. Nothing is kept of who followed it.

It leads only where the edition itself does, so it is no open redirect. Scanners and link previews follow links too:
the counts say how the stories of one edition compare, not how many people read them.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response

from bot.channels.email.fields import ascii_url
from bot.errors import StoreError
from bot.store.kept_editions import WENT_OUT
from bot.web.site import Site

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_NUMBER = re.compile("[0-9]{1,10}")
_SAFE = "/?%:@!$&'()*+,;=~-._"

log = logging.getLogger(__name__)


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/l/ID/NUMBER``."""
    router = APIRouter()
    store = site.installation.store

    @router.api_route("/l/{edition}/{number}", methods=["GET", "HEAD"])
    def follow(request: Request, edition: str, number: str) -> Response:
        # Not Starlette's int: Python refuses to read thousands of digits.
        place = int(number) if _NUMBER.fullmatch(number) else 0
        with store.read() as tx:
            went_out = edition.isalnum() and tx.editions.state(edition) in WENT_OUT
            url = _location(tx.links.url(edition, place)) if went_out else ""
        if not url:
            return site.message(request, "missing", status=404)
        if request.method == "GET" and not _fetched_ahead(request):
            try:
                with store.write() as tx:
                    tx.links.count(edition, place)
            except StoreError as error:
                # The reader gets there all the same.
                log.warning("a click is not counted: %s", error)
        return Response(status_code=302, headers={**_HEADERS, "Location": url})

    return router


def _fetched_ahead(request: Request) -> bool:
    """Whether a browser asks before anybody clicked (Sec-Purpose, Fetch Standard; checked 2026-11-26)."""
    return "prefetch" in (request.headers.get("sec-purpose") or request.headers.get("purpose") or "")


def _location(url: str) -> str:
    """``url`` as a header can have it; "" when it is none."""
    try:
        parts = urlsplit(url)
        found = ascii_url(parts._replace(query="", fragment="").geturl()) if url else ""
    except ValueError:
        return ""
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    fragment = f"#{quote(parts.fragment, safe=_SAFE)}" if parts.fragment else ""
    return f"{found}{query}{fragment}" if found else ""
