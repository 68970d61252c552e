"""``/audience``: who reads, found by a part of address or name; how many there are, and who has not confirmed yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from bot.audience import care
from bot.delivery.flood import stopped_until
from bot.model import Signup
from bot.speech.catalog import _
from bot.store import Transaction
from bot.store.growth import LIVE, Counted
from bot.store.reader_days import Day
from bot.store.readers import SHORTEST, LastMail
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.desk import Desk, number
from bot.web.editor.form import Submitted
from bot.web.editor.reader_states import STATES, Subscriptions
from bot.web.editor.states import Shown

READERS = 50
"""Readers of a page."""
WEEK = timedelta(days=7)
DAYS = 90
"""Days that the page about growth shows."""
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A reader in a list."""

    id: int
    address: str
    name: str
    audiences: tuple[str, ...]
    state: Shown
    since: datetime | None
    last: LastMail | None


@dataclass(frozen=True, slots=True)
class Audience:
    """An audience with its numbers; ``week`` is the net growth of seven days, None where nothing was counted then."""

    key: str
    name: str
    counted: Counted
    week: int | None
    gets: tuple[str, ...]


def routes(desk: Desk, router: APIRouter) -> None:
    """The list, ``/audience/growth`` and ``/audience/waiting``."""
    store = desk.installation.store
    desk.site.environment.globals["signed"] = signed

    @router.api_route("/audience", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        asked = {name: request.query_params.get(name, "")[:LONGEST].strip() for name in ("q", "audience", "state")}
        after, before = (request.query_params.get(name, "") for name in ("after", "before"))
        chosen = {"audience": asked["audience"], "state": asked["state"]}
        words = asked["q"].replace("\0", "")
        with store.read() as tx:
            audiences = numbers(desk, tx)
            few = sum(each.counted.readers for each in audiences) <= LIVE
            searched = len(words) >= SHORTEST
            listed = searched or any(chosen.values()) or few
            if searched:
                page = tx.readers.find(words, **chosen, limit=READERS, after=after)
            elif listed:
                page = tx.readers.page(**chosen, limit=READERS, after=after, before=before)
            else:
                page = None
            rows = rows_of(desk, tx, list(page.readers)) if page else []
        base = {name: value for name, value in asked.items() if value}
        return desk.page(
            request,
            user,
            "editor/audience.html.j2",
            here="audience",
            title=_("Audience"),
            tab="readers",
            audiences=audiences,
            total=total(audiences),
            names=names(desk),
            asked=asked,
            short=bool(words) and not searched,
            searched=searched,
            listed=listed,
            page=page,
            rows=rows,
            continued=bool(after or before),
            after=_link(base, after=page.after) if page and page.after else "",
            before=_link(base, before=page.before) if page and page.before else "",
            states=[(key, _(word)) for key, word in STATES],
            shortest=SHORTEST,
        )

    @router.api_route("/audience/growth", methods=["GET", "HEAD"])
    def growth(request: Request, user: Viewer) -> Response:
        today = desk.times.local(desk.times.now).date()
        with store.read() as tx:
            audiences = numbers(desk, tx)
            days = tx.reader_days.since([each.key for each in audiences], today - timedelta(days=DAYS - 1))
        curves = [Curve.of(each, _counts(days.get(each.key, [])), today) for each in audiences]
        return desk.page(
            request,
            user,
            "editor/growth.html.j2",
            here="audience",
            title=_("Growth"),
            tab="growth",
            audiences=audiences,
            total=total(audiences),
            curves=curves,
        )

    @router.api_route("/audience/waiting", methods=["GET", "HEAD"])
    def waiting(request: Request, user: Viewer) -> Response:
        before = moment(request.query_params.get("before", ""))
        with store.read() as tx:
            audiences = numbers(desk, tx)
            found = tx.signups.unconfirmed(READERS + 1, before=before)
            stopped = stopped_until(tx)
        shown = found[:READERS]
        return desk.page(
            request,
            user,
            "editor/waiting.html.j2",
            here="audience",
            title=_("Not confirmed"),
            tab="waiting",
            total=total(audiences),
            names=names(desk),
            signups=[(each, _next(desk, each)) for each in shown],
            stopped=stopped,
            more=shown[-1].requested.isoformat() if len(found) > READERS else "",
        )

    @router.post("/audience/waiting/again")
    def again(request: Request, user: Editor, form: Submitted) -> Response:
        installation = desk.installation
        sent = care.confirm_again(store, form.text("id", longest=40), who=user.name_on_record, now=installation.clock())
        if sent is None:
            said = _("No mail goes out: it was confirmed meanwhile, or one went out within 24 hours.")
        else:
            said = _("Another confirmation goes to %(address)s.") % {"address": sent.address}
        return desk.done(request, "audience/waiting", said)


@dataclass(frozen=True, slots=True)
class Curve:
    """The readers of one audience day by day, as a line in a frame of 1,000 × 120."""

    audience: Audience
    days: tuple[tuple[date, int, int | None], ...]
    points: str
    least: int
    most: int

    @classmethod
    def of(cls, audience: Audience, counts: Mapping[date, int], today: date) -> Curve:
        """The last day is today's, as far as it has gone."""
        known = {**counts, today: audience.counted.readers} if not audience.counted.more else dict(counts)
        days = sorted(known)
        readers = [known[day] for day in days]
        least, most = (min(readers), max(readers)) if readers else (0, 0)
        span = max(1, most - least)
        first = days[0] if days else today
        width = max(1, (today - first).days)
        points = " ".join(
            f"{(day - first).days * 1000 / width:.1f},{118 - (known[day] - least) * 116 / span:.1f}" for day in days
        )
        changes = [None, *(after - before for before, after in pairwise(readers))]
        told = tuple(zip(days, readers, changes, strict=True))
        return cls(audience, told[::-1], points, least, most)


def signed(change: int) -> str:
    """``+38``, ``−4``, ``0``."""
    return f"+{number(change)}" if change > 0 else f"−{number(-change)}" if change < 0 else "0"


def names(desk: Desk) -> dict[str, str]:
    """What each audience is called."""
    return {key: table.name for key, table in desk.installation.settings.audiences.items()}


def numbers(desk: Desk, tx: Transaction) -> list[Audience]:
    """Each audience of the settings with its count and its week."""
    settings = desk.installation.settings
    today = desk.times.local(desk.times.now).date()
    counted = tx.growth.now(list(settings.audiences))
    past = tx.reader_days.since(list(settings.audiences), today - WEEK)
    found = []
    for key, table in settings.audiences.items():
        days = {day: readers for day, readers in _counts(past.get(key, [])).items() if day < today}
        week = counted[key].readers - days[min(days)] if days and not counted[key].more else None
        gets = tuple(each.name for each in settings.schedules.values() if each.audience == key)
        found.append(Audience(key, table.name, counted[key], week, gets))
    return found


def _counts(days: Iterable[Day]) -> dict[date, int]:
    return {each.day: each.readers for each in days}


@dataclass(frozen=True, slots=True)
class Total:
    """All audiences together; who is in two of them counts twice."""

    readers: int
    week: int | None
    audiences: int
    more: bool


def total(audiences: list[Audience]) -> Total:
    """The sum, as the head of each page about the audience says it."""
    weeks = [each.week for each in audiences if each.week is not None]
    return Total(
        sum(each.counted.readers for each in audiences),
        sum(weeks) if len(weeks) == len(audiences) and weeks else None,
        len(audiences),
        any(each.counted.more for each in audiences),
    )


def rows_of(desk: Desk, tx: Transaction, readers: list[tuple[int, str, str]]) -> list[Row]:
    """What a list says of each reader: four queries, however many they are."""
    ids = [id for id, _address, _name in readers]
    if not ids:
        return []
    called = names(desk)
    subscriptions, suppressed = tx.readers.subscriptions(ids), tx.readers.suppressed(ids)
    soft, last = tx.readers.soft_bounces(ids), tx.readers.last_mails(ids)
    rows = []
    for id, address, name in readers:
        each = subscriptions.get(id, [])
        theirs = Subscriptions(each, suppressed.get(id, ""), soft.get(id))
        rows.append(
            Row(
                id=id,
                address=address,
                name=name,
                audiences=tuple(called.get(one.audience, one.audience) for one in each),
                state=theirs.state(desk.installation.newsroom, desk.times),
                since=theirs.since,
                last=last.get(id),
            )
        )
    return rows


def moment(text: str) -> datetime | None:
    """A cursor that is a moment; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _next(desk: Desk, signup: Signup) -> datetime | None:
    """When another confirmation may go out; None: now."""
    until = care.next_confirmation(signup)
    return until if until and until > desk.times.now else None


def _link(asked: Mapping[str, str], **cursor: str) -> str:
    return f"audience?{urlencode({**asked, **cursor})}"
