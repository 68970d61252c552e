"""Which column of a newsroom's own list seems to be what: by its name, and by what stands in its first rows.

An editor sees each guess and can say no. How a reader agreed is proof before the law: that is guessed from no name that
is also given to other remarks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.audience.csv_file import clean, unguarded
from bot.audience.origins import PLAIN, places
from bot.audience.row import agrees
from bot.settings import is_address

ROWS = 50
"""Of so many rows the cells are looked at."""
_MOST = 0.8
"""So large a part of a column's cells has to be of one kind: lists are kept by hand."""

_NAMES = {
    "language": ("language", "lang", "locale", "sprache", "言語", "اللغة"),
    "note": ("consent note", "consent_note", "how they agreed"),
    "tags": ("tags", "topics", "interests"),
    "subscribed": ("agreed", "consent date", "date", "subscribed_at", "subscribed at", "signup date", "created_at"),
}
_AGREED = (
    "agreed", "agreed?", "agrees", "consent", "consent?", "opt-in", "opt in", "optin", "opt_in", "subscribed", "ok",
    "ok?", "newsletter", "einwilligung", "zustimmung", "zugestimmt", "同意", "موافقة", "موافق",
)  # fmt: skip


def guessed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Where each field of a file of nobody's known export seems to stand; ``columns`` are in small letters."""
    found = places(columns, PLAIN, {})
    for field, names in _NAMES.items():
        if field not in found and (known := next((each for each in names if each in columns), "")):
            found[field] = columns.index(known)
    _by_address(found, columns, rows)
    _by_answer(found, columns, rows)
    return found


def _by_address(found: dict[str, int], columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # "Address" may be a street; no other column than the right one is full of mail addresses.
    if "email" in found and _are(rows, found["email"], is_address):
        return
    full = [place for place in range(len(columns)) if _are(rows, place, is_address)]
    if full:
        for field in [field for field, place in found.items() if place == full[0]]:
            del found[field]
        found["email"] = full[0]


def _by_answer(found: dict[str, int], columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # A yes or no is asked of the name, too: who is a member, or pays, has agreed to nothing by that.
    for place, name in enumerate(columns):
        if name in _AGREED and _are(rows, place, lambda cell: agrees(cell) is not None):
            if found.get("subscribed") == place:
                del found["subscribed"]
            found["agreed"] = place
            return


def _are(rows: Sequence[Sequence[str]], place: int, kind: Callable[[str], bool]) -> bool:
    """Whether most of what stands in a column is of a kind."""
    cells = [clean(unguarded(row[place])) for row in rows if place < len(row)]
    cells = [cell for cell in cells if cell]
    return bool(cells) and sum(map(kind, cells)) >= len(cells) * _MOST
