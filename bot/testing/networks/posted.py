"""What followers of a fake network see."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PIL import Image, UnidentifiedImageError


@dataclass(frozen=True)
class Picture:
    """A picture as it was uploaded. ``alt`` is "" when it has none; ``width`` and ``height`` are 0 when unknown."""

    alt: str = ""
    content_type: str = ""
    data: bytes = field(default=b"", repr=False)
    url: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Card:
    """The preview of a link, where the post (and not the network's own crawler) brings it."""

    url: str
    title: str = ""
    description: str = ""
    thumbnail: Picture | None = None


@dataclass(frozen=True)
class Posted:
    """One post. ``text`` is what readers see, after markup is parsed; ``url`` the link the post carries beside it.

    ``raw`` is the body that made it (the last one, when it was edited), ``fields`` what only this network has.
    """

    id: str
    text: str
    when: datetime
    account: str = ""
    url: str = ""
    card: Card | None = None
    pictures: tuple[Picture, ...] = ()
    reply_to: str = ""
    language: str = ""
    warning: str = ""
    raw: bytes = field(default=b"", repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict)
    edited: datetime | None = None
    deleted: datetime | None = None


def picture(data: bytes, *, alt: str = "", url: str = "") -> Picture | None:
    """``data`` measured; its type is what the bytes are, whatever its name says. None: it is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.verify()
            width, height = opened.size
            kind = Image.MIME.get(opened.format or "", "")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return Picture(alt=alt, content_type=kind, data=data, url=url, width=width, height=height)


def as_json(value: Any) -> Any:
    """A post (or a part of one) as JSON takes it: times in ISO 8601, the bytes of pictures as length and SHA-256."""
    if isinstance(value, Picture):
        told = {name: getattr(value, name) for name in ("alt", "content_type", "url", "width", "height")}
        return {**told, "bytes": len(value.data), "sha256": hashlib.sha256(value.data).hexdigest()}
    if isinstance(value, (Posted, Card)):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    return value
