"""What an editor wrote in an edition, held against its articles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.editions.gate import looked_at, still_true
from bot.model import EditionStory, EditionWords, Newsroom, Post, PostWords, Rendition, StoryWords, Summary
from bot.testing import NOW, article, edition

NEWSROOM = Newsroom(name="The Port Alder Record", url="https://record.example", timezone="UTC")
TUNNEL = article(
    id=1,
    title="Tunnel shuts for eleven nights",
    standfirst="",
    body="<p>The work on the tunnel costs £2.4 million, said Ruth Calder. It begins on 5 May.</p>",
)
BUSES = article(
    id=2, title="Night buses survive", standfirst="", body="<p>Councillors voted 31 to 14 for night buses.</p>"
)


def _story(lead, position, **words):
    return EditionStory(
        position=position,
        article=lead,
        summary=Summary("x"),
        article_ids=(lead.id,),
        words=StoryWords(**words),
    )


def _edition(*, title="", summary="", words=None, posts=()):
    stories = (_story(TUNNEL, 1, title=title, summary=summary), _story(BUSES, 2))
    return edition(stories=stories, words=words or EditionWords(), renditions=posts)


def _found(made):
    return [(each.place, each.what, each.text) for each in looked_at(made, NEWSROOM) if each.fix]


def test_what_nobody_wrote_is_not_looked_at():
    assert looked_at(_edition(), NEWSROOM) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The work costs £2.4 million.", []),
        ("The work on the tunnel costs £4.2 million.", [("summary", "number", "£4.2 million")]),
        ("The work on the tunnel begins on 6 May.", [("summary", "date", "6 May")]),
        ("The tunnel costs £2.4 million, said Ruth Caldor.", [("summary", "name", "Caldor")]),
    ],
)
def test_numbers_dates_and_names_that_the_article_has_not_are_to_be_fixed(text, found):
    assert _found(_edition(summary=text)) == found


def test_a_first_word_with_a_capital_is_only_to_know():
    found = looked_at(_edition(summary="Commuters wait. The work on the tunnel costs £2.4 million."), NEWSROOM)
    assert [(each.text, each.fix) for each in found if each.what == "name"] == [("Commuters", False)]


@pytest.mark.parametrize(
    ("summary", "found"),
    [
        ("CORRECTED BY THE EDITOR: the work costs £2.4 million.", []),
        ("WHAT HAPPENS NOW: the work costs £2.4 million.", [("HAPPENS", False)]),
        ("The work at NASA costs £2.4 million.", [("NASA", True)]),
    ],
)
def test_ordinary_words_in_capitals_stand_in_no_editors_way(summary, found):
    made = looked_at(_edition(summary=summary), NEWSROOM)
    assert [(each.text, each.fix) for each in made if each.what == "name"] == found
    assert all(summary[each.start : each.end] == each.text for each in made)


def test_a_subject_may_speak_of_all_stories_the_newsroom_and_the_day():
    subject = f"{NEWSROOM.name}, {NOW:%-d %B}: Ruth Calder, 31 to 14 for night buses"
    assert _found(_edition(words=EditionWords(subject=subject, about=1))) == []


def test_a_subject_with_a_figure_of_no_story_is_found():
    words = EditionWords(subject="Tunnel costs £9 million", preheader="Buses: 31 to 14", about=1)
    assert _found(_edition(words=words)) == [("subject", "number", "£9 million")]


def test_of_a_post_link_hashtags_mentions_and_its_place_in_a_thread_say_nothing():
    text = "1/3 The tunnel costs £2.4 million. #Transport2026 @ann https://record.example/2026/11/99"
    posts = (Rendition(channel="square", post=Post(text=text)),)
    made = _edition(words=EditionWords(posts=(PostWords("square", 1, text),)), posts=posts)
    assert _found(made) == []
    wrong = replace(made, words=EditionWords(posts=(PostWords("square", 1, text.replace("£2.4", "£4.2")),)))
    [found] = [each for each in looked_at(wrong, NEWSROOM) if each.fix]
    assert (found.place, found.channel, found.subject, found.article) == ("post", "square", "", 1)
    assert found.mending == "£2.4 million"


def test_a_finding_is_known_again_until_the_words_or_the_article_change():
    def key(made):
        return [each.key for each in looked_at(made, NEWSROOM) if each.fix]

    first = _edition(summary="The work on the tunnel costs £4.2 million.")
    assert key(first) == key(_edition(summary="So: the work on the tunnel costs £4.2 million."))
    revised = replace(first.stories[0], article=replace(TUNNEL, revision=2))
    assert key(first) != key(replace(first, stories=(revised, first.stories[1])))


def test_the_same_words_twice_are_found_each_at_its_own_place():
    text = "The work on the tunnel costs £4.2 million, and £2.4 million is not £4.2 million."
    [found] = [each for each in looked_at(_edition(summary=text), NEWSROOM) if each.what == "number"]
    assert text[found.start : found.end] == "£4.2 million"


@pytest.mark.parametrize("text", ["<script>alert(1)</script> 99", "\u202e77", "“" * 500, "9" * 1000, "a.b" * 300])
def test_no_text_breaks_it(text):
    for each in looked_at(_edition(title=text, summary=text), NEWSROOM):
        assert 0 <= each.start <= each.end <= len(text)


def _after(body):
    return replace(TUNNEL, revision=2, body=body)


def _kept(after, *, words=None, **story):
    before = (_story(TUNNEL, 1, **story), _story(BUSES, 2))
    now = (replace(before[0], article=after), before[1])
    return still_true(before, now, words or EditionWords())


def test_words_that_a_new_revision_still_bears_stay():
    kept = _kept(_after(TUNNEL.body + "<p>Nobody minds.</p>"), title="Tunnel work", summary="It costs £2.4 million.")
    assert kept.stories[0].words == StoryWords(title="Tunnel work", summary="It costs £2.4 million.")
    assert kept.lost == ()


def test_words_that_it_does_not_bear_any_more_are_lost_and_named():
    after = _after(TUNNEL.body.replace("£2.4", "£2.9"))
    post = PostWords("square", 1, "The tunnel costs £2.4 million")
    kept = _kept(after, title="Tunnel work", summary="The work costs £2.4 million.", words=EditionWords(posts=(post,)))
    assert kept.stories[0].words == StoryWords(title="Tunnel work")
    assert kept.words.posts == ()
    assert kept.lost == (
        "the editor's summary of “Tunnel shuts for eleven nights”",
        "the editor's post for square",
    )


def test_what_the_article_did_not_bear_before_either_stays_the_editors():
    after = _after(TUNNEL.body + "<p>Nobody minds.</p>")
    kept = _kept(after, summary="The work on the tunnel costs £4.2 million.")
    assert kept.stories[0].words.summary
    assert kept.lost == ()


def test_lines_are_lost_with_the_story_they_are_about():
    before = (_story(TUNNEL, 1), _story(BUSES, 2))
    words = EditionWords(subject="A day of news", preheader="And more", about=1)
    kept = still_true(before, before[1:], words)
    assert kept.words == EditionWords()
    assert kept.lost == ("the editor's subject", "the editor's preheader")
