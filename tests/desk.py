"""A desk with something on each of its pages, and the addresses of all of them.

The pages are found by the application's routes, so that a new one is looked at by being there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from itertools import cycle
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from bot.accounts import invitations, sessions
from bot.accounts.api_tokens import make
from bot.delivery.engine import Engine
from bot.delivery.outgoing.endpoints import MOST, TYPES
from bot.delivery.sending import begin_sending
from bot.delivery.suspects import ALL, summed_up
from bot.errors import DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import (
    Act,
    Article,
    CallState,
    Card,
    Change,
    Consent,
    Edition,
    EditionState,
    EditionStory,
    EditionVersion,
    Effect,
    Endpoint,
    EndpointOff,
    Event,
    Evidence,
    Layout,
    MergeField,
    Parcel,
    Post,
    Preferences,
    Reactions,
    ReaderImport,
    Receipt,
    Rendition,
    Role,
    Scope,
    Signup,
    SignupOutcome,
    StoryWords,
    Summary,
    Suppression,
    Told,
    ToldStory,
    User,
    Verdict,
)
from bot.schedules.figures import count_readers, reckon_now
from bot.schedules.installation import Installation
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.store.sources import SourceState
from bot.store.subscribers import LARGEST_ID
from bot.testing import KEYS, ScriptedChannel, article, edition, email
from bot.web.editor.access import Needs, cookie_name

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BODY = "<p>The tunnel shuts at ten.</p><p>The work costs the council £2.4 million, the engineer said.</p>"

VIEWS = (
    "calendar?week={day}",
    "calendar?list={day}",
    "articles?q=tunnel",
    "articles?changed=yes",
    "audience?q=reader",
    "audience?audience=readers",
    "editions/{waiting}?add=yes",
    "deliveries?state=sent",
    "schedules/new?from=morning",
    "channels/new?type=mastodon",
    "search?q=tunnel",
    "numbers?schedule=morning",
    "activity?kind=edition",
)
"""The same pages as somebody asks for them who has chosen something on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """What stands in the addresses of the desk's pages; ``cookies`` are an admin's."""

    cookies: dict[str, str]
    waiting: str
    sent: str
    article: int
    reader: int
    upload: str
    channel: str
    schedule: str
    source: str
    address: str
    webhook: int

    def fill(self, path: str) -> Iterator[str]:
        """The addresses of a route; a ``LookupError`` where it has a part that nobody told this how to fill."""
        if path.startswith("/editions/"):
            asked = "?state=failed" if path.endswith("/readers") else ""
            yield path.format(edition=self.sent, channel=self.channel) + asked
            # What waits for its time is delivered to nobody yet.
            if "/delivery" not in path:
                yield path.format(edition=self.waiting, channel=self.channel)
            return
        if path.startswith("/templates/{kind}"):
            yield path.format(kind="digests", name="briefing")
            return
        id = self.upload if path.startswith("/audience/imports") else self.reader
        name = self.source if path.startswith("/sources") else self.channel
        address = path.format(id=id, name=name, article=self.article, key=self.schedule, endpoint=self.webhook)
        yield address + (f"?address={self.address}" if path == "/audience/suppressions/remove" else "")


def routes(app: FastAPI) -> list[str]:
    """The paths of all GET routes that ask who comes."""

    def asks(dependant: Any) -> bool:
        return any(isinstance(each.call, Needs) or asks(each) for each in dependant.dependencies)

    return [
        route.path
        for route in iter_route_contexts(app.routes)
        if "GET" in (route.methods or ()) and getattr(route, "dependant", None) and asks(route.dependant)
    ]


def addresses(app: FastAPI, things: Things) -> list[str]:
    """Where each page of the desk is, and each of ``VIEWS``: paths with their query, from the root."""
    found = [address for path in routes(app) for address in things.fill(path)]
    today = f"{app.state.installation.clock():%Y-%m-%d}"
    return found + ["/" + view.format(waiting=things.waiting, day=today) for view in VIEWS]


