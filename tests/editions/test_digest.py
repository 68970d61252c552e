from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from bot.editions.digest import LARGEST, Digest, compile_email
from bot.editions.wording import _catalogue
from bot.errors import RenderError
from bot.model import Article, Correction, EditionStory, Email, Image, MergeField, Newsroom, Summary

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
SLOT = datetime(2026, 11, 24, 7, tzinfo=UTC)
RECORD = Newsroom(
    name="The Port Alder Record",
    url="https://record.example",
    address="14 Quay Street, Port Alder",
    corrections_to="corrections@record.example",
    public_url="https://letters.record.example",
)
CRANES = Image(
    url="https://record.example/cranes.jpg",
    alt="Three cranes over still water",
    caption="The basin",
    credit="Tomas Revel",
    width=1200,
)


def story(place: int = 1, **changes: Any) -> EditionStory:
    summary = changes.pop("summary", f"Summary of story {place}.")
    also = changes.pop("also", ())
    fields: dict[str, Any] = {
        "source": "site",
        "guid": f"g{place}",
        "url": f"https://record.example/story-{place}",
        "title": f"Headline {place}",
        "published": SLOT - timedelta(minutes=50 + place),
        "authors": ("Ines Okafor",),
        "sections": ("Harbour",),
        "body": "<p>The first paragraph of the article.</p><p>The second one.</p><p>The third one.</p>",
    }
    return EditionStory(position=place, article=Article(**{**fields, **changes}), summary=Summary(summary), also=also)


def digest(*stories: EditionStory, **changes: Any) -> Digest:
    fields: dict[str, Any] = {
        "edition": "k7f3q9xd2abc",
        "name": "Morning briefing",
        "newsroom": RECORD,
        "slot": SLOT,
        "timezone": "UTC",
        "language": "en",
        "stories": stories or tuple(story(place) for place in range(1, 7)),
        "subject": "{{ lead.title }}",
        "preheader": "{{ titles[1:4] | join(' · ') }}",
        "folders": (TEMPLATES,),
    }
    return Digest(**{**fields, **changes})


def correction(**changes: Any) -> Correction:
    fields: dict[str, Any] = {
        "article": 1,
        "edition": "aaaaaaaaaaaa",
        "schedule": "morning",
        "title": "The ferry subsidy",
        "url": "https://record.example/ferry",
        "said": "the ferry subsidy is $14 million a year.",
        "right": "it is $1.4 million.",
        "told": SLOT,
        "at": SLOT,
        "who": "mara",
    }
    return Correction(**{**fields, **changes})


def page(source: str) -> Any:
    return lxml_html.document_fromstring(source)


def text_of(element: Any) -> str:
    return " ".join(element.text_content().replace("\u00a0", " ").split())


def own_template(folder: Path, mjml: str, text: str = "{{ lead.title }}") -> tuple[Path, ...]:
    place = folder / "digests" / "own"
    place.mkdir(parents=True, exist_ok=True)
    (place / "digest.mjml.j2").write_text(mjml, "utf-8")
    (place / "digest.txt.j2").write_text(text, "utf-8")
    return (folder, TEMPLATES)


@pytest.fixture(scope="module")
def mail() -> Email:
    return compile_email(digest())


def test_text_and_html_hold_the_same_stories(mail: Email) -> None:
    body = text_of(page(mail.html).body)
    for place in range(1, 7):
        assert f"Headline {place}" in body and f"Headline {place}" in mail.text
        assert f"\nhttps://record.example/story-{place}\n" in mail.text.replace("\n   ", "\n")
        assert page(mail.html).xpath(f"//a[@href='https://record.example/story-{place}']")


def test_headings_are_one_h1_h2_for_parts_h3_for_stories(mail: Email) -> None:
    document = page(mail.html)
    assert [text_of(each) for each in document.xpath("//h1")] == ["Headline 1"]
    assert [text_of(each) for each in document.xpath("//h2")] == ["Also today", "In brief"]
    assert [text_of(each) for each in document.xpath("//h3")] == [f"Headline {place}" for place in range(2, 7)]


