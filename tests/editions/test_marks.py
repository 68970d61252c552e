from __future__ import annotations

from bot.editions.marks import Mark, anchored, marked
from tests.growth import grows_evenly

SUMMARY = "The work costs £4.2 million & keeps one lane."


def marks_in(html):
    return [part.split("</mark>")[0] for part in html.split('<mark class="broadsheet">')[1:]]


def test_words_are_marked_within_their_text_and_nowhere_else():
    html = "<p>Another £4.2 million</p><p>The work costs £4.2 million &amp; keeps one lane.</p>"
    found = marked(html, [Mark("£4.2 million", SUMMARY)])
    assert found == (
        "<p>Another £4.2 million</p>"
        '<p>The work costs <mark class="broadsheet">£4.2 million</mark> &amp; keeps one lane.</p>'
    )


def test_spaces_case_and_references_are_looked_past():
    html = "<p>The  WORK\n costs&nbsp;&#163;4.2&nbsp;million &amp; keeps one lane.</p>"
    assert marks_in(marked(html, [Mark("£4.2 million", SUMMARY)])) == ["&#163;4.2&nbsp;million"]


def test_elements_within_the_words_are_kept_whole():
    html = "<p>The work costs £4.2 <b>million &amp; keeps</b> one lane.</p>"
    found = marked(html, [Mark("£4.2 million", SUMMARY)])
    assert marks_in(found) == ["£4.2 ", "million"]
    assert "<b>" in found
    assert found.replace('<mark class="broadsheet">', "").replace("</mark>", "") == html


def test_nothing_is_marked_in_heads_comments_styles_or_attributes():
    html = (
        "<head><title>The ferry returns</title></head><style>The ferry returns</style><!-- The ferry returns -->"
        '<img alt="The ferry returns"><p>The ferry returns</p>'
    )
    found = marked(html, [Mark("ferry", "The ferry returns")])
    assert marks_in(found) == ["ferry"]
    assert found.endswith('<p>The <mark class="broadsheet">ferry</mark> returns</p>')


def test_marks_that_overlap_leave_the_first():
    found = marked(
        "<p>Ten of eleven nights</p>",
        [Mark("Ten of", "Ten of eleven nights"), Mark("of eleven", "Ten of eleven nights")],
    )
    assert marks_in(found) == ["Ten of"]


def test_what_is_not_there_changes_nothing():
    html = "<p>The ferry returns</p>"
    for mark in (Mark("bus", "The ferry returns"), Mark("ferry", "The bus returns"), Mark(" ", " ")):
        assert marked(html, [mark]) == html


def test_hostile_words_make_no_element():
    text = "<script>alert(1)</script> said"
    html = "<p>&lt;script&gt;alert(1)&lt;/script&gt; said</p>"
    found = marked(html, [Mark("<script>alert(1)</script>", text)])
    assert marks_in(found) == ["&lt;script&gt;alert(1)&lt;/script&gt;"]
    assert "<script" not in found


def test_a_mail_as_large_as_one_may_be_is_marked_in_no_time():
    html = "<p>The work costs £4.2 million</p>" * 3000
    mark = Mark("£4.2 million", "The work costs £4.2 million")
    assert len(marks_in(marked(html, [mark]))) == 3000
    assert grows_evenly(lambda part: marked(part, [mark]), html)


def test_a_text_can_be_found_by_its_fragment_where_it_stands_last():
    html = "<div hidden>The ferry &amp; the bus</div><h2>The ferry &amp; the bus</h2>"
    found = anchored(html, "The ferry & the bus", "story")
    assert found == '<div hidden>The ferry &amp; the bus</div><h2><span id="story"></span>The ferry &amp; the bus</h2>'
    assert anchored(html, "The tram", "story") == anchored(html, " ", "story") == html
