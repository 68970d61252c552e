"""The field in the rail finds what an editor means, and jumps where it is plain."""

from __future__ import annotations

from bot.testing import NOW, article


async def test_an_editions_id_leads_to_it(web):
    made = web.add_edition(state="sent")
    answer = await web.get(f"/search?q={made.id}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"./editions/{made.id}")


async def test_pages_schedules_articles_and_readers_are_found_by_a_part_of_their_names(web, reader):
    with web.store.write() as tx:
        tx.articles.put(article(title="The ferry <b>returns</b>", published=NOW), url_key="ferry", present=(), now=NOW)
    assert 'href="./calendar"' in (await web.get("/search?q=calen")).text
    assert 'href="./schedules/morning"' in (await web.get("/search?q=brief")).text
    found = (await web.get("/search?q=FERRY")).text
    assert "The ferry &lt;b&gt;returns&lt;/b&gt;" in found
    with web.store.read() as tx:
        address = next(each.address for each in tx.subscribers.page() if each.id == reader)
    assert f'href="./audience/readers/{reader}"' in (await web.get(f"/search?q={address[:4]}")).text


async def test_who_looks_for_the_api_finds_its_tokens_and_what_it_can(web):
    found = (await web.get("/search?q=api")).text
    assert 'href="./settings/tokens"' in found
    assert 'href="./settings/api"' in found


async def test_what_nobody_has_is_said(web):
    assert "Nothing matches “&lt;script&gt;”." in (await web.get("/search?q=%3Cscript%3E")).text
    assert "Nothing matches" not in (await web.get("/search")).text
