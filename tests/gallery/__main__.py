"""Draws the gallery (``python -m tests.gallery``): templates on phone and desk, and share cards, in three languages.

In English it is the bundled newsroom, from its WordPress to the mail; in Japanese and Arabic the texts beside this.
Needs Chromium and, to look as it is meant to, the fonts Inter, Noto Sans and Serif, Noto CJK. Pictures are those of the
demo's town. ``python -m tests.gallery desk`` draws the editor's desk instead, for docs/editors.md.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import sys
import tempfile
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Route, sync_playwright

from bot.clock import SetClock
from bot.demo.articles import TOWN
from bot.demo.newsroom import newsroom
from bot.editions.card import card_of
from bot.editions.card import drawn as drawn_card
from bot.editions.correction_card import correction_card, drawn_correction
from bot.editions.digest import compile_email
from bot.editions.image import decoded
from bot.editions.sample import sample_digest
from bot.editions.wording import wording
from bot.model import Correction, Email, MergeField
from bot.schedules.installation import opened
from bot.schedules.plan import Slot
from bot.schedules.preview import preview
from bot.settings import SECRET_KEYS, shipped
from bot.tokens import KeyRing
from tests.gallery import desk

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "gallery"
TEMPLATES = {
    "briefing": ("Morning briefing", 7),
    "magazine": ("The weekend", 7),
    "headlines": ("Noon headlines", 12),
    "single": ("The long read", 4),
}
SAMPLES = ("ja", "ar")
VIEWS = ((640, "light"), (640, "dark"), (375, "light"), (375, "dark"))
SLOT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
CONFIG = """
[newsroom]
name = "The Port Alder Record"
url = "https://portalderrecord.example"
language = "en"
timezone = "America/Los_Angeles"
address = "14 Quay Street, Port Alder 40217"
corrections_to = "corrections@portalderrecord.example"
public_url = "https://letters.portalderrecord.example"

[http]
allow_loopback = true

[sources.site]
type = "wordpress"
url = "{site}"

[audiences.readers]
name = "Readers"

[channels.mail]
type = "email"
from = "The Record <news@portalderrecord.example>"
host = "127.0.0.1"
port = 9
security = "none"
"""
SCHEDULE = """
[schedules.{name}]
name = "{title}"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
template = "{name}"

[schedules.{name}.selection]
window = "last 72h"
maximum = {most}
"""
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
    if sys.argv[1:] == ["desk"]:
        desk.draw(found)
        return 0
    OUT.mkdir(exist_ok=True)
    draw_cards()
    pages = {("en", template): html for template, html in town().items()}
    pages |= {(language, template): shown(template, language) for language in SAMPLES for template in TEMPLATES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for (language, template), html in pages.items():
            for width, scheme in VIEWS:
                picture = drawn(browser, html, width, scheme)
                (OUT / f"{template}-{language}-{width}-{scheme}.png").write_bytes(picture)
        browser.close()
    pictures = [each for each in OUT.iterdir() if each.suffix in (".png", ".jpg")]
    size = sum(each.stat().st_size for each in pictures)
    print(f"{OUT.relative_to(ROOT)}: {len(pictures)} pictures, {size / 1e6:.1f} MB")
    return 0


def draw_cards() -> None:
    """The share cards of each language's first stories: one with its photograph, one on the newsroom's colour."""
    for language in ("en", *SAMPLES):
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


def town() -> dict[str, str]:
    """The HTML of the bundled newsroom's digest in each template: collected, selected and composed for a preview."""
    made = {}
    clock = SetClock(SLOT - timedelta(minutes=1))
    with tempfile.TemporaryDirectory() as folder, newsroom(SLOT - timedelta(minutes=5), clock) as site:
        config = Path(folder) / "config"
        config.mkdir()
        tables = (SCHEDULE.format(name=name, title=title, most=most) for name, (title, most) in TEMPLATES.items())
        (config / "broadsheet.toml").write_text("".join((CONFIG.format(site=site), *tables)), "utf-8")
        os.environ[SECRET_KEYS] = KeyRing.generate()
        with opened(config, clock) as installation:
            for name in TEMPLATES:
                slot = Slot(name, f"{SLOT:%Y-%m-%dT%H:%M}", SLOT)
                asyncio.run(preview(installation, name, slot, Path(folder) / name))
                made[name] = _inlined(Path(folder) / name)
    return made


def _inlined(folder: Path) -> str:
    """The preview's digest with the pictures beside it inside it."""
    html = (folder / "digest.html").read_text("utf-8")
    for file in (folder / "images").glob("*"):
        kind = "jpeg" if file.suffix == ".jpg" else "png"
        html = html.replace(f"images/{file.name}", f"data:image/{kind};base64,{b64encode(file.read_bytes()).decode()}")
    return html


def shown(template: str, language: str) -> str:
    """The HTML of the sample in another language, as a reader since 3 March 2026 gets it."""
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
