"""Names on the record: each is one person's alone, and none can be taken for the program or for somebody else."""

from __future__ import annotations

import unicodedata

from bot.accounts.flaws import Flaw, Unfit
from bot.model import operator

LONGEST = 80
_RESERVED = ("broadsheet", "command line", "reader", "subscriber", "editor", "approver", "admin", "system")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def fit_name(name: str) -> str:
    """``name`` as it is kept. Raises ``Unfit``."""
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name:
        raise Unfit(Flaw.NAME_MISSING)
    if len(name) > LONGEST:
        raise Unfit(Flaw.NAME_LONG)
    unseen = any(unicodedata.category(each) in _UNSEEN for each in name)
    if unseen or not any(unicodedata.category(each).startswith("L") for each in name):
        raise Unfit(Flaw.NAME_UNFIT)
    if name_key(name) in {name_key(each) for each in (*_RESERVED, operator())}:
        raise Unfit(Flaw.NAME_RESERVED)
    return name


def name_key(name: str) -> str:
    """Equal for names that look alike in all but accents of case, width and spaces (Unicode UAX #15, NFKC)."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())[:400]