def test_layout_tables_say_that_they_are_no_data(mail: Email) -> None:
    tables = page(mail.html).xpath("//table")
    assert len(tables) > 8
    assert {table.get("role") for table in tables} == {"presentation"}


def test_a_part_without_stories_is_left_out_with_its_rule() -> None:
    alone = compile_email(digest(story(1)))
    assert "Also today" not in alone.html and "In brief" not in alone.html
    assert len(page(alone.html).xpath("//td[contains(@class, 'heavy')]")) == 1
    assert "Also today" not in alone.text


def test_personal_values_are_holes_in_mail_and_text_and_absent_from_the_public_page(mail: Email) -> None:
    for field in (MergeField.UNSUBSCRIBE_URL, MergeField.PREFERENCES_URL, MergeField.SUBSCRIBED):
        hole = field.hole("k7f3q9xd2abc")
        # The preferences page is linked as such, and for the pause on it.
        times = 2 if field is MergeField.PREFERENCES_URL else 1
        assert (mail.html.count(hole), mail.text.count(hole)) == (times, times)
    assert page(mail.html).xpath(f"//a[@href='{MergeField.UNSUBSCRIBE_URL.hole('k7f3q9xd2abc')}']")
    assert not re.search(r"__[SF]\d+_", mail.web)
    assert "Unsubscribe" not in mail.web and "View in browser" not in mail.web


def test_the_public_page_has_one_main_part_with_a_bar_above_its_headline(mail: Email) -> None:
    document = page(mail.web)
    assert [len(main.xpath(".//h1")) for main in document.xpath("//main")] == [1]
    assert "Web version of the edition of 24 November 2026, 07:00" in text_of(document.body)
    main = text_of(document.xpath("//main")[0])
    assert main.index("Web version") < main.index(text_of(document.xpath("//h1")[0]))


def test_view_in_browser_leads_to_the_editions_permanent_address(mail: Email) -> None:
    assert "https://letters.record.example/e/k7f3q9xd2abc" in mail.html
    assert "\nhttps://letters.record.example/e/k7f3q9xd2abc\n" in mail.text


def test_the_lead_shows_its_picture_with_alt_caption_and_credit_linked_to_the_story() -> None:
    document = page(compile_email(digest(story(1, image=CRANES))).html)
    (image,) = document.xpath("//img")
    assert (image.get("alt"), image.get("width"), image.get("src")) == (CRANES.alt, "600", CRANES.url)
    assert image.getparent().get("href") == "https://record.example/story-1"
    assert "The basin. Photo: Tomas Revel" in text_of(document.body)


def test_a_picture_without_alt_text_is_decoration_and_no_nameless_link() -> None:
    document = page(compile_email(digest(story(1, image=replace(CRANES, alt="")))).html)
    (image,) = document.xpath("//img")
    assert image.get("alt") == ""
    assert image.getparent().get("href") is None


def test_other_tellings_are_named_and_linked() -> None:
    also = (("Alder Bay Radio", "https://radio.example/1"), ("Coast Wire", "https://wire.example/2"))
    mail = compile_email(digest(story(1, also=also)))
    assert "Also reported by Alder Bay Radio and Coast Wire" in text_of(page(mail.html).body)
    assert page(mail.html).xpath("//a[@href='https://wire.example/2']")
    assert "Alder Bay Radio and Coast Wire\nhttps://radio.example/1\nhttps://wire.example/2\n" in mail.text


def test_a_story_without_authors_names_the_site_it_came_from_unless_it_is_ours() -> None:
    ours = story(2, authors=(), url="https://www.record.example/a")
    theirs = story(3, authors=(), url="https://www.coastwire.example/a")
    mail = compile_email(digest(story(1), ours, theirs))
    assert "Harbour · coastwire.example · 1 min" in mail.text
    assert "Harbour · 1 min" in mail.text


def test_what_the_summary_said_is_not_said_again_in_the_lead() -> None:
    mail = compile_email(digest(story(1, summary="The first paragraph of the article.")))
    assert mail.text.count("The first paragraph") == 1
    assert "The second one.\n\nThe third one." in mail.text


