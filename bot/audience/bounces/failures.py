"""Whom a notice in prose speaks of, and which of its lines are about whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.audience.bounces.address import addresses, first_address, same
from bot.audience.bounces.letter import Letter
from bot.audience.bounces.notice import Notice

MOST = 100
_LONGEST_SEGMENT = 14
_LONGEST_LINE = 500
_ENOUGH = 3

_INTRODUCES = re.compile(
    r"following|address(?:es|ee)?|recipient|undeliver|delivered to|deliver(?:y|ed)?\b.{0,40}(?:to|fail)|not reach"
    r"|failed|destinat|empfänger|adress|宛|收件|получател|odbiorc|ontvanger|mottagar|alıcı|user",
    re.I,
)
_SPEAKS_OF = re.compile(
    r"recipient|rcpt|\bto ?[:<]|\buser|mailbox|address|account|deliver|failed|unknown|\b[45]\d\d\b|\b[45]\.\d\.\d"
    r"|did not|could not|unable|destinat|empfänger|адрес|宛",
    re.I,
)
_OTHERS = re.compile(
    r"contact|question|assistance|help|support|please (?:send|forward|mail|write|e-?mail)|https?://|\bfrom ?:"
    r"|\bsender\b|mail from|message-?id|reply|in-?reply-to|\bfor more|postmaster@|references|report (?:this"
    r"|problems)|\bvia\b|return-path|generated (?:by|for)|unsubscribe|complain|administrator",
    re.I,
)
_SERVICE = re.compile(
    r"^(?:postmaster|mailer-?daemon|abuse|support|help(?:desk)?|webmaster|hostmaster|mail-?admin|admin|noc|root"
    r"|info-?sys|unsubscribe|staff)$",
    re.I,
)
_MESSAGE_ID = re.compile(r"\b(?:message-?id|msgid|id)\b[: =(]{0,4}<?$", re.I)
_FROM_WHOM = re.compile(r"\b(?:from|von|by)\b[ :<]{0,3}$", re.I)
_ANSWER = re.compile(r"\b[45]\d\d[ -]|\b[45]\.\d\.\d")
_FROM_ALIAS = re.compile(
    r"\((?:generated|expanded|ultimately generated|redirected|forwarded) from:? {0,2}<?([^\s<>()]{3,320})>?\)", re.I
)
_ALIAS_LINE = re.compile(r"^\s{0,8}\((?:generated|expanded|ultimately generated) from", re.I)


@dataclass(frozen=True, slots=True)
class Failure:
    """``said`` are the texts to judge by, the closest to the recipient first."""

    recipient: str
    said: tuple[str, ...]


def read_failures(letter: Letter, notice: Notice) -> tuple[Failure, ...]:
    """The recipients of a notice. One without a recipient has a single failure with ""."""
    lines = lines_of(notice)
    listed = [
        each.address
        for value in letter.fields.all("x-failed-recipients", "x-failed-recipient")
        for each in addresses(value)
    ]
    found = list(dict.fromkeys(listed)) or _candidates(letter, notice, lines)
    if not found and len(notice.mailed) == 1:
        found = list(notice.mailed)
    whole = notice.text.strip()
    if not found:
        return (Failure("", (whole,)),)
    return tuple(Failure(each, (*segments(each, found, lines), whole)) for each in found[:MOST])


def lines_of(notice: Notice) -> list[str]:
    """The notice's lines, none so long that looking at it again and again takes time."""
    return [line[:_LONGEST_LINE] for line in notice.text.split("\n")]


def segments(recipient: str, others: list[str], lines: list[str]) -> Iterator[str]:
    """For each mention of ``recipient``: its line alone where an answer stands in it, then with what follows it.

    That ends where somebody else of ``others`` is named.
    """
    folded = recipient.casefold()
    rest = [each.casefold() for each in others if not same(each, recipient)]
    for at, line in enumerate(lines):
        if folded not in line.casefold():
            continue
        if _ANSWER.search(line):
            yield line.strip()
        piece = [line]
        for following in lines[at + 1 : at + _LONGEST_SEGMENT]:
            low = following.casefold()
            if any(each in low for each in rest):
                break
            piece.append(following)
        yield "\n".join(piece).strip()


