"""``/schedules``: what goes out when; those made on the desk, or here, are changed here, those of files are not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from bot.errors import NothingToDo
from bot.model import MovedSlot
from bot.schedules.declaring import declare, turn, withdraw
from bot.schedules.installation import Installation
from bot.schedules.picking import NEW, Picker, Picking, trying
from bot.schedules.run import extra_slot, need_open
from bot.schedules.slot import make
from bot.web.api.v1.api import Api, Given, Name
from bot.web.api.v1.caller import Approving, Looking, Reading, Writing
from bot.web.api.v1.edition_shapes import Brief
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Page, whole

KEY = r"^[a-z0-9][a-z0-9_-]{0,39}$"
_RESERVED = ("new", NEW)

Content = dict[str, Any]
Version = Annotated[int | None, Query(ge=0, description="The version that was seen: another one is refused.")]


class Schedule(BaseModel):
    """``content`` is its table, in the settings' words. ``origin`` is `file` or `desk`; ``version`` counts changes."""

    key: str
    name: str
    enabled: bool
    origin: str
    version: int
    next: datetime | None
    audience: str
    channels: list[str]
    approval: bool
    content: Content


class Created(Given):
    """A schedule that is made. ``content`` is what stands in `[schedules.KEY]`."""

    key: str = Field(pattern=KEY)
    content: Content = Field(max_length=60)


class Changed(Given):
    """The whole table takes the place of the old one."""

    content: Content = Field(max_length=60)
    version: int | None = Field(default=None, ge=1)


class Tried(Given):
    """What a table would pick; ``key``: as the schedule of this key, else as a new one."""

    content: Content = Field(max_length=60)
    key: str = Field(default="", pattern=rf"{KEY}|^$")


class Picked(BaseModel):
    """A story that would be told, and why."""

    article: int
    title: str
    url: str
    reason: str
    score: float


class Reject(BaseModel):
    """One of them."""

    article: int
    title: str
    reason: str


class LeftOut(BaseModel):
    """Articles that a rule left out: how many, and the first of them with the reason."""

    rule: str
    count: int
    first: list[Reject]


class Preview(BaseModel):
    """``skip`` and ``hold``: why no edition would be made, or why somebody would have to see it first; "" if not."""

    articles: int
    stories: int
    picks: list[Picked]
    left_out: list[LeftOut]
    skip: str
    hold: str

    @classmethod
    def of(cls, found: Picking) -> Preview:
        return cls(
            articles=found.articles,
            stories=found.stories,
            picks=[
                Picked(
                    article=each.story.lead.id,
                    title=each.story.lead.title,
                    url=each.story.lead.url,
                    reason=each.reason,
                    score=each.score,
                )
                for each in found.picks
            ],
            left_out=[
                LeftOut(
                    rule=group.rule,
                    count=group.count,
                    first=[
                        Reject(article=each.article.id, title=each.article.title, reason=each.reason)
                        for each in group.first
                    ],
                )
                for group in found.groups
            ],
            skip=found.skip,
            hold=found.hold,
        )


