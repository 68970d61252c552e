from __future__ import annotations

import io
import logging
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image

from bot.editions.image import fitted
from bot.model import Image as Picture
from bot.schedules import hosting
from bot.schedules.hosting import PictureTime, host_ahead, host_now, sweep
from bot.schedules.plan import Slot
from bot.schedules.preview import preview
from bot.schedules.slot import advance, make
from bot.schedules.tick import tick
from bot.testing import NOW
from bot.web.app import create_app
from tests.pictures import bomb, photograph, picture_site

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
LOOPBACK = "\n[http]\nallow_loopback = true\ntimeout = '5s'\n"
PUBLIC = "https://news.record.example/i/"


@pytest.fixture
def site():
    with picture_site() as served:
        yield served


@pytest.fixture
def installation(newsroom):
    return newsroom('template = "magazine"\n' + LOOPBACK)


def mail(edition):
    return next(each.email for each in edition.renditions if each.email)


def address(picture, form="whole"):
    return PUBLIC + getattr(picture, form).name


def test_an_edition_shows_our_copy_of_a_picture_and_the_web_serves_it(installation, publish, site, store, clock):
    url = site.put("/cranes.webp", photograph((2000, 1200), "WEBP"), "image/webp")
    publish("The ferry returns", image=Picture(url=url, alt="Cranes at dusk", width=2000, height=1200))
    made = make(installation, "morning", SLOT, NOW)
    html = mail(made).html
    assert site.url not in html
    assert site.url not in mail(made).web
    start = html.index(PUBLIC) + len(PUBLIC)
    name = html[start : html.index('"', start)]
    assert f'src="{PUBLIC}{name}"' in html
    assert 'width="600"' in html
    with store.read() as tx:
        assert set(tx.images.of(made.id)) == {name, mail(made).card}

    async def fetched():
        transport = httpx.ASGITransport(app=create_app(installation))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.get(f"/i/{name}")

    import asyncio

    answer = asyncio.run(fetched())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 720)


def test_left_at_the_source_nothing_is_fetched_and_the_address_is_the_articles(newsroom, publish, site, store):
    installation = newsroom(LOOPBACK + "\n[images]\nhost = false\n")
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes"))
    assert f'src="{url}"' in mail(make(installation, "morning", SLOT, NOW)).html
    assert site.asked == []
    with store.read() as tx:
        assert tx.counts()["images"] == 0


def test_two_pictures_side_by_side_are_equally_high(installation, publish, site, store):
    urls = [site.put(f"/{number}.jpg", photograph(size)) for number, size in enumerate([(900, 900), (1600, 700)])]
    publish("The lead of the day", pinned=True, sections=("City hall",))
    publish("Herons nest at the spit", sections=("Nature",), image=Picture(url=urls[0], alt="Square"))
    publish("The tram line grows", sections=("Traffic",), image=Picture(url=urls[1], alt="Wide"))
    html = mail(make(installation, "morning", SLOT, NOW)).html
    with store.read() as tx:
        known = tx.images.known(urls)
        for url in urls:
            assert address(known[url].picture, "crop") in html
            crop = Image.open(io.BytesIO(tx.images.content(known[url].picture.crop.name)))
            assert abs(crop.width * 2 - crop.height * 3) <= 3
            assert address(known[url].picture) not in html, "a file that no mail shows is not kept for it"


@pytest.mark.parametrize(
    "what", ["missing", "page", "svg", "truncated", "bomb", "huge", "slow", "internal", "not http", "dead"]
)
def test_a_picture_that_does_not_come_costs_its_place_and_not_the_edition(
    installation, publish, site, monkeypatch, caplog, what
):
    if what == "slow":
        monkeypatch.setattr(hosting, "EACH_SECONDS", 2.0)
    monkeypatch.setattr(hosting, "BYTES", 2_000_000)
    site.pages["/slow"] = None
    site.put("/page", b"<!doctype html><title>Login</title>", "image/jpeg")
    site.put("/svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml")
    site.put("/truncated", photograph()[:9000])
    site.put("/bomb", bomb(), "image/png")
    site.put("/huge", photograph() + bytes(3_000_000))
    url = {
        "internal": "http://169.254.169.254/latest/meta-data.jpg",
        "not http": "file:///etc/passwd",
        "dead": "http://127.0.0.1:1/cranes.jpg",
    }.get(what, f"{site.url}/{what}")
    good = site.put("/good.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes at dusk"))
    publish("The library opens", image=Picture(url=good, alt="A reading room"), hours=2)
    with caplog.at_level(logging.WARNING):
        made = make(installation, "morning", SLOT, NOW)
    html = mail(made).html
    assert "The ferry returns" in html
    assert "Cranes at dusk" not in html
    assert "A reading room" in html
    assert html.count(PUBLIC) == 1
    if what != "not http":
        assert "a picture is left out" in caplog.text
    assert "Traceback" not in caplog.text


