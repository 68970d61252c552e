"""A real WordPress, from its REST API and its feeds to clean articles."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html

from bot.articles.text import paragraphs
from bot.http import Http
from bot.model import Article, Grade
from bot.schedules.installation import opened
from bot.schedules.plan import Slot
from bot.schedules.preview import preview
from bot.settings import SECRET_KEYS
from bot.settings.tables import HttpTable
from bot.sources.base import Collected, Known, Retrieval, Visit
from bot.sources.discovery import discover
from bot.sources.feed import Feed, FeedOptions
from bot.sources.wordpress import WordPress, WordPressOptions
from bot.tokens import KeyRing

pytestmark = pytest.mark.real

# The posts of posts.php that everybody may read, by slug, with the alt text of their featured picture.
PUBLIC = {
    "norhaven-premier-oduya-visits-calder": "Premier Adaeze Oduya and President Ilse Marchetti shake hands on the "
    "steps of the Customs House",
    "calder-norhaven-60-day-deadline": "The two leaders outside the Customs House in Port Calder",
    "lune-rises-above-red-mark": "Brown water above the red mark of the Lune river gauge",
    "how-we-report": "",
    "21-2": "",
    "library-drops-fines": "",
    "sakaba-night-market": "雨の中、川沿いに並ぶ屋台",
    "old-book-market-reopens": "رفوف الكتب المستعملة في سوق المدينة القديمة",
    "school-garden-best-year": "Pupils weigh pumpkins in the school garden",
    "who-is-minding-the-crossing": "Children wait at the crossing in Mill Lane",
}
CLOSED = (
    "EMBARGOED",
    "LEGAL",
    "letterbox",
    "phone list",
    "side door on Cooper’s Row stays open",
    "water meters",
)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http(HttpTable(allow_loopback=True)) as http:
        yield http


@pytest.fixture
async def collected(http: Http, wordpress_server: dict[str, str]) -> Collected:
    return await visit(http, wordpress_server)


async def visit(http: Http, server: dict[str, str], before: Collected | None = None) -> Collected:
    source = WordPress("courier", WordPressOptions(url=server["WORDPRESS_URL"], per_page=4, first_days=30))
    known = (
        [Known(guid=each.guid, url=each.url, published=each.published) for each in before.articles] if before else []
    )
    retrieval = before.retrieval if before else Retrieval()
    return await source.collect(http, Visit(now=datetime.now(UTC), retrieval=retrieval, known=known))


def by_slug(collected: Collected) -> dict[str, Article]:
    return {article.url.rstrip("/").rpartition("/")[2]: article for article in collected.articles}


async def test_every_public_post_comes_in_once_with_its_picture(collected: Collected) -> None:
    articles = by_slug(collected)
    assert PUBLIC.keys() <= articles.keys()
    assert len(articles) == len(collected.articles) == len({each.guid for each in collected.articles})
    for slug, alt in PUBLIC.items():
        image = articles[slug].image
        assert (image.alt if image else "") == alt
        assert image is None or (image.url.startswith("http://127.0.0.1:") and image.width)
    assert collected.warnings == ()
    assert collected.gone == ()


async def test_what_is_not_public_never_comes_in(collected: Collected) -> None:
    said = " ".join(f"{each.title} {each.standfirst} {each.body}" for each in collected.articles)
    for words in CLOSED:
        assert words not in said


async def test_an_article_has_all_that_its_newsroom_said(collected: Collected) -> None:
    article = by_slug(collected)["norhaven-premier-oduya-visits-calder"]
    assert article.title.startswith("Norhaven premier Oduya visits Calder")
    assert article.standfirst.startswith("The two leaders renewed a forty-year-old treaty")
    assert article.authors == ("Mara Lindqvist",)
    assert article.sections == ("Politics", "The Strait")
    assert article.tags == ("Calder", "Norhaven", "trade")
    assert article.language == "en-US"
    assert article.image is not None
    assert (article.image.credit, article.image.width, article.image.height) == ("Mara Lindqvist", 1200, 675)
    assert [(image.alt[:20], image.credit) for image in article.images] == [("Premier Adaeze Oduya", "Mara Lindqvist")]
    assert article.body.count("<h2>") == 3
    tweet = (
        '<cite><a href="https://twitter.com/PresCalder/status/1890000000000000001">Office of the President of Calder'
    )
    assert tweet in article.body
    assert "pic.twitter.com" not in article.body
    assert paragraphs(article.body)[0].startswith("Norhaven’s premier, Adaeze Oduya")


async def test_only_the_hand_written_excerpt_is_a_standfirst(collected: Collected) -> None:
    articles = by_slug(collected)
    assert articles["library-drops-fines"].standfirst == ""
    assert articles["lune-rises-above-red-mark"].standfirst.startswith("The river authority expects the crest")
    assert articles["lune-rises-above-red-mark"].updated is not None
    assert [slug for slug, article in articles.items() if article.pinned] == ["how-we-report"]


async def test_other_scripts_come_through_whole(collected: Collected) -> None:
    articles = by_slug(collected)
    japanese, arabic = articles["sakaba-night-market"], articles["old-book-market-reopens"]
    assert (japanese.language, arabic.language) == ("ja", "ar")
    assert japanese.title == "雨の川沿いに屋台が戻る 九年ぶりの「夜市」、初日に一万二千人"
    assert japanese.sections == ("地域", "日本語")
    assert paragraphs(japanese.body)[-1].endswith("入場は無料で、雨天でも開催される。")
    assert "<h2>ذاكرة من ورق</h2>" in arabic.body
    assert len(paragraphs(arabic.body)) == 6


async def test_an_untitled_post_and_a_title_full_of_signs_come_through(collected: Collected) -> None:
    articles = by_slug(collected)
    assert articles["21-2"].title.startswith("06:10. The river authority has just rung")
    title = articles["who-is-minding-the-crossing"].title
    assert title.startswith(
        "Parents & carers ask: “Who’s minding the crossing?” – after 1,204 near misses in < 18 months"
    )
    assert "👩‍👩‍👧‍👦" in title
    assert title.endswith("🏳️‍🌈")


async def test_the_gallery_post_comes_through_whole_and_its_trackers_do_not(collected: Collected) -> None:
    article = by_slug(collected)["school-garden-best-year"]
    assert [image.url.rpartition("/")[2] for image in article.images] == [
        "river-gauge.jpg",
        "night-tram.jpg",
        "does-not-exist.jpg",
    ]
    assert [image.alt for image in article.images][2] == "A bowl"
    assert article.body.count("<figure>") == 6
    assert "🎃" in article.body
    assert '<a href="https://www.youtube.com/watch?v=aqz-KE-bpKQ">The weighing of the pumpkins</a>' in article.body
    assert "/2026/11/library-drops-fines/" in article.body or "/library-drops-fines/" in article.body
    assert "Gasworks allotments: 41.289" in article.body
    for trace in (
        "pixel.example",
        "courier_poll",
        "courierTrack",
        ".pumpkin",
        "<script",
        "data:image",
        "noscript",
        "[caption",
    ):
        assert trace not in article.body


@pytest.fixture
def own_post(wordpress_script: Callable[..., str], tmp_path: Path) -> Iterator[str]:
    """A post of this test alone, trashed afterwards."""
    file = tmp_path / "post.html"
    file.write_text("<p>The night ferry sails at ten.</p>")
    said = dict(line.split("=", 1) for line in wordpress_script("publish", "Night ferry sails", file).splitlines())
    yield said["ID"]
    if not any(line.startswith(f"{said['ID']}\ttrash\t") for line in wordpress_script("list").splitlines()):
        wordpress_script("trash", said["ID"])


async def test_a_correction_is_the_same_article_with_other_words(
    http: Http,
    wordpress_server: dict[str, str],
    wordpress_script: Callable[..., str],
    own_post: str,
    tmp_path: Path,
) -> None:
    first = await visit(http, wordpress_server)
    before = next(each for each in first.articles if each.guid.endswith(f"?p={own_post}"))
    assert before.body == "<p>The night ferry sails at ten.</p>"
    file = tmp_path / "corrected.html"
    file.write_text("<p>The night ferry sails at eleven.</p>")
    wordpress_script("update", own_post, file)
    second = await visit(http, wordpress_server, first)
    after = next(each for each in second.articles if each.guid == before.guid)
    assert after.body == "<p>The night ferry sails at eleven.</p>"
    assert (after.url, after.published) == (before.url, before.published)
    assert after.fingerprint != before.fingerprint
    assert before.guid not in second.gone


async def test_a_trashed_post_is_gone_and_no_other(
    http: Http, wordpress_server: dict[str, str], wordpress_script: Callable[..., str], own_post: str
) -> None:
    first = await visit(http, wordpress_server)
    guid = next(each.guid for each in first.articles if each.guid.endswith(f"?p={own_post}"))
    wordpress_script("trash", own_post)
    second = await visit(http, wordpress_server, first)
    assert guid in second.gone
    assert guid not in {each.guid for each in second.articles}
    assert not {each.guid for slug, each in by_slug(first).items() if slug in PUBLIC} & set(second.gone)


@pytest.mark.parametrize("path", ["/feed/", "/feed/atom/"])
async def test_its_feeds_give_the_same_articles(
    http: Http, wordpress_server: dict[str, str], collected: Collected, path: str
) -> None:
    source = Feed("courier", FeedOptions(url=wordpress_server["WORDPRESS_URL"] + path))
    feed = await source.collect(http, Visit(now=datetime.now(UTC)))
    assert feed.warnings == ()
    by_rest, by_feed = by_slug(collected), by_slug(feed)
    # The feed holds the newest 20: posts of other tests may push the oldest out.
    assert "norhaven-premier-oduya-visits-calder" in by_feed
    assert "members-briefing-empty-flats" not in by_feed
    for slug in PUBLIC.keys() & by_feed.keys():
        one, other = by_rest[slug], by_feed[slug]
        assert (one.guid, one.url, one.published) == (other.guid, other.url, other.published)
        assert (one.title, one.authors, one.language) == (other.title, other.authors, other.language)
        assert paragraphs(one.body) == paragraphs(other.body)
    # Other tests post there, too: what they changed meanwhile is fetched, and asked for again.
    for _ in range(10):
        again = await source.collect(http, Visit(now=datetime.now(UTC), retrieval=feed.retrieval))
        if again.unchanged:
            return
        feed = again
    pytest.fail("the feed is never unchanged")


async def test_the_site_is_found_by_its_address(http: Http, wordpress_server: dict[str, str]) -> None:
    found = await discover(http, wordpress_server["WORDPRESS_URL"])
    assert (found.type, found.url) == ("wordpress", wordpress_server["WORDPRESS_URL"])
    assert (found.title, found.language) == ("The Strait Courier", "en-US")


TEMPLATES = ("briefing", "headlines", "magazine", "single")
NEWSROOM = """
[newsroom]
name = "The Strait Courier"
url = "{site}"
timezone = "UTC"
address = "1 Customs Row, Port Calder"
public_url = "https://letters.strait.example"

