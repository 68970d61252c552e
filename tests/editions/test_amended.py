from __future__ import annotations

from bot.editions.amended import compose_amended
from bot.editions.compose import Outlet
from bot.editions.counting import fits
from bot.editions.posts import Composer, Place
from bot.model import Correction, Counting, EditionStory, Limits, Newsroom, PostAct, PostRules, Summary
from bot.settings import shipped
from bot.testing import NOW, article

X = Limits(characters=280, counting=Counting.WEIGHTED, url=23, thread=True)
NEWSROOM = Newsroom(name="The Record", url="https://record.com")
FOLDERS = (shipped("templates"),)


def test_an_amended_part_of_a_thread_keeps_link_and_number_and_is_counted_as_its_network_counts() -> None:
    rules = PostRules(hashtags=2, numbered=True, utm={"utm_source": "{network}"})
    told = article(id=11, title="渡し船が戻る", url="https://record.com/" + "a" * 90, tags=("Ferry",), language="ja")
    story = EditionStory(position=2, article=told, summary=Summary(""), post="港は再開した。" * 15)
    outlet = Outlet(channel="x", medium="post", limits=X, template="x", kind="x", rules=rules)
    before = Composer(edition_name="Morning", newsroom=NEWSROOM, folders=FOLDERS).post(
        story, template="x", limits=X, rules=rules, campaign={"network": "x"}, place=Place(part=2, parts=3, follows="9")
    )
    made = compose_amended(
        correction=Correction(
            article=11,
            edition="e",
            schedule="morning",
            title=told.title,
            url=told.url,
            said="月曜日",
            right="火曜日から船は再び運航する。",
            told=NOW,
            at=NOW,
            who="ann",
        ),
        story=story,
        edition_name="Morning",
        newsroom=NEWSROOM,
        folders=FOLDERS,
        outlet=outlet,
        before=before,
        act=PostAct.EDIT,
        target="1",
    )
    assert made.url == before.url == f"{told.url}?utm_source=x"
    assert made.text.count(made.url) == 1
    assert (made.part, made.parts, made.follows) == (1, 1, ""), "it waits for no other part"
    assert made.text.startswith("渡し船が戻る 2/3\n")
    assert "火曜日から船は再び運航する。" in made.text
    assert fits(made.text, X)
    assert made.data["shortened"]
