"""``/channels``: can we publish. How each channel is, what it may still post; tried, connected, paused, resumed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from bot.channels.base import kinds
from bot.delivery.pausing import pause_channel, resume_channel, thing
from bot.delivery.permission import stage
from bot.errors import BroadsheetError, DeliveryError, NotFound, NothingToDo
from bot.model import Delivery, DeliveryState, Idempotency, Phrase, Role, User
from bot.schedules.adding import new_channel
from bot.schedules.channel_status import ChannelStatus, Condition, statuses
from bot.schedules.connection import Account, Begun, begin, callback, disconnect, finish_pasted, known
from bot.schedules.installation import Installation
from bot.schedules.trying import try_out
from bot.speech.catalog import N_, _
from bot.speech.phrases import sentence, told, told_error
from bot.store import Transaction
from bot.web.editor.access import Admin, Approver, Editor, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submission, Submitted
from bot.web.editor.networks import network_of, page_of
from bot.web.editor.reactions import why_not
from bot.web.editor.record import lines
from bot.web.editor.states import Shown
from bot.web.editor.times import Times

LAST = 1
"""Posts of each channel whose time is shown in the list."""
POSTS = 10
"""Posts that a channel's own page shows."""
ACTS = 20

_SHOWN = {
    Condition.OK: Shown(N_("Ready"), "good", "tick"),
    Condition.NOT_CONNECTED: Shown(N_("Not connected"), "warn", "mark"),
    Condition.ENDED: Shown(N_("Permission ended"), "bad", "cross"),
    Condition.PAUSED: Shown(N_("Paused"), "warn", "bars"),
    Condition.RESTING: Shown(N_("Resting"), "plain", "clock"),
}
_ENDS = Shown(N_("Permission ends"), "warn", "mark")

DOUBLING = {
    Idempotency.KEY: N_("Never doubled: the network knows each post by a key of ours."),
    Idempotency.STEPS: N_("Never doubled: a post is made first, then published once."),
    Idempotency.NONE: N_("After a lost answer it waits for a person, so that nothing is doubled."),
}
LOOKED_UP = N_("After a lost answer it is looked for on the network, or waits for a person.")


