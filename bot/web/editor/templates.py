"""``/templates``: which templates there are, how each looks, and what is wrong with it. They stay files."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.editions.lint import lint
from bot.editions.post_view import PostView
from bot.editions.sample import PICTURES
from bot.editions.template_list import TemplateFound, TemplateKind, templates
from bot.editions.wording import wording
from bot.errors import BroadsheetError, NothingToDo, RenderError
from bot.model import Email, MergeField
from bot.schedules.installation import Installation
from bot.schedules.template_trial import SAMPLE, tried_digest, tried_mail, tried_posts
from bot.speech.catalog import N_
from bot.speech.phrases import sentence, told_error
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.headers import PREVIEW_POLICY
from bot.web.site import base

KINDS = {
    TemplateKind.DIGEST: N_("Digests: whole editions as mail"),
    TemplateKind.POST: N_("Posts: one template a network"),
    TemplateKind.MAIL: N_("Mails to one person"),
}
_REAL = "real"


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/templates``, ``/templates/KIND/NAME`` and ``/templates/KIND/NAME/preview``."""

    @router.api_route("/templates", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        installation = desk.installation.current()
        found = templates(installation.settings.template_folders())
        used = _used(installation)
        groups = [
            (word, [(each, used.get((kind, each.name), [])) for each in found if each.kind is kind])
            for kind, word in KINDS.items()
        ]
        return desk.page(request, user, "editor/templates.html.j2", here="templates", groups=groups)

    @router.api_route("/templates/{kind}/{name}", methods=["GET", "HEAD"])
    def one(request: Request, user: Viewer, kind: str, name: str) -> Response:
        installation = desk.installation.current()
        found = _find(installation, kind, name)
        if found is None:
            return desk.missing(request)
        real = request.query_params.get("with") == _REAL
        posts, faults = _posts(installation, found)
        if found.kind is TemplateKind.DIGEST:
            folders = installation.settings.template_folders()
            faults = [_short(each, folders) for each in lint(name, folders, installation.newsroom)]
        return desk.page(
            request,
            user,
            "editor/template.html.j2",
            here="templates",
            found=found,
            kind=KINDS[found.kind],
            place=_place(found, installation),
            used=_used(installation).get((found.kind, name), []),
            real=real,
            previewed=found.kind is TemplateKind.DIGEST or (found.kind is TemplateKind.MAIL and name == "confirm"),
            posts=posts,
            faults=faults,
        )

    @router.api_route("/templates/{kind}/{name}/preview", methods=["GET", "HEAD"])
    def preview(request: Request, user: Viewer, kind: str, name: str) -> Response:
        installation = desk.installation.current()
        found = _find(installation, kind, name)
        if found is None:
            return desk.missing(request)
        try:
            if found.kind is TemplateKind.DIGEST:
                real = request.query_params.get("with") == _REAL
                email: Email | None = tried_digest(installation, name, real=real)
            else:
                email = tried_mail(installation, name) if found.kind is TemplateKind.MAIL else None
        except NothingToDo as error:
            return desk.fault(request, 404, sentence(told_error(error)), "")
        except RenderError as error:
            return desk.refused(request, error)
        return framed(request, installation, email) if email else desk.missing(request)


def framed(request: Request, installation: Installation, email: Email) -> Response:
    """A mail for the sandboxed frame: links lead nowhere, holes are filled by an invented reader of today."""
    today = wording(email.language, installation.newsroom.timezone).day(installation.clock())
    html = email.html.replace(f'src="{PICTURES}', f'src="{base(request)}static/sample/')
    for each, text in (
        (MergeField.UNSUBSCRIBE_URL, "#"),
        (MergeField.PREFERENCES_URL, "#"),
        (MergeField.ADDRESS, "reader@example.org"),
        (MergeField.SUBSCRIBED, today),
    ):
        html = html.replace(each.hole(SAMPLE), text)
    return HTMLResponse(html, headers={"Content-Security-Policy": PREVIEW_POLICY})


def _find(installation: Installation, kind: str, name: str) -> TemplateFound | None:
    found = templates(installation.settings.template_folders())
    return next((each for each in found if (each.kind, each.name) == (kind, name)), None)


def _posts(installation: Installation, found: TemplateFound) -> tuple[tuple[PostView, ...], list[str]]:
    if found.kind is not TemplateKind.POST:
        return (), []
    try:
        return tried_posts(installation, found.name), []
    except BroadsheetError as error:
        return (), [_short(told_error(error), installation.settings.template_folders())]


def _short(fault: str, folders: tuple[Path, ...]) -> str:
    """``fault`` with the paths of this machine cut to what lies below ``templates/``."""
    for folder in folders:
        fault = fault.replace(f"{folder}/", "templates/")
    return fault


def _place(found: TemplateFound, installation: Installation) -> str:
    folder = next(each for each in installation.settings.template_folders() if found.path.is_relative_to(each))
    return f"templates/{found.path.relative_to(folder)}"


def _used(installation: Installation) -> dict[tuple[TemplateKind, str], list[str]]:
    """By template, the schedules or channels that use it."""
    used: dict[tuple[TemplateKind, str], list[str]] = {}
    for key, schedule in installation.settings.schedules.items():
        used.setdefault((TemplateKind.DIGEST, schedule.template), []).append(key)
    for name, channel in installation.configured.items():
        if channel.medium == "post":
            used.setdefault((TemplateKind.POST, channel.template), []).append(name)
    return used
