from __future__ import annotations

from bot.editions.opening import opening, text_of

SENTENCE = "The timetable was drawn up for a cannery that closed long ago. "


def texts(body: str, standfirst: str = "") -> list[tuple[str, bool]]:
    return [(part.text, part.heading) for part in text_of(body, "en", standfirst=standfirst)]


def test_the_text_of_an_article_keeps_its_subheads_and_lists_in_their_places() -> None:
    body = "<p>One.</p><h2>Sub</h2><p>Two.</p><ul><li>Three</li><li><p>Four</p></li></ul>"
    body += "<p><strong>Bold</strong></p><p>Five.</p>"
    assert texts(body) == [
        ("One.", False),
        ("Sub", True),
        ("Two.", False),
        ("Three", False),
        ("Four", False),
        ("Bold", True),
        ("Five.", False),
    ]


def test_a_subhead_over_what_a_mail_cannot_show_is_left_out_with_it() -> None:
    body = "<p>One.</p><h2>Table</h2><table><tr><td>1</td></tr></table><h2>Next</h2><p>Two.</p><h3>Last</h3>"
    assert texts(body) == [("One.", False), ("Next", True), ("Two.", False)]


def test_a_first_paragraph_that_is_the_standfirst_is_not_said_again() -> None:
    assert texts("<p>It sails half empty.</p><p>Two.</p>", "It sails half empty") == [("Two.", False)]


def test_a_long_text_ends_with_a_whole_paragraph_and_a_single_long_one_with_a_whole_sentence() -> None:
    many = texts(f"<p>{SENTENCE * 10}</p>" * 30)
    assert 2000 < sum(len(text) for text, _ in many) <= 4000 and {text for text, _ in many} == {(SENTENCE * 10).strip()}
    (one,) = texts(f"<p>{SENTENCE * 200}</p>")
    assert 3800 < len(one[0]) <= 4000 and one[0].endswith("closed long ago.")


def test_a_body_without_text_has_none() -> None:
    assert texts("") == texts("<figure><figcaption>A caption</figcaption></figure>") == []


def test_an_opening_is_at_most_two_paragraphs_that_the_summary_did_not_say() -> None:
    paragraphs = ("It sails half empty.", "One.", "Two.", "Three.")
    assert opening(paragraphs, "It sails half empty.", "en") == ("One.", "Two.")
