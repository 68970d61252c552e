from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Article
from bot.stories.updates import Follows, updates
from bot.stories.vocabulary import Vocabulary

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SENT = Article(
    source="record",
    guid="1",
    url="https://record.example/1",
    title="Ferry crews begin three-day strike",
    published=NOON,
    body="<p>The crews of the island ferries stopped work at midnight for three days. Their union, Seamen's Bond, asks "
    "for 6 per cent more pay; the company Norline offers 2.5. Only the hospital boat sails.</p>"
    "<p>About 4,000 islanders are cut off, said the company. Norline called the walkout by its crews illegal.</p>",
)
SAME = Article(
    source="wire",
    guid="2",
    url="https://wire.example/2",
    title="Norline ferry crews strike for three days",
    published=NOON + timedelta(hours=1),
    body="<p>Crews of the island ferries have stopped work for three days. The union Seamen's Bond wants 6 per cent "
    "more pay, while Norline offers 2.5 per cent. A boat for the hospital still sails.</p>",
)
LATER = NOON + timedelta(hours=9)


def follows(article: Article, site: str = "", **fields: object) -> Follows | None:
    (found,) = updates([replace(article, **fields)], [SENT], Vocabulary(), site)  # type: ignore[arg-type]
    return found


def test_another_outlets_telling_of_what_was_sent_is_told() -> None:
    assert follows(SAME) == Follows(SENT, told=True, own=False)


@pytest.mark.parametrize(
    "more",
    [
        "<p>Mediator Ruth Okafor has invited both sides.</p>",
        "<p>The strike costs 90,000 a day.</p>",
    ],
    ids=["a new name", "a new number"],
)
def test_a_new_name_or_number_makes_it_an_update(more: str) -> None:
    assert follows(SAME, body=SAME.body + more) == Follows(SENT, told=False, own=False)


@pytest.mark.parametrize("title", ["Norline ferry crews end strike", "Strike of ferry crews at Norline spreads"])
def test_a_later_article_whose_title_has_a_word_of_its_own_is_an_update(title: str) -> None:
    assert follows(SAME, title=title, published=LATER) == Follows(SENT, told=False, own=False)


def test_a_later_article_whose_title_says_nothing_new_is_told() -> None:
    assert follows(SAME, published=LATER) == Follows(SENT, told=True, own=False)


def test_the_newsrooms_own_article_always_adds_something() -> None:
    assert follows(SAME, source="record") == Follows(SENT, told=False, own=True)
    assert follows(SAME, site="wire.example") == Follows(SENT, told=False, own=True)


def test_an_article_about_something_else_follows_nothing() -> None:
    other = {
        "title": "Whale freed at Gull Point",
        "body": "<p>Volunteers kept a young humpback wet until the tide.</p>",
    }
    assert follows(SAME, **other) is None
    assert follows(SAME, published=NOON + timedelta(hours=80)) is None
    assert updates([SAME], [], Vocabulary()) == [None]


def test_where_names_have_no_capitals_nothing_is_held_to_be_told() -> None:
    sent = replace(
        SENT,
        title="港大橋、冬の通行止めを回避",
        body="<p>港町の市議会は月曜日の夜、港大橋を冬のあいだも通行可能とする案を可決した。橋脚の補修は夜間工事で進める。</p>",
    )
    (found,) = updates(
        [replace(sent, source="wire", guid="2", title="港大橋は閉鎖せず、冬も通行")], [sent], Vocabulary()
    )
    assert found is not None
    assert not found.told
