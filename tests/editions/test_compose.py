from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.editions.compose import Frame, Outlet, Shown, freeze, render, report
from bot.errors import RenderError
from bot.model import (
    Article,
    HostedImage,
    HostedPicture,
    Image,
    Limits,
    Newsroom,
    Pick,
    PostRules,
    Rejection,
    Selected,
    Story,
)
from bot.settings import ScheduleTable, shipped
from bot.testing import NOW, article

NEWSROOM = Newsroom(
    name="The Port Alder Record",
    url="https://record.example",
    address="14 Quay Street, Port Alder",
    public_url="https://news.record.example",
)
MAIL = Outlet(channel="newsletter", medium="email", limits=Limits(), template="")
BLUESKY = Outlet(
    channel="sky", medium="post", limits=Limits(characters=300, size=3000, card=True, thread=True), template="bluesky"
)
SHORT = Outlet(channel="short", medium="post", limits=Limits(characters=90), template="carrier-pigeon")

FERRY = article(
    id=11, title="The ferry returns", standfirst="Boats run again from Monday.", url="https://record.example/ferry"
)
LIBRARY = article(
    id=12,
    title="The library opens",
    standfirst="",
    body="<p>The new library opened on Tuesday. It has 40,000 books.</p>",
    url="https://record.example/library",
)


def frame(*outlets: Outlet, **schedule: Any) -> Frame:
    table = {
        "name": "Morning briefing",
        "cron": "0 7 * * *",
        "channels": tuple(outlet.channel for outlet in outlets),
        **schedule,
    }
    return Frame(
        edition="k7f3q9xd2abc",
        schedule=ScheduleTable.model_validate(table),
        slot=NOW,
        newsroom=NEWSROOM,
        folders=(shipped("templates"),),
        outlets=outlets,
    )


def selected(*leads: Article, others: tuple[Article, ...] = (), **fields: Any) -> Selected:
    picks = tuple(
        Pick(Story(lead, others if lead is leads[0] else ()), f"new in {lead.sections[0]}", 0.123456, {"age": 2 / 3})
        for lead in leads
    )
    return Selected(picks, **fields)


def test_stories_are_frozen_in_the_selections_order_with_summary_and_reason() -> None:
    first, second = freeze(selected(LIBRARY, FERRY))
    assert [(first.position, first.article), (second.position, second.article)] == [(1, LIBRARY), (2, FERRY)]
    assert first.summary.text == "The new library opened on Tuesday. It has 40,000 books."
    assert (first.summary.origin, second.summary.origin) == ("extract", "standfirst")
    assert (second.summary.text, second.reason) == ("Boats run again from Monday.", "new in Harbour")


def test_other_tellings_are_named_by_their_outlet_each_once() -> None:
    others = (
        article(id=21, authors=("Tomas Revel", "Ann Lee"), url="https://www.gull.example/ferry", source="wire"),
        article(id=22, authors=("Ann Lee",), url="https://gull.example/later"),
        article(id=23, authors=("Ann Lee",), url="https://coast.example/ferry", source="coast"),
        article(id=24, authors=(), url="", source="wire"),
    )
    (story,) = freeze(
        selected(FERRY, others=others), site="record.example", outlets={"coast": "Coast Wire", "wire": ""}
    )
    assert story.also == (
        ("gull.example", "https://www.gull.example/ferry"),
        ("Coast Wire", "https://coast.example/ferry"),
        ("wire", ""),
    )
    assert story.article_ids == (11, 21, 22, 23, 24)


def test_another_telling_of_the_newsrooms_own_is_named_by_its_author() -> None:
    others = (
        article(id=21, authors=("Tomas Revel",), url="https://sport.record.example/other"),
        article(id=22, authors=(), url="https://record.example/nobody"),
    )
    (story,) = freeze(selected(FERRY, others=others), site="record.example", outlets={"site": "The Record"})
    assert story.also == (
        ("Tomas Revel", "https://sport.record.example/other"),
        ("record.example", "https://record.example/nobody"),
    )


