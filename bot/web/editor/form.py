"""What a form of the desk sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, UploadFile
from starlette.datastructures import FormData

from bot.web.public.form import in_utf8

LONGEST = 20_000
"""Characters of a field that is given no other bound."""
MOST_FIELDS = 1000


def number_in(text: str, digits: int = 18) -> int:
    """A whole number of an address, such as an id of the store; 0 for what is none, or has more ``digits``."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else 0


class Submission:
    """The fields of one form. What was not sent is "", an empty list or None: nothing here raises."""

    def __init__(self, form: FormData) -> None:
        self._form = form

    def __contains__(self, name: str) -> bool:
        return name in self._form

    def text(self, name: str, *, longest: int = LONGEST) -> str:
        """The field's text without the white space around it, cut after ``longest`` characters."""
        value = self._form.get(name)
        if not isinstance(value, str):
            return ""
        # Browsers send line ends as CR LF (HTML, "constructing the entry list").
        return value.replace("\r\n", "\n").replace("\x00", "").strip()[:longest]

    def raw(self, name: str, *, longest: int) -> str:
        """The field as it was typed, spaces and all: a password."""
        value = self._form.get(name)
        return value[:longest] if isinstance(value, str) else ""

    def all(self, name: str, *, longest: int = 200) -> list[str]:
        """All values of a field that may be sent several times, in order."""
        return [value.strip()[:longest] for value in self._form.getlist(name) if isinstance(value, str)]

    def checked(self, name: str) -> bool:
        """Whether the box was checked."""
        return bool(self.text(name))

    def number(self, name: str) -> int | None:
        """A whole number; None when it is none, or has more than 15 digits."""
        value = self.text(name, longest=16)
        try:
            return int(value) if len(value) < 16 and value.isascii() else None
        except ValueError:
            return None

    def file(self, name: str) -> UploadFile | None:
        """An uploaded file; None without."""
        value = self._form.get(name)
        return value if value and not isinstance(value, str) else None  # type: ignore[return-value]

    def values(self) -> dict[str, str]:
        """Each field's last text: what is shown again when something in it is wrong."""
        return {name: self.text(name) for name in self._form if isinstance(self._form.get(name), str)}


async def _submission(request: Request) -> Submission:
    # In UTF-8, whatever codec its sender names: the login is open to everybody, and some codecs take quadratic time.
    return Submission(await in_utf8(request).form(max_files=1, max_fields=MOST_FIELDS))


Submitted = Annotated[Submission, Depends(_submission)]
"""A handler's parameter: read before the handler, which may then run in a thread."""
