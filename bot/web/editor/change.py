"""What a form of an edition changes: which of its fields somebody wrote in, and why it could not be taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from bot.errors import ConflictError
from bot.schedules.truth import TextFinding
from bot.web.editor.form import Submission


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form was not taken: ``conflict`` with somebody else's, or ``said``. ``values`` are what stood in it."""

    said: str = ""
    conflict: ConflictError | None = None
    values: dict[str, str] = field(default_factory=dict)


def changed(form: Submission, name: str, *, longest: int) -> str | None:
    """What was written into a field; None when it still says what it said when the page was made."""
    text = form.text(name, longest=longest)
    return None if name not in form or text == form.text(f"{name}_was", longest=longest) else text


def said(request: Request, words: str) -> str:
    """``words`` for a page that is loaded anew; a part of one shows by itself what was done."""
    return "" if "HX-Request" in request.headers else words


def mended(text: str, found: TextFinding) -> str:
    """``text`` with what is true in the place of what was found in it."""
    at = found.start if text[found.start : found.end] == found.text else text.find(found.text)
    return text if at < 0 else f"{text[:at]}{found.mending}{text[at + len(found.text) :]}"
