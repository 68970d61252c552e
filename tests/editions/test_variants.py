from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.editions.variants import NO_TOPIC, OTHER_FREQUENCY, Choices, frame_language
from bot.model import EditionStory, Preferences, Summary
from bot.testing import NOW, article


def story(place, *, sections=(), tags=(), **fields):
    made = article(id=place, revision=1, title=f"Story {place}", sections=sections, tags=tags)
    return EditionStory(position=place, article=made, summary=Summary("What it says."), article_ids=(place,), **fields)


STORIES = (
    story(1, sections=("Harbour",)),
    story(2, sections=("City hall",), tags=("Libraries",)),
    story(3, sections=("Sport",), also_about=("harbour",)),
)


def choices(**fields):
    given = {"schedule": "morning", "slot": NOW, "stories": STORIES, "language": "en", "timezone": "UTC"}
    return Choices(**{**given, **fields})


def got(preferences, now=NOW, **fields):
    return choices(**fields).of(preferences, now)


def places(choice):
    return [each.position for each in choice.variant.stories]


def test_who_chose_no_topic_gets_the_whole_edition():
    choice = got(Preferences(hour=7))
    assert (choice.variant.id, places(choice), choice.excluded) == ("", [1, 2, 3], "")


def test_topics_are_sections_or_tags_of_any_article_of_a_story_in_whatever_case():
    assert places(got(Preferences(topics=("HARBOUR",)))) == [1, 3]
    assert places(got(Preferences(topics=(" libraries ",)))) == [2]
    assert places(got(Preferences(topics=("Sport", "city hall")))) == [2, 3]


def test_a_reader_whose_topics_have_nothing_new_gets_nothing():
    choice = got(Preferences(topics=("Opera",)))
    assert (choice.excluded, choice.variant) == (NO_TOPIC, None)


def test_readers_with_the_same_stories_share_a_variant_whatever_they_chose():
    these = choices()
    by_section = these.of(Preferences(topics=("City hall",)), NOW).variant
    assert these.of(Preferences(topics=("libraries", "Opera")), NOW).variant is by_section
    assert by_section.id and these.of(Preferences(topics=("Sport",)), NOW).variant.id != by_section.id


def test_topics_that_all_stories_have_are_the_whole_edition():
    assert got(Preferences(topics=("Harbour", "Libraries"))).variant.id == ""


def test_a_variant_is_named_by_what_it_says_so_that_a_new_revision_has_another_name():
    changed = replace(STORIES[0], article=replace(STORIES[0].article, title="Corrected", revision=2))
    topics = Preferences(topics=("harbour",))
    assert got(topics).variant.id == got(topics).variant.id
    assert got(topics).variant.id != got(topics, stories=(changed, *STORIES[1:])).variant.id
    assert len(got(topics).variant.id) <= 40


def test_another_schedule_of_the_audience_is_another_frequency():
    assert got(Preferences(schedules=("weekly",))).excluded == OTHER_FREQUENCY
    assert got(Preferences(schedules=())).excluded == OTHER_FREQUENCY
    assert got(Preferences(schedules=("weekly", "morning"))).variant.id == ""


@pytest.mark.parametrize(
    ("wanted", "own", "frame"),
    [
        ("", "en", ""),
        ("en", "en", ""),
        ("EN", "en-US", ""),
        ("en-GB", "en-US", "en"),
        ("en-us", "en", "en-US"),
        ("ar", "en", "ar"),
        ("ar-EG", "en", "ar"),
        ("de-AT", "de", ""),
        ("tlh", "en", ""),
        ("", "tlh", ""),
    ],
)
def test_the_frame_is_in_the_readers_language_where_there_are_words_for_it(wanted, own, frame):
    assert frame_language(wanted, own) == frame


def test_another_language_of_the_same_stories_is_another_variant():
    general, arabic = got(Preferences()).variant, got(Preferences(language="ar")).variant
    assert (general.id, general.language) == ("", "")
    assert arabic.id and arabic.language == "ar" and arabic.stories == STORIES


def test_nobody_gets_mail_before_the_day_until_which_they_paused_in_their_own_timezone():
    tomorrow = date(2026, 11, 25)
    assert got(Preferences(paused_until=tomorrow)).excluded == "paused until 2026-11-25"
    assert got(Preferences(paused_until=date(2026, 11, 24))).excluded == ""
    late = datetime(2026, 11, 24, 22, 0, tzinfo=ZoneInfo("UTC"))
    assert got(Preferences(paused_until=tomorrow, timezone="Asia/Tokyo"), late, slot=late).excluded == ""
    assert got(Preferences(paused_until=tomorrow, timezone="America/Lima"), late, slot=late).excluded


def test_a_pause_ends_when_the_readers_own_hour_falls_on_its_day():
    evening = NOW.replace(hour=20)
    choice = got(Preferences(paused_until=date(2026, 11, 25), hour=7), evening, slot=evening)
    assert choice.not_before == NOW + timedelta(days=1)


def test_the_hour_is_of_the_readers_timezone_or_the_newsrooms():
    assert got(Preferences(hour=9)).not_before == NOW + timedelta(hours=2)
    assert got(Preferences(hour=9), timezone="Europe/Berlin").not_before == NOW + timedelta(hours=1)
    assert got(Preferences(hour=9, timezone="Asia/Tokyo")).not_before == NOW.replace(day=25, hour=0)
    assert got(Preferences(hour=9, timezone="Mars/Olympus")).not_before == NOW + timedelta(hours=2)


def test_an_edition_that_is_late_makes_nobody_wait_for_the_next_day():
    assert got(Preferences(hour=8), NOW + timedelta(hours=2)).not_before is None
    assert got(Preferences(hour=7)).not_before is None


def test_an_hour_that_is_none_is_no_wish():
    assert got(Preferences(hour=99)).not_before is None
