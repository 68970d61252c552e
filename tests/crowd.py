"""A desk on which there are so many of everything: editions in all states, of all schedules, of many stories each.

``tests.desk.fill`` puts something on each page; this puts as much on it as there may be, so that a question that is
asked once a thing is seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from bot.delivery.engine import Engine
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.model import (
    CORRECTION,
    Act,
    Article,
    Card,
    Change,
    Consent,
    Correction,
    Edition,
    EditionState,
    EditionStory,
    EditionVersion,
    Event,
    Evidence,
    MergeField,
    MovedSlot,
    Overruling,
    Post,
    PostAct,
    Quota,
    Rendition,
    StoryWords,
    Summary,
    Told,
    ToldStory,
    Verdict,
)
from bot.schedules.figures import count_readers, reckon_now
from bot.schedules.installation import Installation
from bot.settings.tables import DeliveryTable
from bot.store import Transaction
from bot.testing import KEYS, ScriptedChannel, article, edition, email
from tests import desk
from tests.desk import BODY, DAY, HOUR, Things, fill

_MINUTE = timedelta(minutes=1)
_WAITING = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)
_OVER = (EditionState.SKIPPED, EditionState.CANCELLED, EditionState.EXPIRED)
_GOING = (EditionState.SENDING, EditionState.PAUSED)


def toml(count: int) -> str:
    """As ``tests.desk.toml``, with as many channels that post."""
    posting = (f'[channels.p{number}]\ntype = "ntfy"\ntopic = "record-{number}"\n' for number in range(count))
    return desk.toml(count) + "\n" + "\n".join(posting)


def crowd(installation: Installation, count: int) -> Things:
    """Puts ``count`` of everything into the store; ``waiting`` and ``sent`` are editions of so many stories.

    The settings are those of ``toml``. Stands outside of any running event loop.
    """
    things, now = fill(installation, count), installation.clock()
    # The article that the desk looks at was told by "morning" already, by ``fill``.
    others = [name for name in installation.settings.schedules if name != "morning"]
    with installation.store.write() as tx:
        lead = _revised(tx, things.article, count, now)
        waiting = _edition(tx, "morning", EditionState.AWAITING, _news(tx, count, now), now + HOUR, now)
        telling = []
        for at, schedule in enumerate(others):
            news = _news(tx, count if not at else 1, now)
            slot = now - (at + 1) * HOUR
            telling.append(_edition(tx, schedule, EditionState.DRAFTED, [lead, *news[1:]], slot, now))
    for each in telling:
        # One of them to all readers: more mails would take long, and stand on no page.
        audience = "readers" if each is telling[0] else "nobody"
        assert begin_sending(installation.store, each, audience=audience, now=now)
    _deliver(installation, count)
    going = []
    with installation.store.write() as tx:
        for at in range(count):
            schedule = ["morning", *others][at % (len(others) + 1)]
            # Of those that are paused not so many that Today, which shows the earliest, shows nothing else.
            states = (*_WAITING, *_OVER, *(_GOING if at % 3 == 0 else ()))
            for place, state in enumerate(states):
                before = EditionState.DRAFTED if state in _GOING else state
                # Around now, so that Today has them.
                slot = now + (1 if state in _WAITING else -1) * (at * 9 + place + 2) * _MINUTE
                one = _edition(tx, schedule, before, _news(tx, 1, now), slot, now)
                going += [(one, state)] if state in _GOING else []
        _amend(tx, lead, telling, now)
        _decide(tx, waiting, count, now)
        _publish(tx, installation, count, now)
        _read(tx, things, telling, count, now)
    for one, state in going:
        assert begin_sending(installation.store, one, audience="nobody", now=now)
        if state is EditionState.PAUSED:
            lifecycle.pause(installation.store, one.id, who="Tom", now=now)
    while reckon_now(installation, now):
        pass
    count_readers(installation, now)
    installation.refresh()
    return replace(things, waiting=waiting.id, sent=telling[0].id)


def _revised(tx: Transaction, id: int, count: int, now: datetime) -> Article:
    """The article after so many revisions more."""
    found = tx.articles.get(id)
    assert found is not None
    for number in range(count):
        body = f"{found.body}<p>At {number + 1} o'clock the engineer said more.</p>"
        tx.articles.put(replace(found, body=body), url_key=found.url, present=(), now=now - number * _MINUTE)
    revised = tx.articles.get(id)
    assert revised is not None
    return revised


def _news(tx: Transaction, count: int, now: datetime) -> list[Article]:
    made = [article(title="The ferry returns", body=BODY, published=now - HOUR) for _ in range(count)]
    for each in made:
        tx.articles.put(each, url_key=each.url, present=(), now=now)
    kept = [tx.articles.kept(each, url_key=each.url, present=()) for each in made]
    return [each for each in kept if each]


def _edition(
    tx: Transaction, schedule: str, state: EditionState, telling: Sequence[Article], slot: datetime, now: datetime
) -> Edition:
    """An edition with a mail, and a post about each story, each on a channel of its own."""
    words = StoryWords(title="The ferry sails again", summary="It costs £9.9 million.")
    one = edition(
        schedule=schedule,
        state=state,
        slot=slot,
        name=f"Edition of {schedule}",
        created=now - HOUR,
        approval=state in (EditionState.AWAITING, EditionState.HELD),
        stories=tuple(
            EditionStory(
                position=position,
                article=each,
                summary=Summary("The work costs £4.2 million."),
                article_ids=(each.id,),
                reason="picked for its section",
                words=words,
            )
            for position, each in enumerate(telling, 1)
        ),
    )
    hole = MergeField.UNSUBSCRIBE_URL.hole(one.id)
    mail = email(html=f'<html><body><h1>The ferry</h1><a href="{hole}">Unsubscribe</a></body></html>', text=hole)
    posts = (Post(text=each.title, url=each.url, card=Card(url=each.url, title=each.title)) for each in telling)
    subjects = (str(each.id) for each in telling)
    renditions = (
        Rendition(channel=f"p{number}", subject=subject, post=post)
        for number, (subject, post) in enumerate(zip(subjects, posts, strict=True))
    )
    one = replace(one, renditions=(Rendition(channel="mail", email=mail), *renditions))
    assert tx.editions.add(one, expires=slot + DAY, report={})
    return one


def _deliver(installation: Installation, count: int) -> None:
    posting = {f"p{number}": ScriptedChannel(medium="post") for number in range(count)}
    engine = Engine(
        store=installation.store,
        channels={"mail": ScriptedChannel(), **posting},
        keys=KEYS,
        clock=installation.clock,
        rules=DeliveryTable(),
        jitter=lambda: 0.5,
    )
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, engine.deliver()).result()


def _amend(tx: Transaction, lead: Article, telling: Sequence[Edition], now: datetime) -> None:
    """What each edition said of ``lead`` changed, is corrected, and its post is to be changed."""
    posts = tx.deliveries.posts_of([each.id for each in telling])
    for each in telling:
        change = Change(
            article=lead.id,
            edition=each.id,
            revision=lead.revision,
            withdrawn=False,
            at=now,
            title=lead.title,
            what="numbers changed",
            was="It costs £2.4 million.",
            now="It costs £4.2 million.",
        )
        tx.changes.put(change)
        made = Correction(
            article=lead.id,
            edition=each.id,
            schedule=each.schedule,
            title=lead.title,
            url=lead.url,
            said="It costs £2.4 million.",
            right="It costs £4.2 million.",
            told=each.slot,
            at=now,
            who="Tom",
        )
        made = replace(made, id=tx.corrections.add(made))
        (stands,) = [post for post in posts[each.id] if post.subject == str(lead.id)]
        post = Post(text="It costs £4.2 million.", url=lead.url, act=PostAct.EDIT, target=stands.provider_id)
        reply = edition(
            schedule=each.schedule,
            slot_key=f"{CORRECTION}{made.id}",
            slot=now,
            stories=(),
            renditions=(Rendition(channel=stands.channel, subject=stands.subject, post=post),),
        )
        assert tx.editions.add(reply, expires=now + DAY, report={})
        tx.corrections.carry(reply.id, [made])


def _decide(tx: Transaction, waiting: Edition, count: int, now: datetime) -> None:
    """What editors did to ``waiting``: versions, findings that stand, acts."""
    stories = tuple(
        ToldStory(article=each.article.id, revision=1, title=each.article.title, summary=each.summary.text)
        for each in waiting.stories
    )
    for number in range(1, count + 1):
        told = Told(subject=f"The ferry returns, {number}", preheader="Again", stories=stories)
        tx.versions.keep(waiting.id, EditionVersion(number=number, at=now, who="Tom", what="subject", told=told))
        tx.versions.overrule(waiting.id, Overruling(key=f"key{number}", who="Tom", at=now, note="It is so."))
        for thing in (f"edition:{waiting.id}", f"user:{number}", f"article:{number}", f"slot:morning/{number}"):
            tx.acts.add(Act(at=now, who=f"Editor {number}", what="edit", thing=thing, before="a", after="b"))


def _publish(tx: Transaction, installation: Installation, count: int, now: datetime) -> None:
    """Channels that are paused, slots that were moved, sources with hubs, what was made on the desk."""
    for number in range(count):
        tx.channels.pause(f"p{number}", "the network said no", now)
        tx.channels.told(f"p{number}", Quota(remaining=3, resets=now + HOUR, limit=10))
        evening = {"name": f"Evening {number}", "times": ["18:00"], "audience": "readers", "channels": ["mail"]}
        tx.declarations.put("schedules", f"evening{number}", evening, who="Tom", now=now)
        feed = {"type": "feed", "url": f"https://north.example/{number}"}
        tx.declarations.put("sources", f"north{number}", feed, who="Tom", now=now)
    for each in installation.timetable("morning", tx).after(now, count=count):
        moved = MovedSlot(schedule="morning", slot_key=each.key, was=each.due, due=each.due + HOUR, who="Tom", at=now)
        tx.moved_slots.put(moved)
    for source in installation.settings.sources:
        tx.hubs.name(source, "https://hub.example/", f"https://record.example/{source}", now)


def _read(tx: Transaction, things: Things, telling: Sequence[Edition], count: int, now: datetime) -> None:
    """A reader of many audiences with much that came back; rows of a file that were not taken."""
    known = tx.dossier.reader(things.reader)
    assert known is not None
    for number in range(1, count):
        consent = Consent(at=now - DAY, via="sign-up", evidence=Evidence(wording=f"version{number}"))
        tx.subscribers.subscribe(known["address"], f"a{number}", consent)
        words = Act(at=now, who="broadsheet", what="consent wording", thing=f"wording:version{number}", note="Yes")
        tx.acts.add(words)
        event = Event(
            key=f"event{number}",
            at=now - number * _MINUTE,
            verdict=Verdict.SOFT,
            source="stdin",
            edition=telling[number % len(telling)].id,
            subscriber=things.reader,
        )
        tx.events.add(event)
    refused = [
        {"sheet": "", "line": number, "value": "jo@@x", "reason": "no address", "cells": ["jo@@x"]}
        for number in range(count)
    ]
    tx.reader_imports.refuse(things.upload, refused, trial=False)
