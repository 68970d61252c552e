"""The web application: public pages for readers, and the desk for who is at this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.audience.words import languages
from bot.delivery.counters import Counters
from bot.errors import BroadsheetError
from bot.model import User
from bot.schedules.installation import Installation
from bot.web import api, editor, health, metrics
from bot.web.api import hooks, ping, v1
from bot.web.api.v1 import imports
from bot.web.brand import stylesheet
from bot.web.editor import access, reader_import
from bot.web.editor.desk import Desk
from bot.web.following import Following
from bot.web.headers import TOKENS, Headers, complete
from bot.web.public import archive, connected, data, edition, find, image, link, preferences, signup, unsubscribe
from bot.web.security import BodyLimit, SameOrigin, Stranger
from bot.web.site import Site

_STATIC = Path(__file__).parent / "static"
_SAMPLES = Path(__file__).parents[1] / "demo" / "town" / "images"
"""The demo's town lends its pictures to the samples on which templates are tried."""
_SHORT = "public, max-age=300"
SIGNUP = ("/subscribe", "/subscribe/embed", "/api/subscribe")
"""Where somebody asks for a mail to confirm: other sites' pages may, with nobody's right but their own."""


def create_app(installation: Installation, counters: Counters | None = None) -> FastAPI:
    """The pages of ``installation``; ``counters`` are those of this process's worker.

    Raises ``BroadsheetError`` when its brand or templates cannot be used.
    """
    site = Site(installation)
    app = FastAPI(title="Broadsheet", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for public in (unsubscribe, preferences, data, find, archive, signup, api, edition, image, link, health, connected):
        app.router.routes += public.routes(site).routes
    app.router.routes += [*hooks.routes(installation).routes, *ping.routes(installation).routes]
    editor.add(app, site)
    app.router.routes += metrics.routes(installation, counters or Counters()).routes
    v1.add(app, site)
    _add_styles(app, _Brand(site), site.environment.get_template("posts/posts.css").render())
    _add_faults(app, site)
    access.guard(app, site)

    def refuse(scope: Scope, status: int) -> Response:
        if scope["path"].startswith(api.PREFIX):
            return api.refused(status, scope["path"])
        return site.message(HTTPConnection(scope), "refused", status=status)

    # The last one added stands outermost: refusals, too, carry the headers.
    app.add_middleware(Following, installation=installation)
    larger = {hooks.PATH: hooks.MAX_BODY, **dict.fromkeys(ping.PATHS, ping.MAX_BODY)}
    larger[reader_import.UPLOAD] = reader_import.MAX_BODY
    larger[imports.UPLOAD] = imports.MAX_BODY
    app.add_middleware(BodyLimit, refuse=refuse, larger=larger)
    own_right = ("/u/", hooks.PATH, *ping.PATHS, *SIGNUP, f"{v1.PREFIX}/")
    app.add_middleware(SameOrigin, refuse=refuse, open_to_all=own_right, unnamed=TOKENS)
    app.add_middleware(Headers)
    return app


def metrics_app(installation: Installation, counters: Counters) -> FastAPI:
    """``/metrics`` alone, for a worker without pages."""
    app = FastAPI(title="Broadsheet", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.router.routes += metrics.routes(installation, counters).routes

    def stranger(request: Request, error: Exception) -> Response:  # noqa: ARG001
        return Response(f"{error}\n", status_code=403, media_type="text/plain")

    app.add_exception_handler(Stranger, stranger)
    app.add_middleware(Headers)
    return app


class _Brand:
    """The style sheet of the newsroom's colours and faces, made anew when they are changed.

    Raises ``RenderError`` at once when it cannot be made.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._made = (site.own, self._text())

    def text(self) -> str:
        own = self._site.own
        if self._made[0] is not own:
            self._made = (own, self._text())
        return self._made[1]

    def _text(self) -> str:
        return stylesheet(self._site.own.tokens, [self._site.voice(each).tokens for each in languages()])


def _add_styles(app: FastAPI, brand: _Brand, posts: str) -> None:
    @app.api_route("/static/brand.css", methods=["GET", "HEAD"])
    def brand_css() -> Response:
        return Response(brand.text(), media_type="text/css", headers={"Cache-Control": _SHORT})

    @app.api_route("/favicon.ico", methods=["GET", "HEAD"])
    def no_icon() -> Response:
        # Browsers ask for it from an edition, which is shown as it was sent.
        return Response(status_code=204, media_type="image/x-icon", headers={"Cache-Control": "public, max-age=86400"})

    @app.api_route("/static/posts.css", methods=["GET", "HEAD"])
    def posts_css() -> Response:
        # Beside its template: the page that `preview` writes holds it too.
        return Response(posts, media_type="text/css", headers={"Cache-Control": _SHORT})

    app.mount("/static/sample", _Static(directory=_SAMPLES))
    app.mount("/static", _Static(directory=_STATIC))


class _Static(StaticFiles):
    def file_response(self, *args: object, **kwargs: object) -> Response:
        response: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _SHORT
        return response


def _add_faults(app: FastAPI, site: Site) -> None:
    def known(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith(api.PREFIX):
            return api.refused(error.status_code, request.url.path)
        return site.message(request, "missing" if error.status_code == 404 else "refused", status=error.status_code)

    def stranger(request: Request, error: Stranger) -> Response:
        return site.page(request, "public/message.html.j2", status=403, title="Not from here", lead=str(error))

    def unknown(request: Request, error: Exception) -> Response:  # noqa: ARG001
        # Starlette answers such a fault outside of all middleware, so the headers are put on here.
        own = request.url.path.startswith(api.PREFIX)
        answer = api.problem(500, "Please try again.") if own else site.message(request, "fault", status=500)
        complete(answer.headers, request.url.path)
        return answer

    def not_done(request: Request, error: BroadsheetError) -> Response:
        if not isinstance(getattr(request.state, "user", None), User):
            # Of the public pages none is to meet one: it is a fault of the program.
            raise error
        return Desk(site).refused(request, error)

    handlers: dict[type[Exception], Callable[..., Response | Awaitable[Response]]] = {
        BroadsheetError: not_done,
        HTTPException: known,
        Stranger: stranger,
        Exception: unknown,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
