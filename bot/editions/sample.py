"""A digest of invented stories, to try a template on: ``templates/digests/NAME/sample.json``."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.editions.digest import Digest
from bot.errors import RenderError
from bot.model import Article, EditionStory, Image, Newsroom, Phrase, Summary

PICTURES = "https://portalderrecord.example/images/"
"""Where the samples say that their pictures are: at an address which is nobody's."""


def sample_digest(
    folders: Sequence[Path],
    *,
    template: str = "briefing",
    newsroom: Newsroom | None = None,
    subject: str = "{{ lead.title }}",
    preheader: str = "{{ titles[1:4] | join(' · ') }}",
    file: Path | None = None,
) -> Digest:
    """The sample of ``template``, set in ``newsroom`` (the sample's own when None). Raises ``RenderError``.

    A template without a sample of its own is tried on that of ``briefing``; ``file`` is another sample to try it on.
    """
    names = dict.fromkeys([template, "briefing"])
    files = [folder / "digests" / name / "sample.json" for name in names for folder in folders]
    file = file or next((candidate for candidate in files if candidate.is_file()), None)
    if file is None:
        raise RenderError(
            Phrase(
                "templates/digests/%(template)s/sample.json: there is no sample to try the template on",
                template=template,
            )
        )
    try:
        sample = json.loads(file.read_text("utf-8"))
        setting = newsroom or Newsroom(**sample["newsroom"])
        return Digest(
            edition=sample["edition"],
            name=sample["name"],
            newsroom=setting,
            slot=datetime.fromisoformat(sample["slot"]),
            timezone=setting.timezone,
            language=setting.language,
            stories=tuple(_story(raw, place) for place, raw in enumerate(sample["stories"], start=1)),
            subject=subject,
            preheader=preheader,
            template=template,
            ways=(("subscribe", f"{setting.public_url}/subscribe"), ("all_editions", f"{setting.public_url}/archive")),
            folders=tuple(folders),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RenderError(f"{file}: is not a sample as bot/editions/sample.py reads it: {error}") from error


def _story(raw: Mapping[str, Any], place: int) -> EditionStory:
    article = Article(
        source="sample",
        guid=raw["url"],
        url=raw["url"],
        title=raw["title"],
        published=datetime.fromisoformat(raw["published"]),
        authors=tuple(raw.get("authors", ())),
        sections=tuple(raw.get("sections", ())),
        language=raw.get("language", ""),
        image=Image(**raw["image"]) if raw.get("image") else None,
        body="".join(_paragraph(text) for text in raw["body"]),
    )
    also = tuple((name, url) for name, url in raw.get("also", ()))
    return EditionStory(position=place, article=article, summary=Summary(raw["summary"]), also=also)


def _paragraph(text: str) -> str:
    """A line that begins with ``## `` is a subhead."""
    heading = text.removeprefix("## ")
    return f"<p>{html.escape(text)}</p>" if heading == text else f"<h2>{html.escape(heading)}</h2>"