def doors(installation: Installation) -> list[str]:
    """Where who is not known yet comes in: paths from the root, among them an invitation and a way to a password."""
    store, now = installation.store, installation.clock()
    invited = invitations.invite(store, "new@record.example", Role.EDITOR, who="Mara", now=now)
    with store.read() as tx:
        user = tx.users.find("mara@record.example")
    assert user
    links = (invited, invitations.let_choose(store, user, who="Mara", now=now))
    opened = [invitations.link(installation.keys, each, "") for each in links]
    return ["/login", "/login?changed=yes", "/forgotten", *opened, f"{opened[0]}x"]


def toml(count: int, smtp: str = "mail.record.example") -> str:
    """Settings with ``count`` sources, schedules, audiences and channels."""
    parts = [
        f"""
[audiences.a{number}]
name = "Audience {number}"

[sources.s{number}]
type = "feed"
url = "https://record.example/feed/{number}"

[channels.c{number}]
type = "email"
from = "The Record <news@record.example>"
host = "{smtp}"

[schedules.x{number}]
name = "Schedule {number}"
cron = "{number} 9 * * *"
audience = "a{number}"
channels = ["c{number}"]
"""
        for number in range(1, count)
    ]
    return "".join(parts)


def fill(installation: Installation, count: int, word: str = "", *, reader: str = "reader") -> Things:
    """Puts ``count`` of everything into the store, each telling ``word`` wherever something foreign is told.

    ``reader`` begins the address of each reader. Stands outside of any running event loop.
    """
    store, now = installation.store, installation.clock()
    title = f"Tunnel closes {word}".strip()
    telling = []
    # One each for an edition that went out, and for one that waits.
    for number in range(2 * count):
        one = article(
            title=f"{title} {number}",
            standfirst=title,
            body=f"{BODY}<p>{escape(title)}</p>",
            authors=(f"{word}A. Author",),
            sections=(f"Harbour{word}",),
            tags=(f"Tag{word}",),
            published=now - number * timedelta(minutes=5) - HOUR,
        )
        with store.write() as tx:
            tx.articles.put(one, url_key=one.url, present=(), now=now - HOUR)
            tx.articles.put(replace(one, body=one.body.replace("2.4", "4.2")), url_key=one.url, present=(), now=now)
            telling.append(tx.articles.newest(since=one.published, source="site")[-1])
    readers = _readers(installation, count, word, reader)
    sent = [_edition(store, telling[each], title, word, each, now, EditionState.DRAFTED) for each in range(count)]
    waiting = [
        _edition(store, telling[count + each], title, word, each, now, EditionState.AWAITING) for each in range(count)
    ]
    for one in sent:
        assert begin_sending(store, one, audience="readers", now=now)
    _deliver(installation, word)
    _come_back(store, sent[0], readers, word, now)
    _react(installation, word)
    reckon_now(installation, now)
    count_readers(installation, now)
    upload = _record(installation, count, word)
    webhook = webhooks(installation, count, word)
    with store.write() as tx:
        for one, lead in zip(sent, telling[:count], strict=True):
            tx.changes.put(
                Change(
                    article=lead.id,
                    edition=one.id,
                    revision=lead.revision,
                    withdrawn=False,
                    at=now,
                    title=title,
                    what=f"summary{word}",
                    was=f"It costs £2.4 million {word}",
                    now=f"It costs £4.2 million {word}",
                )
            )
    return Things(
        cookies=_people(installation, count, word),
        waiting=waiting[0].id,
        sent=sent[0].id,
        article=telling[0].id,
        reader=readers[0],
        upload=upload,
        channel="mail",
        schedule="morning",
        source="site",
        address="spam0@example.org",
        webhook=webhook,
    )


def _readers(installation: Installation, count: int, word: str, reader: str) -> list[int]:
    ids, now = [], installation.clock()
    with installation.store.write() as tx:
        for number in range(count):
            address = f"{reader}{number}@example.org"
            evidence = Evidence(form=f"footer{word}", wording=f"Yes, {word}", page=f"javascript:alert({number})")
            consent = Consent(at=now - DAY, via=f"sign-up{word}", note=f"paper {word}", evidence=evidence)
            tx.subscribers.subscribe(address, "readers", consent, name=f"Reader {word}")
            ids.append(tx.subscribers.id_of(address))
    return ids


