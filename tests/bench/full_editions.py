"""The articles and editions of a full store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from bot.editions.compose import render
from bot.editions.told import told_of
from bot.model import Article, Edition, EditionState, EditionStory, EditionVersion, Rendition, Summary
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.store import Store, Transaction
from bot.store.edition_rows import content_of, row_of
from bot.store.headlines import row_of as headline_of
from bot.store.tables import articles, edition_stories, editions, headlines, links, renditions, reservations, revisions
from bot.tokens import edition_id
from tests.bench.clustering import window
from tests.bench.full_settings import SCHEDULES, SOURCES, Size

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STORIES = 6
_PART = 2_500
_ENDS = {40: EditionState.SKIPPED, 97: EditionState.CANCELLED, 131: EditionState.EXPIRED}
"""Of so many editions one that ended so."""


def put_articles(store: Store, size: Size, now: datetime) -> list[Article]:
    """The articles, the newest first."""
    step = (size.span + DAY) / size.articles
    kept: list[Article] = []
    for part in range(0, size.articles, _PART):
        invented = window(min(_PART, size.articles - part), seed=part)
        rows = [
            _whole(each, number, size.articles - number, now - 10 * MINUTE - number * step)
            for number, each in enumerate(invented, start=part)
        ]
        with store.write(bulk=True) as tx:
            _put_articles(tx, rows, now)
        kept += rows
    with store.write() as tx:
        if tx.connection.dialect.name == "postgresql":
            tx.connection.execute(text("SELECT setval('articles_id_seq', (SELECT max(id) FROM articles))"))
    return kept


def _whole(invented: Article, number: int, id: int, published: datetime) -> Article:
    words = invented.body.removeprefix("<p>").removesuffix("</p>").split()
    # Some 240 words in sentences: as long as an article is, without inventing four times as many.
    turned = [words[at:] + words[:at] for at in (0, 13, 29, 41)]
    body = "".join(
        f"<p>{'. '.join(' '.join(each[at : at + 15]).capitalize() for at in range(0, len(each), 15))}.</p>"
        for each in turned
    )
    title = f"{invented.title.capitalize()}{' tunnel' if number % 10 == 0 else ''}"
    return replace(
        invented,
        id=id,
        revision=2 if number % 10 == 3 else 1,
        source=f"s{number % SOURCES}",
        guid=f"guid-{id}",
        url=f"https://record.example/story/{id}",
        title=title,
        standfirst=f"{' '.join(words[:18]).capitalize()}.",
        authors=(f"Author {number % 50}",),
        sections=(f"Section {number % 12}",),
        language="en",
        published=published,
        body=body,
        withdrawn=number % 500 == 7,
    )


def _put_articles(tx: Transaction, rows: Sequence[Article], now: datetime) -> None:
    contents = {each.id: each.content() for each in rows}
    tx.connection.execute(
        insert(articles),
        [
            {
                "id": each.id,
                "source": each.source,
                "guid": each.guid,
                "url_key": each.url,
                "revision": each.revision,
                "fingerprint": each.fingerprint,
                "content": contents[each.id],
                "published": each.published,
                "first_seen": each.published + MINUTE,
                "changed": each.published + (HOUR if each.revision > 1 or each.withdrawn else MINUTE),
                "withdrawn": now if each.withdrawn else None,
                "appeared": each.published,
            }
            for each in rows
        ],
    )
    tx.connection.execute(insert(headlines), [headline_of(each.id, each) for each in rows])
    tx.connection.execute(
        insert(revisions),
        [
            {"article": each.id, "revision": number, "content": contents[each.id], "seen": each.published + MINUTE}
            for each in rows
            for number in range(1, each.revision + 1)
        ],
    )


def plan(installation: Installation, size: Size, kept: Sequence[Article]) -> list[Edition]:
    """The newest that was sent first, which is the largest; without renditions."""
    states = [EditionState.SENDING, EditionState.AWAITING, *[EditionState.HELD] * 5]
    now, room = installation.clock(), len(kept) // size.editions
    step = max(1, room // (STORIES + 2))
    made = []
    for number, (slot, state) in enumerate(_slots(size.editions, now, states)):
        ended = next((each for of, each in _ENDS.items() if number % of == of - 1), EditionState.SENT)
        at = state or ended
        leads = [] if at is EditionState.SKIPPED else [kept[number * room + each * step] for each in range(STORIES)]
        table = installation.settings.schedules[slot.schedule]
        made.append(
            Edition(
                id=edition_id(installation.keys, slot.schedule, slot.seed),
                schedule=slot.schedule,
                slot_key=slot.key,
                slot=slot.due,
                state=at,
                name=table.name,
                reason="2 new stories, needs 3" if at in (EditionState.SKIPPED, EditionState.HELD) else "",
                created=slot.due - HOUR,
                approval=table.approval,
                stories=tuple(_story(place, lead) for place, lead in enumerate(leads, start=1)),
                sent=slot.due + 5 * MINUTE if at is EditionState.SENT else None,
            )
        )
    return made


def _slots(count: int, now: datetime, waiting: Sequence[EditionState]) -> Iterator[tuple[Slot, EditionState | None]]:
    """The last slot of ``morning`` first, then those that are under way or wait, then all before, back in time."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yield _slot("morning", day), EditionState.SENT
    yield _slot("business", day), waiting[0]
    for ahead, state in enumerate(waiting[1:]):
        yield _slot(("noon", "sport", "evening")[ahead % 3], day + ahead // 3 * DAY), state
    for number in range(count - 1 - len(waiting)):
        back, of = divmod(number, len(SCHEDULES))
        yield _slot(list(SCHEDULES)[-1 - of], day - (back + 1) * DAY), None


def _slot(schedule: str, day: datetime) -> Slot:
    due = day + SCHEDULES[schedule] * HOUR
    return Slot(schedule, f"{due:%Y-%m-%dT%H:%M}", due)


def _story(place: int, lead: Article) -> EditionStory:
    return EditionStory(
        position=place,
        article=lead,
        summary=Summary(lead.standfirst),
        also=(("The Herald", f"https://herald.example/{lead.id}"),),
        article_ids=(lead.id,),
        reason="Told by two outlets; two hours old.",
    )


def freeze(installation: Installation, size: Size, made: Sequence[Edition], kept: Sequence[Article]) -> None:
    """Keeps the editions with stories, renditions, links, versions and reports."""
    pressed: dict[str, tuple[Edition, tuple[Rendition, ...]]] = {}
    left = [
        {
            "id": each.id,
            "revision": each.revision,
            "title": each.title,
            "url": each.url,
            "source": each.source,
            "rule": "over-maximum",
            "reason": "Ranked below the seven that are told.",
        }
        for each in kept[: min(2_000, size.articles // 5)]
    ]
    # Of each schedule one edition is rendered, the next that goes out or the newest; its others are told alike.
    first = [each for each in made if each.state is EditionState.AWAITING]
    for number, each in enumerate([*first, *(each for each in made if each not in first)]):
        if each.stories and each.schedule not in pressed:
            slot = Slot(each.schedule, each.slot_key, each.slot)
            pressed[each.schedule] = (each, render(installation.frame(each.schedule, slot), each.stories))
        report = {"rejections": left if number < 2 else left[:200]} if each.stories else {"skip": each.reason}
        with installation.store.write() as tx:
            _put_edition(tx, each, report, *pressed[each.schedule] if each.stories else (each, ()))


def _put_edition(
    tx: Transaction, each: Edition, report: dict[str, Any], model: Edition, made: tuple[Rendition, ...]
) -> None:
    run = tx.connection.execute
    run(
        insert(editions),
        {
            **{name: getattr(each, name) for name in ("id", "schedule", "slot_key", "slot", "state", "name", "reason")},
            "approval": each.approval,
            "created": each.created,
            "changed": each.sent or each.created,
            "sent": each.sent,
            "expires": each.slot + 3 * HOUR,
            "report": report,
        },
    )
    if not each.stories:
        return
    run(
        insert(edition_stories),
        [{"edition": each.id, "position": one.position, "content": content_of(one)} for one in each.stories],
    )
    consumed = each.state in (EditionState.SENT, EditionState.SENDING, EditionState.CANCELLED)
    held = [{"schedule": each.schedule, "article": one.article.id} for one in each.stories]
    run(insert(reservations), [{**one, "edition": each.id, "consumed": consumed} for one in held])
    rows = [row_of(each.id, one) for one in made]
    told = json.dumps([row["content"] for row in rows]).replace(model.id, each.id)
    run(insert(renditions), [{**row, "content": content} for row, content in zip(rows, json.loads(told), strict=True)])
    run(
        insert(links),
        [
            {"edition": each.id, "number": one.position, "url": one.article.url, "clicks": 40 * one.position}
            for one in each.stories
        ],
    )
    version = EditionVersion(
        number=1, at=each.created, who="Tom 1", what="summary", told=told_of(replace(each, renditions=made))
    )
    tx.versions.keep(each.id, version)
