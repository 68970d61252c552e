"""A picture of an article as we serve it ourselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedImage:
    """A JPEG or PNG at ``PUBLIC_URL/i/NAME``. ``name`` is made of its content; its size is in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostedPicture:
    """A picture ``whole``, and cut to 3:2 for where two stand side by side; without ``crop`` it has that shape."""

    whole: HostedImage
    crop: HostedImage | None = None

    @property
    def images(self) -> tuple[HostedImage, ...]:
        return (self.whole, self.crop) if self.crop else (self.whole,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of the picture at ``url``, when it was last asked for (``at``, UTC).

    ``picture`` is None when there is none to be shown, and ``fault`` says why. ``etag`` and ``modified`` are what its
    server gave to ask again by (RFC 9110 §8.8), "" without.
    """

    url: str
    at: datetime
    picture: HostedPicture | None = None
    fault: str = ""
    etag: str = ""
    modified: str = ""
