"""What the desk's pages share: their frame, and what they answer."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_percent
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup, escape

from bot.audience.mask import masked
from bot.editions.lifecycle import paused_all
from bot.errors import BroadsheetError, TokenError
from bot.http import redacted
from bot.model import Role, User
from bot.schedules.installation import Installation
from bot.speech import catalog
from bot.speech.catalog import _, listing
from bot.speech.phrases import capital, sentence, told, told_error
from bot.store.flags import PAUSED
from bot.web.editor.badges import ANEW, COUNTED, badges
from bot.web.editor.reasons import known
from bot.web.editor.states import DELIVERY_STATES, EDITION_STATES
from bot.web.editor.times import Times
from bot.web.headers import DESK_POLICY
from bot.web.site import Site, base

number = catalog.number

TOAST = "broadsheet-said"
"""The cookie that carries what was done to the next page; signed, and taken away when it was shown."""
_TOAST_SECONDS = 60
_LONGEST_TOAST = 300


@dataclass(frozen=True, slots=True)
class Undo:
    """The way back from what was done: a form with these fields, posted to ``path`` below the desk's root."""

    path: str
    word: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Desk:
    """The desk of one site. The newsroom's own texts keep their language."""

    site: Site

    def __post_init__(self) -> None:
        environment = self.site.environment
        if "number" in environment.filters:
            return
        catalog.install(environment)
        environment.filters["number"] = number
        environment.filters["redacted"] = redacted
        environment.filters["percent"] = percent
        environment.filters["listed"] = listed
        environment.filters["told"] = told
        environment.filters["known"] = known
        environment.filters["capital"] = capital
        environment.filters["sentence"] = sentence

    @property
    def installation(self) -> Installation:
        return self.site.installation

    @property
    def times(self) -> Times:
        """Moments as of now, in the newsroom's zone."""
        return Times(ZoneInfo(self.installation.newsroom.timezone), self.installation.clock())

    def page(
        self,
        request: Request,
        user: User,
        template: str,
        *,
        here: str = "",
        status: int = 200,
        work: bool = False,
        **values: Any,
    ) -> Response:
        """A page of the desk; ``here`` is the entry of the rail it belongs to, ``work``: it takes the whole width."""
        times = self.times
        with self.installation.store.read() as tx:
            paused = bool(tx.flags.get(PAUSED))
            stopped = paused_all(tx) if paused else None
            values.setdefault("badges", None)
            if values["badges"] is None:
                values["badges"] = badges(tx, self.installation, user)
        answer = self.site.page(
            request,
            template,
            status=status,
            headers={"Content-Security-Policy": DESK_POLICY},
            here=here,
            work=work,
            counted=COUNTED,
            counts_anew=ANEW,
            user=user,
            address_of=address_for(user),
            now=times.now,
            paused=paused,
            paused_by=stopped,
            desk_table=self.installation.settings.desk,
            times=times,
            language=catalog.spoken(),
            direction=catalog.direction(),
            toast=self._toast(request),
            edition_states=EDITION_STATES,
            delivery_states=DELIVERY_STATES,
            **values,
        )
        if TOAST in request.cookies and "HX-Request" not in request.headers:
            answer.delete_cookie(TOAST, path="/", httponly=True, samesite="lax")
        return answer

    def done(self, request: Request, to: str, said: str = "", undo: Undo | None = None) -> Response:
        """303 to ``to``, a path below the desk's root, where ``said`` is shown for a few seconds."""
        answer = RedirectResponse(base(request) + to, status_code=303)
        if said:
            way = [undo.path, undo.word, dict(undo.fields)] if undo else ["", "", {}]
            content = urlsafe_b64encode(json.dumps([said[:_LONGEST_TOAST], *way]).encode()).decode()
            value = f"{content}~{self.installation.keys.sign('toast', _digest(content))}"
            answer.set_cookie(TOAST, value, max_age=_TOAST_SECONDS, path="/", httponly=True, samesite="lax")
        return answer

    def missing(self, request: Request) -> Response:
        """404: there is no such thing, or no more."""
        return self.fault(request, 404, _("There is nothing here"), _("It may be gone, or the address is mistyped."))

    def refused(self, request: Request, error: BroadsheetError) -> Response:
        """409: what was asked for cannot be done, and why."""
        return self.fault(request, 409, _("That was not done"), sentence(told_error(error)))

    def fault(self, request: Request, status: int, title: str, said: str) -> Response:
        """A page of one band; the rail stays."""
        user: User = request.state.user
        return self.page(request, user, "editor/fault.html.j2", status=status, title=title, said=said)

    def _toast(self, request: Request) -> tuple[str, Undo | None] | None:
        content, _tilde, token = request.cookies.get(TOAST, "").partition("~")
        try:
            # Signed, since a site of a neighbouring name may set cookies for ours, and this one holds a form.
            if self.installation.keys.verify("toast", token) != [_digest(content)]:
                return None
            said, path, word, fields = json.loads(urlsafe_b64decode(content))
        except (TokenError, ValueError):
            return None
        return said, Undo(path, word, fields) if path else None


def _digest(content: str) -> str:
    return sha256(content.encode()).hexdigest()


def address_for(user: User) -> Callable[[str], str]:
    """How addresses are shown to ``user``: whole to who works with readers, masked to who only looks."""
    return str if user.role.may(Role.EDITOR) else masked


def listed(names: Sequence[str]) -> Markup:
    """``Sport, Culture and City hall``, each name set apart from the line's direction; "" for none."""
    # Each is escaped, and what Babel puts between them is words.
    return Markup(listing(f"<bdi>{escape(each)}</bdi>" for each in names))  # noqa: S704


def percent(part: float, whole: float) -> str:
    """``99.7 %`` of ``whole``: never 100 unless it is all, never 0 unless it is none."""
    if not whole:
        return "–"
    share = part / whole
    if part and share < 0.001:
        share = 0.001
    if part != whole and share > 0.999:
        share = 0.999
    pattern = "#,##0 %" if share in (0, 1) else "#,##0.0 %"
    return format_percent(share, pattern, locale=catalog.locale())
