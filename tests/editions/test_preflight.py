from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.editions.digest import compile_email
from bot.editions.link_preflight import EXAMPLE
from bot.editions.preflight import Ran, preflight, targets
from bot.editions.sample import sample_digest
from bot.model import (
    Card,
    Correction,
    Edition,
    EditionState,
    EditionStory,
    Fetched,
    Finding,
    Grade,
    HostedImage,
    HostedPicture,
    Image,
    Limits,
    Newsroom,
    Post,
    Reach,
    Reached,
    Rendition,
    Summary,
)
from bot.testing import NOW, article

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
NEWSROOM = Newsroom(
    name="The Port Alder Record",
    url="https://portalderrecord.example",
    address="14 Quay Street, Port Alder 40217",
    public_url="https://letters.portalderrecord.example",
)


def made(*stories, newsroom=NEWSROOM, template="briefing", folders=(TEMPLATES,), pictures=None, **email):
    """An edition of the sample of ``template``, or of these stories, compiled; any field of its mail may be given."""
    digest = sample_digest(folders, template=template, newsroom=newsroom)
    if stories:
        digest = replace(digest, stories=stories, pictures=pictures or {})
    mail = replace(compile_email(digest), **email)
    return Edition(
        id=digest.edition,
        schedule="morning",
        slot_key="2026-11-24T07:00",
        slot=NOW,
        state=EditionState.AWAITING,
        created=NOW,
        stories=digest.stories,
        renditions=(Rendition(channel="mail", email=mail),),
    )


def story(position=1, summary="The ferry sails again from Tuesday.", **fields):
    return EditionStory(position=position, article=article(**fields), summary=Summary(summary))


def of(found: tuple[Finding, ...], check: str) -> list[tuple[Grade, str]]:
    return [(each.grade, each.said) for each in found if each.check == check]


def looked(edition, **more):
    return preflight(edition, newsroom=more.pop("newsroom", NEWSROOM), limits=more.pop("limits", {}), **more)


def answering(edition, **otherwise):
    """All its addresses answer, but those that end as the keys say."""
    wanted = targets(edition, NEWSROOM)
    found = dict.fromkeys((*wanted.links, *wanted.pictures), (Reach.ANSWERS, ""))
    for end, (reach, said) in otherwise.items():
        found |= {url: (reach, said) for url in found if url.endswith(end)}
    return Reached(NOW, found)


@pytest.mark.parametrize("template", ["briefing", "magazine", "headlines", "single"])
def test_a_sound_edition_of_each_template_has_nothing_to_mend(template):
    edition = made(template=template)
    found = looked(edition, reached=answering(edition))
    assert [each for each in found if each.grade is Grade.FAULT] == []
    assert {each.check for each in found if each.grade is Grade.WARNING} <= {"summary"}
    assert (Grade.OK, "Unsubscribe link, postal address and reason are in") in of(found, "address")
    assert (Grade.OK, "Readable in light and dark") in of(found, "contrast")


def test_what_must_be_mended_stands_first_and_what_holds_last():
    found = looked(made(template="headlines", text=""))
    grades = [each.grade for each in found]
    assert grades[0] is Grade.FAULT
    assert grades == sorted(grades, key=[Grade.FAULT, Grade.WARNING, Grade.OPEN, Grade.OK].index)


def test_an_edition_without_stories_is_not_looked_at():
    assert looked(replace(made(), stories=())) == ()


def test_a_dead_link_is_a_fault_that_names_its_story():
    edition = made()
    url = edition.stories[1].article.url
    reached = answering(edition, **{url: (Reach.DEAD, f"{url}: does not exist (HTTP 404)")})
    (fault,) = [each for each in looked(edition, reached=reached) if each.check == "links"]
    assert (fault.grade, fault.said) == (Grade.FAULT, "1 link leads nowhere")
    assert edition.stories[1].article.title in fault.where and "HTTP 404" in fault.where
    assert fault.fix


def test_a_link_that_lets_no_program_look_is_not_dead():
    edition = made()
    reached = answering(edition, **{edition.stories[1].article.url: (Reach.REFUSES, "refuses us (HTTP 403)")})
    (found,) = [each for each in looked(edition, reached=reached) if each.check == "links"]
    assert found.grade is Grade.OK
    assert found.said == "No dead link: 10 of 11 answer, the other one is for you to try"
    assert edition.stories[1].article.title in found.where and "HTTP 403" in found.where


def test_an_address_for_examples_is_said_in_plain_words():
    edition = made()
    reached = answering(edition, **{edition.stories[1].article.url: (Reach.REFUSES, str(EXAMPLE))})
    (found,) = [each for each in looked(edition, reached=reached) if each.check == "links"]
    assert found.where.endswith(f"try for yourself: “{edition.stories[1].article.title}”: an address for examples only")


