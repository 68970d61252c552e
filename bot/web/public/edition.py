"""``/e/ID``: an edition in the browser, as it was sent, with nothing in it that belongs to one reader."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.audience.links import edition_url
from bot.editions.correction_card import correction_card
from bot.model import Edition
from bot.store import Transaction
from bot.store.kept_editions import WENT_OUT
from bot.web.headers import EDITION_POLICY
from bot.web.public.sharing import with_sharing
from bot.web.site import Site

_HEADERS = {"Content-Security-Policy": EDITION_POLICY, "Cache-Control": "public, max-age=300"}


def routes(site: Site) -> APIRouter:
    """GET and HEAD of ``/e/ID``. Those that are not in the archive open too, and ask search engines to pass by."""
    router = APIRouter()

    @router.api_route("/e/{edition}", methods=["GET", "HEAD"])
    def show(request: Request, edition: str) -> Response:
        with site.installation.store.read() as tx:
            went_out = edition.isalnum() and tx.editions.state(edition) in WENT_OUT
            found = tx.editions.get(edition) if went_out else None
            corrected = _corrected(site, tx, found) if found else None
        # The general one: a variant's subject is not empty.
        mails = [each.email for each in found.renditions if each.email and not each.subject] if found else []
        email = next((each for each in mails if each.web), None)
        if found is None or email is None:
            return site.message(request, "missing", status=404)
        listed = found.schedule in site.archived
        lead = found.stories[0].told if found.stories else None
        title = lead.article.title if lead else email.subject
        page = with_sharing(
            email.web,
            newsroom=site.installation.newsroom,
            url=edition_url(site.installation.newsroom, found.id),
            title=f"{site.own.words.plain('corrected')}: {title}" if corrected else title,
            description=corrected.right if corrected else lead.summary.text if lead else email.preheader,
            card=corrected.card if corrected else email.card,
        )
        return HTMLResponse(page, headers=_HEADERS if listed else {**_HEADERS, "X-Robots-Tag": "noindex"})

    return router


@dataclass(frozen=True, slots=True)
class _Corrected:
    """What is right about an edition's lead, and the name of the card that says so ("": there is none)."""

    right: str
    card: str


def _corrected(site: Site, tx: Transaction, edition: Edition) -> _Corrected | None:
    """Who shares an edition that led with what is not so shows what is, not the old headline as a picture."""
    lead = edition.stories[0].article.id if edition.stories else 0
    newest = next((each for each in reversed(tx.corrections.about(edition.id)) if each.article == lead), None)
    if newest is None:
        return None
    address = correction_card(newest, site.installation.newsroom).address
    known = tx.images.known([address]).get(address)
    return _Corrected(newest.right, known.picture.whole.name if known and known.picture else "")
