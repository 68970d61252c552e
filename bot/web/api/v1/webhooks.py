"""``/webhooks``: where events are told, and what became of each.

Who makes one brings its secret: no answer of the API holds one, so none is kept for a call that is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Path, Request, Response
from pydantic import BaseModel, Field, SecretStr

from bot.delivery.outgoing import endpoints
from bot.delivery.outgoing.endpoints import MOST, NAME_LONGEST, URL_LONGEST, WrongField, server_of
from bot.model import CallState, Endpoint, EndpointCall, EndpointOff, EventType
from bot.web.api.v1.api import NO_NUL, Api, Done, Given, Number
from bot.web.api.v1.caller import Administering
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, cut, whole

_Name = Annotated[str, Field(min_length=1, max_length=NAME_LONGEST, pattern=NO_NUL)]
_Address = Annotated[str, Field(min_length=1, max_length=URL_LONGEST, pattern=NO_NUL)]
_Types = Annotated[list[EventType], Field(min_length=1, max_length=50)]
_Secret = Annotated[
    SecretStr,
    Field(
        min_length=1,
        description="`whsec_` and 24 to 64 random bytes in base64 (`openssl rand -base64 32`). It is not shown again.",
    ),
]
_Message = Annotated[str, Path(pattern="^msg_[0-9a-f]{26}$", description="An event's `webhook-id`.")]
T = TypeVar("T")


class WebhookShown(BaseModel):
    """``server`` is of its address, which may hold a secret. ``why`` it is told nothing, since ``disabled``;
    ``failing``: since when it has taken nothing. ``code`` (0: none) and ``said`` are of its last answer.
    """

    id: int
    name: str
    server: str
    types: list[EventType]
    created: datetime
    by: str
    disabled: datetime | None
    why: EndpointOff | None
    failing: datetime | None
    answered: datetime | None
    code: int
    said: str
    waiting: int

    @classmethod
    def of(cls, found: Endpoint, waiting: int) -> WebhookShown:
        return cls(
            id=found.id,
            name=found.name,
            server=server_of(found.url),
            types=sorted(found.types),
            created=found.created,
            by=found.by,
            disabled=found.disabled,
            why=found.why,
            failing=found.failing,
            answered=found.answered,
            code=found.code,
            said=found.said,
            waiting=waiting,
        )


class EventShown(BaseModel):
    """``id`` is its webhook-id. ``due``: when it is told next; null: no more."""

    id: str
    type: EventType
    at: datetime
    state: CallState
    tries: int
    tried: datetime | None
    code: int
    said: str
    due: datetime | None
    data: dict[str, Any]

    @classmethod
    def of(cls, found: EndpointCall) -> EventShown:
        return cls(
            id=found.message,
            type=found.type,
            at=found.at,
            state=found.state,
            tries=found.tries,
            tried=found.tried,
            code=found.code,
            said=found.said,
            due=found.due,
            data=dict(found.data),
        )


class NewWebhook(Given):
    """A program, and what it is to be told."""

    name: _Name
    url: _Address
    types: _Types
    secret: _Secret


class ChangedWebhook(Given):
    """``url`` left out: it stays."""

    name: _Name
    types: _Types
    url: _Address | None = None


class NewSecret(Given):
    """The one of before signs too for 24 hours."""

    secret: _Secret


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["webhooks"]

    def shown(endpoint: int) -> WebhookShown:
        with store.read() as tx:
            return WebhookShown.of(endpoints.known(tx, endpoint), tx.endpoints.waits().get(endpoint, 0))

    @router.get("/webhooks", tags=tags)
    def every(caller: Administering) -> Page[WebhookShown]:
        """All of them."""
        with store.read() as tx:
            waits = tx.endpoints.waits()
            return whole([WebhookShown.of(each, waits.get(each.id, 0)) for each in tx.endpoints.every()])

    @router.post("/webhooks", tags=tags, status_code=201, description=f"Adds one; there may be {MOST}.")
    def make(caller: Administering, given: NewWebhook) -> WebhookShown:
        loopback = api.installation.settings.http.allow_loopback
        _secret, made = _placed(
            lambda: endpoints.make(
                store,
                api.installation.keys,
                name=given.name,
                url=given.url,
                types=given.types,
                secret=given.secret.get_secret_value(),
                loopback=loopback,
                **api.by(caller),
            )
        )
        return WebhookShown.of(made, 0)

    @router.get("/webhooks/{webhook}", tags=tags)
    def one(caller: Administering, webhook: Number) -> WebhookShown:
        """One of them."""
        return shown(webhook)

    @router.put("/webhooks/{webhook}", tags=tags)
    def change(caller: Administering, webhook: Number, given: ChangedWebhook) -> WebhookShown:
        """Another address, or other events, from now on."""
        loopback = api.installation.settings.http.allow_loopback
        _placed(
            lambda: endpoints.change(
                store,
                webhook,
                name=given.name,
                url=given.url or "",
                types=given.types,
                loopback=loopback,
                **api.by(caller),
            )
        )
        return shown(webhook)

    @router.delete("/webhooks/{webhook}", tags=tags, status_code=204)
    def remove(caller: Administering, webhook: Number) -> Response:
        """Forgets it, with what it was told."""
        endpoints.remove(store, webhook, **api.by(caller))
        return Response(status_code=204)

    @router.post("/webhooks/{webhook}/secret", tags=tags)
    def rotate(caller: Administering, webhook: Number, given: NewSecret) -> WebhookShown:
        """Gives it another secret."""
        secret = given.secret.get_secret_value()
        _placed(lambda: endpoints.rotate(store, api.installation.keys, webhook, secret=secret, **api.by(caller)))
        return shown(webhook)

    @router.post("/webhooks/{webhook}/disable", tags=tags)
    def disable(caller: Administering, webhook: Number) -> WebhookShown:
        """Tells it nothing more."""
        endpoints.disable(store, webhook, **api.by(caller))
        return shown(webhook)

    @router.post("/webhooks/{webhook}/enable", tags=tags)
    def enable(caller: Administering, webhook: Number) -> WebhookShown:
        """Tells it again, also what waited."""
        endpoints.enable(store, webhook, **api.by(caller))
        return shown(webhook)

    @router.post("/webhooks/{webhook}/ping", tags=tags)
    def ping(caller: Administering, webhook: Number) -> Done:
        """Has it told an event that means nothing, within seconds."""
        endpoints.ping(store, webhook, **api.by(caller))
        return Done(changed=1)

    @router.get("/webhooks/{webhook}/events", tags=tags)
    def events(
        request: Request, caller: Administering, webhook: Number, limit: Limit = 50, cursor: Cursor = ""
    ) -> Page[EventShown]:
        """What it was told, or is to be, the newest first; kept for 30 days."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        with store.read() as tx:
            endpoints.known(tx, webhook)
            found = tx.endpoints.calls(webhook, limit + 1, before=int(place[0]) if place else 0)
        rows, last = cut(found, limit)
        return Page(data=[EventShown.of(each) for each in rows], next=cursors.next(last.event) if last else None)

    @router.get("/webhooks/{webhook}/events/{event}", tags=tags)
    def event(caller: Administering, webhook: Number, event: _Message) -> EventShown:
        """One of them."""
        with store.read() as tx:
            found = tx.endpoints.call(webhook, event)
        if found is None:
            raise missing("event")
        return EventShown.of(found)

    @router.post("/webhooks/{webhook}/events/{event}/again", tags=tags)
    def again(caller: Administering, webhook: Number, event: _Message) -> EventShown:
        """Has it told again, by the same webhook-id."""
        endpoints.send_again(store, webhook, event, **api.by(caller))
        with store.read() as tx:
            found = tx.endpoints.call(webhook, event)
        if found is None:
            raise missing("event")
        return EventShown.of(found)


def _placed(act: Callable[[], T]) -> T:
    """What ``act`` gives; what is wrong in the body with where it is."""
    try:
        return act()
    except WrongField as error:
        said = str(error)
        raise Refused(422, f"{said[:1].upper()}{said[1:]}.", pointer=f"#/{error.field}") from error
