"""Tells people of alerts, by mail and webhook: each once, whoever of several processes comes first.

Alerts are no deliveries: no ledger names them, and one that cannot be told holds nothing up. It is tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.channels.base import Channel
from bot.clock import Clock
from bot.delivery.alert import Alert
from bot.delivery.alert_mail import alert_mail, headline, language_of, link, shortened
from bot.delivery.alerts import CLAIMED, FAILED, TOLD, may_tell
from bot.delivery.sending import PROGRAM
from bot.errors import BroadsheetError
from bot.model import (
    Act,
    Card,
    Newsroom,
    Parcel,
    Phrase,
    Post,
    Recipient,
    Rendition,
    Several,
    User,
    Way,
    cut,
    said_by,
    several,
)
from bot.settings.tables import AlertsTable
from bot.speech.catalog import speaking
from bot.speech.phrases import paragraph
from bot.store import Store
from bot.tokens import KeyRing, delivery_token

log = logging.getLogger(__name__)


async def tell(
    alerts: Sequence[Alert],
    *,
    store: Store,
    channels: Mapping[str, Channel],
    keys: KeyRing,
    newsroom: Newsroom,
    folders: Sequence[Path],
    rules: AlertsTable,
    clock: Clock,
) -> list[Alert]:
    """Sends what no other process has claimed, over all of ``rules.channels``; returns what reached somebody.

    Each mail is in the language of its address, each post in English. Raises ``StoreError``; what was claimed is tried
    again later.
    """
    told = []
    with store.read() as tx:
        people = {each.address.casefold(): each for each in tx.users.every()}
    for alert in alerts:
        earlier = _claimed(store, alert, rules, clock)
        if earlier is None:
            continue
        reached, failures = [], []
        for parcel, name, whom in _parcels(alert, channels, keys, newsroom, folders, rules, people):
            try:
                await channels[name].send(parcel)
                reached.append(whom)
            except Exception as error:
                known = isinstance(error, BroadsheetError)
                log.error("the alert “%s” does not reach %s: %s", alert.title, whom, error, exc_info=not known)
                failures.append(
                    Phrase("not %(whom)s: %(why)s", whom=whom, why=said_by(error) if known else type(error).__name__)
                )
        _keep(store, alert, reached, failures, again=earlier == FAILED, clock=clock)
        told += [alert] * bool(reached)
    return told


def _claimed(store: Store, alert: Alert, rules: AlertsTable, clock: Clock) -> str | None:
    """How it was told before, now that it is ours; None when it is another's."""
    with store.write() as tx:
        now, seen = clock(), tx.flags.seen(alert.flag)
        if not may_tell(seen, alert.at, rules.quiet, now) or not tx.flags.swap(alert.flag, seen, CLAIMED, now):
            return None
    return seen[0] if seen else ""


def _keep(
    store: Store, alert: Alert, reached: Sequence[str], failures: Sequence[str], *, again: bool, clock: Clock
) -> None:
    with store.write() as tx:
        now = clock()
        tx.flags.set(alert.flag, TOLD if reached else FAILED, now)
        if not reached and again:
            return
        title = Phrase("“%(title)s”", title=shortened(alert.title))
        note = several((title, *reached, *failures), Way.APART)
        what = "alert" if reached else "alert in vain"
        tx.acts.add(Act(at=now, who=PROGRAM, what=what, thing=_thing(alert), note=cut(note, 500)))


def title_in(note: str) -> str:
    """The title of the alert whose act has this note; "" where there is none."""
    each = note.facts.get("each") if isinstance(note, Phrase) else None
    first = each.each[0] if isinstance(each, Several) else ""
    title = first.facts.get("title") if isinstance(first, Phrase) else None
    return title if isinstance(title, str) else note.partition("“")[2].partition("”")[0]


def _thing(alert: Alert) -> str:
    return f"edition:{alert.edition.id}" if alert.edition else alert.flag


def _parcels(
    alert: Alert,
    channels: Mapping[str, Channel],
    keys: KeyRing,
    newsroom: Newsroom,
    folders: Sequence[Path],
    rules: AlertsTable,
    people: Mapping[str, User],
) -> list[tuple[Parcel, str, str]]:
    """What goes out, over which channel, and to whom as the record names it. Not one by one: a mail may fail alone."""
    made: list[tuple[Parcel, str, str]] = []
    for name in rules.channels:
        if channels[name].medium == "email":
            mails: dict[str, Rendition] = {}
            approvers = alert.approval.to if alert.approval else ()
            for address in dict.fromkeys((*rules.to, *approvers)):
                language = language_of(address, people, newsroom)
                if language not in mails:
                    mails[language] = Rendition(channel=name, email=alert_mail(alert, newsroom, folders, language))
                recipient = Recipient(subscriber=0, address=address, audience="", subscribed=alert.at)
                made.append(
                    (
                        _parcel(alert, keys, mails[language], address, recipient),
                        name,
                        Phrase("%(address)s by %(channel)s", address=address, channel=name),
                    )
                )
        else:
            made.append(
                (_parcel(alert, keys, Rendition(channel=name, post=_post(alert, newsroom)), "", None), name, name)
            )
    return made


def _parcel(alert: Alert, keys: KeyRing, rendition: Rendition, address: str, recipient: Recipient | None) -> Parcel:
    edition = alert.edition
    # The same on each try: whoever got it knows it again.
    subject = f"{alert.flag}/{alert.at.isoformat()}/{address}"
    return Parcel(
        token=delivery_token(keys, edition.id if edition else "", rendition.channel, subject, 0),
        edition=edition.id if edition else "",
        schedule=edition.schedule if edition else "",
        name=edition.name if edition else "",
        slot=alert.at,
        rendition=rendition,
        recipient=recipient,
    )


def _post(alert: Alert, newsroom: Newsroom) -> Post:
    with speaking("en"):
        title, said = headline(alert), paragraph(alert.said)
    text = "\n".join([f"{alert.status}: {title}", said, *map(str, alert.do)])
    card = Card(url=link(alert, newsroom), title=title, description=said)
    # A receiver that publishes posts must not take this for one.
    return Post(text=text, card=card, language="en", data={"event": "edition.alert" if alert.edition else "alert"})