def test_a_link_that_gives_no_answer_is_to_know():
    edition = made()
    reached = answering(edition, **{edition.stories[1].article.url: (Reach.SILENT, "no whole answer within 10 s")})
    assert of(looked(edition, reached=reached), "links") == [(Grade.WARNING, "1 link gave no answer")]


def test_a_picture_that_is_gone_is_to_know():
    edition = made()
    reached = answering(edition, **{".jpg": (Reach.DEAD, "HTTP 404")})
    assert of(looked(edition, reached=reached), "images") == [(Grade.WARNING, "1 picture cannot be loaded")]


def test_links_that_nobody_asked_yet_are_not_said_to_answer():
    assert of(looked(made()), "links") == [(Grade.OPEN, "11 links not looked at yet")]


def test_what_readers_are_sent_to_is_asked_and_our_own_pages_are_not():
    edition = replace(
        made(),
        corrections=(
            Correction(
                article=7,
                edition="e",
                schedule="morning",
                said="9",
                right="7",
                title="Tolls",
                url="https://r.example/toll",
                told=NOW,
                at=NOW,
                who="tom",
            ),
        ),
        renditions=(
            *made().renditions,
            Rendition(
                channel="sky", post=Post(text="x", card=Card(url="u", title="t", image_url="https://r.example/c.png"))
            ),
        ),
    )
    wanted = targets(edition, NEWSROOM)
    assert {each.article.url for each in edition.stories} <= set(wanted.links)
    assert "https://r.example/toll" in wanted.links
    assert wanted.links["https://portalderrecord.example"] == "the newsroom's own page"
    assert wanted.pictures["https://r.example/c.png"] == "a post"
    assert not [url for url in (*wanted.links, *wanted.pictures) if url.startswith(NEWSROOM.public_url)]


def test_a_picture_without_alt_text_or_credit_is_named():
    image = Image(url="https://portalderrecord.example/tram.jpg")
    found = looked(made(story(title="Tram four returns", image=image)))
    for check, said in (("alt", "1 picture without alt text"), ("credit", "1 picture without a credit")):
        (finding,) = [each for each in found if each.check == check]
        assert (finding.grade, finding.said) == (Grade.WARNING, said)
        assert "Tram four returns" in finding.where


def test_alt_text_that_only_says_the_headline_is_to_know():
    image = Image(url="https://portalderrecord.example/tram.jpg", alt="Tram four returns!", credit="M. Lind")
    found = looked(made(story(title="Tram four returns", image=image)))
    assert (Grade.WARNING, "1 picture whose alt text only says the headline again") in of(found, "alt")


def test_a_picture_that_we_show_a_copy_of_is_still_its_storys():
    url = "https://portalderrecord.example/tram.jpg"
    copy = HostedPicture(whole=HostedImage(name=f"{'a' * 32}.jpg", width=1200, height=800))
    edition = made(story(title="Tram four returns", image=Image(url=url)), pictures={url: copy})
    assert copy.whole.name in edition.renditions[0].email.html
    found = looked(edition, pictures={url: Fetched(url=url, at=NOW, picture=copy)})
    for check, said in (("alt", "1 picture without alt text"), ("credit", "1 picture without a credit")):
        (finding,) = [each for each in found if each.check == check]
        assert (finding.said, finding.where.split(":")[0]) == (said, "“Tram four returns”")


def test_a_picture_that_was_left_out_is_told_with_its_story_and_the_reason():
    url = "https://portalderrecord.example/tram.jpg"
    edition = made(story(title="Tram four returns", image=Image(url=url)), pictures={url: None})
    found = looked(edition, pictures={url: Fetched(url=url, at=NOW, fault=f"{url}: answers 404")})
    (finding,) = [each for each in found if each.check == "images" and each.grade is Grade.WARNING]
    assert (finding.said, finding.where) == ("1 picture left out", f"“Tram four returns”: {url}: answers 404")


def test_stories_that_had_no_room_are_a_fault_that_says_how_many():
    long = [story(place, summary="word " * 190, title=f"Story {place} " + "of " * 90) for place in range(1, 81)]
    (fault,) = [each for each in looked(made(*long, template="magazine")) if each.check == "size"]
    assert fault.grade is Grade.FAULT
    assert "stories too many" in fault.said
    assert "selection.maximum" in fault.fix


