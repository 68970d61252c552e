from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.articles.text import paragraphs
from bot.errors import SourceError
from bot.model import Article, Image
from bot.sources.base import Collected, Known, Retrieval, Visit
from bot.sources.folder import MAX_BYTES, Folder, FolderOptions
from bot.sources.folder_parse import parse_file
from bot.sources.item import article_of

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"

MARKDOWN = """---
title: "Harbour buys a crane: no manual"
date: 2026-11-18 09:30:00 +01:00
updated: 2026-11-19
author: Ada Lind
section: Business
tags: [harbour, cranes]
standfirst: It came in 312 boxes.
language: en-GB
image: {url: /up/crane.jpg, alt: The new crane, caption: "On the mole. Photo: Tove Sand"}
pinned: true
---
# Harbour buys a crane: no manual

The authority has *paid* 4.2 million crowns.

## In the boxes

- bolts
- [a hook](https://strait.example/hook)

<script>alert(1)</script>

| a | b |
|---|---|
| 1 | 2 |
"""


def article(guid: str, text: str, base_url: str = "https://strait.example/news") -> Article:
    item = parse_file(guid, text.encode(), base_url=base_url)
    assert item is not None
    return article_of(item, source="s", now=NOW, link_needed=False)


def test_markdown_with_front_matter_is_read_whole() -> None:
    assert article("2026/crane.md", MARKDOWN) == Article(
        source="s",
        guid="2026/crane.md",
        url="https://strait.example/news/2026/crane",
        title="Harbour buys a crane: no manual",
        published=datetime(2026, 11, 18, 8, 30, tzinfo=UTC),
        updated=datetime(2026, 11, 19, tzinfo=UTC),
        standfirst="It came in 312 boxes.",
        authors=("Ada Lind",),
        sections=("Business",),
        tags=("harbour", "cranes"),
        language="en-GB",
        image=Image(
            url="https://strait.example/up/crane.jpg", alt="The new crane", caption="On the mole.", credit="Tove Sand"
        ),
        body="<p>The authority has <em>paid</em> 4.2 million crowns.</p><h2>In the boxes</h2><ul>\n<li>bolts</li>\n"
        '<li><a href="https://strait.example/hook">a hook</a></li>\n</ul><table>\n<thead>\n<tr>\n<th>a</th>\n'
        "<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>",
        pinned=True,
    )


@pytest.mark.parametrize(
    ("front", "url"),
    [
        ("url: https://other.example/a?utm_source=x", "https://other.example/a"),
        ("permalink: /2026/crane/", "https://strait.example/news/2026/crane/"),
        ("title: T", "https://strait.example/news/crane"),
    ],
)
def test_a_file_may_name_its_own_address(front: str, url: str) -> None:
    assert article("crane.md", f"---\n{front}\n---\nText.").url == url


def test_markdown_without_front_matter_takes_its_title_from_its_heading() -> None:
    read = article("crane.md", "# Boxes & bolts\r\n\r\nThey came.\r\n", base_url="")
    assert (read.title, read.body, read.url) == ("Boxes & bolts", "<p>They came.</p>", "")


def test_a_draft_is_no_article() -> None:
    assert parse_file("a.md", b"---\ndraft: true\n---\nText.") is None
    assert parse_file("a.md", b"---\npublished: false\n---\nText.") is None


@pytest.mark.parametrize(
    "data",
    [b"---\ntitle: a: b\n---\nText.", b"\xff\xfe\x00", b"---\nx: !!python/object:os.system\n---\na"],
)
def test_a_file_that_cannot_be_read_is_named(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^news/a\.md:"):
        parse_file("news/a.md", data)


def test_a_whole_page_loses_its_furniture_and_a_fragment_is_taken_as_it_is() -> None:
    text = (
        "The ferry Gannet returned to port on Thursday after nine years away, and nobody at all was there to meet it."
    )
    whole = article(
        "ferry.html",
        '<!doctype html><html lang="en"><head><title>Ferry | Strait</title>'
        '<meta property="og:title" content="Ferry back"></head><body><nav>Home News</nav>'
        f"<article><p>{text}</p><p>{text}</p></article><footer>Imprint</footer></body></html>",
    )
    assert (whole.title, whole.language) == ("Ferry back", "en")
    assert "Imprint" not in whole.body
    assert text in whole.body
    fragment = article("ferry.html", f"<h1>Ferry <em>back</em></h1><p>{text}</p>")
    assert (fragment.title, fragment.body) == ("Ferry back", f"<p>{text}</p>")


async def collect(folder: Path, before: Collected | None = None, now: datetime = NOW, **options: Any) -> Collected:
    source = Folder("desk", FolderOptions(path=folder, **options))
    known = (
        [Known(guid=each.guid, url=each.url, published=each.published) for each in before.articles] if before else []
    )
    visit = Visit(now=now, retrieval=before.retrieval if before else Retrieval(), known=known)
    return await source.collect(None, visit)  # type: ignore[arg-type]


async def test_all_files_of_a_folder_are_articles_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "2026" / "crane.md").write_text(MARKDOWN)
    (tmp_path / "ferry.txt").write_text(
        "Ferry returns\nLocal November 20, 2026 No Comments on Ferry returns\nIt came at six."
    )
    (tmp_path / ".hidden.md").write_text("# Hidden\n\ntext")
    (tmp_path / ".git" / "note.md").write_text("# Git\n\ntext")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    collected = await collect(tmp_path)
    assert [each.guid for each in collected.articles] == ["ferry.txt", "2026/crane.md"]
    assert collected.warnings == ()


