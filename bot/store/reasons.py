"""Why deliveries were not accepted: counted with their chunk, so that a million of them cost some hundred rows to tell.

An answer is kept without what is one reader's alone (their address, the server's number for the mail), so that equal
refusals are equal, and nobody's address outlives them here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, false, func, insert, or_, select

from bot.model import DeliveryState
from bot.store.among import among, integers
from bot.store.sought import Sought
from bot.store.tables import attempts, chunks, deliveries, reasons, subscribers

STATES = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
"""States of which a reason is kept."""
LONGEST = 120
"""Characters of an answer that are kept."""
KINDS = 12
"""Different answers of one chunk and state that are kept apart; the rest is counted without its words."""
DOMAINS = 3
"""Destinations of one answer and chunk that are named; the rest is counted without its name."""
TOLD = 2_000
"""Rows that are told of an edition, the largest first."""
LIVE = 60
"""Chunks that are counted while somebody looks; in the others nothing has changed since they were counted."""
SOUGHT = 100
"""Different answers by which chunks are passed over; of an edition with more, all are looked through."""

_ADDRESS = re.compile(r"<?[^\s<>@:;,\"()\[\]]{1,100}@[^\s<>@:;,\"()\[\]]{1,255}>?")
_NUMBER = re.compile(r"\S*(?:[0-9a-f]{8,}|\d{5,}|\d+\.\d+\.\d+\.\d+)\S*", re.I)
_URL = re.compile(r"https?://\S+")
_GAPS = re.compile(r"(?:…[\s.,;]*){2,}")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """So many deliveries of an edition are in this state for this answer, to readers at this domain ("": several).

    ``code`` is the server's (0: it gave none), ``due`` (UTC) when the first of them is tried again.
    """

    state: DeliveryState
    code: int
    enhanced: str
    said: str
    domain: str
    number: int
    due: datetime | None = None


class Reasons:
    """The reasons of all editions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, counted: Collection[int], holding: Collection[int]) -> None:
        """Counts the reasons of chunks anew, for who holds them locked. ``holding`` are those that have any."""
        if not counted:
            return
        dialect = self._connection.dialect.name
        gone = delete(reasons).where(among(dialect, reasons.c.chunk, "ids"))
        self._connection.execute(gone, {"ids": integers(dialect, counted)})
        if not holding:
            return
        made = [
            {"chunk": chunk, "position": position, **_row(each)}
            for chunk, found in self._found(holding).items()
            for position, each in enumerate(found)
        ]
        if made:
            self._connection.execute(insert(reasons), made)

    def fill(self, edition: str) -> int:
        """Counts those of chunks that were given back before reasons were kept; returns of how many chunks."""
        lacking = self._lacking(edition, posts=True)
        if lacking:
            if self._connection.dialect.name == "postgresql":
                locked = select(chunks.c.id).where(chunks.c.id.in_(lacking)).order_by(chunks.c.id)
                self._connection.execute(locked.with_for_update())
            self.count(lacking, lacking)
        return len(lacking)

    def of_edition(self, edition: str) -> list[ReasonCount]:
        """Why mails of an edition are not accepted, the largest number first; of each state they sum to its count.

        So long as there are no more than ``TOLD`` different ones.
        """
        mail = chunks.c.audience != ""
        number = func.sum(reasons.c.number)
        stored = (
            select(
                reasons.c.state,
                reasons.c.code,
                reasons.c.enhanced,
                reasons.c.said,
                reasons.c.domain,
                number.label("number"),
                func.min(reasons.c.due, type_=reasons.c.due.type).label("due"),
            )
            .join(chunks, chunks.c.id == reasons.c.chunk)
            .where(chunks.c.edition == edition, chunks.c.counts.is_not(None), mail)
            .group_by(reasons.c.state, reasons.c.code, reasons.c.enhanced, reasons.c.said, reasons.c.domain)
            .order_by(number.desc(), reasons.c.said, reasons.c.domain)
            .limit(TOLD)
        )
        found = [
            ReasonCount(
                state=DeliveryState(row.state),
                code=row.code,
                enhanced=row.enhanced,
                said=row.said,
                domain=row.domain,
                number=int(row.number),
                due=row.due,
            )
            for row in self._connection.execute(stored)
        ]
        working = select(chunks.c.id).where(chunks.c.edition == edition, chunks.c.counts.is_(None), mail).limit(LIVE)
        live = [*self._connection.execute(working).scalars(), *self._lacking(edition, posts=False)[:LIVE]]
        return _merged([*found, *(each for of in self._found(live).values() for each in of)])

    def holding(self, edition: str, state: DeliveryState, wanted: Callable[[int, str, str], bool]) -> Sought | None:
        """Where in an edition there may be mails of ``state`` with an answer that is ``wanted``.

        ``wanted`` is asked of (code, enhanced, said). None: there are too many different answers to tell.
        """
        answer = reasons.c.code, reasons.c.enhanced, reasons.c.said
        of = (chunks.c.edition == edition, reasons.c.state == state)
        query = select(*answer).join(chunks, chunks.c.id == reasons.c.chunk).where(*of).distinct().limit(SOUGHT + 1)
        found = self._connection.execute(query).all()
        if len(found) > SOUGHT:
            return None
        # What nobody said may stand for many that few said each.
        likely = [row for row in found if not row.said or wanted(row.code, row.enhanced, row.said)]
        theirs = [
            and_(reasons.c.code == row.code, reasons.c.enhanced == row.enhanced, reasons.c.said == row.said)
            for row in likely
        ]
        counted = select(reasons.c.chunk).where(reasons.c.chunk == chunks.c.id)
        here = counted.where(reasons.c.state == state, or_(false(), *theirs))
        # Of a delivery without an answer no attempt need say so.
        told = all(row.code or row.enhanced for row in likely)
        answers = frozenset((row.code, row.enhanced) for row in likely) if told else frozenset[tuple[int, str]]()
        return Sought(
            chunks=or_(chunks.c.counts.is_(None), ~counted.exists(), here.exists()),
            counted=and_(chunks.c.counts.is_not(None), counted.exists()),
            answers=answers,
        )

    def _lacking(self, edition: str, *, posts: bool) -> list[int]:
        some = [chunks.c.counts[state.value].as_integer() > 0 for state in STATES]
        query = (
            select(chunks.c.id)
            .where(chunks.c.edition == edition, chunks.c.counts.is_not(None), or_(*some))
            .where(~select(reasons.c.chunk).where(reasons.c.chunk == chunks.c.id).exists())
            .order_by(chunks.c.id)
        )
        if not posts:
            query = query.where(chunks.c.audience != "")
        return list(self._connection.execute(query).scalars())

    def _found(self, which: Collection[int]) -> dict[int, list[ReasonCount]]:
        """By chunk, from its deliveries."""
        if not which:
            return {}
        dialect = self._connection.dialect.name
        last = and_(
            attempts.c.delivery == deliveries.c.id,
            attempts.c.number == deliveries.c.attempts,
            attempts.c.outcome == deliveries.c.state,
        )
        within = and_(deliveries.c.id >= chunks.c.first, deliveries.c.id <= chunks.c.last)
        query = (
            select(
                chunks.c.id,
                deliveries.c.state,
                deliveries.c.reason,
                deliveries.c.not_before,
                attempts.c.code,
                attempts.c.enhanced,
                attempts.c.text,
                subscribers.c.address,
            )
            .select_from(
                chunks.join(deliveries, within)
                .outerjoin(attempts, last)
                .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber)
            )
            .where(among(dialect, chunks.c.id, "which"), deliveries.c.state.in_(STATES))
        )
        rows: dict[int, list[Any]] = defaultdict(list)
        for row in self._connection.execute(query, {"which": integers(dialect, which)}):
            rows[row.id].append(row)
        return {chunk: _counted(of) for chunk, of in rows.items()}


