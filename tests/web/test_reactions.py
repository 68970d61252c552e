"""How followers reacted to posts, as the desk and the API show it."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.delivery.engine import Engine
from bot.model import EditionState, Post, Reactions, Receipt, Rendition, Scope
from bot.schedules.figures import reckon_now
from bot.settings.tables import DeliveryTable
from bot.speech.catalog import speak
from bot.testing import KEYS, NOW, ScriptedChannel
from bot.web.editor.reactions import words
from tests.html_validate import PAGE
from tests.web.api_v1 import Program
from tests.web.conftest import TOML

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOSTILE = '"><script>alert(1)</script>'
CHANNELS = """
[channels.toots]
type = "mastodon"
instance = "https://social.example"

[channels.page]
type = "facebook"
page = "546349135390552"

[channels.town]
type = "telegram"
chat = "@portalder"

[channels.shy]
type = "mastodon"
instance = "https://social.example"
reactions = false
"""
SECRETS = {
    "BROADSHEET_TOOTS_TOKEN": "toots-token",
    "BROADSHEET_SHY_TOKEN": "shy-token",
    "BROADSHEET_PAGE_TOKEN": "page-token",
    "BROADSHEET_TOWN_TOKEN": "123456:town-token",
}
NAMES = ("toots", "page", "town", "shy")


def plain(answer):
    """The page as words: tags away, gaps one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def desk(build_web):
    return build_web(toml=TOML + CHANNELS, environment=SECRETS)


async def posted(web, clock, *, slot=NOW, key="posted", text="The ferry returns"):
    """An edition with a post on each channel, which went out."""
    renditions = tuple(Rendition(channel=name, post=Post(text=f"{text} on {name}")) for name in NAMES)
    made = web.add_edition(
        state=EditionState.DRAFTED, slot=slot, slot_key=key, renditions=renditions, name=f"=Morning {key}"
    )
    web.send(made)
    channels = {
        name: ScriptedChannel(
            medium="post", answer=lambda parcel, name=name: Receipt(server=name, code=200, id=f"{name}-{key}")
        )
        for name in NAMES
    }
    await Engine(store=web.store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable()).deliver()
    with web.store.write() as tx:
        tx.measured_posts.enter(tx.measured_posts.unknown(["toots", "page"], clock()))
    return made


def tell(web, clock, channel, told, *, after=HOUR):
    clock.advance(seconds=after.total_seconds())
    with web.store.write() as tx:
        tx.measured_posts.keep(tx.measured_posts.due(channel, clock(), 100), told, clock())


@pytest.mark.parametrize(
    ("kind", "told", "said"),
    [
        ("mastodon", Reactions(likes=12, reposts=3, replies=1), "12 favourites, 3 boosts, 1 reply"),
        ("mastodon", Reactions(likes=1, reposts=0, replies=0, quotes=2), "1 favourite, 2 quotes"),
        ("facebook", Reactions(likes=1200, reposts=1, replies=4), "1,200 reactions, 1 share, 4 comments"),
        ("bluesky", Reactions(likes=2, reposts=5), "2 likes, 5 reposts"),
        ("x", Reactions(likes=0, reposts=0, replies=0, quotes=0, views=1040), "1,040 views"),
        ("discord", Reactions(likes=7), "7 reactions"),
        ("newcomer", Reactions(likes=1), "1 like"),
        ("mastodon", Reactions(likes=0, reposts=0), "no reaction yet"),
        ("mastodon", Reactions(), ""),
    ],
)
def test_reactions_are_said_in_the_networks_own_words(kind, told, said):
    speak("en")
    assert words(kind, told) == said


async def test_a_delivery_says_how_followers_reacted_and_when_that_was_looked_at(desk, clock):
    made = await posted(desk, clock)
    assert "looked at from 08:00 on" in plain(await desk.get(f"/editions/{made.id}/delivery"))
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12, reposts=3, replies=1)})
    page = plain(await desk.get(f"/editions/{made.id}/delivery"))
    assert "toots-posted 12 favourites, 3 boosts, 1 reply looked at 08:00" in page


async def test_where_a_network_does_not_tell_that_is_said_and_never_a_zero(desk, clock):
    made = await posted(desk, clock)
    page = plain(await desk.get(f"/editions/{made.id}/delivery"))
    assert "town-posted Telegram does not tell." in page
    assert "shy-posted Nobody asks: it is switched off for this channel." in page


async def test_a_network_that_does_not_tell_this_account_says_why(desk, clock):
    made = await posted(desk, clock)
    with desk.store.write() as tx:
        tx.measured_posts.take("page", NOW, NOW + HOUR)
        tx.measured_posts.leave("page", NOW, NOW + DAY, f"(#200) Requires pages_read_engagement {HOSTILE}")
    for path in (f"/editions/{made.id}/delivery", "/channels/page"):
        answer = await desk.get(path)
        assert "Facebook does not tell this account." in plain(answer)
        assert "(#200) Requires pages_read_engagement" in plain(answer)
        assert "<script>alert" not in answer.text


async def test_a_post_that_is_gone_says_since_when_and_keeps_its_figures(desk, clock):
    made = await posted(desk, clock)
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12)})
    tell(desk, clock, "toots", {"toots-posted": None}, after=5 * HOUR)
    page = plain(await desk.get(f"/editions/{made.id}/delivery"))
    assert "12 favourites Gone from the network, seen 13:00" in page


