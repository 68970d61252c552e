"""Each page is good HTML, by html-validate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import EditionState
from bot.testing import NOW, article
from tests.html_validate import PAGE

PUBLIC = ("/archive", "/archive/morning", "/preferences", "/subscribe", "/subscribe/embed")


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_public_pages_are_good_html(build_web, validator, tmp_path, reader, language):
    web = build_web(newsroom=f'language = "{language}"')
    sent = web.add_edition(state=EditionState.DRAFTED)
    web.send(sent)
    paths = (*PUBLIC, web.preferences_path(reader), web.unsubscribe_path(reader), web.data_path(reader))
    pages = {}
    for number, path in enumerate(paths):
        answer = await web.get(path)
        assert answer.status_code == 200, path
        pages[f"page{number}"] = answer.text
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""


async def test_the_desk_is_good_html(web, validator, tmp_path, sending):
    lead = article(id=7, title="Fish & chips", url="https://record.example/x?a=1&b=2")
    waiting = web.add_edition(state=EditionState.AWAITING, lead=lead, slot=NOW + timedelta(hours=1))
    paths = ("/", "/articles", "/sources", f"/editions/{waiting.id}", f"/editions/{sending.id}")
    tabs = [f"/editions/{waiting.id}{tab}" for tab in ("/email", "/posts", "/checks", "?add=yes")]
    pages = {f"desk{number}": (await web.get(path)).text for number, path in enumerate((*paths, *tabs))}
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""


async def test_the_audience_is_good_html(web, validator, tmp_path, sending, reader):
    paths = ["", "?q=mar", "/growth", "/waiting", "/suppressions", "/add", "/form", "/export", "/imports"]
    paths += [f"/readers/{reader}", f"/readers/{reader}/unsubscribe"]
    pages = {f"page{number}": (await web.get(f"/audience{path}")).text for number, path in enumerate(paths)}
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""
