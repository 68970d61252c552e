"""What the newsroom must be told of: what the program stopped, dropped or held, and what went out with gaps.

The acts say what happened, so a hook in the engine is not needed, and nothing that is wrong here can hold up a send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.delivery.alert import PREFLIGHT, Alert, Command, Facts, which
from bot.delivery.returned_alert import RETURNED, article_of, of_returned
from bot.delivery.sending import PROGRAM
from bot.model import (
    ARTICLE,
    OPEN_STATES,
    Act,
    DeliveryState,
    Edition,
    EditionState,
    Phrase,
    Way,
    plural,
    several,
)
from bot.settings.tables import AlertsTable
from bot.store import Transaction
from bot.store.books import Balance
from bot.store.said import read

LOOKBACK = timedelta(hours=24)
"""What happened longer ago is no news: an installation that was down is not told of last week."""
RETRY = timedelta(minutes=5)
"""How long after an alert that reached nobody it is tried again."""
SETTLED_IN = timedelta(minutes=10)
"""So long a post that is unknown may be settled without anybody (``bot.delivery.recalling``) before it is told of."""
LOOKED_AT = timedelta(minutes=2)
"""So long an edition that awaits approval waits to be looked at, before it is told without."""
TOLD, CLAIMED, FAILED = "told", "claimed", "failed"
_ACTS = 1000


def due(tx: Transaction, rules: AlertsTable, timezone: str, now: datetime) -> list[Alert]:
    """What is still so, and was not told yet, or long enough ago for its next occurrence; the oldest first."""
    newest: dict[str, Act] = {}
    returned: dict[tuple[str, str, str], Act] = {}
    # Of editions alone: a night's bounces make thousands of acts of addresses.
    for act in reversed(tx.acts.newest(since=now - LOOKBACK, of="edition:", limit=_ACTS)):
        if act.after and act.after != act.before:
            newest[act.thing] = act
        elif act.who == PROGRAM and act.what in RETURNED:
            # Each story that changed is a matter of its own.
            returned[act.thing, act.what, article_of(act)] = act
    found = []
    for (thing, what, article), act in returned.items():
        flag = f"alert:{what}:{thing.removeprefix('edition:')}{f':{article}' if article else ''}"
        if may_tell(tx.flags.seen(flag), act.at, rules.quiet, now):
            found += of_returned(tx, flag, act, ZoneInfo(timezone))
    for thing, act in newest.items():
        asked = act.after == EditionState.AWAITING and act.who != PROGRAM
        if (act.who == PROGRAM or asked) and act.after in _KINDS:
            flag = f"alert:{act.after}:{thing.removeprefix('edition:')}"
            if asked:
                # Each time somebody asks is a matter of its own: others are to answer.
                flag += f":{act.at.timestamp():.0f}"
            if may_tell(tx.flags.seen(flag), act.at, rules.quiet, now):
                found += _alert(tx, rules, flag, act, ZoneInfo(timezone), now)
    return _together(tx, rules, found, now)


def _together(tx: Transaction, rules: AlertsTable, found: list[Alert], now: datetime) -> list[Alert]:
    """On publish each article is an edition, and a flood holds hundreds: they are one alert for each schedule."""
    alone: list[Alert] = []
    many: dict[str, list[Alert]] = {}
    for alert in found:
        edition = alert.edition
        if edition and edition.slot_key.startswith(ARTICLE) and edition.state in _TOGETHER:
            many.setdefault(f"alert:{edition.state}:{ARTICLE}{edition.schedule}", []).append(alert)
        else:
            alone.append(alert)
    for flag, alerts in many.items():
        last = max(alerts, key=lambda alert: alert.at)
        if may_tell(tx.flags.seen(flag), last.at, rules.quiet, now):
            more = plural(
                len(alerts) - 1,
                "%(count)s more edition of this schedule",
                "%(count)s more editions of this schedule",
            )
            others: Facts = ((Phrase("Beside it"), more),) if len(alerts) > 1 else ()
            state = last.edition.state if last.edition else ""
            list_them = Command(f"broadsheet editions --state {state}", Phrase("lists them all"))
            do = (*last.do, list_them) if others else last.do
            alone.append(replace(last, flag=flag, facts=(*last.facts, *others), do=do))
    return sorted(alone, key=lambda alert: alert.at)


def may_tell(seen: tuple[str, datetime] | None, happened: datetime, quiet: timedelta, now: datetime) -> bool:
    """Whether something that ``happened`` is to be told, given how and when it was told last."""
    if seen is None:
        return True
    how, when = seen
    if how != TOLD:
        # By a process that died over it, or in vain.
        return now - when >= RETRY
    return happened > when and now - when >= quiet


_KINDS: Mapping[str, Phrase] = {
    EditionState.AWAITING: Phrase("Awaiting approval"),
    EditionState.PAUSED: Phrase("Sending stopped"),
    EditionState.EXPIRED: Phrase("Not sent"),
    EditionState.HELD: Phrase("Not sent yet"),
    EditionState.SENT: Phrase("Sent with gaps"),
}


_TOGETHER = (EditionState.HELD, EditionState.EXPIRED)
_GOING = (EditionState.PAUSED, EditionState.SENT)


def _alert(tx: Transaction, rules: AlertsTable, flag: str, act: Act, zone: ZoneInfo, now: datetime) -> list[Alert]:
    edition = tx.editions.get(act.thing.removeprefix("edition:"))
    if edition is None or edition.state != act.after:
        return []
    kept, waits = tx.editions.report(edition.id).get(PREFLIGHT) or {}, edition.state is EditionState.AWAITING
    if waits and "look" not in kept and now - act.at < LOOKED_AT:
        # Who approves is told together with what needs a look.
        return []
    balance = tx.deliveries.balance(edition.id)
    if act.after == EditionState.SENT and now - act.at < SETTLED_IN and tx.deliveries.unknown_posts(edition.id):
        return []
    words = _words(edition, act, balance, zone, rules.failed_share)
    if words is None:
        return []
    title, said = words
    looked = kept.get("look", ()) if waits or edition.state is EditionState.HELD else ()
    stories = [each.told.article.title for each in edition.stories] if waits else []
    facts = (
        *which(edition, zone),
        (Phrase("Stories"), several(tuple(stories), Way.APART)),
        (Phrase("Reason"), edition.reason if waits else act.note or edition.reason),
        (Phrase("Needs a look"), several(tuple(map(read, looked)), Way.APART)),
        (Phrase("Deliveries"), several(tuple(_COUNTED[state](n) for state, n in sorted(balance.states.items())))),
    )
    return [
        Alert(
            flag=flag,
            at=act.at,
            edition=edition,
            status=_KINDS[act.after],
            title=title,
            said=said,
            facts=tuple((key, value) for key, value in facts if value),
            do=_do(edition),
            page=f"editions/{edition.id}{'/delivery' if edition.state in _GOING else ''}",
        )
    ]


_COUNTED: Mapping[str, Callable[[int], Phrase]] = {
    DeliveryState.PENDING: lambda n: plural(n, "%(count)s waits", "%(count)s wait"),
    DeliveryState.LEASED: lambda n: plural(n, "%(count)s is being sent", "%(count)s are being sent"),
    DeliveryState.ATTEMPTING: lambda n: plural(n, "%(count)s without an answer yet", "%(count)s without an answer yet"),
    DeliveryState.DEFERRED: lambda n: plural(n, "%(count)s is tried again", "%(count)s are tried again"),
    DeliveryState.ACCEPTED: lambda n: plural(n, "%(count)s accepted", "%(count)s accepted"),
    DeliveryState.UNKNOWN: lambda n: plural(n, "%(count)s unknown", "%(count)s unknown"),
    DeliveryState.FAILED: lambda n: Phrase("%(count)s failed", count=n),
    DeliveryState.SUPPRESSED: lambda n: plural(n, "%(count)s not mailed", "%(count)s not mailed"),
    DeliveryState.EXCLUDED: lambda n: plural(n, "%(count)s left out", "%(count)s left out"),
    DeliveryState.CANCELLED: lambda n: plural(n, "%(count)s cancelled", "%(count)s cancelled"),
}


def _words(
    edition: Edition, act: Act, balance: Balance, zone: ZoneInfo, share: int
) -> tuple[Phrase, tuple[Phrase, ...]] | None:
    """Title and first sentences; None when there is nothing to tell."""
    at, all_ = act.at.astimezone(zone).time(), sum(balance.states.values())
    on_publish = edition.slot_key.startswith(ARTICLE)
    if edition.state is EditionState.AWAITING:
        goes = (
            Phrase("Approve it, and it goes out at once.")
            if on_publish
            else Phrase("Approve it by %(slot)s, and it goes out then.", slot=edition.slot.astimezone(zone))
        )
        return Phrase("%(name)s waits for your approval", name=edition.name), (
            goes,
            Phrase(
                "If nobody does in time, what its schedule says happens: it is held, unless if_unapproved says "
                "otherwise."
            ),
        )
    if edition.state is EditionState.PAUSED:
        waits = sum(count for state, count in balance.states.items() if state in OPEN_STATES)
        return Phrase("%(name)s is paused: %(why)s", name=edition.name, why=act.note), (
            Phrase("Broadsheet stopped the edition at %(time)s.", time=at),
            plural(
                all_,
                "%(waiting)s of %(count)s delivery waits until you resume it.",
                "%(waiting)s of %(count)s deliveries wait until you resume it.",
                waiting=waits,
            ),
            Phrase("Nothing was lost and nobody gets it twice."),
        )
    if edition.state is EditionState.EXPIRED:
        over = Phrase("It expired at %(time)s, and goes out no more.", time=at)
        again = Phrase("Its stories may be picked by the next edition.")
        return Phrase("%(name)s did not go out: %(why)s", name=edition.name, why=act.note), (
            (over,) if on_publish else (over, again)
        )
    if edition.state is EditionState.HELD:
        held = Phrase("%(name)s is held: %(why)s", name=edition.name, why=act.note)
        return held, (Phrase("It goes out when you release it, until it is too late."),)
    failed, unknown = balance.states.get(DeliveryState.FAILED, 0), balance.states.get(DeliveryState.UNKNOWN, 0)
    many = failed * 100 > share * all_
    if not many and not unknown:
        return None
    said = [plural(all_, "Its one delivery has ended.", "All of %(count)s deliveries have ended.")]
    if many:
        said.append(Phrase("%(share)s %% were refused for good.", share=100 * failed / all_))
    if unknown:
        said.append(Phrase("Of the unknown ones only you, or the provider's log, can tell whether they arrived."))
    return _with_gaps(edition.name, failed if many else 0, unknown), tuple(said)


def _with_gaps(name: str, failed: int, unknown: int) -> Phrase:
    if failed and unknown:
        return Phrase(
            "%(name)s went out, %(failed)s failed and %(unknown)s unknown", name=name, failed=failed, unknown=unknown
        )
    if failed:
        return Phrase("%(name)s went out, %(failed)s failed", name=name, failed=failed)
    return Phrase("%(name)s went out, %(unknown)s unknown", name=name, unknown=unknown)


def _do(edition: Edition) -> tuple[Command, ...]:
    show = Command(f"broadsheet editions {edition.id}", Phrase("shows it"))
    if edition.state is EditionState.PAUSED:
        mended = Phrase("goes on where it stopped, once the cause is mended")
        return (
            Command(f"broadsheet resume {edition.id}", mended),
            Command(f"broadsheet cancel {edition.id}", Phrase("sends no more of it")),
            show,
        )
    if edition.state is EditionState.AWAITING:
        hold = Command(f"broadsheet hold {edition.id}", Phrase("holds it"))
        return Command(f"broadsheet approve {edition.id}"), hold, show
    if edition.state is EditionState.HELD:
        verb = "approve" if edition.approval else "release"
        return Command(f"broadsheet {verb} {edition.id}", Phrase("lets it go out")), show
    if edition.state is EditionState.SENT:
        whom = f"broadsheet deliveries --edition {edition.id} --state"
        failed, unknown = Command(f"{whom} failed", Phrase("shows whom")), Command(f"{whom} unknown")
        return failed, unknown, show
    return (show,)
