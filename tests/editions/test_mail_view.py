from __future__ import annotations

import pytest

from bot.editions.mail_view import View, seen, with_style
from bot.testing import email

HTML = (
    '<html><head><meta name="color-scheme" content="light dark"><style>:root { color-scheme: light dark; }\n'
    "@media (prefers-color-scheme: dark) { body { background: #000; } }</style></head>"
    "<body><p>It looks light dark under @media (prefers-color-scheme: dark)</p></body></html>"
)


@pytest.mark.parametrize("view", [View.DESKTOP, View.PHONE, View.NO_IMAGES])
def test_a_light_view_is_light_on_a_dark_machine(view):
    page = seen(email(html=HTML), view)
    assert "@media not all { body" in page
    assert 'content="light">' in page
    assert "color-scheme: light;" in page


def test_the_dark_view_is_dark_on_a_light_machine():
    page = seen(email(html=HTML), View.DARK)
    assert "@media all { body" in page
    assert 'content="dark">' in page
    assert "color-scheme: dark;" in page


@pytest.mark.parametrize("view", [View.DESKTOP, View.DARK])
def test_what_is_said_in_the_mail_stays_as_it_is(view):
    assert "<p>It looks light dark under @media (prefers-color-scheme: dark)</p>" in seen(email(html=HTML), view)


def test_the_text_part_is_a_page_of_text():
    page = seen(email(text="<script>x</script>\n{0} & more", subject="</title><b>", language='"><i>'), View.TEXT)
    assert "&lt;script&gt;x&lt;/script&gt;\n{0} &amp; more</pre>" in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_a_style_more_stands_behind_the_mails_own():
    assert with_style(HTML, "p { color: red; }").index("p { color: red; }") > HTML.index("@media")
    assert with_style("<p>no head</p>", "p {}") == "<style>p {}</style><p>no head</p>"
