"""``/activity``: who did what, when, with what it was before and after. Nothing here can be changed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from bot.audience.csv_file import guarded
from bot.model import Act
from bot.speech.catalog import _
from bot.store.acts import Place
from bot.web.editor.access import Viewer
from bot.web.editor.deeds import kind_word
from bot.web.editor.desk import Desk
from bot.web.editor.record import Line, lines, person

PAGE = 50
EXPORTED = 100_000
"""Acts in one CSV file, the newest."""
_READ_AT_ONCE = 1000
_COLUMNS = ("at", "who", "what", "thing", "before", "after", "note")


@dataclass(frozen=True, slots=True)
class Wish:
    """What of the record is asked for; "" and None: all of it."""

    who: str = ""
    kind: str = ""
    day: date | None = None

    def query(self, **more: str) -> str:
        """As the end of an address."""
        fields = {"who": self.who, "kind": self.kind, "day": self.day.isoformat() if self.day else "", **more}
        return urlencode({name: value for name, value in fields.items() if value})


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/activity`` and ``/activity.csv``."""
    installation = desk.installation

    @router.api_route("/activity", methods=["GET", "HEAD"])
    def show(
        request: Request,
        user: Viewer,
        who: str = "",
        kind: str = "",
        day: str = "",
        older: str = "",
        newer: str = "",
    ) -> Response:
        wish = Wish(who[:200], kind[:40], _day(day))
        since, until = _span(desk, wish)
        beyond, back = _place(newer) or _place(older), _place(newer) is not None
        with installation.store.read() as tx:
            found = tx.acts.page(
                who=wish.who,
                kind=wish.kind,
                since=since,
                until=until,
                beyond=beyond,
                way="newer" if back else "older",
                limit=PAGE + 1,
            )
            people, kinds = tx.acts.people(), tx.acts.kinds()
            over = len(found) > PAGE
            found = (found[-PAGE:] if back else found[:PAGE]) if over else found
            made = lines(tx, [act for _, act in found], desk, user)
        first, last = (found[0][0], found[-1][0]) if found else (None, None)
        before = first if beyond and (over or not back) else None
        after = last if over or back else None
        return desk.page(
            request,
            user,
            "editor/activity.html.j2",
            here="activity",
            wish=wish,
            days=_by_day(desk, made),
            people=[("", _("Everyone")), *((each, person(each, user)) for each in people)],
            kinds=[("", _("Every kind")), *((each, kind_word(each)) for each in kinds)],
            newer=f"activity?{wish.query(newer=_written(before))}" if before else "",
            older=f"activity?{wish.query(older=_written(after))}" if after else "",
            export=f"activity.csv?{wish.query()}".rstrip("?"),
        )

    @router.api_route("/activity.csv", methods=["GET", "HEAD"])
    def export(user: Viewer, who: str = "", kind: str = "", day: str = "") -> Response:
        wish = Wish(who[:200], kind[:40], _day(day))
        headers = {"Content-Disposition": 'attachment; filename="activity.csv"'}
        return StreamingResponse(_csv(desk, wish), media_type="text/csv; charset=utf-8", headers=headers)


def _by_day(desk: Desk, made: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    times = desk.times
    today = times.local(times.now).date()
    named = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    found: dict[date, list[Line]] = {}
    for line in made:
        found.setdefault(times.local(line.act.at).date(), []).append(line)
    return [(named.get(day) or times.date(day), those) for day, those in found.items()]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # Of others a calendar cannot say when they begin.
    return found if 1970 <= found.year < 3000 else None


def _span(desk: Desk, wish: Wish) -> tuple[datetime | None, datetime | None]:
    """From when until when the day lasts in the newsroom, which on two days a year is not 24 hours."""
    if wish.day is None:
        return None, None
    zone = desk.times.zone
    begin, end = (
        datetime.combine(each, datetime.min.time(), zone) for each in (wish.day, wish.day + timedelta(days=1))
    )
    return begin.astimezone(UTC), end.astimezone(UTC)


def _written(place: Place) -> str:
    return f"{place[0].astimezone(UTC):%Y%m%dT%H%M%S.%f}_{place[1]}"


def _place(text: str) -> Place | None:
    moment, _line, number = text[:60].partition("_")
    if not (number.isascii() and number.isdecimal() and len(number) < 16):
        return None
    try:
        return datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), int(number)
    except ValueError:
        return None


def _csv(desk: Desk, wish: Wish) -> Iterator[str]:
    """Some at a time: no transaction lasts as long as a reader of the answer is slow."""
    since, until = _span(desk, wish)
    yield _row(_COLUMNS)
    beyond, left = None, EXPORTED
    while left > 0:
        with desk.installation.store.read() as tx:
            found = tx.acts.page(
                who=wish.who, kind=wish.kind, since=since, until=until, beyond=beyond, limit=min(left, _READ_AT_ONCE)
            )
        if not found:
            return
        yield "".join(_row(_cells(act)) for _, act in found)
        beyond, left = found[-1][0], left - len(found)


def _cells(act: Act) -> list[str]:
    cells: Mapping[str, str] = {
        "at": act.at.isoformat(),
        "who": act.who,
        "what": act.what,
        "thing": act.thing,
        "before": act.before,
        "after": act.after,
        "note": act.note,
    }
    return [guarded(cells[name]) for name in _COLUMNS]


def _row(cells: Sequence[str]) -> str:
    line = StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()
