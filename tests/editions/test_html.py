"""Each template's mail and web page is good HTML, by html-validate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.editions.digest import compile_email
from bot.editions.notice import confirmation, data_link, known
from bot.editions.sample import sample_digest
from bot.model import Correction
from bot.testing import NOW
from tests.html_validate import Validator

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = (ROOT / "templates",)
LANGUAGES = ("en", "ja", "ar")
CORRECTION = Correction(
    article=7,
    edition="e",
    schedule="morning",
    said="The bridge has nine lanes.",
    right="It has seven.",
    title="Who crosses & when",
    url="https://record.example/bridge?a=1&b=2",
    told=NOW,
    at=NOW,
    who="tom",
)


@pytest.mark.parametrize("template", ["briefing", "headlines", "magazine", "single"])
def test_mail_and_page_of_each_template_are_good_html(validator: Validator, tmp_path: Path, template: str) -> None:
    pages = {}
    for language in LANGUAGES:
        file = None if language == "en" else ROOT / "tests" / "gallery" / f"{language}.json"
        digest = sample_digest(TEMPLATES, template=template, file=file)
        logo = replace(
            digest.newsroom, logo="https://record.example/logo.png", logo_dark="https://record.example/d.png"
        )
        bare = replace(digest.stories[0].article, authors=(), sections=(), image=None, body="", standfirst="")
        for name, each in (
            ("sample", digest),
            ("whole", replace(digest, newsroom=logo, corrections=(CORRECTION,))),
            ("bare", replace(digest, stories=(replace(digest.stories[0], article=bare, also=()),))),
        ):
            made = compile_email(each)
            pages |= {f"{template}-{language}-{name}-mail": made.html, f"{template}-{language}-{name}-web": made.web}
    # With more stories than have room.
    made = compile_email(replace(digest, stories=digest.stories * 15))
    pages |= {f"{template}-long-mail": made.html, f"{template}-long-web": made.web}
    assert validator.faults(pages, tmp_path) == []


def test_mails_to_one_reader_are_good_html(validator: Validator, tmp_path: Path) -> None:
    newsroom = sample_digest(TEMPLATES).newsroom
    pages = {}
    for language in LANGUAGES:
        url = "https://letters.portalderrecord.example/c/v1.k1.c.x.y"
        made = {
            "confirm": confirmation(newsroom, TEMPLATES, language=language, names=["A & B", "C"], url=url, until=NOW),
            "known": known(newsroom, TEMPLATES, language=language, names=["A & B"], url=url),
            "data": data_link(newsroom, TEMPLATES, language=language, url=url, until=NOW),
        }
        pages |= {f"{name}-{language}": mail.html for name, mail in made.items()}
    assert validator.faults(pages, tmp_path) == []


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("<p id='a'>One</p><p id='a'>Two</p>", "no-dup-id"),
        ("<p><table><tr><td>x</td></tr></table></p>", "close-order"),
        ("<img src='https://record.example/a.jpg'>", "wcag/h37"),
        ("<p>Fish & chips &nosuch;</p>", "unrecognized-char-ref"),
        ("<p align='left'>x</p>", "no-deprecated-attr"),
        ("<h1>a</h1><h3>b</h3>", "heading-level"),
    ],
)
def test_what_is_wrong_is_found(validator: Validator, tmp_path: Path, broken: str, rule: str) -> None:
    page = f'<!doctype html>\n<html lang="en"><head><title>x</title></head><body>{broken}</body></html>'
    assert any(f": {rule}: " in each for each in validator.faults({"broken": page}, tmp_path))