def _candidates(letter: Letter, notice: Notice, lines: list[str]) -> list[str]:
    mailed = {each.casefold() for each in notice.mailed}
    ours = _ours(letter, notice) - mailed
    scores: dict[str, int] = {}
    spelled: dict[str, str] = {}
    plainly: set[str] = set()
    since = 99
    for at, line in enumerate(lines):
        for found in addresses(line):
            folded = found.address.casefold()
            score = _score(line, found.start, found.end, since)
            if folded in mailed:
                score += 3
            elif (
                folded in ours
                or _FROM_WHOM.search(line[: found.start])
                or _MESSAGE_ID.search(line[: found.start])
                or (_SERVICE.match(folded.partition("@")[0]) and _before(line, found.start))
            ):
                continue
            spelled.setdefault(folded, found.address)
            if not _before(line, found.start) or _ANSWER.search(line):
                plainly.add(folded)
            scores[folded] = max(scores.get(folded, 0), score)
        if line.strip():
            since = 0 if _INTRODUCES.search(line) and not any(True for _ in addresses(line)) else since + 1
        _aliases(lines, at, scores, spelled)
    if not scores:
        scores, spelled = _screen_names(letter, lines)
    chosen = [each for each, score in scores.items() if score >= _ENOUGH]
    # Of the addresses in a long notice, those we wrote to are meant.
    if any(each in mailed for each in chosen):
        chosen = [each for each in chosen if each in mailed or each in plainly]
    if not chosen and len(scores) == 1:
        chosen = list(scores)
    return [spelled[each] for each in chosen]


def _screen_names(letter: Letter, lines: list[str]) -> tuple[dict[str, int], dict[str, str]]:
    """AOL's lists of names without their domain, under "to the following recipients …:"."""
    domain = first_address(letter.fields.get("from")).partition("@")[2].lower()
    if domain not in ("aol.com", "mx.aol.com"):
        return {}, {}
    introduced, names = False, []
    for line in lines:
        introduced = introduced or bool(_INTRODUCES.search(line) and line.rstrip().endswith(":"))
        if introduced and re.fullmatch(r"\s{0,8}[A-Za-z][A-Za-z0-9._]{2,31}\s{0,8}", line):
            names.append(f"{line.strip()}@aol.com")
    return dict.fromkeys((each.casefold() for each in names), 9), {each.casefold(): each for each in names}


def _before(line: str, start: int) -> str:
    return line[:start].strip(" \t<>\"'*-|•(")


def _score(line: str, start: int, end: int, since: int) -> int:
    before, after = _before(line, start), line[end:].strip(" \t>\"'|)*")
    score = 0
    if not before:
        score += 3 if not after or after[0] in ":;.,-([" else 2
    if _SPEAKS_OF.search(line):
        score += 3
    if since <= 3:
        score += 2
    if _OTHERS.search(line):
        score -= 3
    return score


def _aliases(lines: list[str], at: int, scores: dict[str, int], spelled: dict[str, str]) -> None:
    """``inner@host (generated from outer@host)``: the outer one is what we wrote to."""
    match = _FROM_ALIAS.search(lines[at])
    if not match or "@" not in match[1]:
        return
    outer = match[1].casefold()
    before = lines[at][: match.start()] if not _ALIAS_LINE.match(lines[at]) else lines[at - 1] if at else ""
    for found in addresses(before):
        inner = found.address.casefold()
        if inner != outer:
            scores.pop(inner, None)
    spelled.setdefault(outer, match[1])
    scores[outer] = 9


def _ours(letter: Letter, notice: Notice) -> set[str]:
    found: set[str] = set()
    for value in letter.fields.all("to", "delivered-to", "from", "sender", "reply-to", "return-path", "cc"):
        found |= {each.address.casefold() for each in addresses(value[:2000])}
    for value in notice.returned.all("from", "sender", "reply-to", "return-path", "errors-to", "message-id"):
        found |= {each.address.casefold() for each in addresses(value[:2000])}
    return found
