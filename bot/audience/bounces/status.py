"""The machine-readable half of a delivery report: RFC 3464 §2, and what servers make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.audience.bounces.address import first_address, recipient_of
from bot.audience.bounces.fields import Fields, read_fields
from bot.audience.bounces.judging import code_in
from bot.audience.bounces.letter import Letter

KINDS = ("message/delivery-status", "message/global-delivery-status")
MOST_RECIPIENTS = 100
_OF_RECIPIENT = ("final-recipient", "original-recipient")
_GROUP = re.compile(r"^(?:final|original)-recipient[ \t]{0,4}:", re.I | re.M)
_ACTION = re.compile(r"^action[ \t]{0,4}:", re.I | re.M)
_BLANK = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Group:
    """What a report says of one recipient: addresses ("" when it names none), ``action`` and ``status`` as written."""

    original: str
    final: str
    action: str
    status: str
    diagnostic: str
    fields: Fields

    @property
    def recipient(self) -> str:
        """The address we wrote to comes before the one it was forwarded to (RFC 3464 §2.3.1)."""
        return self.original or self.final


def read_groups(letter: Letter) -> tuple[Group, ...]:
    """The groups of the outermost delivery status in ``letter``, also of one that lost its MIME; () without."""
    deepest = max((part.level for part in letter.parts), default=0)
    for level in range(deepest + 1):
        texts = [part.text for part in letter.of(*KINDS, level=level)]
        # Empty ones exist, with what they were to say in the text beside them.
        groups = _groups("\n\n".join(texts))
        if not groups:
            plain = letter.of("text/plain", "text/rfc822-headers", "application/octet-stream", level=level)
            groups = [each for part in plain if _looks_like(part.text) for each in _groups(part.text)]
            groups = groups or [each for part in plain for each in _groups(_unquoted(part.text))]
        if groups:
            return tuple(groups[:MOST_RECIPIENTS])
        if level == 0 and letter.of("returned", level=1) and not _forwards(letter):
            # What a report returns may be a report itself: of somebody else's mail.
            return ()
    return ()


def envelope_id(letter: Letter) -> str:
    """The envelope id that the sender gave (RFC 3461 §4.4), "" without."""
    for part in letter.of(*KINDS):
        return read_fields(part.text[:4000]).get("original-envelope-id")
    return ""


def _forwards(letter: Letter) -> bool:
    """Whether somebody passed a report on: an ordinary message with the report inside."""
    return letter.kind != "multipart/report" and any(part.kind in KINDS for part in letter.parts)


def _unquoted(text: str) -> str:
    """A report that somebody's program quoted when they passed it on; "" when there is none."""
    text = "\n".join(line.lstrip("> ") for line in text.split("\n") if line.startswith(">"))
    return text if _looks_like(text) else ""


def _looks_like(text: str) -> bool:
    return bool(_GROUP.search(text) and _ACTION.search(text))


def _groups(text: str) -> list[Group]:
    found: list[list[tuple[str, str]]] = []
    for block in _BLANK.split(text):
        for piece in _pieces(block):
            names = {name for name, _ in piece.pairs}
            if names & set(_OF_RECIPIENT):
                if found and not _whole(found[-1]) and not _repeats(found[-1], piece):
                    found[-1].extend(piece.pairs)
                else:
                    found.append(list(piece.pairs))
            elif found and names & {"action", "status", "diagnostic-code"} and not _whole(found[-1]):
                # An empty line too many between a recipient and what became of it.
                found[-1].extend(piece.pairs)
            elif names & {"action", "status"} and "reporting-mta" not in names:
                found.append(list(piece.pairs))
    return [_group(Fields(tuple(pairs))) for pairs in found if _says_something(pairs)]


def _pieces(block: str) -> Iterator[Fields]:
    """The fields of ``block``, cut where a second recipient begins without an empty line before it."""
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for name, value in read_fields(block).pairs:
        if name in seen and (name in _OF_RECIPIENT or (name == "action" and seen & set(_OF_RECIPIENT))):
            yield Fields(tuple(pairs))
            pairs, seen = [], set()
        pairs.append((name, value))
        seen.add(name)
    if pairs:
        yield Fields(tuple(pairs))


def _whole(pairs: list[tuple[str, str]]) -> bool:
    return any(name in ("action", "status") for name, _ in pairs)


def _repeats(pairs: list[tuple[str, str]], piece: Fields) -> bool:
    return any(name in piece for name, _ in pairs if name in _OF_RECIPIENT)


def _says_something(pairs: list[tuple[str, str]]) -> bool:
    return any(name in ("action", "status", "diagnostic-code") for name, _ in pairs)


def _group(fields: Fields) -> Group:
    # Cisco's gateways write the answer into a field of their own.
    diagnostic = " ".join(fields.all("diagnostic-code")) or fields.get("x-supplementary-info")
    final = recipient_of(fields.get("final-recipient"))
    original = recipient_of(fields.get("original-recipient"))
    if not final and not original:
        final = recipient_of(fields.get("x-actual-recipient", "x-failed-recipients")) or first_address(diagnostic)
    return Group(
        original=original,
        final=final,
        action=fields.get("action").partition("(")[0].strip().lower(),
        status=code_in(fields.get("status")),
        diagnostic=diagnostic,
        fields=fields,
    )
