"""``/subscribe``, its form in other sites' pages (``/subscribe/embed``), and ``/c/TOKEN``, where a reader confirms.

The answer to a sign-up is the same whoever's address it is: what becomes of it is decided where its mail is made.
GET and HEAD only show: scanners open every link of a mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from bot.audience.links import PREFERENCES
from bot.audience.mask import masked
from bot.audience.newsletters import Newsletter, choices, chosen_of, newsletters
from bot.audience.signup import Stand, Wish, confirm, look, read_confirmation, request
from bot.errors import TokenError
from bot.model import Signup
from bot.settings import parse_sender
from bot.web.client import Clients, source_page
from bot.web.headers import framed_by
from bot.web.public.form import Fields, form_fields
from bot.web.public.offer import Offers
from bot.web.public.signup_form import FORMS, TRAP, Shown, Typed, typed
from bot.web.site import Site, Voice

Sent = Annotated[Fields, Depends(form_fields)]


def routes(site: Site) -> APIRouter:
    """GET, HEAD and POST of all three."""
    router = APIRouter()
    forms, confirmations = _Forms(site), _Confirmations(site)

    @router.api_route("/subscribe", methods=["GET", "HEAD"])
    def show(request: Request) -> Response:
        return forms.show(request, "page")

    @router.post("/subscribe")
    def ask(request: Request, fields: Sent) -> Response:
        return forms.ask(request, fields, "page")

    @router.api_route("/subscribe/embed", methods=["GET", "HEAD"])
    def show_embedded(request: Request) -> Response:
        return forms.show(request, "embed")

    @router.post("/subscribe/embed")
    def ask_embedded(request: Request, fields: Sent) -> Response:
        return forms.ask(request, fields, "embed")

    @router.api_route("/c/{token}", methods=["GET", "HEAD"])
    def look_at(request: Request, token: str) -> Response:
        return confirmations.show(request, token)

    @router.post("/c/{token}")
    def press(request: Request, token: str, fields: Sent) -> Response:  # noqa: ARG001
        # Nothing is asked, but what is sent is read: its limit holds here too.
        return confirmations.confirm(request, token)

    return router


class _Forms:
    """The form on its own page, and in another site's."""

    def __init__(self, site: Site) -> None:
        self._site = site
        settings = site.installation.settings
        self._offers = Offers(site)
        self._clients = Clients(settings.web.trusted_proxies)
        self._frame = {"Content-Security-Policy": framed_by([settings.newsroom.url, *settings.signup.origins])}

    def show(self, request: Request, form: str) -> Response:
        voice = self._site.spoken(request.query_params.get("language", ""))
        wanted = frozenset(request.query_params.getlist("newsletter"))
        offered = self._narrowed(wanted) if form == "embed" else self._offered
        page = source_page(request.headers.get("referer", "")) if form == "embed" else self._own_page
        chosen = frozenset(each.key for each in offered if each.key in wanted)
        return self._page(request, form, voice, offered, Shown(self._now, form, page), Typed(chosen=chosen))

    def ask(self, request: Request, fields: Fields, form: str) -> Response:
        voice = self._site.spoken(fields.get("language"))
        offered = self._narrowed(frozenset(fields.all("offered"))) if form == "embed" else self._offered
        found = typed(fields, offered, self._topics)
        shown = self._shown(request, fields, form)
        again = Shown(self._now, shown.form, shown.page)
        if not offered or not found.good:
            return self._page(request, form, voice, offered, again, found)
        if fields.get(TRAP) or not shown.timely(self._now):
            notice = "signup_trapped" if fields.get(TRAP) else "signup_once_more"
            return self._page(request, form, voice, offered, again, replace(found, notice=notice))
        until = self._keep(request, found, offered, voice, shown)
        if until:
            return self._too_many(request, form, voice, until)
        latest = None if form == "embed" else self._offers.latest(offered, voice)
        return self._answer(request, "inbox", form, voice, sender=self._sender(found.chosen), latest=latest)

    @property
    def _now(self) -> datetime:
        return self._site.installation.clock()

    @property
    def _offered(self) -> tuple[Newsletter, ...]:
        return newsletters(self._site.installation.settings)

    @property
    def _topics(self) -> dict[str, tuple[str, ...]]:
        settings = self._site.installation.settings
        return {each: settings.audiences[each].topics for each in {one.audience for one in self._offered}}

    @property
    def _own_page(self) -> str:
        return f"{self._site.installation.newsroom.public_url}/subscribe"

    def _narrowed(self, keys: frozenset[str]) -> tuple[Newsletter, ...]:
        """What an embedded form offers: what its address names, or all."""
        return tuple(each for each in self._offered if each.key in keys) or self._offered

    def _shown(self, request: Request, fields: Fields, form: str) -> Shown:
        """What the form says of itself; one that a site wrote by hand says nothing that could be checked."""
        try:
            return Shown.read(self._site.installation.keys, fields.get("shown"))
        except TokenError:
            named = fields.get("form")
            page = source_page(request.headers.get("referer", ""))
            return Shown(datetime.min.replace(tzinfo=self._now.tzinfo), named if named in FORMS else form, page)

    def _keep(
        self, request_: Request, found: Typed, offered: Sequence[Newsletter], voice: Voice, shown: Shown
    ) -> datetime | None:
        installation = self._site.installation
        own = voice.words.language == self._site.own.words.language
        wish = Wish(
            address=found.address,
            choices=choices(offered, found.chosen, found.topics, "" if own else voice.words.language),
            language=voice.words.language,
            form=shown.form,
            page=shown.page,
            network=self._clients.network(request_),
            ip=self._clients.address(request_),
        )
        return request(installation.store, installation.keys, installation.settings.signup, wish, now=self._now)

    def _sender(self, chosen: frozenset[str]) -> str:
        settings = self._site.installation.settings
        channel = settings.signup.channel or next(each.channel for each in self._offered if each.key in chosen)
        return parse_sender(settings.channels[channel].get("from"))[1]

    def _page(
        self,
        request: Request,
        form: str,
        voice: Voice,
        offered: Sequence[Newsletter],
        shown: Shown,
        found: Typed,
    ) -> Response:
        if not offered:
            return self._closed(request, voice)
        rows = [self._offers.row(each, voice, chosen=each.key in found.chosen) for each in offered]
        topics = {name: of for name, of in self._topics.items() if of and name in {each.audience for each in offered}}
        audiences = [(name, self._site.audience(name), of) for name, of in topics.items()]
        rules = self._site.installation.settings.signup
        name = self._site.installation.newsroom.name
        return self._answer(
            request,
            "subscribe",
            form,
            voice,
            status=200 if found.good else 422,
            rows=rows,
            topics=audiences,
            found=found,
            shown=shown.token(self._site.installation.keys),
            trap=TRAP,
            own_form=form,
            headline=rules.headline or voice.words.plain("signup_title", newsroom=name),
            lead=rules.lead or voice.words.plain("signup_lead"),
            latest=None if form == "embed" else self._offers.latest(offered, voice),
        )

    def _closed(self, request: Request, voice: Voice) -> Response:
        words, name = voice.words, self._site.installation.newsroom.name
        return self._site.page(
            request,
            "public/message.html.j2",
            status=404,
            voice=voice,
            title=words.plain("signup_closed_title"),
            lead=words.say("signup_closed_lead", newsroom=name),
        )

    def _too_many(self, request: Request, form: str, voice: Voice, until: datetime) -> Response:
        wait = {"Retry-After": str(max(1, int((until - self._now).total_seconds()) + 1))}
        return self._answer(request, "many", form, voice, status=429, headers=wait)

    def _answer(
        self,
        request: Request,
        what: str,
        form: str,
        voice: Voice,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> Response:
        embedded = form == "embed"
        template = f"public/{'embed_' if embedded else ''}{what}.html.j2"
        more = {**(self._frame if embedded else {}), **(headers or {})}
        return self._site.page(request, template, status=status, headers=more, voice=voice, **values)


class _Confirmations:
    """What the link of a confirmation opens."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._offers = Offers(site)

    def show(self, request: Request, token: str) -> Response:
        installation = self._site.installation
        try:
            signup = read_confirmation(installation.keys, token)
        except TokenError:
            return self._site.message(request, "broken_link", status=404)
        with installation.store.read() as tx:
            stand, found = look(tx, signup, installation.clock())
            subscriber = (tx.subscribers.id_of(found.address) or 0) if found and stand is Stand.DONE else 0
        return self._page(request, stand, found, subscriber)

    def confirm(self, request: Request, token: str) -> Response:
        installation = self._site.installation
        try:
            signup = read_confirmation(installation.keys, token)
        except TokenError:
            return self._site.message(request, "broken_link", status=404)
        with installation.store.read() as tx:
            known = tx.signups.get(signup)
        language = self._site.spoken(known.language if known else "").words.language
        stand, found, subscriber = confirm(installation.store, signup, language=language, now=installation.clock())
        return self._page(request, Stand.DONE if stand is Stand.OPEN else stand, found, subscriber)

    def _page(self, request: Request, stand: Stand, found: Signup | None, subscriber: int) -> Response:
        voice = self._site.spoken(found.language if found else "")
        if found is None or stand is Stand.EXPIRED:
            return self._again(request, "confirm_expired", voice, status=410)
        if stand is Stand.BLOCKED:
            words = voice.words
            return self._site.page(
                request,
                "public/message.html.j2",
                voice=voice,
                title=words.plain("confirm_blocked_title"),
                lead=words.say("blocked"),
            )
        now = self._site.installation.clock()
        if stand is Stand.OPEN:
            rows = self._rows(found, set(found.choices), voice, now)
            return self._site.page(
                request, "public/confirm.html.j2", voice=voice, rows=rows, address=self._masked(found)
            )
        with self._site.installation.store.read() as tx:
            subscribed = {each.audience for each in tx.subscribers.find(found.address) if each.state == "subscribed"}
        here = subscribed & set(found.choices)
        if not here:
            return self._again(request, "confirm_used", voice, status=200)
        audience = next(each for each in found.choices if each in here)
        return self._site.page(
            request,
            "public/welcome.html.j2",
            voice=voice,
            rows=self._rows(found, here, voice, now),
            address=self._masked(found),
            preferences=f"p/{self._site.installation.keys.sign(PREFERENCES, subscriber, audience, '')}",
        )

    def _rows(self, found: Signup, audiences: set[str], voice: Voice, now: datetime) -> list[Any]:
        offered = newsletters(self._site.installation.settings)
        chosen = chosen_of(offered, {name: of for name, of in found.choices.items() if name in audiences})
        return [self._offers.row(each, voice, now=now) for each in chosen]

    def _again(self, request: Request, phrase: str, voice: Voice, *, status: int) -> Response:
        words = voice.words
        return self._site.page(
            request,
            "public/again.html.j2",
            status=status,
            voice=voice,
            title=words.plain(f"{phrase}_title"),
            lead=words.say(f"{phrase}_lead"),
        )

    def _masked(self, found: Signup) -> str:
        return masked(found.address)
