"""What an editor writes in an edition: of a story, in the mail's lines, in a post."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.editions import edits
from bot.editions.environment import one_line
from bot.editions.gate import article_of
from bot.editions.rewriting import fault_of, rewritten, tidied
from bot.errors import NotFound, UsageError
from bot.model import Edition, Phrase, PostWords, Told, plural
from bot.schedules.change import Change, changed
from bot.schedules.installation import Installation

LONGEST_TITLE = 300
LONGEST_SUMMARY = 1_000
LONGEST_LINE = 200
LONGEST_ALT = 500
LONGEST_CREDIT = 100
"""Characters; templates cut what is longer."""


def tell(
    installation: Installation,
    edition: str,
    article: int,
    *,
    title: str | None = None,
    summary: str | None = None,
    alt: str | None = None,
    credit: str | None = None,
    picture: bool | None = None,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Changes what readers are told of a story, and returns the edition as it is then.

    None leaves a thing as it is; "" goes back to the article's own words: for the summary, its own sentences.
    ``alt`` and ``credit`` are the picture's, ``picture`` whether it is shown.
    """
    given: dict[str, Any] = {
        name: _line(text, name, most)
        for name, text, most in (
            ("title", title, LONGEST_TITLE),
            ("summary", summary, LONGEST_SUMMARY),
            ("alt", alt, LONGEST_ALT),
            ("credit", credit, LONGEST_CREDIT),
        )
        if text is not None
    }

    def apply(now_is: Edition) -> Edition:
        story = edits.story_of(now_is.stories, article)
        own = {
            "title": one_line(story.article.title),
            "summary": one_line(story.summary.text),
            "alt": one_line(story.article.image.alt) if story.article.image else "",
            "credit": one_line(story.article.image.credit) if story.article.image else "",
        }
        if story.article.image is None and (given.get("alt") or given.get("credit") or picture):
            raise UsageError(Phrase("the article has no picture"))
        # Who writes what the article says already has written nothing: it follows the article.
        words: dict[str, Any] = {name: "" if text == own[name] else text for name, text in given.items()}
        if picture is not None:
            words["picture"] = picture
        fresh = replace(story.words, **words)
        return replace(now_is, stories=edits.changed(now_is.stories, replace(story, words=fresh)))

    names = (*given, *(() if picture is None else ("picture",)))

    def value(told: Told) -> str:
        story = next((each for each in told.stories if each.article == article), None)
        return "\n".join(str(getattr(story, name)) for name in names) if story else ""

    yours = "\n".join([*given.values(), *(() if picture is None else (str(picture),))])
    return changed(
        installation,
        edition,
        Change(what=" and ".join(names), apply=apply, value=value, yours=yours, article=article),
        version=version,
        who=who,
        now=now,
    )


def lines(
    installation: Installation,
    edition: str,
    *,
    subject: str | None = None,
    preheader: str | None = None,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Changes the mail's subject and preheader; "" goes back to what the schedule makes.

    Readers whose choice leaves the lead out get the schedule's lines. They fall back for all once the story leaves the
    edition that led it when they were written.
    """
    given: dict[str, Any] = {
        name: _line(text, name, LONGEST_LINE)
        for name, text in (("subject", subject), ("preheader", preheader))
        if text is not None
    }

    def apply(now_is: Edition) -> Edition:
        mail = next((each.email for each in now_is.renditions if each.email), None)
        if mail is None:
            raise UsageError(Phrase("the edition is no mail"))
        # What the schedule makes already is not taken for an editor's.
        fresh = {
            name: text for name, text in given.items() if getattr(now_is.words, name) or text != getattr(mail, name)
        }
        words = replace(now_is.words, **fresh)
        about = now_is.stories[0].article.id if words.subject or words.preheader else 0
        return replace(now_is, words=replace(words, about=about) if fresh else now_is.words)

    return changed(
        installation,
        edition,
        Change(
            what=" and ".join(given),
            apply=apply,
            value=lambda told: "\n".join(str(getattr(told, name)) for name in given),
            yours="\n".join(given.values()),
        ),
        version=version,
        who=who,
        now=now,
    )


def post(
    installation: Installation,
    edition: str,
    channel: str,
    subject: str,
    text: str,
    *,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Changes the text of one post, or one part of a thread, by its rendition's channel and subject.

    "" goes back to the template's text. The link that was in it need not be. Raises ``UsageError`` with how many
    characters are too many.
    """
    text = tidied(text)
    outlet = installation.outlets.get(channel)

    def apply(now_is: Edition) -> Edition:
        made = next(
            (each.post for each in now_is.renditions if (each.channel, each.subject) == (channel, subject)), None
        )
        article = article_of(now_is, subject)
        if made is None or outlet is None or not article:
            raise NotFound(Phrase("the edition has no such post on %(channel)s any more", channel=channel))
        fault = fault_of(rewritten(made, text), outlet.limits) if text else ""
        if fault:
            raise UsageError(fault)
        if text == made.text:
            return now_is
        others = tuple(each for each in now_is.words.posts if (each.channel, each.article) != (channel, article))
        posts = (*others, PostWords(channel, article, text)) if text else others
        return replace(now_is, words=replace(now_is.words, posts=posts))

    def value(told: Told) -> str:
        return next((each.text for each in told.posts if (each.channel, each.subject) == (channel, subject)), "")

    return changed(
        installation,
        edition,
        Change(what=f"the post on {channel}", apply=apply, value=value, yours=text),
        version=version,
        who=who,
        now=now,
    )


_FIELDS = {
    "title": Phrase("title"),
    "summary": Phrase("summary"),
    "alt": Phrase("alt text"),
    "credit": Phrase("credit"),
    "subject": Phrase("subject"),
    "preheader": Phrase("preheader"),
}


def _line(text: str, name: str, most: int) -> str:
    line = one_line(unicodedata.normalize("NFC", text))
    if len(line) > most:
        raise UsageError(
            plural(
                len(line),
                "%(count)s character is %(over)s too many for the %(field)s",
                "%(count)s characters are %(over)s too many for the %(field)s",
                over=len(line) - most,
                field=_FIELDS[name],
            )
        )
    return line
