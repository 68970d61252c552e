"""The application of an empty install: nothing but the first run, for who comes with the key that was printed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.accounts import desk_key
from bot.clock import Clock, system_clock
from bot.errors import BroadsheetError
from bot.http import Http
from bot.model import AT_THIS_MACHINE, said_by
from bot.schedules.installation import opened
from bot.schedules.newcomer import Mailer, settle, try_mail
from bot.settings import is_address
from bot.settings.tables import HttpTable
from bot.sources.first_look import FirstLook, first_look
from bot.speech import catalog
from bot.speech.catalog import _
from bot.speech.phrases import told_error
from bot.tokens import KeyRing
from bot.web.editor.faults import in_words
from bot.web.editor.form import Submitted
from bot.web.entry import Admitted, Entry, Keyless
from bot.web.headers import Headers
from bot.web.security import BodyLimit, SameOrigin, Stranger
from bot.web.setup.answers import Answers, loopback
from bot.web.setup.pages import Pages, known_zone, refused
from bot.web.site import base

STATIC = Path(__file__).parent.parent / "static"
WELCOME = "welcome"
"""The page of the desk where the first run ends."""


def setup_app(config: Path, *, keys: KeyRing, done: Callable[[Path], None], clock: Clock = system_clock) -> FastAPI:
    """The first run, which writes ``config``. ``done`` is told the folder when it is written.

    ``keys`` make the key of its address: there are none of the newsroom yet.

    The answer after that leads to the desk's first page: whoever listens on this port next has it.
    """
    app = FastAPI(title="Broadsheet", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    pages = Pages(clock)
    answers = Answers(timezone=machine_timezone())
    written: list[Path] = []
    entry = Entry(keys, clock)
    guarded = [Depends(_speak), Depends(entry)]

    @app.api_route("/", methods=["GET", "HEAD"], dependencies=guarded)
    @app.api_route("/setup", methods=["GET", "HEAD"], dependencies=guarded)
    def newsroom(request: Request) -> Response:
        return pages.newsroom(request, answers, {})

    @app.post("/setup", dependencies=guarded)
    def take_newsroom(request: Request, form: Submitted) -> Response:
        answers.name = form.text("name", longest=200)
        answers.url = form.text("url", longest=2000)
        answers.language = form.text("language", longest=20)
        answers.timezone = form.text("timezone", longest=60)
        answers.address = form.text("address", longest=500)
        errors = _newsroom_errors(answers)
        if "url" not in errors:
            try:
                look = _look(answers.url, clock())
                answers.looks, answers.chosen = [look], [look.found.url]
                answers.url = _site(answers.url)
                answers.name = answers.name or look.found.title
                if answers.name:
                    errors.pop("name", None)
                answers.language = answers.language or look.found.language.split("-")[0]
            except BroadsheetError as error:
                errors["url"] = in_words(said_by(error))
        if errors:
            return pages.newsroom(request, answers, errors, status=422)
        return _to(request, "setup/sources")

    @app.api_route("/setup/sources", methods=["GET", "HEAD"], dependencies=guarded)
    def sources(request: Request) -> Response:
        return pages.sources(request, answers, {}) if answers.looks else _to(request, "setup")

    @app.post("/setup/find", dependencies=guarded)
    def find(request: Request, form: Submitted) -> Response:
        try:
            look = _look(form.text("another", longest=2000), clock())
        except BroadsheetError as error:
            return pages.sources(request, answers, {"another": in_words(said_by(error))}, status=422)
        answers.found(look)
        answers.chosen.append(look.found.url)
        return _to(request, "setup/sources")

    @app.post("/setup/sources", dependencies=guarded)
    def take_sources(request: Request, form: Submitted) -> Response:
        known = [each.found.url for each in answers.looks]
        chosen = [each for each in form.all("source", longest=2000) if each in known]
        if not chosen:
            return pages.sources(request, answers, {"source": _("Keep at least one.")}, status=422)
        answers.chosen = chosen
        return _to(request, "setup/sender")

    @app.api_route("/setup/sender", methods=["GET", "HEAD"], dependencies=guarded)
    def sender(request: Request) -> Response:
        return pages.sender(request, answers, {}) if answers.chosen else _to(request, "setup")

    @app.post("/setup/sender", dependencies=guarded)
    def take_sender(request: Request, form: Submitted) -> Response:
        if not answers.chosen:
            return _to(request, "setup")
        if form.text("act") == "later":
            answers.mail = None
        else:
            answers.mail = Mailer(
                sender=form.text("sender", longest=254),
                host=form.text("host", longest=255),
                username=form.text("username", longest=200),
                password=form.text("password", longest=500) or (answers.mail.password if answers.mail else ""),
            )
            errors = _sender_errors(answers.mail)
            if errors:
                answers.checks = []
                return pages.sender(request, answers, errors, status=422)
            if form.text("act") != "anyway":
                try:
                    answers.checks = asyncio.run(try_mail(answers.newcomer))
                except BroadsheetError as error:
                    return pages.sender(request, answers, {"host": told_error(error)}, status=422)
                if form.text("act") == "try" or refused(answers.checks):
                    return pages.sender(request, answers, {}, status=200 if form.text("act") == "try" else 422)
        try:
            settle(config, answers.newcomer, who=AT_THIS_MACHINE.name_on_record, now=clock())
        except BroadsheetError as error:
            return pages.sender(request, answers, {"sender": told_error(error)}, status=422)
        with opened(config, clock) as installation:
            # The desk has keys of its own from here on.
            onward = f"{WELCOME}?{urlencode({desk_key.PARAMETER: desk_key.key(installation.keys, clock())})}"
        written.append(config)
        done(config)
        return _to(request, onward)

    def refuse(scope: Scope, status: int) -> Response:
        return pages.message(HTTPConnection(scope), status, _("That was not taken"), _("Load the page again."))

    def stranger(request: Request, error: Stranger) -> Response:
        return pages.message(request, 403, _("Not from here"), str(error))

    def admitted(request: Request, error: Admitted) -> Response:  # noqa: ARG001
        return entry.admit(request)

    def keyless(request: Request, error: Keyless) -> Response:
        said = _("It stands where Broadsheet was started. Its key lets you in, and nobody else who reaches this page.")
        if error.late:
            said += " " + _("This key opens nothing now: start Broadsheet again for another.")
        return pages.message(request, 403, _("Open the address that was printed"), said)

    def known(request: Request, error: HTTPException) -> Response:
        if written:
            # A browser that keeps its line open may ask once more before the desk answers here.
            wait = pages.message(request, 200, _("Your desk is being opened"), _("This page loads again by itself."))
            wait.headers.update({"Refresh": "1", "Connection": "close"})
            return wait
        return pages.message(request, error.status_code, _("There is nothing here"), _("The first run is at /setup."))

    app.add_exception_handler(Stranger, stranger)  # type: ignore[arg-type]
    app.add_exception_handler(Admitted, admitted)  # type: ignore[arg-type]
    app.add_exception_handler(Keyless, keyless)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, known)  # type: ignore[arg-type]
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_middleware(BodyLimit, refuse=refuse)
    app.add_middleware(SameOrigin, refuse=refuse, open_to_all=())
    app.add_middleware(Headers)
    return app


async def _speak(request: Request) -> None:
    catalog.speak(catalog.preferred(request.headers.get("accept-language", "")))


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(base(request) + path, status_code=303)


def _newsroom_errors(answers: Answers) -> dict[str, str]:
    errors = {}
    if not answers.name and not answers.url:
        errors["name"] = _("Write the name that readers know.")
    if not answers.url:
        errors["url"] = _("Write the address of your site, such as https://ellery.example.")
    if not answers.address:
        errors["address"] = _("Write the street and town. The law wants an address in every newsletter.")
    if answers.timezone != known_zone(answers.timezone):
        answers.timezone = "UTC"
        errors["timezone"] = _("Choose a time zone.")
    return errors


def _sender_errors(mail: Mailer) -> dict[str, str]:
    errors = {}
    if not is_address(mail.sender):
        errors["sender"] = _("Write one mail address, such as news@ellery.example.")
    if not mail.name or not mail.host.isascii() or " " in mail.host:
        errors["host"] = _("Write the server's name, such as smtp.ellery.example, or smtp.ellery.example:465.")
    elif mail.host.partition(":")[1] and not 0 < mail.port < 65536:
        errors["host"] = _("The port is a number up to 65535.")
    if mail.password and not mail.username:
        errors["username"] = _("A password needs its user.")
    return errors


def _look(url: str, now: datetime) -> FirstLook:
    async def look() -> FirstLook:
        async with Http(HttpTable(allow_loopback=loopback(url))) as http:
            return await first_look(http, url, now)

    return asyncio.run(look())


def _site(url: str) -> str:
    return url if "://" in url else f"https://{url}"


def machine_timezone() -> str:
    """The machine's timezone if it says one, else UTC."""
    named = os.environ.get("TZ", "")
    link = Path("/etc/localtime")
    if not named and link.is_symlink():
        named = str(link.resolve()).partition("zoneinfo/")[2]
    return known_zone(named.removeprefix(":"))
