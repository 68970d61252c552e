"""Builders and doubles for tests: ours, and those of people who write a channel or a source.

Stands outside the layers and may import any. ``bot.testing.networks`` holds the strict fakes of social networks
(docs/testing.md), ``bot.testing.server`` serves an ASGI application on loopback.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from bot import dns
from bot.channels.base import Unopened
from bot.model import (
    Article,
    Consent,
    Edition,
    EditionState,
    EditionStory,
    Email,
    Enrolment,
    Idempotency,
    Limits,
    Pace,
    Parcel,
    PostRules,
    Receipt,
    Rendition,
    Summary,
)
from bot.settings import SECRET_KEYS, Settings, Table, load_settings
from bot.store import Store
from bot.tokens import KeyRing

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
"""The moment at which tests stand, unless they say otherwise."""

KEYS = KeyRing({"k1": b"0123456789abcdef0123456789abcdef"})
ENVIRONMENT = {SECRET_KEYS: "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}

_numbers = itertools.count(1)


def article(**fields: Any) -> Article:
    """An article of the source ``site``, published an hour before ``NOW``; any field may be given."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "source": "site",
        "guid": f"guid-{number}",
        "url": f"https://record.example/2026/11/story-{number}",
        "title": f"Story {number}",
        "published": NOW - timedelta(hours=1),
        "standfirst": f"What story {number} is about.",
        "authors": ("Ines Okafor",),
        "sections": ("Harbour",),
        "language": "en",
        "body": f"<p>The first sentence of story {number}. The second sentence follows it.</p>",
    }
    return Article(**{**given, **fields})


def edition(**fields: Any) -> Edition:
    """A drafted edition of the schedule ``morning`` with one story and one mail; any field may be given."""
    number = next(_numbers)
    identity = fields.get("id", f"edition{base64.b32encode(number.to_bytes(5, 'big'))[-5:].decode().lower()}")
    lead = fields.pop("lead", None) or article(id=number)
    given: dict[str, Any] = {
        "id": identity,
        "schedule": "morning",
        "slot_key": f"2026-11-24T07:{number:02d}",
        "slot": NOW,
        "state": EditionState.DRAFTED,
        "name": "Morning briefing",
        "created": NOW,
        "stories": (EditionStory(position=1, article=lead, summary=Summary(lead.standfirst), article_ids=(lead.id,)),),
        "renditions": (Rendition(channel="mail", email=email()),),
    }
    return Edition(**{**given, **fields})


def email(**fields: Any) -> Email:
    """A small mail without holes."""
    given: dict[str, Any] = {
        "subject": "The ferry returns",
        "preheader": "And two more",
        "html": "<html><body><h1>The ferry returns</h1></body></html>",
        "text": "The ferry returns\n",
    }
    return Email(**{**given, **fields})


def subscribe(store: Store, *addresses: str, audience: str = "readers", at: datetime = NOW) -> list[int]:
    """Puts addresses into an audience; returns the subscribers' ids."""
    consent = Consent(at=at, via="test")
    with store.write() as tx:
        if len(addresses) > _FEW:
            # As a file of them is taken in: one by one they take longer than what most tests do with them.
            tx.enrolments.take(
                [Enrolment(address=address, audience=audience, consent=consent) for address in addresses]
            )
        else:
            for address in addresses:
                tx.subscribers.subscribe(address, audience, consent)
        ids = [tx.subscribers.id_of(address) for address in addresses]
    return [each for each in ids if each is not None]


_FEW = 20
"""Addresses that are subscribed one by one."""


def settings(folder: Path, toml: str = "", *, environment: dict[str, str] | None = None) -> Settings:
    """Settings of a small newsroom in ``FOLDER/config``, with ``toml`` added to the file."""
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "broadsheet.toml").write_text(NEWSROOM + toml, "utf-8")
    return load_settings(config, {**ENVIRONMENT, **(environment or {})})


NEWSROOM = """
[newsroom]
name = "The Port Alder Record"
url = "https://record.example"
timezone = "UTC"
address = "14 Quay Street, Port Alder 40217"
public_url = "https://news.record.example"

[audiences.readers]
name = "Morning briefing"
"""


class Nothing(Table):
    """No options."""


Answer = Callable[[Parcel], Receipt]


@dataclass
class ScriptedChannel(Unopened):
    """A channel that keeps what it was sent and answers as the test says, by raising or with a receipt."""

    answer: Answer = lambda parcel: Receipt(server="test", code=250, text="ok", id=parcel.token)
    medium: str = "email"
    limits: Limits = field(default_factory=Limits)
    template: str = ""
    connections: int = 2
    sent: list[Parcel] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)
    rules: PostRules = field(default_factory=PostRules)
    idempotency: Idempotency = Idempotency.NONE
    verified: str = ""
    Options: ClassVar[type[Table]] = Nothing

    async def send(self, parcel: Parcel) -> Receipt:
        self.sent.append(parcel)
        return self.answer(parcel)

    def payload(self, parcel: Parcel) -> Any:
        post = parcel.rendition.post
        return {"text": post.text, "answers": post.answers} if post else {}

    async def check(self) -> str:
        return "answers"


@dataclass
class RecallingChannel(ScriptedChannel):
    """One that can also be asked what became of a post. ``asked`` keeps each question: the parcel, and since when."""

    recalled: Callable[[Parcel], Receipt | None] = lambda _parcel: None
    asked: list[tuple[Parcel, datetime]] = field(default_factory=list)

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        self.asked.append((parcel, began))
        return self.recalled(parcel)


@dataclass
class Zones:
    """A DNS of a test's own: ``{"record.news": {"TXT": ["v=spf1 -all"]}}``. What is no name of it does not exist.

    An error in the place of a name's records, or of those of one kind, is raised. ``asked`` counts the questions.
    """

    names: dict[str, Any]
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def look(self, name: str, kind: dns.Kind) -> dns.Answer:
        self.asked.append((name, kind))
        records = self.names.get(name)
        found = records if isinstance(records, Exception) else (records or {}).get(kind, ())
        if isinstance(found, Exception):
            raise found
        return dns.Answer(tuple(found), exists=records is not None)


def moments(start: datetime = NOW, step: timedelta = timedelta(seconds=1)) -> Iterator[datetime]:
    """One moment after the other."""
    return (start + step * number for number in itertools.count())
