"""``/templates/brand``: the newsroom's colour, logo and face, with a preview of what is not saved yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from bot.editions.brand import palettes
from bot.errors import BroadsheetError, ChangedMeanwhile, RenderError, SettingsError
from bot.model import Declaration, Newsroom, Role, User
from bot.schedules.declaring import check, declare
from bot.schedules.installation import Installation
from bot.schedules.template_trial import tried_digest
from bot.settings.tables import BrandTable
from bot.speech.catalog import N_, _
from bot.speech.phrases import told, told_error
from bot.web.editor.access import Admin, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.templates import framed

LABELS = {
    "accent": (N_("Colour"), N_("Six hexadecimal digits, for example #0B5D4B.")),
    "accent_dark": (N_("Colour in dark mode"), N_("Left empty, it is made from the colour.")),
    "logo": (N_("Logo"), N_("Address of a PNG, at most 560 × 80. Without it the name is set in type.")),
    "logo_dark": (N_("Logo in dark mode"), N_("Without it dark mails keep the name in type.")),
    "headlines": (N_("Headlines"), ""),
    "footer": (N_("Words at the foot"), N_("Such as who answers for it; at the foot of each digest.")),
}
_LONGEST = {"accent": 20, "accent_dark": 20, "logo": 1000, "logo_dark": 1000, "headlines": 10, "footer": 500}


def routes(desk: Desk, router: APIRouter) -> None:
    """``/templates/brand`` and its preview."""

    def shown(
        request: Request, user: User, given: Mapping[str, str], errors: Mapping[str, str], status: int = 200
    ) -> Response:
        installation = desk.installation.current()
        written = _written(installation)
        values = {**{name: str(getattr(installation.newsroom, name)) for name in LABELS}, **given}
        notice = ""
        try:
            tried = _tried(installation, given, user)
            notice = told(palettes(tried)[2])
        except SettingsError as error:
            errors = errors or {_field(error): told(error.said) or told_error(error)}
        except RenderError as error:
            errors = errors or {"accent": told_error(error)}
        declared = installation.settings.declared.get("brand")
        return desk.page(
            request,
            user,
            "editor/brand.html.j2",
            here="templates",
            status=status,
            labels=LABELS,
            longest=_LONGEST,
            values=values,
            written={name: installation.settings.origin("brand", name) for name in written},
            errors=dict.fromkeys(LABELS, "") | dict(errors),
            wrong=dict(errors),
            notice=notice,
            version=declared.version if declared else 0,
            preview=f"templates/brand/preview?{urlencode(given)}" if not errors else "",
            may_save=user.role.may(Role.ADMIN),
            unsaved=any(values[name] != str(getattr(installation.newsroom, name)) for name in LABELS),
        )

    @router.api_route("/templates/brand", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        installation = desk.installation.current()
        return shown(request, user, _given(request.query_params, installation), {})

    @router.api_route("/templates/brand/preview", methods=["GET", "HEAD"])
    def preview(request: Request, user: Viewer) -> Response:
        installation = desk.installation.current()
        try:
            tried = _tried(installation, _given(request.query_params, installation), user)
            return framed(request, installation, tried_digest(installation, "briefing", newsroom=tried))
        except BroadsheetError as error:
            return desk.refused(request, error)

    @router.post("/templates/brand")
    def save(request: Request, user: Admin, form: Submitted) -> Response:
        installation = desk.installation.current()
        given = _given(form.values(), installation)
        try:
            declare(
                desk.installation,
                "brand",
                "",
                _table(given),
                who=user.name_on_record,
                now=installation.clock(),
                version=form.number("version"),
            )
        except ChangedMeanwhile as error:
            return shown(request, user, given, {"accent": told_error(error)}, status=409)
        except SettingsError as error:
            return shown(request, user, given, {_field(error): told(error.said) or told_error(error)}, status=422)
        return desk.done(request, "templates/brand", _("The brand is saved. The next mails are set in it."))


def _written(installation: Installation) -> list[str]:
    """The fields that a file sets: they are changed there."""
    return [name for name in LABELS if name in installation.files.tables.brand.model_fields_set]


def _given(sent: Mapping[str, str], installation: Installation) -> dict[str, str]:
    written = _written(installation)
    return {name: sent[name].strip()[: _LONGEST[name]] for name in LABELS if name in sent and name not in written}


def _table(given: Mapping[str, str]) -> dict[str, Any]:
    """What is to be kept: a field that is empty, or as it is anyway, is left out."""
    usual = BrandTable()
    return {name: value for name, value in given.items() if value and value != getattr(usual, name)}


def _tried(installation: Installation, given: Mapping[str, str], user: User) -> Newsroom:
    """The newsroom as it would be with what is not saved yet. Raises ``SettingsError``."""
    if not given:
        return installation.newsroom
    now = installation.clock()
    before = installation.settings.declared.get("brand")
    content = {name: value for name, value in (before.content if before else {}).items() if name not in given}
    made = Declaration(
        kind="brand", key="", content={**content, **_table(given)}, made=now, changed=now, who=user.name_on_record
    )
    brand = check(installation, made).newsroom
    return replace(installation.newsroom, **{name: getattr(brand, name) for name in LABELS})


def _field(error: SettingsError) -> str:
    name = error.key.rpartition(".")[2]
    return name if name in LABELS else "accent"
