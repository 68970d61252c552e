"""What all pages of the desk share: frame, toasts, words, forms."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.requests import Request

import bot.web
from bot.speech import catalog
from bot.web.editor.desk import TOAST, Desk, percent
from bot.web.editor.form import Submission
from bot.web.site import Site
from tests.web.conftest import TOML

STATIC = Path(bot.web.__file__).parent / "static"


def test_what_others_wrote_lies_there_unchanged():
    sums = dict(reversed(line.split()) for line in (STATIC / "vendor" / "SHA256SUMS").read_text().splitlines())
    assert {each.name for each in (STATIC / "vendor").iterdir()} == {*sums, "SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest, name


def test_the_style_sheet_stays_light():
    lines = (STATIC / "desk.css").read_text().splitlines()
    assert len(lines) <= 600
    colours = re.compile(r"#[0-9a-f]{3,6}\b|rgb\(", re.IGNORECASE)
    rules = [line for line in lines if colours.search(line) and not line.strip().startswith("--")]
    # The mail's own sheet is white in both schemes.
    assert [line for line in rules if "iframe" not in line] == []


async def test_the_frame_names_the_person_and_offers_the_pause(web):
    page = (await web.get("/")).text
    assert "Pause everything" in page
    assert 'action="./pause"' in page
    assert "Log out" not in page, "who is at this machine has no session to end"


async def test_a_note_of_the_settings_stands_on_each_page_and_leads_where_they_say(build_web):
    note = '\n[desk]\nnote = "For trials only <script>alert(1)</script>"\nnote_url = "https://record.example/trials"\n'
    web = build_web(toml=TOML + note)
    for path in ("/", "/activity"):
        page = (await web.get(path)).text
        assert '<a href="https://record.example/trials" rel="noreferrer">For trials only &lt;script&gt;' in page
        assert "<script>alert" not in page
    assert "desk-note" not in (await build_web().get("/")).text


async def test_a_toast_is_shown_once(web):
    desk = Desk(Site(web.installation))
    asked = Request({"type": "http", "path": "/slots/move", "headers": [], "method": "POST"})
    answer = desk.done(asked, "calendar", 'Moved "A & B" to 09:30.')
    assert answer.status_code == 303
    assert answer.headers["location"] == "../calendar"
    value = re.search(rf"{TOAST}=([^;]+)", answer.headers["set-cookie"])[1].strip('"')
    async with web.client() as client:
        client.cookies.set(TOAST, value)
        shown = await client.get("/")
        assert "Moved &#34;A &amp; B&#34; to 09:30." in shown.text
        assert f'{TOAST}=""' in shown.headers["set-cookie"]


async def test_a_toast_that_somebody_else_wrote_is_not_shown(web):
    async with web.client() as client:
        client.cookies.set(TOAST, "WyJDYWxsIDU1NSIsICIiLCAiIiwge31d~v1.a.toast.b.c")
        assert "Call 555" not in (await client.get("/")).text


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(999_999, 1_000_000, "99.9 %"), (5, 5, "100 %"), (1, 10**6, "0.1 %"), (0, 0, "–")]
)
def test_a_share_is_all_only_when_it_is_all(part, whole, said):
    assert percent(part, whole).replace("\xa0", " ") == said


def test_the_language_is_the_first_wish_that_the_desk_speaks():
    assert catalog.preferred("", "fr-CH, de;q=0.8, en;q=0.5") == "de"
    assert catalog.preferred("ja", "de") == "ja"
    assert catalog.preferred("tlh") == "en"


def test_a_form_is_read_without_raising():
    form = Submission(
        FormData([("n", "12"), ("huge", "9" * 5000), ("words", " a\r\nb\x00 "), ("day", "mon"), ("day", "tue")])
    )
    assert form.number("n") == 12
    assert form.number("huge") is None
    assert form.number("absent") is None
    assert form.text("words") == "a\nb"
    assert form.all("day") == ["mon", "tue"]
    assert not form.checked("absent")
    assert form.file("words") is None


def test_what_a_page_is_handed_to_translate_is_escaped_like_everything_else():
    environment = Environment(autoescape=True)
    catalog.install(environment)
    template = environment.from_string(
        "{{ _(state) }} {{ _('%(who)s left', who=state) }} {% trans %}it is so{% endtrans %}"
    )
    assert template.render(state="<b>&") == "&lt;b&gt;&amp; &lt;b&gt;&amp; left it is so"