async def test_numbers_say_it_by_channel_and_by_edition(desk, clock):
    made = await posted(desk, clock)
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12, reposts=3, replies=1)})
    page = plain(await desk.get("/numbers"))
    assert "toots 1 0 0 12 favourites, 3 boosts, 1 reply" in page
    assert "town 1 0 0 Telegram does not tell." in page
    assert "page 1 0 0 –" in page
    by_edition = page.partition("Reactions by edition")[2]
    # Of two posts, one whose figures are known: what neither network told is a dash.
    assert "Posts asked about Likes" in by_edition
    assert "Asked about are the posts whose networks tell." in by_edition
    assert "Quotes 07:00" in by_edition
    assert re.search(r" 2 12 3 1 – ", by_edition)
    assert f"/editions/{made.id}/delivery#posts" in (await desk.get("/numbers")).text


async def test_a_sum_says_of_how_many_posts_it_is(desk, clock):
    await posted(desk, clock)
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12)})
    clock.advance(hours=1)
    await posted(desk, clock, key="second")
    assert "12 favourites of 1 of 2 posts" in plain(await desk.get("/numbers"))


async def test_the_best_posts_stand_first_with_their_words(desk, clock):
    await posted(desk, clock, text=f"Ferry {HOSTILE}")
    await posted(desk, clock, key="second", text="Tunnel")
    told = {"toots-posted": Reactions(likes=1), "toots-second": Reactions(likes=1, reposts=30)}
    tell(desk, clock, "toots", told)
    answer = await desk.get("/numbers")
    best = plain(answer).partition("Most reactions")[2]
    assert best.index("Tunnel on toots") < best.index("Ferry")
    assert "1 favourite, 30 boosts" in best
    assert "<script>alert" not in answer.text


async def test_the_file_of_posts_has_them_all_and_leaves_empty_what_is_not_told(desk, clock):
    made = await posted(desk, clock)
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12, reposts=3, replies=0)}, after=DAY)
    answer = await desk.get("/numbers/posts.csv?span=12w")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = {row["channel"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    toots = rows["toots"]
    assert (toots["edition"], toots["schedule"], toots["post"]) == (made.id, "morning", "toots-posted")
    assert [toots[name] for name in ("likes", "reposts", "replies", "quotes", "views")] == ["12", "3", "0", "", ""]
    assert (toots["first_day"], toots["looked"], toots["gone"]) == ("15", clock().isoformat(), "")
    assert rows["page"]["likes"] == ""
    assert set(rows) == {"toots", "page"}


async def test_a_spreadsheet_runs_nothing_of_the_file(desk, clock):
    await posted(desk, clock, key="=cmd()")
    answer = await desk.get("/numbers/posts.csv")
    assert not re.search(r"(^|,)[=+@-]", answer.text, re.MULTILINE)


async def test_before_anything_was_told_the_page_shows_no_table_of_reactions(desk, clock):
    assert "Reactions by edition" not in plain(await desk.get("/numbers"))


async def test_the_page_asks_no_more_of_the_store_for_more_posts(desk, clock):
    async def questions():
        asked = []
        reckon_now(desk.installation, clock())

        def note(*args):
            asked.append(args[2])

        event.listen(desk.store._engine, "before_cursor_execute", note)
        try:
            await desk.get("/numbers")
        finally:
            event.remove(desk.store._engine, "before_cursor_execute", note)
        return len(asked)

    await posted(desk, clock)
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=2)})
    few = await questions()
    for number in range(8):
        await posted(desk, clock, key=f"more-{number}")
    tell(desk, clock, "toots", {f"toots-more-{number}": Reactions(likes=number) for number in range(8)})
    assert await questions() <= few


async def test_a_channels_page_says_whether_its_network_tells(desk, clock):
    assert "Reactions told by the network" in plain(await desk.get("/channels/toots"))
    assert "Reactions Telegram does not tell." in plain(await desk.get("/channels/town"))
    assert "Reactions" not in plain(await desk.get("/channels/mail"))


async def test_the_api_tells_it_with_deliveries_and_with_numbers(desk, clock):
    made = await posted(desk, clock)
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12, reposts=3, replies=1)})
    reading = Program(desk, Scope.READ)
    answer = (await reading.get(f"/editions/{made.id}/deliveries")).json()["data"]
    told = {each["channel"]: each["reactions"] for each in answer}
    assert told["toots"]["likes"] == 12
    assert told["toots"]["views"] is None
    assert told["town"] is None
    numbers = (await reading.get("/numbers")).json()
    by_channel = {each["channel"]: each["reactions"] for each in numbers["posts"]}
    assert by_channel["toots"] == {
        "posts": 1,
        "looked": 1,
        "likes": 12,
        "reposts": 3,
        "replies": 1,
        "quotes": None,
        "views": None,
    }
    assert by_channel["town"] is None
    (page, toots) = sorted((await reading.get("/numbers/posts")).json()["data"], key=lambda each: each["channel"])
    assert (toots["post"], toots["reactions"]["reposts"]) == ("toots-posted", 3)
    assert page["reactions"]["looked"] is None
    assert (await reading.get("/numbers/posts?schedule=nosuch")).status_code == 422


async def test_the_pages_are_good_html(desk, clock, validator, tmp_path):
    made = await posted(desk, clock, text=f"Ferry {HOSTILE}")
    tell(desk, clock, "toots", {"toots-posted": Reactions(likes=12, reposts=3, replies=1)})
    with desk.store.write() as tx:
        tx.measured_posts.take("page", NOW, NOW)
        tx.measured_posts.leave("page", NOW, None, "no permission")
    paths = ("/numbers", f"/editions/{made.id}/delivery", "/channels/page")
    pages = {f"page{number}": (await desk.get(path)).text for number, path in enumerate(paths)}
    # A frame that scrolls is a region, and a bar of several segments no <progress>.
    native = {"prefer-native-element": ["error", {"exclude": ["region", "progressbar"]}]}
    config = {**PAGE, "rules": {**PAGE["rules"], **native}}
    assert "\n".join(validator.faults(pages, tmp_path, config)) == ""
