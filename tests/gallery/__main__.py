"""Draws the gallery (``python -m tests.gallery``): templates on phone and desk, and share cards, in three languages.

Needs Chromium and, to look as it is meant to, the fonts Inter, Noto Sans and Serif, Noto CJK. Pictures are those of the
demo's town.
"""

from __future__ import annotations

import io
import shutil
import sys
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Route, sync_playwright

from bot.demo.articles import TOWN
from bot.editions.card import card_of
from bot.editions.card import drawn as drawn_card
from bot.editions.correction_card import correction_card, drawn_correction
from bot.editions.digest import compile_email
from bot.editions.image import decoded
from bot.editions.sample import sample_digest
from bot.editions.wording import wording
from bot.model import Correction, Email, MergeField
from bot.settings import shipped

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "gallery"
TEMPLATES = ("briefing", "magazine", "headlines", "single")
LANGUAGES = ("en", "ja", "ar")
VIEWS = ((640, "light"), (375, "dark"))
_COLOURS = 200
# Mails name the faces that readers have; this machine has none of them, so that one of like widths stands in.
_FACES = "".join(
    f"@font-face{{font-family:'Segoe UI';font-weight:{weight};src:local('Inter {name}')}}"
    for weight, name in ((400, "Regular"), (600, "Semi Bold"), (700, "Bold"))
)


def main() -> int:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        print("gallery: no Chromium is installed (apt-get install chromium)", file=sys.stderr)
        return 1
    OUT.mkdir(exist_ok=True)
    draw_cards()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for template in TEMPLATES:
            for language in LANGUAGES:
                for width, scheme in VIEWS:
                    picture = drawn(browser, shown(template, language), width, scheme)
                    (OUT / f"{template}-{language}-{width}-{scheme}.png").write_bytes(picture)
        browser.close()
    pictures = [each for each in OUT.iterdir() if each.suffix in (".png", ".jpg")]
    size = sum(each.stat().st_size for each in pictures)
    print(f"{OUT.relative_to(ROOT)}: {len(pictures)} pictures, {size / 1e6:.1f} MB")
    return 0


def draw_cards() -> None:
    """The share cards of each language's first stories: one with its photograph, one on the newsroom's colour."""
    for language in LANGUAGES:
        digest = sample_digest((shipped("templates"),), template="magazine", file=_sample(language))
        for story, form in zip(digest.stories, ("photo", "plain"), strict=False):
            words = wording(digest.language, digest.timezone)
            name = Path(story.article.image.url).name if story.article.image and form == "photo" else ""
            card = card_of(story, newsroom=digest.newsroom, slot=digest.slot, wording=words, photo=name)
            photo = decoded((TOWN / "images" / name).read_bytes(), within=(1200, 1600)) if name else None
            made = drawn_card(card, photo)
            (OUT / f"card-{form}-{language}{Path(made.image.name).suffix}").write_bytes(made.content)
    digest = sample_digest((shipped("templates"),), template="magazine")
    correction = Correction(
        article=1,
        edition=digest.edition,
        schedule="morning",
        title="The county’s yearly subsidy for the night ferry to Sable Island",
        url="",
        said="$14 million",
        right="$1.4 million",
        told=digest.slot,
        at=digest.slot,
        who="",
    )
    made = drawn_correction(correction_card(correction, digest.newsroom))
    (OUT / "card-correction-en.png").write_bytes(made.content)


def _sample(language: str) -> Path | None:
    return None if language == "en" else Path(__file__).parent / f"{language}.json"


def shown(template: str, language: str) -> str:
    """The HTML of the sample, as a reader since 3 March 2026 gets it."""
    digest = sample_digest((shipped("templates"),), template=template, file=_sample(language))
    mail: Email = compile_email(digest)
    since = wording(digest.language, digest.timezone).day(digest.slot.replace(month=3, day=3))
    html = mail.html
    for field in MergeField:
        value = since if field is MergeField.SUBSCRIBED else digest.newsroom.public_url
        html = html.replace(field.hole(digest.edition), escape(value))
    return html


def drawn(browser: Browser, html: str, width: int, scheme: str) -> bytes:
    """A PNG of all of ``html``, in few colours. Asks no network for anything."""
    context = browser.new_context(viewport={"width": width, "height": 600}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.route("**/*", _answered)
        page.set_content(html.replace("</head>", f"<style>{_FACES}</style></head>"), wait_until="load")
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    finally:
        context.close()
    few = picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


def _answered(route: Route) -> None:
    file = TOWN / "images" / Path(route.request.url).name
    if route.request.url.startswith("http") and file.is_file():
        route.fulfill(path=file)
    else:
        route.abort()


if __name__ == "__main__":
    sys.exit(main())
