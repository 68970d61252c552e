"""The pictures of a Mastodon account: uploaded, processed, described, attached to one status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.testing.networks.posted import Picture, picture


class Unfit(Exception):
    """The server's validation says no; the text is what it says."""


@dataclass(frozen=True)
class Medium:
    """``pending``: how often it is asked for in vain before it is ready. ``status`` is "" until it is attached."""

    id: str
    picture: Picture
    pending: int
    status: str = ""

    def entity(self, base: str) -> dict[str, Any]:
        """A MediaAttachment; it has no ``url`` until it is ready."""
        size = {"width": self.picture.width, "height": self.picture.height}
        return {
            "id": self.id,
            "type": "image",
            "url": None if self.pending else f"{base}/media/{self.id}",
            "preview_url": f"{base}/media/{self.id}",
            "description": self.picture.alt or None,
            "meta": {"original": size},
        }


@dataclass
class Media:
    """All pictures, and the limits the instance names."""

    most: int
    description_limit: int
    image_size_limit: int
    image_matrix_limit: int
    types: tuple[str, ...]
    processing: int
    _held: dict[str, Medium] = field(default_factory=dict)

    def configuration(self) -> dict[str, Any]:
        """``configuration.media_attachments`` of the instance."""
        return {
            "supported_mime_types": list(self.types),
            "description_limit": self.description_limit,
            "image_size_limit": self.image_size_limit,
            "image_matrix_limit": self.image_matrix_limit,
        }

    def upload(self, identity: str, data: bytes, description: Any) -> Medium:
        """Raises ``Unfit``."""
        found = picture(data, alt=self.alt(description))
        if found is None or found.content_type not in self.types:
            raise Unfit("File content type is invalid, File is invalid")
        if len(data) > self.image_size_limit:
            raise Unfit(f"File file size must be less than {self.image_size_limit // 1_048_576} MB")
        if found.width * found.height > self.image_matrix_limit:
            raise Unfit(f"{found.width}x{found.height} images are not supported")
        made = Medium(identity, found, self.processing)
        self.keep(made)
        return made

    def find(self, identity: str) -> Medium | None:
        """As it is now."""
        return self._held.get(identity)

    def ask(self, identity: str) -> Medium | None:
        """As it was before it was asked for: being asked for is what brings a picture on."""
        held = self._held.get(identity)
        if held is not None and held.pending:
            self.keep(replace(held, pending=held.pending - 1))
        return held

    def described(self, held: Medium, description: Any) -> Medium:
        """``held`` with another description; it is not kept yet. Raises ``Unfit``."""
        return replace(held, picture=replace(held.picture, alt=self.alt(description)))

    def keep(self, held: Medium) -> None:
        """``held`` in the place of what was there."""
        self._held[held.id] = held

    def alt(self, given: Any) -> str:
        """Raises ``Unfit`` when it is too long."""
        alt = str(given or "")
        if len(alt) > self.description_limit:
            raise Unfit(f"Description is too long (maximum is {self.description_limit} characters)")
        return alt

    def attachable(self, given: Any, status: str = "") -> list[Medium]:
        """The pictures named by ``given``, which are nobody's or those of ``status``. Raises ``Unfit``."""
        wanted = [str(each) for each in given] if isinstance(given, list) else []
        if len(wanted) > self.most:
            raise Unfit(f"Cannot attach more than {self.most} files")
        found = [self._held[each] for each in wanted if each in self._held]
        missing = sorted(set(wanted) - {each.id for each in found if each.status in ("", status)})
        if missing:
            raise Unfit(f"Media {', '.join(missing)} not found or already attached to another post")
        if any(each.pending for each in found):
            raise Unfit("Cannot attach files that have not finished processing. Try again in a moment!")
        return found

    def attach(self, media: Iterable[Medium], status: str) -> None:
        """``media``, and no others, are those of ``status``."""
        for each in self.of(status):
            self.keep(replace(each, status=""))
        for each in media:
            self.keep(replace(each, status=status))

    def of(self, status: str) -> Sequence[Medium]:
        """Those of a status."""
        return [each for each in self._held.values() if each.status == status]
