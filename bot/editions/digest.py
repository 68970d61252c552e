"""An edition as a mail: structure first, MJML once, foreign values last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.audience.links import edition_url
from bot.editions.brand import tokens
from bot.editions.entry import Entry, Pictures, by_section, entry, is_web, linked, reading_time
from bot.editions.environment import Compiled, MailEnvironment, Structure, render
from bot.editions.mjml import compile_mjml
from bot.editions.plain import render_text
from bot.editions.script import apart
from bot.editions.splice import Values
from bot.editions.style import style_of
from bot.editions.subject import render_line, render_subject
from bot.editions.wording import Wording, wording
from bot.errors import RenderError
from bot.model import Correction, EditionStory, Email, HostedImage, MergeField, Newsroom

LARGEST = 100_000
"""Bytes of HTML: Gmail clips a mail at about 102 kB, and the unsubscribe link with it."""
LARGE = 80_000
"""Bytes of HTML from which on an editor is warned."""

_WRITTEN = "{{ written }}"
_COMPILED = Compiled()
"""A line that a machine or an editor wrote, as a template: its words are data like an article's."""

GIVEN = frozenset(
    (
        *("newsroom", "edition_name", "language", "lead", "stories", "more", "date", "day", "time", "counted", "count"),
        *("by_section", "separator", "site", "address", "logo", "logo_dark", "web_url", "ways", "brand", "holes"),
        *("corrections", "correcting", "subject", "preheader", "say", "web"),
    )
)
"""What a template is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a digest is made of. ``name`` is the schedule's, ``slot`` in UTC, ``language`` BCP 47.

    ``written`` is a subject line that a machine wrote, and stands in the place of the template's; ``own_subject`` and
    ``own_preheader`` are an editor's, and stand in the place of all others.
    ``ways`` are phrases and URLs for the bar of the public page. ``subject`` and ``preheader`` are Jinja templates of
    the settings. ``template`` is a folder of ``digests/`` below one of ``folders``; the first that has it wins.
    ``links`` are the addresses that stand in the mail for those of stories; the public page leads to the stories
    themselves. ``pictures`` that are not among them are shown from where their articles have them; ``lead_card`` is
    what the first story shows that has none. ``correcting``: the mail is sent for its corrections, which come first.
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
    written: str = ""
    own_subject: str = ""
    own_preheader: str = ""
    template: str = "briefing"
    folders: tuple[Path, ...]
    ways: tuple[tuple[str, str], ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    correcting: bool = False
    pictures: Pictures = field(default_factory=dict)
    lead_card: HostedImage | None = None


def compile_email(digest: Digest, *, page: bool = True) -> Email:
    """Compiles ``digest``. A mail too big for Gmail leaves its last stories out, in HTML and text; the public page has
    them all. Raises ``RenderError`` naming file and line, or when the mail is too big with the lead alone.

    Without ``page`` the public page is left out.
    """
    _check(digest)
    words = _honest(wording(digest.language, digest.timezone), digest)
    entries = tuple(
        _without_holes(
            entry(
                story,
                place,
                newsroom=digest.newsroom,
                slot=digest.slot,
                wording=words,
                pictures=digest.pictures,
                card=digest.lead_card if place == 1 else None,
            ),
            digest.edition,
        )
        for place, story in enumerate(digest.stories, start=1)
    )
    line = _line_context(digest, words, entries)
    written = _without_holes(digest.own_subject or digest.written, digest.edition)
    subject = render_subject(_WRITTEN if written else digest.subject, {**line, "written": written})
    opening = _without_holes(digest.own_preheader, digest.edition)
    preheader = render_line(
        _WRITTEN if opening else digest.preheader, {**line, "written": opening}, key="the schedule's preheader"
    )
    press = _Press(digest, words)
    mailed = tuple(linked(each, digest.links) for each in entries) if digest.links else entries
    context = {**_context(digest, words, mailed), "subject": subject, "preheader": preheader}
    html, shown = press.fitting(context, mailed)
    open_page = {**context, "lead": entries[0], "stories": entries}
    return Email(
        subject=subject,
        preheader=preheader,
        html=html,
        text=press.text({**shown, "say": words.say, "web": False}),
        web=press.html(open_page, web=True) if page else "",
        language=digest.language,
        left_out=shown["more"],
    )


def _honest(words: Wording, digest: Digest) -> Wording:
    """The words, with a footer that says so where a language model wrote something of the mail."""
    machine = (digest.written and not digest.own_subject) or any(
        story.summary.origin == "llm" for story in digest.stories
    )
    return replace(words, phrases={**words.phrases, "made": words.phrases["made_in_part"]}) if machine else words


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


@dataclass(frozen=True, slots=True)
class _Press:
    digest: Digest
    words: Wording

    def fitting(self, context: Mapping[str, Any], entries: tuple[Entry, ...]) -> tuple[str, Mapping[str, Any]]:
        """The mail's HTML with as many of the first stories as fit, and the context that made it."""
        count = len(entries)
        while True:
            shown = {**context, "stories": entries[:count], "more": len(entries) - count}
            html = self.html(shown)
            size = len(html.encode())
            if size <= LARGEST:
                return html, shown
            if count == 1:
                raise RenderError(
                    f"edition {self.digest.edition}: its HTML has {size // 1000} kB with the lead alone and Gmail "
                    f"clips at 102 kB; make templates/{_file(self.digest, 'digest.mjml.j2')} smaller"
                )
            count = max(1, count - -(-(size - LARGEST) // (size // count)))

    def html(self, context: Mapping[str, Any], *, web: bool = False) -> str:
        values = Values(self.digest.edition)
        environment = MailEnvironment(self.digest.folders, values.show, _COMPILED)
        name = _file(self.digest, "digest.mjml.j2")

        def say(phrase: str, **filled: Any) -> Structure:
            return Structure("".join(values.show(part) for part in self.words.parts(phrase, **filled)))

        # Without the holes a template that puts one into the public page fails here, by name.
        given = {key: value for key, value in context.items() if not (web and key == "holes")}
        structure = render(environment, name, {**given, "say": say, "web": web})
        compiled = compile_mjml(structure, name=name, templates=environment.sources)
        html = values.splice(compiled, name=name)
        # Values that are printed side by side could still make one together.
        for each in MergeField:
            hole = each.hole(self.digest.edition)
            if html.count(hole) != compiled.count(hole):
                raise _forged(self.digest, name)
        return html

    def text(self, context: Mapping[str, Any]) -> str:
        name, folders = _file(self.digest, "digest.txt.j2"), self.digest.folders
        without = {**context, "holes": dict.fromkeys(context["holes"], "")}
        bare = render_text(folders, name, without)
        if any(each.hole(self.digest.edition) in bare for each in MergeField):
            raise _forged(self.digest, name)
        return render_text(folders, name, context)


def _forged(digest: Digest, name: str) -> RenderError:
    return RenderError(
        f"edition {digest.edition}: stories' texts make a merge field of it in {name}; drop the story that does"
    )


def _context(digest: Digest, words: Wording, entries: tuple[Entry, ...]) -> dict[str, Any]:
    brand = tokens(digest.newsroom, digest.language)
    newsroom = replace(
        digest.newsroom,
        name=apart(digest.newsroom.name, brand.direction),
        footer=apart(" ".join(digest.newsroom.footer.split()), brand.direction),
    )
    return {
        "newsroom": newsroom,
        "edition_name": apart(digest.name, brand.direction),
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
        "by_section": by_section,
        "separator": words.separator,
        "site": urlsplit(newsroom.url).hostname or newsroom.url,
        "address": apart(" ".join(newsroom.address.split()), brand.direction),
        "logo": newsroom.logo if is_web(newsroom.logo) else "",
        "logo_dark": newsroom.logo_dark if is_web(newsroom.logo_dark) else "",
        "web_url": edition_url(newsroom, digest.edition),
        "ways": digest.ways,
        "brand": style_of(brand),
        "holes": _holes(digest.edition),
        "correcting": digest.correcting,
        "corrections": tuple(
            _without_holes(_told(each, words, brand.direction), digest.edition) for each in digest.corrections
        ),
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """A correction as a template tells it."""

    date: str
    said: str
    right: str
    title: str
    url: str


def _told(correction: Correction, words: Wording, direction: str) -> _Told:
    return _Told(
        date=words.day(correction.told),
        said=apart(correction.said, direction),
        right=apart(correction.right, direction),
        title=apart(correction.title, direction),
        url=correction.url if is_web(correction.url) else "",
    )


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
