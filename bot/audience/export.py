"""The audience as a file of ours: everything that an import needs to make the same subscriptions again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.audience.csv_file import Cells, guarded, moment
from bot.model import UNSUBSCRIBED, Consent, Enrolment, Evidence, Phrase, Preferences, Subscriber
from bot.store import Transaction

COLUMNS = (
    "email", "name", "audience", "state", "subscribed", "consent_via", "consent_note", "unsubscribed", "topics",
    "schedules", "language", "hour", "timezone", "paused_until", "form", "wording", "page", "requested", "confirmed",
    "ip", "source", "written", "imported",
)  # fmt: skip
"""The header of an export. Times are ISO 8601 in UTC; topics and schedules stand in one cell with ``|`` between."""

_MARKS = {"email", "audience", "state", "subscribed", "consent_via"}
_NOTHING = "|"
_AT_ONCE = 200
_MOMENTS = ("requested", "confirmed", "imported")
_EVIDENCE = ("form", "wording", "page", "ip", "source", "written")


def told_by(columns: Sequence[str]) -> Mapping[str, int]:
    """Where each of ``COLUMNS`` stands in an export of ours; {} when ``columns`` are not those of one."""
    if not set(columns) >= _MARKS:
        return {}
    return {name: columns.index(name) for name in COLUMNS if name in columns}


def exported(tx: Transaction, audience: str, state: str = "") -> Iterator[Subscriber]:
    """The members of ``audience`` ("": of all) who are in ``state`` ("": in any), streamed."""
    return tx.subscribers.every(audience=audience, state=state)


def write_subscribers(rows: Iterable[Subscriber], stream: TextIO) -> int:
    """Writes a header and the rows, and says how many; what a spreadsheet would run is made text by an apostrophe.

    ``SubscriberFile`` takes that apostrophe off again. Open files with ``newline=""``.
    """
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        cells = exported_cells(row)
        writer.writerow(guarded(cells[name]) for name in COLUMNS)
        count += 1
    return count


def subscriber_lines(rows: Iterable[Subscriber]) -> Iterator[str]:
    """What ``write_subscribers`` writes, some rows at a time, for who takes it while it is made."""
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows):
        cells = exported_cells(row)
        writer.writerow(guarded(cells[name]) for name in COLUMNS)
        if number % _AT_ONCE == _AT_ONCE - 1:
            yield _emptied(stream)
    yield _emptied(stream)


def _emptied(stream: StringIO) -> str:
    told = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return told


def exported_cells(row: Subscriber) -> dict[str, str]:
    """What a row of the export says, by ``COLUMNS``."""
    evidence = row.consent.evidence or Evidence()
    chosen = row.preferences
    return {
        "email": row.address,
        "name": row.name,
        "audience": row.audience,
        "state": row.state,
        "subscribed": _told(row.consent.at),
        "consent_via": row.consent.via,
        "consent_note": row.consent.note,
        "unsubscribed": _told(row.unsubscribed),
        "topics": _listed(chosen.topics) if chosen.topics else "",
        "schedules": "" if chosen.schedules is None else _listed(chosen.schedules),
        "language": chosen.language,
        "hour": "" if chosen.hour is None else str(chosen.hour),
        "timezone": chosen.timezone,
        "paused_until": chosen.paused_until.isoformat() if chosen.paused_until else "",
        **{name: getattr(evidence, name) for name in _EVIDENCE},
        "requested": _told(evidence.requested),
        "confirmed": _told(evidence.confirmed),
        "imported": _told(evidence.imported),
    }


def read_exported(address: str, cells: Cells, *, keep_ip: bool, via: str, note: str) -> Enrolment:
    """What a row of an export says; ``via`` and ``note`` of a consent that tells none. Raises ``ValueError``."""
    state = cells["state"]
    if state not in ("subscribed", UNSUBSCRIBED):
        raise ValueError(Phrase('the state is "subscribed" or "unsubscribed"'))
    at = _moment(cells, "subscribed")
    if at is None:
        raise ValueError(Phrase("no date of the consent (subscribed)"))
    texts = {name: cells[name] for name in _EVIDENCE if cells[name] and (name != "ip" or keep_ip)}
    moments = {name: found for name in _MOMENTS if (found := _moment(cells, name))}
    evidence: dict[str, Any] = {**texts, **moments}
    own = cells["consent_via"]
    return Enrolment(
        address=address,
        audience=cells["audience"],
        name=cells["name"],
        state=state,
        consent=Consent(
            at=at,
            via=own or via,
            note=cells["consent_note"] if own else note,
            evidence=Evidence(**evidence) if evidence else None,
        ),
        preferences=_preferences(cells),
        unsubscribed=_moment(cells, "unsubscribed"),
        via=via,
    )


def _preferences(cells: Cells) -> Preferences | None:
    schedules = _unlisted(cells["schedules"])
    found = Preferences(
        topics=_unlisted(cells["topics"]) or (),
        schedules=schedules,
        language=cells["language"],
        hour=_hour(cells["hour"]),
        timezone=_timezone(cells["timezone"]),
        paused_until=date.fromisoformat(cells["paused_until"]) if cells["paused_until"] else None,
    )
    return found or None


def _hour(cell: str) -> int | None:
    if cell and not (cell.isascii() and cell.isdigit() and int(cell) < 24):
        raise ValueError(Phrase("the hour is a number from 0 to 23"))
    return int(cell) if cell else None


def _timezone(cell: str) -> str:
    try:
        return cell and ZoneInfo(cell).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(Phrase("the timezone is one of IANA, such as Europe/Berlin")) from error


def _moment(cells: Cells, name: str) -> datetime | None:
    try:
        return moment(cells[name], UTC)
    except ValueError as error:
        raise ValueError(
            Phrase("%(column)s: not a date such as 2026-11-24 or 2026-11-24T07:00+01:00", column=name)
        ) from error


def _told(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""


def _listed(words: Sequence[str]) -> str:
    if not words:
        return _NOTHING
    cell = StringIO()
    csv.writer(cell, delimiter="|", lineterminator="").writerow(words)
    return cell.getvalue()


def _unlisted(cell: str) -> tuple[str, ...] | None:
    """None for an empty cell, () for the sign of nothing."""
    if not cell:
        return None
    return tuple(filter(None, next(csv.reader([cell], delimiter="|"), [])))
