"""The pages of the first run."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection

from bot.clock import Clock
from bot.model import Checked, Grade
from bot.schedules.newcomer import MAIL, Mailer
from bot.settings import is_address, shipped
from bot.speech import catalog
from bot.speech.catalog import _
from bot.speech.phrases import told
from bot.web.editor.desk import number
from bot.web.editor.times import Times
from bot.web.headers import DESK_POLICY
from bot.web.setup.answers import Answers
from bot.web.site import base, web_url

NEWEST = 5
"""Articles that are shown of what was found."""
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "ja", "ar", "uk", "ru", "zh", "ko", "tr")
"""The languages that are offered; a site that says another one keeps it."""


class Pages:
    """The pages, in the language of whoever asks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(shipped("templates") / "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        catalog.install(self._environment)
        self._environment.filters.update(web_url=web_url, number=number, told=told)

    def newsroom(
        self, request: HTTPConnection, answers: Answers, errors: dict[str, str], *, status: int = 200
    ) -> Response:
        languages = [(each, Locale.parse(each).get_display_name(catalog.locale()) or each) for each in LANGUAGES]
        now = self._clock()
        zones = [
            (zone, f"{zone.replace('_', ' ')}, {now.astimezone(ZoneInfo(zone)):%H:%M}")
            for zone in sorted(available_timezones())
            if ("/" in zone and not zone.startswith(("Etc/", "posix/", "right/", "SystemV/"))) or zone == "UTC"
        ]
        return self._page(
            request,
            "newsroom",
            answers,
            errors,
            status=status,
            languages=[("", _("as the site says")), *languages],
            zones=zones,
        )

    def sources(
        self, request: HTTPConnection, answers: Answers, errors: dict[str, str], *, status: int = 200
    ) -> Response:
        newest = [
            (look, article) for look in answers.looks if look.found.url in answers.chosen for article in look.newest
        ]
        newest.sort(key=lambda each: each[1].published, reverse=True)
        return self._page(
            request, "sources", answers, errors, status=status, newest=[each[1] for each in newest[:NEWEST]]
        )

    def sender(
        self, request: HTTPConnection, answers: Answers, errors: dict[str, str], *, status: int = 200
    ) -> Response:
        host = (urlsplit(answers.url).hostname or "").removeprefix("www.")
        sender = f"news@{host}"
        mail = answers.mail or Mailer(sender=sender if is_address(sender) else "", host="")
        faults = refused(answers.checks)
        return self._page(request, "sender", answers, errors, status=status, mail=mail, faults=faults)

    def message(self, request: HTTPConnection, status: int, title: str, said: str) -> Response:
        return self._page(request, "message", Answers(), {}, status=status, title=title, said=said)

    def _page(
        self,
        request: HTTPConnection,
        name: str,
        answers: Answers,
        errors: dict[str, str],
        *,
        status: int,
        **values: Any,
    ) -> Response:
        html = self._environment.get_template(f"setup/{name}.html.j2").render(
            base=base(request),
            language=catalog.spoken(),
            direction=catalog.direction(),
            times=Times(ZoneInfo(known_zone(answers.timezone)), self._clock()),
            answers=answers,
            errors=errors,
            **values,
        )
        return HTMLResponse(html, status_code=status, headers={"Content-Security-Policy": DESK_POLICY})


def refused(checks: list[Checked]) -> bool:
    """Whether mail cannot go out at all by this server. What the DNS lacks keeps nothing from it today."""
    return any(each.grade is Grade.FAULT and each.id == f"channel.{MAIL}" for each in checks)


def known_zone(name: str) -> str:
    """``name``, or UTC when it is no timezone of a place."""
    return name if name in available_timezones() and not name.startswith("Etc/") else "UTC"