def test_every_channel_gets_its_rendition_in_the_schedules_order() -> None:
    made = render(frame(BLUESKY, MAIL, SHORT), freeze(selected(FERRY, LIBRARY)))
    assert [(each.channel, each.subject) for each in made] == [("sky", ""), ("newsletter", ""), ("short", "")]
    assert [each.email is not None for each in made] == [False, True, False]
    assert [each.post is not None for each in made] == [True, False, True]


def test_the_mail_holds_all_stories_and_the_schedules_words() -> None:
    others = (article(authors=("Tomas Revel",), url="https://gull.example/other"),)
    stories = freeze(selected(FERRY, LIBRARY, others=others))
    (made,) = render(frame(MAIL, subject="{{ count }}: {{ lead.title }}", preheader="{{ titles[1] }}"), stories)
    assert made.email
    assert (made.email.subject, made.email.preheader) == ("2: The ferry returns", "The library opens")
    for form in (made.email.html, made.email.text, made.email.web):
        for words in (FERRY.url, LIBRARY.url, "Boats run again from Monday.", "gull.example", "Morning briefing"):
            assert words in form


@pytest.mark.parametrize(("timezone", "day"), [("", "24 November"), ("Asia/Tokyo", "25 November")])
def test_the_mails_day_is_the_schedules_else_the_newsrooms(timezone: str, day: str) -> None:
    late = NOW + timedelta(hours=10)
    table = frame(MAIL, timezone=timezone, subject="{{ date }}")
    made = render(replace(table, slot=late), freeze(selected(FERRY)))
    assert made[0].email
    assert set(day.split()) <= set(made[0].email.subject.replace(",", "").split())


def test_an_edition_is_one_post_of_its_lead() -> None:
    (made,) = render(frame(BLUESKY), freeze(selected(FERRY, LIBRARY)))
    assert made.post
    assert made.post.text == "The ferry returns\n\nBoats run again from Monday.\n\nhttps://record.example/ferry"
    assert made.post.url == FERRY.url


def test_a_post_for_each_story_goes_by_its_articles_id_and_the_mail_stays_one() -> None:
    made = render(frame(MAIL, BLUESKY, posts="each"), freeze(selected(FERRY, LIBRARY)))
    assert [(each.channel, each.subject) for each in made] == [("newsletter", ""), ("sky", "11"), ("sky", "12")]
    assert [each.post.text.split("\n")[0] for each in made if each.post] == ["The ferry returns", "The library opens"]


def test_a_post_keeps_its_own_channels_limits() -> None:
    long = article(title="The ferry returns", standfirst="Boats run again from Monday. " * 6, url=FERRY.url)
    sky, short = render(frame(BLUESKY, SHORT), freeze(selected(long)))
    assert sky.post
    assert short.post
    assert len(short.post.text) <= 90 < len(sky.post.text)
    assert short.post.text.endswith(FERRY.url)


def test_a_newsrooms_own_template_is_used(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "bluesky.txt.j2").write_text("{{ edition }} | {{ newsroom }}: {{ title }}", "utf-8")
    own = replace(frame(BLUESKY), folders=(tmp_path, shipped("templates")))
    (made,) = render(own, freeze(selected(FERRY)))
    assert made.post
    assert made.post.text == "Morning briefing | The Port Alder Record: The ferry returns"


def test_a_fault_in_a_template_is_raised_not_left_out() -> None:
    with pytest.raises(RenderError, match="nonsense"):
        render(frame(BLUESKY, MAIL, subject="{{ nonsense }}"), freeze(selected(FERRY)))


def test_the_report_says_why_each_article_is_in_or_out_in_json() -> None:
    stale = article(id=31, revision=2, title="Last week's market")
    other = article(id=21, title="Ferry is back")
    told = report(
        selected(FERRY, LIBRARY, others=(other,), rejections=(Rejection(stale, "too-old", "older than 24h"),))
    )
    assert json.loads(json.dumps(told)) == told
    first, second = told["picks"]
    assert (first["position"], first["id"], first["title"], first["url"]) == (1, 11, FERRY.title, FERRY.url)
    assert (first["reason"], first["score"], first["score_parts"]) == ("new in Harbour", 0.1235, {"age": 0.6667})
    assert first["published"] == FERRY.published.isoformat()
    assert [each["title"] for each in first["also"]] == ["Ferry is back"]
    assert (second["position"], second["also"]) == (2, [])
    (out,) = told["rejections"]
    assert (out["id"], out["revision"], out["rule"], out["reason"]) == (31, 2, "too-old", "older than 24h")
    assert (told["skip"], told["hold"]) == ("", "")