def test_pictures_that_do_not_come_in_the_time_of_all_are_left_out(installation, publish, site, store, monkeypatch):
    monkeypatch.setattr(hosting, "SECONDS", hosting.DRAWING + 0.2)
    site.pages["/slow"] = None
    publish("The ferry returns", image=Picture(url=f"{site.url}/slow", alt="Cranes at dusk"))
    html = mail(make(installation, "morning", SLOT, NOW)).html
    assert "The ferry returns" in html
    assert "Cranes at dusk" not in html
    with store.read() as tx:
        assert "in time" in tx.images.known([f"{site.url}/slow"])[f"{site.url}/slow"].fault
    assert len(site.asked) == 1


SECOND = """
[schedules.noon]
name = "Also"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
template = "magazine"
"""


def test_all_editions_of_one_look_share_the_time_for_pictures(newsroom, publish, site, store, monkeypatch):
    installation = newsroom('template = "magazine"\n' + SECOND + SECOND.replace("noon", "third") + LOOPBACK)
    monkeypatch.setattr(hosting, "SECONDS", hosting.DRAWING + 0.2)
    tick(installation, NOW - timedelta(minutes=20))
    site.pages["/slow"] = None
    publish("The ferry returns", image=Picture(url=f"{site.url}/slow", alt="Cranes at dusk"))
    made = tick(installation, NOW).made
    assert [each.schedule for each in made] == ["morning", "noon", "third"]
    assert {"Cranes at dusk" in mail(each).html for each in made} == {False}
    assert {"The ferry returns" in mail(each).html for each in made} == {True}
    assert len(site.asked) == 1, "the first one's picture took the time of all"


def test_what_there_was_no_time_for_is_left_out_and_tried_at_the_next_look(installation, publish, site, store):
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes at dusk"))
    made = make(installation, "morning", SLOT, NOW, within=PictureTime(0))
    html = mail(made).html
    assert site.asked == []
    assert "Cranes at dusk" not in html
    assert url not in html, "left out, not shown from where it is"
    hosting.host_stories(installation, SLOT, made.stories, NOW + timedelta(seconds=2))
    assert len(site.asked) == 1
    with store.read() as tx:
        assert tx.images.known([url])[url].picture


def test_a_copy_stays_when_there_is_no_time_to_ask_for_a_newer_one(installation, publish, site, store):
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes at dusk"))
    made = make(installation, "morning", SLOT, NOW)
    with store.read() as tx:
        before = tx.images.known([url])
    hosting.host_stories(installation, SLOT, made.stories, NOW + timedelta(hours=25), within=PictureTime(0))
    with store.read() as tx:
        assert tx.images.known([url]) == before
    assert before[url].picture
    assert len(site.asked) == 1


def test_cards_are_drawn_while_there_is_time(installation, publish, site, store, caplog):
    publish("The ferry returns")
    with caplog.at_level(logging.WARNING):
        assert mail(make(installation, "morning", SLOT, NOW, within=PictureTime(0))).card == ""
    assert "no time to draw 1" in caplog.text
    publish("The library opens")
    later = Slot("morning", "2026-11-24T07:01", NOW)
    assert mail(make(installation, "morning", later, NOW, within=PictureTime(hosting.DRAWING))).card


