from __future__ import annotations

import re

import pytest

from bot.editions import lifecycle
from bot.model import EditionState
from bot.schedules import preflight
from bot.testing import NOW, article
from tests.web.test_edition import HOSTILE, SECRETS, TOML, Work, words_of


@pytest.fixture
def work(build_web):
    return Work(build_web(toml=TOML, environment=SECRETS))


async def test_what_is_to_fix_comes_first_and_each_leads_where_it_is_mended(web):
    made = web.add_edition(state=EditionState.AWAITING)
    page = (await web.get(f"/editions/{made.id}/checks")).text
    checks = page.split('id="checks"')[1].split("</section>")[0]
    assert "The newsroom&#39;s postal address is not in it" in checks
    assert checks.index("To fix:") < checks.index("Holds:")
    assert re.search(r"\d to fix", words_of(checks))
    assert 'href="../../settings"' in checks
    assert 'href="../../templates"' in checks


async def test_words_that_no_article_has_are_listed_with_what_it_says(work):
    await work.tell(summary="The work costs the council £4.2 million.")
    page = await work.page("/checks")
    said = words_of(page)
    assert "A figure is not in the article: “£4.2 million”" in said
    assert "The article says: The work costs the council £2.4 million." in said
    assert re.search(rf'href="../../editions/{work.id}\?story={work.story()}#found-', page)


async def test_an_approver_has_the_last_word_and_says_why(work):
    await work.tell(summary="The work costs the council £4.2 million.")
    page = await work.page("/checks")
    form = page.split('id="overrule"')[1].split("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    answer = await work.post("/approve", **fields, note="The council said so on the phone")
    assert answer.status_code == 303
    assert work.edition.state is EditionState.APPROVED
    said = words_of(await work.page("/checks"))
    assert "let it stand" in said
    assert "The council said so on the phone" in said
    assert "Approved by you" in said


async def test_what_nobody_looked_at_yet_neither_holds_nor_fails(web):
    made = web.add_edition(state=EditionState.AWAITING, approval=True)
    page = (await web.get(f"/editions/{made.id}/checks")).text
    row = next(each for each in page.split("<li") if "not looked at yet" in each)
    assert "Not known yet:" in row and 'href="#clock"' in row
    assert "Holds:" not in row and 'href="#tick"' not in row
    tab = re.search(r'<a href="[^"]*/checks"[^>]*data-tab="4">.*?</a>', page, re.S)[0]
    assert 'href="#tick"' not in tab


async def test_checks_of_hostile_stories_are_text(web):
    lead = article(id=7, title=HOSTILE, url="https://record.example/x")
    made = web.add_edition(
        lead=lead,
        report={"preflight": {"reached": {"at": NOW.isoformat(), "found": {lead.url: ["dead", HOSTILE]}}, "look": []}},
    )
    page = (await web.get(f"/editions/{made.id}/checks")).text
    assert "1 link leads nowhere" in page
    assert "<script>alert" not in page


async def test_the_links_are_asked_again_and_the_page_says_when(work, monkeypatch):
    asked = []

    async def answers(installation, edition, stop=lambda: False):
        asked.append(edition.id)
        return preflight.Reached(installation.clock(), {})

    monkeypatch.setattr(preflight, "asked", answers)
    assert "links asked" not in words_of(await work.page("/checks"))
    answer = await work.post("/checks")
    assert answer.status_code == 303
    assert asked == [work.id]
    assert "links asked 06:14" in words_of(await work.page("/checks"))


async def test_it_says_whom_the_edition_goes_to_and_what_was_done_to_it(work):
    lifecycle.hold(work.store, work.id, who="Tom", now=NOW, note="Wait for the mayor")
    with work.store.write() as tx:
        tx.channels.pause("bluesky", "401", NOW)
    said = words_of(await work.page("/checks"))
    assert re.search("Readers ?2", said)
    assert "paused, will wait" in said
    assert re.search("Mastodon ?1 post", said)
    assert re.search("Tom held Morning briefing ?Wait for the mayor", said)
    assert "Held by Tom" in said


async def test_who_cancels_is_told_what_it_means_and_does_it_without_a_script(work):
    page = await work.page("/checks")
    assert "Nobody gets it. Its stories may be picked again by the next edition. It cannot be undone." in words_of(page)
    assert f'action="../../editions/{work.id}/cancel"' in page
    assert (await work.post("/cancel", note="Wrong day")).status_code == 303
    page = await work.page("/checks")
    assert "Cancelled: nothing more of it goes out." in page
    assert 'id="cancel"' not in page


async def test_books_that_do_not_balance_stand_on_every_tab(web, sending):
    with web.store.write() as tx:
        tx.editions.set_snapshot(sending.id, 99)
    for tab in ("", "/email", "/posts", "/checks"):
        assert "The books do not balance." in (await web.get(f"/editions/{sending.id}{tab}")).text
