"""The writing of a language: which script it is set in, and which way it runs."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from babel.core import get_global

_LEFT, _RIGHT = frozenset({"L"}), frozenset({"R", "AL"})
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_RIGHT_TO_LEFT = {"Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg", "Mand", "Samr"}


@dataclass(frozen=True, slots=True)
class Script:
    """``code`` is ISO 15924 (``Latn``, ``Jpan``), ``direction`` the ``dir`` of HTML: ``ltr`` or ``rtl``."""

    code: str
    direction: str


def script_of(language: str) -> Script:
    """The script of a BCP 47 tag: the one it names, else the one CLDR holds likely; Latin when nothing is known."""
    parts = language.replace("_", "-").split("-")
    named = next((part.title() for part in parts[1:] if len(part) == 4 and part.isalpha()), "")
    code = named or _likely(parts)
    return Script(code, "rtl" if code in _RIGHT_TO_LEFT else "ltr")


def apart(text: str, direction: str) -> str:
    """``text`` as it can stand among other words in a line that runs in ``direction``.

    What has letters of the other direction is set between isolates (UAX #9, 2.4; checked 2026-11-26): it keeps its own
    order and turns nothing around it, neither a full stop nor the item after it.
    """
    other = _LEFT if direction == "rtl" else _RIGHT
    if not any(unicodedata.bidirectional(letter) in other for letter in text):
        return text
    return f"\u2068{text.translate(_TURNING)}\u2069"


def _likely(parts: list[str]) -> str:
    likely: dict[str, str] = get_global("likely_subtags")  # type: ignore[assignment]
    base = parts[0].lower()
    territory = next((part.upper() for part in parts[1:] if len(part) in (2, 3)), "")
    full = (territory and likely.get(f"{base}_{territory}")) or likely.get(base) or "und_Latn"
    return next((part for part in full.split("_") if len(part) == 4), "Latn")