@dataclass(frozen=True, slots=True)
class Ending:
    """A permission that ends, or has ended. ``what`` is a headline, ``why`` what it means, ``command`` mends it.

    ``signs_in``: whether it is mended by connecting ``channel`` again, on the desk too.
    """

    what: str
    why: str
    command: str
    shown: Shown
    by: datetime | None = None
    channel: str = ""
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A channel as the page shows it; ``used`` is how much of its limit is used up, in per cent, None: not known.

    ``spent`` of ``most`` are the same as numbers. ``untried``: nobody has seen it post on the real network, neither its
    makers nor this newsroom. ``last`` are its newest posts, ``waits`` how many wait; ``mailed`` is
    the edition that went out by it last, and when, where it is one of mail.
    """

    status: ChannelStatus
    shown: Shown
    network: str
    used: int | None
    spent: int | None
    most: int | None
    left: int | None
    doubling: str
    ends_soon: bool
    untried: bool
    last: tuple[Delivery, ...]
    waits: int
    mailed: tuple[str, datetime] | None


def routes(desk: Desk, router: APIRouter) -> None:
    """``/channels``, ``/channels/new``, ``/channels/NAME``, and what is done there."""

    def one(
        request: Request,
        user: User,
        name: str,
        *,
        begun: Begun | None = None,
        error: str = "",
        status: int = 200,
    ) -> Response:
        installation = desk.installation.current()
        now = installation.clock()
        with installation.store.read() as tx:
            found = next((each for each in statuses(installation, tx, now) if each.name == name), None)
            if found is None:
                return desk.missing(request)
            (shown,) = rows(tx, [found], now, last=POSTS)
            record = lines(tx, tx.acts.newest(thing=thing(name), limit=ACTS), desk, user)
            measured = tx.measured_posts.states()
            ending = [each for each in endings(tx, installation, desk.times) if each.channel == name]
        return desk.page(
            request,
            user,
            "editor/channel.html.j2",
            here="channels",
            status=status,
            row=shown,
            pages={each.id: page_of(each, installation.configured[name]) for each in shown.last},
            record=record,
            ending=ending,
            origin=installation.settings.origin("channels", name),
            begun=begun,
            error=error,
            redirect=callback(installation),
            may_test=user.role.may(Role.EDITOR),
            may_pause=user.role.may(Role.APPROVER),
            may_connect=user.role.may(Role.APPROVER),
            may_disconnect=user.role.may(Role.ADMIN),
            limits=installation.configured[name].limits if found.medium == "post" else None,
            reactions=why_not(installation, name, measured) if found.medium == "post" else None,
            asked=measured[name].at if name in measured else None,
        )

    @router.api_route("/channels", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        installation = desk.installation.current()
        now = installation.clock()
        with installation.store.read() as tx:
            shown = rows(tx, statuses(installation, tx, now), now)
            ending = list(endings(tx, installation, desk.times))
        return desk.page(
            request,
            user,
            "editor/channels.html.j2",
            here="channels",
            channels=shown,
            ending=ending,
            may_test=user.role.may(Role.EDITOR),
            may_pause=user.role.may(Role.APPROVER),
            may_connect=user.role.may(Role.APPROVER),
        )

    @router.api_route("/channels/new", methods=["GET", "HEAD"])
    def show_new(request: Request, user: Viewer, type: str = "") -> Response:
        installation = desk.installation.current()
        settings = installation.settings
        try:
            new = new_channel(type, settings.channels, _) if type else None
        except NotFound:
            return desk.missing(request)
        folder = settings.folder.name
        return desk.page(
            request,
            user,
            "editor/channel_new.html.j2",
            here="channels",
            networks=sorted(((kind, _(network_of(kind))) for kind in kinds()), key=lambda each: each[1].casefold()),
            new=new,
            network=_(network_of(type)),
            file=f"{folder}/{settings.file.rpartition('/')[2]}",
            secrets_file=f"{folder}/.env",
            redirect=callback(installation),
        )

    @router.api_route("/channels/{name}", methods=["GET", "HEAD"])
    def show_one(request: Request, user: Viewer, name: str) -> Response:
        return one(request, user, name)

    @router.post("/channels/test")
    def test(request: Request, user: Editor, form: Submitted) -> Response:
        name = _name(form)
        try:
            said = asyncio.run(try_out(desk.installation.current(), name, user.name_on_record))
        except NotFound:
            return desk.missing(request)
        except DeliveryError as error:
            return one(request, user, name, error=sentence(told_error(error)), status=409)
        words = {"name": name, "what": told(said)}
        return desk.done(request, _back(form, name), _("%(name)s works: %(what)s") % words)

    @router.post("/channels/connect")
    def connect(request: Request, user: Approver, form: Submitted) -> Response:
        name = _name(form)
        try:
            begun = asyncio.run(begin(desk.installation.current(), name, user.name_on_record))
        except NotFound:
            return desk.missing(request)
        except BroadsheetError as error:
            return one(request, user, name, error=sentence(told_error(error)), status=409)
        # Not a redirect: browsers let a form of a page with our policy lead to no other site.
        return one(request, user, name, begun=begun)

    @router.post("/channels/paste")
    def paste(request: Request, user: Approver, form: Submitted) -> Response:
        name = _name(form)
        try:
            account = asyncio.run(finish_pasted(desk.installation.current(), name, form.text("code", longest=5000)))
        except NotFound:
            return desk.missing(request)
        except BroadsheetError as error:
            return one(request, user, name, error=sentence(told_error(error)), status=422)
        return desk.done(request, f"channels/{name}", _connected(account))

    @router.post("/channels/pause")
    def pause(request: Request, user: Approver, form: Submitted) -> Response:
        name, installation = _name(form), desk.installation.current()
        if name not in installation.configured or installation.configured[name].medium != "post":
            # Mail is paused by the edition.
            return desk.missing(request)
        reason = form.text("note", longest=300) or Phrase("paused by %(name)s", name=user.name_on_record)
        with installation.store.write() as tx:
            paused = pause_channel(tx, name, reason, installation.clock(), user.name_on_record)
        said = _("%(name)s is paused. Its posts wait.") if paused else _("%(name)s was paused already.")
        return desk.done(request, f"channels/{name}", said % {"name": name})

    @router.post("/channels/resume")
    def resume(request: Request, user: Approver, form: Submitted) -> Response:
        name, installation = _name(form), desk.installation.current()
        try:
            known(installation, name)
            note = form.text("note", longest=300)
            resume_channel(installation.store, name, user.name_on_record, installation.clock(), note)
        except NotFound:
            return desk.missing(request)
        except NothingToDo as error:
            return desk.refused(request, error)
        return desk.done(request, _back(form, name), _("%(name)s goes on: what waits is posted.") % {"name": name})

    @router.post("/channels/disconnect")
    def disconnect_it(request: Request, user: Admin, form: Submitted) -> Response:
        name = _name(form)
        try:
            disconnect(desk.installation.current(), name, user.name_on_record)
        except NotFound:
            return desk.missing(request)
        except NothingToDo as error:
            return desk.refused(request, error)
        said = _("%(name)s is disconnected. Take the permission away at the network, too.") % {"name": name}
        return desk.done(request, f"channels/{name}", said)


def _name(form: Submission) -> str:
    return form.text("channel", longest=100)


def _back(form: Submission, name: str) -> str:
    """Where the button stood: the list, or the channel's own page."""
    return "channels" if form.text("from") == "list" else f"channels/{name}"