def _edition(
    store: Store, lead: Article, title: str, word: str, number: int, now: datetime, state: EditionState
) -> Edition:
    waits = state is EditionState.AWAITING
    html = f'<html><body><h1>{escape(title)}</h1><a href="{{hole}}">Unsubscribe</a></body></html>'
    story = EditionStory(
        position=1,
        article=lead,
        summary=Summary(f"The work costs £4.2 million. {word}"),
        also=((f"Herald{word}", "javascript:alert(2)"),),
        article_ids=(lead.id,),
        reason=f"pinned {word}",
        words=StoryWords(title=title, summary=f"It costs £4.2 million. {word}"),
    )
    one = edition(
        lead=lead,
        state=state,
        slot=now + 2 * HOUR + timedelta(minutes=number) if waits else now - number * DAY,
        slot_key=f"{state}-{number}",
        name=f"Morning briefing {word}",
        created=now - HOUR,
        stories=(story,),
        approval=waits,
    )
    hole = MergeField.UNSUBSCRIBE_URL.hole(one.id)
    link = f"https://record.example/{number}"
    post = Post(text=title, url=link, card=Card(url=link, title=title, description=title, image_alt=title))
    mail = email(
        subject=title, preheader=title, html=html.replace("{hole}", hole), text=f"{title} {hole}", web="<p>web</p>"
    )
    one = replace(one, renditions=(Rendition(channel="bluesky", post=post), Rendition(channel="mail", email=mail)))
    left = {"id": lead.id, "title": title, "url": "javascript:alert(3)", "rule": "age", "reason": f"old {word}"}
    told = Told(
        subject=title, preheader=title, stories=(ToldStory(article=lead.id, revision=1, title=title, summary=title),)
    )
    with store.write() as tx:
        assert tx.editions.add(one, expires=one.slot + 3 * DAY, report={"rejections": [left]})
        for version, changed in enumerate((told, replace(told, subject=f"{title} again")), 1):
            made = EditionVersion(number=version, at=now, who=f"{word}Tom", what="summary", told=changed)
            tx.versions.keep(one.id, made)
    return one


def _deliver(installation: Installation, word: str) -> None:
    """Two of three mails fail, the one of them for good; what became of the third is not known."""
    turns = cycle(
        (
            DeliveryError(f"mx:25: 550 5.7.1 {word}", permanent=True, code=550, enhanced="5.7.1"),
            ServerBusy(f"mx:25: 421 4.7.0 {word}", code=421, enhanced="4.7.0", server="mx:25"),
            OutcomeUnknown(f"mx:25 broke off {word}"),
            None,
        )
    )

    def mail(_parcel: Parcel) -> Receipt:
        error = next(turns)
        if error:
            raise error
        return Receipt(server="mx:25", code=250, text=word)

    engine = Engine(
        store=installation.store,
        channels={"mail": ScriptedChannel(answer=mail), "bluesky": ScriptedChannel(medium="post")},
        keys=KEYS,
        clock=installation.clock,
        rules=DeliveryTable(),
        jitter=lambda: 0.5,
    )
    # The thread may have a loop of its own, as a test of the web has, and one that drives a browser.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, engine.deliver()).result()


def _come_back(store: Store, one: Edition, readers: list[int], word: str, now: datetime) -> None:
    """The edition's readers came back at once: somebody is to say whether they are dead."""
    with store.write() as tx:
        for number, reader in enumerate(readers):
            made = Event(
                key=f"back{number}",
                at=now,
                verdict=Verdict.HARD,
                source="maildir",
                effect=Effect.WAITING,
                edition=one.id,
                subscriber=reader,
                code="5.1.1",
                reason="no such user",
                evidence=f"550 5.1.1 no such user {word}",
            )
            tx.events.add(made)
        suspects = summed_up(tx.events.undecided(one.id, LARGEST_ID), {ALL: 2 * len(readers)})
        tx.suspects.keep(one.id, suspects)


def _react(installation: Installation, word: str) -> None:
    """Followers reacted to the posts; a network says why it will not tell more."""
    now = installation.clock()
    with installation.store.write() as tx:
        new = tx.measured_posts.unknown(["bluesky"], now)
        tx.measured_posts.enter(new)
        for number, each in enumerate(new):
            tx.measured_posts.keep([each], {each.post: Reactions(likes=number + 1, reposts=2)}, now)
        tx.measured_posts.take("mail", now, now + HOUR)
        tx.measured_posts.leave("mail", now, None, f"the scope is missing {word}")


