"""The mail of an alert, in the language of whom it is to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from markupsafe import escape

from bot.delivery.alert import Alert, Approval, Command, Facts
from bot.editions.brand import palettes
from bot.editions.environment import Compiled, MailEnvironment, clean, one_line, render
from bot.model import Edition, Email, Newsroom, Phrase, User
from bot.speech.catalog import _, direction, preferred, speaking, spoken
from bot.speech.phrases import capital, moment, paragraph, told

_COMPILED = Compiled()
_LONGEST_WHY = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert as its templates have it: all words in the language of the mail. ``link`` is its page of the desk."""

    status: str
    title: str
    said: str
    facts: Sequence[tuple[str, str]]
    do: Sequence[Command]
    link: str
    edition: Edition | None
    approval: Approval | None


def language_of(address: str, people: Mapping[str, User], newsroom: Newsroom) -> str:
    """The language in which ``address`` is written to: the choice of who works at the desk (``people``, by their
    addresses in small letters), else the newsroom's; English where the desk does not speak it.
    """
    person = people.get(address.casefold())
    return preferred(person.language if person else "", newsroom.language)


def alert_mail(alert: Alert, newsroom: Newsroom, folders: Sequence[Path], language: str) -> Email:
    """Raises ``RenderError``."""
    with speaking(language):
        made = _told(alert, newsroom)
        light, dark, _accent = palettes(newsroom)
        values = {
            "alert": made,
            "newsroom": newsroom,
            "time": moment(alert.at.astimezone(ZoneInfo(newsroom.timezone))),
            "light": asdict(light),
            "dark": asdict(dark),
            "language": spoken(),
            "direction": direction(),
            "_": _,
        }
        name = "mail/approval/approval" if alert.approval else "mail/alert/alert"
        html = render(MailEnvironment(folders, _shown, _COMPILED), f"{name}.html.j2", values)
        text = render(MailEnvironment(folders, clean, _COMPILED), f"{name}.txt.j2", values)
        subject = made.title if alert.approval else _("Alert: %(title)s") % {"title": made.title}
        return Email(subject=one_line(subject)[:200], preheader=made.said, html=html, text=text, bulk=False)


def headline(alert: Alert) -> str:
    """The title, where need be with less of why: the whole of that stands among the facts."""
    title = alert.title
    why = title.facts.get("why") if isinstance(title, Phrase) else None
    return told(
        title.with_facts(why=_short(told(why))) if isinstance(title, Phrase) and isinstance(why, str) else title
    )


def shortened(title: str) -> str:
    """A title as the record has it: a long why is cut, so that whom it reached has room beside it."""
    why = title.facts.get("why") if isinstance(title, Phrase) else None
    if isinstance(title, Phrase) and isinstance(why, str) and len(why) > _LONGEST_WHY:
        return title.with_facts(why=_short(str(why)))
    return title


def link(alert: Alert, newsroom: Newsroom) -> str:
    """The URL of its page of the desk."""
    return f"{newsroom.public_url}/{alert.page}"


def _line(said: str) -> str:
    return capital(told(said))


def _short(why: str) -> str:
    first = why.partition("; ")[0]
    if len(first) <= _LONGEST_WHY:
        return first
    cut = first[:_LONGEST_WHY]
    return f"{cut.rpartition(' ')[0] or cut} …"


def _told(alert: Alert, newsroom: Newsroom) -> Told:
    asked = alert.approval
    return Told(
        status=told(alert.status),
        title=headline(alert),
        said=paragraph(alert.said),
        facts=_facts(alert.facts),
        do=[replace(each, does=told(each.does)) for each in alert.do],
        link=link(alert, newsroom),
        edition=alert.edition,
        approval=asked and replace(asked, facts=_facts(asked.facts), look=tuple(map(_line, asked.look))),
    )


def _facts(facts: Facts) -> tuple[tuple[str, str], ...]:
    return tuple((told(key), told(value) if isinstance(value, str) else moment(value)) for key, value in facts)


def _shown(value: object) -> str:
    return str(escape(clean(value)))