def test_a_number_stays_with_its_unit_in_html_but_not_in_the_subject() -> None:
    mail = compile_email(digest(story(1, title="The port offers $9.2 million")))
    assert "$9.2\u00a0million" in mail.html
    assert mail.subject == "The port offers $9.2 million"
    assert "$9.2 million" in mail.text


@pytest.mark.parametrize(
    "hostile",
    [
        '"><script>alert(1)</script>',
        "{{ 7*7 }}{% raw %}",
        "__F1_k7f3q9xd2abc__ __F0__",
        "a ]]> b --> c <!-- d <!--[if mso]> e <![endif]-->",
        "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &copy;",
        "</title></style><mj-raw><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "\u202eevil\x00\x1b[31m",
    ],
)
def test_hostile_text_comes_through_as_the_text_it_is(hostile: str) -> None:
    told = story(1, title=hostile, summary=hostile, authors=(hostile,), sections=(hostile,), also=((hostile, "x:y"),),
                 image=replace(CRANES, alt=hostile, caption=hostile, credit=""))  # fmt: skip
    newsroom = replace(RECORD, name=hostile, address=hostile)
    wrong = correction(said=hostile, right=hostile, title=hostile)
    mail = compile_email(digest(told, story(2, title=hostile), newsroom=newsroom, name=hostile, corrections=(wrong,)))
    shown = re.sub(r"[\x00\x1b]", "", hostile)
    for source in (mail.html, mail.web):
        document = page(source)
        assert text_of(document.xpath("//h1")[0]) == shown
        assert document.xpath("//img")[0].get("alt") == shown
        assert not document.xpath("//script | //*[@onerror or @onmouseover]")
        assert len(document.xpath("//img")) == 1 and len(document.xpath("//h2")) == 2
        assert "alert(1)" not in "".join(document.xpath("//style/text()"))
    assert shown in mail.text.replace("\n", " ")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,<b>", "java\nscript:alert(1)", "//x.example", "", " https:x"]
)
def test_an_address_that_is_not_web_is_no_link(address: str) -> None:
    also = (("Coast Wire", address),)
    lead = story(1, url=address, image=replace(CRANES, url=address), also=also)
    others = (story(place, url=address) for place in range(2, 6))
    mail = compile_email(digest(lead, *others, corrections=(correction(url=address),)))
    assert "alert(1)" not in mail.html + mail.web + mail.text
    for source in (mail.html, mail.web):
        document = page(source)
        assert not document.xpath("//img") and not document.xpath("//a[not(@href)]")
        assert [text_of(each) for each in document.xpath("//h1")] == ["Headline 1"]
        assert "Coast Wire" in text_of(document.body)
        assert "Read the full story" not in text_of(document.body)
    assert "Read the full story" not in mail.text and "Headline 5" in mail.text


def test_an_address_keeps_its_query_to_the_letter() -> None:
    address = "https://record.example/?a=1&copy=3&lt=4&q='x'"
    mail = compile_email(digest(story(1, url=address)))
    assert page(mail.html).xpath("//h1/a")[0].get("href") == address
    assert f"\n{address}\n" in mail.text


@pytest.mark.parametrize("cut", ["{0}{1}", "{0}<b>{1}</b>"])
def test_no_text_of_a_story_becomes_a_merge_field(cut: str) -> None:
    hole = MergeField.UNSUBSCRIBE_URL.hole("k7f3q9xd2abc")
    text = cut.format(hole[:4], hole[4:])
    mail = compile_email(digest(story(1, title=f"Click {hole}", body=f"<p>Click {text} now.</p>", also=((hole, ""),))))
    assert "Click" in mail.text and "now." in mail.text
    assert (mail.html.count(hole), mail.text.count(hole), mail.web.count(hole)) == (1, 1, 0)


@pytest.mark.parametrize("part", ["mjml", "text"])
def test_texts_that_make_a_merge_field_together_are_refused(tmp_path: Path, part: str) -> None:
    hole = MergeField.UNSUBSCRIBE_URL.hole("k7f3q9xd2abc")
    joined = "{{ lead.title }}{{ lead.summary }}"
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>".format(
            joined if part == "mjml" else ""
        )
    )
    folders = own_template(tmp_path, mjml, joined if part == "text" else "x")
    with pytest.raises(RenderError, match="make a merge field of it"):
        compile_email(digest(story(1, title=hole[:4], summary=hole[4:]), template="own", folders=folders))


