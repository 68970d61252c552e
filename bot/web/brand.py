"""The newsroom's colours and faces as custom properties: the only style that depends on settings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.editions.brand import Palette, Tokens
from bot.errors import RenderError

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_STACK = re.compile(r"[A-Za-z0-9 ,'-]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*")
_LINES = (20, 24, 26, 28, 30, 32, 38, 40, 44, 48)


def stylesheet(tokens: Tokens, others: Iterable[Tokens] = ()) -> str:
    """``:root`` for light and dark, and the faces of pages in the languages of ``others``.

    Raises ``RenderError`` on a value that is neither a colour nor a font stack.
    """
    light, dark = _colours(tokens.light), _colours(tokens.dark)
    shape = _shape(tokens)
    rules = [
        f":root {{\n  color-scheme: light dark;\n  {_rows([*shape, *light], 2)}\n}}\n"
        f"@media (prefers-color-scheme: dark) {{\n  :root {{\n    {_rows(dark, 4)}\n  }}\n}}\n"
    ]
    for each in others:
        language = _checked(_LANGUAGE, each.language)
        rules.append(f":root:lang({language}) {{\n  {_rows(_shape(each), 2)}\n}}\n")
    return "".join(rules)


def _shape(tokens: Tokens) -> list[str]:
    return [
        f"--serif: {_checked(_STACK, tokens.serif)};",
        f"--sans: {_checked(_STACK, tokens.sans)};",
        f"--headline: {_checked(_STACK, tokens.headline)};",
        f"--headline-weight: {int(tokens.headline_weight)};",
        f"--tracking: {1 if tokens.tracked else 0};",
        *(f"--line-{height}: {tokens.line(height)}px;" for height in _LINES),
    ]


def _rows(rows: list[str], indent: int) -> str:
    return ("\n" + " " * indent).join(rows)


def _colours(palette: Palette) -> list[str]:
    named = {
        "paper": palette.paper,
        "panel": palette.panel,
        "ink": palette.ink,
        "ink-2": palette.ink2,
        "ink-3": palette.ink3,
        "line": palette.line,
        "edge": palette.edge,
        "warn": palette.warn,
        "error": palette.error,
        "accent": palette.accent,
        "on-accent": palette.on_accent,
    }
    return [f"--{name}: {_checked(_HEX, value)};" for name, value in named.items()]


def _checked(shape: re.Pattern[str], value: str) -> str:
    if not shape.fullmatch(value):
        raise RenderError(f"brand: {value[:40]!r} cannot stand in a style sheet")
    return value
