"""What the law wants each mail to say, looked for as a reader would see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.editions.digest import compile_email
from bot.editions.imprint import lacking
from bot.editions.sample import sample_digest
from bot.model import Email, MergeField, Newsroom
from bot.settings import shipped

EDITION = "k7f3q9xdabcd"
ADDRESS = "14 Quay Street, Port Alder 40217"
UNSUBSCRIBE, SINCE = MergeField.UNSUBSCRIBE_URL.hole(EDITION), MergeField.SUBSCRIBED.hole(EDITION)
HTML = (
    "<html><head><title>x</title></head><body><h1>News</h1><p>You get this since {since}.</p>"
    '<p>{address}</p><a href="{url}">Unsubscribe</a></body></html>'
)
TEXT = "News\n\nYou get this since {since}.\n{address}\n{url}\n"

SHIPPED = ["briefing", "headlines", "magazine", "single"]


def mail(html: str = HTML, text: str = TEXT) -> Email:
    filled = {"since": SINCE, "address": ADDRESS, "url": UNSUBSCRIBE}
    return Email(subject="x", preheader="", html=html.format(**filled), text=text.format(**filled))


def missing(email: Email, address: str = ADDRESS) -> set[tuple[str, str]]:
    return {(each.what, each.part) for each in lacking(email, edition=EDITION, address=address)}


def test_a_mail_that_says_all_lacks_nothing() -> None:
    assert missing(mail()) == set()


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "ar"])
@pytest.mark.parametrize("template", SHIPPED)
def test_can_spam_each_shipped_digest_says_all_in_every_language(template: str, language: str) -> None:
    newsroom = Newsroom(name="The Record", url="https://record.example", language=language, address=ADDRESS)
    digest = sample_digest((shipped("templates"),), template=template, newsroom=newsroom)
    assert missing(compile_email(replace(digest, edition=EDITION))) == set()


@pytest.mark.parametrize(
    ("html", "lacks"),
    [
        (HTML.replace("{address}", ""), {("address", "HTML")}),
        (HTML.replace("{address}", '<span style="display: none">{address}</span>'), {("address", "HTML")}),
        (HTML.replace("{address}", "<!-- {address} -->"), {("address", "HTML")}),
        (HTML.replace("<title>x", "<title>{address}").replace("<p>{address}", "<p>"), {("address", "HTML")}),
        (HTML.replace("{since}", "you signed up"), {("reason", "HTML")}),
        (HTML.replace('<a href="{url}">Unsubscribe</a>', ""), {("unsubscribe", "HTML")}),
        (HTML.replace('<a href="{url}">Unsubscribe</a>', "{url}"), {("unsubscribe", "HTML")}),
        (HTML.replace(">Unsubscribe<", "><"), {("unsubscribe", "HTML")}),
        (HTML.replace("<a ", '<a style="display:none" '), {("unsubscribe", "HTML")}),
        (HTML.replace("<a ", '<div style="DISPLAY:NONE"><a ').replace("</a>", "</a></div>"), {("unsubscribe", "HTML")}),
        ("", {("address", "HTML"), ("reason", "HTML"), ("unsubscribe", "HTML")}),
        (HTML.replace("<h1>", f"<!--{'x' * 100_000}--><h1>"), {("unsubscribe", "HTML")}),
    ],
)
def test_can_spam_what_html_drops_or_hides_is_missing(html: str, lacks: set[tuple[str, str]]) -> None:
    assert missing(mail(html=html)) == lacks


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (TEXT.replace("{address}\n", ""), {("address", "text")}),
        (TEXT.replace("{since}", "then"), {("reason", "text")}),
        (TEXT.replace("{url}\n", ""), {("unsubscribe", "text")}),
    ],
)
def test_can_spam_what_the_text_part_drops_is_missing(text: str, lacks: set[tuple[str, str]]) -> None:
    assert missing(mail(text=text)) == lacks


def test_an_address_may_be_set_in_lines_and_a_link_may_be_a_picture() -> None:
    html = HTML.replace("{address}", "14 Quay&nbsp;Street<br>Port Alder<br>40217")
    html = html.replace(">Unsubscribe<", '><img src="https://record.example/out.png" alt="Unsubscribe"><')
    assert missing(mail(html=html)) == set()


def test_each_lack_says_what_to_write_into_the_template() -> None:
    found = list(lacking(Email(subject="", preheader="", html="<p>x</p>", text="x"), edition=EDITION, address=ADDRESS))
    assert len(found) == 6
    assert all("{{" in each.fix and "\n" not in each.said + each.fix for each in found)


def test_without_an_address_in_the_settings_it_is_not_looked_for_here() -> None:
    assert missing(mail(html=HTML.replace("{address}", ""), text=TEXT.replace("{address}", "")), address="") == set()


def test_templates_of_the_program_are_all_looked_at() -> None:
    folder = shipped("templates") / "digests"
    assert sorted(each.name for each in Path(folder).iterdir() if each.is_dir()) == SHIPPED