@pytest.mark.parametrize(("language", "face"), [("ar", "'Noto Naskh Arabic'"), ("he", "Georgia")])
def test_a_right_to_left_edition_is_mirrored_down_to_each_section_and_column(language: str, face: str) -> None:
    mail = compile_email(digest(story(1), story(2), language=language))
    document = page(mail.html)
    assert (document.get("lang"), document.get("dir")) == (language, "rtl")
    assert "direction:ltr" not in mail.html
    aligned = {cell.get("style").split("text-align:")[1].split(";")[0].strip() for cell in document.xpath(
        "//td[contains(@class, 'cell') or contains(@class, 'number')]")}  # fmt: skip
    assert aligned == {"right"} and 'align="left"' not in mail.html
    assert face in document.xpath("//h1")[0].get("style")
    assert "letter-spacing:0" in mail.html.replace(" ", "") or language != "ar"


def test_an_arabic_edition_speaks_arabic_with_arabic_figures() -> None:
    mail = compile_email(digest(story(1), story(2), language="ar"))
    assert "الثلاثاء ٢٤ نوفمبر ٢٠٢٦" in mail.text
    assert "إلغاء الاشتراك" in mail.html and "Unsubscribe" not in mail.html


def test_a_japanese_edition_has_japanese_faces_words_and_no_tracking() -> None:
    mail = compile_email(digest(story(1), story(2), language="ja"))
    document = page(mail.html)
    assert (document.get("lang"), document.get("dir")) == ("ja", "ltr")
    style = document.xpath("//h1")[0].get("style").replace(" ", "")
    assert style.startswith("font-family:'HiraginoMinchoProN'")
    assert "letter-spacing:0" in style and "font-weight:600" in style
    assert "2026年11月24日（火）" in mail.html and "配信停止" in mail.html


def test_a_story_in_another_language_says_so_on_its_own_elements() -> None:
    mail = compile_email(digest(story(1), story(2, language="ar-EG"), story(3, language="en-GB")))
    told = page(mail.html).xpath("//*[@lang='ar-EG']")
    assert [element.get("dir") for element in told] == ["rtl"]
    assert text_of(told[0]).startswith("Headline 2")
    assert not page(mail.html).xpath("//*[@lang='en-GB']")


def test_dark_colours_are_there_for_apple_and_for_outlook_com(mail: Email) -> None:
    styles = "".join(page(mail.html).xpath("//style/text()"))
    dark = styles.split("@media (prefers-color-scheme: dark)")[1]
    assert "#121516" in dark and "[data-ogsc] .ink" in dark and "[data-ogsb] .bg" in dark
    assert page(mail.html).xpath("//meta[@name='color-scheme'][@content='light dark']")


def test_outlook_gets_its_own_faces_and_no_web_font_is_asked_for(mail: Email) -> None:
    assert "<!--[if mso]><style" in mail.html
    assert "fonts.googleapis.com" not in mail.html and "@import" not in mail.html
    assert mail.html.count("<!--[if") == mail.html.count("<![endif]-->")


def test_the_preheader_stands_hidden_before_everything_else(mail: Email) -> None:
    assert mail.preheader == "Headline 2 · Headline 3 · Headline 4"
    assert text_of(page(mail.html).body).startswith(mail.preheader)
    assert mail.preheader not in mail.web


def test_a_logo_takes_the_place_of_the_name_and_dark_keeps_the_name_in_type() -> None:
    mail = compile_email(digest(newsroom=replace(RECORD, logo="https://record.example/logo.png")))
    document = page(mail.html)
    assert [image.get("alt") for image in document.xpath("//img")] == [RECORD.name]
    assert text_of(document.xpath("//a[contains(@class, 'only-dark')]")[0]) == RECORD.name
    assert ".only-dark { display: inline-block !important; }" in mail.html


