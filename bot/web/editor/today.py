"""``/``: what needs the editor, the day as a rundown, what happened; and everything paused, and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from bot.editions.lifecycle import pause_all, resume_all
from bot.model import User, Verdict
from bot.schedules.clock_change import day_begins
from bot.schedules.needs import needs
from bot.speech.catalog import _
from bot.store import Transaction
from bot.store.flags import PAUSED
from bot.web.editor.access import Approver, Viewer
from bot.web.editor.badges import badges_of
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.lately import lately
from bot.web.editor.needs import Asked, asked_of, titled
from bot.web.editor.reach import reach_said
from bot.web.editor.record import person
from bot.web.editor.rundown import rundown, whom

WEEK = timedelta(days=7)
DAY = timedelta(hours=24)
_BOUNCES = (Verdict.HARD, Verdict.SOFT)


@dataclass(frozen=True, slots=True)
class Figures:
    """The desk in numbers; ``accepted`` and below are of the last 24 hours. None: nobody has counted."""

    sources: int
    fresh: int
    failing: int
    articles: int
    channels: int
    paused: int
    readers: int | None
    week: int | None
    accepted: int
    posts: int
    bounced: int
    complaints: int
    left: int


def routes(desk: Desk, router: APIRouter) -> None:
    """``/``, ``/pause`` and ``/resume``."""

    @router.api_route("/", methods=["GET", "HEAD"])
    def today(request: Request, user: Viewer) -> Response:
        with desk.installation.store.read() as tx:
            asked = _asked(tx, desk, user)
            before, after = rundown(tx, desk)
            figures, done = _figures(tx, desk), lately(tx, desk, user)
            held = tx.flags.held()
        schedules = desk.installation.settings.schedules.values()
        return desk.page(
            request,
            user,
            "editor/today.html.j2",
            here="today",
            title=titled(_("Today"), asked),
            asked=asked,
            badges=badges_of([each.need for each in asked], user),
            before=before,
            after=after,
            listening=[each for each in schedules if each.on_publish and each.enabled],
            figures=figures,
            lately=done,
            held=held,
            whom=whom,
            person=lambda who: person(who, user),
        )

    @router.api_route("/pause", methods=["GET", "HEAD"])
    def ask(request: Request, user: Approver) -> Response:
        return desk.page(request, user, "editor/pause.html.j2", here="today", title=_("Pause everything?"))

    @router.post("/pause")
    def pause(request: Request, user: Approver, form: Submitted) -> Response:
        now, note = desk.installation.clock(), form.text("note", longest=300)
        with desk.installation.store.read() as tx:
            already = tx.flags.get(PAUSED)
        if not already:
            pause_all(desk.installation.store, who=user.name_on_record, now=now, note=note)
        return desk.done(request, "", _("Everything is paused."))

    @router.post("/resume")
    def resume(request: Request, user: Approver) -> Response:
        resume_all(desk.installation.store, who=user.name_on_record, now=desk.installation.clock())
        return desk.done(request, "", _("Everything goes on."))


def _asked(tx: Transaction, desk: Desk, user: User) -> list[Asked]:
    installation, times = desk.installation, desk.times
    found, schedules = needs(tx, installation, times.now), installation.settings.schedules
    tables = {each.schedule: schedules[each.schedule] for each in found if each.schedule in schedules}
    readers = tx.growth.numbers([each.audience for each in tables.values()])
    goes = {name: whom(reach_said(installation, each, readers)) for name, each in tables.items()}
    return [
        asked_of(
            each,
            user,
            times,
            goes_to=goes.get(each.schedule, ""),
            if_unapproved=tables[each.schedule].if_unapproved if each.schedule in tables else "hold",
        )
        for each in found
    ]


def _figures(tx: Transaction, desk: Desk) -> Figures:
    settings, times = desk.installation.settings, desk.times
    today = times.local(times.now).date()
    sources = tx.sources.of(list(settings.sources)).values()
    states = tx.channels.all()
    days = tx.reader_days.since(list(settings.audiences), today - WEEK)
    since = times.now - DAY
    mail = tx.numbers.of_editions(list(settings.schedules), since=since, until=times.now, limit=500)
    everything = tx.numbers.states([each.edition for each in mail])
    accepted = sum(each.accepted for each in mail)
    came_back = tx.events.since(since)
    newest = {audience: those[-1].readers for audience, those in days.items() if those}
    return Figures(
        sources=len(settings.sources),
        fresh=sum(not each.failures and each.last_visit is not None for each in sources),
        failing=sum(bool(each.failures) for each in sources),
        articles=sum(tx.headlines.counts(list(settings.sources), day_begins(today, times.zone)).values()),
        channels=len(settings.channels),
        paused=sum(bool(states[name].paused) for name in settings.channels if name in states),
        readers=sum(newest.values()) if newest else None,
        week=sum(those[-1].readers - those[0].readers for those in days.values() if those) if newest else None,
        accepted=accepted,
        posts=sum(each.get("accepted", 0) for each in everything.values())
        - sum(each.accepted for each in mail if each.edition in everything),
        bounced=sum(came_back.get(verdict, 0) for verdict in _BOUNCES),
        complaints=came_back.get(Verdict.COMPLAINT, 0),
        left=sum(tx.reader_days.left_between(settings.audiences, since, times.now).values()),
    )
