"""Versions of editions, their approvals, and findings that were let stand: on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import (
    EditionState,
    EditionVersion,
    EditionWords,
    Overruling,
    PostWords,
    StoryWords,
    Told,
    ToldPost,
    ToldStory,
)
from bot.testing import NOW, edition

TOLD = Told(
    subject="Ferry",
    preheader="And more",
    stories=(
        ToldStory(article=1, revision=2, title="T", summary="S", alt="A", credit="C", picture=True, pinned="Tom"),
    ),
    posts=(ToldPost("square", "", "Post “with” 港"),),
)


def _version(number, who="Tom", **fields):
    return EditionVersion(
        number=number, at=NOW + timedelta(minutes=number), who=who, what="summary", told=TOLD, **fields
    )


@pytest.fixture
def made(store):
    kept = edition(words=EditionWords(subject="Own", about=3, posts=(PostWords("square", 3, "Text"),)))
    story = replace(kept.stories[0], words=StoryWords(title="Own", pinned="Tom", picture=False))
    kept = replace(kept, stories=(story,))
    with store.write() as tx:
        tx.editions.add(kept, expires=NOW, report={})
    return kept


def test_an_editors_words_are_kept_with_edition_and_story(store, made):
    with store.read() as tx:
        found = tx.editions.get(made.id)
    assert found.words == made.words
    assert found.stories[0].words == made.stories[0].words
    assert found.version == 1


def test_a_version_is_kept_whole_and_once(store, made):
    with store.write() as tx:
        tx.versions.keep(made.id, _version(1))
        tx.versions.keep(made.id, _version(1, who="Ann"))
    with store.read() as tx:
        assert tx.versions.get(made.id, 1) == _version(1)
        assert tx.versions.get(made.id, 2) is None


def test_versions_come_newest_first_page_by_page(store, made):
    with store.write() as tx:
        for number in range(1, 6):
            tx.versions.keep(made.id, _version(number))
    with store.read() as tx:
        assert [each.number for each in tx.versions.of(made.id, limit=2)] == [5, 4]
        assert [each.number for each in tx.versions.of(made.id, before=4, limit=2)] == [3, 2]
        assert tx.versions.first(made.id).number == 1


def test_the_newest_approved_version_is_known_and_who_changed_it_since(store, made):
    with store.write() as tx:
        for number, who in ((1, "broadsheet"), (2, "Tom"), (3, "Ann"), (4, "Tom")):
            tx.versions.keep(made.id, _version(number, who=who))
        tx.versions.approve(made.id, 2, at=NOW, who="Eva", note="Good.")
    with store.read() as tx:
        approved = tx.versions.approved(made.id)
        assert (approved.number, approved.approver, approved.approved, approved.note) == (2, "Eva", NOW, "Good.")
        assert tx.versions.editors(made.id, 2) == ("Ann", "Tom")


def test_who_let_a_finding_stand_first_stays_on_it(store, made):
    with store.write() as tx:
        for who in ("Ann", "Tom"):
            tx.versions.overrule(made.id, Overruling(key="k1", who=who, at=NOW, note="so"))
    with store.read() as tx:
        assert tx.versions.overruled(made.id) == {"k1": Overruling(key="k1", who="Ann", at=NOW, note="so")}


def test_a_revision_takes_the_place_of_the_version_before_and_of_no_other(store, made):
    fresh = replace(made, version=2, state=EditionState.AWAITING, reason="changed", approval=True, words=EditionWords())
    with store.write() as tx:
        assert tx.editions.revise(fresh, before=made, now=NOW)
    with store.write() as tx:
        assert not tx.editions.revise(fresh, before=fresh, now=NOW)
        assert not tx.editions.revise(replace(fresh, version=3), before=made, now=NOW)
    with store.read() as tx:
        found = tx.editions.get(made.id)
    assert (found.version, found.state, found.reason, found.words) == (
        2,
        EditionState.AWAITING,
        "changed",
        EditionWords(),
    )


def test_versions_go_with_their_edition_and_words_reach_the_archive(store, made):
    page = replace(made.renditions[0].email, web="<p>page</p>")
    with store.write() as tx:
        tx.editions.put_renditions(made.id, [replace(made.renditions[0], email=page)])
        tx.editions.move(made.id, to=EditionState.SENT, since=[EditionState.DRAFTED], now=NOW)
    with store.read() as tx:
        [past] = tx.archive.newest(["morning"])
    assert past.headline == "Own"
    assert past.summary == made.stories[0].summary.text