def test_no_line_of_the_text_part_is_longer_than_72_but_an_address(mail: Email) -> None:
    long = "word " * 60
    lines = compile_email(digest(story(1, title=long, summary=long), story(2, summary=long))).text.splitlines()
    assert [line for line in lines if len(line) > 72 and "://" not in line] == []
    assert "&amp;" not in mail.text and "&nbsp;" not in mail.text


def test_gmail_an_edition_too_big_leaves_its_last_stories_to_the_public_page() -> None:
    mail = compile_email(digest(*(story(place, title=f"Headline {place} " + "word " * 55) for place in range(1, 101))))
    assert len(mail.html.encode()) <= LARGEST
    shown = [place for place in range(1, 101) if f'https://record.example/story-{place}"' in mail.html]
    assert shown == list(range(1, len(shown) + 1)) and 20 < len(shown) < 100
    assert [place for place in range(1, 101) if f"/story-{place}\n" in mail.text] == shown
    assert f"+ {100 - len(shown)} stories" in text_of(page(mail.html).body)
    assert f"\n+ {100 - len(shown)} stories:\nhttps://letters.record.example/e/k7f3q9xd2abc\n" in mail.text
    assert 'https://record.example/story-100"' in mail.web and "+ " not in text_of(page(mail.web).body)


def test_a_mail_too_big_with_its_lead_alone_is_refused(tmp_path: Path) -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>{{ lead.title }}" + "word " * 21_000 + "</mj-text></mj-column>"
        "</mj-section></mj-body></mjml>"
    )
    with pytest.raises(RenderError, match=r"has 1\d\d kB with the lead alone.*templates/digests/own/digest\.mjml\.j2"):
        compile_email(digest(template="own", folders=own_template(tmp_path, mjml)))


LONG = "word " * 24_000


@pytest.mark.parametrize(
    "changes",
    [
        {"title": LONG},
        {"summary": LONG},
        {"authors": (LONG,)},
        {"authors": ("Ines Okafor",) * 9000},
        {"sections": (LONG,)},
        {"body": f"<p>{LONG}</p>"},
        {"body": "<p>" + "ภาษาไทย" * 6000 + "</p>", "language": "th"},
        {"image": replace(CRANES, caption=LONG)},
        {"image": replace(CRANES, credit=LONG)},
        {"image": replace(CRANES, alt=LONG)},
        {"url": f"https://record.example/{'x' * 120_000}"},
        {"also": tuple((f"Outlet {number}", f"https://o{number}.example/story") for number in range(900))},
    ],
)
def test_no_story_makes_the_mail_too_big_for_the_others(changes: dict[str, Any]) -> None:
    mail = compile_email(digest(story(1, **changes), *(story(place) for place in range(2, 7))))
    assert len(mail.html.encode()) < LARGEST / 2
    assert "Headline 6" in mail.html


def test_a_caption_and_a_list_of_tellings_are_bounded() -> None:
    also = tuple((f"Outlet {number}", f"https://o{number}.example/") for number in range(1, 8))
    document = page(compile_email(digest(story(1, image=replace(CRANES, caption=LONG), also=also))).html)
    (caption,) = [text_of(each) for each in document.xpath("//p") if text_of(each).startswith("word")]
    assert len(caption) <= 300 and caption.endswith("word… Photo: Tomas Revel")
    assert "Outlet 5" in text_of(document.body) and "Outlet 6" not in text_of(document.body)


def test_a_paragraph_is_cut_at_a_sentences_end_not_at_an_abbreviation() -> None:
    first = "The hearing heard a long account of the flood from one engineer after another, " * 5 + "and it ended."
    second = "Then came the expert witness Dr. Ada Lind, " + "who said that nobody was to blame for any of it, " * 5
    text = compile_email(digest(story(1, body=f"<p>{first} {second}.</p>"))).text.replace("\n", " ")
    assert "and it ended." in text and "witness Dr." not in text


def test_a_paragraph_without_sentence_ends_is_cut_at_a_word() -> None:
    document = page(compile_email(digest(story(1, body="<p>" + "and then he said that " * 100 + "</p>"))).html)
    (shown,) = [text_of(each) for each in document.xpath("//p[contains(@class, 'text')]") if "he said" in text_of(each)]
    assert 500 < len(shown) <= 620 and shown[-1] == "…"


