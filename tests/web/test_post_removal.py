"""Posts about an article are taken down from its page, by who approves and after a question."""

from __future__ import annotations

import html
import re

import pytest

from bot.delivery.sending import begin_sending
from bot.model import EditionState, EditionStory, Post, PostAct, Rendition, Role, Summary
from bot.testing import NOW, article
from tests.web.test_access import join, with_session
from tests.web.test_delivery import deliver
from tests.web.test_edition import SECRETS
from tests.web.test_edition import TOML as NETWORKS

HOSTILE = "<script>alert(1)</script>"
PAGE, HERE = "/articles/1", "/articles/1/posts/remove"


async def posted(build_web):
    """A newsroom whose article 1 was posted on Bluesky."""
    web = build_web(toml=NETWORKS, environment=SECRETS)
    with web.store.write() as tx:
        one = article(title="The ferry returns")
        tx.articles.put(one, url_key=one.url, present={one.guid}, now=NOW)
        told = tx.articles.get(1)
    story = EditionStory(position=1, article=told, summary=Summary("It sails."), article_ids=(1,))
    post = Post(text=f"The ferry returns {HOSTILE}", url=told.url)
    made = web.add_edition(stories=(story,), renditions=(Rendition(channel="bluesky", post=post),))
    assert begin_sending(web.store, made, audience="", now=NOW)
    web.installation.clock.moment = NOW
    await deliver(web, web.installation.clock, {})
    return web


@pytest.fixture
async def web(build_web):
    return await posted(build_web)


def plain(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def removals(web):
    with web.store.read() as tx:
        return [each for each in tx.editions.latest(10) if each.name.endswith("posts taken down")]


async def test_the_article_says_which_posts_stand_and_a_link_alone_takes_down_nothing(web):
    page = await web.get(PAGE)
    assert "Take down its posts bluesky . Answers and likes go with them" in plain(page)
    assert 'href="../articles/1/posts/remove" data-dialog="take-down"' in page.text
    asked = await web.get(HERE)
    assert "Take down its posts?" in plain(asked)
    assert "Take down the post" in plain(asked)
    assert HOSTILE in html.unescape(asked.text)
    assert "<script>alert" not in asked.text
    assert removals(web) == []


async def test_a_yes_takes_them_down_once_and_is_on_record(web):
    user, token = join(web, Role.APPROVER)
    answer = await web.post(HERE, headers=with_session(token))
    assert (answer.status_code, answer.headers["location"]) == (303, "../../../articles/1")
    (made,) = removals(web)
    with web.store.read() as tx:
        (rendition,) = tx.editions.get(made.id).renditions
        (act,) = tx.acts.newest(thing=f"edition:{made.id}")
    assert (made.state, rendition.channel, rendition.post.act) == (EditionState.DRAFTED, "bluesky", PostAct.REMOVE)
    assert (act.who, act.what) == (user.name, "remove posts")
    page = plain(await web.get(PAGE, headers=with_session(token)))
    assert "Being taken down" in page
    assert "Take down its posts" not in page
    again = await web.post(HERE, headers=with_session(token))
    assert again.status_code == 409
    assert "is to remove its post on bluesky already" in plain(again)
    assert len(removals(web)) == 1
    assert "No post about it stands" in plain(await web.get(HERE, headers=with_session(token)))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_who_may_not_approve_is_told_who_can(web, role):
    _, token = join(web, role)
    page = await web.get(PAGE, headers=with_session(token))
    assert "Approvers can." in plain(page)
    assert "data-dialog" not in page.text
    for answer in (await web.get(HERE, headers=with_session(token)), await web.post(HERE, headers=with_session(token))):
        assert answer.status_code == 403
    assert removals(web) == []


@pytest.mark.parametrize("number", ["2", "x", "0"])
async def test_an_article_that_is_not_there_is_missing(web, number):
    for call in (web.get, web.post):
        assert (await call(f"/articles/{number}/posts/remove")).status_code == 404