def test_pictures_are_hosted_ahead_of_the_slot(newsroom, publish, site, store):
    installation = newsroom('template = "magazine"\nprepare_before = "30m"\n' + LOOPBACK)
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes at dusk"), hours=3)
    host_ahead(installation, NOW - timedelta(minutes=45))
    assert site.asked == [], "nothing is drafted within ten minutes"
    host_ahead(installation, NOW - timedelta(minutes=35), stop=lambda: True)
    assert site.asked == [], "the program stops"
    host_ahead(installation, NOW - timedelta(minutes=35))
    made = make(installation, "morning", SLOT, NOW - timedelta(minutes=30), within=PictureTime(0))
    assert "Cranes at dusk" in mail(made).html
    assert mail(made).card
    assert len(site.asked) == 1


def test_a_picture_is_fetched_once_for_all_editions_of_a_day(installation, publish, site, clock):
    url = site.put("/cranes.jpg", photograph(), ETag='"1"')
    publish("The ferry returns", image=Picture(url=url))
    for _ in range(3):
        host_now(installation, "morning", SLOT, NOW)
    assert len(site.asked) == 1


def test_a_day_later_its_server_is_asked_whether_it_changed(installation, publish, site, store):
    url = site.put("/cranes.jpg", photograph(), ETag='"1"')
    publish("The ferry returns", image=Picture(url=url))
    host_now(installation, "morning", SLOT, NOW)
    with store.read() as tx:
        first = tx.images.known([url])[url]
    host_now(installation, "morning", SLOT, NOW + timedelta(hours=25))
    assert site.asked[1][1]["if-none-match"] == '"1"'
    with store.read() as tx:
        assert tx.images.known([url])[url].picture == first.picture
    # Used again a day ago, so it is not old.
    assert sweep(installation) == 0
    site.put("/cranes.jpg", photograph((800, 800)), ETag='"2"')
    host_now(installation, "morning", SLOT, NOW + timedelta(hours=50))
    with store.read() as tx:
        assert tx.images.known([url])[url].picture.whole.width == 800


def test_a_copy_stays_when_its_server_is_gone(installation, publish, site, store):
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url))
    host_now(installation, "morning", SLOT, NOW)
    site.pages["/cranes.jpg"] = (503, {}, b"")
    host_now(installation, "morning", SLOT, NOW + timedelta(hours=30))
    with store.read() as tx:
        assert tx.images.known([url])[url].picture


@pytest.mark.parametrize("reply", [404, 410, 451, "a page", "nothing"])
def test_a_picture_that_its_newsroom_took_away_is_in_no_new_edition_and_stays_in_those_that_went(
    installation, publish, site, store, clock, reply
):
    url = site.put("/cranes.jpg", photograph(), ETag='"1"')
    publish("The ferry returns", image=Picture(url=url, alt="Cranes at dusk"))
    html = mail(make(installation, "morning", SLOT, NOW)).html
    with store.read() as tx:
        copy = tx.images.known([url])[url].picture.whole
    assert copy.name in html
    pages = {"a page": (200, {}, b"<!doctype html><title>Gone</title>"), "nothing": (200, {}, b"")}
    site.pages["/cranes.jpg"] = pages.get(reply) or (reply, {}, b"")
    later = NOW + timedelta(hours=30)
    publish("The ferry sails again", image=Picture(url=url, alt="Cranes at dusk"), hours=-29)
    again = Slot("morning", "2026-11-25T13:00", later)
    fresh = mail(make(installation, "morning", again, later)).html
    assert "The ferry sails again" in fresh
    assert "Cranes at dusk" not in fresh
    assert copy.name not in fresh
    with store.read() as tx:
        assert tx.images.content(copy.name), "a mail that was sent shows it"
    site.put("/cranes.jpg", photograph(), ETag='"1"')
    host_now(installation, "morning", again, later + timedelta(minutes=16))
    publish("The ferry is late", image=Picture(url=url), hours=-30)
    last = Slot("morning", "2026-11-25T14:00", later + timedelta(hours=1))
    assert copy.name in mail(make(installation, "morning", last, last.due)).html, "it came back"


def test_what_failed_is_not_asked_for_again_at_once_but_later(installation, publish, site, store):
    url = f"{site.url}/cranes.jpg"
    publish("The ferry returns", image=Picture(url=url))
    host_now(installation, "morning", SLOT, NOW)
    site.put("/cranes.jpg", photograph())
    host_now(installation, "morning", SLOT, NOW + timedelta(minutes=5))
    assert len(site.asked) == 1
    host_now(installation, "morning", SLOT, NOW + timedelta(minutes=16))
    with store.read() as tx:
        assert tx.images.known([url])[url].picture