def _record(installation: Installation, count: int, word: str) -> str:
    """Sign-ups, suppressions, files, acts, a source in need: what is told beside editions; the id of a file."""
    now, upload = installation.clock(), ""
    with installation.store.write() as tx:
        for number in range(count):
            at = now - number * timedelta(minutes=1)
            tx.suppressions.add(
                Suppression(address=f"spam{number}@example.org", reason="bounce", at=at, note=f"550 {word}")
            )
            tx.signups.add(
                Signup(
                    id=f"signup{number}",
                    address=f"new{number}@example.org",
                    choices={"readers": Preferences()},
                    language="en",
                    evidence=Evidence(form=f"footer{word}", page=f"javascript:{word}"),
                    requested=at - HOUR,
                    outcome=SignupOutcome.CONFIRM,
                )
            )
            upload = f"{number:016x}"
            made = ReaderImport(
                id=upload,
                file=f"{word}readers.csv",
                audience="readers",
                who=f"{word}Tom",
                at=at,
                lines=2,
                layout=Layout(header=("email", f"name {word}"), first=(("ida@example.org", word or "Ida"),)),
            )
            tx.reader_imports.add(made, [b"email,name\nida@example.org,Ida\n"])
            tx.acts.add(
                Act(
                    at=at,
                    who=f"{word}Tom",
                    what="hold",
                    thing=f"edition:{word}",
                    before=word,
                    after=word,
                    note=f"since {word}",
                )
            )
        for name in installation.settings.sources:
            tx.sources.put(SourceState(source=name, failures=3, error=f"HTTP 500 {word}", last_success=now - DAY))
        tx.channels.pause("mail", f"the server said {word}", now)
    return upload


def webhooks(installation: Installation, count: int, word: str) -> int:
    """Programs that are told, some of them no more, of events that ended in each way; the id of one."""
    now, made = installation.clock(), 0
    ends = cycle(((CallState.DELIVERED, 200, None), (CallState.FAILED, 500, None), (CallState.WAITING, 0, now + HOUR)))
    with installation.store.write() as tx:
        for number in range(min(count, MOST)):
            made = tx.endpoints.add(
                Endpoint(
                    id=0,
                    name=f"The CMS {number} {word}",
                    url=f"https://cms.record.example/{number}",
                    secret="sealed",
                    types=frozenset(TYPES),
                    by=f"{word}Tom",
                    created=now,
                )
            )
            if number % 3 == 1:
                tx.endpoints.disable(made, EndpointOff.FAILING, now)
        for number in range(count):
            tx.outbox.suppressed(now, f"spam{number}{word}@example.org", f"{number:064x}", audience="", reason=word)
            tx.outbox.ping(made, now, f"{word}Tom")
        for call in tx.endpoints.calls(made, 2 * count):
            state, code, due = next(ends)
            tx.endpoints.settle(call, state=state, due=due, code=code, said=f"broke off {word}", now=now)
        tx.endpoints.answered(made, code=0, said=f"broke off {word}", rests=now + HOUR, took=False, now=now)
    return made


def _people(installation: Installation, count: int, word: str) -> dict[str, str]:
    """Gives an admin, and ``count`` others, an account; returns the cookies of the admin."""
    store, now = installation.store, installation.clock()
    with store.write() as tx:
        for number in range(count):
            new = User(id=0, name=f"{word}Tom {number}", address=f"tom{number}@record.example", role=Role.EDITOR)
            tx.users.add(new, name_key=f"tom{number}", password="none", now=now)
        new = User(id=0, name="Mara", address="mara@record.example", role=Role.ADMIN)
        admin = tx.users.get(tx.users.add(new, name_key="mara", password="none", now=now))
        assert admin
        token = ""
        for _ in range(count):
            token = sessions.log_in(tx, admin, now, kept=True, browser=f"Firefox {word}")
    for number in range(count):
        invitations.invite(store, f"ida{number}@record.example", Role.EDITOR, who=f"{word}Tom", now=now)
        if number < 20:
            make(store, admin, f"Export {number}{word}", Scope.READ, DAY, now=now)
    return {cookie_name(installation.newsroom): token}
