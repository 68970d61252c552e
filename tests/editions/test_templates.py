"""What holds for each of the digests that are shipped, and what each tells its own way."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.editions.digest import LARGEST, compile_email
from bot.model import Correction, EditionStory, Email, MergeField, Summary
from tests.editions.test_digest import CRANES, RECORD, SLOT, digest, page, story, text_of

TEMPLATES = ["briefing", "headlines", "magazine", "single"]
SAID = "“They are paying us for the boats,” said Renske Vaal, who has lived there for 22 years. “That is all.”"
HOSTILE = [
    '"><script>alert(1)</script>',
    "{{ 7*7 }}{% raw %}",
    "__F1_k7f3q9xd2abc__ __F0__",
    "a ]]> b --> c <!-- d <!--[if mso]> e <![endif]-->",
    "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &copy;",
    "</title></style><mj-raw><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
]


def told(place: int, **changes: Any) -> EditionStory:
    body = f"<p>{SAID}</p><h2>A subhead</h2><p>What stands below it, in a paragraph of its own.</p>"
    return story(place, **{"image": CRANES, "body": body, **changes})


def stories(count: int = 10, **changes: Any) -> tuple[EditionStory, ...]:
    return tuple(told(place, **changes) for place in range(1, count + 1))


def made(template: str, *given: EditionStory, **changes: Any) -> Email:
    return compile_email(digest(*(given or stories()), template=template, **changes))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 10])
def test_every_story_stands_in_html_text_and_page_once_as_a_heading(template: str, count: int) -> None:
    mail = made(template, *stories(count))
    for source in (mail.html, mail.web):
        document = page(source)
        assert [text_of(each) for each in document.xpath("//h1")] == ["Headline 1"]
        below = [re.sub(r"(Headline \d+).*", r"\1", text_of(each)) for each in document.xpath("//h3")]
        assert below == [f"Headline {place}" for place in range(2, count + 1)]
    for place in range(1, count + 1):
        assert f"https://record.example/story-{place}\n" in mail.text


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_every_field_of_a_story_may_be_hostile(template: str, hostile: str) -> None:
    escaped = hostile.replace("&", "&amp;").replace("<", "&lt;")
    body = f"<h2>{escaped}</h2><p>{escaped}</p><p>“{escaped} and more than that,” said Renske Vaal, {escaped}.</p>"
    given = tuple(
        replace(
            story(
                place,
                guid=hostile,
                title=hostile,
                summary=hostile,
                standfirst=hostile,
                authors=(hostile,),
                sections=(hostile,),
                tags=(hostile,),
                language=hostile,
                body=body,
                image=replace(CRANES, alt=hostile, caption=hostile, credit=hostile),
            ),
            also=((hostile, "https://wire.example/1"), (hostile, hostile)),
            summary=Summary(hostile, (hostile,), hostile),
        )
        for place in range(1, 11)
    )
    newsroom = replace(RECORD, name=hostile, address=hostile, corrections_to=hostile)
    correction = Correction(
        article=1,
        edition="k7f3q9xd2abc",
        schedule="morning",
        said=hostile,
        right=hostile,
        title=hostile,
        url="javascript:x",
        told=SLOT,
        at=SLOT,
        who="desk",
    )
    mail = compile_email(digest(*given, template=template, newsroom=newsroom, name=hostile, corrections=(correction,)))
    for source in (mail.html, mail.web):
        document = page(source)
        assert text_of(document.xpath("//h1")[0]) == hostile
        assert {image.get("alt") for image in document.xpath("//img")} <= {hostile}
        assert not document.xpath("//script | //*[@onerror or @onmouseover] | //img[not(@src)] | //b")
        assert "alert(1)" not in "".join(document.xpath("//style/text()"))
        assert {link.split(":")[0].removesuffix("#pause") for link in document.xpath("//@href")} <= {
            "https",
            "mailto",
        } | ({"__S0_k7f3q9xd2abc__", "__S1_k7f3q9xd2abc__"} if source is mail.html else set())
        assert source.count("<!--[if") == source.count("<![endif]-->")
    hole = MergeField.UNSUBSCRIBE_URL.hole("k7f3q9xd2abc")
    assert (mail.html.count(hole), mail.text.count(hole), mail.web.count(hole)) == (1, 1, 0)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_foreign_is_seen_by_the_mjml_compiler(
    template: str, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def compiled(source: str, **named: Any) -> str:
        seen.append(source)
        return str(compile_mjml(source, **named))

    from bot.editions import digest as module

    compile_mjml = module.compile_mjml
    monkeypatch.setattr(module, "compile_mjml", compiled)
    image = replace(CRANES, alt=hostile, caption=hostile, credit=hostile, url=f"https://record.example/{hostile}.jpg")
    made(template, *(told(place, title=hostile, image=image, authors=(hostile,)) for place in range(1, 11)))
    assert len(seen) == 2
    for source in seen:
        assert hostile not in source and "record.example" not in source and "Ines" not in source


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["ar", "he", "fa"])
def test_from_right_to_left_everything_is_mirrored(template: str, language: str) -> None:
    mail = made(template, language=language)
    document = page(mail.html)
    assert (document.get("lang"), document.get("dir")) == (language, "rtl")
    assert "direction:ltr" not in mail.html and 'align="left"' not in mail.html
    for each in document.xpath("//h1 | //h2 | //h3 | //p"):
        styles = [above.get("style", "") for above in (each, *each.iterancestors())]
        aligned = next(found[1] for style in styles if (found := re.search(r"text-align:\s*(\w+)", style)))
        assert aligned == "right", text_of(each)


@pytest.mark.parametrize("template", TEMPLATES)
def test_without_pictures_authors_sections_or_texts_it_is_still_whole(template: str) -> None:
    bare = tuple(story(place, authors=(), sections=(), body="", summary="") for place in range(1, 11))
    mail = made(template, *bare)
    document = page(mail.html)
    assert not document.xpath("//img") and len(document.xpath("//h3")) == 9
    assert not document.xpath(
        "//p[not(normalize-space())] | //h2[not(normalize-space())] | //a[not(normalize-space())]"
    )
    assert "Headline 10" in mail.text


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_picture_has_its_alt_text_and_a_width_that_a_phone_may_ignore(template: str) -> None:
    images = page(made(template).html).xpath("//img")
    assert bool(images) is (template != "headlines")
    for image in images:
        assert image.get("alt") == CRANES.alt and int(image.get("width")) <= 600
        assert "height: auto" in image.get("style")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_newsroom_that_wants_sans_headlines_gets_no_serif_but_the_fallbacks_of_outlook(template: str) -> None:
    assert "Georgia" not in made(template, newsroom=replace(RECORD, headlines="sans")).html


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_no_line_of_a_text_part_is_longer_than_72_but_an_address(template: str, language: str) -> None:
    long = "word " * 50
    given = (told(place, title=long, summary=long, authors=(long,), sections=(long,)) for place in range(1, 11))
    lines = made(template, *given, language=language).text.splitlines()
    assert [line for line in lines if len(line) > 72 and "://" not in line] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_hundred_stories_leave_the_last_ones_to_the_page(template: str) -> None:
    given = (told(place, title=f"Headline {place} " + "word " * 55) for place in range(1, 161))
    mail = made(template, *given)
    assert LARGEST / 2 < len(mail.html.encode()) <= LARGEST
    shown = sum(f"/story-{place}\n" in mail.text for place in range(1, 161))
    assert 10 < shown < 160 and f"+ {160 - shown} stories" in text_of(page(mail.html).body)
    if template in {"magazine", "headlines"}:
        assert "160 stories" in text_of(page(mail.html).body)


def test_a_magazine_sets_large_what_somebody_says_in_the_articles_own_words() -> None:
    silent = told(1, body="<p>Nobody says anything in this one.</p>")
    mail = made("magazine", silent, told(2), told(3))
    (quote,) = page(mail.html).xpath("//p[contains(@class, 'quote')]")
    assert text_of(quote) == "“They are paying us for the boats.”"
    assert text_of(quote.getnext()) == "said Renske Vaal, who has lived there for 22 years"
    assert quote.getnext().getnext().xpath("./a/@href") == ["https://record.example/story-2"]
    assert "“They are paying us for the boats.”\n  said Renske Vaal" in mail.text
    assert "“They are" not in made("magazine", silent, replace(silent, position=2)).html


def test_a_magazine_begins_with_its_picture_and_has_one_button() -> None:
    body = text_of(page(made("magazine").web).body)
    document = page(made("magazine").html)
    first = document.xpath("(//img | //h1)[1]")[0]
    assert first.tag == "img" and "The basin. Photo: Tomas Revel" in body
    assert [text_of(each) for each in document.xpath("//td[@role='presentation']//a")] == ["Read the story"]


def test_headlines_of_a_section_stand_together_and_those_alone_come_last() -> None:
    sections = ["Harbour", "Culture", "Harbour", "Sport", "Culture", "", "Harbour"]
    given = (story(place, sections=(name,) if name else ()) for place, name in enumerate(sections, start=1))
    document = page(made("headlines", *given).html)
    shown = [text_of(each).split(" 1 min")[0] for each in document.xpath("//h2 | //h3")]
    assert shown == [
        *("Culture", "Headline 2", "Headline 5"),
        *("Harbour", "Headline 3", "Headline 7"),
        *("Also in this edition", "Headline 4", "Headline 6"),
    ]


def test_headlines_name_the_site_of_a_story_that_names_no_author_and_is_not_the_newsrooms() -> None:
    foreign = story(2, url="https://www.coastwire.example/a", authors=())
    mail = made("headlines", story(1), foreign, story(3, url="https://www.coastwire.example/b"))
    assert text_of(page(mail.html).xpath("//h3")[0]) == "Headline 2 coastwire.example · 1 min"
    assert text_of(page(mail.html).xpath("//h3")[1]) == "Headline 3 1 min"
    assert "coastwire.example · 1 min\nhttps://www.coastwire.example/a" in mail.text


def test_a_single_story_is_told_with_its_subheads() -> None:
    mail = made("single")
    document = page(mail.html)
    lede = document.xpath("//p[contains(@class, 'lede')]")[0]
    assert text_of(lede) == "Summary of story 1." and "font-style:italic" in lede.get("style").replace(" ", "")
    assert [text_of(each) for each in document.xpath("//h2")] == ["A subhead", "Also in this edition"]
    assert [text_of(each) for each in document.xpath("//p[contains(@class, 'read')]")] == [
        SAID,
        "What stands below it, in a paragraph of its own.",
    ]
    assert "A subhead\n\nWhat stands below it" in mail.text


def test_a_single_story_does_not_say_twice_what_its_summary_took_from_it() -> None:
    extract = replace(told(1), summary=Summary(SAID, (SAID,), "extract"))
    mail = made("single", extract)
    assert not page(mail.html).xpath("//p[contains(@class, 'lede')]")
    assert mail.html.count("They are paying us") == 1


@pytest.mark.parametrize("language", ["ar", "ja"])
def test_scripts_without_italics_get_none(language: str) -> None:
    assert "italic" not in made("single", language=language).html


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_words_of_an_article_become_a_merge_field(template: str) -> None:
    hole = MergeField.UNSUBSCRIBE_URL.hole("k7f3q9xd2abc")
    body = f"<h2>Sub {hole}</h2><p>“Here is {hole} for all,” said Renske Vaal, of {hole} and more.</p>"
    mail = made(template, *stories(5, body=body, title=f"Click {hole}", sections=(hole,), summary=hole))
    assert (mail.html.count(hole), mail.text.count(hole), mail.web.count(hole)) == (1, 1, 0)


@pytest.mark.parametrize("pictured", [{2, 3}, set(), {2}, {3}])
def test_a_magazine_sets_two_side_by_side_only_when_both_have_a_picture_or_neither(pictured: set[int]) -> None:
    given = [told(place) if place in {1, *pictured} else told(place, image=None) for place in range(1, 9)]
    document = page(made("magazine", *given).html)
    beside = document.xpath("//div[contains(@class, 'next')]//h3")
    assert [text_of(each) for each in beside] == (["Headline 3"] if len(pictured) != 1 else [])
    assert len(document.xpath("//h3")) == 7


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_newsrooms_own_words_stand_at_the_foot_of_mail_text_and_page(template: str) -> None:
    words = "Responsible: <Mara & Lindqvist>, HRB 4711"
    mail = made(template, newsroom=replace(RECORD, footer=f"  {words}\n "))
    for source in (mail.html, mail.web):
        assert [text_of(each) for each in page(source).xpath("//p[contains(., 'HRB')]")] == [words]
    assert f"\n{words}\n" in mail.text
