"""``/editions/ID/preview/CHANNEL``: the mail itself, for the desk's sandboxed frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import escape

from bot.audience.links import image_url
from bot.editions.mail_view import View, seen, with_style
from bot.editions.marks import STYLE, Mark, anchored, marked
from bot.editions.wording import wording
from bot.model import Edition, Email, MergeField
from bot.schedules.editing import EDITABLE
from bot.schedules.truth import TextFinding, findings_of
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.headers import BARE_PREVIEW_POLICY, PREVIEW_POLICY
from bot.web.site import base

STORY = "story"
"""The fragment at which a preview shows the story that was picked."""


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/editions/ID/preview/CHANNEL``. An ``iframe srcdoc`` would lose the mail's inline styles.

    ``view`` is one of ``View``; ``variant`` the subject of a rendition that only some readers get. ``marks``: what
    the gate found is marked in it, which it never is in what is sent. ``story``: the article of one that is found by
    the fragment ``STORY``.
    """

    @router.api_route("/editions/{edition}/preview/{channel}", methods=["GET", "HEAD"])
    def show(
        request: Request,
        user: Viewer,
        edition: str,
        channel: str,
        view: str = "desktop",
        variant: str = "",
        marks: str = "",
        story: str = "",
    ) -> Response:
        if not (edition.isalnum() and channel.isprintable() and variant.isprintable()) or view not in set(View):
            return desk.missing(request)
        with desk.installation.store.read() as tx:
            found, rendition = tx.editions.get(edition), tx.editions.rendition(edition, channel, variant)
            asked = marks and found is not None and found.state in EDITABLE
            texts = findings_of(tx, desk.installation, found) if found and asked else ()
        if found is None or rendition is None or rendition.email is None:
            return desk.missing(request)
        email = sample(rendition.email, found, ZoneInfo(desk.installation.newsroom.timezone))
        html = _with_copies(seen(email, View(view)), image_url(desk.installation.newsroom, ""), base(request))
        if texts:
            html = with_style(marked(html, _marks(found, texts)), STYLE)
        shown = next((each for each in found.stories if str(each.article.id) == story), None)
        if shown:
            html = anchored(html, shown.told.article.title, STORY)
        policy = BARE_PREVIEW_POLICY if view == View.NO_IMAGES else PREVIEW_POLICY
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def sample(email: Email, edition: Edition, zone: ZoneInfo) -> Email:
    """``email`` with its holes filled by an invented reader, whose links lead nowhere."""
    values = {
        MergeField.UNSUBSCRIBE_URL: "#",
        MergeField.PREFERENCES_URL: "#",
        MergeField.ADDRESS: "reader@example.org",
        MergeField.SUBSCRIBED: wording(email.language, zone.key).day(edition.slot),
    }
    html, text = email.html, email.text
    for each, value in values.items():
        html, text = html.replace(each.hole(edition.id), value), text.replace(each.hole(edition.id), value)
    return replace(email, html=html, text=text)


def _with_copies(html: str, hosted: str, home: str) -> str:
    """``html`` that shows our copies of pictures from here: the public address may not be served yet."""
    return html.replace(f'src="{escape(hosted)}', f'src="{home}i/')


def _marks(edition: Edition, found: Iterable[TextFinding]) -> Iterator[Mark]:
    """What is to be fixed in the mail, where it stands."""
    told = {each.article.id: each.told for each in edition.stories}
    for each in found:
        story = told.get(each.article)
        if story and each.stands_in_the_way and each.place in ("title", "summary"):
            yield Mark(each.text, story.article.title if each.place == "title" else story.summary.text)