def test_faint_text_is_a_fault_that_quotes_it():
    edition = made()
    mail = edition.renditions[0].email
    faint = mail.html.replace("</body>", '<p style="color:#BBBBBB">Read me if you can</p></body>')
    edition = replace(edition, renditions=(Rendition(channel="mail", email=replace(mail, html=faint)),))
    (fault,) = [each for each in looked(edition) if each.check == "contrast"]
    assert fault.grade is Grade.FAULT
    assert "Read me if you can" in fault.where
    assert "1.9 to 1" in fault.said


def test_an_accent_that_had_to_be_darkened_is_to_know():
    pale = replace(NEWSROOM, accent="#FFD966")
    found = looked(made(newsroom=pale), newsroom=pale)
    assert (Grade.WARNING, "A colour of the brand was changed to be readable") in of(found, "contrast")


def test_a_mail_without_address_or_way_out_is_a_fault():
    homeless = replace(NEWSROOM, address="")
    assert (Grade.FAULT, "The mail has no postal address") in of(
        looked(made(newsroom=homeless), newsroom=homeless), "address"
    )
    bare = made(html="<html><body><h1>Hello</h1><p>14 Quay Street, Port Alder 40217</p></body></html>")
    assert [grade for grade, _ in of(looked(bare), "unsubscribe")] == [Grade.FAULT]
    assert [grade for grade, _ in of(looked(bare), "reason")] == [Grade.FAULT]


def test_a_part_with_no_story_below_its_heading_is_to_know(tmp_path):
    folder = tmp_path / "digests" / "noon"
    folder.mkdir(parents=True)
    (folder / "digest.mjml.j2").write_text(
        '{% extends "digests/frame.mjml.j2" %}{% block stories %}<mj-section><mj-column><mj-text>'
        "<h1>{{ lead.title }}</h1><p>{{ lead.summary }}</p><h2>City hall</h2><h2>Harbour</h2><h3>Tides</h3>"
        "<h2>Sport</h2></mj-text></mj-column></mj-section>{% endblock %}"
    )
    (folder / "digest.txt.j2").write_text('{{ lead.title }}\n{% include "digests/foot.txt.j2" %}')
    found = looked(made(template="noon", folders=(tmp_path, TEMPLATES)))
    assert of(found, "sections") == [
        (Grade.WARNING, "The part “City hall” is empty"),
        (Grade.WARNING, "The part “Sport” is empty"),
    ]


@pytest.mark.parametrize(
    "second",
    [
        {"url": "https://record.example/ferry?utm_source=x", "title": "Another title"},
        {"url": "https://record.example/other", "title": "The ferry returns!"},
    ],
)
def test_the_same_story_twice_is_a_fault(second):
    stories = story(1, url="https://record.example/ferry", title="The ferry returns"), story(2, **second)
    (fault,) = [each for each in looked(made(*stories)) if each.check == "twice"]
    assert (fault.grade, fault.said) == (Grade.FAULT, "1 story stands in it twice")
    assert "is number 1 and 2" in fault.where


def test_stories_without_an_address_are_not_the_same_for_that():
    found = looked(made(story(1, url="", title="The ferry returns"), story(2, url="", title="The library opens")))
    assert of(found, "twice") == [(Grade.OK, "No story twice")]


def test_stories_that_readers_have_already_are_to_know():
    ran = Ran("Rents rise slower than wages", "Evening five", NOW - timedelta(hours=14))
    (found,) = [each for each in looked(made(), ran=[ran]) if each.check == "ran"]
    assert (found.grade, found.said) == (Grade.WARNING, "1 story was sent to these readers already")
    assert found.where == "“Rents rise slower than wages” was in Evening five, 23 November 2026, 17:00"


@pytest.mark.parametrize(
    ("subject", "grade", "said"),
    [
        ("", Grade.FAULT, "The mail has no subject"),
        ("THE FERRY RETURNS AT LAST", Grade.WARNING, "The subject is all capitals"),
        ("Re: the ferry", Grade.WARNING, "The subject looks like an answer to a mail"),
        ("The ferry " * 10, Grade.WARNING, "No inbox shows all of the subject"),
        ("港" * 46, Grade.WARNING, "No inbox shows all of the subject"),
        ("{{ lead.title }}", Grade.FAULT, "Braces of a template stand in the subject or the line below it"),
    ],
)
def test_an_odd_subject_is_said(subject, grade, said):
    assert (grade, said) in of(looked(made(subject=subject)), "subject")


def test_of_a_subject_that_phones_cut_it_is_not_said_to_be_short():
    headline = "Port Alder will plug in its ships after 214 nights of idling engines"
    (found,) = [each for each in looked(made(subject=headline)) if each.check == "subject"]
    assert found.said == "Nothing in the subject looks like spam"
    assert found.where == f"{headline}: phones show about the first 40 characters"
    (short,) = of(looked(made(subject="A third car will cost $410")), "subject")
    assert short == (Grade.OK, "The subject is short, and nothing in it looks like spam")


