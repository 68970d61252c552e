"""The text part: lines of at most 72 columns, addresses each on a line of their own and never broken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.editions.environment import Compiled, MailEnvironment, clean, render

COLUMNS = 72
# Kinsoku (JIS X 4051): these never begin a line.
_COMPILED = Compiled()
_NEVER_FIRST = set("、。，．・：；？！」』）】〉》〕｝ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ”’")


def render_text(folders: Sequence[Path], template: str, context: Mapping[str, Any]) -> str:
    """Renders a text template. Its filter ``wrap`` folds a value; no line ends in a space, no two are empty.

    Raises ``RenderError`` naming file and line.
    """
    environment = MailEnvironment(folders, clean, _COMPILED)
    environment.filters["wrap"] = wrap
    rendered = render(environment, template, context).replace("\u00a0", " ")
    lines = "\n".join(line.rstrip() for line in rendered.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


def wrap(text: str, indent: int = 0, columns: int = COLUMNS) -> str:
    """``text`` in lines of at most ``columns``, the later ones indented by ``indent``. No-break spaces hold."""
    lines: list[str] = []
    line = ""
    for gap, token in _tokens(clean(text)):
        # The first line of the value stands where the template put it: behind its indent.
        if line and indent + width(line + gap + token) > columns:
            lines.append(line)
            line = token
        else:
            line = line + gap + token if line else token
    return ("\n" + " " * indent).join([*lines, line])


def width(text: str) -> int:
    """Columns of a terminal: East Asian wide letters take two, combining marks none."""
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else 0 if unicodedata.combining(letter) else 1
        for letter in text
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    """(what stands before it, a piece that is never broken): words, and single letters of scripts without spaces."""
    tokens: list[tuple[str, str]] = []
    for index, word in enumerate(re.split(r"[ \t\r\n]+", text.strip())):
        gap = " " if index else ""
        for piece in re.findall(
            r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]|[^\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60]+", word
        ):
            if tokens and not gap and piece[0] in _NEVER_FIRST:
                before, last = tokens[-1]
                tokens[-1] = (before, last + piece)
            else:
                tokens.append((gap, piece))
            gap = ""
    return tokens
