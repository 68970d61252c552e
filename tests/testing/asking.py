"""What those who ask the fakes bring."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int = 8, height: int = 8, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), (120, 20, 60)).save(written, kind)
    return written.getvalue()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