async def test_nothing_changed_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\ntext")
    first = await collect(tmp_path)
    second = await collect(tmp_path, first)
    assert second.unchanged
    assert second.retrieval == first.retrieval
    assert not (await collect(tmp_path, first, language="sv")).unchanged


async def test_a_file_that_vanished_is_gone_and_one_that_became_a_draft_too(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\ntext")
    first = await collect(tmp_path)
    (tmp_path / "a.md").unlink()
    (tmp_path / "b.md").write_text("---\ndraft: true\n---\n# b\n\ntext")
    (tmp_path / "c.md").write_bytes(b"\xff broken while it is being edited")
    second = await collect(tmp_path, first)
    assert sorted(second.gone) == ["a.md", "b.md"]
    assert "c.md: is not UTF-8" in second.warnings[0]


async def test_a_file_without_a_date_keeps_that_of_its_first_reading(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# A\n\ntext")
    two_hours_ago = (NOW - timedelta(hours=2)).timestamp()
    os.utime(file, (two_hours_ago, two_hours_ago))
    first = await collect(tmp_path)
    file.write_text("# A\n\nanother text")
    second = await collect(tmp_path, first, now=NOW + timedelta(days=2))
    assert first.articles[0].published == second.articles[0].published == NOW - timedelta(hours=2)
    assert second.articles[0].body == "<p>another text</p>"


async def test_links_out_of_the_folder_and_huge_files_are_refused(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.md").write_text("# Secret\n\ntext")
    (folder / "secret.md").symlink_to(outside / "secret.md")
    (folder / "linked").symlink_to(outside)
    (folder / "broken.md").symlink_to(folder / "nowhere.md")
    (folder / "huge.txt").write_bytes(b"a" * (MAX_BYTES + 1))
    (folder / "good.md").write_text("# Good\n\ntext")
    (folder / "alias.md").symlink_to(folder / "good.md")
    (folder / os.fsdecode(b"\xff.md")).write_text("# Bytes\n\ntext")
    collected = await collect(folder)
    assert sorted(each.guid for each in collected.articles) == ["alias.md", "good.md"]
    warnings = " ".join(collected.warnings)
    assert "secret.md: is a link that leads out" in warnings
    assert "huge.txt: is larger" in warnings
    assert "has a name that cannot be shown" in warnings
    assert "broken.md: cannot be read" in warnings


async def test_a_missing_folder_is_an_error_and_withdraws_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"sources\.desk: there is no folder"):
        await collect(tmp_path / "nowhere")


@pytest.mark.skipif(
    not SEEDS.is_dir() and os.environ.get("BROADSHEET_REQUIRE_REAL") != "1",
    reason=f"there are no seed pages in {SEEDS}",
)
async def test_the_seed_page_keeps_its_facts_and_loses_its_furniture() -> None:
    collected = await collect(SEEDS)
    page = next(each for each in collected.articles if "Ishiba" in each.title)
    assert page.title.startswith("Japanese Prime Minister Ishiba visits US")
    assert page.published == datetime(2025, 2, 9, tzinfo=UTC)
    assert page.sections == ("Asia-Pacific", "News", "US")
    assert page.image is not None
    assert page.image.alt == page.title
    assert page.image.url.startswith("https://www.ir-ia.com/")
    assert [image.alt.split(" holds")[0] for image in page.images] == ["Japan's Prime Minister Shigeru Ishiba"]
    for heading in (
        "Trade deficit and tariffs",
        "The symbolic significance of the visit",
        "FBI investigations on Trump",
    ):
        assert f"<h2>{heading}</h2>" in page.body
    prose = " ".join(paragraphs(page.body))
    for fact in ("$68 billion", "$14.1 billion", "February 7, 2025", "Donald Trump", "Shigeru Ishiba"):
        assert fact in prose
    quoted = page.body[page.body.index("<blockquote>") : page.body.index("</blockquote>")]
    assert "For nearly 80 years" in quoted
    assert "President Donald J. Trump (@POTUS)</a></cite>" in quoted
    assert "For nearly 80 years" not in prose
    for furniture in (
        "No Comments",
        "minute read",
        "Leave a comment",
        "![",
        "i0.wp.com",
        "pic.twitter.com/JetUzmqK0k</",
    ):
        assert furniture not in page.body
    assert page.title not in page.body
