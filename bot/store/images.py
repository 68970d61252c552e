"""Hosted pictures: their bytes, where they came from, and which editions show them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, or_, select, update

from bot.model import EditionState, Fetched, HostedImage, HostedPicture
from bot.store.conflict import insert_all_or_ignore, insert_or_ignore, insert_or_replace
from bot.store.tables import edition_images, editions, images, pictures

_UNSENT = (EditionState.SKIPPED, EditionState.EXPIRED, EditionState.CANCELLED)


class Images:
    """Each image once, by its content; what an edition shows that went out is never taken away."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, image: HostedImage, content: bytes, now: datetime) -> None:
        """Keeps an image; of one that is there already, that it is used ``now``."""
        row = {"name": image.name, "content": content, "width": image.width, "height": image.height, "used": now}
        if not insert_or_ignore(self._connection, images, row):
            self.use([image.name], now)

    def use(self, names: Collection[str], now: datetime) -> None:
        """Says that an edition may take them: what nobody used for long is swept."""
        if names:
            self._connection.execute(update(images).where(images.c.name.in_(names)).values(used=now))

    def content(self, name: str) -> bytes | None:
        """The bytes of an image, None when there is no such one."""
        content = self._connection.execute(select(images.c.content).where(images.c.name == name)).scalar()
        return None if content is None else bytes(content)

    def newest(self) -> str:
        """The name of the image that an edition could take last; "" when there is none."""
        query = select(images.c.name).order_by(images.c.used.desc(), images.c.name).limit(1)
        return self._connection.execute(query).scalar() or ""

    def note(self, fetched: Fetched) -> None:
        """Keeps what became of a picture, in the place of what was known of it."""
        names = [each.name for each in fetched.picture.images] if fetched.picture else []
        row = {
            "key": _key(fetched.url),
            # No database takes half a surrogate for a text, PostgreSQL no NUL either.
            "url": fetched.url.encode("utf-8", "replace").decode().replace("\0", ""),
            "at": fetched.at,
            "whole": names[0] if names else "",
            "crop": names[1] if names[1:] else "",
            "fault": fetched.fault.replace("\0", ""),
            "etag": fetched.etag,
            "modified": fetched.modified,
        }
        insert_or_replace(self._connection, pictures, row)

    def known(self, urls: Iterable[str]) -> dict[str, Fetched]:
        """What is known of the pictures at ``urls``; one whose copies are gone is not known."""
        keys = {_key(url): url for url in urls}
        whole, crop = images.alias("whole_image"), images.alias("crop_image")
        query = (
            select(
                pictures,
                *(column.label(f"whole_{column.name}") for column in (whole.c.name, whole.c.width, whole.c.height)),
                *(column.label(f"crop_{column.name}") for column in (crop.c.name, crop.c.width, crop.c.height)),
            )
            .outerjoin(whole, whole.c.name == pictures.c.whole)
            .outerjoin(crop, crop.c.name == pictures.c.crop)
            .where(pictures.c.key.in_(keys))
        )
        found = (_fetched(row, keys[row.key]) for row in self._connection.execute(query))
        return {each.url: each for each in found if each.picture or each.fault}

    def show(self, edition: str, names: Iterable[str]) -> None:
        """Says that ``edition`` shows these."""
        rows = [{"edition": edition, "image": name} for name in dict.fromkeys(names)]
        if rows:
            insert_all_or_ignore(self._connection, edition_images, rows)

    def forget(self, edition: str) -> None:
        """The edition's renditions are made anew: it shows none of what they showed."""
        self._connection.execute(delete(edition_images).where(edition_images.c.edition == edition))

    def of(self, edition: str) -> tuple[str, ...]:
        """The names of what an edition shows."""
        query = select(edition_images.c.image).where(edition_images.c.edition == edition)
        return tuple(self._connection.execute(query.order_by(edition_images.c.image)).scalars())

    def sweep(self, before: datetime, limit: int = 100) -> int:
        """Deletes at most ``limit`` images that were not used since ``before`` and that no edition needs.

        An edition that ended without going out to anybody needs none. Returns how many it deleted.
        """
        unsent = select(editions.c.id).where(
            editions.c.state.in_(_UNSENT), editions.c.snapshot.is_(None), editions.c.changed < before
        )
        self._connection.execute(delete(edition_images).where(edition_images.c.edition.in_(unsent)))
        needed = exists().where(edition_images.c.image == images.c.name)
        old = select(images.c.name).where(images.c.used < before, ~needed).limit(limit)
        gone = self._connection.execute(delete(images).where(images.c.name.in_(old))).rowcount
        kept = select(images.c.name)
        stale = or_(pictures.c.whole == "", pictures.c.whole.not_in(kept))
        self._connection.execute(delete(pictures).where(and_(pictures.c.at < before, stale)))
        return gone


def _fetched(row: Row[Any], url: str) -> Fetched:
    whole = crop = None
    if row.whole_name:
        whole = HostedImage(name=row.whole_name, width=row.whole_width, height=row.whole_height)
    if row.crop_name:
        crop = HostedImage(name=row.crop_name, width=row.crop_width, height=row.crop_height)
    complete = whole and bool(crop) == bool(row.crop)
    return Fetched(
        url=url,
        at=row.at,
        picture=HostedPicture(whole=whole, crop=crop) if whole and complete else None,
        fault=row.fault,
        etag=row.etag,
        modified=row.modified,
    )


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
