"""``/editions/ID/delivery``: who has an edition, who has not and why, and what can be done about it."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.audience.csv_file import guarded
from bot.clock import system_clock
from bot.delivery import deciding, failures
from bot.delivery.pausing import waits_for
from bot.delivery.progress import progress
from bot.delivery.reasons import groups, reason_of
from bot.editions import lifecycle
from bot.errors import BroadsheetError
from bot.model import Act, Delivery, DeliveryState, Edition, EditionState, Progress, Role, User
from bot.speech.catalog import _, ngettext
from bot.store import Transaction
from bot.web.editor.access import Approver, Editor, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.desk import number as grouped
from bot.web.editor.download import download
from bot.web.editor.form import Submitted
from bot.web.editor.networks import page_of
from bot.web.editor.reactions import heard
from bot.web.editor.reasons import follows_words, providers_words, reason_words
from bot.web.editor.states import DELIVERY_STATES, Shown, of_edition

SECONDS = 2
"""How often the page looks again while an edition is being sent."""
LISTED = (DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
"""States whose readers the file tells by name."""
_LONGEST_NOTE = 300
_ORDER: tuple[tuple[DeliveryState, tuple[DeliveryState, ...]], ...] = (
    (DeliveryState.ACCEPTED, (DeliveryState.ACCEPTED,)),
    (DeliveryState.DEFERRED, (DeliveryState.DEFERRED,)),
    (DeliveryState.UNKNOWN, (DeliveryState.UNKNOWN,)),
    (DeliveryState.FAILED, (DeliveryState.FAILED,)),
    (DeliveryState.LEASED, (DeliveryState.LEASED, DeliveryState.ATTEMPTING)),
    (DeliveryState.PENDING, (DeliveryState.PENDING,)),
    (DeliveryState.SUPPRESSED, (DeliveryState.SUPPRESSED,)),
    (DeliveryState.EXCLUDED, (DeliveryState.EXCLUDED,)),
    (DeliveryState.CANCELLED, (DeliveryState.CANCELLED,)),
)
_GOES_AGAIN = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)
_FIRST = {DeliveryState.UNKNOWN: 0, DeliveryState.FAILED: 1}
_IN_BAR = {
    DeliveryState.ACCEPTED: "good",
    DeliveryState.DEFERRED: "warn",
    DeliveryState.UNKNOWN: "odd",
    DeliveryState.FAILED: "bad",
    DeliveryState.LEASED: "accent",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One state of the page's sum: how it is shown, how many deliveries are in it, and where the page names them."""

    shown: Shown
    number: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Who paused the edition and why, as the record has it."""

    act: Act
    by_me: bool


def routes(desk: Desk, router: APIRouter) -> None:
    """The page, the file of those who did not get it, and the acts."""
    store = desk.installation.store

    @router.api_route("/editions/{edition}/delivery", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        values = _values(desk, user, edition)
        return desk.page(request, user, "editor/delivery.html.j2", **values) if values else desk.missing(request)

    @router.api_route("/editions/{edition}/delivery.csv", methods=["GET", "HEAD"])
    def as_file(request: Request, user: Editor, edition: str) -> Response:
        if edition_of(desk, edition) is None:
            return desk.missing(request)
        with store.read() as tx:
            states = tx.deliveries.balance(edition).states
        return download(
            desk,
            request,
            user,
            _lines(desk, edition),
            file=f"not-accepted-{edition}.csv",
            what="export deliveries",
            thing=f"edition:{edition}",
            rows=sum(states.get(each, 0) for each in LISTED),
        )

    @router.post("/editions/{edition}/delivery/pause")
    def pause(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        note = form.text("note", longest=_LONGEST_NOTE)
        return acted(request, edition, lambda now: lifecycle.pause(store, edition, who=who(user), now=now, note=note))

    @router.post("/editions/{edition}/delivery/resume")
    def resume(request: Request, user: Approver, edition: str) -> Response:
        return acted(request, edition, lambda now: lifecycle.resume(store, edition, who=who(user), now=now))

    @router.api_route("/editions/{edition}/delivery/cancel", methods=["GET", "HEAD"])
    def ask_to_cancel(request: Request, user: Approver, edition: str) -> Response:
        values = _values(desk, user, edition)
        return desk.page(request, user, "editor/delivery-cancel.html.j2", **values) if values else desk.missing(request)

    @router.post("/editions/{edition}/delivery/cancel")
    def cancel(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        note = form.text("note", longest=_LONGEST_NOTE)
        return acted(request, edition, lambda now: lifecycle.cancel(store, edition, who=who(user), now=now, note=note))

    @router.post("/editions/{edition}/delivery/retry")
    def retry(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        if edition_of(desk, edition) is None:
            return desk.missing(request)
        reason = form.text("reason", longest=40) if "reason" in form else None
        one, now = form.number("delivery"), desk.installation.clock()
        if one is not None:
            try:
                count = failures.try_again(store, edition, one, who=who(user), now=now)
            except BroadsheetError as error:
                return desk.refused(request, error)
            said = ngettext("%(count)s post is tried again.", "%(count)s posts are tried again.", count)
            said = said % {"count": grouped(count)} if count else _("It did not fail, or is tried again already.")
            return desk.done(request, f"editions/{edition}/delivery", said)
        count = deciding.retry_edition(store, edition, reason=reason, who=who(user), now=now)
        said = ngettext("%(count)s is sent to now.", "%(count)s are sent to now.", count) % {"count": grouped(count)}
        return desk.done(request, f"editions/{edition}/delivery", said if count else _("None of them waits any more."))

    @router.post("/editions/{edition}/delivery/resolve")
    def resolve(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        if edition_of(desk, edition) is None:
            return desk.missing(request)
        arrived = form.text("as") != "unsent"
        one, now = form.number("delivery"), desk.installation.clock()
        try:
            if one is None:
                count = deciding.resolve_edition(store, edition, arrived=arrived, who=who(user), now=now)
            else:
                ids = _ours(desk, edition, one)
                count = lifecycle.resolve(store, ids, arrived=arrived, who=who(user), now=now)
        except BroadsheetError as error:
            return desk.refused(request, error)
        if not count:
            said = _("It is settled already.")
        elif arrived:
            said = ngettext("%(count)s is left as it is.", "%(count)s are left as they are.", count) % {
                "count": grouped(count)
            }
        else:
            said = ngettext("%(count)s is sent again.", "%(count)s are sent again.", count) % {"count": grouped(count)}
        return desk.done(request, f"editions/{edition}/delivery", said)

    @router.post("/editions/{edition}/delivery/leave")
    def leave(request: Request, user: Approver, edition: str, form: Submitted) -> Response:
        if edition_of(desk, edition) is None:
            return desk.missing(request)
        note, now = form.text("note", longest=_LONGEST_NOTE), desk.installation.clock()
        try:
            failures.leave(store, edition, who=who(user), now=now, note=note)
        except BroadsheetError as error:
            return desk.refused(request, error)
        return desk.done(request, f"editions/{edition}/delivery", _("It is left at that."))

    def acted(request: Request, edition: str, act: Any) -> Response:
        if edition_of(desk, edition) is None:
            return desk.missing(request)
        try:
            moved: Edition = act(desk.installation.clock())
        except BroadsheetError as error:
            return desk.refused(request, error)
        said = {
            EditionState.PAUSED: _("Paused. What is under way ends, nothing more begins."),
            EditionState.SENDING: _("Resumed. It goes on with the next reader."),
            EditionState.CANCELLED: _("Cancelled. What was accepted stays so."),
        }
        return desk.done(request, f"editions/{edition}/delivery", said.get(moved.state, ""))


def who(user: User) -> str:
    """Whose act it is on record."""
    return user.name_on_record


def standings(found: Progress, mails: Collection[DeliveryState] = (), posts: Sequence[Delivery] = ()) -> list[Standing]:
    """The states of an edition, those without deliveries left out; they sum to all that there are.

    ``mails`` are the states of which readers are listed, ``posts`` the posts.
    """
    rows = []
    posted = {each.state for each in posts}
    for state, of in _ORDER:
        number = sum(found.states.get(each, 0) for each in of)
        if number or state is DeliveryState.ACCEPTED:
            rows.append(Standing(DELIVERY_STATES[state], number, _where(state, state in mails, state in posted)))
    return rows


def _where(state: DeliveryState, mails: bool, posts: bool) -> str:
    """Where it stands who they are, below the page's address; "" where nobody is named."""
    if state not in LISTED or not (mails or posts):
        return ""
    return "#reasons" if mails and posts else "#posts" if posts else f"/readers?state={state.value}"


