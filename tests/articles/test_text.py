from __future__ import annotations

from bot.articles.text import paragraphs, passages, reading_minutes

BODY = """
<p>The <em>Gannet</em> sailed at six.<br>It returned at nine.</p>
<h2>Aboard</h2>
<figure><img src="https://news.example/1.jpg" alt="A ferry"><figcaption>In port</figcaption></figure>
<p><strong>What the captain said</strong></p>
<p><strong>Nobody was hurt.</strong></p>
<blockquote><p>Forty years ago we signed a treaty.</p><cite>The president</cite></blockquote>
<p><a href="https://www.youtube.com/watch?v=1">The weighing</a></p>
<p>“It is &lt;slow&gt; water,” said <a href="https://news.example/">Petra Nwosu</a> &amp; left.</p>
<ul><li>a rope</li></ul><table><tbody><tr><td><p>12</p></td></tr></tbody></table><p> </p>
"""


def test_paragraphs_are_prose_alone() -> None:
    assert paragraphs(BODY) == (
        "The Gannet sailed at six. It returned at nine.",
        "Nobody was hurt.",
        "“It is <slow> water,” said Petra Nwosu & left.",
    )


def test_a_body_without_prose_gives_its_lists_and_quotations() -> None:
    assert paragraphs("<h2>Closed</h2><ul><li>The bridge</li><li>The school</li></ul>") == ("The bridge", "The school")
    assert paragraphs("<blockquote><p>Come home.</p><cite>A sailor</cite></blockquote>") == ("Come home.",)


def test_bare_text_is_a_paragraph() -> None:
    assert paragraphs("The ferry &amp; the <b>tide</b>") == ("The ferry & the tide",)


def test_a_body_of_pictures_or_nothing_has_no_paragraphs() -> None:
    for body in ("", "  ", "<h2>Only a heading</h2>", '<figure><img src="https://news.example/1.jpg"></figure>'):
        assert paragraphs(body) == ()


def test_reading_takes_a_minute_for_230_words() -> None:
    assert reading_minutes("") == 1
    assert reading_minutes(f"<p>{'word ' * 230}</p>") == 1
    assert reading_minutes(f"<p>{'word ' * 700}</p>") == 3


def test_reading_takes_a_minute_for_500_characters_of_japanese() -> None:
    assert reading_minutes(f"<p>{'夜市が開かれた。' * 250}</p>") == 4
    assert reading_minutes(f"<p>{'漢' * 500} {'word ' * 230}</p>") == 2


def test_what_the_newsroom_struck_out_is_not_told():
    assert paragraphs("<p><s>12</s> 15 people died.</p>") == ("15 people died.",)


def test_passages_are_paragraphs_headings_and_items_in_order() -> None:
    assert [(each.text, each.heading) for each in passages(BODY)][:4] == [
        ("The Gannet sailed at six. It returned at nine.", False),
        ("Aboard", True),
        ("What the captain said", True),
        ("Nobody was hurt.", False),
    ]
    assert ("a rope", False) in [(each.text, each.heading) for each in passages(BODY)]
    assert not {"In port", "12", "Forty years ago we signed a treaty."} & {each.text for each in passages(BODY)}
    assert [each.text for each in passages("Only text.")] == ["Only text."]
