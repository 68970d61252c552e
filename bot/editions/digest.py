"""An edition as a mail: structure first, MJML once, foreign values last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.audience.links import edition_url
from bot.editions.brand import tokens
from bot.editions.entry import Entry, entry, is_web, reading_time
from bot.editions.environment import MailEnvironment, Structure, render
from bot.editions.mjml import compile_mjml
from bot.editions.plain import render_text
from bot.editions.splice import Values
from bot.editions.style import style_of
from bot.editions.subject import render_line, render_subject
from bot.editions.wording import Wording, wording
from bot.errors import RenderError
from bot.model import EditionStory, Email, MergeField, Newsroom

LARGEST = 100_000
"""Bytes of HTML: Gmail clips a mail at about 102 kB, and the unsubscribe link with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a digest is made of. ``name`` is the schedule's, ``slot`` in UTC, ``language`` BCP 47.

    ``ways`` are phrases and URLs for the bar of the public page. ``subject`` and ``preheader`` are Jinja templates of
    the settings. ``template`` is a folder of ``digests/`` below one of ``folders``; the first that has it wins.
    """

    edition: str
    name: str
    newsroom: Newsroom
    slot: datetime
    timezone: str
    language: str
    stories: tuple[EditionStory, ...]
    subject: str
    preheader: str
    template: str = "briefing"
    folders: tuple[Path, ...]
    ways: tuple[tuple[str, str], ...] = ()


def compile_email(digest: Digest) -> Email:
    """Compiles ``digest``. A mail too big for Gmail leaves its last stories out, in HTML and text; the public page has
    them all. Raises ``RenderError`` naming file and line, or when the mail is too big with the lead alone.
    """
    _check(digest)
    words = wording(digest.language, digest.timezone)
    entries = tuple(
        _without_holes(entry(story, place, newsroom=digest.newsroom, slot=digest.slot, wording=words), digest.edition)
        for place, story in enumerate(digest.stories, start=1)
    )
    line = _line_context(digest, words, entries)
    subject = render_subject(digest.subject, line)
    preheader = render_line(digest.preheader, line, key="the schedule's preheader")
    context = {**_context(digest, words, entries), "subject": subject, "preheader": preheader}
    html, shown = _fitting(digest, context, words, entries)
    return Email(
        subject=subject,
        preheader=preheader,
        html=html,
        text=_text(digest, {**shown, "say": words.say, "web": False}),
        web=_html(digest, context, words, web=True),
        language=digest.language,
    )


def _check(digest: Digest) -> None:
    if not digest.stories:
        raise RenderError(f"edition {digest.edition}: it has no story; a digest needs one")
    if not re.fullmatch(r"[A-Za-z0-9]+", digest.edition):
        raise RenderError(f"edition {digest.edition[:40]!r}: its id is not made of letters and digits")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", digest.template):
        raise RenderError(f"template {digest.template[:40]!r}: a template is a folder of templates/digests/")


def _without_holes(value: Any, edition: str) -> Any:
    """``value`` with no merge field of ``edition`` in its texts: each subscriber's own link would be written there."""
    if isinstance(value, str):
        for each in MergeField:
            value = value.replace(each.hole(edition), " ")
        return value
    if isinstance(value, tuple):
        return tuple(_without_holes(each, edition) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{each.name: _without_holes(getattr(value, each.name), edition) for each in fields(value)}
        )
    return value


def _fitting(
    digest: Digest, context: Mapping[str, Any], words: Wording, entries: tuple[Entry, ...]
) -> tuple[str, Mapping[str, Any]]:
    """The mail's HTML with as many of the first stories as fit, and the context that made it."""
    count = len(entries)
    while True:
        shown = {**context, "stories": entries[:count], "more": len(entries) - count}
        html = _html(digest, shown, words)
        size = len(html.encode())
        if size <= LARGEST:
            return html, shown
        if count == 1:
            raise RenderError(
                f"edition {digest.edition}: its HTML has {size // 1000} kB with the lead alone and Gmail clips at "
                f"102 kB; make templates/{_file(digest, 'digest.mjml.j2')} smaller"
            )
        count = max(1, count - -(-(size - LARGEST) // (size // count)))


def _html(digest: Digest, context: Mapping[str, Any], words: Wording, *, web: bool = False) -> str:
    values = Values(digest.edition)
    environment = MailEnvironment(digest.folders, values.show)
    name = _file(digest, "digest.mjml.j2")

    def say(phrase: str, **filled: Any) -> Structure:
        return Structure("".join(values.show(part) for part in words.parts(phrase, **filled)))

    # Without the holes a template that puts one into the public page fails here, by name.
    given = {key: value for key, value in context.items() if not (web and key == "holes")}
    structure = render(environment, name, {**given, "say": say, "web": web})
    compiled = compile_mjml(structure, name=name, templates=environment.sources)
    html = values.splice(compiled, name=name)
    # Values that are printed side by side could still make one together.
    for field in MergeField:
        hole = field.hole(digest.edition)
        if html.count(hole) != compiled.count(hole):
            raise _forged(digest, name)
    return html


def _text(digest: Digest, context: Mapping[str, Any]) -> str:
    name = _file(digest, "digest.txt.j2")
    bare = render_text(digest.folders, name, {**context, "holes": dict.fromkeys(context["holes"], "")})
    if any(field.hole(digest.edition) in bare for field in MergeField):
        raise _forged(digest, name)
    return render_text(digest.folders, name, context)


def _forged(digest: Digest, name: str) -> RenderError:
    return RenderError(
        f"edition {digest.edition}: stories' texts make a merge field of it in {name}; drop the story that does"
    )


def _context(digest: Digest, words: Wording, entries: tuple[Entry, ...]) -> dict[str, Any]:
    newsroom = digest.newsroom
    return {
        "newsroom": newsroom,
        "edition_name": digest.name,
        "language": digest.language,
        "lead": entries[0],
        "stories": entries,
        "more": 0,
        "date": words.long_date(digest.slot),
        "day": words.day(digest.slot),
        "time": words.time(digest.slot),
        "counted": words.say(
            "count_and_minutes",
            stories=words.counted("stories", len(entries)),
            minutes=words.counted("minutes", reading_time(entries)),
        ),
        "count": lambda number: words.counted("stories", number),
        "separator": words.separator,
        "site": urlsplit(newsroom.url).hostname or newsroom.url,
        "address": " ".join(newsroom.address.split()),
        "logo": newsroom.logo if is_web(newsroom.logo) else "",
        "logo_dark": newsroom.logo_dark if is_web(newsroom.logo_dark) else "",
        "web_url": edition_url(newsroom, digest.edition),
        "ways": digest.ways,
        "brand": style_of(tokens(newsroom, digest.language)),
        "holes": _holes(digest.edition),
    }


def _line_context(digest: Digest, words: Wording, entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {
        "lead": entries[0],
        "titles": [each.title for each in entries],
        "count": len(entries),
        "edition_name": digest.name,
        "newsroom": digest.newsroom.name,
        "date": words.long_date(digest.slot).replace("\u00a0", " "),
    }


def _holes(edition: str) -> dict[str, Structure]:
    return {field.value: Structure(field.hole(edition)) for field in MergeField}


def _file(digest: Digest, name: str) -> str:
    return f"digests/{digest.template}/{name}"