def bar(found: Progress) -> list[tuple[float, str]]:
    """The segments of the bar; what waits, or gets none, is left empty."""
    size = max(found.total, sum(found.states.values()), 1)
    return [
        (sum(found.states.get(each, 0) for each in of) / size, _IN_BAR[state])
        for state, of in _ORDER
        if state in _IN_BAR and any(found.states.get(each) for each in of)
    ]


def _values(desk: Desk, user: User, edition: str) -> dict[str, Any] | None:
    found = edition_of(desk, edition)
    if found is None or found.snapshot is None:
        return None
    with desk.installation.store.read() as tx:
        # Sending goes by the system's clock, whatever time the desk shows.
        at = progress(tx, edition, system_clock())
        grouped = groups(tx, edition)
        posts = tx.deliveries.posts(edition)
        reactions = heard(tx, desk.installation.current(), edition, posts)
        headline = tx.numbers.headlines([edition]).get(edition, "")
        waits = waits_for(tx, edition) if at.state is EditionState.SENDING else {}
        stopped = _stopped(tx, user, found) if at.state is EditionState.PAUSED else None
        unknown_posts = sum(each.state is DeliveryState.UNKNOWN for each in posts)
        failed = at.states.get(DeliveryState.FAILED, 0)
        left = failures.left(tx, edition)
        suspects = tx.suspects.of(edition)
        last_word = failures.last_word(tx, edition) if left else None
    channels, states = desk.installation.current().configured, at.states
    open_ = at.total - at.done
    unknown = [each for each in grouped if each.state is DeliveryState.UNKNOWN]
    asks = failures.asks(at.state, found.slot, desk.installation.clock())
    listed = () if found.folded else {each.state for each in grouped}
    return {
        "here": "deliveries",
        "title": headline or found.name,
        "edition": found,
        "headline": headline,
        "shown": of_edition(at.state, states),
        "progress": at,
        "sum": sum(states.values()),
        "accepted": states.get(DeliveryState.ACCEPTED, 0),
        "standings": standings(at, listed, posts),
        "bar": bar(at),
        "open": open_,
        "groups": [each for each in grouped if each.state is not DeliveryState.UNKNOWN],
        "unknown": states.get(DeliveryState.UNKNOWN, 0),
        "unknown_said": next((each.said for each in unknown if each.said), ""),
        "unknown_mails": sum(each.number for each in unknown),
        "unknown_posts": unknown_posts,
        "failed": max(0, failed - left) if asks else 0,
        "failed_posts": [each for each in posts if each.state is DeliveryState.FAILED],
        "last_word": last_word,
        "suspects": suspects,
        # What a person can mend first: on a phone, the last of them is far below.
        "posts": sorted(posts, key=lambda each: _FIRST.get(each.state, len(_FIRST))),
        "pages": {each.id: page_of(each, channels.get(each.channel)) for each in posts},
        "reactions": reactions,
        "mails": max(at.total - len(posts), 0),
        "waits": waits,
        "stopped": stopped,
        "live": at.state is EditionState.SENDING,
        "seconds": SECONDS,
        "may_act": user.role.may(Role.APPROVER),
        "may_retry": user.role.may(Role.APPROVER) and at.state in _GOES_AGAIN and not found.folded,
        "may_see": user.role.may(Role.EDITOR),
        "reason_words": reason_words,
        "follows_words": follows_words,
        "providers_words": providers_words,
    }


