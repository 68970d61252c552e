"""A file of subscribers, ours or another program's: what each row says of its address."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TextIO

from bot.audience.csv_file import Cells, Records, Refusal, shown
from bot.audience.export import read_exported, told_by
from bot.audience.origins import (
    EVERYWHERE,
    PLAIN,
    SUBSCRIBED,
    UNCONFIRMED,
    UNSUBSCRIBED,
    Origin,
    named_state,
    origin_of,
    places,
    sheet_state,
)
from bot.audience.row import (
    Passed,
    Said,
    Wrong,
    agrees,
    need_agreement,
    need_past,
    read_address,
    read_departure,
    read_language,
    read_moment,
)
from bot.errors import UsageError
from bot.model import Consent, Enrolment, Evidence, Phrase, Preferences, Several, Suppression, said_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an import was asked for.

    ``audience`` is "" for a file of ours whose rows name their own, among ``audiences``. ``consent`` is the source of
    all consents that no row tells one for, ``via`` by what way they came. ``mapped`` names columns by field
    (``bot.audience.origins.FIELDS``). Tags of the file that are among ``topics`` (in small letters, by what they are
    called here) become the reader's choice. Dates of a newsroom's own file are of its ``zone``.
    """

    audience: str
    audiences: Collection[str]
    now: datetime
    zone: tzinfo
    via: str
    consent: str = ""
    mapped: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    keep_ip: bool = False


