"""A correction as a mail of its own: to those who have the mail that was wrong, once an approver said yes to it.

It is an edition outside of the timetable, through the same ledger as all else. It says what was said and what is
right, and then shows the article as it is by now. Ended unsent, it leaves the correction to the schedule's next
edition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.editions.compose import render
from bot.editions.wording import wording
from bot.errors import RenderError, UsageError
from bot.model import (
    CORRECTION_MAIL,
    Article,
    Correction,
    Edition,
    EditionState,
    EditionStory,
    EditionWords,
    Phrase,
    said_by,
)
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.store import Transaction
from bot.summaries.extractive import summarise

WAITS = timedelta(days=1)
"""How long it waits for a yes; then it expires, and the next edition tells the correction."""


def correction_mail(
    tx: Transaction,
    installation: Installation,
    correction: Correction,
    article: Article,
    told: Sequence[Edition],
    now: datetime,
) -> Edition:
    """Has those of ``told``'s readers mailed whose mail was accepted, when somebody approves it.

    Raises ``UsageError`` where nobody is known to have it, or the article is not there any more, ``StoreHeld``.
    """
    schedule = correction.schedule
    if article.withdrawn:
        raise UsageError(
            Phrase(
                "%(schedule)s: a mail of its own shows the article, which was withdrawn; leave it to the next",
                schedule=schedule,
            )
        )
    editions = [each.id for each in told]
    audience = installation.settings.schedules[schedule].audience
    readers = tx.deliveries.have(audience, editions)
    if not readers:
        raise UsageError(
            Phrase(
                "%(schedule)s: nobody is known to have it; leave the correction to the next edition", schedule=schedule
            )
        )
    key = f"{CORRECTION_MAIL}{correction.id}"
    frame = installation.frame(schedule, Slot(schedule, key, now), (correction,))
    newsroom = frame.newsroom
    phrases = wording(newsroom.language, frame.schedule.timezone or newsroom.timezone).phrases
    words = EditionWords(
        about=article.id, subject=f"{phrases['correction']}: {article.title}", preheader=correction.right
    )
    mails = tuple(each for each in frame.outlets if each.medium == "email")
    story = EditionStory(position=1, article=article, summary=summarise(article), article_ids=(article.id,))
    try:
        # Clicks are counted by the stories an edition keeps, and this one keeps none: the schedule told them.
        renditions = render(replace(frame, outlets=mails, clicks=False, words=words, correcting=True), (story,))
    except RenderError as error:
        raise UsageError(Phrase("%(name)s: %(what)s", name=schedule, what=said_by(error))) from error
    edition = Edition(
        id=frame.edition,
        schedule=schedule,
        slot_key=key,
        slot=now,
        state=EditionState.AWAITING,
        name=f"{frame.schedule.name}: correction",
        reason="",
        created=now,
        approval=True,
        renditions=renditions,
    )
    said = {"article": correction.article, "said": correction.said, "right": correction.right}
    report = {"correction": {**said, "told": editions, "readers": readers}}
    tx.editions.add(edition, expires=now + WAITS, report=report)
    tx.corrections.carry(edition.id, [correction])
    return edition


def mails_of(tx: Transaction, corrections: Sequence[Correction]) -> Mapping[int, Edition]:
    """By a correction's id, the mail of its own that carries it, where there is one."""
    found = tx.editions.lights({each.carried for each in corrections if each.carried})
    carrying = {each.id: found[each.carried] for each in corrections if each.carried in found}
    return {id: each for id, each in carrying.items() if each.slot_key.startswith(CORRECTION_MAIL)}


def readers_of(tx: Transaction, edition: str) -> int:
    """How many had the mail that was wrong when a correction's own mail ``edition`` was made."""
    return int((tx.editions.report(edition).get("correction") or {}).get("readers", 0))
