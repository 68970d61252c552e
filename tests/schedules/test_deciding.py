"""What an editor decides about an edition: what was seen is approved, who changed it cannot, what goes out at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import ConflictError, NotFound, StateError, UsageError
from bot.model import EditionState
from bot.schedules import deciding, editing
from bot.schedules.comparing import compare, steps
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make
from bot.schedules.truth import findings_of
from bot.testing import NOW

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
EARLY = NOW - timedelta(minutes=30)
TOM, ANN = "Tom", "Ann"
BODY = "<p>The work on the tunnel costs £2.4 million, the council said.</p>"
S = EditionState


@pytest.fixture
def waiting(newsroom, publish):
    """An installation and its edition of one story that awaits approval; ``desk`` are lines of its ``[desk]`` table."""

    def build(desk="", approval="true"):
        publish("Tunnel shuts", body=BODY, standfirst="")
        extra = f'approval = {approval}\nprepare_before = "30m"\n[images]\nhost = false\n'
        installation = newsroom(extra + (f"[desk]\n{desk}\n" if desk else ""))
        return installation, make(installation, "morning", SLOT, EARLY)

    return build


def _stored(installation, edition):
    with installation.store.read() as tx:
        return tx.editions.get(edition.id)


def _acts(installation, edition):
    with installation.store.read() as tx:
        return [(act.who, act.what, act.note) for act in tx.acts.newest(thing=f"edition:{edition.id}")]


def _summary(installation, edition, text, version, who=TOM):
    lead = edition.stories[0].article.id
    return editing.tell(installation, edition.id, lead, summary=text, version=version, who=who, now=EARLY)


def _findings(installation, edition):
    with installation.store.read() as tx:
        return findings_of(tx, installation, tx.editions.get(edition.id))


def test_what_was_approved_is_kept_and_compared_with_what_stands_there_now(waiting):
    installation, made = waiting()
    first = made.stories[0].summary.text
    deciding.approve(installation, made.id, version=1, who=ANN, now=EARLY, note="Good.")
    _summary(installation, made, "The tunnel costs £2.4 million.", 1)
    with installation.store.read() as tx:
        since = compare(tx, tx.editions.get(made.id))
        newest, oldest = steps(tx, made.id)
    assert (since.version.number, since.version.approver, since.version.note) == (1, ANN, "Good.")
    assert "summary" in [each.place for each in since.differences]
    assert (newest.version.number, newest.version.who, newest.version.approved) == (2, TOM, None)
    assert oldest.version.told.stories[0].summary == first
    assert oldest.differences == ()


def test_a_version_that_nobody_saw_is_not_approved(waiting):
    installation, made = waiting()
    _summary(installation, made, "The tunnel costs £2.4 million.", 1)
    with pytest.raises(ConflictError, match="Tom changed the edition since"):
        deciding.approve(installation, made.id, version=1, who=ANN, now=EARLY)
    assert _stored(installation, made).state is S.AWAITING
    assert deciding.approve(installation, made.id, version=2, who=ANN, now=EARLY).state is S.APPROVED


def test_a_wrong_figure_is_found_with_what_the_article_says_and_what_would_be_true(waiting):
    installation, made = waiting()
    text = "The work on the tunnel costs £4.2 million."
    _summary(installation, made, text, 1)
    [found] = _findings(installation, made)
    assert (found.place, found.what, found.fix) == ("summary", "number", True)
    assert text[found.start : found.end] == found.text == "£4.2 million"
    assert found.nearest.startswith("The work on the tunnel costs £2.4 million")
    assert found.mending == "£2.4 million"


def test_a_finding_stands_in_the_way_until_an_approver_lets_it_stand_by_name_and_says_why(waiting):
    installation, made = waiting()
    _summary(installation, made, "The work on the tunnel costs £4.2 million.", 1)
    [found] = _findings(installation, made)
    approve = {"version": 2, "who": ANN, "now": EARLY}
    with pytest.raises(StateError, match="do not say “£4.2 million”"):
        deciding.approve(installation, made.id, **approve)
    with pytest.raises(UsageError, match="say why"):
        deciding.approve(installation, made.id, overrule=[found.key], **approve)
    deciding.approve(installation, made.id, overrule=[found.key], note="The mayor told us.", **approve)
    assert (ANN, "let stand", "“£4.2 million”: The mayor told us.") in _acts(installation, made)
    [again] = _findings(installation, made)
    assert (again.overruled.who, again.stands_in_the_way) == (ANN, False)


def test_who_names_no_version_and_no_finding_approves_what_is_there_and_lets_all_of_it_stand(waiting):
    installation, made = waiting()
    _summary(installation, made, "The work on the tunnel costs £4.2 million.", 1)
    said = {"version": None, "who": ANN, "now": EARLY}
    with pytest.raises(UsageError, match="say why"):
        deciding.approve(installation, made.id, overrule=None, **said)
    deciding.approve(installation, made.id, overrule=None, note="We know.", **said)
    assert (ANN, "let stand", "“£4.2 million”: We know.") in _acts(installation, made)


def test_an_edition_with_a_wrong_figure_that_nobody_approved_is_held_whatever_its_schedule_says(newsroom, publish):
    publish("Tunnel shuts", body=BODY, standfirst="")
    extra = 'approval = true\nif_unapproved = "send"\nprepare_before = "30m"\n[images]\nhost = false\n'
    installation = newsroom(extra)
    made = make(installation, "morning", SLOT, EARLY)
    _summary(installation, made, "The work on the tunnel costs £4.2 million.", 1)
    assert advance(installation, _stored(installation, made), NOW) is S.HELD


def test_who_changed_an_edition_does_not_approve_it_under_four_eyes(waiting):
    installation, made = waiting("four_eyes = true")
    _summary(installation, made, "The tunnel costs £2.4 million.", 1)
    assert deciding.editors_since_approval(installation, made.id) == (TOM,)
    with pytest.raises(StateError, match=r"^You edited this\. Another approver must say yes\.$"):
        deciding.approve(installation, made.id, version=2, who=TOM, now=EARLY)
    deciding.approve(installation, made.id, version=2, who=ANN, now=EARLY)
    deciding.take_back(installation, made.id, who=ANN, now=EARLY)
    assert deciding.approve(installation, made.id, version=2, who=TOM, now=EARLY).state is S.APPROVED


def test_without_four_eyes_who_changed_it_may_approve_it(waiting):
    installation, made = waiting()
    _summary(installation, made, "The tunnel costs £2.4 million.", 1)
    assert deciding.approve(installation, made.id, version=2, who=TOM, now=EARLY).state is S.APPROVED


def test_what_was_returned_does_not_go_out_until_it_was_asked_for_and_approved(waiting):
    installation, made = waiting()
    deciding.return_(installation, made.id, version=1, who=ANN, now=EARLY, note="Check the figure.")
    returned = _stored(installation, made)
    assert (returned.state, returned.reason) == (S.DRAFTED, "returned by Ann: Check the figure.")
    deciding.ask(installation, made.id, who=TOM, now=EARLY)
    assert _stored(installation, made).state is S.AWAITING
    deciding.approve(installation, made.id, version=1, who=ANN, now=EARLY)
    assert advance(installation, _stored(installation, made), NOW) is S.SENDING


def test_what_was_returned_and_forgotten_is_held_at_its_slot(waiting):
    installation, made = waiting()
    deciding.return_(installation, made.id, version=1, who=ANN, now=EARLY, note="Check the figure.")
    assert advance(installation, _stored(installation, made), NOW) is S.HELD
    assert "Check the figure." in _stored(installation, made).reason


def test_a_return_says_what_to_change(waiting):
    installation, made = waiting()
    with pytest.raises(UsageError):
        deciding.return_(installation, made.id, version=1, who=ANN, now=EARLY, note="  ")
    assert _stored(installation, made).state is S.AWAITING


def test_who_asks_for_approval_where_none_is_needed_gets_one(waiting):
    installation, made = waiting(approval="false")
    assert made.state is S.DRAFTED
    deciding.ask(installation, made.id, who=TOM, now=EARLY, note="Look at the figure.")
    assert advance(installation, _stored(installation, made), NOW + timedelta(minutes=10)) is S.HELD


def test_an_approved_edition_goes_out_ahead_of_its_slot_when_that_is_said(waiting):
    installation, made = waiting()
    deciding.approve(installation, made.id, version=1, who=ANN, now=EARLY)
    sent = deciding.send_now(installation, made.id, version=1, who=ANN, now=EARLY)
    assert sent.state is S.SENDING
    stored = _stored(installation, made)
    assert (stored.state, stored.snapshot) == (S.SENDING, 1)
    assert _acts(installation, made)[0] == (ANN, "send now", "due 24 November 2026, 07:00")


def test_sending_now_is_a_yes_to_what_waits_for_one(waiting):
    installation, made = waiting()
    deciding.send_now(installation, made.id, version=1, who=ANN, now=NOW + timedelta(minutes=25))
    assert _stored(installation, made).state is S.SENDING
    assert "approve" in [what for _, what, _ in _acts(installation, made)]


def test_what_is_held_or_returned_does_not_go_out_at_once(waiting):
    installation, made = waiting()
    deciding.return_(installation, made.id, version=1, who=ANN, now=EARLY, note="Check.")
    with pytest.raises(StateError, match="was returned"):
        deciding.send_now(installation, made.id, version=1, who=ANN, now=EARLY)
    assert _stored(installation, made).state is S.DRAFTED


def test_of_a_version_that_is_old_nothing_is_sent_at_once(waiting):
    installation, made = waiting(approval="false")
    _summary(installation, made, "The tunnel costs £2.4 million.", 1)
    with pytest.raises(StateError, match="changed while you looked"):
        deciding.send_now(installation, made.id, version=1, who=ANN, now=EARLY)
    assert _stored(installation, made).state is S.DRAFTED


def test_of_what_is_not_there_nothing_is_decided(waiting):
    installation, _ = waiting()
    for act in (deciding.approve, deciding.send_now):
        with pytest.raises(NotFound):
            act(installation, "nosuch", version=1, who=ANN, now=EARLY)