def routes(api: Api) -> None:
    """Adds them."""
    router = api.router
    picker = Picker()
    tags: list[Any] = ["schedules"]

    @router.get("/schedules", tags=tags)
    def every(caller: Reading) -> Page[Schedule]:
        """All schedules, in the settings' order."""
        installation = api.installation
        return whole(_all_shown(api, installation, list(installation.settings.schedules)))

    @router.post("/schedules", tags=tags, status_code=201)
    def create(caller: Writing, given: Created) -> Schedule:
        """Makes one. It stands in the store, and is exported with the others."""
        key = given.key
        with api.store.read() as tx:
            # What was sent under a key keeps it for ever.
            taken = {*tx.schedules.past(), *(each.key for each in tx.declarations.all() if each.kind == "schedules")}
        if key in {*taken, *api.installation.settings.schedules, *_RESERVED}:
            raise Refused(422, "There is, or was, a schedule with this key.", pointer="#/key")
        declare(api.whole, "schedules", key, _table(given.content), version=0, **api.by(caller))
        return _shown(api, api.installation, key)

    @router.post("/schedules/preview", tags=tags)
    def try_out(caller: Looking, given: Tried) -> Preview:
        """What a table would pick now, and why not the others. Nothing is kept."""
        key, now = given.key or NEW, api.now
        content = {"name": "…", **_table(given.content)}
        tried = trying(api.installation, key, content, now)
        return Preview.of(picker.pick(tried, key, now))

    @router.get("/schedules/{key}", tags=tags)
    def one(caller: Reading, key: Name) -> Schedule:
        """One of them."""
        return _shown(api, api.installation, key)

    @router.put("/schedules/{key}", tags=tags)
    def change(caller: Writing, key: Name, given: Changed) -> Schedule:
        """Changes one that was made on the desk, or here."""
        _need_declared(api.installation, key)
        declare(api.whole, "schedules", key, _table(given.content), version=given.version, **api.by(caller))
        return _shown(api, api.installation, key)

    @router.delete("/schedules/{key}", tags=tags, status_code=204)
    def remove(caller: Writing, key: Name, version: Version = None) -> None:
        """Removes one. What it sent stays as it is; what of it waits to go out expires."""
        withdraw(api.whole, "schedules", key, version=version, **api.by(caller))

    @router.post("/schedules/{key}/on", tags=tags)
    def on(caller: Writing, key: Name) -> Schedule:
        """Turns it on."""
        turn(api.whole, key, on=True, **api.by(caller))
        return _shown(api, api.installation, key)

    @router.post("/schedules/{key}/off", tags=tags)
    def off(caller: Writing, key: Name) -> Schedule:
        """Turns it off: it makes no edition, and makes up for none."""
        turn(api.whole, key, on=False, **api.by(caller))
        return _shown(api, api.installation, key)

    @router.get("/schedules/{key}/preview", tags=tags)
    def preview(caller: Reading, key: Name) -> Preview:
        """What it would pick now, and why not the others."""
        installation = api.installation
        if key not in installation.settings.schedules:
            raise missing("schedule")
        return Preview.of(picker.pick(installation, key, api.now))

    @router.post("/schedules/{key}/extra", tags=tags, status_code=201)
    def extra(caller: Approving, key: Name) -> Brief:
        """Makes an edition outside the timetable, now; where nobody has to approve it, it goes out."""
        installation, now = api.installation, api.now
        if key not in installation.settings.schedules:
            raise missing("schedule")
        need_open(installation)
        made = make(installation, key, extra_slot(installation, key, now), now, who=caller.who)
        if made is None:
            raise NothingToDo("it has its edition already")
        return Brief.model_validate(made)


def _shown(api: Api, installation: Installation, key: str) -> Schedule:
    if key not in installation.settings.schedules:
        raise missing("schedule")
    return _all_shown(api, installation, [key])[0]


def _all_shown(api: Api, installation: Installation, keys: Sequence[str]) -> list[Schedule]:
    with api.store.read() as tx:
        moves = tx.moved_slots.all()
    in_files = tomllib.loads(installation.files.text).get("schedules", {})
    return [_one_shown(api, installation, each, moves.get(each, ()), in_files.get(each, {})) for each in keys]


def _one_shown(
    api: Api, installation: Installation, key: str, moves: Sequence[MovedSlot], in_files: Mapping[str, Any]
) -> Schedule:
    table = installation.settings.schedules[key]
    declared = installation.settings.declared.get(f"schedules.{key}")
    timed = table.enabled and not table.on_publish
    slots = installation.timetable(key, moves=moves).after(api.now, count=1) if timed else []
    return Schedule(
        key=key,
        name=table.name,
        enabled=table.enabled,
        origin="desk" if declared else "file",
        version=declared.version if declared else 0,
        next=slots[0].due if slots else None,
        audience=table.audience,
        channels=list(table.channels),
        approval=table.approval,
        content=_plain(declared.content if declared else in_files),
    )


def _need_declared(installation: Installation, key: str) -> None:
    """Raises ``Refused`` for one that is not there, or is a file's."""
    if key not in installation.settings.schedules:
        raise missing("schedule")
    if f"schedules.{key}" not in installation.settings.declared:
        raise Refused(409, "It stands in a file: copy it, or change the file.")


def _table(content: Mapping[str, Any]) -> Content:
    """What is null is left out: TOML has no such thing."""
    return {
        name: _table(each) if isinstance(each, Mapping) else each for name, each in content.items() if each is not None
    }


def _plain(content: Mapping[str, Any]) -> Content:
    """As JSON has it: TOML's times of day and dates as text."""
    return {name: _json(each) for name, each in content.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
