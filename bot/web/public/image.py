"""``/i/NAME``: the pictures of editions, as they stand in mails for ever. A name is its content's: neither changes."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from bot.web.conditional import unchanged
from bot.web.site import Site

_NAME = re.compile(r"[0-9a-f]{32}\.(jpg|png)")
_TYPES = {"jpg": "image/jpeg", "png": "image/png"}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # Nothing in it is to run, should a browser take it for a page.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # Mail programs on the web show it within their own pages (Fetch Standard, CORP; checked 2026-11-29).
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/i/NAME``."""
    router = APIRouter()

    @router.api_route("/i/{name}", methods=["GET", "HEAD"])
    def show(request: Request, name: str) -> Response:
        match = _NAME.fullmatch(name)
        content = None
        if match:
            with site.installation.store.read() as tx:
                content = tx.images.content(name)
        if match is None or content is None:
            return site.message(request, "missing", status=404)
        headers = {**_HEADERS, "ETag": f'"{name[:32]}"'}
        if unchanged(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=_TYPES[match[1]])

    return router
