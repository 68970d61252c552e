"""No state is told by its colour alone: words stand beside it, and a shape where it is a chip (WCAG 2.2, 1.4.1)."""

from __future__ import annotations

import pytest
from lxml import html

from tests.desk import addresses, fill

TONES = {"good", "warn", "bad"}
SVG = "ancestor-or-self::svg"


@pytest.fixture
def things(web):
    return fill(web.installation, 3)


async def test_what_a_colour_says_stands_in_words_beside_it(web, things):
    seen = {"chip": 0, "badge": 0, **dict.fromkeys(TONES, 0)}
    silent = []
    async with web.client() as client:
        client.cookies.update(things.cookies)
        for path in (each for each in addresses(web.app, things) if "/preview" not in each):
            answer = await client.get(path)
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            for each in html.fromstring(answer.text).iter("{*}*", "*"):
                named = set((each.get("class") or "").split()) & seen.keys()
                for name in named:
                    seen[name] += 1
                if named and not told(each):
                    silent.append(f"{path}: {html.tostring(each, encoding='unicode', with_tail=False)[:120]}")
                if "chip" in named and not each.xpath(".//svg"):
                    silent.append(
                        f"{path}: no shape in {html.tostring(each, encoding='unicode', with_tail=False)[:120]}"
                    )
    assert silent == []
    assert min(seen.values()) > 0


def told(element) -> bool:
    """Whether it says something; what is a sign alone, or a part of a chart, stands within what says it."""
    if "".join(element.itertext()).strip():
        return True
    if element.xpath(SVG) or (len(element) == 1 and element[0].tag == "svg"):
        return bool("".join(element.xpath("string(ancestor::*[not(ancestor-or-self::svg)][1])")).strip())
    return False