def test_a_subject_that_readers_had_lately_is_to_know_and_stands_first():
    same = Ran("The ferry returns", "Morning briefing", NOW - timedelta(hours=14))
    first, *_ = looked(made(template="headlines"), same_subject=same)
    assert (first.grade, first.check, first.where) == (Grade.WARNING, "subject", "The ferry returns")
    assert first.said == "The subject is the same as in Morning briefing, 23 November 2026, 17:00"


@pytest.mark.parametrize("subject", ["NATO", "港の立ち退き案を36対5で否決", "القطار يعود", "Regatta: who won"])
def test_an_ordinary_subject_is_not(subject):
    assert {grade for grade, _ in of(looked(made(subject=subject)), "subject")} == {Grade.OK}


def test_a_post_that_its_network_would_not_take_is_a_fault():
    post = Rendition(channel="sky", post=Post(text="x" * 301))
    found = looked(replace(made(), renditions=(post,)), limits={"sky": Limits(characters=300)})
    assert of(found, "posts") == [(Grade.FAULT, "1 post too long for the network")]
    fits = looked(replace(made(), renditions=(post,)), limits={"sky": Limits(characters=301)})
    assert of(fits, "posts") == [(Grade.OK, "The post fits its network")]


def test_hostile_titles_make_one_line_each():
    found = looked(made(story(title="Line\n\u202eone", image=Image(url="https://record.example/a.jpg"))))
    assert all("\n" not in line and "\u202e" not in line for each in found for line in (each.said, each.where))


def coloured(style):
    """A mail with a line that is set so, on white."""
    edition = made()
    mail = edition.renditions[0].email
    html = mail.html.replace("</body>", f'<p style="{style}">Read me if you can</p></body>')
    return replace(edition, renditions=(Rendition(channel="mail", email=replace(mail, html=html)),))


@pytest.mark.parametrize(
    "colour",
    [
        "lightgrey",
        "hsl(0, 0%, 80%)",
        "hsl(0 0% 80%)",
        "hsla(0deg,0%,80%,1)",
        "rgb(204, 204, 204)",
        "rgb(204 204 204)",
        "rgb(80%, 80%, 80%)",
        "rgba(204,204,204,1)",
        "rgb(204 204 204 / 100%)",
        "#CCC",
        "#CCCF",
        "#ccccccff !important",
    ],
)
def test_faint_text_is_seen_however_its_colour_is_written(colour):
    assert [grade for grade, _ in of(looked(coloured(f"color: {colour}; background: #FFF")), "contrast")] == [
        Grade.FAULT
    ]
    dark = looked(coloured(f"color: #BBB; background: {colour} none"))
    assert [grade for grade, _ in of(dark, "contrast")] == [Grade.FAULT]


@pytest.mark.parametrize(
    "colour", ["#0003", "rgba(0,0,0,0.1)", "rgb(0 0 0 / 10%)", "lab(80% 0 0)", "var(--x)", "qwertz"]
)
def test_text_whose_colour_cannot_be_read_is_not_said_to_be_readable(colour):
    found = [each for each in looked(coloured(f"color:{colour}")) if each.check == "contrast"]
    assert [(each.grade, each.said) for each in found] == [
        (Grade.WARNING, "1 text not looked at: its colour cannot be read here"),
        (Grade.OK, "The rest is readable in light and dark"),
    ]
    assert "Read me if you can" in found[0].where


@pytest.mark.parametrize("colour", ["inherit", "currentColor", "unset"])
def test_text_that_takes_the_colour_around_it_is_looked_at(colour):
    assert of(looked(coloured(f"color:{colour}")), "contrast") == [(Grade.OK, "Readable in light and dark")]


@pytest.mark.parametrize("title", ["How {{ braces }} broke the ballot", "What {% if %} means"])
def test_braces_that_stand_in_a_headline_are_the_headlines(title):
    edition = made(story(title=title), story(2, title="The ferry returns", url="https://record.example/other"))
    mail = edition.renditions[0].email
    assert title in (mail.subject, mail.preheader)
    assert {grade for grade, _ in of(looked(edition), "subject")} == {Grade.OK}
    (rendition,) = edition.renditions
    for field in ("subject", "preheader"):
        both = replace(mail, **{field: f"{title}: {{{{ edition }}}}"})
        found = looked(replace(edition, renditions=(replace(rendition, email=both),)))
        assert (Grade.FAULT, "Braces of a template stand in the subject or the line below it") in of(found, "subject")
