"""``/oauth/callback``: where a network comes back to after an editor said yes, or no, to a channel's sign-in.

Anybody may open it: what counts is the signed ``state``, which is good once and for ten minutes. What came with it
is taken by a GET, because that is how networks come back (RFC 6749 §4.1.2); it stands in no log and leaves by no
Referer.
"""

from __future__ import annotations

import asyncio
import logging

from babel.dates import format_date
from fastapi import APIRouter, Request, Response

from bot.errors import BroadsheetError
from bot.schedules.connection import CALLBACK, Account, finish
from bot.speech.catalog import _, locale, preferred, speak, spoken
from bot.speech.phrases import sentence, told_error
from bot.web.site import Site

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_LONGEST = 4096

log = logging.getLogger(__name__)


def routes(site: Site) -> APIRouter:
    """GET of ``/oauth/callback``; an editor reads it, in a language of the desk."""
    router = APIRouter()

    def page(request: Request, title: str, lead: str, status: int = 200) -> Response:
        template = "public/message.html.j2"
        voice = site.voice(spoken())
        return site.page(request, template, status=status, headers=_HEADERS, voice=voice, title=title, lead=lead)

    @router.get(f"/{CALLBACK}")
    def came_back(request: Request) -> Response:
        speak(preferred(request.headers.get("accept-language", "")))
        refused = _("Not connected")
        if len(request.url.query) > _LONGEST or "prefetch" in request.headers.get("sec-purpose", ""):
            return page(request, refused, _("This address is none that a sign-in of ours came back to."), 400)
        answer = dict(request.query_params)
        try:
            account = asyncio.run(finish(site.installation, answer))
        except BroadsheetError as error:
            return page(request, refused, sentence(told_error(error)), 400)
        except Exception:
            log.exception("a sign-in failed")
            return page(request, refused, _("A fault in the program; its log says more."), 500)
        return page(request, _("Connected"), _said(account))

    return router


def _said(account: Account) -> str:
    facts = {"channel": account.channel, "account": account.account}
    parts = [
        _("The channel %(channel)s posts as %(account)s from now on.") % facts
        if account.account
        else _("The channel %(channel)s is connected.") % {"channel": account.channel}
    ]
    if account.before:
        parts.append(_("Until now it posted as %(account)s: is that what you want?") % {"account": account.before})
    if account.expires:
        day = format_date(account.expires, "long", locale=locale())
        parts.append(_("The permission lasts until %(day)s.") % {"day": day})
    if account.resumed:
        parts.append(_("It was paused, and goes on."))
    parts.append(_("You can close this page."))
    return ("" if spoken() == "ja" else " ").join(parts)
