"""Where an article went, on its page: each edition once, with all its channels and how each stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from bot.delivery.engine import Engine
from bot.errors import DeliveryError, OutcomeUnknown
from bot.model import EditionState, EditionStory, Post, Rendition, Summary
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, ScriptedChannel, article, subscribe
from tests.html_validate import PAGE
from tests.web.conftest import made_edition
from tests.web.test_desk_articles import put, queries

NETWORKS = ("bluesky", "mastodon", "threads", "x")
EVERYWHERE = ("The ferry gets $14 million.",) * len(NETWORKS)
GONE = DeliveryError("403 suspended", permanent=True, code=403)
PERHAPS = OutcomeUnknown("the line broke")


@pytest.fixture
def stories(web):
    """Two articles: the first changed after this fixture told it."""
    for title in ("The ferry returns", "The bakery closes"):
        put(web, article(title=title, body="<p>The subsidy is $14 million a year.</p>"))
    with web.store.read() as tx:
        told = [tx.articles.get(number) for number in (1, 2)]
    return tuple(
        EditionStory(position=place, article=each, summary=Summary("It gets $14 million a year."), article_ids=(place,))
        for place, each in enumerate(told, 1)
    )


def add(web, stories, *, posts=EVERYWHERE, **fields):
    """An edition that mails both stories and posts about each on every network."""
    mail = made_edition(stories=stories).renditions[1]
    about = [
        Rendition(channel=name, subject=str(story.article.id), post=Post(text=text))
        for story in stories
        for name, text in zip(NETWORKS, posts, strict=True)
    ]
    return web.add_edition(stories=stories, state=EditionState.DRAFTED, renditions=(*about, mail), **fields)


async def deliver(web, clock, **answers):
    """Sends; a network answers as told by its name."""

    def answering(name):
        def answer(parcel):
            if name in answers:
                raise answers[name]
            return ScriptedChannel().answer(parcel)

        return ScriptedChannel(medium="post", answer=answer)

    channels = {"mail": ScriptedChannel(), **{name: answering(name) for name in NETWORKS}}
    rules = DeliveryTable()
    engine = Engine(store=web.store, channels=channels, keys=KEYS, clock=clock, rules=rules, jitter=lambda: 0.5)
    await engine.deliver()


async def went(web, number=1):
    """Of each edition: its name, and of all words that were said there the outlets, as they are read."""
    page = html.fromstring((await web.get(f"/articles/{number}")).text)
    return [
        (
            " ".join(each.xpath("string(.//p[@class='what'])").split()),
            [
                (" ".join(said.xpath("string(preceding-sibling::p[1][@class='serif'])").split()), read(said))
                for said in each.xpath(".//ul[@class='outlets']")
            ],
        )
        for each in page.xpath("//ul[@class='list went']/li")
    ]


def read(outlets):
    return [" ".join(each.text_content().split()) for each in outlets.xpath("li")]


async def test_a_story_that_went_everywhere_is_one_entry_for_an_edition_with_the_same_words_once(web, clock, stories):
    subscribe(web.store, "ada@example.org", "tom@example.org")
    web.send(add(web, stories))
    await deliver(web, clock)
    assert await went(web) == [
        (
            "Morning briefing",
            [
                ("It gets $14 million a year.", ["2 readers Accepted"]),
                ("The ferry gets $14 million.", [f"{name} Accepted" for name in NETWORKS]),
            ],
        )
    ]


async def test_what_networks_say_differently_stands_apart_and_a_thread_is_one(web, clock, stories):
    made = add(web, stories[:1], posts=("Ferry: $14 million.", "Ferry: $14 million.", "The ferry.", "The ferry!"))
    whole = Rendition(channel="bluesky", post=Post(text="Ferry: $14 million."))
    with web.store.write() as tx:
        tx.editions.put_renditions(made.id, (*made.renditions, whole))
    web.send(made)
    await deliver(web, clock)
    ((_, said),) = await went(web)
    assert said == [
        ("Ferry: $14 million.", ["bluesky 2 posts Accepted", "mastodon Accepted"]),
        ("The ferry.", ["threads Accepted"]),
        ("The ferry!", ["x Accepted"]),
    ]


async def test_each_state_is_a_word_with_a_shape_and_leads_to_the_posts_delivery(web, clock, stories):
    web.send(add(web, stories))
    await deliver(web, clock, threads=GONE, x=PERHAPS)
    ((_, said),) = await went(web)
    assert said[-1] == ("", ["threads Failed", "x Unknown"])
    page = html.fromstring((await web.get("/articles/1")).text)
    links = page.xpath("//ul[@class='outlets']/li[span]/a/@href")
    assert len(links) == len(NETWORKS)
    delivery = html.fromstring((await web.get(f"/{links[0].lstrip('./').partition('#')[0]}")).text)
    for link in links:
        (row,) = delivery.xpath(f"//tr[@id='{link.partition('#')[2]}']")
        assert row.xpath("string(th)") in NETWORKS
    for outlet in page.xpath("//ul[@class='outlets']/li[span]"):
        assert outlet.xpath("span[contains(@class, 'chip')]/*[local-name()='svg']")


async def test_readers_are_those_who_have_the_mail_however_many_other_posts_there_are(web, clock, stories):
    subscribe(web.store, "ada@example.org", "tom@example.org")
    web.send(add(web, stories))
    await deliver(web, clock)
    for number in (1, 2):
        ((_, said),) = await went(web, number)
        assert said[0][1] == ["2 readers Accepted"], "posts about another story are nobody's mail"


async def test_what_waits_yet_says_so(web, stories):
    subscribe(web.store, "ada@example.org")
    web.send(add(web, stories))
    assert (await went(web))[0] == (
        "Morning briefing Sending",
        [("It gets $14 million a year.", ["0 readers"]), ("", [f"{name} Waiting" for name in NETWORKS])],
    )


async def test_more_editions_ask_the_store_no_more_often(web, clock, stories):
    web.send(add(web, stories))
    await deliver(web, clock)
    few = max([await queries(web, "/articles/1"), await queries(web, "/articles/1")])
    for number in range(6):
        web.send(add(web, stories, schedule=f"x{number}"))
    await deliver(web, clock, x=PERHAPS)
    assert await queries(web, "/articles/1") <= few
    assert len(await went(web)) == 7


async def test_the_page_is_good_html(web, clock, stories, validator, tmp_path):
    hostile = "\"><script>alert('x')</script>"
    web.send(add(web, tuple(replace(each, summary=Summary(hostile)) for each in stories), name=hostile))
    await deliver(web, clock, threads=GONE)
    page = (await web.get("/articles/1")).text
    assert "<script>alert" not in page
    assert "\n".join(validator.faults({"article": page}, tmp_path, PAGE)) == ""