def _stopped(tx: Transaction, user: User, edition: Edition) -> Stopped | None:
    acts = tx.acts.newest(thing=f"edition:{edition.id}", limit=20)
    act = next((each for each in acts if each.after == EditionState.PAUSED), None)
    return Stopped(act, act.who == user.name_on_record) if act else None


def edition_of(desk: Desk, edition: str) -> Edition | None:
    """The edition of this id, without its stories; None when there is none."""
    if not (edition.isascii() and edition.isalnum()):
        return None
    with desk.installation.store.read() as tx:
        return tx.editions.light(edition)


def _ours(desk: Desk, edition: str, delivery: int) -> list[int]:
    """The delivery, if it is one of the edition."""
    with desk.installation.store.read() as tx:
        return [each.id for each in tx.deliveries.those([delivery]) if each.edition == edition]


def _lines(desk: Desk, edition: str) -> Iterator[str]:
    """All that was not accepted, as CSV; what a spreadsheet would run is made text."""
    stream = StringIO()
    writer = csv.writer(stream)
    writer.writerow(("delivery", "channel", "to", "state", "reason", "code", "said", "next try"))
    for state in LISTED:
        after = 0
        while True:
            # Page by page: no reader's connection holds a transaction open for as long as it likes.
            with desk.installation.store.read() as tx:
                page = tx.deliveries.page(edition=edition, states=[state], limit=500, after=after)
            for each in page:
                writer.writerow([guarded(str(cell)) for cell in _cells(each)])
            yield stream.getvalue()
            stream.seek(0)
            stream.truncate()
            if not page:
                break
            after = page[-1].id


def _cells(each: Delivery) -> tuple[object, ...]:
    again = each.not_before.isoformat() if each.not_before and each.state is DeliveryState.DEFERRED else ""
    said = " ".join((each.text or each.reason).split())
    return (
        each.id,
        each.channel,
        each.destination,
        each.state,
        reason_of(each),
        each.enhanced or each.code or "",
        said,
        again,
    )
