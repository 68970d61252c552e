from __future__ import annotations

import pytest

from bot.editions.markup import pieces, tidied
from bot.editions.mjml import compile_mjml, faults
from bot.errors import RenderError


def compiled(content: str) -> str:
    body = f"<mj-section><mj-column>{content}</mj-column></mj-section>"
    return compile_mjml(f"<mjml><mj-body>{body}</mj-body></mjml>", name="t.j2", templates={})


def test_a_table_without_header_cells_is_layout_and_one_with_them_is_data() -> None:
    html = compiled("<mj-table><tr><td>1</td></tr></mj-table><mj-table><tr><th>k</th></tr></mj-table>")
    assert '<table role="presentation"' in html
    assert html.count("<table") - html.count('role="presentation"') == 1


def test_naming_roboto_asks_google_for_nothing() -> None:
    html = compiled("<mj-text font-family=\"Roboto, 'Open Sans', sans-serif\">x</mj-text>")
    assert "Roboto" in html and "googleapis" not in html and "@import" not in html


def test_outlooks_comments_stay_and_others_go() -> None:
    html = tidied("<div> <!-- note -->\n<!--[if mso]> <table> <![endif]--> x <b>a</b> <i>b</i> </div>")
    assert html == "<div>\n<!--[if mso]>\n<table>\n<![endif]-->x <b>a</b> <i>b</i>\n</div>\n"


def test_no_break_spaces_survive() -> None:
    assert tidied("<p>6\u00a0min  &nbsp; read</p>") == "<p>6\u00a0min &nbsp; read</p>\n"


def test_pieces_joined_give_back_the_source() -> None:
    source = '<!doctype html><p title="a > b">x<!-- y --></p><style>p > a {}</style><!--[if mso]>z<![endif]-->end'
    assert "".join(piece.text for piece in pieces(source)) == source


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("<mjml><mj-body><mj-text>x</mj-text></mj-body></mjml>", "<mj-text> stands in <mj-body>; it belongs in"),
        ("<mjml><mj-body>", "<mj-body> is not closed"),
        ("<mjml><mj-body></mj-section></mj-body></mjml>", "</mj-section> closes what is not open"),
        ("<mjml></mjml>", "MJML cannot compile it"),
        (
            '<mjml><mj-head><mj-attributes><mj-text align="left"/></mj-attributes><mj-attributes><mj-text color="a"/>',
            "<mj-attributes> sets <mj-text> a second time",
        ),
        (
            '<mjml><mj-head><mj-attributes><mj-class name="a" color="#000"/><mj-class name="a" color="#111"/>',
            'sets <mj-class name="a"> a second time',
        ),
        (
            '<mjml><mj-head><mj-attributes><mj-class name="a"><mj-text align="left"/></mj-class>',
            "<mj-text> stands in <mj-class>",
        ),
    ],
)
def test_what_the_compiler_would_pass_over_in_silence_is_said(source: str, fault: str) -> None:
    with pytest.raises(RenderError, match=fault):
        compile_mjml(source, name="t.j2", templates={})


def test_faults_are_found_in_every_branch_and_jinja_is_none() -> None:
    template = """{# <mj-none> #}<!-- <mj-none /> -->
{% if more > 3 %}<mj-sektion>{% endif %}
<mj-column width="{{ [288, 3] | min }}px" padding-{{ side }}="3px"{% if a > b %} href="x"{% endif %}
  colour="1">
<mj-attributes><mj-class name="{{ a }}" color="#000" /><mj-class name="{{ b }}" color="#000" /></mj-attributes>"""
    found = list(faults(template))
    assert [line for line, _ in found] == [2, 3, 4]
    assert "<mj-sektion> is no MJML" in found[0][1] and '"href"' in found[1][1] and '"colour"' in found[2][1]
