"""The public API: ``POST /api/subscribe``, ``GET /api/newsletters``, described by ``GET /api/openapi.json``.

For a newsroom's own form with script. It says no more than the page does: the same answer for each address. Faults are
RFC 9457 (problem details), the description is OpenAPI 3.1. Browsers on sites of ``signup.origins`` may call it (CORS,
Fetch Standard); a body that is not JSON is refused, so that no form of another site reaches it unasked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from bot.audience.newsletters import Newsletter, choices, newsletters
from bot.audience.signup import API, Wish, request
from bot.audience.words import languages
from bot.web.api.description import description
from bot.web.api.problem import problem
from bot.web.client import Clients, source_page
from bot.web.headers import ascii_host
from bot.web.public.offer import Offers
from bot.web.public.signup_form import cleaned, fault, named_topics
from bot.web.site import Site

PREFIX = "/api/"
MOST_ERRORS = 20
"""Faults that an answer names: a small body can hold thousands, and each takes more to say than to make."""


def routes(site: Site) -> APIRouter:
    """All of ``/api/``."""
    router = APIRouter()
    api = _Api(site)

    @router.api_route("/api/openapi.json", methods=["GET", "HEAD"])
    def describe(request: Request) -> Response:
        return api.answer(request, 200, api.description)

    @router.api_route("/api/newsletters", methods=["GET", "HEAD"])
    def offered(request: Request) -> Response:
        return api.newsletters(request)

    @router.post("/api/subscribe")
    async def subscribe(request: Request) -> Response:
        # Read here, so that the body's limit holds before a thread is taken.
        body = await request.body()
        return await run_in_threadpool(api.subscribe, request, body)

    @router.options("/api/subscribe")
    @router.options("/api/newsletters")
    def preflight(request: Request) -> Response:
        return api.preflight(request)

    return router


class _Api:
    def __init__(self, site: Site) -> None:
        self._site = site
        settings = site.installation.settings
        self._offers = Offers(site)
        self._clients = Clients(settings.web.trusted_proxies)
        self._origins = {_ascii(each) for each in settings.signup.origins}

    @property
    def description(self) -> dict[str, Any]:
        """In OpenAPI; what is offered may be changed on the desk."""
        return description(self._site.installation.newsroom.public_url, self._offered, self._topics)

    @property
    def _offered(self) -> tuple[Newsletter, ...]:
        return newsletters(self._site.installation.settings)

    @property
    def _topics(self) -> dict[str, tuple[str, ...]]:
        audiences = self._site.installation.settings.audiences
        return {each.audience: audiences[each.audience].topics for each in self._offered}

    def newsletters(self, request: Request) -> Response:
        voice = self._site.spoken(request.query_params.get("language", ""))
        found = [
            {
                "key": each.key,
                "name": each.name,
                "description": self._offers.row(each, voice).when,
                "audience": each.audience,
                "topics": list(self._topics[each.audience]),
            }
            for each in self._offered
        ]
        return self.answer(request, 200, {"newsletters": found})

    def subscribe(self, request_: Request, body: bytes) -> Response:
        origin = request_.headers.get("origin")
        if origin is not None and not self._welcome(request_, origin):
            return problem(403, "signup.origins does not name the page's site.")
        kind = request_.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return self._problem(request_, 415, "Send application/json.")
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            return self._problem(request_, 400, "The body cannot be read as JSON in UTF-8.")
        wish, errors = self._read(request_, sent, origin)
        if wish is None:
            return self._problem(request_, 422, "See errors.", errors=errors[:MOST_ERRORS])
        installation = self._site.installation
        rules, now = installation.settings.signup, installation.clock()
        until = request(installation.store, installation.keys, rules, wish, now=now)
        if until:
            return self._too_many(request_, until, now)
        voice = self._site.spoken(wish.language)
        said = voice.words.plain("inbox_lead", newsroom=installation.newsroom.name)
        return self.answer(request_, 202, {"status": "check_inbox", "message": said})

    def preflight(self, request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if origin not in self._origins:
            return problem(403, "signup.origins does not name the page's site.")
        allowed = {
            "Access-Control-Allow-Methods": "GET, HEAD, POST",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "600",
        }
        return Response(status_code=204, headers={**self._cors(request), **allowed})

    def answer(self, request: Request, status: int, body: Mapping[str, Any]) -> JSONResponse:
        return JSONResponse(dict(body), status_code=status, headers=self._cors(request))

    def _problem(self, request: Request, status: int, detail: str, **more: Any) -> JSONResponse:
        return problem(status, detail, headers=self._cors(request), **more)

    def _too_many(self, request: Request, until: datetime, now: datetime) -> JSONResponse:
        headers = {**self._cors(request), "Retry-After": str(max(1, int((until - now).total_seconds()) + 1))}
        return problem(429, "Your network sent more sign-ups than are taken at a time.", headers=headers)

    def _welcome(self, request: Request, origin: str) -> bool:
        own = f"{request.url.scheme}://{request.headers.get('host', '').lower()}"
        return origin in self._origins or origin == own or origin == _ascii(self._site.installation.newsroom.public_url)

    def _cors(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin", "")
        named = {"Access-Control-Allow-Origin": origin} if origin in self._origins else {}
        return {**named, "Vary": "Origin"}

    def _read(self, request: Request, sent: Any, origin: str | None) -> tuple[Wish | None, list[dict[str, str]]]:
        """The wish, or why there is none: for each fault its place (a JSON Pointer, RFC 6901) and what is wrong."""
        if not isinstance(sent, dict):
            return None, [_error("", "is not an object")]
        errors = [_error(name, "is no field of a sign-up") for name in sent if name not in _FIELDS]
        address, named, topics, language = (sent.get(name, default) for name, default in _FIELDS.items())
        if not isinstance(address, str) or fault(cleaned(address)):
            errors.append(_error("address", "is not an email address"))
        errors += self._newsletter_errors(named)
        errors += self._topic_errors(topics)
        if not isinstance(language, str) or (language and language not in languages()):
            errors.append(_error("language", f"is none of {', '.join(languages())}"))
        if errors:
            return None, errors
        voice = self._site.spoken(language)
        own = voice.words.language == self._site.own.words.language
        chosen = choices(
            self._offered,
            named or [self._offered[0].key],
            named_topics(self._topics, topics),
            "" if own else voice.words.language,
        )
        page = request.headers.get("referer", "") or origin or ""
        return Wish(
            address=cleaned(address),
            choices=chosen,
            language=voice.words.language,
            form=API,
            page=source_page(page),
            network=self._clients.network(request),
            ip=self._clients.address(request),
        ), []

    def _newsletter_errors(self, named: Any) -> list[dict[str, str]]:
        known = [each.key for each in self._offered]
        if not known:
            return [_error("newsletters", "none takes subscribers at the moment")]
        if not isinstance(named, list):
            return [_error("newsletters", "is not a list")]
        if not named and len(known) > 1:
            return [_error("newsletters", f"name at least one of {', '.join(known)}")]
        return [
            _error(f"newsletters/{place}", f"is none of {', '.join(known)}")
            for place, each in enumerate(named)
            if each not in known
        ]

    def _topic_errors(self, topics: Any) -> list[dict[str, str]]:
        if not isinstance(topics, dict):
            return [_error("topics", "is not an object")]
        errors = []
        for audience, named in topics.items():
            if audience not in self._topics:
                errors.append(_error("topics", f"the audiences are {', '.join(self._topics)}"))
            elif not isinstance(named, list) or any(each not in self._topics[audience] for each in named):
                of = ", ".join(self._topics[audience]) or "none"
                errors.append(_error(f"topics/{audience}", f"is not a list of its topics: {of}"))
        return errors


_FIELDS: dict[str, Any] = {"address": "", "newsletters": [], "topics": {}, "language": ""}


def _error(place: str, detail: str) -> dict[str, str]:
    # JSON can spell halves of characters, which no answer can hold.
    whole = place.encode("utf-8", "replace").decode()
    return {"pointer": f"#/{whole}" if place else "#", "detail": detail}


def _ascii(origin: str) -> str:
    scheme, _, netloc = origin.partition("://")
    return f"{scheme}://{ascii_host(netloc.partition('/')[0])}"
