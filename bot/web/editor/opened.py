"""An edition as all its pages show it: the header, the tabs, and the bar in which it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request, Response

from bot.delivery.pausing import waits_for
from bot.editions.preflight import Ran
from bot.model import CORRECTION, CORRECTION_MAIL, Act, Edition, Finding, Grade, Role, User
from bot.schedules import correction_mail
from bot.schedules.deciding import editors_since_approval
from bot.schedules.editing import EDITABLE
from bot.schedules.preflight import looked
from bot.schedules.truth import TextFinding, findings_of
from bot.store import Transaction
from bot.store.books import Balance
from bot.store.kept_editions import WENT_OUT
from bot.web.editor.bar import Bar, bar_of
from bot.web.editor.desk import Desk
from bot.web.editor.source import quoted
from bot.web.editor.states import Shown, of_edition

TABS = ("stories", "email", "posts", "checks", "changes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """``texts`` is what was found in an editor's words, ``checks`` what a look at the whole found. ``ran``
    are its stories that the same readers were sent already, each with the last edition that did.

    ``readers`` is how many its mail goes to, None when it sends none; ``channels`` are those of its posts. ``edited``
    is the last act by which somebody changed it. ``waits`` are channels that are paused, with the reason of each.
    ``if_unapproved`` is what becomes of it at its slot without a yes: ``hold``, ``send`` or ``skip``; ``next`` of a
    correction, which then the next edition says.
    """

    edition: Edition
    shown: Shown
    title: str
    bar: Bar
    texts: tuple[TextFinding, ...]
    checks: tuple[Finding, ...]
    ran: tuple[Ran, ...]
    balance: Balance
    acts: tuple[Act, ...]
    edited: Act | None
    expires: datetime | None
    readers: int | None
    channels: tuple[str, ...]
    waits: dict[str, str]
    report: dict[str, Any]
    editable: bool
    if_unapproved: str

    @property
    def open_texts(self) -> tuple[TextFinding, ...]:
        """Those that stand in the way of a yes."""
        return tuple(each for each in self.texts if each.stands_in_the_way)

    @property
    def faults(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.checks if each.grade is Grade.FAULT)

    @property
    def unseen(self) -> bool:
        """Whether something is to be looked at yet, so that nobody can say that it holds."""
        return any(each.grade is Grade.OPEN for each in self.checks)

    @property
    def to_fix(self) -> int:
        """Things that are to be fixed before it goes out."""
        return len(self.open_texts) + len(self.faults)

    @property
    def to_know(self) -> int:
        """Things to look at before somebody approves it."""
        known = sum(not each.stands_in_the_way for each in self.texts)
        return known + sum(each.grade is Grade.WARNING for each in self.checks)

    @property
    def sent_already(self) -> int:
        """How many of its stories the same readers were sent already."""
        return len(self.ran)

    @property
    def problem(self) -> str:
        """Where the first thing to fix is, as a path below the edition's; "" when nothing is to be fixed."""
        return address_of(self.open_texts[0]) if self.open_texts else "/checks#fix" if self.faults else ""

    @property
    def has_mail(self) -> bool:
        return any(each.email for each in self.edition.renditions)

    @property
    def posts(self) -> int:
        return sum(each.post is not None for each in self.edition.renditions)

    @property
    def public(self) -> bool:
        """Whether it stands in the archive, or at its address."""
        return self.edition.state in WENT_OUT and self.has_mail


def address_of(found: TextFinding) -> str:
    """Where an editor mends it: a path below the edition's."""
    if found.place in ("subject", "preheader"):
        return f"/email#found-{found.key}"
    if found.place == "post":
        return f"/posts#found-{found.key}"
    return f"?story={found.article}#found-{found.key}"


def opened(desk: Desk, identity: str, user: User) -> Opened | None:
    """The edition of this id as ``user`` may work on it; None when there is none."""
    installation = desk.installation
    with installation.store.read() as tx:
        edition = tx.editions.get(identity) if identity.isalnum() else None
        if edition is None:
            return None
        acts = tx.acts.newest(thing=f"edition:{identity}")
        balance, report = tx.deliveries.balance(identity), tx.editions.report(identity)
        texts = findings_of(tx, installation, edition) if edition.state in EDITABLE else ()
        seen = looked(tx, installation, edition)
        channels = tuple(dict.fromkeys(each.channel for each in edition.renditions if each.post))
        readers = _readers(desk, tx, edition)
        waits = tx.channels.paused(channels) if edition.snapshot is None else waits_for(tx, identity)
        expires = tx.editions.expires(identity)
    alone = installation.settings.tables.desk.four_eyes and edition.state in EDITABLE
    wrote = editors_since_approval(installation, identity) if alone else ()
    to_fix = sum(each.stands_in_the_way for each in texts) + sum(each.grade is Grade.FAULT for each in seen.findings)
    email = next((each.email for each in edition.renditions if each.email), None)
    table = installation.settings.schedules.get(edition.schedule)
    # What corrects says what was decided, and nothing else.
    amends, own = (edition.slot_key.startswith(each) for each in (CORRECTION, CORRECTION_MAIL))
    lead = edition.stories[0].told.article.title if edition.stories else ""
    return Opened(
        edition=edition,
        shown=of_edition(edition.state, balance.states),
        title=(email.subject if email else "") or lead,
        bar=bar_of(edition, user, now=installation.clock(), to_fix=to_fix, acts=acts, wrote=wrote),
        texts=texts,
        checks=seen.findings,
        ran=seen.ran,
        balance=balance,
        acts=tuple(acts),
        edited=next((act for act in acts if act.what.startswith("edit")), None),
        expires=expires,
        readers=readers,
        channels=channels,
        waits=waits,
        report=report,
        editable=edition.state in EDITABLE and user.role.may(Role.EDITOR) and not amends,
        if_unapproved="next" if own else table.if_unapproved if table else "hold",
    )


def _readers(desk: Desk, tx: Transaction, edition: Edition) -> int | None:
    table = desk.installation.settings.schedules.get(edition.schedule)
    mails = any(each.email for each in edition.renditions)
    if edition.slot_key.startswith(CORRECTION_MAIL):
        return correction_mail.readers_of(tx, edition.id)
    return tx.growth.numbers([table.audience]).get(table.audience) if mails and table else None


def page(
    desk: Desk,
    request: Request,
    user: User,
    found: Opened,
    template: str,
    tab: str,
    *,
    status: int = 200,
    **values: Any,
) -> Response:
    """A page of the edition ``found``; ``tab`` is one of ``TABS``."""
    return desk.page(
        request,
        user,
        template,
        here="today",
        status=status,
        work=True,
        title=found.title or found.edition.name,
        opened=found,
        edition=found.edition,
        bar=found.bar,
        tab=tab,
        quoted=quoted,
        **values,
    )
