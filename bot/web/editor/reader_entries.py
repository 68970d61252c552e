"""What happened to a reader, in words: a title, a line of why, and what proves it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bot.audience.story import Entry, Kind
from bot.model import Consent, DeliveryState, Evidence, Verdict
from bot.speech import phrases
from bot.speech.catalog import N_, _, inline, listing, ngettext, number
from bot.store.readers import Mail
from bot.web.editor.reader_states import reason
from bot.web.editor.states import DELIVERY_STATES, Shown

_VERDICTS = {
    Verdict.HARD: Shown(N_("Came back for good"), "bad", "cross"),
    Verdict.SOFT: Shown(N_("Came back, may go through next time"), "warn", "again"),
    Verdict.COMPLAINT: Shown(N_("Called it spam"), "bad", "mark"),
    Verdict.OPT_OUT: Shown(N_("Asked to get no more"), "plain", "close"),
    Verdict.AUTO_REPLY: Shown(N_("An automatic answer"), "plain", "mail"),
    Verdict.NONE: Shown(N_("An answer"), "plain", "mail"),
}
_BY_READER = ("page", "link", "one-click", "unsubscribe", "preferences")


@dataclass(frozen=True, slots=True)
class Told:
    """One entry as the page shows it; ``said`` is foreign and quoted as it is. ``wordings`` are versions of words.

    ``day`` stands in the place of ``at`` where nobody knows the hour.
    """

    at: datetime
    since: datetime | None
    tone: str
    icon: str
    title: str
    why: str = ""
    said: str = ""
    edition: str = ""
    evidence: Evidence | None = None
    wordings: tuple[str, ...] = ()
    day: date | None = None


def told(entry: Entry, names: Mapping[str, str]) -> Told:
    """An entry in the editor's language; ``names`` are those of the audiences."""
    audience = names.get(entry.audience, entry.audience)
    if entry.mail:
        return _mail(entry, entry.mail)
    if entry.consent:
        return _consent(entry, entry.consent, audience)
    if entry.event:
        shown = _VERDICTS[entry.event.verdict]
        why = " · ".join(filter(None, (entry.event.reason, entry.event.source)))
        said = " ".join(filter(None, (entry.event.code, entry.event.evidence)))
        return Told(entry.at, None, shown.tone, shown.icon, _(shown.word), why, said, entry.event.edition)
    if entry.suppression:
        listed = entry.suppression
        title = (
            _("Never mailed from here on")
            if not listed.audience
            else _("Never mailed by %(audience)s") % {"audience": audience}
        )
        why = " · ".join(filter(None, (reason(listed.reason), listed.source, listed.note)))
        return Told(entry.at, None, "bad", "dash", title, why)
    if entry.signup:
        return _asked(entry, names)
    if entry.kind is Kind.IMPORTED:
        title = _("Imported into %(audience)s") % {"audience": audience}
        return Told(entry.at, None, "plain", "plus", title, entry.via)
    if entry.kind is Kind.LEFT:
        return Told(entry.at, None, "plain", "close", _("Left %(audience)s") % {"audience": audience}, _by(entry.via))
    if entry.kind is Kind.CHOSE and entry.act:
        title = _("Changed their choices of %(audience)s") % {"audience": audience}
        return Told(entry.at, None, "plain", "pencil", title, _changed(entry.act.before, entry.act.after))
    act = entry.act
    title = (
        _("Was sent their data") if act and act.what == "send data" else _("Taken off the list of those never mailed")
    )
    why = " · ".join(filter(None, (act.who, phrases.told(act.note)))) if act else ""
    return Told(entry.at, None, "plain", "pencil", title, why)


def _mail(entry: Entry, mail: Mail) -> Told:
    shown = DELIVERY_STATES[mail.state]
    if entry.count > 1:
        if mail.state is DeliveryState.ACCEPTED:
            title = ngettext("%(count)s mail accepted", "%(count)s mails accepted", entry.count)
        else:
            title = ngettext("%(count)s mail not sent", "%(count)s mails not sent", entry.count)
        return Told(
            entry.at, entry.since, shown.tone, shown.icon, title % {"count": number(entry.count)}, _why_not(mail)
        )
    title = _("%(edition)s: %(state)s") % {"edition": mail.name, "state": inline(_(shown.word))}
    code = f"{mail.code} " if mail.code else ""
    said = f"{code}{mail.enhanced} {mail.said}".strip() if mail.said or mail.code else ""
    tried = ""
    if mail.tries > 1:
        tried = ngettext("tried %(count)s time", "tried %(count)s times", mail.tries) % {"count": number(mail.tries)}
    # The code of an answer says nothing to whoever does not know it: it stands behind what it means.
    taken = _("Taken by the mail server.") if mail.state is DeliveryState.ACCEPTED and said else ""
    why = " · ".join(filter(None, (_why_not(mail) or taken, tried)))
    return Told(entry.at, None, shown.tone, shown.icon, title, why, said, mail.edition)


def _why_not(mail: Mail) -> str:
    return "" if mail.state is DeliveryState.ACCEPTED else reason(mail.reason)


def _consent(entry: Entry, consent: Consent, audience: str) -> Told:
    evidence = consent.evidence
    imported = bool(evidence and evidence.imported)
    if imported:
        title = _("Agreed to %(audience)s, says the file") % {"audience": audience}
    elif evidence and evidence.confirmed:
        title = _("Subscribed to %(audience)s, confirmed") % {"audience": audience}
    else:
        title = _("Subscribed to %(audience)s") % {"audience": audience}
    why = " · ".join(filter(None, ("" if imported else consent.via, consent.note)))
    if entry.past:
        why = " · ".join(filter(None, (why, _("a later consent took its place"))))
    versions = tuple(filter(None, (each.strip() for each in evidence.wording.split(",")))) if evidence else ()
    return Told(
        entry.at,
        None,
        "plain" if entry.past else "good",
        "tick",
        title,
        why,
        evidence=evidence,
        wordings=versions,
        day=evidence.day if evidence else None,
    )


def _asked(entry: Entry, names: Mapping[str, str]) -> Told:
    assert entry.signup
    audiences = listing(names.get(each, each) for each in entry.signup.choices)
    title = _("Asked for %(audiences)s") % {"audiences": audiences}
    if entry.signup.confirmed:
        why = _("Confirmed by the link in the mail.")
    elif entry.signup.mailed:
        why = _("A mail asked them to confirm; nobody has.")
    else:
        why = _("The mail that asks to confirm has not gone out.")
    where = " · ".join(filter(None, (entry.signup.evidence.form, entry.signup.evidence.page)))
    return Told(entry.at, None, "accent", "plus", title, " ".join(filter(None, (why, where))))


def _by(via: str) -> str:
    return _("By themselves: %(way)s") % {"way": via} if via.startswith(_BY_READER) else via


def _changed(before: str, after: str) -> str:
    """The choices that differ, as the record has them."""
    try:
        old, new = json.loads(before or "{}"), json.loads(after or "{}")
    except ValueError:
        return ""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return ""
    words = []
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            words.append(f"{key}: {_shown(old.get(key))} → {_shown(new.get(key))}")
    return "; ".join(words)


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
