"""Mails to one person who asked for something just now: short, without pictures, news or footer links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from bot.audience.words import Words, words_of
from bot.editions.brand import tokens
from bot.editions.environment import Compiled, MailEnvironment, clean, one_line, render
from bot.editions.wording import wording
from bot.model import Email, Newsroom

_TEMPLATE = "mail/confirm/confirm"
_COMPILED = Compiled()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A notice's words; ``lead`` as (HTML, text)."""

    subject: str
    title: str
    lead: tuple[str, str]
    button: str
    opens: str
    address: str
    not_you: str


def confirmation(
    newsroom: Newsroom, folders: Sequence[Path], *, language: str, names: Sequence[str], url: str, until: datetime
) -> Email:
    """Asks to confirm a sign-up for the newsletters ``names`` at ``url``, which works until then (UTC)."""
    words, date = words_of(language), wording(language, newsroom.timezone).long_date(until)
    said = _Said(
        subject=words.plain("note_confirm_subject", newsroom=newsroom.name),
        title=words.plain("confirm_title"),
        lead=_lead(words, "note_confirm_lead", names, newsroom.timezone),
        button=words.plain("confirm_button"),
        opens=words.plain("note_confirm_opens", date=date),
        address=words.plain("note_confirm_address"),
        not_you=words.plain("note_confirm_not_you"),
    )
    return _made(newsroom, folders, words, said, url)


def known(newsroom: Newsroom, folders: Sequence[Path], *, language: str, names: Sequence[str], url: str) -> Email:
    """Tells who gets the newsletters ``names`` already where to change that: the page at ``url``."""
    words = words_of(language)
    said = _Said(
        subject=words.plain("note_known_subject", newsroom=newsroom.name),
        title=words.plain("note_known_title"),
        lead=_lead(words, "note_known_lead", names, newsroom.timezone),
        button=words.plain("note_known_button"),
        opens=words.plain("note_known_opens"),
        address=words.plain("note_confirm_address"),
        not_you=words.plain("note_known_not_you"),
    )
    return _made(newsroom, folders, words, said, url)


def data_link(newsroom: Newsroom, folders: Sequence[Path], *, language: str, url: str, until: datetime) -> Email:
    """Leads a reader who asked to their data at ``url``, which works until then (UTC)."""
    words, date = words_of(language), wording(language, newsroom.timezone).long_date(until)
    lead = words.plain("note_data_lead", newsroom=newsroom.name)
    said = _Said(
        subject=words.plain("note_data_subject", newsroom=newsroom.name),
        title=words.plain("your_data"),
        lead=(escape(lead), lead),
        button=words.plain("note_data_button"),
        opens=words.plain("note_data_opens", date=date),
        address=words.plain("note_confirm_address"),
        not_you=words.plain("note_data_not_you"),
    )
    return _made(newsroom, folders, words, said, url)


def joining(newsroom: Newsroom, folders: Sequence[Path], *, language: str, by: str, url: str, until: datetime) -> Email:
    """Invites somebody to the desk in the name of ``by``; the link ``url`` works until then (UTC)."""
    words, date = words_of(language), wording(language, newsroom.timezone).long_date(until)
    frame, by = words.plain("note_join_lead", newsroom=newsroom.name, by="\0"), clean(by)
    shown = escape(frame).replace("\0", Markup("<b><bdi>{}</bdi></b>").format(by))
    said = _Said(
        subject=words.plain("note_join_subject", newsroom=newsroom.name),
        title=words.plain("note_join_title"),
        lead=(shown, frame.replace("\0", by)),
        button=words.plain("note_join_button"),
        opens=words.plain("note_join_opens", date=date),
        address=words.plain("note_confirm_address"),
        not_you=words.plain("note_join_not_you"),
    )
    return _made(newsroom, folders, words, said, url)


def new_password(newsroom: Newsroom, folders: Sequence[Path], *, language: str, url: str) -> Email:
    """Leads somebody with an account at the desk to where they choose another password."""
    words = words_of(language)
    lead = words.plain("note_reset_lead", newsroom=newsroom.name)
    said = _Said(
        subject=words.plain("note_reset_subject", newsroom=newsroom.name),
        title=words.plain("note_reset_title"),
        lead=(escape(lead), lead),
        button=words.plain("note_reset_button"),
        opens=words.plain("note_reset_opens"),
        address=words.plain("note_confirm_address"),
        not_you=words.plain("note_reset_not_you"),
    )
    return _made(newsroom, folders, words, said, url)


def _lead(words: Words, phrase: str, names: Sequence[str], timezone: str) -> tuple[str, str]:
    """The names stand out in HTML, each in its own direction."""
    frame = words.plain(phrase, names="\0")
    spoken = wording(words.language, timezone)
    bold = Markup("<b><bdi>{}</bdi></b>")
    joints = zip(spoken.joints(len(names)), names, strict=True)
    parts = [escape(joint) + bold.format(clean(name)) for joint, name in joints]
    html = escape(frame).replace("\0", Markup("").join(parts))
    return html, frame.replace("\0", spoken.listed([clean(name) for name in names]))


def _made(newsroom: Newsroom, folders: Sequence[Path], words: Words, said: _Said, url: str) -> Email:
    own = tokens(newsroom, words.language)
    comma = wording(words.language, newsroom.timezone).phrases["comma"]
    values: dict[str, Any] = {
        "newsroom": newsroom,
        "words": words,
        "tokens": own,
        "comma": comma,
        "said": said,
        "url": url,
    }
    html = render(MailEnvironment(folders, _shown, _COMPILED), f"{_TEMPLATE}.html.j2", {**values, "lead": said.lead[0]})
    text = render(MailEnvironment(folders, clean, _COMPILED), f"{_TEMPLATE}.txt.j2", {**values, "lead": said.lead[1]})
    return Email(
        subject=one_line(said.subject)[:200],
        preheader="",
        html=html,
        text=text,
        language=words.language,
        bulk=False,
    )


def _shown(value: Any) -> str:
    """Escaped, but for what was made of escaped parts here."""
    return str(value) if isinstance(value, Markup) else str(escape(clean(value)))
