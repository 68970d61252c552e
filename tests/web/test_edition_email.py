from __future__ import annotations

import re

import pytest

from bot.model import Rendition
from bot.testing import email
from tests.web.test_edition import SECRETS, TOML, Work, words_of


@pytest.fixture
def work(build_web):
    return Work(build_web(toml=TOML, environment=SECRETS))


def mail(edition):
    return next(each.email for each in edition.renditions if each.email)


async def test_subject_and_preview_line_stand_as_in_an_inbox_with_their_lengths(work):
    said = words_of(await work.page("/email"))
    assert mail(work.edition).subject in said
    assert "kB of 100 kB, Gmail shows all of it" in said
    assert "41 characters" in said
    assert "Phones show about the first 40: “Harbour tunnel to close for eleven night”" in said
    assert "of about" not in said and "Mail programs show" not in said


async def test_of_a_long_preview_line_it_is_said_what_is_shown(work):
    await work.post("/email", preheader_was=mail(work.edition).preheader, preheader="The work costs the council " * 5)
    said = words_of(await work.page("/email"))
    assert "134 characters" in said
    assert "Mail programs show about the first 90: “The work costs the council The work" in said


async def test_a_subject_in_wide_characters_is_shown_by_half_as_many(work):
    await work.post("/email", subject_was=mail(work.edition).subject, subject="港" * 30)
    said = words_of(await work.page("/email"))
    assert f"Phones show about the first 20: “{'港' * 20}”" in said


async def test_the_subject_is_saved_and_goes_back_to_the_schedules(work):
    own = mail(work.edition).subject
    answer = await work.post("/email", subject="Tunnel shuts", subject_was=own)
    assert answer.status_code == 303
    assert mail(work.edition).subject == "Tunnel shuts"
    assert "Tunnel shuts" in words_of(await work.page())
    await work.post("/email", own="subject")
    assert mail(work.edition).subject == own


async def test_a_subject_that_says_what_no_article_does_is_found_and_marked_to_fix(work):
    await work.post("/email", subject="Tunnel shuts for £9 million", subject_was=mail(work.edition).subject)
    page = await work.page("/email")
    assert "A figure is not in the article" in words_of(page)
    found = re.search(r'id="(found-[^"]+)" tabindex="-1" data-problem', page)[1]
    assert f'href="../../editions/{work.id}/email#{found}"' in page


async def test_two_subjects_at_once_are_both_shown(work):
    seen, own = work.edition.version, mail(work.edition).subject
    await work.post("/email", subject="Tunnel shuts", subject_was=own)
    answer = await work.post("/email", version=seen, subject="Tunnel closes", subject_was=own)
    assert answer.status_code == 409
    assert "Which is to stand?" in answer.text
    assert "Tunnel closes" in answer.text
    assert mail(work.edition).subject == "Tunnel shuts"


@pytest.mark.parametrize("view", ["desktop", "phone", "dark", "text", "no-images"])
async def test_each_view_has_an_address_of_its_own(work, view):
    page = await work.page(f"/email?view={view}")
    assert f"preview/mail?view={view}&amp;variant=&amp;marks=1" in page
    shown = await work.page(f"/preview/mail?view={view}")
    assert "£2.4 million" in shown


async def test_the_preview_is_sandboxed_and_personal_to_nobody(web):
    made = web.add_edition()
    answer = await web.get(f"/editions/{made.id}/preview/mail")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert '<a href="#">Unsubscribe</a>' in answer.text
    assert "<iframe sandbox src=" in (await web.get(f"/editions/{made.id}")).text
    assert "Unsubscribe: #" in (await web.get(f"/editions/{made.id}/preview/mail?view=text")).text
    for path in ("bluesky", "%00", "mail?view=nonsense", "mail?variant=none", "mail?variant=%00"):
        assert (await web.get(f"/editions/{made.id}/preview/{path}")).status_code == 404, path


async def test_a_preview_without_pictures_loads_none(web):
    made = web.add_edition()
    policy = (await web.get(f"/editions/{made.id}/preview/mail?view=no-images")).headers["content-security-policy"]
    assert "img-src 'none'" in policy
    assert policy.startswith("sandbox")


async def test_what_is_to_fix_is_marked_in_the_preview_and_never_in_what_is_sent(work):
    await work.tell(summary="The work costs the council £4.2 million.")
    marked = await work.page("/preview/mail?view=phone&marks=1")
    assert re.search('<mark class="broadsheet">£4.2.million</mark>', marked)
    assert "<mark" not in await work.page("/preview/mail?view=phone")
    assert "<mark" not in mail(work.edition).html
    assert "<mark" not in mail(work.edition).text


async def test_the_preview_shows_the_story_that_is_picked(work):
    shown = await work.page(f"/preview/mail?story={work.story(3)}")
    assert shown.index('<span id="story"></span>') < shown.rindex("Two rescued off Gannet Point")
    assert "#story" in await work.page(f"?story={work.story(3)}")
    assert 'id="story"' not in await work.page("/preview/mail?story=999999")


async def test_our_copies_of_pictures_are_shown_from_here(web):
    picture = '<html><body><img src="https://news.record.example/i/abc.jpg"></body></html>'
    made = web.add_edition(renditions=(Rendition(channel="mail", email=email(html=picture)),))
    assert 'src="../../../i/abc.jpg"' in (await web.get(f"/editions/{made.id}/preview/mail")).text


async def test_a_variant_is_chosen_and_looked_at(web):
    made = web.add_edition()
    other = email(subject="Für andere", html="<html><body><p>Nur der Hafen</p></body></html>")
    with web.store.write() as tx:
        tx.editions.add_variants(made.id, [Rendition(channel="mail", subject="variant-1", email=other)])
    page = (await web.get(f"/editions/{made.id}/email")).text
    assert "all of it" in page
    assert '<option value="variant-1">' in page
    page = (await web.get(f"/editions/{made.id}/email?variant=variant-1")).text
    assert "Für andere" in page
    assert "Nur der Hafen" in (await web.get(f"/editions/{made.id}/preview/mail?variant=variant-1")).text


async def test_a_mail_that_gmail_cuts_is_said_to_be(web):
    large = email(html=f"<html><body>{'<p>x</p>' * 14_000}</body></html>")
    made = web.add_edition(renditions=(Rendition(channel="mail", email=large),))
    assert "112 kB of 100 kB: Gmail cuts it" in words_of((await web.get(f"/editions/{made.id}/email")).text)
