from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.model import EditionState, EditionStory, Rendition, Summary
from bot.testing import NOW, article, edition, email


def _keep(store, *, days=0, schedule="morning", state=EditionState.SENT, title="The ferry returns", more=0, **fields):
    lead = article(id=1, title=title)
    stories = tuple(
        EditionStory(position=place, article=replace(lead, id=place), summary=Summary("It sails again."))
        for place in range(1, more + 2)
    )
    fields = {"renditions": (Rendition(channel="mail", email=email(web="<html></html>")),), **fields}
    made = edition(schedule=schedule, state=state, slot=NOW - timedelta(days=days), stories=stories, **fields)
    with store.write() as tx:
        assert tx.editions.add(made, expires=NOW, report={})
    return made.id


def _listed(store, *schedules, **how):
    with store.read() as tx:
        return tx.archive.newest(schedules or ("morning",), **how)


def test_the_newest_stands_first_with_its_leads_headline_and_the_number_of_its_stories(store):
    old = _keep(store, days=2)
    new = _keep(store, title="Council votes", more=2)
    found = _listed(store)
    assert [each.id for each in found] == [new, old]
    assert (found[0].headline, found[0].summary, found[0].stories) == ("Council votes", "It sails again.", 3)
    assert (found[0].name, found[0].slot, found[0].sent) == ("Morning briefing", NOW, NOW)


def test_only_what_was_sent_is_listed(store):
    for state in set(EditionState) - {EditionState.SENT}:
        _keep(store, state=state)
    assert _listed(store) == []


def test_other_schedules_are_not_listed(store):
    _keep(store, schedule="staff")
    assert _listed(store) == []
    assert len(_listed(store, "morning", "staff")) == 1


def test_an_edition_without_a_page_is_not_listed(store):
    _keep(store, renditions=())
    _keep(store, renditions=(Rendition(channel="mail", email=email(web="")),))
    _keep(store, renditions=(Rendition(channel="mail", subject="v1", email=email(web="<html></html>")),))
    assert _listed(store) == []


def test_pages_follow_one_another_and_none_is_lost_where_slots_are_equal(store):
    made = {_keep(store, days=days) for days in (0, 1, 1, 1, 2)}
    seen, before = [], ""
    while page := _listed(store, before=before, limit=2):
        seen += [each.id for each in page]
        before = seen[-1]
    assert len(seen) == len(made) and set(seen) == made


def test_before_an_edition_that_is_not_there_is_nothing(store):
    _keep(store)
    assert _listed(store, before="nosuchedition") == []
    assert _listed(store, before="a\x00") == []
    assert _listed(store, before="\ud800") == []
