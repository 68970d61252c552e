"""What a form sent, read without trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.exceptions import HTTPException

MOST = 2000
"""Fields of a form; more than any page of ours has, and no more than a body of ``MAX_BODY`` bytes costs little for."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The text fields of a form; a name may stand there several times."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field."""
        return self.values[name][-1] if name in self.values else default

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field: what is ticked in a group."""
        return self.values.get(name, ())

    def __contains__(self, name: object) -> bool:
        return name in self.values


async def form_fields(request: Request) -> Fields:
    """The text fields of a urlencoded or multipart body; a body that is neither, or broken, has none."""
    found: dict[str, list[str]] = {}
    try:
        async with request.form(max_files=4, max_fields=MOST) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    found.setdefault(_whole(name), []).append(_whole(value))
    except (HTTPException, UnicodeError):
        # A part may name a charset that decodes nothing.
        return Fields()
    return Fields({name: tuple(values) for name, values in found.items()})


def _whole(text: str) -> str:
    """Some charsets make halves of characters, which no page can show again."""
    return text.encode("utf-8", "replace").decode()
