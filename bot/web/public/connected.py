"""``/oauth/callback``: where a network comes back to after an editor said yes, or no, to a channel's sign-in.

Anybody may open it: what counts is the signed ``state``, which is good once and for ten minutes. What came with it
is taken by a GET, because that is how networks come back (RFC 6749 §4.1.2); it stands in no log and leaves by no
Referer.
"""

from __future__ import annotations

import asyncio
import logging

from fastapi import APIRouter, Request, Response

from bot.errors import BroadsheetError
from bot.schedules.connection import CALLBACK, finish
from bot.web.site import Site

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_LONGEST = 4096

log = logging.getLogger(__name__)


def routes(site: Site) -> APIRouter:
    """GET of ``/oauth/callback``; English, as the desk is."""
    router = APIRouter()

    def page(request: Request, title: str, lead: str, status: int = 200) -> Response:
        template = "public/message.html.j2"
        voice = site.voice("en")
        return site.page(request, template, status=status, headers=_HEADERS, voice=voice, title=title, lead=lead)

    @router.get(f"/{CALLBACK}")
    def came_back(request: Request) -> Response:
        if len(request.url.query) > _LONGEST or "prefetch" in request.headers.get("sec-purpose", ""):
            return page(request, "Not connected", "This address is none that a sign-in of ours came back to.", 400)
        answer = dict(request.query_params)
        try:
            account = asyncio.run(finish(site.installation, answer))
        except BroadsheetError as error:
            said = str(error).rstrip(".")
            return page(request, "Not connected", f"{said[:1].upper()}{said[1:]}.", 400)
        except Exception:
            log.exception("a sign-in failed")
            return page(request, "Not connected", "A fault in the program; its log says more.", 500)
        lasts = f" The permission lasts until {account.expires:%d %B %Y}." if account.expires else ""
        on = " It was paused, and goes on." if account.resumed else ""
        who = account.account or "the account"
        other = f" Until now it posted as {account.before}: is that what you want?" if account.before else ""
        lead = f"The channel {account.channel} posts as {who} from now on.{other}{lasts}{on} You can close this page."
        return page(request, "Connected", lead)

    return router
