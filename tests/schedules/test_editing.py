"""What an editor changes in an edition before it goes out: what readers get, and what stays when articles change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import KINDS
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import ConflictError, NotFound, ReservedElsewhere, StateError, UsageError
from bot.model import EditionState, Image, Limits, Preferences
from bot.schedules import deciding, editing, revising
from bot.schedules.plan import Slot
from bot.schedules.readers import prepare
from bot.schedules.slot import advance, make
from bot.store.editions import Editions
from bot.testing import NOW, article, subscribe
from tests.schedules.conftest import Scripted

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
EARLY = NOW - timedelta(minutes=30)
TOM, ANN = "Tom", "Ann"

POSTING = """
[images]
host = false

[channels.square]
type = "posting"
"""


class Posting(Scripted):
    def __init__(self, name, options, around):
        super().__init__(name, options, around)
        self.medium, self.limits = "post", Limits(characters=120)


@pytest.fixture
def drafted(newsroom, publish, monkeypatch):
    """An installation and its edition of three stories, which goes out in an hour as mail and as a post of the lead."""
    monkeypatch.setitem(KINDS, "posting", Posting)

    def build(*titles, extra="", **fields):
        publish(*(titles or ("The ferry returns", "The library opens", "The market moves")), **fields)
        installation = newsroom(f'prepare_before = "2h"\n{extra}\n{POSTING}')
        table = installation.settings.schedules["morning"]
        channels = (*table.channels, "square")
        installation.settings.tables.schedules["morning"] = table.model_copy(update={"channels": channels})
        return installation, make(installation, "morning", SLOT, EARLY)

    return build


def _mail(edition):
    return next(each.email for each in edition.renditions if each.email)


def _post(edition):
    return next(each.post for each in edition.renditions if each.post)


def _stored(installation, edition):
    with installation.store.read() as tx:
        return tx.editions.get(edition.id)


def _titles(edition):
    return [each.told.article.title for each in edition.stories]


def _ids(edition):
    return [each.article.id for each in edition.stories]


def _revise(store, title, **fields):
    """The source brings another revision of the article with this title."""
    with store.write() as tx:
        old = next(each for each in tx.articles.newest() if each.title == title)
        tx.articles.put(replace(old, **fields), url_key=old.url, present={old.guid}, now=EARLY)


def _acts(installation, edition):
    with installation.store.read() as tx:
        return tx.acts.newest(thing=f"edition:{edition.id}")


def test_an_editors_headline_and_summary_stand_in_mail_page_and_post(drafted):
    installation, made = drafted()
    story = made.stories[0]
    changed = editing.tell(
        installation,
        made.id,
        story.article.id,
        title="Ferry is back",
        summary="It sails again.",
        version=1,
        who=TOM,
        now=EARLY,
    )
    stored = _stored(installation, made)
    assert (changed.version, stored.version) == (2, 2)
    for text in (_mail(stored).html, _mail(stored).text, _mail(stored).web):
        assert "Ferry is back" in text
        assert "It sails again." in text
    assert "Ferry is back" in _post(stored).text
    assert stored.stories[0].article.title == story.article.title


def test_a_change_is_on_the_record_with_what_stood_there_and_what_does_now(drafted):
    installation, made = drafted()
    title = made.stories[0].article.title
    editing.tell(installation, made.id, made.stories[0].article.id, title="Back", version=1, who=TOM, now=EARLY)
    act = _acts(installation, made)[0]
    assert (act.who, act.what) == (TOM, "edit")
    assert title in act.note
    assert "“Back”" in act.note


def test_an_empty_text_goes_back_to_the_articles_own_words(drafted):
    installation, made = drafted()
    lead = made.stories[0]
    editing.tell(installation, made.id, lead.article.id, title="Back", summary="It is.", version=1, who=TOM, now=EARLY)
    again = editing.tell(installation, made.id, lead.article.id, title="", summary="", version=2, who=TOM, now=EARLY)
    assert _mail(again).html == _mail(made).html
    assert not again.stories[0].words.any


def test_saving_what_stands_there_already_makes_no_version(drafted):
    installation, made = drafted()
    lead = made.stories[0]
    same = editing.tell(
        installation,
        made.id,
        lead.article.id,
        title=lead.article.title,
        summary=lead.summary.text,
        version=1,
        who=TOM,
        now=EARLY,
    )
    assert same.version == 1
    assert editing.lines(installation, made.id, subject=_mail(made).subject, version=1, who=TOM, now=EARLY).version == 1
    post = _post(made).text
    assert editing.post(installation, made.id, "square", "", post, version=1, who=TOM, now=EARLY).version == 1


def test_a_headline_that_no_template_has_room_for_is_refused(drafted):
    installation, made = drafted()
    with pytest.raises(UsageError, match="12 too many"):
        editing.tell(installation, made.id, made.stories[0].article.id, title="x" * 312, version=1, who=TOM, now=EARLY)


def test_subject_and_preheader_are_the_editors_and_fall_back_with_the_story_they_are_about(drafted):
    installation, made = drafted()
    changed = editing.lines(
        installation, made.id, subject="{{ lead.title }} <b>", preheader="Also", version=1, who=TOM, now=EARLY
    )
    assert _mail(changed).subject == "{{ lead.title }} <b>"
    assert _mail(changed).preheader == "Also"
    assert "{{ lead.title }} &lt;b&gt;" in _mail(changed).html
    dropped = editing.drop(installation, made.id, made.stories[0].article.id, version=2, who=TOM, now=EARLY)
    assert made.stories[1].article.title in _mail(dropped).subject


def test_a_post_has_the_editors_text_with_its_hashtags_and_goes_with_its_story(drafted):
    installation, made = drafted()
    text = f"It sails!\n\n#Ferry {_post(made).url}"
    changed = editing.post(installation, made.id, "square", "", text, version=1, who=TOM, now=EARLY)
    assert _post(changed).text == text
    assert _post(changed).hashtags == ("#Ferry",)
    led = editing.move(installation, made.id, made.stories[1].article.id, 1, version=2, who=TOM, now=EARLY)
    assert _post(led).text != text
    back = editing.move(installation, made.id, made.stories[0].article.id, 1, version=3, who=TOM, now=EARLY)
    assert _post(back).text == text


def test_a_post_that_the_network_would_not_take_is_refused_with_its_count(drafted):
    installation, made = drafted()
    with pytest.raises(UsageError, match="150 characters as the network counts them, and it takes 120"):
        editing.post(installation, made.id, "square", "", "x" * 150, version=1, who=TOM, now=EARLY)


def test_the_alt_text_and_credit_of_a_picture_are_the_editors_or_there_is_no_picture(drafted):
    picture = Image(url="https://record.example/ferry.jpg", alt="A boat", width=1200, height=800)
    installation, made = drafted("The ferry returns", image=picture)
    lead = made.stories[0].article.id
    changed = editing.tell(
        installation, made.id, lead, alt="The ferry at the quay", credit="Jo Prentice", version=1, who=TOM, now=EARLY
    )
    assert 'alt="The ferry at the quay"' in _mail(changed).html
    assert "Jo Prentice" in _mail(changed).html
    bare = editing.tell(installation, made.id, lead, picture=False, version=2, who=TOM, now=EARLY)
    assert "ferry.jpg" not in _mail(bare).html


def test_words_for_a_picture_that_is_not_there_are_refused(drafted):
    installation, made = drafted()
    with pytest.raises(UsageError, match="no picture"):
        editing.tell(installation, made.id, made.stories[0].article.id, alt="A boat", version=1, who=TOM, now=EARLY)


def test_a_story_moved_to_the_first_place_leads(drafted):
    installation, made = drafted()
    first, second, third = _ids(made)
    moved = editing.move(installation, made.id, third, 1, version=1, who=TOM, now=EARLY)
    assert _ids(moved) == [third, first, second]
    assert [each.position for each in moved.stories] == [1, 2, 3]
    assert moved.stories[0].article.title in _mail(moved).subject
    assert _ids(_stored(installation, made)) == [third, first, second]


def test_a_pinned_story_keeps_its_place(drafted):
    installation, made = drafted()
    first, second, third = _ids(made)
    pinned = editing.pin(installation, made.id, second, pinned=True, version=1, who=TOM, now=EARLY)
    assert pinned.stories[1].words.pinned == TOM
    ordered = editing.order(installation, made.id, [third, second, first], version=2, who=TOM, now=EARLY)
    assert _ids(ordered) == [third, second, first]
    moved = editing.move(installation, made.id, first, 1, version=3, who=TOM, now=EARLY)
    assert _ids(moved) == [first, second, third]
    taken = editing.move(installation, made.id, third, 2, version=4, who=TOM, now=EARLY)
    assert _ids(taken)[1] == second


def test_an_order_that_forgets_a_story_is_refused(drafted):
    installation, made = drafted()
    with pytest.raises(UsageError, match="each story"):
        editing.order(installation, made.id, _ids(made)[:2], version=1, who=TOM, now=EARLY)


def test_a_dropped_story_is_free_for_the_next_edition(drafted, store):
    installation, made = drafted()
    gone = _ids(made)[1]
    changed = editing.drop(installation, made.id, gone, version=1, who=TOM, now=EARLY)
    assert gone not in _ids(changed)
    with store.read() as tx:
        assert gone not in tx.editions.held("morning", NOW - timedelta(days=1))[1]


def test_the_last_story_cannot_be_dropped(drafted):
    installation, made = drafted("The ferry returns")
    with pytest.raises(StateError, match="only story"):
        editing.drop(installation, made.id, _ids(made)[0], version=1, who=TOM, now=EARLY)


def test_an_article_that_was_not_picked_can_be_added_and_is_reserved(drafted, publish, store):
    installation, made = drafted()
    publish("The bridge closes", hours=0.6)
    [(found, _)] = editing.addable(installation, made.id, "bridge")
    changed = editing.add(installation, made.id, found.id, at=2, version=1, who=TOM, now=EARLY)
    assert _titles(changed)[1] == "The bridge closes"
    assert "The bridge closes" in _mail(changed).html
    assert changed.stories[1].reason == "Added by Tom."
    with store.read() as tx:
        assert found.id in tx.editions.held("morning", NOW - timedelta(days=1))[1]
    assert editing.addable(installation, made.id, "bridge") == []


def test_an_article_that_another_edition_of_the_schedule_has_cannot_be_added(drafted, publish):
    installation, made = drafted()
    publish("The bridge closes", hours=0.6)
    other = make(installation, "morning", Slot("morning", "extra:1", NOW), EARLY)
    [bridge] = _ids(other)
    with pytest.raises(ReservedElsewhere, match="cannot be taken in twice"):
        editing.add(installation, made.id, bridge, version=1, who=TOM, now=EARLY)
    assert _ids(_stored(installation, made)) == _ids(made)


def test_a_story_can_be_told_by_another_of_its_articles(drafted, publish, store):
    installation, made = drafted("The ferry returns to the harbour after nine weeks of repairs")
    body = "<p>The ferry returns to the harbour after nine weeks of repairs, the line says.</p>"
    other = article(title="Ferry back after nine weeks", url="https://other.example/ferry", source="other", body=body)
    with store.write() as tx:
        tx.articles.put(other, url_key=other.url, present={other.guid}, now=EARLY)
        known = next(each for each in tx.articles.newest() if each.title == other.title)
        story = made.stories[0]
        whole = replace(story, article_ids=(*story.article_ids, known.id), also=(("other.example", other.url),))
        tx.editions.replace_stories(replace(made, stories=(whole,)))
    changed = editing.retell(installation, made.id, story.article.id, known.id, version=1, who=TOM, now=EARLY)
    assert _titles(changed) == ["Ferry back after nine weeks"]
    assert story.article.url in [url for _, url in changed.stories[0].also]
    assert set(changed.stories[0].article_ids) == {known.id, story.article.id}


def test_two_editors_of_different_places_both_have_their_way(drafted):
    installation, made = drafted()
    first, second, _ = _ids(made)
    editing.tell(installation, made.id, first, title="Tom's ferry", version=1, who=TOM, now=EARLY)
    both = editing.tell(installation, made.id, second, title="Ann's library", version=1, who=ANN, now=EARLY)
    assert _titles(both)[:2] == ["Tom's ferry", "Ann's library"]
    assert both.version == 3


def test_who_changes_what_another_changed_meanwhile_is_told_who_when_and_both_texts(drafted):
    installation, made = drafted()
    lead, second, _ = _ids(made)
    at = NOW + timedelta(minutes=14)
    editing.tell(installation, made.id, lead, title="Tom's ferry", version=1, who=TOM, now=at)
    editing.tell(installation, made.id, second, title="The library", version=2, who="Eva", now=EARLY)
    with pytest.raises(ConflictError) as caught:
        editing.tell(installation, made.id, lead, title="Ann's ferry", version=1, who=ANN, now=EARLY)
    told = caught.value
    assert (told.who, told.at, told.theirs, told.yours) == (TOM, at, "Tom's ferry", "Ann's ferry")
    assert told.version == 3
    assert _titles(_stored(installation, made))[0] == "Tom's ferry"


def test_of_two_changes_at_the_same_moment_none_is_lost(drafted, monkeypatch):
    installation, made = drafted()
    first, second, _ = _ids(made)
    real, meanwhile = Editions.revise, []

    def revise(self, edition, **given):
        if not meanwhile:
            meanwhile.append(True)
            return False
        return real(self, edition, **given)

    monkeypatch.setattr(Editions, "revise", revise)
    changed = editing.tell(installation, made.id, first, title="Tom's ferry", version=1, who=TOM, now=EARLY)
    assert _titles(changed)[0] == "Tom's ferry"
    assert _stored(installation, made).version == 2
    assert second in _ids(changed)


def test_what_begins_to_go_out_while_an_editor_types_is_not_changed_any_more(drafted, monkeypatch):
    installation, made = drafted()
    rendered = revising.compose.render

    def slowly(frame, stories):
        monkeypatch.setattr(revising.compose, "render", rendered)
        assert begin_sending(installation.store, made, audience="readers", now=EARLY)
        return rendered(frame, stories)

    monkeypatch.setattr(revising.compose, "render", slowly)
    with pytest.raises(StateError, match="sending"):
        editing.tell(installation, made.id, _ids(made)[0], title="Too late", version=1, who=TOM, now=EARLY)
    assert _mail(_stored(installation, made)).html == _mail(made).html


def test_what_was_changed_since_it_was_looked_at_does_not_begin_to_go_out(drafted):
    installation, made = drafted()
    editing.tell(installation, made.id, _ids(made)[0], title="At the last moment", version=1, who=TOM, now=EARLY)
    assert not begin_sending(installation.store, made, audience="readers", now=EARLY)
    assert advance(installation, _stored(installation, made), SLOT.due) is EditionState.SENDING
    assert "At the last moment" in _mail(_stored(installation, made)).html


@pytest.mark.parametrize("state", [EditionState.SENDING, EditionState.CANCELLED])
def test_what_goes_out_or_has_ended_is_frozen(drafted, state):
    installation, made = drafted()
    if state is EditionState.SENDING:
        begin_sending(installation.store, made, audience="readers", now=EARLY)
    else:
        lifecycle.cancel(installation.store, made.id, who=TOM, now=EARLY)
    with pytest.raises(StateError, match=str(state)):
        editing.tell(installation, made.id, _ids(made)[0], title="Late", version=1, who=TOM, now=EARLY)


def test_what_is_not_there_is_said(drafted):
    installation, made = drafted()
    with pytest.raises(NotFound):
        editing.drop(installation, "nosuchedition", 1, version=1, who=TOM, now=EARLY)
    with pytest.raises(NotFound, match="not in the edition"):
        editing.drop(installation, made.id, 999, version=1, who=TOM, now=EARLY)


def test_a_change_after_approval_asks_for_it_again(drafted):
    installation, made = drafted(extra="approval = true")
    assert made.state is EditionState.AWAITING
    deciding.approve(installation, made.id, version=1, who=ANN, now=EARLY)
    changed = editing.tell(installation, made.id, _ids(made)[0], title="Ferry is back", version=1, who=TOM, now=EARLY)
    assert changed.state is EditionState.AWAITING
    stored = _stored(installation, made)
    assert (stored.state, stored.reason) == (EditionState.AWAITING, "changed by Tom after it was approved")
    assert _acts(installation, made)[0].before == "approved"
    assert advance(installation, stored, SLOT.due + timedelta(hours=2)) is EditionState.HELD


def test_an_edit_that_was_long_in_the_making_stands_after_what_was_decided_meanwhile(drafted):
    installation, made = drafted(extra="approval = true")
    lead = made.stories[0].article.id
    host_stories = revising.host_stories

    def slow(*args, **kind):
        # A picture took its time, and a colleague did not wait for it.
        installation.clock.moment = EARLY + timedelta(seconds=4)
        if _stored(installation, made).state is EditionState.AWAITING:
            lifecycle.approve(installation.store, made.id, who=ANN, now=EARLY + timedelta(seconds=3))
        return host_stories(*args, **kind)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revising, "host_stories", slow)
        editing.tell(installation, made.id, lead, title="The ferry is back", version=1, who=TOM, now=EARLY)
    assert _stored(installation, made).state is EditionState.AWAITING
    newest = _acts(installation, made)
    assert [(each.what, each.who) for each in newest[:2]] == [("edit", TOM), ("approve", ANN)]


def test_an_editors_words_stay_through_a_new_revision_while_they_are_true(drafted, store):
    installation, made = drafted()
    lead = made.stories[0].article
    editing.tell(installation, made.id, lead.id, title="Ferry is back", version=1, who=TOM, now=EARLY)
    _revise(store, lead.title, body=f"{lead.body}<p>It sails at 9 from the quay.</p>")
    advance(installation, made, EARLY)
    stored = _stored(installation, made)
    assert stored.stories[0].article.revision == 2
    assert _titles(stored)[0] == "Ferry is back"
    assert "Ferry is back" in _mail(stored).html
    assert stored.version == 3


def test_an_editors_words_that_are_not_true_any_more_go_back_and_a_new_yes_is_asked(drafted, store):
    body = "<p>The ferry returns to the harbour after 9 weeks of repairs at the yard.</p>"
    installation, made = drafted("The ferry returns", body=body, extra="approval = true")
    lead = made.stories[0].article
    editing.tell(
        installation,
        made.id,
        lead.id,
        summary="The ferry is back after 9 weeks of repairs.",
        version=1,
        who=TOM,
        now=EARLY,
    )
    deciding.approve(installation, made.id, version=2, who=ANN, now=EARLY)
    _revise(store, lead.title, body=body.replace("9 weeks", "7 weeks"))
    advance(installation, made, EARLY)
    stored = _stored(installation, made)
    assert stored.state is EditionState.AWAITING
    assert stored.stories[0].told.summary == stored.stories[0].summary
    assert "9 weeks" not in _mail(stored).html
    assert "taken back: the editor's summary" in _acts(installation, made)[0].note


def test_a_subject_about_a_withdrawn_lead_is_not_sent(drafted, store):
    installation, made = drafted()
    lead = made.stories[0].article
    editing.lines(installation, made.id, subject="Ferry day", version=1, who=TOM, now=EARLY)
    with store.write() as tx:
        tx.articles.withdraw(lead.source, [lead.guid], NOW)
    advance(installation, made, EARLY)
    stored = _stored(installation, made)
    assert _mail(stored).subject != "Ferry day"
    assert "taken back: the editor's subject" in _acts(installation, made)[0].note


def test_readers_who_chose_something_get_the_editors_words_rendered_ahead_of_the_slot(drafted, store):
    installation, made = drafted("The ferry returns")
    [reader] = subscribe(store, "chooser@example.org")
    with store.write() as tx:
        tx.subscribers.prefer(reader, "readers", Preferences(language="de"))
    editing.tell(installation, made.id, _ids(made)[0], title="Ferry is back", version=1, who=TOM, now=EARLY)
    advance(installation, made, EARLY)
    with store.read() as tx:
        assert tx.editions.variants(made.id, "mail") == frozenset()
    advance(installation, made, SLOT.due - timedelta(minutes=5))
    with store.read() as tx:
        [name] = tx.editions.variants(made.id, "mail")
        variant = tx.editions.rendition(made.id, "mail", name)
    assert "Ferry is back" in variant.email.html


def test_readers_whose_topics_leave_the_lead_out_do_not_get_a_subject_about_it(drafted, store, publish):
    installation, made = drafted("The ferry returns", sections=("Harbour",))
    publish("The library opens", sections=("Culture",), hours=0.6)
    [(library, _)] = editing.addable(installation, made.id, "library")
    editing.add(installation, made.id, library.id, version=1, who=TOM, now=EARLY)
    editing.lines(installation, made.id, subject="Ferry day", version=2, who=TOM, now=EARLY)
    [reader] = subscribe(store, "chooser@example.org")
    with store.write() as tx:
        tx.subscribers.prefer(reader, "readers", Preferences(topics=("Culture",)))
    prepare(installation, _stored(installation, made), SLOT.due)
    with store.read() as tx:
        [name] = tx.editions.variants(made.id, "mail")
        variant = tx.editions.rendition(made.id, "mail", name)
    assert variant.email.subject != "Ferry day"
    assert _mail(_stored(installation, made)).subject == "Ferry day"


def test_of_many_who_change_at_once_each_change_stands(drafted):
    installation, made = drafted()
    ids = _ids(made)

    def change(number):
        article, place = ids[number % 3], ("title", "summary")[number // 3]
        return editing.tell(
            installation, made.id, article, **{place: f"By {number}"}, version=1, who=f"Editor {number}", now=EARLY
        )

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(change, range(3)))
    stored = _stored(installation, made)
    assert _titles(stored) == ["By 0", "By 1", "By 2"]
    assert stored.version == 4


def test_what_goes_out_while_it_is_changed_is_either_version_and_never_a_mixture(drafted):
    installation, made = drafted()

    def change():
        with suppress(StateError):
            editing.tell(installation, made.id, _ids(made)[0], title="Changed", version=1, who=TOM, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(change), pool.submit(advance, installation, made, NOW)]
        for each in done:
            each.result()
    advance(installation, made, NOW)
    stored = _stored(installation, made)
    assert stored.state is EditionState.SENDING
    told = _titles(stored)[0]
    assert (stored.version, told) in [(1, _titles(made)[0]), (2, "Changed")]
    assert told in _mail(stored).html
    assert told in _post(stored).text
