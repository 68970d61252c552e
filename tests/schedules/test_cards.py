from __future__ import annotations

import asyncio
import io
import json
import re

import pytest
from PIL import Image

from bot.channels.base import KINDS
from bot.delivery.sending import begin_sending
from bot.editions import card
from bot.model import Image as Picture
from bot.model import Limits
from bot.schedules.checkup import _cards
from bot.schedules.corrected import correct
from bot.schedules.plan import Slot
from bot.schedules.preview import preview
from bot.schedules.slot import advance, make
from bot.testing import NOW, Nothing, ScriptedChannel
from bot.web.app import create_app
from tests.pictures import photograph, picture_site

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
PUBLIC = "https://news.record.example/i/"
SKY = "\n[http]\nallow_loopback = true\n\n[channels.sky]\ntype = 'sky'\n"


class Sky(ScriptedChannel):
    Options = Nothing

    def __init__(self, name, options, around):
        super().__init__(medium="post", limits=Limits(card=True))


@pytest.fixture
def site():
    with picture_site() as served:
        yield served


@pytest.fixture
def both(newsroom, monkeypatch):
    """A newsroom whose schedule goes out by mail and to a network; ``images`` is added to its ``[images]``."""
    monkeypatch.setitem(KINDS, "sky", Sky)

    def build(images="", posts="edition", template="magazine"):
        build_ = newsroom(f'posts = "{posts}"\ntemplate = "{template}"\n{SKY}\n[images]\n{images}\n')
        table = build_.settings.schedules["morning"]
        object.__setattr__(table, "channels", ("mail", "sky"))
        return build_

    return build


def parts(edition):
    email = next(each.email for each in edition.renditions if each.email)
    return email, {each.subject: each.post for each in edition.renditions if each.post}


def stored(store, name):
    with store.read() as tx:
        return Image.open(io.BytesIO(tx.images.content(name)))


def test_a_post_without_a_picture_shows_its_card_and_says_its_headline(both, publish, store):
    publish("The ferry returns")
    made = make(both(), "morning", SLOT, NOW)
    email, posts = parts(made)
    post = posts[""]
    assert post.card.image_url == PUBLIC + email.card
    assert post.card.image_alt == "The ferry returns, The Port Alder Record"
    assert stored(store, email.card).size == (1200, 630)
    with store.read() as tx:
        assert tx.images.of(made.id) == (email.card,)


def test_a_post_with_a_picture_shows_that_and_the_page_a_card_with_it(both, publish, site, store):
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes"))
    email, posts = parts(make(both(), "morning", SLOT, NOW))
    with store.read() as tx:
        whole = tx.images.known([url])[url].picture.whole.name
    assert posts[""].card.image_url == PUBLIC + whole
    assert posts[""].card.image_alt == "Cranes"
    assert email.card != whole
    assert stored(store, email.card).format == "JPEG", "the photograph is on it"


def test_a_picture_that_does_not_come_is_missed_too(both, publish, site):
    publish("The ferry returns", image=Picture(url=f"{site.url}/missing.jpg", alt="Cranes"))
    email, posts = parts(make(both(), "morning", SLOT, NOW))
    assert posts[""].card.image_url == PUBLIC + email.card


def test_a_picture_that_is_at_no_web_address_is_none(both, publish):
    publish("The ferry returns", image=Picture(url="data:image/png;base64,AAAA", alt="Cranes"))
    email, posts = parts(make(both(), "morning", SLOT, NOW))
    assert posts[""].card.image_url == PUBLIC + email.card


def test_cards_always_or_never(both, publish, site, store):
    url = site.put("/cranes.jpg", photograph())
    publish("The ferry returns", image=Picture(url=url, alt="Cranes"))
    email, posts = parts(make(both('cards = "always"'), "morning", SLOT, NOW))
    assert posts[""].card.image_url == PUBLIC + email.card
    publish("The library opens", sections=("Culture",))
    later = Slot("morning", "2026-11-24T08:00", NOW)
    email, posts = parts(make(both('cards = "never"'), "morning", later, NOW))
    assert email.card == posts[""].card.image_url == ""


def test_each_post_has_a_card_of_its_own(both, publish):
    publish("The ferry returns")
    publish("Herons nest at the spit", sections=("Nature",), hours=2)
    _, posts = parts(make(both(posts="each"), "morning", SLOT, NOW))
    assert len({post.card.image_url for post in posts.values()}) == 2


def test_a_lead_without_a_picture_shows_its_card_in_the_mail_only_where_that_is_wanted(both, publish):
    publish("The ferry returns")
    email, _ = parts(make(both(), "morning", SLOT, NOW))
    assert PUBLIC not in email.html
    publish("The library opens", sections=("Culture",))
    later = Slot("morning", "2026-11-24T08:00", NOW)
    email, _ = parts(make(both("mail_cards = true"), "morning", later, NOW))
    assert f'src="{PUBLIC}{email.card}"' in email.html
    assert 'alt="The library opens, The Port Alder Record"' in email.html


