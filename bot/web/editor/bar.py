"""The decision bar of an edition: how it stands with it, and what who looks at it may do next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model import CORRECTION, Act, Edition, EditionState, Role, User


class Standing(StrEnum):
    """How it stands with an edition, for who looks at it."""

    FIX = "fix"
    """Something is to be fixed before anybody can approve it."""
    READY = "ready"
    """It can be approved."""
    ASKED = "asked"
    """It can be approved, and not by this user."""
    FOUR_EYES = "four-eyes"
    """It can be approved by somebody who did not write it."""
    APPROVED = "approved"
    RETURNED = "returned"
    """Its schedule asks for approval, and nobody asked for it yet (or again)."""
    FREE = "free"
    """Nobody has to approve it."""
    HELD = "held"
    SENDING = "sending"
    PAUSED = "paused"
    OVER = "over"
    """Nothing more becomes of it."""


class Deed(StrEnum):
    """What can be done from the bar. All but ``FIX`` and ``DELIVERY``, which are links, are forms' acts."""

    FIX = "fix"
    DELIVERY = "delivery"
    APPROVE = "approve"
    RETURN = "return"
    HOLD = "hold"
    RELEASE = "release"
    ASK = "ask"
    TAKE_BACK = "take-back"
    SEND_NOW = "send-now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """``primary`` is the one act that is next, None when there is none for this user; ``others`` stand before it.

    ``more`` are rarer acts. ``late``: its slot has passed, and it has not gone out. ``again``: somebody edited it after
    it was approved (the act that says so). ``last`` is the act that put it into its state, None when it was made so.
    ``overrule``: this user may approve it although something is to be fixed.
    """

    standing: Standing
    primary: Deed | None
    others: tuple[Deed, ...] = ()
    more: tuple[Deed, ...] = ()
    late: bool = False
    again: Act | None = None
    last: Act | None = None
    overrule: bool = False

    @property
    def at_once(self) -> Deed | None:
        """The act by which it goes out there and then; None when there is none for this user."""
        if self.late and self.primary is Deed.APPROVE:
            return Deed.APPROVE
        return Deed.SEND_NOW if Deed.SEND_NOW in self.more else None


_WAITING = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)
_TAKEN_BACK = "take back"


def bar_of(
    edition: Edition, user: User, *, now: datetime, to_fix: int, acts: Collection[Act], wrote: Collection[str] = ()
) -> Bar:
    """``acts`` are the edition's, newest first. ``wrote`` are those who may not approve what they edited themselves."""
    last = next((act for act in acts if act.after == edition.state and act.before != act.after), None)
    late = edition.state in _WAITING and edition.slot <= now
    standing = _standing(edition, user, to_fix, wrote)
    primary, others, more = _deeds(edition, user, standing, to_fix, late)
    return Bar(
        standing=standing,
        primary=primary,
        others=others,
        more=more,
        late=late,
        again=last if last and _reopened(last) else None,
        last=last,
        overrule=bool(to_fix)
        and user.role.may(Role.APPROVER)
        and user.name_on_record not in wrote
        and _can_be_approved(edition),
    )


def _reopened(act: Act) -> bool:
    return act.before == EditionState.APPROVED and act.after == EditionState.AWAITING and act.what != _TAKEN_BACK


def _can_be_approved(edition: Edition) -> bool:
    return edition.state is EditionState.AWAITING or (edition.state is EditionState.HELD and edition.approval)


def _standing(edition: Edition, user: User, to_fix: int, wrote: Collection[str]) -> Standing:
    state = edition.state
    if state.ended:
        return Standing.OVER
    if state in (EditionState.SENDING, EditionState.PAUSED):
        return Standing.SENDING if state is EditionState.SENDING else Standing.PAUSED
    if state is EditionState.APPROVED:
        return Standing.APPROVED
    if to_fix:
        return Standing.FIX
    if state is EditionState.HELD:
        return Standing.HELD
    if state is EditionState.DRAFTED:
        return Standing.RETURNED if edition.approval else Standing.FREE
    if not user.role.may(Role.APPROVER):
        return Standing.ASKED
    return Standing.FOUR_EYES if user.name_on_record in wrote else Standing.READY


_Deeds = tuple[Deed | None, tuple[Deed, ...], tuple[Deed, ...]]


def _deeds(edition: Edition, user: User, standing: Standing, to_fix: int, late: bool) -> _Deeds:
    """What is next, what else stands in the bar, what is rarer."""
    state = edition.state
    if state in (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT):
        return Deed.DELIVERY, (), ()
    if state.ended or not user.role.may(Role.EDITOR):
        return None, (), ()
    fix = Deed.FIX if to_fix else None
    if not user.role.may(Role.APPROVER):
        ask = Deed.ASK if state is EditionState.DRAFTED and edition.approval else None
        return fix or ask, (), ()
    # What corrects says what was decided: nobody can change it.
    back = () if edition.slot_key.startswith(CORRECTION) else (Deed.RETURN,)
    if state is EditionState.AWAITING:
        yes = Deed.APPROVE if standing is Standing.READY else None
        return fix or yes, (*back, Deed.HOLD), (Deed.SEND_NOW,) if yes and not late else ()
    if state is EditionState.APPROVED:
        return None, (Deed.TAKE_BACK, *back, Deed.HOLD), () if late else (Deed.SEND_NOW,)
    if state is EditionState.HELD:
        if edition.approval:
            return fix or Deed.APPROVE, (Deed.RELEASE,), ()
        return fix or Deed.RELEASE, (Deed.RELEASE,) if fix else (), ()
    ask = Deed.ASK if edition.approval else None
    return fix or ask, (Deed.HOLD,), () if late or ask else (Deed.SEND_NOW,)
