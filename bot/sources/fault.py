"""Why a source is not read, told apart by what the visit said, so that an editor reads it in plain words."""

from __future__ import annotations

import re
from enum import StrEnum


class Fault(StrEnum):
    """What is wrong, and with whom. ``OTHER``: only the words of the visit tell."""

    CERTIFICATE_EXPIRED = "certificate expired"
    CERTIFICATE = "certificate"
    NO_TLS = "no tls"
    NO_NAME = "no name"
    INTERNAL = "internal"
    NO_CONNECTION = "no connection"
    SLOW = "slow"
    LOGIN = "login"
    REFUSED = "refused"
    MISSING = "missing"
    GONE = "gone"
    BUSY = "busy"
    SERVER = "server"
    TOO_LARGE = "too large"
    NO_FEED = "no feed"
    BROKEN = "broken"
    EMPTY = "empty"
    FOLDER = "folder"
    OTHER = "other"


# In order: the first that is found. What servers say stands in brackets behind our own words, so ours come first.
_SIGNS = (
    (Fault.CERTIFICATE_EXPIRED, r"certificate has expired"),
    (Fault.CERTIFICATE, r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"),
    (Fault.NO_TLS, r"SSL:|TLS"),
    (Fault.INTERNAL, r"leads to the internal address"),
    (Fault.NO_NAME, r"cannot be resolved|has no address|no such name"),
    (Fault.SLOW, r"no whole answer within|no connection within|did not answer within|takes longer than"),
    (Fault.NO_CONNECTION, r"no connection could be made|the exchange broke off"),
    (Fault.LOGIN, r"\(HTTP 401\)"),
    (Fault.REFUSED, r"\(HTTP 403\)"),
    (Fault.MISSING, r"\(HTTP 404\)"),
    (Fault.GONE, r"\(HTTP 410\)"),
    (Fault.BUSY, r"\(HTTP (?:429|503)\)"),
    (Fault.SERVER, r"\(HTTP 5\d\d\)"),
    (Fault.TOO_LARGE, r"is larger than|built to exhaust"),
    (Fault.NO_FEED, r"is a web page, not a feed|neither a WordPress API nor a feed|has no open WordPress API"),
    (Fault.EMPTY, r"there is no article in it yet"),
    (Fault.BROKEN, r"cannot be read|is not JSON|begins like JSON|packed wrongly|which is refused"),
    (Fault.FOLDER, r"there is no folder"),
)
_COMPILED = tuple((fault, re.compile(pattern)) for fault, pattern in _SIGNS)


def fault_of(error: str) -> Fault:
    """What an error of a visit (``SourceState.error``), or of a search, means."""
    return next((fault for fault, pattern in _COMPILED if pattern.search(error)), Fault.OTHER)