def _connected(account: Account) -> str:
    values = {"name": account.channel, "account": account.account}
    if account.before:
        values["before"] = account.before
        return _("%(name)s posts as %(account)s from now on; until now it was %(before)s.") % values
    return _("%(name)s is connected as %(account)s.") % values


def endings(tx: Transaction, installation: Installation, times: Times) -> Iterator[Ending]:
    """What needs the editor: permissions that end within 14 days, or have ended, and channels that are paused."""
    for name, state in sorted(tx.channels.all().items()):
        if name not in installation.settings.channels:
            continue
        connect = f"broadsheet channels connect {name}"
        if state.paused:
            command = connect if "channels connect" in state.paused else f"broadsheet channels resume {name}"
            # What to run stands below it.
            why = told(state.paused).removeprefix(f"{name}: ").removesuffix(f"; run `{command}`")
            said = _("%(name)s is paused") % {"name": name}
            yield Ending(said, why, command, _SHOWN[Condition.PAUSED], channel=name, paused=command != connect)
        reached = stage(state.expires, times.now)
        if state.expires is None or reached is None:
            continue
        shown = _ENDS if reached else _SHOWN[Condition.ENDED]
        facts = {"name": name, "time": times.words(state.expires)}
        if reached:
            what = _("The permission of %(name)s ends soon") % facts
            why = _("It ends %(time)s. Connecting it again takes a minute.") % facts
        else:
            what = _("The permission of %(name)s has ended") % facts
            why = _("It ended %(time)s. Its posts wait. Connecting it takes a minute.") % facts
        yield Ending(what, why, connect, shown, state.expires if reached else None, channel=name)


def rows(tx: Transaction, found: Sequence[ChannelStatus], now: datetime, *, last: int = LAST) -> list[Row]:
    """Channels with what the ledger knows of their posts."""
    posting = [each.name for each in found if each.medium == "post"]
    newest, waits = tx.deliveries.newest_posts(posting, limit=last), tx.deliveries.open_posts(posting)
    mailed = tx.editions.last_out([each.name for each in found if each.medium != "post"])
    return [
        _row(each, now, newest.get(each.name, []), waits.get(each.name, 0), mailed.get(each.name)) for each in found
    ]


def _row(
    status: ChannelStatus, now: datetime, last: Sequence[Delivery], waits: int, mailed: tuple[str, datetime] | None
) -> Row:
    quota = status.state.quota
    still = quota if quota is not None and quota.resets > now else None
    used = spent = None
    if still and still.limit:
        spent = max(0, still.limit - still.remaining)
        used = min(100, round(100 * spent / still.limit))
    reached = stage(status.state.expires, now)
    shown = _SHOWN[status.condition]
    if status.condition is Condition.OK and reached:
        shown = _ENDS
    looked_up = status.idempotency is Idempotency.NONE and status.recalls
    return Row(
        status=status,
        shown=shown,
        network=network_of(status.type),
        used=used,
        spent=spent,
        most=still.limit if still else None,
        left=still.remaining if still else None,
        doubling=LOOKED_UP if looked_up else DOUBLING[status.idempotency] if status.idempotency else "",
        ends_soon=reached is not None,
        untried=status.medium == "post"
        and status.unverified
        and not any(each.state is DeliveryState.ACCEPTED for each in last),
        last=tuple(last),
        waits=waits,
        mailed=mailed,
    )
