from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Act, EditionState, Role, User
from bot.testing import NOW, edition
from bot.web.editor.bar import Deed, Standing, bar_of

EARLY, LATE = NOW - timedelta(hours=1), NOW + timedelta(minutes=25)


def bar(state, role=Role.APPROVER, *, now=EARLY, to_fix=0, acts=(), wrote=(), approval=True):
    user = User(id=1, name="Mara", address="mara@record.example", role=role)
    made = edition(state=state, approval=approval)
    return bar_of(made, user, now=now, to_fix=to_fix, acts=acts, wrote=wrote)


def act(what, before, after, who="Tom"):
    return Act(at=EARLY, who=who, what=what, thing="edition:x", before=before, after=after)


def test_an_approver_approves_what_waits_and_may_return_or_hold_it():
    shown = bar(EditionState.AWAITING)
    assert (shown.standing, shown.primary) == (Standing.READY, Deed.APPROVE)
    assert shown.others == (Deed.RETURN, Deed.HOLD)
    assert not shown.late


def test_while_something_is_to_be_fixed_the_way_leads_to_it():
    for role in (Role.EDITOR, Role.APPROVER):
        shown = bar(EditionState.AWAITING, role, to_fix=2)
        assert (shown.standing, shown.primary) == (Standing.FIX, Deed.FIX)
    assert bar(EditionState.AWAITING, to_fix=2).overrule
    assert not bar(EditionState.AWAITING, Role.EDITOR, to_fix=2).overrule


def test_an_editor_sees_that_it_waits_for_somebody_else():
    shown = bar(EditionState.AWAITING, Role.EDITOR)
    assert (shown.standing, shown.primary, shown.others, shown.more) == (Standing.ASKED, None, (), ())


def test_who_wrote_it_leaves_the_yes_to_another():
    shown = bar(EditionState.AWAITING, wrote=("Mara", "Tom"))
    assert (shown.standing, shown.primary) == (Standing.FOUR_EYES, None)
    assert not bar(EditionState.AWAITING, to_fix=1, wrote=("Mara",)).overrule
    assert bar(EditionState.AWAITING, wrote=("Tom",)).primary is Deed.APPROVE


@pytest.mark.parametrize("state", list(EditionState))
def test_a_viewer_is_offered_nothing_but_the_delivery(state):
    shown = bar(state, Role.VIEWER)
    assert shown.primary in (None, Deed.DELIVERY)
    assert (shown.others, shown.more, shown.overrule) == ((), (), False)


def test_what_was_returned_is_asked_for_again_by_its_editor():
    shown = bar(EditionState.DRAFTED, Role.EDITOR, acts=[act("return", "awaiting", "drafted")])
    assert (shown.standing, shown.primary) == (Standing.RETURNED, Deed.ASK)
    assert shown.last.what == "return"


def test_what_nobody_has_to_approve_goes_out_by_itself():
    shown = bar(EditionState.DRAFTED, approval=False)
    assert (shown.standing, shown.primary) == (Standing.FREE, None)
    assert shown.more == (Deed.SEND_NOW,)


def test_an_approval_may_be_taken_back():
    yes = act("approve", "awaiting", "approved", "Mara")
    shown = bar(EditionState.APPROVED, acts=[yes])
    assert (shown.standing, shown.primary, shown.last) == (Standing.APPROVED, None, yes)
    assert Deed.TAKE_BACK in shown.others


def test_what_was_edited_after_it_was_approved_needs_a_new_yes_and_what_was_taken_back_does_not_say_so():
    edited = act("edit", "approved", "awaiting")
    assert bar(EditionState.AWAITING, acts=[edited]).again == edited
    assert bar(EditionState.AWAITING, acts=[act("take back", "approved", "awaiting")]).again is None


def test_what_is_late_goes_out_at_once_when_it_is_approved():
    assert bar(EditionState.AWAITING, now=LATE).late
    assert bar(EditionState.HELD, now=LATE).primary is Deed.APPROVE
    assert not bar(EditionState.SENT, now=LATE).late


def test_what_is_held_is_released_or_approved_where_that_was_missing():
    assert bar(EditionState.HELD).primary is Deed.APPROVE
    assert bar(EditionState.HELD, approval=False).primary is Deed.RELEASE
    assert bar(EditionState.HELD, Role.EDITOR).primary is None


@pytest.mark.parametrize("state", [EditionState.SENDING, EditionState.PAUSED, EditionState.SENT])
def test_of_what_goes_out_the_delivery_is_next(state):
    assert bar(state).primary is Deed.DELIVERY


@pytest.mark.parametrize("state", [EditionState.SKIPPED, EditionState.CANCELLED, EditionState.EXPIRED])
def test_of_what_is_over_nothing_is_next(state):
    shown = bar(state)
    assert (shown.standing, shown.primary, shown.others) == (Standing.OVER, None, ())
