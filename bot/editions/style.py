"""Brand tokens as structure: the only values that MJML sees, so each is held against its pattern once more."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from bot.editions.brand import Palette, Tokens
from bot.editions.colour import is_colour
from bot.editions.environment import Structure
from bot.errors import RenderError

_STACK = re.compile(r"(?:-?[A-Za-z][A-Za-z-]*|'[A-Za-z0-9 -]+')(?:, (?:-?[A-Za-z][A-Za-z-]*|'[A-Za-z0-9 -]+'))*")


def style_of(tokens: Tokens) -> dict[str, Any]:
    """What a template finds as ``brand``: colours by scheme and name, faces, direction, ``line(height)``.

    ``tracking(px)`` is a letter-spacing, 0 where the script takes none; ``slant`` is a font-style. Raises
    ``RenderError``.
    """
    return {
        "light": _colours(tokens.light),
        "dark": _colours(tokens.dark),
        **{
            face: _checked(getattr(tokens, face), _STACK.fullmatch, face)
            for face in ("serif", "sans", "headline", "outlook_sans", "outlook_headline")
        },
        "direction": _checked(tokens.direction, {"ltr", "rtl"}.__contains__, "direction"),
        "start": Structure(tokens.start),
        "end": Structure(tokens.end),
        "weight": int(tokens.headline_weight),
        "slant": Structure("italic" if tokens.tracked else "normal"),
        "line": tokens.line,
        "tracking": lambda px: Structure(f"{px:g}px" if tokens.tracked else "0"),
    }


def _colours(palette: Palette) -> dict[str, Structure]:
    return {
        field.name: _checked(getattr(palette, field.name), is_colour, f"colour {field.name}")
        for field in fields(palette)
    }


def _checked(value: str, allowed: Any, what: str) -> Structure:
    if not allowed(value):
        raise RenderError(f"brand: {value[:40]!r} cannot be the {what} of a mail")
    return Structure(value)
