from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.model import EditionState, Role
from bot.schedules import preflight
from bot.schedules.plan import Slot
from bot.schedules.slot import make
from bot.testing import NOW, article
from bot.web.editor.access import AT_THIS_MACHINE
from bot.web.editor.opened import opened
from tests.web.test_access import join, with_session
from tests.web.test_edition import HOSTILE, SECRETS, TOML, Work, words_of

EVENING = """
[schedules.evening]
name = "Evening edition"
cron = "0 18 * * *"
audience = "readers"
approval = true
channels = ["mail", "mastodon", "bluesky"]
"""


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


def checks_tab(page):
    return re.search(r'<a href="[^"]*/checks"[^>]*data-tab="4">.*?</a>', page, re.S)[0]


async def test_what_readers_were_sent_already_is_seen_on_every_tab(build_web):
    work = Work(build_web(toml=TOML + EVENING, environment=SECRETS))
    assert (await work.post("/approve")).status_code == 303
    first, later = work.edition, Slot("evening", "2026-11-24T18:00", NOW + timedelta(hours=11))
    work.id = make(work.web.installation, "evening", later, NOW).id
    before = words_of(checks_tab(await work.page()))
    assert begin_sending(work.store, first, audience="readers", now=NOW)
    page = await work.page("/checks")
    assert "3 stories were sent to these readers already" in words_of(page)
    assert "The subject is the same as in Morning briefing" in words_of(page)
    assert words_of(checks_tab(page)) != before
    found = opened(SimpleNamespace(installation=work.web.installation), work.id, AT_THIS_MACHINE)
    assert found.sent_already == 3
    assert {(each.name, each.slot) for each in found.ran} == {("Morning briefing", NOW)}
    for tab in ("", "/email", "/posts", "/checks"):
        shown = checks_tab(await work.page(tab))
        assert 'class="warn"' in shown and 'href="#mark"' in shown and 'href="#tick"' not in shown
        assert re.fullmatch(r"Checks \d+ to know", words_of(shown))


async def test_its_slot_is_told_as_people_tell_time(work):
    said = words_of(await work.page("/checks"))
    assert re.search("Slot ?07:00", said) and "2026-11-24T07:00" not in said


@pytest.mark.parametrize(("role", "shown"), [(Role.APPROVER, True), (Role.EDITOR, False)])
async def test_who_may_let_a_finding_stand_is_led_there_from_its_box(work, role, shown):
    await work.tell(summary="The work costs the council £4.2 million.")
    _, token = join(work.web, role)
    page = await work.page(headers=with_session(token))
    box = page.split('class="finding bad"')[1].split("</div>")[0]
    assert ("Let it stand, and say why" in box) is shown
    assert (f'href="../editions/{work.id}/checks#overrule"' in box) is shown


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
