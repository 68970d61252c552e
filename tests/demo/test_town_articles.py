import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.demo.articles import MORNING, TOWN, TownArticle, parse_offset, timezone_of, town_articles

STARTED = datetime(2026, 11, 24, 15, 0, 30, tzinfo=UTC)
EVERY = town_articles(STARTED)
PUBLISHED = [article for article in EVERY if article.public(STARTED)]


def each(articles: list[TownArticle] | tuple[TownArticle, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("article", articles, ids=lambda article: article.slug)


@each(EVERY)
def test_every_article_has_a_section_an_author_and_a_paragraph(article: TownArticle) -> None:
    assert article.sections
    assert article.author
    assert "<p>" in article.content


@each(EVERY)
def test_no_placeholder_is_left(article: TownArticle) -> None:
    assert not re.search(r"\{(day|weekday)", article.title + article.standfirst + article.content)


@each([article for article in EVERY if article.picture])
def test_every_picture_says_what_is_seen(article: TownArticle) -> None:
    assert article.picture is not None
    assert 20 < len(article.picture.alt) < 140
    assert (article.picture.width, article.picture.height) == (1200, 720)
    assert article.picture.alt != article.title


def test_every_picture_within_a_story_has_an_alt_text_and_a_file() -> None:
    tags = [tag for article in EVERY for tag in re.findall(r"<img [^>]+>", article.content) if "/wp-content/" in tag]
    assert len(tags) >= 3
    for tag in tags:
        assert re.search(r'alt="[^"]{10,}"', tag)
        assert (TOWN / "images" / re.search(r"uploads/([^\"]+)", tag)[1]).is_file()  # type: ignore[index]


def test_pictures_are_small_enough_to_ship() -> None:
    sizes = [path.stat().st_size for path in (TOWN / "images").glob("*.jpg")]
    assert len(sizes) >= 9
    assert max(sizes) <= 110_000
    assert sum(sizes) < 900_000


def test_the_town_has_what_a_newsroom_has() -> None:
    assert len(PUBLISHED) >= 22
    assert len({article.author for article in PUBLISHED}) >= 9
    assert len({section for article in PUBLISHED for section in article.sections}) >= 8
    assert len({article.id for article in EVERY}) == len({article.slug for article in EVERY}) == len(EVERY)
    assert {article.language for article in PUBLISHED} == {"en", "es"}
    assert [article.title for article in PUBLISHED].count("") == 1
    assert [article.author for article in PUBLISHED].count("Coast Wire") == 2


@pytest.mark.parametrize("hours_ago", range(0, 25, 4))
def test_each_day_of_the_last_two_brought_enough_for_a_briefing(hours_ago: int) -> None:
    end = STARTED - timedelta(hours=hours_ago)
    ours = [article for article in PUBLISHED if article.author != "Coast Wire" and article.title]
    assert len([article for article in ours if end - timedelta(days=1) < article.published <= end]) >= 7


def test_days_in_the_text_count_from_the_publication() -> None:
    wells = next(article for article in EVERY if article.id == 114)
    assert "Residents meet on Thursday at 19:00" in wells.content
    later = next(article for article in town_articles(STARTED + timedelta(days=1)) if article.id == 114)
    assert "Residents meet on Friday at 19:00" in later.content


def test_the_same_start_gives_the_same_articles() -> None:
    assert town_articles(STARTED) == EVERY


def test_times_are_in_the_towns_own_timezone() -> None:
    lead = next(article for article in EVERY if article.id == 101)
    assert lead.published.isoformat() == "2026-11-24T04:50:00-08:00"
    assert str(lead.published.tzinfo) == timezone_of(STARTED)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
@pytest.mark.parametrize("hour", range(24))
def test_whenever_the_demo_begins_its_morning_edition_is_todays_and_tells_what_was_published_before_it(
    day: datetime, hour: int
) -> None:
    started = day + timedelta(hours=hour, minutes=59)
    here = started.astimezone(ZoneInfo(timezone_of(started)))
    assert here.hour == MORNING
    due = here.replace(minute=0)
    told = [article.published for article in town_articles(started) if article.public(started)]
    assert max(told) < due
    assert sum(due - timedelta(days=1) < each for each in told) > 10


@pytest.mark.parametrize("text", ["", "3h", "-3", "-1w", "-3h2d"])
def test_an_offset_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no offset"):
        parse_offset(text)
