"""``/sources``: whether the news is coming in; a source is looked at, added, visited or removed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from bot.errors import FetchError
from bot.http import Http
from bot.schedules.declaring import declare, withdraw
from bot.schedules.installation import Installation
from bot.schedules.source_health import SourceHealth, health
from bot.schedules.ticker import collect_now
from bot.sources.first_look import FirstLook, first_look, key_for
from bot.web.api.v1.api import NO_NUL, Api, Given, Name
from bot.web.api.v1.caller import Looking, Reading, Writing
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Page, whole

LONGEST_LOOK = 60
"""Seconds that a look behind an address may take."""
Url = Annotated[str, Field(min_length=1, max_length=2000, pattern=NO_NUL)]


class SourceShown(BaseModel):
    """A source with its health. ``day`` and ``week``: articles it published in 24 hours, in 7 days."""

    name: str
    type: str
    place: str
    origin: str
    last_visit: datetime | None
    last_success: datetime | None
    not_before: datetime | None
    next: datetime | None
    failures: int
    error: str
    day: int
    week: int

    @classmethod
    def of(cls, found: SourceHealth) -> SourceShown:
        state = found.state
        return cls(
            name=found.name,
            type=found.type,
            place=found.place,
            origin="desk" if found.origin and found.origin.on_desk else "file",
            last_visit=state.last_visit,
            last_success=state.last_success,
            not_before=state.not_before,
            next=found.next,
            failures=state.failures,
            error=state.error,
            day=found.day,
            week=found.week,
        )


class Sought(Given):
    """An address of a site, or of a feed."""

    url: Url


class Item(BaseModel):
    """An article as the source has it."""

    title: str
    url: str
    published: datetime


class Offer(BaseModel):
    """What was found behind an address. ``key`` is free; ``type`` and ``url`` are what adds it."""

    type: str
    url: str
    title: str
    key: str
    articles: int
    newest: list[Item]
    warnings: list[str]

    @classmethod
    def of(cls, look: FirstLook, key: str) -> Offer:
        return cls(
            type=look.found.type,
            url=look.found.url,
            title=look.found.title,
            key=key,
            articles=look.total,
            newest=[Item(title=each.title, url=each.url, published=each.published) for each in look.newest],
            warnings=list(look.warnings),
        )


class Added(Given):
    """A source that is added."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    type: Literal["feed", "wordpress"]
    url: Url


class Visited(BaseModel):
    """What a visit brought. ``waiting``: the source asked to be left alone until then."""

    source: str
    new: int
    changed: int
    error: str
    waiting: datetime | None


def routes(api: Api) -> None:
    """Adds them."""
    router = api.router
    tags: list[Any] = ["sources"]

    def listed() -> list[SourceHealth]:
        installation = api.installation
        with api.store.read() as tx:
            return health(installation, tx, api.now)

    def found(name: str) -> SourceShown:
        one = next((each for each in listed() if each.name == name), None)
        if one is None:
            raise missing("source")
        return SourceShown.of(one)

    @router.get("/sources", tags=tags)
    def every(caller: Reading) -> Page[SourceShown]:
        """All sources, those that fail first."""
        return whole([SourceShown.of(each) for each in listed()])

    @router.post("/sources", tags=tags, status_code=201)
    def add(caller: Writing, given: Added) -> SourceShown:
        """Adds one. The background visits it next."""
        if given.key in api.installation.settings.sources:
            raise Refused(422, "There is a source with this key.", pointer="#/key")
        table = {"type": given.type, "url": given.url}
        declare(api.whole, "sources", given.key, table, version=0, **api.by(caller))
        return found(given.key)

    @router.post("/sources/find", tags=tags)
    def find(caller: Looking, given: Sought) -> Offer:
        """Looks what is behind an address, and reads it once. Nothing is kept."""
        installation = api.installation
        try:
            look = asyncio.run(_look(installation, given.url))
        except TimeoutError as error:
            raise FetchError("the site is too slow to answer", sent=True) from error
        return Offer.of(look, key_for(look.found, installation.settings.sources))

    @router.get("/sources/{name}", tags=tags)
    def one(caller: Reading, name: Name) -> SourceShown:
        """One of them."""
        return found(name)

    @router.delete("/sources/{name}", tags=tags, status_code=204)
    def remove(caller: Writing, name: Name) -> None:
        """Removes one that was added on the desk, or here. Its articles stay."""
        withdraw(api.whole, "sources", name, **api.by(caller))

    @router.post("/sources/{name}/collect", tags=tags)
    def collect(caller: Writing, name: Name) -> Visited:
        """Visits it now."""
        installation = api.installation
        if name not in installation.sources:
            raise missing("source")
        (report,) = collect_now(installation, (name,))
        return Visited(
            source=name,
            new=report.new,
            changed=report.changed,
            error=str(report.error or ""),
            waiting=report.waiting,
        )


async def _look(installation: Installation, url: str) -> FirstLook:
    async with asyncio.timeout(LONGEST_LOOK), Http(installation.settings.http) as http:
        return await first_look(http, url, installation.clock())