def test_a_card_is_drawn_once_for_the_same_words(both, publish, store, monkeypatch):
    publish("The ferry returns")
    installation = both()
    make(installation, "morning", SLOT, NOW)
    from bot.schedules import hosting

    monkeypatch.setattr(hosting, "drawn", lambda *_: pytest.fail("it is known"))
    with store.read() as tx:
        tx.editions.of_slot("morning", SLOT.key)
    hosting.host_stories(installation, SLOT, make_again(store), NOW)


def make_again(store):
    with store.read() as tx:
        return tx.editions.of_slot("morning", SLOT.key).stories


def test_a_headline_without_a_card_costs_the_card_and_not_the_edition(both, publish):
    publish("W" * 150)
    email, posts = parts(make(both(), "morning", SLOT, NOW))
    assert email.card == posts[""].card.image_url == ""


async def _page(installation, path):
    import httpx

    transport = httpx.ASGITransport(app=create_app(installation))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        return (await client.get(path)).text


def test_the_public_page_and_the_archive_show_networks_the_card(both, publish, store):
    title = 'The "ferry" <b>returns</b>'
    publish(title)
    installation = both()
    made = make(installation, "morning", SLOT, NOW)
    advance(installation, made, NOW)
    email, _ = parts(made)
    page = asyncio.run(_page(installation, f"/e/{made.id}"))
    head = page[: page.index("</head>")]
    assert f'<meta property="og:image" content="{PUBLIC}{email.card}">' in head
    assert "<b>returns" not in head
    assert '<meta property="og:url" content="https://news.record.example/e/' in head
    assert "og:image:alt" in head
    # The archive lists what was sent whole.
    from bot.model import EditionState

    with store.write() as tx:
        tx.editions.move(made.id, to=EditionState.SENT, since=[EditionState.SENDING], now=NOW)
    assert f'<meta property="og:image" content="{PUBLIC}{email.card}">' in asyncio.run(_page(installation, "/archive"))


def test_who_shares_an_edition_whose_lead_was_corrected_shows_the_correction(both, publish, store):
    publish("The ferry costs $14 million")
    publish("Herons nest at the spit", sections=("Nature",), hours=2)
    installation = both()
    made = make(installation, "morning", SLOT, NOW)
    advance(installation, made, NOW)
    with store.write() as tx:
        tx.editions.consume(made.id)
    before = made.renditions[0].email.card
    for article, said, right in ((2, "two herons", "three herons"), (1, "$14 million", "$1.4 million")):
        correct(installation, article, said=said, right=right, who="mara", now=NOW)
        head = asyncio.run(_page(installation, f"/e/{made.id}")).partition("</head>")[0]
        shown = re.search(rf'og:image" content="{PUBLIC}([^"]+)"', head)[1]
        assert (shown == before) == (article == 2), "only its lead's headline is on the old card"
    assert 'og:description" content="$1.4 million"' in head
    assert stored(store, shown).getpixel((41, 300)) != 255
    with store.read() as tx:
        assert shown in tx.images.of(made.id), "it stays as long as the edition"


async def test_a_preview_has_the_cards_beside_it(both, publish, tmp_path):
    publish("The ferry returns")
    await preview(both(), "morning", SLOT, tmp_path / "out")
    post = json.loads((tmp_path / "out" / "posts" / "sky.json").read_text("utf-8"))
    name = post["card"]["image_url"].rpartition("/")[2]
    assert Image.open(tmp_path / "out" / "images" / name).size == (1200, 630)


async def test_a_preview_shows_each_post_as_its_network_would_and_what_goes_on_the_wire(both, publish, tmp_path):
    publish("The ferry returns")
    await preview(both(), "morning", SLOT, tmp_path / "out")
    html = (tmp_path / "out" / "posts.html").read_text("utf-8")
    assert "The ferry returns" in html and " characters</span>" in html
    (picture,) = re.findall(r'<img src="(images/[^"]+)"', html)
    assert (tmp_path / "out" / picture).is_file()
    assert "payload" in json.loads((tmp_path / "out" / "posts" / "sky.json").read_text("utf-8"))


def test_check_says_when_no_font_draws_the_newsrooms_language(newsroom, monkeypatch):
    assert [each.grade for each in _cards(newsroom())] == ["ok"]
    monkeypatch.setattr(card, "setting", lambda *_: None)
    (told,) = _cards(newsroom())
    assert told.grade == "warning"
    assert "fonts-noto" in told.fix
    assert list(_cards(newsroom('[images]\ncards = "never"\n'))) == []


def test_the_edition_can_be_sent_with_its_card(both, publish, store):
    publish("The ferry returns")
    made = make(both(), "morning", SLOT, NOW)
    assert begin_sending(store, made, audience="readers", now=NOW)
