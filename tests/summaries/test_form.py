"""What is an address to the gate: also where the article prints it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.summaries import form
from bot.summaries.grounding import told
from tests.summaries.newspaper import SEVEN, article, extracts, town

OWN = "https://record.example/news/1"
EVAL = Path(__file__).parents[1] / "eval" / "data"


def _addresses(text: str, said: str | None = None) -> list[str]:
    return list(form.addresses(text, OWN, text if said is None else said))


@pytest.mark.parametrize(
    "address",
    [
        "youtu.be/abc",
        "evil.click/now",
        "example.click",
        "site.news",
        "EVIL.Click",
        "вася.рф/x",
        "вася.рф",
        "xn--80adxhks.xn--p1ai",
        "अआ.भारत",
        "1.2.3.4/x",
        "1.2.3.4",
        "1.2.3.4:8080/x",
        "a.b.c.d.e/x",
        "a.b.c.d.e.f.g.click",
        "evil.nosuchend/x",
        "evil.click:443/x",
        "evil.click./now",
        "evil.click.Then",
        "x_y.evil.click",
        "mailto:a@b",
        "ssh://evil",
        "www.evil.nosuchend",
        "a@evil.nosuchend",
        "evil.onion",
    ],
)
@pytest.mark.parametrize("around", ["Go to {} now.", "({})", "-{}", "…{}", "{}: go"])
def test_an_address_is_one_also_where_the_article_prints_it(address: str, around: str) -> None:
    assert [found.lstrip("-") for found in _addresses(around.format(address))] == [address]


@pytest.mark.parametrize(
    "text", ["詳細はevil.clickへ", "Go to @evil.click", "Go to e\u200bvil.cl\u00adick", "evil.click-here"]
)
def test_an_address_is_found_between_other_letters(text: str) -> None:
    assert len(_addresses(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "The U.S.Steel works, e.g.this one.",
        "It was written with Node.js, and is Node.js-based.",
        "The meeting ended.The mayor left.",
        "It opened in the U.S.in June, d.h.im Sommer.",
        "From 10 a.m./11 a.m. on, in the U.S./Canada, etc./and so on.",
        "It got 3.5/10 points at 2.5km/h, for $1.5m/year, at 7.30pm.",
        "1.234.567.890 Euro am 1.2.2025, am 3.Oktober, Nr.5/6.",
        "The U.S.-led Ph.D. of J.Crew, Mr.Smith and St.John.",
        "Wait...what? See config.toml, v1.2.3 and 1.2.3.4.5.",
        "雨だ.彼は3.5亿",
        "See https://record.example/news/1, or record.example/news/1.",
    ],
)
def test_abbreviations_and_words_run_together_are_none_where_the_article_has_them(text: str) -> None:
    assert _addresses(text) == []


@pytest.mark.parametrize("text", ["evil.nosuchend", "Node.js", "ended.The"])
def test_what_the_article_does_not_have_may_be_an_address_under_any_end(text: str) -> None:
    assert _addresses(text, "Node and js. It ended. The mayor left.") == [text]


def test_the_articles_own_sentences_hold_no_address() -> None:
    lines = [json.loads(line) for file in sorted(EVAL.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    ours = [*town(), *SEVEN, *(article(*each["body"].split("\n\n"), title=each["title"]) for each in lines)]
    runs = [(text, each.url, " ".join(told(each))) for each in ours for text in extracts(each)]
    assert len(runs) > 1_500
    assert [found for run in runs for found in form.addresses(*run)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Thanks to @alice.bsky.social, and @bob!", ["@alice.bsky.social", "@bob"]),
        ("\uff20carol", ["\uff20carol"]),
        ("(@\u200bdave)", ["@dave"]),
        ("Two for £5 @ the market; write to a@b", []),
    ],
)
def test_an_accounts_name_is_a_mention(text: str, found: list[str]) -> None:
    assert list(form.mentions(text)) == found
