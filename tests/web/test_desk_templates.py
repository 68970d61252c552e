"""Templates and the brand on the desk: shown, checked, previewed; the brand is saved, or stays where a file sets it."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode, urljoin

import pytest

from bot.testing import NOW, article
from bot.web.headers import PREVIEW_POLICY
from tests.html_validate import PAGE

HOSTILE = "\"><script>alert('x')</script>"
FILE_BRAND = '\n[brand]\naccent = "#112233"\n'


async def test_templates_are_listed_with_who_uses_them(web):
    page = (await web.get("/templates")).text
    assert 'href="./templates/digests/briefing"' in page
    assert "used by <bdi>morning</bdi>" in page
    assert 'href="./templates/posts/mastodon"' in page


async def test_a_digest_is_checked_and_shown_in_a_frame_of_its_own_address(web):
    page = (await web.get("/templates/digests/briefing")).text
    assert "Nothing is wrong with it" in page
    assert '<iframe sandbox src="../../templates/digests/briefing/preview"' in page
    shown = await web.get("/templates/digests/briefing/preview")
    assert (shown.status_code, shown.headers["content-security-policy"]) == (200, PREVIEW_POLICY)
    assert "The Port Alder Record" in shown.text


@pytest.mark.parametrize("name", ["briefing", "magazine", "single"])
async def test_the_pictures_of_a_sample_are_there(web, name):
    shown = (await web.get(f"/templates/digests/{name}/preview")).text
    pictures = re.findall(r'<img[^>]* src="([^"]+)"', shown)
    assert pictures
    for each in pictures:
        answer = await web.get(urljoin(f"/templates/digests/{name}/preview", each))
        assert answer.headers["Content-Type"] == "image/jpeg", each
    assert re.search(r"since|on 24\W+November\W+2026", html.unescape(shown)), "since when its reader gets it"


async def test_a_preview_of_real_articles_shows_them_and_never_their_markup(web):
    assert (await web.get("/templates/digests/briefing/preview?with=real")).status_code == 404
    each = article(title=f"The ferry {HOSTILE}")
    with web.store.write() as tx:
        tx.articles.put(each, url_key=each.url, present={each.guid}, now=NOW)
    shown = (await web.get("/templates/digests/briefing/preview?with=real")).text
    assert "The ferry" in shown and "<script>" not in shown


async def test_a_template_of_the_newsroom_with_a_fault_says_where(web, tmp_path):
    folder = tmp_path / "templates" / "digests" / "night"
    folder.mkdir(parents=True)
    (folder / "digest.mjml.j2").write_text("<mjml><mj-body>{{ standfrist }}</mj-body></mjml>", "utf-8")
    (folder / "digest.txt.j2").write_text("{{ subject }}", "utf-8")
    page = (await web.get("/templates/digests/night")).text
    assert "templates/digests/night/digest.mjml.j2:1:" in page
    assert "standfrist" in page
    assert str(tmp_path) not in page


async def test_a_post_is_shown_as_its_network_shows_it(web):
    page = (await web.get("/templates/posts/mastodon")).text
    assert 'class="post net-mastodon"' in page
    assert "It is shown with the edition" in (await web.get("/templates/posts/default-correction")).text


@pytest.mark.parametrize(
    "path", ["digests/none", "pages/editor", "digests/..%2f..%2fconfig", "posts/briefing", "digests/none/preview"]
)
async def test_what_is_no_template_is_missing(web, path):
    assert (await web.get(f"/templates/{path}")).status_code == 404


async def test_the_brand_is_previewed_without_being_saved(web):
    query = urlencode({"accent": "#AA1133", "headlines": "sans"})
    page = (await web.get(f"/templates/brand?{query}")).text
    assert "not saved yet" in page
    assert "preview?accent=%23AA1133&amp;headlines=sans" in page
    assert "#AA1133" in (await web.get(f"/templates/brand/preview?{query}")).text.upper()
    assert web.installation.newsroom.accent == "#0B5D4B"


async def test_the_brand_is_saved_and_mails_follow_at_once(web):
    answer = await web.post("/templates/brand", data={"accent": "#AA1133", "headlines": "sans", "version": "0"})
    assert answer.status_code == 303
    assert (web.installation.newsroom.accent, web.installation.newsroom.headlines) == ("#AA1133", "sans")
    assert "#AA1133" in (await web.get("/templates/digests/briefing/preview")).text.upper()
    with web.store.read() as tx:
        assert [(act.what, act.thing) for act in tx.acts.newest()] == [("make", "brand")]


async def test_two_who_change_the_brand_at_once_do_not_undo_each_other_silently(web):
    await web.post("/templates/brand", data={"accent": "#AA1133", "version": "0"})
    answer = await web.post("/templates/brand", data={"accent": "#2244AA", "version": "0"})
    assert answer.status_code == 409
    assert "changed it meanwhile" in answer.text
    assert web.installation.newsroom.accent == "#AA1133"


async def test_a_colour_that_is_none_is_told_at_its_field_and_kept(web):
    answer = await web.post("/templates/brand", data={"accent": "reddish", "version": "0"})
    assert answer.status_code == 422
    assert 'value="reddish"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert (await web.get("/templates/brand/preview?accent=reddish")).status_code == 409


async def test_a_colour_too_pale_to_read_is_told_before_it_is_saved(web):
    page = (await web.get("/templates/brand?accent=%23FFEE88")).text
    assert "brand.accent" in page


async def test_what_a_file_sets_is_shown_with_its_line_and_not_changed_here(build_web):
    web = build_web(toml=FILE_BRAND)
    page = (await web.get("/templates/brand")).text
    assert "#112233" in page
    assert 'name="accent"' not in page
    assert "line " in page and "It is changed there." in page
    await web.post("/templates/brand", data={"accent": "#AA1133", "headlines": "sans", "version": "0"})
    assert (web.installation.newsroom.accent, web.installation.newsroom.headlines) == ("#112233", "sans")


async def test_hostile_values_stay_text(web):
    page = await web.get(f"/templates/brand?{urlencode({'accent': HOSTILE, 'footer': HOSTILE, 'logo': HOSTILE})}")
    assert "<script>alert" not in page.text
    shown = await web.get(f"/templates/brand/preview?{urlencode({'footer': HOSTILE, 'logo': HOSTILE})}")
    assert "<script>" not in shown.text


async def test_the_pages_are_good_html(web, validator, tmp_path):
    pages = {
        "templates": (await web.get("/templates")).text,
        "digest": (await web.get("/templates/digests/briefing?with=real")).text,
        "post": (await web.get("/templates/posts/mastodon")).text,
        "brand": (await web.get("/templates/brand")).text,
        "wrong": (await web.post("/templates/brand", data={"accent": "reddish", "version": "0"})).text,
    }
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""
