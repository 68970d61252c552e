"""Passwords: what is taken for one, and Argon2id (RFC 9106) of it.

The parameters are those of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane; checked 2026-11-29). A
hash carries its own, so that they can be raised: who logs in with an older one is given a new one.
"""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from functools import cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bot.accounts.flaws import Flaw, Unfit

SHORTEST, LONGEST = 12, 200
"""Characters (NIST SP 800-63B §3.1.1: length counts, rules of letters and digits do not)."""
_MEMORY, _PASSES, _LANES = 19_456, 2, 1
_HEAD = f"$argon2id$v=19$m={_MEMORY},t={_PASSES},p={_LANES}$"
_DIFFERENT = 5
_COMMON = (
    "password", "passwort", "kennwort", "passw0rd", "p@ssw0rd", "qwertyuiop", "qwerty", "qwertz", "asdfgh", "zxcvbn",
    "1q2w3e4r5t", "1q2w3e4r", "1qaz2wsx", "abcdefgh", "abcd", "letmein", "welcome", "willkommen", "iloveyou",
    "changeme", "geheim", "secret", "administrator", "admin", "login", "master", "monkey", "dragon", "football",
    "baseball",
    "princess", "sunshine", "superman", "schatz", "hallo", "hello", "test", "newsroom",
    "newsletter", "broadsheet", "パスワード", "كلمةالسر",
)  # fmt: skip
"""What the lists of passwords that leaked are full of (NIST SP 800-63B §3.1.1.2): alone, joined or with digits."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each takes 19 MiB and a core: a flood of logins is to take neither from who sends."""


def fit_password(password: str, *about: str) -> str:
    """``password`` if it may be one. ``about`` is what everybody knows of its owner and newsroom. Raises ``Unfit``."""
    if len(password) < SHORTEST:
        raise Unfit(Flaw.PASSWORD_SHORT)
    if len(password) > LONGEST:
        raise Unfit(Flaw.PASSWORD_LONG)
    plain = _plain(password)
    known = {_plain(part) for each in about for part in (each, each.partition("@")[0])} | {*_COMMON}
    left = plain
    for each in sorted(known, key=len, reverse=True):
        left = left.replace(each, "") if len(each) > 2 else left
    repeated = re.fullmatch(r"(.+?)\1+", plain)
    if repeated and len(repeated[1]) < SHORTEST:
        raise Unfit(Flaw.PASSWORD_GUESSED)
    if len(set(plain)) < _DIFFERENT or len(left.strip("0123456789!.-_ ")) < _DIFFERENT:
        raise Unfit(Flaw.PASSWORD_GUESSED)
    return password


def hash_password(password: str) -> str:
    """Takes some 50 ms of a core: never in a transaction that writes."""
    with _AT_ONCE:
        made = Argon2id(salt=os.urandom(16), length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY)
        return made.derive_phc_encoded(_bytes(password))


def is_password(password: str, hashed: str) -> bool:
    """Whether ``hashed`` is of ``password``; one that is "" is of none, and takes as long to say so."""
    with _AT_ONCE:
        try:
            Argon2id.verify_phc_encoded(_bytes(password), hashed or _nobodys())
        except InvalidKey:
            return False
    return bool(hashed)


def outdated(hashed: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return not hashed.startswith(_HEAD)


@cache
def _nobodys() -> str:
    made = Argon2id(salt=os.urandom(16), length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY)
    return made.derive_phc_encoded(os.urandom(32))


def _bytes(password: str) -> bytes:
    # Keyboards differ in how they write an accent.
    return unicodedata.normalize("NFC", password)[:LONGEST].encode("utf-8", "surrogatepass")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace(" ", "")
