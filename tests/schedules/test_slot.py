from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import RenderError
from bot.model import EditionState
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make, skip
from bot.schedules.tick import tick
from bot.store.flags import PAUSED
from bot.testing import NOW, subscribe

SLOT = Slot("morning", "2026-11-24T07:00", NOW)


def _titles(edition):
    return [story.article.title for story in edition.stories]


def test_a_slot_makes_one_edition_of_what_is_new(newsroom, publish):
    publish("The ferry returns", "The library opens")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    assert made.state is EditionState.DRAFTED
    assert sorted(_titles(made)) == ["The ferry returns", "The library opens"]
    assert make(installation, "morning", SLOT, NOW) is None


def test_an_edition_has_the_same_id_wherever_its_slot_is_made(newsroom, publish):
    publish("The ferry returns")
    installation = newsroom()
    assert make(installation, "morning", SLOT, NOW).id == installation.frame("morning", SLOT).edition


def test_a_slot_with_nothing_new_is_skipped_with_its_reason_on_record(newsroom, store):
    made = make(newsroom(), "morning", SLOT, NOW)
    assert made.state is EditionState.SKIPPED
    assert made.reason
    with store.read() as tx:
        assert tx.editions.of_slot("morning", SLOT.key).reason == made.reason
        assert tx.acts.newest()[0].note == made.reason


def test_the_selection_is_kept_with_its_reasons(newsroom, publish, store):
    publish("The ferry returns")
    publish("Last week's market", hours=30)
    made = make(newsroom(), "morning", SLOT, NOW)
    with store.read() as tx:
        report = tx.editions.report(made.id)
    assert [pick["title"] for pick in report["picks"]] == ["The ferry returns"]
    assert [each["title"] for each in report["rejections"]] == ["Last week's market"]
    assert all(each["reason"] for each in report["picks"] + report["rejections"])


def test_activating_a_schedule_never_mails_the_backlog(newsroom, publish):
    publish("Today's ferry")
    publish("An old story", "An older story", hours=26)
    assert _titles(make(newsroom(), "morning", SLOT, NOW)) == ["Today's ferry"]


def test_too_many_new_articles_at_once_are_held_for_an_editor(newsroom, publish):
    publish(*(f"Story number {number}" for number in range(5)))
    made = make(newsroom("[schedules.morning.selection]\nflood = 3\n"), "morning", SLOT, NOW)
    assert made.state is EditionState.HELD
    assert "5" in made.reason


