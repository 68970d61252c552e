"""What can be done when something that was sent is not so."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from bot.model import Limits, Post, PostAct
from bot.schedules.choices import Choices, PostChoice, choices, unsupported
from bot.schedules.corrected import reach
from bot.schedules.replies import Way
from bot.testing import NOW, article
from tests.schedules.test_corrected import sent, slot  # noqa: F401 - a fixture

BODY = "<p>The subsidy is $14 million a year.</p><p>It sails on Friday.</p>"


def test_readers_of_a_schedule_that_sends_mail_can_be_told(newsroom, publish, store, sent):  # noqa: F811
    with store.read() as tx:
        found = choices(newsroom(), reach(tx, 1))
    assert (dict(found.mail), found.posts, found.ways) == ({"morning": "Morning briefing"}, (), ())


def test_a_way_that_changes_nothing_is_not_offered():
    def of(reply, edit, replace):
        acts = dict(zip(Way, (reply, edit, replace), strict=True))
        return PostChoice("social", "mastodon", 1, SimpleNamespace(post=Post(text="x"), limits=Limits()), acts)

    reply, edit, replace = PostAct.POST, PostAct.EDIT, PostAct.REPLACE
    assert Choices({}, (of(reply, reply, reply),)).ways == (Way.REPLY,)
    assert Choices({}, (of(reply, edit, edit),)).ways == (Way.REPLY, Way.EDIT)
    assert Choices({}, (of(reply, edit, edit), of(reply, reply, replace))).ways == tuple(Way)


@pytest.mark.parametrize(
    ("right", "offends"),
    [
        ("The subsidy is $14 million a year.", False),
        ("The subsidy is $41 million a year.", True),
        ("It sails on Friday, said Rosa Delgado.", True),
    ],
)
def test_what_is_right_is_held_against_the_article(right, offends):
    assert bool(unsupported(article(body=BODY, published=NOW), right)) is offends


def test_of_an_article_that_was_withdrawn_nobody_can_tell():
    gone = dataclasses.replace(article(body=BODY), withdrawn=True)
    assert unsupported(gone, "It did not happen on 3 May.") == ()