[http]
allow_loopback = true

[sources.site]
type = "wordpress"
url = "{site}"
first_days = 30

[audiences.readers]
name = "Readers"

[channels.mail]
type = "email"
from = "The Courier <briefing@strait.example>"
host = "127.0.0.1"
port = 9
security = "none"
"""
SCHEDULE = """
[schedules.{name}]
name = "The morning Courier"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
template = "{name}"

[schedules.{name}.selection]
window = "last 30d"
max_age = "30d"
maximum = 20
flood = 100
exclude_sections = ["About us"]
"""
# What a site puts around its articles, or code leaves behind: nothing of it is news.
EMBARRASSING = (
    *(
        "[caption",
        "[gallery",
        "[embed",
        "[/",
        "pic.twitter.com",
        "courierTrack",
        "courier_poll",
        ".pumpkin",
    ),
    *("[&hellip;]", "[…]", "Continue reading", "Share this", "pixel.example", "data:image", "&amp;amp;", "&amp;#8217;"),
    *("undefined", "None ·", "  ·  "),
)


async def test_its_articles_make_a_digest_in_each_template(
    wordpress_server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_KEYS, KeyRing.generate())
    (tmp_path / "config").mkdir()
    toml = NEWSROOM.format(site=wordpress_server["WORDPRESS_URL"]) + "".join(
        SCHEDULE.format(name=name) for name in TEMPLATES
    )
    (tmp_path / "config" / "broadsheet.toml").write_text(toml, "utf-8")
    now = datetime.now(UTC)
    with opened(tmp_path / "config") as installation:
        for name in TEMPLATES:
            seen = await preview(installation, name, Slot(name, f"{now:%Y-%m-%dT%H:%M}", now), tmp_path / name)
            assert seen.warnings == ()
            assert [each.said for each in seen.findings if each.grade is Grade.FAULT] == []
            stories = seen.edition.stories
            told = {each.article.url.rstrip("/").rpartition("/")[2] for each in stories}
            # Two posts tell one event: one of them leads, and the other is named below it.
            also = {url.rstrip("/").rpartition("/")[2] for each in stories for _, url in each.also}
            assert PUBLIC.keys() - {"how-we-report"} <= told | also
            assert "Meridian Wire" in {who for each in stories for who, _ in each.also}
            html = (tmp_path / name / "digest.html").read_text("utf-8")
            text = (tmp_path / name / "digest.txt").read_text("utf-8")
            for words in (*EMBARRASSING, *CLOSED):
                assert words not in html + text, (name, words)
            page = lxml_html.document_fromstring(html)
            headings = [_spoken(each) for each in page.xpath("//h1/a | //h3/a")]
            assert len(headings) == len(set(headings)) == len(stories)
            for each in stories:
                assert any(_letters(each.article.title).startswith(_letters(one)[:60]) for one in headings), (
                    name,
                    each.article.title,
                )
            for image in page.xpath("//img"):
                assert (tmp_path / name / image.get("src")).is_file(), "the copy that would be hosted"
                assert image.get("alt")
            captions = [each.article.image.caption for each in stories if each.article.image]
            assert not [each for each in stories if each.summary.text in filter(None, captions)]
            assert not [each for each in page.xpath("//p") if not _spoken(each)]
            japanese = page.xpath("//*[@lang='ja'][.//text()[contains(., '夜市')]]")
            arabic = page.xpath("//*[@lang='ar' and @dir='rtl'][.//text()[contains(., 'سوق الكتب')]]")
            assert japanese and arabic
    single = (tmp_path / "single" / "digest.txt").read_text("utf-8")
    assert "Tolls and fishing quotas" in single and "By Mara Lindqvist" in single


def _spoken(element: lxml_html.HtmlElement) -> str:
    return " ".join(element.text_content().replace("\u00a0", " ").split())


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", text)
