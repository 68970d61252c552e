"""The town's articles: Markdown files with YAML front matter, read as of the moment the demo was started."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from markdown_it import MarkdownIt
from PIL import Image

TOWN = Path(__file__).resolve().parent / "town"
MORNING = 7
"""The hour that it is in Port Alder when the demo begins: the slot of its morning edition is just over, and today's."""
# One for each hour of the day, none with a clock change; which of them the town lies in, nobody knows.
_ZONES = (
    "Pacific/Pago_Pago",
    "Pacific/Honolulu",
    "Pacific/Gambier",
    "Pacific/Pitcairn",
    "America/Phoenix",
    "America/Costa_Rica",
    "America/Panama",
    "America/Puerto_Rico",
    "America/Montevideo",
    "Atlantic/South_Georgia",
    "Atlantic/Cape_Verde",
    "Africa/Abidjan",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Brisbane",
    "Pacific/Guadalcanal",
    "Pacific/Tarawa",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file of ``town/images``, its size in pixels, what is seen on it and what stands below it."""

    file: str
    alt: str
    caption: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TownArticle:
    """One item of the newsroom. ``content`` is HTML as WordPress stores it, with root-relative addresses.

    ``status`` is ``publish``, ``future`` or ``draft``. Times are aware, in the newsroom's timezone.
    """

    id: int
    slug: str
    title: str
    standfirst: str
    author: str
    sections: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime
    modified: datetime
    language: str
    status: str
    sticky: bool
    picture: Picture | None
    content: str

    @property
    def path(self) -> str:
        """Where the article stands, e.g. ``/2026/11/slug/``."""
        return f"/{self.published:%Y/%m}/{self.slug}/"

    def public(self, now: datetime) -> bool:
        """Whether readers see it at ``now``: no draft, and its time has come."""
        return self.status != "draft" and self.published <= now


def town_articles(started: datetime) -> tuple[TownArticle, ...]:
    """All articles, newest first, those that no reader may see included. The same for the same ``started``."""
    articles = [_article(path, started) for path in sorted((TOWN / "articles").glob("*.md"))]
    return tuple(sorted(articles, key=lambda article: (article.published, article.id), reverse=True))


def timezone_of(started: datetime) -> str:
    """Where the town lies: it is ``MORNING`` there at ``started``."""
    return next(zone for zone in _ZONES if started.astimezone(ZoneInfo(zone)).hour == MORNING)


def parse_offset(text: str) -> timedelta:
    """``-1d3h20m`` or ``+2h`` as a duration. Raises ``ValueError``."""
    match = re.fullmatch(r"([+-])(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?", text)
    if not match:
        raise ValueError(f'"{text}" is no offset such as -1d3h20m')
    days, hours, minutes = (int(part or 0) for part in match.groups()[1:])
    offset = timedelta(days=days, hours=hours, minutes=minutes)
    return offset if match[1] == "+" else -offset


@cache
def picture(file: str, alt: str, caption: str = "") -> Picture:
    """The picture ``file`` of the town."""
    path = TOWN / "images" / file
    with Image.open(path) as image:
        width, height = image.size
    return Picture(file=file, alt=alt, caption=caption, width=width, height=height, size=path.stat().st_size)


@cache
def _parts(path: Path) -> tuple[dict[str, Any], str]:
    _, head, body = path.read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), body.strip() + "\n"


def _article(path: Path, started: datetime) -> TownArticle:
    head, body = _parts(path)
    # From the hour itself, at which the morning's edition is due: it tells nothing that came later.
    here = started.astimezone(ZoneInfo(timezone_of(started))).replace(minute=0, second=0, microsecond=0)
    published = here + parse_offset(head["published"])
    image = head.get("image")
    return TownArticle(
        id=head["id"],
        slug=path.stem.partition("-")[2],
        title=_dated(head.get("title", ""), published),
        standfirst=_dated(head.get("standfirst", ""), published),
        author=head["author"],
        sections=tuple(head["sections"]),
        tags=tuple(head.get("tags", ())),
        published=published,
        modified=here + parse_offset(head["modified"]) if "modified" in head else published,
        language=head.get("lang", "en"),
        status=head.get("status", "publish"),
        sticky=head.get("sticky", False),
        picture=picture(image["file"], image["alt"], image.get("caption", "")) if image else None,
        content=_content(_dated(body, published)),
    )


def _dated(text: str, published: datetime) -> str:
    """Fills ``{day -3d}`` ("21 November") and ``{weekday -3d}`` ("Saturday"), counted from the publication."""

    def fill(match: re.Match[str]) -> str:
        moment = published + parse_offset(match[2])
        return f"{moment.day} {moment:%B}" if match[1] == "day" else f"{moment:%A}"

    return re.sub(r"\{(day|weekday) ([^}]+)\}", fill, text)


_BLOCKS = {
    "<h2>": '<h2 class="wp-block-heading">',
    "<ul>": '<ul class="wp-block-list">',
    "<ol>": '<ol class="wp-block-list">',
    "<blockquote>": '<blockquote class="wp-block-quote">',
}


def _content(body: str) -> str:
    html = str(MarkdownIt("commonmark", {"html": True}).render(body))
    for plain, block in _BLOCKS.items():
        html = html.replace(plain, block)
    return html