def test_the_size_is_far_from_the_limit_for_a_usual_edition(mail: Email) -> None:
    assert len(mail.html.encode()) < LARGEST / 2


def test_an_unknown_template_is_named() -> None:
    with pytest.raises(RenderError, match=r"templates/digests/briefign/digest.mjml.j2: there is no such template"):
        compile_email(digest(template="briefign"))


@pytest.mark.parametrize("template", ["../briefing", "_parts", "/etc", ""])
def test_a_template_is_a_plain_name(template: str) -> None:
    with pytest.raises(RenderError, match="a template is a folder"):
        compile_email(digest(template=template))


@pytest.mark.parametrize(
    ("mjml", "fault"),
    [
        ("<mjml>\n{% if %}", r"digest\.mjml\.j2:2: "),
        ("<mjml>\n\n{{ leed.title }}", r"digest\.mjml\.j2:3: 'leed' is undefined"),
        ("<mjml><mj-body>\n<mj-sektion></mj-sektion>", r"digest\.mjml\.j2:2: <mj-sektion> is no MJML element.*mj-sec"),
        ("<mjml><mj-body>\n<mj-section>\n<mj-column></mj-section>", r"digest\.mjml\.j2:3: </mj-section> closes"),
        ('<mjml><mj-body><mj-section>\n<mj-column colour="x"/>', r"digest\.mjml\.j2:2: <mj-column> has no attribute"),
        ("{{ 1 }}\n{% filter upper %}x{% endfilter %}", r"digest\.mjml\.j2:2: {% filter %} cannot be used"),
        ('<mjml><mj-body>\n<mj-include path="/etc/hostname"/>', r"digest\.mjml\.j2:2: <mj-include> is not read"),
        ("<p>no mjml</p>", r"digest\.mjml\.j2: MJML cannot compile it"),
    ],
)
def test_a_faulty_template_is_named_with_file_and_line(tmp_path: Path, mjml: str, fault: str) -> None:
    with pytest.raises(RenderError, match=fault):
        compile_email(digest(template="own", folders=own_template(tmp_path, mjml)))


def test_a_fault_in_the_text_template_is_named_too(tmp_path: Path) -> None:
    folders = own_template(tmp_path, (TEMPLATES / "digests/briefing/digest.mjml.j2").read_text("utf-8"), "\n{{ x }}")
    with pytest.raises(RenderError, match=r"digest\.txt\.j2:2: 'x' is undefined"):
        compile_email(digest(template="own", folders=folders))


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("{{ story.title }}", "<b>x</b>"),
        ("{{ story.title | upper }}", "<B>X</B>"),
        ("{{ story.title | e }}", "&lt;b&gt;x&lt;/b&gt;"),
        ("{{ story.title | safe }}", "<b>x</b>"),
        ("{% set held %}[{{ story.title }}]{% endset %}{{ held }}", "[<b>x</b>]"),
        ("{% macro tell(t) %}({{ t }}){% endmacro %}{{ tell(story.title) }}", "(<b>x</b>)"),
        ("{{ 'a' ~ story.title }}", "a<b>x</b>"),
        ("{% set s %}{% raw %}{}{% endraw %}{% endset %}{{ s.format(story.title) }}", "<b>x</b>"),
        ("{% autoescape true %}{{ story.title }}{% endautoescape %}", "<b>x</b>"),
        ("{{ '%s!' | format(story.title) }}", "<b>x</b>!"),
    ],
)
def test_whatever_way_a_template_prints_a_value_no_markup_comes_of_it(
    tmp_path: Path, expression: str, shown: str
) -> None:
    mjml = (
        "<mjml><mj-body>{% for story in stories %}<mj-section><mj-column><mj-text><h1>"
        + expression
        + "</h1></mj-text></mj-column></mj-section>{% endfor %}</mj-body></mjml>"
    )
    mail = compile_email(digest(story(1, title="<b>x</b>"), template="own", folders=own_template(tmp_path, mjml)))
    assert text_of(page(mail.html).xpath("//h1")[0]) == shown
    assert not page(mail.html).xpath("//h1/b")