def without_reader(text: str, code: int, address: str = "") -> str:
    """What a server said, from its code on, without addresses, numbers of mails and pages to read; cut.

    Twice the same refusal is the same text.
    """
    begins = text.find(str(code)) if code else -1
    said = text[begins:] if begins > 0 else text
    said = _NUMBER.sub("…", _ADDRESS.sub("…", _URL.sub("…", said)))
    local = address.rpartition("@")[0]
    # Shorter ones are found in half of all words.
    if len(local) > 2:
        said = re.sub(re.escape(local), "…", said, flags=re.IGNORECASE)
    said = " ".join(_GAPS.sub("… ", said).split())
    return said if len(said) <= LONGEST else said[: LONGEST - 1].rstrip() + "…"


def _counted(rows: Iterable[Row[Any]]) -> list[ReasonCount]:
    numbers: Counter[tuple[str, int, str, str]] = Counter()
    domains: dict[tuple[str, int, str, str], Counter[str]] = defaultdict(Counter)
    dues: dict[tuple[str, int, str, str], list[datetime]] = defaultdict(list)
    for row in rows:
        said = without_reader(row.text or row.reason, row.code or 0, row.address or "")
        key = (row.state, row.code or 0, row.enhanced or "", said)
        numbers[key] += 1
        domains[key][(row.address or "").rpartition("@")[2].lower()] += 1
        if row.state == DeliveryState.DEFERRED and row.not_before:
            dues[key].append(row.not_before)
    kept = {key for key, _ in numbers.most_common(KINDS)}
    found: list[ReasonCount] = []
    for key in numbers:
        state, code, enhanced, said = key if key in kept else (*key[:3], "")
        named = domains[key].most_common(DOMAINS) if key in kept else []
        rest = numbers[key] - sum(number for _, number in named)
        for domain, number in [*named, *([("", rest)] if rest else [])]:
            due = min(dues[key], default=None)
            found.append(ReasonCount(DeliveryState(state), code, enhanced, said, domain, number, due))
    return _merged(found)


def _merged(found: Iterable[ReasonCount]) -> list[ReasonCount]:
    """Equal ones as one, the largest first."""
    same: dict[tuple[DeliveryState, int, str, str, str], list[ReasonCount]] = defaultdict(list)
    for each in found:
        same[each.state, each.code, each.enhanced, each.said, each.domain].append(each)
    merged = [
        ReasonCount(*key, sum(each.number for each in of), min((each.due for each in of if each.due), default=None))
        for key, of in same.items()
    ]
    return sorted(merged, key=lambda each: (-each.number, each.said, each.domain))


def _row(each: ReasonCount) -> dict[str, Any]:
    return {
        "state": each.state,
        "code": each.code,
        "enhanced": each.enhanced,
        "said": each.said,
        "domain": each.domain,
        "number": each.number,
        "due": each.due,
    }
