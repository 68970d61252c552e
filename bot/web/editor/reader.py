"""``/audience/readers/ID``: one reader's whole story, and what an editor does when they ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from bot.audience import care
from bot.audience.data import forget_reader
from bot.audience.preferences import paused
from bot.audience.story import CONSENTS, MAILS, Kind, Story, story
from bot.audience.suppression import suppress
from bot.model import Subscriber, Suppression, User
from bot.speech.catalog import _, listing
from bot.store.chosen import read_preferences
from bot.web.editor.access import Admin, Editor, Viewer
from bot.web.editor.audience import moment, names
from bot.web.editor.desk import Desk, address_for
from bot.web.editor.form import Submitted
from bot.web.editor.reader_entries import Told, told
from bot.web.editor.reader_states import Subscriptions, reason
from bot.web.editor.states import Shown

LARGEST = 2**53 - 1
LONGEST_NOTE = 500
_VIEWS = {"": frozenset(Kind), "mail": MAILS, "consent": CONSENTS}
_WORDINGS = 8
"""Wordings of consents that are told whole, at most."""

Id = Annotated[int, Path(ge=1, le=LARGEST)]


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader as the page shows them."""

    id: int
    address: str
    name: str
    subscriptions: tuple[Subscriber, ...]
    against: tuple[Suppression, ...]
    state: Shown
    story: Story
    entries: tuple[Told, ...]
    wordings: Mapping[str, str]

    @property
    def current(self) -> tuple[Subscriber, ...]:
        """Those that are subscribed now."""
        return tuple(each for each in self.subscriptions if each.state == "subscribed")

    def listed(self, audience: str) -> str:
        """Why an audience must not mail them; "" when it may."""
        return next((each.reason for each in self.against if each.audience in ("", audience)), "")


def routes(desk: Desk, router: APIRouter) -> None:
    """The page and its acts. An act that cannot be undone has a page of its own that asks, for those without script."""
    store = desk.installation.store

    def page(request: Request, user: User, id: int, template: str, **values: Any) -> Response:
        view = request.query_params.get("show", "")
        view = view if view in _VIEWS else ""
        reader = _reader(desk, id, view, moment(request.query_params.get("before", "")))
        if reader is None:
            return desk.missing(request)
        return desk.page(
            request,
            user,
            template,
            here="audience",
            title=address_for(user)(reader.address),
            reader=reader,
            names=names(desk),
            reason=reason,
            view=view,
            settings=desk.installation.settings,
            away={
                each.audience: paused(each.preferences, desk.installation.newsroom, desk.times.now)
                for each in reader.current
            },
            **values,
        )

    @router.api_route("/audience/readers/{id}", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, id: Id) -> Response:
        return page(request, user, id, "editor/reader.html.j2")

    @router.api_route("/audience/readers/{id}/unsubscribe", methods=["GET", "HEAD"])
    def ask_unsubscribe(request: Request, user: Editor, id: Id) -> Response:
        return page(request, user, id, "editor/reader_act.html.j2", act="unsubscribe")

    @router.post("/audience/readers/{id}/unsubscribe")
    def unsubscribe(request: Request, user: Editor, id: Id, form: Submitted) -> Response:
        left = care.unsubscribe(
            store,
            id,
            form.text("audience", longest=100),
            who=user.name_on_record,
            note=form.text("note", longest=LONGEST_NOTE),
            now=desk.installation.clock(),
        )
        called = names(desk)
        said = listing(called.get(each, each) for each in left.audiences)
        return _done(
            request,
            id,
            _("Unsubscribed from %(audiences)s.") % {"audiences": said} if said else _("They had left before."),
        )

    @router.api_route("/audience/readers/{id}/suppress", methods=["GET", "HEAD"])
    def ask_suppress(request: Request, user: Editor, id: Id) -> Response:
        return page(request, user, id, "editor/reader_act.html.j2", act="suppress")

    @router.post("/audience/readers/{id}/suppress")
    def never(request: Request, user: Editor, id: Id, form: Submitted) -> Response:
        address = _address(desk, id)
        if not address:
            return desk.missing(request)
        listed = Suppression(
            address=address,
            reason="editor",
            at=desk.installation.clock(),
            source=f"desk by {user.name_on_record}",
            note=form.text("note", longest=LONGEST_NOTE),
        )
        added = suppress(store, listed, who=user.name_on_record)
        return _done(request, id, _("Never mailed from now on.") if added else _("They were not mailed before either."))

    @router.post("/audience/readers/{id}/data")
    def data(request: Request, user: Editor, id: Id) -> Response:
        language = _language(desk, id)
        sent = care.send_data(store, id, language=language, who=user.name_on_record, now=desk.installation.clock())
        if sent:
            return _done(request, id, _("A link to their data goes out to them."))
        return _done(request, id, _("They were sent one within 24 hours; it works for a day."))

    @router.api_route("/audience/readers/{id}/forget", methods=["GET", "HEAD"])
    def ask_forget(request: Request, user: Admin, id: Id) -> Response:
        return page(request, user, id, "editor/reader_act.html.j2", act="forget")

    @router.post("/audience/readers/{id}/forget")
    def forget(request: Request, user: Admin, id: Id) -> Response:
        erased = forget_reader(store, id, who=user.name_on_record, now=desk.installation.clock())
        if not erased:
            return desk.missing(request)
        return desk.done(request, "audience", _("Erased. No import can bring the address back."))

    def _done(request: Request, id: int, said: str) -> Response:
        return desk.done(request, f"audience/readers/{id}", said)


def _reader(desk: Desk, id: int, view: str, before: datetime | None) -> Reader | None:
    with desk.installation.store.read() as tx:
        known = tx.dossier.reader(id)
        if known is None:
            return None
        subscriptions = tuple(tx.readers.subscriptions([id]).get(id, ()))
        against = tuple(tx.suppressions.against(known["address"]))
        everywhere = next((each.reason for each in against if not each.audience), "")
        theirs = Subscriptions(subscriptions, everywhere, tx.readers.soft_bounces([id]).get(id))
        found = story(tx, id, known["address"], before=before, kinds=_VIEWS[view])
        entries = tuple(told(each, names(desk)) for each in found.entries)
        versions = sorted({version for each in entries for version in each.wordings})
        acts = tx.acts.last([f"wording:{version}" for version in versions[:_WORDINGS]])
        wordings = {thing.removeprefix("wording:"): act.note for thing, act in acts.items()}
    return Reader(
        id=id,
        address=known["address"],
        name=known["name"],
        subscriptions=subscriptions,
        against=against,
        state=theirs.state(desk.installation.newsroom, desk.times),
        story=found,
        entries=entries,
        wordings=wordings,
    )


def _address(desk: Desk, id: int) -> str:
    with desk.installation.store.read() as tx:
        known = tx.dossier.reader(id)
    return str(known["address"]) if known else ""


def _language(desk: Desk, id: int) -> str:
    with desk.installation.store.read() as tx:
        chosen = [read_preferences(row["preferences"]).language for row in tx.dossier.subscriptions(id)]
    return next(filter(None, chosen), desk.installation.newsroom.language)
