"""A poisoned article, bounce, subject, address, source error and note, shown on every page of the desk: none lives."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from lxml import html

from tests.desk import addresses, fill

POISON = "</textarea></title></svg>'\"><poison onclick=alert(1)></poison><script>poison()</script>\u202e"
ADDRESSES = ("href", "src", "action", "formaction", "srcset", "poster", "data", "hx-get", "hx-post", "xlink:href")
# What these name, a reader's browser would fetch without being asked.
FETCHED = {"src", "srcset", "poster", "data"}
SAFE = {"", "http", "https", "mailto", "data"}


@pytest.fixture
def poisoned(web):
    return fill(web.installation, 2, POISON, reader="\"<script>poison()</script>'")


def _faults(page):
    """What of the poison is an element, an attribute or an address in a page."""
    for element in html.document_fromstring(page).iter("*"):
        where = f"<{element.tag}>"
        if element.tag == "poison" or (element.tag == "script" and element.text):
            yield f"{where} lives"
        for name, value in element.attrib.items():
            if name.startswith("on") or name in ("style", "srcdoc"):
                yield f"{where} has {name}={value[:60]}"
            if name in ADDRESSES:
                parts = urlsplit(value.strip())
                if parts.scheme.lower() not in SAFE or (name in FETCHED and parts.netloc):
                    yield f"{where} {name}={value[:60]}"


def test_faults_are_seen():
    living = (
        '<p onclick="x()"><poison></poison><a href=" javascript:x">a</a><img src="//e.example/x"><script>x()</script>'
    )
    assert len(list(_faults(living))) == 5


async def test_nothing_foreign_lives_on_any_page(web, poisoned):
    faults, told = [], set()
    async with web.client() as client:
        client.cookies.update(poisoned.cookies)
        for address in addresses(web.app, poisoned):
            answer = await client.get(address)
            if address == "/welcome/preview":  # 404 until the first run has made an edition
                continue
            if answer.status_code != 200:
                faults.append(f"{address}: {answer.status_code}")
                continue
            if not answer.headers["content-type"].startswith("text/html") or "/preview" in address:
                continue
            faults += [f"{address}: {each}" for each in _faults(answer.text)]
            if "poison()" in answer.text:
                told.add(urlsplit(address).path)
    assert "\n".join(faults) == ""
    # The poison arrived where it was to be shown.
    assert len(told) > 25, sorted(told)
