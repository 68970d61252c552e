"""The bodies that webhooks are posted, as the description has them (OpenAPI 3.1, ``webhooks``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.model import EditionState, EventType

Edition = Literal[
    EventType.EDITION_DRAFTED,
    EventType.EDITION_SKIPPED,
    EventType.EDITION_AWAITING,
    EventType.EDITION_APPROVED,
    EventType.EDITION_RETURNED,
    EventType.EDITION_HELD,
    EventType.EDITION_SENDING,
    EventType.EDITION_PAUSED,
    EventType.EDITION_SENT,
    EventType.EDITION_CANCELLED,
    EventType.EDITION_EXPIRED,
]


class Told(BaseModel):
    """Nothing else stands in it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class EditionTold(Told):
    """An edition, as it was then. ``title`` is its first story's. ``deliveries``: how many it has, null before it is
    sent. ``counts``: of them by state, of one that is sent, paused or cancelled. ``url`` is its page on the desk.
    """

    id: str
    schedule: str
    slot_key: str
    slot: datetime
    state: EditionState
    name: str
    title: str | None
    stories: int
    reason: str
    approval: bool
    version: int
    deliveries: int | None
    counts: dict[str, int] | None
    sent: datetime | None
    url: str


class SubscriberTold(Told):
    """``address`` is null, and ``url`` missing, of one who was erased before this was told."""

    id: int
    address: str | None
    audience: str
    via: str
    url: str | None = None


class SuppressedTold(Told):
    """``audience`` null: by none. ``id`` null: no reader has the address."""

    id: int | None
    address: str | None
    audience: str | None
    reason: str
    url: str | None = None


class ErasedTold(Told):
    """Who was erased: delete what you hold of them."""

    id: int


class ImportTold(Told):
    """A whole file. ``counts`` are of its rows, by what became of them; its readers have no events of their own."""

    import_: str = Field(alias="import")
    audience: str | None
    file: str
    counts: dict[str, int]


class PingTold(Told):
    """Who tries."""

    by: str


class EditionEvent(Told):
    """Something became of an edition."""

    type: Edition
    timestamp: datetime
    data: EditionTold


class SubscriberEvent(Told):
    """A reader came or left."""

    type: Literal[EventType.SUBSCRIBER_SUBSCRIBED, EventType.SUBSCRIBER_UNSUBSCRIBED]
    timestamp: datetime
    data: SubscriberTold


class SuppressedEvent(Told):
    """An address is not mailed any more."""

    type: Literal[EventType.SUBSCRIBER_SUPPRESSED]
    timestamp: datetime
    data: SuppressedTold


class ErasedEvent(Told):
    """A reader was erased."""

    type: Literal[EventType.SUBSCRIBER_ERASED]
    timestamp: datetime
    data: ErasedTold


class ImportEvent(Told):
    """A file was imported."""

    type: Literal[EventType.AUDIENCE_IMPORTED]
    timestamp: datetime
    data: ImportTold


class PingEvent(Told):
    """A test."""

    type: Literal[EventType.PING]
    timestamp: datetime
    data: PingTold


_SHAPES: tuple[type[Told], ...] = (
    EditionEvent,
    SubscriberEvent,
    SuppressedEvent,
    ErasedEvent,
    ImportEvent,
    PingEvent,
)
SHAPE_OF: Mapping[EventType, type[Told]] = {
    EventType(type): shape
    for shape in _SHAPES
    for type in shape.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
}
"""The body of each type."""

_SIGNED = [
    {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
    for name, said in (
        ("webhook-id", "The same on each try: what you know an event by."),
        ("webhook-timestamp", "Seconds of Unix time of this try."),
        (
            "webhook-signature",
            "`v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`; two while secrets change.",
        ),
    )
]
_ANSWERS = {
    "2XX": {"description": "It is yours."},
    "410": {"description": "You want no more: the webhook is turned off."},
    "default": {"description": "It is told again, up to nine times in three days."},
}


def webhooks() -> tuple[dict[str, Any], dict[str, Any]]:
    """What the description says of each event, and the schemas that this names."""
    schemas: dict[str, Any] = {}
    for shape in _SHAPES:
        made = shape.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= made.pop("$defs", {})
        schemas[shape.__name__] = made
    return {type.value: {"post": _post(type, shape)} for type, shape in SHAPE_OF.items()}, schemas


def _post(type: EventType, shape: type[Told]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}}
    return {
        "summary": type.value,
        "description": (shape.__doc__ or "").strip(),
        "tags": ["webhooks"],
        "security": [],
        "parameters": _SIGNED,
        "requestBody": {"required": True, "content": content},
        "responses": _ANSWERS,
    }
