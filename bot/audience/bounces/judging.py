"""What one answer of a server means for the address: words before numbers, a table, no state."""

from __future__ import annotations

import re

from bot.audience.bounces.words import CARRIERS, LATE, ROWS, UNAVAILABLE
from bot.model import Verdict

LONGEST = 2000
_URL = re.compile(r"(?:https?://|www\.)([^\s/<>\"')]{1,100})[^\s<>\"')]{0,500}")
_ADDRESS = re.compile(r"[^\s<>@:;,\"()\[\]]{1,100}@[^\s<>@:;,\"()\[\]]{1,255}")
_SPACE = re.compile(r"\s+")

REPLY = re.compile(
    r"(?<![\d.\[#-])([245]\d\d)(?=[\s\-:;,]|$)(?! ?(?:days?|hours?|minutes?|seconds?|bytes|kb|mb))", re.I
)
CODE = re.compile(r"(?<![\d.\[])([245]\.[0-9]\.\d{1,3})(?![\d.]*\d)")

# Said beside any refusal: by Cisco's gateways (and so Amazon SES), and by cPanel.
_WRAPPED = re.compile(r"5\.1\.0 - unknown address error|,? ?they may be blacklisted,?")

# The code alone, where the words say nothing (RFC 3463 §3 and its registry).
_HARD_CODES = {
    "1.1": "no such user",
    "1.2": "no such domain",
    "1.3": "no such user",
    "1.6": "moved",
    "1.10": "no such domain",
    "2.1": "disabled",
    "4.310": "no such domain",
    "1.351": "no such user",
    "7.13": "disabled",
    "7.17": "moved",
}
_SOFT_CODES = (
    (("1.7", "1.8"), "sender"),
    (("2.2",), "mailbox full"),
    (("2.3", "3.4"), "too large"),
    (("4.7",), "expired"),
    (("4.6",), "loop"),
    (("4.5", "7.28", "1.90"), "quota/rate"),
    (
        ("7.9", "7.515", "7.20", "7.21", "7.22", "7.23", "7.24", "7.26", "7.27", "7.29", "7.30"),
        "authentication",
    ),
    (("7.25",), "reputation"),
    (("7.*",), "policy"),
    (("6.*",), "content"),
    (("5.*",), "protocol"),
    (("4.*",), "network"),
    (("3.*",), "system"),
)
# Microsoft's way to say of a whole tenant's directory that the recipient is not in it (Directory-Based Edge Blocking).
_EDGE = re.compile(r"recipient address(?:es)? rejected ?: access denied")
# The code wins over words that it contradicts, here: nothing but the mailbox's state has this code.
_FULL = ("5.2.2", "4.2.2")


def judge(reply: int, code: str, text: str) -> tuple[Verdict, str]:
    """The verdict and our word for the reason of one SMTP answer or diagnostic.

    ``reply`` is the SMTP code (0: unknown), ``code`` the enhanced one (""), ``text`` what was said. Words win over
    codes: servers say 5.1.1 for policy and 5.7.1 for unknown users. A temporary answer is soft whatever it says; the
    positive one, and no answer at all, are NONE.
    """
    if 200 <= reply < 300 or (not reply and code.startswith("2")):
        return Verdict.NONE, "delivered"
    said = plain(text)
    if _WRAPPED.search(text[:LONGEST].lower()):
        # What it wraps is the answer.
        code = code_in(said) or code
    verdict, reason = _by_words(said, code)
    if not reason:
        verdict, reason = _by_code(code, reply, said)
    if not reason and not reply and not code:
        return Verdict.NONE, ""
    if verdict is Verdict.HARD and is_temporary(reply, code):
        verdict = Verdict.SOFT
    if reason == "no such user" and is_filtered(text):
        verdict, reason = Verdict.SOFT, "filtered"
    return verdict, reason or "refused"


def is_filtered(text: str) -> bool:
    """Whether a Japanese carrier answers the message, not the address: there a reader's filter says "unknown user"."""
    low = text[:LONGEST].lower()
    return bool(CARRIERS.search(low) and LATE.search(low))


def is_temporary(reply: int, code: str) -> bool:
    """Whether the answer is one of "try again": the SMTP code says so, or the enhanced one where there is none."""
    return 400 <= reply < 500 or (not reply and code.startswith("4"))


def plain(text: str) -> str:
    """``text`` as the table's words are looked for in it."""
    said = _SPACE.sub(" ", text[:LONGEST]).lower().replace("’", "'")
    said = _WRAPPED.sub(" ", said)
    said = _URL.sub(r" \1 ", said) if "http" in said or "www." in said else said
    return _ADDRESS.sub("<>", said) if "@" in said else said


def reply_in(text: str) -> int:
    """The first SMTP code of a refusal in ``text``; 0 without."""
    match = next((each for each in REPLY.finditer(text[:LONGEST]) if each[1][0] != "2"), None)
    return int(match[1]) if match else 0


def code_in(text: str) -> str:
    """The first enhanced code in ``text``; "" without."""
    match = CODE.search(text[:LONGEST])
    return match[1] if match else ""


def _by_words(said: str, code: str) -> tuple[Verdict, str]:
    if _EDGE.search(said) and (code == "5.4.1" or "5.4.1" in said or "outlook.com" in said):
        return Verdict.HARD, "no such user"
    for row in ROWS:
        if row.words.search(said):
            if row.reason in ("policy", "system", "protocol", "refused") and UNAVAILABLE.search(said):
                break
            if row.reason == "refused":
                # It says no more than the code does.
                break
            if row.verdict is Verdict.HARD and code in _FULL:
                return Verdict.SOFT, "mailbox full"
            return row.verdict, row.reason
    if UNAVAILABLE.search(said) and not code.startswith(("5.7", "4", "5.2.2")):
        return Verdict.HARD, "no such user"
    return Verdict.NONE, ""


def _by_code(code: str, reply: int, said: str) -> tuple[Verdict, str]:
    detail = code[2:]
    if code.startswith("5") and detail in _HARD_CODES:
        return Verdict.HARD, _HARD_CODES[detail]
    if reply == 556:
        return Verdict.HARD, "no such domain"
    for details, reason in _SOFT_CODES:
        if detail in details or any(each.endswith("*") and detail.startswith(each[:-1]) for each in details):
            return Verdict.SOFT, reason
    if reply == 552:
        return Verdict.SOFT, "mailbox full"
    return (Verdict.SOFT, "") if code or reply or said else (Verdict.NONE, "")
