"""The Changes tab: what was changed in an edition, word by word, by whom and when."""

from __future__ import annotations

from datetime import timedelta

from bot.editions import lifecycle
from bot.model import EditionState, EditionVersion, Told, ToldPost, ToldStory
from bot.testing import NOW
from bot.web.editor.edition_changes import VERSIONS

S = EditionState
HOSTILE = "<script>alert('x')</script>\u202e"


def _keep(web, made, number, *, who="Tom", title="The ferry returns", summary="It sails.", posts=()):
    story = ToldStory(article=1, revision=1, title=title, summary=summary)
    told = Told(subject="Ferry", preheader="More", stories=(story,), posts=posts)
    at = NOW - timedelta(minutes=60 - number)
    with web.store.write() as tx:
        tx.versions.keep(made.id, EditionVersion(number=number, at=at, who=who, what="summary", told=told))


async def test_the_changes_of_an_edition_nobody_touched_say_so(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    page = (await web.get(f"/editions/{made.id}/changes")).text
    assert "Nobody has changed it." in page


async def test_an_approved_edition_is_shown_as_it_was_approved(web):
    made = web.add_edition(state=S.AWAITING, approval=True, slot=NOW + timedelta(hours=1))
    lifecycle.approve(web.store, made.id, who="Ann", now=NOW, note="Good.")
    page = (await web.get(f"/editions/{made.id}/changes")).text
    assert "It is as it was approved." in page
    assert "Approved by Ann." in page


async def test_each_version_says_who_changed_which_words_and_when(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    _keep(web, made, 1, who="broadsheet")
    _keep(web, made, 2, summary="It sails at nine.")
    page = (await web.get(f"/editions/{made.id}/changes")).text
    assert "As it was made" in page
    assert "Tom" in page
    assert "<ins>" in page
    assert "at nine" in page.partition('id="version-2"')[2].partition("<ins>")[2].partition("</ins>")[0]
    assert "Summary, “The ferry returns”" in page


async def test_hostile_words_are_text_on_the_changes(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    _keep(web, made, 1)
    _keep(web, made, 2, who=HOSTILE, title=HOSTILE, summary=HOSTILE, posts=(ToldPost(HOSTILE, "", HOSTILE),))
    page = (await web.get(f"/editions/{made.id}/changes")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_many_versions_stand_on_pages_of_a_bounded_size(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    text = "word " * 190
    for number in range(1, VERSIONS + 6):
        _keep(web, made, number, summary=f"{text}{number}", posts=(ToldPost("square", "", f"{text * 2}{number}"),))
    first = await web.get(f"/editions/{made.id}/changes")
    assert len(first.content) < 150_000
    assert 'id="version-25"' in first.text
    assert 'id="version-5"' not in first.text
    rest = await web.get(f"/editions/{made.id}/changes?before=6")
    assert 'id="version-5"' in rest.text
    assert 'id="version-6"' not in rest.text
    assert "As it was made" in rest.text


async def test_an_odd_page_number_is_the_first_page(web):
    made = web.add_edition(state=S.AWAITING, approval=True)
    for odd in ("x", "-1", "9" * 20, "٣"):
        assert (await web.get(f"/editions/{made.id}/changes", params={"before": odd})).status_code == 200


async def test_of_an_edition_that_is_not_there_there_are_no_changes(web):
    assert (await web.get("/editions/nosuch/changes")).status_code == 404
