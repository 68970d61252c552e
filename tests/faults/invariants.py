"""What must hold after any fault: a ledger held against the log of the server that took the mail.

Each check is a sentence that is true of a good program; it returns what speaks against it, "" when nothing does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.evidence import Taken
from tests.faults.newsroom import OPEN, Books, Row


@dataclass(frozen=True, slots=True)
class Case:
    """One edition after its send. ``explained`` are the messages that the server itself left without an answer."""

    rows: Sequence[Row]
    books: Books
    taken: Sequence[Taken]
    kills: int = 0
    connections: int = 0
    explained: int = 0
    policy: str = "ask"

    def readers(self, *states: str) -> set[str]:
        return {row.destination for row in self.rows if row.state in states}

    @property
    def reached(self) -> set[str]:
        """Who has a copy."""
        return {each.recipient for each in self.taken}

    @property
    def doubtful(self) -> int:
        """How many deliveries may at most have an outcome that nobody knows."""
        return self.kills * self.connections + self.explained


Check = Callable[[Case], str]


def accepted_was_taken(case: Case) -> str:
    """accepted ⊆ the server's log."""
    return _named(case.readers("accepted") - case.reached, "accepted in the ledger, never taken by the server")


def taken_is_accepted_or_unknown(case: Case) -> str:
    """The server's log minus accepted ⊆ unknown."""
    stray = case.reached - case.readers("accepted", "unknown")
    states = {row.destination: row.state for row in case.rows}
    said = {f"{reader} ({states.get(reader, 'not in the ledger')})" for reader in stray}
    return _named(said, "taken by the server, neither accepted nor unknown in the ledger")


def nobody_has_two_copies(case: Case) -> str:
    """Under ``ask`` a reader gets at most one copy; under ``resend`` the copies come from unknown attempts alone."""
    copies = Counter(each.recipient for each in case.taken)
    if case.policy == "ask":
        twice = {reader for reader, count in copies.items() if count > 1}
        said = {reader: [each.fault or "250" for each in case.taken if each.recipient == reader] for reader in twice}
        return _named({f"{reader} (answers: {', '.join(said[reader])})" for reader in twice}, "taken twice")
    extra = sum(copies.values()) - len(copies)
    return "" if extra <= case.doubtful else f"{extra} extra copies, of which {case.doubtful} can be explained"


def a_reader_has_one_message_id(case: Case) -> str:
    """All copies of a delivery carry one Message-ID, and no two readers share one."""
    ids, owners = defaultdict(set), defaultdict(set)
    for each in case.taken:
        ids[each.recipient].add(each.message_id)
        owners[each.message_id].add(each.recipient)
    many = {reader for reader, found in ids.items() if len(found) > 1}
    shared = {found for found, readers in owners.items() if len(readers) > 1 or not found}
    return _named(many, "with more than one Message-ID") or _named(shared, "Message-IDs of several readers, or none")


def unknown_is_explained(case: Case) -> str:
    """A kill leaves at most one unknown delivery for each open connection."""
    unknown = case.books.states.get("unknown", 0)
    if unknown <= case.doubtful:
        return ""
    return (
        f"{unknown} unknown; {case.kills} kills of {case.connections} connections and {case.explained} "
        f"faults of the server explain {case.doubtful}"
    )


def states_sum_to_the_snapshot(case: Case) -> str:
    """The books balance, and the rows are those that the books count."""
    total, rows = sum(case.books.states.values()), Counter(row.state for row in case.rows)
    if not case.books.balanced or total != case.books.snapshot:
        return f"{total} deliveries in the states {dict(case.books.states)}, {case.books.snapshot} in the snapshot"
    return "" if rows == Counter(case.books.states) else f"the rows are {dict(rows)}, the books {case.books.states}"


def nothing_is_left(case: Case) -> str:
    """The edition was sent, and no delivery is under way."""
    if case.books.state != "sent" or case.books.open:
        return f"the edition is {case.books.state} ({case.books.reason}); its deliveries are {dict(case.books.states)}"
    return ""


def nobody_is_missing(case: Case) -> str:
    """After resolution: each reader has one copy and is accepted, or is failed or suppressed, with a reason."""
    copies = Counter(each.recipient for each in case.taken)
    wrong = set()
    for row in case.rows:
        served = row.state == "accepted" and copies[row.destination] >= 1
        refused = row.state in ("failed", "suppressed") and row.reason and not copies[row.destination]
        if not (served or refused):
            wrong.add(f"{row.destination} ({row.state}, {copies[row.destination]} copies)")
    return _named(wrong, "not accounted for")


ALWAYS: tuple[Check, ...] = (
    accepted_was_taken,
    taken_is_accepted_or_unknown,
    nobody_has_two_copies,
    a_reader_has_one_message_id,
    unknown_is_explained,
    states_sum_to_the_snapshot,
    nothing_is_left,
)
RESOLVED: tuple[Check, ...] = (
    accepted_was_taken,
    taken_is_accepted_or_unknown,
    nobody_has_two_copies,
    a_reader_has_one_message_id,
    states_sum_to_the_snapshot,
    nothing_is_left,
    nobody_is_missing,
)


def broken(case: Case, checks: Sequence[Check] = ALWAYS) -> list[str]:
    """What does not hold: one line a check, with its name."""
    found = [(check, check(case)) for check in checks]
    return [f"{check.__name__}: {said}" for check, said in found if said]


def in_flight_at_a_kill(books: Books, connections: int) -> str:
    """Right after a kill no more deliveries are ``attempting`` than the dead process had connections."""
    attempting = books.states.get("attempting", 0)
    if attempting <= connections:
        return ""
    return f"in_flight_at_a_kill: {attempting} attempting after a kill, with {connections} connections"


def one_edition_a_slot(slots: Sequence[tuple[str, str]]) -> str:
    """No two editions of one schedule have the same slot."""
    twice = {f"{schedule} {slot}" for (schedule, slot), count in Counter(slots).items() if count > 1}
    return _named(twice, "slots with more than one edition")


def lost(case: Case) -> int:
    """How many readers of a settled edition have no copy although nothing says why."""
    return len(case.readers("accepted", *OPEN) - case.reached)


def _named(readers: set[str], what: str) -> str:
    if not readers:
        return ""
    shown = sorted(readers)
    return f"{len(shown)} {what}: {', '.join(shown[:5])}{' …' if len(shown) > 5 else ''}"
