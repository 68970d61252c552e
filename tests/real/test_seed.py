"""The seed page through each digest and each template of posts: what it becomes is printed (``pytest -s``, ``-rP``)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html

from bot.editions.posts import compose_post
from bot.model import EditionStory, Email, Limits, Post
from bot.schedules.installation import Installation, opened
from bot.schedules.plan import Slot
from bot.schedules.preview import filled, preview
from bot.settings import SECRET_KEYS, shipped
from bot.testing import NEWSROOM
from bot.tokens import KeyRing

pytestmark = pytest.mark.real

FACTS = ("$68 billion", "$14.1 billion", "February 7", "Trump", "Ishiba")
FURNITURE = ("No Comments on", "minute read", "Leave a comment", "pic.twitter.com", "![Japan", "](", "?resize=")
DIGESTS = ("briefing", "headlines", "magazine", "single")
_FILES = sorted((shipped("templates") / "posts").glob("*.txt.j2"))
POSTS = tuple(each.name.removesuffix(".txt.j2") for each in _FILES if "correction" not in each.name)
SCHEDULE = """
[schedules.{name}]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
template = "{name}"

[schedules.{name}.selection]
window = "last 10000d"
max_age = "10000d"
"""
# The page's own site is not to be had here: its picture stays where it is.
TOML = """
[images]
host = false

[sources.pages]
type = "folder"
path = "{seeds}"

[channels.mail]
type = "email"
from = "The Record <briefing@newsroom.test>"
host = "127.0.0.1"
port = 9
security = "none"
"""


@dataclass(frozen=True)
class Told:
    """What the page became: its story, and the mail of each template as a reader gets it."""

    story: EditionStory
    mails: dict[str, Email]
    installation: Installation


@pytest.fixture(scope="module")
def told(seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("seed")
    (folder / "config").mkdir()
    toml = NEWSROOM + TOML.format(seeds=seeds) + "".join(SCHEDULE.format(name=name) for name in DIGESTS)
    (folder / "config" / "broadsheet.toml").write_text(toml, "utf-8")
    now, mails = datetime.now(UTC), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET_KEYS, KeyRing.generate())
        with opened(folder / "config") as installation:
            for name in DIGESTS:
                seen = asyncio.run(preview(installation, name, Slot(name, f"{now:%Y-%m-%dT%H:%M}", now), folder / name))
                (story,) = seen.edition.stories
                (made,) = seen.edition.renditions
                assert made.email is not None
                mails[name] = filled(installation, seen.edition, made.email)
            yield Told(story, mails, installation)


def seen(email: Email) -> str:
    """What a reader sees of the HTML."""
    page = lxml_html.document_fromstring(email.html)
    for unseen in page.xpath("//style | //title | //*[contains(@style, 'display:none')]"):
        unseen.drop_tree()
    return plain(page.text_content())


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


@pytest.mark.parametrize("template", DIGESTS)
def test_its_digest_names_both_and_holds_no_furniture(told: Told, template: str) -> None:
    email = told.mails[template]
    print(f"\n{'=' * 20} {template}: {email.subject}\n{email.text}")  # noqa: T201
    for form in (seen(email), plain(email.text), email.subject, plain(email.web)):
        assert "Trump" in form and "Ishiba" in form
        assert not [words for words in FURNITURE if words in form]
    assert "February 7" in seen(email) and "February 7" in plain(email.text)


def test_its_entry_and_its_single_story_hold_every_fact(told: Told) -> None:
    for form in (seen, lambda email: plain(email.text)):
        both = form(told.mails["briefing"]) + form(told.mails["single"])
        assert [fact for fact in FACTS if fact not in both] == []


def test_its_picture_has_its_alt_text_and_no_wrapper_around_its_address(told: Told) -> None:
    for template in ("briefing", "magazine", "single"):
        (image,) = lxml_html.document_fromstring(told.mails[template].html).xpath("//img")
        assert image.get("alt").startswith("Japanese Prime Minister Ishiba visits US")
        assert image.get("src").endswith("US-President-Trump-with-Japanese-Prime-Minister-Ishiba.jpg")


@pytest.mark.parametrize("template", POSTS)
def test_its_post_by_each_template_names_both_and_holds_no_furniture(told: Told, template: str) -> None:
    # As if the page had the address that it lacks here.
    story = replace(told.story, article=replace(told.story.article, url="https://record.example/ishiba-visits-us"))
    post = compose_post(
        story=story,
        edition_name="Morning briefing",
        newsroom=told.installation.newsroom,
        template=template,
        folders=told.installation.settings.template_folders(),
        limits=Limits(characters=300, size=3000, card=True) if template == "bluesky" else Limits(card=True),
    )
    print(f"\n{'=' * 20} {template}\n{post.text}\n{post.card}")  # noqa: T201
    said = _said(post)
    held = [fact for fact in FACTS if fact in plain(post.text)]
    print(f"holds {held}; has no room for {[fact for fact in FACTS if fact not in held]}")  # noqa: T201
    # A post is the headline and the first sentence, which name who met and when; the sums stand further down the page.
    # X's says the headline only, over a card.
    assert {"Trump", "Ishiba", "February 7"} - ({"February 7"} if template == "x" else set()) <= set(held)
    whole = plain(told.mails["single"].text)
    assert [number for number in re.findall(r"\$?\d[\d.,]*\b", plain(post.text)) if number not in whole] == []
    assert not [words for words in FURNITURE if words in said]
    assert post.text.count("https://record.example/ishiba-visits-us") <= 1


def _said(post: Post) -> str:
    card = f"{post.card.title} {post.card.description} {post.card.image_alt}" if post.card else ""
    return plain(f"{post.text} {card} {post.data.get('story', '')}")
