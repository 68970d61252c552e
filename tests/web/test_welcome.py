"""Where the first run ends: with an edition of the newsroom's own articles, once for the page and its mail."""

from __future__ import annotations

from datetime import timedelta

from bot.store.sources import SourceState
from bot.testing import NOW, article


def publish(web, title, *, told=NOW):
    """The newsroom publishes, and its source brings it at ``told``."""
    with web.store.write() as tx:
        one = article(title=title, url=f"https://record.example/{len(title)}", published=NOW - timedelta(minutes=5))
        tx.articles.put(one, url_key=one.url, present=(), now=NOW)
        tx.sources.put(SourceState(source="site", last_success=told))


async def shown(web):
    """The titles that the page and the mail in it tell."""
    page, mail = (await web.get("/welcome")).text, (await web.get("/welcome/preview")).text
    titles = ("The ferry returns", "The tunnel shuts at ten")
    return [each for each in titles if each in page], [each for each in titles if each in mail]


async def test_page_and_mail_show_the_same_edition_and_news_of_a_source_makes_another(web):
    publish(web, "The ferry returns")
    assert await shown(web) == (["The ferry returns"], ["The ferry returns"])
    publish(web, "The tunnel shuts at ten", told=NOW)
    assert await shown(web) == (["The ferry returns"], ["The ferry returns"]), "the source did not say so yet"
    publish(web, "The tunnel shuts at ten", told=NOW + timedelta(seconds=5))
    both = ["The ferry returns", "The tunnel shuts at ten"]
    assert await shown(web) == (both, both)


async def test_after_a_minute_it_is_made_anew(web, clock):
    assert await shown(web) == ([], [])
    with web.store.write() as tx:
        one = article(title="The ferry returns", published=NOW - timedelta(minutes=5))
        tx.articles.put(one, url_key=one.url, present=(), now=NOW)
    assert await shown(web) == ([], [])
    clock.advance(minutes=2)
    assert await shown(web) == (["The ferry returns"], ["The ferry returns"])
