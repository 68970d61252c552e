"""One reader's whole story in one line of time: consents, mails, what came back, what they chose, when they left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model import Act, Consent, DeliveryState, Effect, Event, Signup, Suppression, Verdict
from bot.store import Transaction
from bot.store.chosen import read_evidence
from bot.store.readers import Mail

RUN = 3
"""So many of the same one after the other are told as one."""
AT_ONCE = "smtp"
"""The source of events that are a server's answer to the attempt itself."""
MOST = 200
"""Acts and events that are told at most."""


class Kind(StrEnum):
    """What an entry tells of."""

    MAIL = "mail"
    BOUNCE = "bounce"
    CONSENT = "consent"
    IMPORTED = "imported"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    CHOSE = "chose"
    ASKED = "asked"
    ACT = "act"


MAILS = frozenset({Kind.MAIL, Kind.BOUNCE})
CONSENTS = frozenset({Kind.CONSENT, Kind.IMPORTED, Kind.LEFT, Kind.SUPPRESSED, Kind.CHOSE, Kind.ASKED, Kind.ACT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened, at ``at`` (UTC). ``count`` of the same happened since ``since``, the last at ``at``.

    ``past``: another consent took its place. ``via`` is how somebody left, or was brought in.
    """

    at: datetime
    kind: Kind
    audience: str = ""
    via: str = ""
    past: bool = False
    count: int = 1
    since: datetime | None = None
    mail: Mail | None = None
    event: Event | None = None
    consent: Consent | None = None
    suppression: Suppression | None = None
    signup: Signup | None = None
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """``entries``, the newest first; what is older than ``before`` stands on the next page (None: nothing is)."""

    entries: tuple[Entry, ...]
    before: datetime | None


def story(
    tx: Transaction, subscriber: int, address: str, *, before: datetime | None = None, kinds: Iterable[Kind] = Kind
) -> Story:
    """What happened to a reader before ``before``, as far as a hundred editions reach; looks only."""
    wanted = frozenset(kinds)
    mails, older = tx.readers.mails(subscriber, before=before)
    found = [Entry(at=each.updated, kind=Kind.MAIL, mail=each) for each in mails] if Kind.MAIL in wanted else []
    others = [*_consents(tx, subscriber), *_listed(tx, address), *_came_back(tx, subscriber, mails)]
    others += _acts(tx, subscriber, address)
    others += [
        Entry(at=each.requested, kind=Kind.ASKED, signup=each) for each in tx.signups.of(address) if each.choices
    ]
    found += [
        each
        for each in others
        if each.kind in wanted and (before is None or each.at < before) and (older is None or each.at >= older)
    ]
    # What happened at one moment stands in the order of the kinds, so that two looks show the same.
    found.sort(key=lambda each: (each.at, each.kind), reverse=True)
    return Story(tuple(_folded(found)), older)


def _consents(tx: Transaction, subscriber: int) -> Iterator[Entry]:
    for row in tx.dossier.subscriptions(subscriber):
        consent = Consent(
            at=row["consent_at"],
            via=row["consent_via"],
            note=row["consent_note"],
            evidence=read_evidence(row["evidence"]),
        )
        yield from _agreed(row, consent)
    for row in tx.dossier.past_consents(subscriber):
        consent = Consent(at=row["at"], via=row["via"], note=row["note"], evidence=read_evidence(row["evidence"]))
        yield from _agreed(row, consent, past=True)


def _agreed(row: Mapping[str, Any], consent: Consent, *, past: bool = False) -> Iterator[Entry]:
    """A consent, when the file that tells of it was brought in, and its end."""
    audience, evidence = row["audience"], consent.evidence
    yield Entry(at=consent.at, kind=Kind.CONSENT, audience=audience, consent=consent, past=past)
    if evidence and evidence.imported:
        yield Entry(at=evidence.imported, kind=Kind.IMPORTED, audience=audience, via=consent.via, past=past)
    if row["ended"]:
        yield Entry(at=row["ended"], kind=Kind.LEFT, audience=audience, via=row["ended_via"])


def _listed(tx: Transaction, address: str) -> Iterator[Entry]:
    for each in tx.suppressions.against(address):
        yield Entry(at=each.at, kind=Kind.SUPPRESSED, audience=each.audience, suppression=each)


def _came_back(tx: Transaction, subscriber: int, mails: list[Mail]) -> Iterator[Entry]:
    # What a server said at once is the delivery's own answer, and told with it.
    refused = {each.id for each in mails if each.state == DeliveryState.FAILED}
    for each in tx.events.of_subscriber(subscriber, limit=MOST):
        if each.source == AT_ONCE and each.delivery in refused:
            continue
        if each.verdict is not Verdict.NONE or each.effect is not Effect.NONE:
            yield Entry(at=each.at, kind=Kind.BOUNCE, event=each)


_TOLD = {"prefer": Kind.CHOSE, "send data": Kind.ACT, "allow": Kind.ACT}
"""What stands nowhere else: that somebody subscribed or left is told by the consents themselves."""


def _acts(tx: Transaction, subscriber: int, address: str) -> Iterator[Entry]:
    things = (f"subscriber:{subscriber}", f"suppression:{tx.hashed(address)[:12]}")
    for act in (each for thing in things for each in tx.acts.newest(thing=thing, limit=MOST)):
        if act.what in _TOLD:
            yield Entry(at=act.at, kind=_TOLD[act.what], audience=act.note if act.what == "prefer" else "", act=act)


_QUIET = frozenset({DeliveryState.ACCEPTED, DeliveryState.EXCLUDED, DeliveryState.SUPPRESSED, DeliveryState.CANCELLED})


def _folded(entries: list[Entry]) -> Iterator[Entry]:
    """Runs of mails of which there is nothing else to say, as one entry each."""
    run: list[Entry] = []
    for each in entries:
        if run and not _alike(run[-1], each):
            yield from _told(run)
            run = []
        run.append(each)
    yield from _told(run)


def _told(run: list[Entry]) -> Iterator[Entry]:
    if len(run) < RUN:
        yield from run
    else:
        yield replace(run[0], count=len(run), since=run[-1].at)


def _alike(one: Entry, other: Entry) -> bool:
    if one.mail is None or other.mail is None:
        return False
    same = one.mail.state == other.mail.state
    return (
        same
        and one.mail.state in _QUIET
        and (one.mail.state == DeliveryState.ACCEPTED or one.mail.reason == other.mail.reason)
    )