@pytest.mark.parametrize(
    "place",
    ['<p style="color:{{ lead.title }}">', '<p onclick="{{ lead.title }}">', "<p {{ lead.title }}>"],
)
def test_a_value_where_it_could_run_is_refused(tmp_path: Path, place: str) -> None:
    mjml = f"<mj-section><mj-column><mj-text>{place}x</p></mj-text></mj-column></mj-section>"
    mjml = f"<mjml><mj-body>{mjml}</mj-body></mjml>"
    with pytest.raises(RenderError, match="a value (stands in|was bent)"):
        compile_email(digest(template="own", folders=own_template(tmp_path, mjml)))


def test_the_public_page_cannot_be_given_a_merge_field(tmp_path: Path) -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>{{ holes.unsubscribe_url }}"
        "</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    with pytest.raises(RenderError, match="'holes' is undefined"):
        compile_email(digest(template="own", folders=own_template(tmp_path, mjml)))


def test_a_newsrooms_own_template_wins_over_the_shipped_one(tmp_path: Path) -> None:
    place = tmp_path / "digests" / "briefing"
    place.mkdir(parents=True)
    (place / "digest.txt.j2").write_text("Ours: {{ lead.title }}", "utf-8")
    assert compile_email(digest(folders=(tmp_path, TEMPLATES))).text == "Ours: Headline 1\n"


def test_the_same_digest_compiles_to_the_same_bytes(mail: Email) -> None:
    assert compile_email(digest()) == mail


def test_an_edition_without_stories_is_refused() -> None:
    with pytest.raises(RenderError, match="has no story"):
        compile_email(replace(digest(), stories=()))


def links_of(mail: Email) -> set[str]:
    return set(page(mail.html).xpath("//a/@href"))


def test_links_that_are_counted_stand_in_the_mail_and_its_text_and_nothing_else_does() -> None:
    also = (("Coast Wire", "https://coast.example/a"),)
    stories = (story(1, also=also), story(2), story(3))
    counted = {
        "https://record.example/story-1": "https://letters.record.example/l/k7f3q9xd2abc/1",
        "https://coast.example/a": "https://letters.record.example/l/k7f3q9xd2abc/2",
        "https://record.example/story-2": "https://letters.record.example/l/k7f3q9xd2abc/3",
    }
    plain, mail = compile_email(digest(*stories)), compile_email(digest(*stories, links=counted))
    changed = links_of(plain) ^ links_of(mail)
    assert changed == {*counted, *counted.values()}
    for before, after in counted.items():
        assert before in plain.text and before not in mail.text and after in mail.text
    assert "https://record.example/story-3" in links_of(mail)
    assert mail.web == plain.web


def test_a_digest_without_its_public_page_is_the_same_mail() -> None:
    whole, mail = compile_email(digest()), compile_email(digest(), page=False)
    assert (mail.web, mail) == ("", replace(whole, web=""))


def test_a_literal_of_a_template_is_shown_by_each_digest(tmp_path: Path) -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text>"
        '<p>{{ lead.title }}</p><p>{{ "A & B" }}</p>'
        "</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    folders = own_template(tmp_path, mjml)
    for title in ("First", "Second"):
        made = compile_email(digest(story(1, title=title), template="own", folders=folders))
        assert [text_of(each) for each in page(made.html).xpath("//p")] == [title, "A & B"]


def test_a_template_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column><mj-text><p>%s</p></mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    folders = own_template(tmp_path, mjml % "{{ lead.title }}")
    first = compile_email(digest(story(1, title="Ferry"), template="own", folders=folders))
    own_template(tmp_path, mjml % "Only {{ lead.title }}")
    second = compile_email(digest(story(1, title="Ferry"), template="own", folders=folders))
    assert [text_of(each) for made in (first, second) for each in page(made.html).xpath("//p")] == [
        "Ferry",
        "Only Ferry",
    ]


