"""``/imports``: a CSV becomes readers: sent, its columns said, tried, imported by the background."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from bot.audience import reader_import
from bot.errors import StateError
from bot.model import ImportStage, ReaderImport, Scope
from bot.web.api.v1.api import Api, Given, Line, Shown, Word
from bot.web.api.v1.caller import Caller, Looking, Needs, Reading, Writing
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, cut, of_moment

UPLOAD = "/api/v1/imports"
MAX_BODY = 16 << 20
"""Bytes: the body is held in memory. Larger files go by the desk, or by `broadsheet subscribers import`."""
CSV = "text/csv"
FIELDS = reader_import.CHOSEN
LEAST_EVIDENCE = 10

Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Sending = Annotated[Caller, Depends(Needs(Scope.WRITE, takes=CSV))]
_FILE = re.compile(r"[^\w.() -]+")


class ImportShown(Shown):
    """An import. ``trial`` and ``counts`` say what became of rows, by outcome: on trial, and in earnest."""

    id: str
    file: str
    audience: str
    who: str
    at: datetime
    lines: int
    stage: ImportStage
    header: list[str]
    guessed: dict[str, str]
    columns: dict[str, str]
    trial: dict[str, int] | None
    counts: dict[str, int] | None
    error: str
    ended: datetime | None

    @classmethod
    def of(cls, made: ReaderImport) -> ImportShown:
        return cls(
            **{name: getattr(made, name) for name in ("id", "file", "audience", "who", "at", "lines", "stage")},
            header=list(made.layout.header),
            guessed=dict(made.layout.guessed),
            columns=dict(made.columns),
            trial=_numbers(made.trial),
            counts=_numbers(made.counts),
            error=made.error,
            ended=made.ended,
        )


class Columns(Given):
    """What the columns mean: by field (`email`, `name` …) the header's cell. ``consent``: where and how all agreed."""

    audience: Word
    consent: Line = Field(min_length=LEAST_EVIDENCE)
    columns: dict[str, Word] = Field(default={}, max_length=len(FIELDS))


class Refusal(BaseModel):
    """A row that was not taken."""

    line: int
    value: str
    reason: str


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["imports"]
    body = {"requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}}

    def known(id: str) -> ReaderImport:
        with store.read() as tx:
            found = tx.reader_imports.get(id)
        if found is None:
            raise missing("import")
        return found

    @router.get("/imports", tags=tags)
    def every(request: Request, caller: Reading, limit: Limit = 50, cursor: Cursor = "") -> Page[ImportShown]:
        """Imports, the newest first."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        with store.read() as tx:
            found = tx.reader_imports.newest(limit + 1, before=datetime.fromisoformat(place[0]) if place else None)
        rows, last = cut(found, limit)
        following = cursors.next(of_moment(last.at)) if last else None
        return Page(data=[ImportShown.of(each) for each in rows], next=following)

    @router.post("/imports", tags=tags, status_code=201, openapi_extra=body)
    async def send(
        request: Request,
        caller: Sending,
        name: Annotated[str, Query(max_length=100, description="The file's name, as it is shown.")] = "import.csv",
    ) -> ImportShown:
        """Keeps a CSV. Nobody is imported until its columns are said, and it is begun."""
        content = await request.body()
        return await _brought(api, caller, _FILE.sub("_", name).strip() or "import.csv", content)

    @router.get("/imports/{id}", tags=tags)
    def one(caller: Reading, id: Id) -> ImportShown:
        """How far it is."""
        return ImportShown.of(known(id))

    @router.put("/imports/{id}/columns", tags=tags)
    def choose(caller: Writing, id: Id, given: Columns) -> ImportShown:
        """Says what the columns mean; the background tries it then: nothing is imported yet."""
        unknown = [each for each in given.columns if each not in FIELDS]
        if unknown:
            raise Refused(422, f"The fields are {', '.join(FIELDS)}.", pointer="#/columns")
        taken = reader_import.choose(
            store,
            known(id),
            api.installation.settings,
            audience=given.audience,
            consent=given.consent,
            columns={each: given.columns.get(each, "") for each in FIELDS},
            who=caller.who,
        )
        if not taken:
            raise StateError("it is being worked on, or over")
        return ImportShown.of(known(id))

    @router.post("/imports/{id}/begin", tags=tags)
    def begin(caller: Writing, id: Id) -> ImportShown:
        """Imports what was tried, or goes on with what was paused."""
        if not reader_import.begin(store, known(id), **api.by(caller)):
            raise StateError("it was not tried yet, is under way, or over")
        return ImportShown.of(known(id))

    @router.post("/imports/{id}/pause", tags=tags)
    def pause(caller: Writing, id: Id) -> ImportShown:
        """Stops after the rows it is at."""
        if not reader_import.pause(store, known(id), **api.by(caller)):
            raise StateError("it is not under way")
        return ImportShown.of(known(id))

    @router.delete("/imports/{id}", tags=tags, status_code=204)
    def drop(caller: Writing, id: Id) -> None:
        """Deletes the file. Who was imported stays a reader."""
        if not reader_import.drop(store, known(id), **api.by(caller)):
            raise StateError("it is under way: pause it first")

    @router.get("/imports/{id}/refused", tags=tags)
    def refused(caller: Looking, id: Id, limit: Limit = 50) -> Page[Refusal]:
        """The first rows that were not taken, and why."""
        made = known(id)
        trial = made.stage in (ImportStage.TRYING, ImportStage.TRIED)
        with store.read() as tx:
            found = tx.reader_imports.refusals(id, trial=trial, limit=limit)
        return Page(data=[Refusal(line=each.line, value=each.value, reason=each.reason) for each in found])


async def _brought(api: Api, caller: Caller, name: str, content: bytes) -> ImportShown:
    made = await run_in_threadpool(reader_import.bring, api.store, name, BytesIO(content), **api.by(caller))
    return ImportShown.of(made)


def _numbers(told: Mapping[str, Any] | None) -> dict[str, int] | None:
    """The counts alone: samples of rows are for who looks at the page."""
    return None if told is None else {name: each for name, each in told.items() if isinstance(each, int)}
