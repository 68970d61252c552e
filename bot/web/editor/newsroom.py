"""``/settings/newsroom``: what is set of the newsroom and the desk, and where; to read, for it is written in files."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from bot.speech.catalog import N_, _
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk

_SHOWN = {
    "name": N_("Name"),
    "url": N_("Site"),
    "language": N_("Language of the articles"),
    "timezone": N_("Time zone"),
    "address": N_("Postal address, at the foot of each mail"),
    "corrections_to": N_("Where readers report errors"),
    "privacy_url": N_("Privacy notice"),
    "public_url": N_("Where readers reach our pages"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """``key`` as the file has it; ``given``: it stands there, and is not what holds without it."""

    word: str
    key: str
    value: str
    given: bool


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/settings/newsroom``."""

    @router.api_route("/settings/newsroom", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        settings = desk.installation.settings
        table = settings.tables.newsroom
        facts = [
            Fact(_(word), f"newsroom.{key}", str(getattr(table, key)), key in table.model_fields_set)
            for key, word in _SHOWN.items()
        ]
        file = f"{settings.folder.name}/{settings.file.rpartition('/')[2]}"
        return desk.page(
            request,
            user,
            "editor/newsroom.html.j2",
            here="settings",
            facts=facts,
            file=file,
            four_eyes=settings.desk.four_eyes,
        )