@pytest.mark.parametrize("language", sorted(_catalogue()))
@pytest.mark.parametrize("web", [False, True])
def test_a_digest_holds_no_picture_but_its_stories_and_the_newsrooms(language: str, web: bool) -> None:
    newsroom = replace(RECORD, logo="https://record.example/logo.png", logo_dark="https://record.example/dark.png")
    stories = (story(1, image=CRANES), *(story(place) for place in range(2, 7)))
    links = {f"https://record.example/story-{place}": f"https://letters.example/l/x/{place}" for place in range(1, 7)}
    made = compile_email(digest(*stories, newsroom=newsroom, language=language, links=links))
    source = made.web if web else made.html
    allowed = {CRANES.url, newsroom.logo, newsroom.logo_dark}
    document = page(source)
    loaded = document.xpath("//*/@src | //*/@background | //*/@srcset | //*/@poster | //*/@data | //link/@href")
    assert set(loaded) <= allowed and CRANES.url in loaded
    assert {
        tag for tag in ("iframe", "object", "embed", "video", "audio", "script") if document.xpath(f"//{tag}")
    } == set()
    # In styles, comments and conditional parts of Outlook too.
    assert not re.search(r"url\(|@import|<v:(image|fill)|mso-background-source", source)
    assert set(re.findall(r"<img[^>]*?src=\"([^\"]*)\"", source)) <= allowed
    for picture in document.xpath("//img"):
        assert picture.get("width") not in {"0", "1"} and picture.get("height") not in {"0", "1"}


def test_a_frame_in_another_language_leaves_each_story_its_own() -> None:
    stories = (
        story(1, title="The ferry returns", language="en"),
        story(2, title="What says nothing of its language"),
        story(3, title="الميناء يعرض المال", language="ar"),
    )
    made = compile_email(digest(*stories, language="ar"))
    document = page(made.html)
    assert (document.get("lang"), document.get("dir")) == ("ar", "rtl")
    for title in ("The ferry returns", "What says nothing of its language"):
        (heading,) = document.xpath(f"//*[self::h1 or self::h3][contains(., '{title}')]")
        (around,) = heading.xpath("ancestor-or-self::*[@lang and not(self::html)][1]")
        assert (around.get("lang"), around.get("dir")) == ("en", "ltr")
    (arabic,) = document.xpath("//h3[contains(., 'الميناء')]")
    assert not arabic.xpath("ancestor-or-self::*[@lang and not(self::html) and not(self::body)][1][not(@lang='ar')]")
    assert made.language == "ar"
    assert "إلغاء الاشتراك" in made.html and "إلغاء الاشتراك" in made.text


def test_names_of_the_other_direction_are_set_apart_from_the_line_around_them() -> None:
    foreign = story(2, language="ar", authors=("سلمى رييس",), sections=("الميناء",))
    english = text_of(page(compile_email(digest(story(1), foreign)).html).body)
    assert "\u2068الميناء\u2069 · \u2068سلمى رييس\u2069 · 1 min" in english
    assert "\u2068Headline" not in english and "\u2068Harbour" not in english
    arabic = compile_email(digest(story(1), story(2), language="ar", name="Morning briefing!"))
    shown = text_of(page(arabic.html).body)
    assert "\u2068Morning briefing!\u2069" in shown
    assert "\u2068Harbour\u2069 · \u2068Ines Okafor\u2069" in shown
    assert "\u2068The Port Alder Record\u2069" in shown
    assert "\u2068" not in arabic.subject


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "ar"])
def test_a_correction_says_in_words_when_what_and_what_is_right_in_all_parts(language: str) -> None:
    mail = compile_email(digest(language=language, corrections=(correction(), correction(url="", title=""))))
    for part in (mail.html, mail.web):
        shown = text_of(page(part))
        assert shown.count("the ferry subsidy is $14 million a year.") == 2
        assert page(part).xpath("//td[contains(@class, 'box')]//a/@href") == ["https://record.example/ferry"]
    assert mail.text.count("it is $1.4 million.") == 2
    assert "https://record.example/ferry" in mail.text
    assert page(mail.html).xpath("count(//h1)") == 1


def test_where_nothing_was_wrong_no_correction_is_spoken_of() -> None:
    mail = compile_email(digest())
    assert "box" not in mail.html
    assert "Correction" not in mail.html + mail.text