def test_a_picture_that_a_correction_brings_is_hosted_too(newsroom, publish, site, store):
    installation = newsroom('template = "magazine"\nprepare_before = "30m"\n' + LOOPBACK)
    first, second = (site.put(f"/{name}.jpg", photograph((900, size))) for name, size in (("one", 600), ("two", 500)))
    (article,) = publish("The ferry returns", image=Picture(url=first))
    early = NOW - timedelta(minutes=20)
    made = make(installation, "morning", SLOT, early)
    changed = Picture(url=second, alt="A ferry")
    publish("The ferry returns on Monday", guid=article.guid, url=article.url, image=changed)
    advance(installation, made, early + timedelta(minutes=1))
    with store.read() as tx:
        html = mail(tx.editions.get(made.id)).html
        assert address(tx.images.known([second])[second].picture) in html


def test_posts_show_the_copy_on_their_cards(newsroom, publish, site, store, monkeypatch):
    from tests.schedules.conftest import Scripted

    monkeypatch.setattr(Scripted, "medium", "post", raising=False)
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes"))
    installation = newsroom(LOOPBACK)
    monkeypatch.setattr(Scripted, "__init__", _posting)
    made = make(installation, "morning", SLOT, NOW)
    (post,) = [each.post for each in made.renditions]
    with store.read() as tx:
        assert post.card.image_url == address(tx.images.known([url])[url].picture)
        assert len(tx.images.of(made.id)) == 1


def _posting(self, name, options, around):
    from bot.model import Limits
    from bot.testing import ScriptedChannel

    ScriptedChannel.__init__(self, medium="post", limits=Limits(card=True))


async def test_a_preview_has_its_pictures_beside_it_and_stores_none(newsroom, publish, site, store, tmp_path):
    installation = newsroom(LOOPBACK)
    url = site.put("/cranes.jpg", photograph())
    broken = f"{site.url}/missing.jpg"
    publish("The ferry returns", image=Picture(url=url, alt="Cranes"))
    publish("The library opens", image=Picture(url=broken), hours=2)
    seen = await preview(installation, "morning", SLOT, tmp_path / "out")
    html = (tmp_path / "out" / "digest.html").read_text("utf-8")
    beside = {f'src="images/{each.name}"' in html: each for each in (tmp_path / "out" / "images").iterdir()}
    file = beside[True]
    assert beside[False].suffix == ".jpg", "the share card with the photograph"
    assert {*beside.values()} <= {*seen.files}
    assert file.read_bytes() == fitted(photograph())[0].content
    assert [each.said for each in seen.findings if "missing.jpg" in each.where] == ["1 picture left out"]
    with store.read() as tx:
        assert (tx.counts()["images"], tx.counts()["pictures"]) == (0, 0)


async def test_a_test_mail_hosts_its_pictures(newsroom, publish, site, store):
    from bot.schedules.preview import send_test

    installation = newsroom(LOOPBACK)
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes"))
    await send_test(installation, "morning", SLOT, "editor@record.example")
    with store.read() as tx:
        assert tx.images.content(tx.images.known([url])[url].picture.whole.name)


def test_every_variant_keeps_the_pictures_it_shows(newsroom, publish, site, store, tmp_path: Path):
    from bot.model import Preferences

    installation = newsroom('template = "briefing"\n' + LOOPBACK)
    urls = [site.put(f"/{name}.jpg", photograph((900, size))) for name, size in (("one", 600), ("two", 500))]
    publish("The ferry returns", image=Picture(url=urls[0]), sections=("Harbour",), hours=0.5)
    publish("The library opens", image=Picture(url=urls[1]), sections=("Culture",), hours=2)
    with store.write() as tx:
        (reader,) = tx.subscribers.find("reader@example.org")
        tx.subscribers.prefer(reader.id, "readers", Preferences(topics=("culture",)))
    made = make(installation, "morning", SLOT, NOW)
    advance(installation, made, NOW)
    with store.read() as tx:
        known = tx.images.known(urls)
        shown = set(tx.images.of(made.id))
    assert {known[url].picture.whole.name for url in urls} <= shown