class SubscriberFile(Iterator[Said]):
    """The rows of a file, as they are asked for. ``origin`` is whose export it is, ``header`` its first row as it was.

    Raises ``UsageError`` when no column holds addresses, or one that was named is not there.
    """

    def __init__(self, stream: TextIO, wanted: Wanted, sheet: str = "") -> None:
        self._wanted = wanted
        self._sheet = sheet.rpartition("/")[2]
        self._records = Records(stream)
        self.header = self._records.header
        columns = self._records.columns
        self._ours = told_by(columns)
        self._origin = PLAIN if self._ours else origin_of(columns)
        self._records.backslashes = self._origin.backslashes
        self.origin = "broadsheet" if self._ours else self._origin.name
        # Programs write UTC, or an offset. A newsroom's own list means the day that its people read on the wall.
        self._zone: tzinfo = UTC if self.origin else wanted.zone
        self._state = sheet_state(self._origin, columns, sheet)
        self._places = self._ours or self._found(columns, self._origin)
        if not self._ours:
            self._need_state()
            self._need_consent()
        self._width = len(columns)
        self.ignored = tuple(
            shown(cell) for place, cell in enumerate(self.header) if cell and place not in self._places.values()
        )
        self._undated = Consent(at=wanted.now, via=wanted.via, note=wanted.consent)
        self._evident = bool(
            self._origin.name or {"requested", "confirmed", "ip", "requested_ip"} & self._places.keys()
        )
        # Of a million rows none is asked for a column that is not there.
        self._named = [name for name in ("name", "first_name", "last_name") if name in self._places]
        self._asked = [name for name in ("agreed", "agreed_or_empty") if name in self._places]
        self._next = self._read()

    def __next__(self) -> Said:
        return next(self._next)

    def _found(self, columns: list[str], origin: Origin) -> dict[str, int]:
        names = tuple(shown(cell) for cell in self.header if cell and "@" not in cell)
        named = Several(names) if names else Phrase("none")
        try:
            found = places(columns, origin, self._wanted.mapped)
        except KeyError as error:
            raise UsageError(
                Phrase(
                    'the file has no column "%(column)s"; the columns it names: %(names)s',
                    column=str(error.args[0]),
                    names=named,
                )
            ) from error
        if "email" not in found:
            raise UsageError(
                Phrase(
                    "the file has no column for addresses: its first line must name one `email` or `address`, or say "
                    "which it is with --map email=COLUMN; the columns it names: %(names)s",
                    names=named,
                )
            )
        return found

    def _need_state(self) -> None:
        # With its columns cut off, the name is all that keeps a file of those who left from being mailed.
        silent = not self._origin.name and not {"status", "left", "cleaned"} & self._places.keys()
        if silent and (state := named_state(self._sheet)):
            said = {"file": self._sheet, "state": state}
            if state == UNCONFIRMED:
                raise UsageError(
                    Phrase(
                        "the name %(file)s says %(state)s, and no column says otherwise; leave it out. "
                        "Or rename the file, if they did agree",
                        **said,
                    )
                )
            raise UsageError(
                Phrase(
                    "the name %(file)s says %(state)s, and no column says otherwise; keep them from being mailed: "
                    "broadsheet suppressions import %(file)s --reason %(state)s. Or rename the file, if they did agree",
                    **said,
                )
            )

    def _need_consent(self) -> None:
        if not self._wanted.audience:
            raise UsageError(Phrase("name the audience with --audience"))
        # A file of those who must not be mailed needs none; each row of others would be mailed without a proof.
        if not self._wanted.consent and self._state in ("", SUBSCRIBED):
            raise UsageError(
                Phrase(
                    'where and how did they agree? name it: --consent "sign-up form on record.example, double opt-in"; '
                    "it is kept with each subscription, for you must be able to prove it (GDPR, article 7(1))"
                )
            )

    def _read(self) -> Iterator[Said]:
        row = self._our_row if self._ours else self._row
        for line, record in self._records:
            if isinstance(record, str):
                yield Refusal(line, "", record)
                continue
            if len(record) > self._width and any(cell.strip() for cell in record[self._width :]):
                reason = Phrase("%(count)s cells, but the header names %(most)s", count=len(record), most=self._width)
                yield Refusal(line, shown(record[self._width]), reason, tuple(record))
            elif any(record) and any(cell.strip() for cell in record):
                try:
                    yield row(line, Cells(self._places, record))
                except Wrong as wrong:
                    yield Refusal(line, shown(wrong.value), wrong.reason, tuple(record))

    def _row(self, line: int, cells: Cells) -> Said:
        wanted = self._wanted
        address = read_address(cells["email"])
        state = self._state or self._state_of(cells)
        if state in EVERYWHERE or state in (UNSUBSCRIBED, "disabled"):
            cleaned = cells["cleaned"] if state in EVERYWHERE else ""
            at = self._departure(cleaned) or self._departure(cells["left"])
            return Suppression(
                address=address,
                reason=state,
                at=at or wanted.now,
                audience="" if state in EVERYWHERE else wanted.audience,
                source=wanted.via,
                note=self._origin.name,
            )
        if state == UNCONFIRMED:
            return Passed(line, UNCONFIRMED)
        if self._asked:
            for name in self._asked:
                need_agreement(cells[name], empty=name == "agreed_or_empty")
        written = cells["subscribed"] if "subscribed" in self._places else ""
        at = self._moment(written)
        evidence = Evidence(written=written, imported=wanted.now) if at else None
        if self._evident:
            confirmed, requested = self._moment(cells["confirmed"]), self._moment(cells["requested"])
            at = confirmed or at or requested
            if at is None and self._origin.dated:
                return Passed(line, UNCONFIRMED)
            written = cells["confirmed"] or written or cells["requested"]
            evidence = self._evidence(cells, requested, confirmed, written)
        consent = self._undated
        own = cells["note"] if "note" in self._places else ""
        if at or evidence or own:
            note = ": ".join(filter(None, (wanted.consent, own)))
            consent = Consent(at=at or wanted.now, via=wanted.via, note=note, evidence=evidence)
        return Enrolment(
            address=address,
            audience=wanted.audience,
            consent=consent,
            name=self._name(cells),
            # Without a date of its own a row proves no consent that is newer than an unsubscription.
            takes_back=at is not None,
            preferences=self._chosen(cells),
            imported=wanted.now,
        )

    def _state_of(self, cells: Cells) -> str:
        if "status" not in self._places:
            # No column says it, but a date of leaving does.
            return "cleaned" if cells["cleaned"] else UNSUBSCRIBED if cells["left"] else SUBSCRIBED
        states = self._origin.states
        written = cells["status"]
        state = states.get(written.casefold())
        if state is None and not written:
            state = UNCONFIRMED
        if state is None and agrees(written) is not None:
            raise Wrong(written, Phrase("a yes or no, and no state: say that the column is whether they agreed"))
        if state is None:
            known = Several(tuple(filter(None, states)))
            raise Wrong(written, Phrase("not a state that is known; known: %(states)s", states=known))
        if state == SUBSCRIBED and cells["deleted"]:
            return UNSUBSCRIBED
        listed = cells["list_status"]
        return states.get(listed.casefold(), state) if listed and state == SUBSCRIBED else state

    def _evidence(self, cells: Cells, requested: datetime | None, confirmed: datetime | None, written: str) -> Evidence:
        return Evidence(
            form=self._sheet,
            requested=requested,
            confirmed=confirmed,
            ip=(cells["ip"] or cells["requested_ip"]) if self._wanted.keep_ip else "",
            source=self._origin.name,
            written=written,
            imported=self._wanted.now,
        )

    def _chosen(self, cells: Cells) -> Preferences | None:
        tags = cells["tags"] if self._wanted.topics else ""
        language = read_language(cells["language"]) if "language" in self._places else ""
        if not (tags or language):
            return None
        named = next(csv.reader([tags], skipinitialspace=True), []) if tags else []
        topics = [self._wanted.topics[each.casefold()] for each in named if each.casefold() in self._wanted.topics]
        return Preferences(topics=tuple(sorted(set(topics))), language=language) or None

    def _name(self, cells: Cells) -> str:
        if len(self._named) == 1:
            return cells[self._named[0]]
        return cells["name"] or " ".join(filter(None, (cells["first_name"], cells["last_name"])))

    def _moment(self, text: str) -> datetime | None:
        return read_moment(text, self._wanted.now, self._zone) if text else None

    def _departure(self, text: str) -> datetime | None:
        return read_departure(text, self._wanted.now, self._zone)

    def _our_row(self, line: int, cells: Cells) -> Said:
        wanted = self._wanted
        audience = cells["audience"]
        if wanted.audience and audience != wanted.audience:
            return Passed(line, "elsewhere")
        if audience not in wanted.audiences:
            there = Several(tuple(wanted.audiences))
            raise Wrong(audience, Phrase("no such audience; there are: %(audiences)s", audiences=there))
        address = read_address(cells["email"])
        if not (cells["consent_via"] or wanted.consent):
            raise Wrong("", Phrase("no source of the consent: neither here (consent_via) nor named with --consent"))
        try:
            found = read_exported(address, cells, keep_ip=wanted.keep_ip, via=wanted.via, note=wanted.consent)
        except ValueError as error:
            raise Wrong("", said_by(error)) from error
        for at in (found.consent.at, found.unsubscribed):
            need_past(at, wanted.now)
        return found
