"""Slot → selection → summaries → edition: what an edition would be, before anything is stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.editions import compose
from bot.model import Article, Correction, Edition, EditionState, EditionStory, Phrase, Rejection, Selected
from bot.schedules.installation import Installation
from bot.schedules.openings import Openings
from bot.schedules.pictures import hosted
from bot.schedules.plan import Slot, article_of
from bot.settings import LlmTable, ScheduleTable, SelectionTable
from bot.store import Transaction
from bot.stories.rules import refusal
from bot.stories.selection import Circumstances, select
from bot.stories.vocabulary import Vocabulary
from bot.summaries.prompt import maker
from bot.tokens import edition_id

DAY = timedelta(days=1)

MEMORY = timedelta(days=30)
"""So far back reach the articles that tell what is often said, and those sent that must not go out a second time."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An edition that is not stored. ``report`` is the selection with its reasons; ``expires`` in UTC."""

    edition: Edition
    selected: Selected
    report: dict[str, Any]
    expires: datetime


def draft(
    tx: Transaction, installation: Installation, schedule: str, slot: Slot, now: datetime, *, hold: str = ""
) -> Draft:
    """What the slot would send if it were made ``now``, without renditions: ``pressed`` makes them.

    ``hold``: why an editor must see it first, whatever it is.
    """
    table = installation.settings.schedules[schedule]
    around = circumstances(tx, installation, schedule, slot, now)
    # A day more than can be picked, so that the report also says what was just too old.
    articles = tx.articles.newest(since=now - table.selection.max_age - DAY)
    article = article_of(slot.key)
    if article is None:
        selected = select(articles, table.selection, around)
    else:
        selected = _selected(tx, articles, article, schedule, table.selection, around)
    if hold and not selected.skip:
        selected = replace(selected, hold=hold)
    state, reason = _state(table, selected)
    leads = [pick.story.lead for pick in selected.picks]
    texts = texts_of(tx, installation.settings.llm, leads)
    stories = _frozen(installation, selected, texts) if state is not EditionState.SKIPPED else ()
    edition = Edition(
        id=edition_id(installation.keys, schedule, slot.seed),
        schedule=schedule,
        slot_key=slot.key,
        slot=slot.due,
        state=state,
        name=table.name,
        reason=reason,
        created=now,
        approval=table.approval,
        stories=stories,
        corrections=_corrections(tx, installation, schedule, stories),
    )
    return Draft(edition, selected, compose.report(selected, stories, texts), slot.due + table.max_lateness)


def one_article(rules: SelectionTable) -> SelectionTable:
    """The rules by which an article is judged alone: no window, for it is new, and nothing to rank it against."""
    window = f"last {math.ceil(rules.max_age.total_seconds())}s"
    return rules.model_copy(update={"window": window, "minimum": 1, "maximum": 1, "section_maximum": 1})


def _selected(
    tx: Transaction,
    articles: Sequence[Article],
    wanted: int,
    schedule: str,
    rules: SelectionTable,
    around: Circumstances,
) -> Selected:
    """One article, in its newest revision, held against what the schedule told; 0: the newest that may be told."""
    one = one_article(rules)
    if not wanted:
        around = replace(around, consumed=frozenset(), reserved=frozenset())
        chosen = next((each for each in articles if not refusal(each, one, around)), None)
        if chosen is None:
            return Selected((), (), skip=Phrase("no article that this schedule takes"), hold="")
        return select([chosen], one, around)
    article = tx.articles.get(wanted)
    if article is None:
        return Selected((), (), skip=Phrase("the article is no longer known"), hold="")
    told = [each for each in articles if each.id in around.consumed | around.reserved and each.id != wanted]
    selected = select([article, *told], one, around)
    refused = [each for each in selected.rejections if each.article.id == wanted]
    if refused:
        return Selected((), tuple(refused), skip=refused[0].reason, hold="")
    twin = tx.articles.told_at_its_address(schedule, wanted)
    if twin:
        reason = Phrase(
            "Stands at the address of “%(title)s”, which another edition of this schedule took.",
            title=twin.title or twin.url,
        )
        return Selected((), (Rejection(article, "copy", reason),), skip=reason, hold="")
    return replace(selected, rejections=(), skip="")


def pressed(tx: Transaction, installation: Installation, made: Draft, slot: Slot) -> Draft:
    """``made`` with its renditions: with the pictures hosted, and the corrections that wait, by now.

    Raises ``RenderError``.
    """
    stories, schedule = made.edition.stories, slot.schedule
    corrections = _corrections(tx, installation, schedule, stories)
    frame = installation.frame(schedule, slot, corrections, hosted(tx, installation, slot, stories))
    edition = replace(
        made.edition,
        renditions=compose.render(frame, stories) if stories else (),
        links=compose.links(frame, stories),
        corrections=corrections,
    )
    return replace(made, edition=edition)


def _corrections(
    tx: Transaction, installation: Installation, schedule: str, stories: Sequence[EditionStory]
) -> tuple[Correction, ...]:
    """An edition without a story is not made: its corrections wait for the next one. Posts tell none of them."""
    return tuple(tx.corrections.waiting(schedule)) if stories and installation.sends_mail(schedule) else ()


def texts_of(tx: Transaction, table: LlmTable, articles: Sequence[Article]) -> compose.Texts:
    """What the language model of the settings wrote about these very revisions; nothing while it is off."""
    if not table.on:
        return {}
    return tx.machine_texts.of([each.fingerprint for each in articles], maker(table.url, table.model))


def _frozen(installation: Installation, selected: Selected, texts: compose.Texts) -> tuple[EditionStory, ...]:
    named = {name: str(table.get("outlet") or "") for name, table in installation.settings.sources.items()}
    return compose.freeze(selected, texts, site=installation.newsroom.site, outlets=named)


def circumstances(
    tx: Transaction,
    installation: Installation,
    schedule: str,
    slot: Slot,
    now: datetime,
    openings: Openings | None = None,
) -> Circumstances:
    """What the selection must know of the schedule's past. ``openings`` are those of who asks more than once.

    Without an edition that was sent, the window begins at the slot before this one: activating a schedule never
    mails the backlog.
    """
    table = installation.settings.schedules[schedule]
    last = tx.editions.last_sent(schedule)
    opened = now - table.selection.max_age - DAY
    consumed, reserved = tx.editions.held(schedule, opened)
    if last:
        since = last.created
    else:
        before = installation.timetable(schedule, tx).previous(slot.due)
        since = before.due if before else now - DAY
    return Circumstances(
        now=now,
        since=since,
        first_run=last is None,
        consumed=consumed,
        reserved=reserved,
        timezone=installation.timezone(schedule),
        sent=tuple(tx.articles.sent(schedule, since=opened - MEMORY, until=opened)),
        vocabulary=Vocabulary.of((openings or Openings()).between(tx, opened - MEMORY, opened)),
        site=installation.newsroom.site,
    )


def _state(table: ScheduleTable, selected: Selected) -> tuple[EditionState, str]:
    if selected.skip:
        return EditionState.SKIPPED, selected.skip
    if selected.hold:
        return EditionState.HELD, selected.hold
    if table.approval:
        return EditionState.AWAITING, ""
    return EditionState.DRAFTED, ""
