"""The desk's key: what lets a browser on this machine in while nobody has an account.

It stands in the address that Broadsheet prints where it starts. The newsroom's ring signs it: nothing is kept of it,
all machines of a newsroom know it, and who only reaches the pages cannot make one.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from bot.errors import TokenError
from bot.tokens import KeyRing

PARAMETER = "key"
"""Its name in the address."""
GOOD_FOR = timedelta(days=1)
"""How long an address opens the desk after it was printed."""
KEPT_FOR = timedelta(days=30)
"""How long a browser that was let in stays so."""
_ADDRESS, _BROWSER = "desk", "browser"


def key(keys: KeyRing, now: datetime) -> str:
    """A key for an address; good for ``GOOD_FOR``."""
    return keys.sign(_ADDRESS, int(now.timestamp()))


def opens(keys: KeyRing, given: str, now: datetime) -> bool:
    """Whether ``given``, of an address, is a key that is good yet."""
    return _fresh(keys, _ADDRESS, given, now, GOOD_FOR)


def token(keys: KeyRing, now: datetime) -> str:
    """What a browser keeps that came with a key; good for ``KEPT_FOR``."""
    return keys.sign(_BROWSER, int(now.timestamp()))


def known(keys: KeyRing, given: str, now: datetime) -> bool:
    """Whether ``given`` is the token of a browser that was let in."""
    return _fresh(keys, _BROWSER, given, now, KEPT_FOR)


def cookie(keys: KeyRing) -> str:
    """The name under which a browser keeps its token: cookies know no port, and two newsrooms may share a machine."""
    return f"broadsheet-{keys.derived_id('desk-cookie', characters=8)}"


def address(keys: KeyRing, url: str, now: datetime, path: str = "") -> str:
    """The address below ``url`` that opens the desk in a browser of this machine."""
    # What listens on all addresses opens the desk on the machine's own alone.
    here = url.rstrip("/").replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]")
    return f"{here}/{path}?{PARAMETER}={key(keys, now)}"


def _fresh(keys: KeyRing, purpose: str, given: str, now: datetime, good_for: timedelta) -> bool:
    with suppress(TokenError):
        match keys.verify(purpose, given):
            case [int(at)]:
                return now.timestamp() - at < good_for.total_seconds()
    return False
