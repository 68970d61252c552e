"""One published item of a newsroom."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of an article. ``url`` is absolute http(s); ``alt`` says what is seen; ``credit`` who made it."""

    url: str
    alt: str = ""
    caption: str = ""
    credit: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One published item, cleaned. All text but ``body`` is plain text; ``body`` is sanitised HTML.

    ``guid`` is the identity its source gives it, ``url`` the canonical address readers are sent to. Times are in
    UTC. ``language`` is a BCP 47 tag, "" when nothing is known. ``id``, ``revision`` and ``withdrawn`` are the
    store's: 0, 0 and False until the article is stored.
    """

    source: str
    guid: str
    url: str
    title: str
    published: datetime
    updated: datetime | None = None
    standfirst: str = ""
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    image: Image | None = None
    images: tuple[Image, ...] = ()
    body: str = ""
    pinned: bool = False
    id: int = 0
    revision: int = 0
    withdrawn: bool = False
    first_seen: datetime | None = None

    def content(self) -> dict[str, Any]:
        """What a revision is made of, as JSON types: all fields but the store's own."""
        fields = asdict(self)
        for own in ("id", "revision", "withdrawn", "first_seen"):
            del fields[own]
        for moment in ("published", "updated"):
            fields[moment] = fields[moment].isoformat() if fields[moment] else None
        return fields

    @classmethod
    def from_content(cls, content: dict[str, Any], **own: Any) -> Article:
        """The inverse of ``content``; ``own`` are the store's fields."""
        fields = dict(content)
        fields["published"] = datetime.fromisoformat(fields["published"])
        fields["updated"] = datetime.fromisoformat(fields["updated"]) if fields["updated"] else None
        fields["image"] = Image(**fields["image"]) if fields["image"] else None
        fields["images"] = tuple(Image(**image) for image in fields["images"])
        for words in ("authors", "sections", "tags"):
            fields[words] = tuple(fields[words])
        return cls(**fields, **own)

    @property
    def fingerprint(self) -> str:
        """Equal for two revisions exactly when readers would see no difference (32 hex digits).

        ``updated`` is left out: many systems touch it without changing a word.
        """
        content = self.content()
        del content["updated"]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]

    def stored(self, **own: Any) -> Article:
        """The same article with the store's fields set."""
        return replace(self, **own)