def test_the_report_of_a_selection_that_makes_no_edition_says_why() -> None:
    told = report(Selected((), skip="nothing new", hold="5 at once"))
    assert told == {"picks": [], "rejections": [], "skip": "nothing new", "hold": "5 at once"}


THIRD = article(id=13, title="The market moves", standfirst="Stalls are on the quay.", url="https://record.example/m")


def test_a_thread_is_the_edition_with_its_lead_and_a_part_for_each_further_story() -> None:
    outlet = replace(BLUESKY, rules=PostRules(numbered=True))
    made = render(frame(MAIL, outlet, posts="thread"), freeze(selected(FERRY, LIBRARY, THIRD)))
    posts = [each.post for each in made if each.post]
    assert [each.subject for each in made] == ["", "", "12", "13"]
    assert [post.text.split("\n\n")[0] for post in posts] == [
        "Morning briefing 1/3",
        "The library opens 2/3",
        "The market moves 3/3",
    ]
    assert posts[0].text.split("\n\n")[1:3] == ["The ferry returns", "Boats run again from Monday."]
    assert [(post.part, post.parts, post.follows) for post in posts] == [(1, 3, ""), (2, 3, ""), (3, 3, "12")]
    assert [post.url for post in posts] == [FERRY.url, LIBRARY.url, THIRD.url]
    assert all(post.card and post.card.url == post.url for post in posts)


def test_where_the_network_knows_no_threads_or_there_is_one_story_it_is_the_editions_post() -> None:
    plain = replace(BLUESKY, limits=replace(BLUESKY.limits, thread=False))
    (alone,) = render(frame(plain, posts="thread"), freeze(selected(FERRY, LIBRARY)))
    (one,) = render(frame(BLUESKY, posts="thread"), freeze(selected(FERRY)))
    for rendition in (alone, one):
        assert rendition.subject == ""
        assert rendition.post
        assert rendition.post.text.startswith("The ferry returns\n\n")
        assert (rendition.post.part, rendition.post.parts) == (1, 1)


def test_a_newsroom_may_open_its_threads_by_a_template_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "bluesky-thread.txt.j2").write_text("Today: {{ title }} {{ url }}", "utf-8")
    framed = replace(frame(BLUESKY, posts="thread"), folders=(tmp_path, shipped("templates")))
    first, second = (each.post for each in render(framed, freeze(selected(FERRY, LIBRARY))))
    assert first and second
    assert first.text == f"Today: The ferry returns {FERRY.url}"
    assert second.text.startswith("The library opens\n")


def test_the_links_of_a_channel_name_channel_network_schedule_and_the_slots_own_day() -> None:
    utm = {"utm_source": "{network}", "utm_medium": "{channel}", "utm_campaign": "{schedule}-{date}"}
    outlet = replace(BLUESKY, kind="bluesky", rules=PostRules(utm=utm))
    framed = replace(
        frame(outlet, timezone="Pacific/Auckland"), key="morning", slot=datetime(2026, 11, 24, 18, tzinfo=UTC)
    )
    (made,) = render(framed, freeze(selected(FERRY)))
    assert made.post
    assert made.post.url == f"{FERRY.url}?utm_source=bluesky&utm_medium=sky&utm_campaign=morning-2026-11-25"


def test_a_hosted_picture_of_a_posts_own_is_named_with_it() -> None:
    picture = HostedPicture(whole=HostedImage(name="a.jpg", width=1200, height=800))
    pictured = replace(FERRY, image=Image(url="https://record.example/f.jpg", alt="A ferry"))
    outlet = replace(BLUESKY, limits=replace(BLUESKY.limits, images=4), rules=PostRules(picture="image"))
    framed = replace(frame(outlet), shown=Shown(pictures={"https://record.example/f.jpg": picture}))
    (made,) = render(framed, freeze(selected(pictured)))
    assert made.post and made.post.pictures[0].url == "https://news.record.example/i/a.jpg"
    assert made.images == ("a.jpg",)
