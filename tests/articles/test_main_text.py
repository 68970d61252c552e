"""The words of a page are the article's; its pictures stand where they stood."""

from __future__ import annotations

import lxml.html

from bot.articles.main_text import main_text

TEXTS = (
    "The ferry to Aldmouth has been talked about in the council for two years, and on Monday evening the talk ended.",
    "Eleven members voted for the plan, four against it, and two had left the room before anybody counted them.",
    "The work begins in March and is to cost 1.4 million crowns, most of which the port pays from its own reserve.",
    "Whoever lives on the other side of the bay will then need nineteen minutes instead of an hour and a half.",
)
ADDRESS = "https://record.example/2026/ferry"


def text_of(*blocks, address=ADDRESS):
    told = "".join(f"<p>{text}</p>" for text in TEXTS[:2]) + "".join(blocks)
    told += "".join(f"<p>{text}</p>" for text in TEXTS[2:])
    markup = (
        f"<html><body><nav><a href='/'>Home</a></nav><main><article><h1>T</h1>{told}</article></main></body></html>"
    )
    return main_text(lxml.html.document_fromstring(markup), address)


def words(markup):
    return " ".join(lxml.html.fromstring(f"<div>{markup}</div>").text_content().split())


def test_all_of_the_article_and_none_of_the_page():
    found = words(text_of())
    assert all(text in found for text in TEXTS)
    assert "Home" not in found


def test_a_picture_stays_where_it_stands_and_its_caption_is_no_paragraph():
    figure = (
        '<figure><img src="https://record.example/crane.jpg" alt="Cranes"><figcaption>Cranes at dusk. Photo: M. Sorel'
        "</figcaption></figure>"
    )
    found = text_of(figure)
    assert 'src="https://record.example/crane.jpg"' in found
    assert found.index(TEXTS[1]) < found.index("crane.jpg") < found.index(TEXTS[2])
    assert "Cranes at dusk" not in words(found)
    assert all(text in words(found) for text in TEXTS)


def test_a_block_that_is_only_a_link_to_another_page_of_the_site_is_no_text():
    teaser = '<p><a href="https://record.example/2026/budget">What the budget says about your street</a></p>'
    found = words(text_of(teaser))
    assert "budget" not in found
    assert all(text in found for text in TEXTS)


def test_a_link_to_elsewhere_and_a_link_within_a_sentence_stay():
    film = '<p><a href="https://www.youtube.com/watch?v=abcdefgh">The council meeting, as a film</a></p>'
    told = (
        '<p>The <a href="https://record.example/2026/budget">budget of the port</a> has room for it, says its head.</p>'
    )
    found = words(text_of(film, told))
    assert "The council meeting, as a film" in found
    assert "The budget of the port has room for it" in found


def test_a_page_without_an_article_has_no_text():
    assert main_text(lxml.html.document_fromstring("<html><body></body></html>"), ADDRESS) == ""


def test_the_page_itself_is_not_changed():
    root = lxml.html.document_fromstring(
        f"<html><body><article><p>{TEXTS[0]}</p><p>{TEXTS[1]}</p></article></body></html>"
    )
    before = lxml.html.tostring(root)
    main_text(root, ADDRESS)
    assert lxml.html.tostring(root) == before
