"""What the newsroom must be told of: what the program stopped, dropped or held, and what went out with gaps.

The acts say what happened, so a hook in the engine is not needed, and nothing that is wrong here can hold up a send.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.delivery.rates import BOUNCE_ALARM, COMPLAINT_ALARM
from bot.delivery.sending import PROGRAM
from bot.delivery.settling import HELD
from bot.model import ARTICLE, OPEN_STATES, Act, DeliveryState, Edition, EditionState, Phrase
from bot.settings.tables import AlertsTable
from bot.store import Transaction
from bot.store.books import Balance

LOOKBACK = timedelta(hours=24)
"""What happened longer ago is no news: an installation that was down is not told of last week."""
RETRY = timedelta(minutes=5)
"""How long after an alert that reached nobody it is tried again."""
SETTLED_IN = timedelta(minutes=10)
"""So long a post that is unknown may be settled without anybody (``bot.delivery.recalling``) before it is told of."""
LOOKED_AT = timedelta(minutes=2)
"""So long an edition that awaits approval waits to be looked at, before it is told without."""
TOLD, CLAIMED, FAILED = "told", "claimed", "failed"
CHANGED = "story changed"
"""What is on record when an article is not any more as an edition told it."""
PREFLIGHT = "preflight"
"""What is on record when an edition that nobody approves has faults; and the key of its report under which it keeps
what became of its addresses (``reached``), and what needs a look (``look``).
"""
_ACTS = 1000
_HEADLINE = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What who approves is told of an edition that waits for it: all text ready. ``to`` are their addresses.

    ``link`` leads to the edition's page of the desk, where it is decided: opening it changes nothing. ``facts`` are
    what would go out, ``look`` what needs a look.
    """

    to: tuple[str, ...]
    link: str
    facts: tuple[tuple[str, str], ...]
    look: tuple[str, ...]
    stories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something a person should know. ``flag`` is the same for the same thing, ``at`` (UTC) is when it happened.

    ``edition`` is None for what is of no edition. ``approval``: those who may approve it are told, and asked.
    """

    flag: str
    at: datetime
    edition: Edition | None
    status: str
    title: str
    said: str
    facts: tuple[tuple[str, str], ...]
    do: tuple[str, ...]
    approval: Approval | None = None


def due(tx: Transaction, rules: AlertsTable, timezone: str, now: datetime) -> list[Alert]:
    """What is still so, and was not told yet, or long enough ago for its next occurrence; the oldest first."""
    newest: dict[str, Act] = {}
    returned: dict[tuple[str, str, str], Act] = {}
    # Of editions alone: a night's bounces make thousands of acts of addresses.
    for act in reversed(tx.acts.newest(since=now - LOOKBACK, of="edition:", limit=_ACTS)):
        if act.after and act.after != act.before:
            newest[act.thing] = act
        elif act.who == PROGRAM and act.what in _RETURNED:
            # Each story that changed is a matter of its own.
            returned[act.thing, act.what, _article(act)] = act
    found = []
    for (thing, what, article), act in returned.items():
        flag = f"alert:{what}:{thing.removeprefix('edition:')}{f':{article}' if article else ''}"
        if may_tell(tx.flags.seen(flag), act.at, rules.quiet, now):
            found += _of_returned(tx, flag, act, ZoneInfo(timezone))
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
            others = (("Beside it", f"{len(alerts) - 1} more editions of this schedule"),) if len(alerts) > 1 else ()
            list_them = f"broadsheet editions --state {last.edition.state if last.edition else ''}: lists them all"
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


_KINDS: Mapping[str, str] = {
    EditionState.AWAITING: "Awaiting approval",
    EditionState.PAUSED: "Sending stopped",
    EditionState.EXPIRED: "Not sent",
    EditionState.HELD: "Not sent yet",
    EditionState.SENT: "Sent with gaps",
}


_TOGETHER = (EditionState.HELD, EditionState.EXPIRED)

_RETURNED: Mapping[str, tuple[str, Callable[[str], Phrase], str]] = {
    BOUNCE_ALARM: (
        "Many bounces",
        lambda name: Phrase("%(name)s: more than 5 %% came back", name=name),
        "So many bounces harm your sender's reputation. Where did these addresses come from?",
    ),
    COMPLAINT_ALARM: (
        "Complaints",
        lambda name: Phrase("%(name)s: more than 0.1 %% complained", name=name),
        "Providers filter a sender whose mail is called spam so often; at 0.3 % an edition that is being sent pauses.",
    ),
    CHANGED: (
        "Changed after it was sent",
        lambda name: Phrase("%(name)s: a story changed after it went out", name=name),
        "Readers have the earlier words. Look at what changed, and say whether they are to be told.",
    ),
    PREFLIGHT: (
        "Look at this edition",
        lambda name: Phrase("%(name)s: a look at it found faults", name=name),
        "Nobody approves it, so it goes out as it is, or has. Hold or cancel it if that must not be.",
    ),
    HELD: (
        "Look at these bounces",
        lambda name: Phrase("%(name)s: too many addresses came back at once", name=name),
        "That is hardly the readers. They get the next edition, unless you say that their addresses are dead.",
    ),
}


def _of_returned(tx: Transaction, flag: str, act: Act, zone: ZoneInfo) -> list[Alert]:
    edition = tx.editions.get(act.thing.removeprefix("edition:"))
    if edition is None:
        return []
    status, title, said = _RETURNED[act.what]
    return [
        Alert(
            flag=flag,
            at=act.at,
            edition=edition,
            status=status,
            title=title(edition.name),
            said=said,
            facts=(
                ("Edition", f"{edition.name}, {edition.id}"),
                ("Slot", f"{edition.slot.astimezone(zone):%A %d %B %Y, %H:%M %Z}"),
                ("Reason", act.note),
            ),
            do=_look_at(edition, act),
        )
    ]


def _article(act: Act) -> str:
    """The id of the article that changed; "" where it is about the whole edition."""
    return act.before.partition(",")[0].removeprefix("article ") if act.what == CHANGED else ""


def _look_at(edition: Edition, act: Act) -> tuple[str, ...]:
    if act.what == CHANGED:
        article = _article(act)
        if act.before.endswith(", withdrawn"):
            return (
                f"broadsheet correct {article}: shows what was sent",
                f"broadsheet posts remove {article}: takes down the posts about it",
                f"broadsheet correct {article} --said … --right …: tells readers",
            )
        return (
            f"broadsheet correct {article}: shows what was sent and what changed",
            f"broadsheet correct {article} --said … --right …: tells readers",
        )
    if act.what == PREFLIGHT:
        return f"broadsheet editions {edition.id}: shows all that was found", f"broadsheet hold {edition.id}: holds it"
    settle = (
        f"broadsheet bounces settle {edition.id} --as dead: suppresses them",
        f"broadsheet bounces settle {edition.id} --as good: keeps them",
    )
    return (*(settle if act.what == HELD else ()), f"broadsheet bounces list --edition {edition.id}: shows them")


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
    title, said = _words(edition, act, balance, zone, rules.failed_share)
    if not title:
        return []
    looked = "; ".join(kept.get("look", ())) if waits or edition.state is EditionState.HELD else ""
    facts = [
        ("Edition", f"{edition.name}, {edition.id}"),
        ("Slot", f"{edition.slot.astimezone(zone):%A %d %B %Y, %H:%M %Z}"),
        ("Stories", "; ".join(each.told.article.title for each in edition.stories) if waits else ""),
        ("Reason", edition.reason if waits else act.note or edition.reason),
        ("Needs a look", looked),
        ("Deliveries", ", ".join(f"{count:,} {state}" for state, count in sorted(balance.states.items()))),
    ]
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
        )
    ]


def _words(edition: Edition, act: Act, balance: Balance, zone: ZoneInfo, share: int) -> tuple[str, str]:
    """Title and first sentence; "" when there is nothing to tell."""
    at, all_ = f"{act.at.astimezone(zone):%H:%M}", sum(balance.states.values())
    on_publish = edition.slot_key.startswith(ARTICLE)
    if edition.state is EditionState.AWAITING and on_publish:
        return Phrase("%(name)s waits for your approval", name=edition.name), (
            "Approve it, and it goes out at once. If nobody does in time, what its schedule says happens: it is held, "
            "unless if_unapproved says otherwise."
        )
    if edition.state is EditionState.AWAITING:
        return Phrase("%(name)s waits for your approval", name=edition.name), (
            f"Approve it by {edition.slot.astimezone(zone):%A %H:%M}, and it goes out then. If nobody does, what its "
            "schedule says happens: it is held, unless if_unapproved says otherwise."
        )
    if edition.state is EditionState.PAUSED:
        waits = sum(count for state, count in balance.states.items() if state in OPEN_STATES)
        return Phrase("%(name)s is paused: %(why)s", name=edition.name, why=_short(act.note)), (
            f"Broadsheet stopped the edition at {at}. {waits:,} of {all_:,} deliveries wait until you resume it. "
            "Nothing was lost and nobody gets it twice."
        )
    if edition.state is EditionState.EXPIRED:
        return Phrase("%(name)s did not go out: %(why)s", name=edition.name, why=_short(act.note)), (
            f"It expired at {at}, and goes out no more."
            + ("" if on_publish else " Its stories may be picked by the next edition.")
        )
    if edition.state is EditionState.HELD:
        held = Phrase("%(name)s is held: %(why)s", name=edition.name, why=_short(act.note))
        return held, "It goes out when you release it, until it is too late."
    failed, unknown = balance.states.get(DeliveryState.FAILED, 0), balance.states.get(DeliveryState.UNKNOWN, 0)
    many = failed * 100 > share * all_
    if not many and not unknown:
        return "", ""
    return _with_gaps(edition.name, failed if many else 0, unknown), (
        f"All of {all_:,} deliveries have ended. "
        + (f"{failed / all_:.1%} were refused for good. " if many else "")
        + ("Of the unknown ones only you, or the provider's log, can tell whether they arrived." if unknown else "")
    ).strip()


def _with_gaps(name: str, failed: int, unknown: int) -> Phrase:
    if failed and unknown:
        return Phrase(
            "%(name)s went out, %(failed)s failed and %(unknown)s unknown", name=name, failed=failed, unknown=unknown
        )
    if failed:
        return Phrase("%(name)s went out, %(failed)s failed", name=name, failed=failed)
    return Phrase("%(name)s went out, %(unknown)s unknown", name=name, unknown=unknown)


def _short(reason: str) -> str:
    """What a headline has room for; the whole of it stands among the facts."""
    said = re.split(r": \d{3} |; ", reason, maxsplit=1)[0]
    if said == reason and len(said) <= _HEADLINE:
        return reason
    return said if len(said) <= _HEADLINE else said[:_HEADLINE].rpartition(" ")[0] + " …"


def _do(edition: Edition) -> tuple[str, ...]:
    show = f"broadsheet editions {edition.id}: shows it"
    if edition.state is EditionState.PAUSED:
        return (
            f"broadsheet resume {edition.id}: goes on where it stopped, once the cause is mended",
            f"broadsheet cancel {edition.id}: sends no more of it",
            show,
        )
    if edition.state is EditionState.AWAITING:
        return f"broadsheet approve {edition.id}", f"broadsheet hold {edition.id}: holds it", show
    if edition.state is EditionState.HELD:
        verb = "approve" if edition.approval else "release"
        return f"broadsheet {verb} {edition.id}: lets it go out", show
    if edition.state is EditionState.SENT:
        return f"broadsheet deliveries --edition {edition.id} --state failed (or unknown): shows whom", show
    return (show,)