def test_what_was_sent_is_never_picked_again_by_its_schedule(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom('[schedules.morning.selection]\nwindow = "last 48h"\n')
    subscribe(store, "reader@example.org")
    first = make(installation, "morning", SLOT, NOW)
    assert advance(installation, first, NOW) is EditionState.SENDING
    with store.write() as tx:
        tx.editions.consume(first.id)
    tomorrow = NOW + timedelta(days=1)
    second = make(installation, "morning", Slot("morning", "2026-11-25T07:00", tomorrow), tomorrow)
    assert second.state is EditionState.SKIPPED


def test_a_story_of_an_edition_that_ended_unsent_may_be_picked_again(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom('[schedules.morning.selection]\nwindow = "last 48h"\n')
    first = make(installation, "morning", SLOT, NOW)
    later = Slot("morning", "extra:x", NOW)
    assert make(installation, "morning", later, NOW).state is EditionState.SKIPPED
    lifecycle.cancel(store, first.id, who="editor", now=NOW)
    again = make(installation, "morning", Slot("morning", "extra:y", NOW), NOW)
    assert _titles(again) == ["The ferry returns"]


def test_a_template_that_does_not_render_stores_nothing_and_can_be_mended(newsroom, publish, store):
    publish("The ferry returns")
    with pytest.raises(RenderError):
        make(newsroom('subject = "{{ nonsense }}"\n'), "morning", SLOT, NOW)
    with store.read() as tx:
        assert tx.editions.newest() == []
    assert make(newsroom(), "morning", SLOT, NOW).state is EditionState.DRAFTED


def test_an_edition_goes_out_at_its_slot_and_not_before(newsroom, publish, store, clock):
    publish("The ferry returns")
    subscribe(store, "a@example.org", "b@example.org")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    assert advance(installation, made, NOW - timedelta(minutes=1)) is EditionState.DRAFTED
    assert advance(installation, made, NOW) is EditionState.SENDING
    with store.read() as tx:
        assert tx.editions.get(made.id).snapshot == 3


def test_an_edition_that_would_be_too_late_expires_and_frees_its_stories(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    assert advance(installation, made, NOW + timedelta(hours=3, seconds=1)) is EditionState.EXPIRED
    with store.read() as tx:
        assert tx.editions.held("morning", NOW - timedelta(days=3)) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("rule", "state"),
    [("hold", EditionState.HELD), ("send", EditionState.SENDING), ("skip", EditionState.CANCELLED)],
)
def test_an_edition_without_approval_follows_its_schedules_rule(newsroom, publish, rule, state):
    publish("The ferry returns")
    installation = newsroom(f'approval = true\nif_unapproved = "{rule}"\n')
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    assert made.state is EditionState.AWAITING
    assert advance(installation, made, NOW - timedelta(minutes=5)) is EditionState.AWAITING
    assert advance(installation, made, NOW) is state


def test_an_approved_edition_goes_out(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom("approval = true\n")
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    approved = lifecycle.approve(store, made.id, who="mara", now=NOW)
    assert advance(installation, approved, NOW) is EditionState.SENDING
    with store.read() as tx:
        assert [act.who for act in tx.acts.newest() if act.what == "approve"] == ["mara"]


def _edit(store, original, **changes):
    with store.write() as tx:
        tx.articles.put(replace(original, **changes), url_key=original.url, present={original.guid}, now=NOW)


def test_a_withdrawn_story_is_dropped_before_the_send(newsroom, publish, store):
    gone, _ = publish("The mayor resigns", "The ferry returns")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    with store.write() as tx:
        tx.articles.withdraw("site", [gone.guid], NOW)
    assert advance(installation, made, NOW) is EditionState.SENDING
    with store.read() as tx:
        sent = tx.editions.get(made.id)
        assert any("withdrawn" in act.note for act in tx.acts.newest(thing=f"edition:{made.id}"))
    assert _titles(sent) == ["The ferry returns"]
    assert "mayor" not in sent.renditions[0].email.html


def test_an_edition_whose_stories_were_all_withdrawn_is_cancelled(newsroom, publish, store):
    (gone,) = publish("The mayor resigns")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    with store.write() as tx:
        tx.articles.withdraw("site", [gone.guid], NOW)
    assert advance(installation, made, NOW) is EditionState.CANCELLED


def test_a_correction_before_the_slot_asks_for_approval_again_at_once(newsroom, publish, store):
    (wrong,) = publish("Council spends on libraries", standfirst="It costs $14 million a year.")
    installation = newsroom("approval = true\n")
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    approved = lifecycle.approve(store, made.id, who="mara", now=NOW)
    _edit(store, wrong, standfirst="It costs $1.4 million a year.")
    assert advance(installation, approved, NOW - timedelta(minutes=15)) is EditionState.AWAITING
    with store.read() as tx:
        fresh = tx.editions.get(made.id)
    assert "$1.4" in fresh.stories[0].summary.text
    assert "numbers" in fresh.reason


@pytest.mark.parametrize("rule", ["hold", "send", "skip"])
def test_a_correction_after_the_approval_is_never_sent_or_thrown_away_unseen(newsroom, publish, store, rule):
    (wrong,) = publish("Council spends on libraries", standfirst="It costs $14 million a year.")
    installation = newsroom(f'approval = true\nif_unapproved = "{rule}"\n')
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    approved = lifecycle.approve(store, made.id, who="mara", now=NOW)
    _edit(store, wrong, standfirst="It costs $1.4 million a year.")
    assert advance(installation, approved, NOW) is EditionState.HELD
    with store.read() as tx:
        assert "numbers" in tx.editions.get(made.id).reason


def test_an_edition_drafted_late_still_leaves_time_to_approve_it(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom('approval = true\nif_unapproved = "send"\n')
    late = NOW + timedelta(minutes=5)
    made = make(installation, "morning", SLOT, late)
    assert advance(installation, made, late) is EditionState.AWAITING
    assert advance(installation, made, late + timedelta(minutes=31)) is EditionState.SENDING


def test_an_edition_outside_the_timetable_swallows_no_slot(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom()
    tick(installation, NOW - timedelta(minutes=1))
    assert make(installation, "morning", Slot("morning", "extra:1", NOW + timedelta(seconds=1)), NOW)
    assert [each.slot_key for each in tick(installation, NOW + timedelta(seconds=2)).made] == [SLOT.key]


def test_the_snapshot_takes_the_audience_even_when_the_channel_left_the_settings(newsroom, publish, store):
    publish("The ferry returns")
    subscribe(store, "a@example.org", "b@example.org")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    installation.settings.tables.channels.clear()
    assert advance(installation, made, NOW) is EditionState.SENDING
    with store.read() as tx:
        assert {each.destination for each in tx.deliveries.page()} == {
            "a@example.org",
            "b@example.org",
            "reader@example.org",
        }


def test_nothing_begins_to_be_sent_while_everything_is_paused(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    with store.write() as tx:
        tx.flags.set(PAUSED, "all", NOW)
    assert not begin_sending(store, made, audience="readers", now=NOW)


def test_a_change_of_wording_is_taken_over_without_asking_again(newsroom, publish, store):
    (draft,) = publish("Council spends on libraries", standfirst="It will cost much money.")
    installation = newsroom("approval = true\n")
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    approved = lifecycle.approve(store, made.id, who="mara", now=NOW)
    _edit(store, draft, standfirst="It will cost a lot of money.")
    assert advance(installation, approved, NOW) is EditionState.SENDING
    with store.read() as tx:
        assert "a lot of" in tx.editions.get(made.id).stories[0].summary.text


def test_a_skipped_slot_is_on_record_once(newsroom, store):
    installation = newsroom()
    assert skip(installation, "morning", SLOT, "missed", NOW).state is EditionState.SKIPPED
    assert skip(installation, "morning", SLOT, "missed", NOW) is None


def test_articles_of_a_site_that_moved_do_not_go_out_again(newsroom, publish, store):
    body = "<p>" + " ".join(f"Span {each} of the bridge holds {each * 7} tons of steel." for each in range(20)) + "</p>"
    publish("The bridge stays open", hours=2, body=body)
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    with store.write() as tx:
        tx.editions.consume(made.id)
    later = NOW + timedelta(days=20)
    publish("The bridge stays open", published=later - timedelta(hours=1), body=body, url="https://new.example/1")
    publish("The market is back", published=later - timedelta(hours=1))
    again = make(installation, "morning", Slot("morning", "2026-12-14T07:00", later), later)
    assert _titles(again) == ["The market is back"]


def test_a_telling_by_others_that_was_withdrawn_is_linked_no_more(newsroom, publish, store):
    body = "<p>" + " ".join(f"Span {each} of the bridge holds {each * 7} tons of steel." for each in range(20)) + "</p>"
    for number, host in enumerate(("north", "south", "west"), start=1):
        url = f"https://{host}.example/bridge"
        publish("The bridge stays open", hours=4 - number, body=body, url=url, source=host, sections=(host,))
    installation = newsroom("approval = true\n")
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30))
    (story,) = made.stories
    gone, stays = story.also
    assert gone[1] in made.renditions[0].email.html
    lifecycle.approve(store, made.id, who="mara", now=NOW)
    with store.write() as tx:
        (other,) = [each for each in tx.articles.newest() if each.url == gone[1]]
        tx.articles.withdraw(other.source, [other.guid], NOW)
    with store.read() as tx:
        approved = tx.editions.get(made.id)
    assert advance(installation, approved, NOW) is EditionState.SENDING
    with store.read() as tx:
        sent = tx.editions.get(made.id)
        (note,) = [act.note for act in tx.acts.newest(thing=f"edition:{made.id}") if act.what == "refresh"]
    (fresh,) = sent.stories
    assert (fresh.also, fresh.position) == ((stays,), 1)
    assert other.id not in fresh.article_ids and len(fresh.article_ids) == 2
    assert other.source not in fresh.topics and set(story.topics) - set(fresh.topics) == {other.source}
    email = sent.renditions[0].email
    assert [gone[1] in part for part in (email.html, email.text, email.web)] == [False] * 3
    assert stays[1] in email.html
    assert note == f"dropped: what {gone[0]} told of “The bridge stays open” was withdrawn"
