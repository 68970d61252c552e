"""``/settings/webhooks``: other programs that are told what happens here. Admins alone: readers' addresses go there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from bot.delivery.outgoing import endpoints
from bot.delivery.outgoing.endpoints import TYPES, WrongField, server_of
from bot.errors import NotFound, StateError
from bot.model import EventType, User
from bot.speech.catalog import _
from bot.speech.phrases import told_error
from bot.web.editor.access import Admin
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submission, Submitted
from bot.web.editor.webhook_words import GROUPS, answer_word, event_word, off_word, outcome, standing

HERE = "settings/webhooks"
SOON = timedelta(minutes=1)
"""While an event is to be posted so soon, its program's page looks again by itself."""
SHOWN = 20
"""Events of one program on its page."""
Id = Annotated[int, Path(ge=1, le=2**53 - 1)]
_WORDS: dict[str, Any] = {
    "groups": GROUPS,
    "event_word": event_word,
    "off_word": off_word,
    "answer_word": answer_word,
    "server_of": server_of,
}


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/settings/webhooks`` and of each of them, and the POSTs of their forms."""
    installation = desk.installation

    @router.api_route("/settings/webhooks", methods=["GET", "HEAD"])
    def every(request: Request, user: Admin) -> Response:
        return _list(desk, request, user)

    @router.post("/settings/webhooks")
    def make(request: Request, user: Admin, form: Submitted) -> Response:
        try:
            secret, made = endpoints.make(
                installation.store,
                installation.keys,
                **_given(desk, form),
                who=user.name_on_record,
                now=installation.clock(),
            )
        except WrongField as error:
            return _list(desk, request, user, errors=_errors(error), form=form)
        except StateError as error:
            return desk.refused(request, error)
        # Not by a redirect: the secret is nowhere else but sealed.
        return _one(desk, request, user, made.id, secret=secret)

    @router.api_route("/settings/webhooks/{endpoint}", methods=["GET", "HEAD"])
    def show(request: Request, user: Admin, endpoint: Id) -> Response:
        return _one(desk, request, user, endpoint)

    @router.post("/settings/webhooks/{endpoint}")
    def change(request: Request, user: Admin, endpoint: Id, form: Submitted) -> Response:
        try:
            changed = endpoints.change(
                installation.store, endpoint, **_given(desk, form), who=user.name_on_record, now=installation.clock()
            )
        except WrongField as error:
            return _one(desk, request, user, endpoint, errors=_errors(error), form=form)
        except NotFound:
            return desk.missing(request)
        return desk.done(request, f"{HERE}/{endpoint}", _("%(name)s is changed.") % {"name": changed.name})

    @router.post("/settings/webhooks/{endpoint}/secret")
    def rotate(request: Request, user: Admin, endpoint: Id) -> Response:
        try:
            secret = endpoints.rotate(
                installation.store, installation.keys, endpoint, who=user.name_on_record, now=installation.clock()
            )
        except NotFound:
            return desk.missing(request)
        return _one(desk, request, user, endpoint, secret=secret)

    def acted(
        request: Request, user: User, act: Callable[..., object], endpoint: int, *more: str, said: str
    ) -> Response:
        try:
            act(installation.store, endpoint, *more, who=user.name_on_record, now=installation.clock())
        except NotFound:
            return desk.missing(request)
        except StateError as error:
            return desk.refused(request, error)
        return desk.done(request, f"{HERE}/{endpoint}", said)

    @router.post("/settings/webhooks/{endpoint}/disable")
    def disable(request: Request, user: Admin, endpoint: Id) -> Response:
        said = _("It is told nothing any more, until you enable it.")
        return acted(request, user, endpoints.disable, endpoint, said=said)

    @router.post("/settings/webhooks/{endpoint}/enable")
    def enable(request: Request, user: Admin, endpoint: Id) -> Response:
        return acted(request, user, endpoints.enable, endpoint, said=_("It is told again, also what waited."))

    @router.post("/settings/webhooks/{endpoint}/test")
    def test(request: Request, user: Admin, endpoint: Id) -> Response:
        said = _("The test goes out within seconds.")
        return acted(request, user, endpoints.ping, endpoint, said=said)

    @router.post("/settings/webhooks/{endpoint}/again")
    def again(request: Request, user: Admin, endpoint: Id, form: Submitted) -> Response:
        said = _("It is sent again within seconds, by the same id.")
        return acted(request, user, endpoints.send_again, endpoint, form.text("message", longest=40), said=said)

    @router.post("/settings/webhooks/{endpoint}/remove")
    def remove(request: Request, user: Admin, endpoint: Id) -> Response:
        try:
            gone = endpoints.remove(installation.store, endpoint, who=user.name_on_record, now=installation.clock())
        except NotFound:
            return desk.missing(request)
        return desk.done(request, HERE, _("%(name)s is removed.") % {"name": gone.name})


def _given(desk: Desk, form: Submission) -> dict[str, Any]:
    return {
        "name": form.text("name", longest=200),
        "url": form.text("url", longest=3_000),
        "types": _types(form),
        "loopback": desk.installation.settings.http.allow_loopback,
    }


def _types(form: Submission) -> set[EventType]:
    return {EventType(each) for each in form.all("types", longest=40) if each in TYPES}


def _errors(error: WrongField) -> dict[str, str]:
    said = {
        "name": _("Write which program listens, in 80 characters at most."),
        "url": _("It must begin with https:// and name a server outside of this network."),
        "types": _("Choose what it is to be told."),
    }
    return {error.field: said.get(error.field, told_error(error))}


def _list(
    desk: Desk,
    request: Request,
    user: User,
    *,
    errors: Mapping[str, str] | None = None,
    form: Submission | None = None,
) -> Response:
    with desk.installation.store.read() as tx:
        found, waits = tx.endpoints.every(), tx.endpoints.waits()
    return desk.page(
        request,
        user,
        "editor/webhooks.html.j2",
        here="settings",
        status=422 if errors else 200,
        errors=errors or {},
        values=form.values() if form else {},
        chosen=_types(form) if form else set(),
        found=found,
        waits=waits,
        standings={each.id: standing(each) for each in found},
        **_WORDS,
    )


def _one(
    desk: Desk,
    request: Request,
    user: User,
    endpoint: int,
    *,
    errors: Mapping[str, str] | None = None,
    form: Submission | None = None,
    secret: str = "",
) -> Response:
    """``secret`` is shown this once."""
    with desk.installation.store.read() as tx:
        found = tx.endpoints.get(endpoint)
        calls = tx.endpoints.calls(endpoint, SHOWN)
        waits = tx.endpoints.waits().get(endpoint, 0)
    if found is None:
        return desk.missing(request)
    soon = desk.installation.clock() + SOON
    return desk.page(
        request,
        user,
        "editor/webhook.html.j2",
        here="settings",
        status=422 if errors else 200,
        errors=errors or {},
        values=form.values() if form else {"name": found.name},
        chosen=_types(form) if form else found.types,
        webhook=found,
        calls=calls,
        waits=waits,
        live=found.disabled is None and any(each.due and each.due <= soon for each in calls),
        secret=secret,
        standing=standing(found),
        both_until=found.before_until
        if found.before_until and found.before_until > desk.installation.clock()
        else None,
        outcomes={each.event: outcome(each, found.disabled is not None) for each in calls},
        **_WORDS,
    )
