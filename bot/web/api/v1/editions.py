"""``/editions``: what was made, what it says, and what is decided about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request

from bot.editions import lifecycle
from bot.model import Edition, EditionState
from bot.schedules import deciding, editing
from bot.schedules.editing import EDITABLE
from bot.schedules.preflight import findings, look
from bot.schedules.truth import findings_of
from bot.settings import is_address
from bot.web.api.v1.api import NO_NUL, Api, EditionId, Number, Said
from bot.web.api.v1.caller import Approving, Caller, Reading, Writing
from bot.web.api.v1.edition_shapes import (
    Added,
    Brief,
    Check,
    Decided,
    Lines,
    Order,
    PostText,
    Retold,
    Returned,
    StoryText,
    Test,
    Whole,
)
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, cut, of_moment, whole

Version = Annotated[int, Query(ge=1, description="The version that was seen.")]


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["editions"]

    @router.get("/editions", tags=tags)
    def every(
        request: Request,
        caller: Reading,
        state: Annotated[list[EditionState] | None, Query(max_length=10)] = None,
        schedule: Annotated[str, Query(max_length=100, pattern=NO_NUL)] = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Page[Brief]:
        """Editions, the newest slot first."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        before = (datetime.fromisoformat(place[0]), str(place[1])) if place else None
        with store.read() as tx:
            found = tx.editions.listed(states=state or (), schedule=schedule, before=before, limit=limit + 1)
        rows, last = cut(found, limit)
        following = cursors.next(of_moment(last.slot), last.id) if last else None
        return Page(data=[Brief.model_validate(each) for each in rows], next=following)

    @router.get("/editions/{edition}", tags=tags)
    def one(
        caller: Reading,
        edition: EditionId,
        bodies: Annotated[bool, Query(alias="whole", description="With the mail's HTML and text.")] = False,
    ) -> Whole:
        """An edition with its stories, its renditions and what was found in it."""
        return _whole(api, edition, bodies=bodies)

    def decided(edition: str, act: Callable[..., Edition], caller: Caller, **more: Any) -> Brief:
        act(api.installation, edition, **more, **api.by(caller))
        return _brief(api, edition)

    def moved(edition: str, act: Callable[..., Edition], caller: Caller, said: Said | None) -> Brief:
        act(store, edition, **api.by(caller), note=said.note if said else "")
        return _brief(api, edition)

    @router.post("/editions/{edition}/approve", tags=tags)
    def approve(caller: Approving, edition: EditionId, given: Decided) -> Brief:
        """Says yes to the version that was seen. Where `desk.four_eyes` is set, not by who changed it."""
        return decided(edition, deciding.approve, caller, **given.model_dump())

    @router.post("/editions/{edition}/return", tags=tags)
    def give_back(caller: Approving, edition: EditionId, given: Returned) -> Brief:
        """Says what to change: it does not go out until it is asked for again, and approved."""
        return decided(edition, deciding.return_, caller, **given.model_dump())

    @router.post("/editions/{edition}/ask", tags=tags)
    def ask(caller: Writing, edition: EditionId, said: Said | None = None) -> Brief:
        """Asks for approval; those who may give it are told."""
        return decided(edition, deciding.ask, caller, note=said.note if said else "")

    @router.post("/editions/{edition}/take-back", tags=tags)
    def take_back(caller: Approving, edition: EditionId, said: Said | None = None) -> Brief:
        """Takes a yes back."""
        return decided(edition, deciding.take_back, caller, note=said.note if said else "")

    @router.post("/editions/{edition}/send-now", tags=tags)
    def send_now(caller: Approving, edition: EditionId, given: Decided) -> Brief:
        """Lets it begin to go out at once, ahead of its slot or late."""
        return decided(edition, deciding.send_now, caller, **given.model_dump())

    @router.post("/editions/{edition}/hold", tags=tags)
    def hold(caller: Approving, edition: EditionId, said: Said | None = None) -> Brief:
        """It does not go out until it is released."""
        return moved(edition, lifecycle.hold, caller, said)

    @router.post("/editions/{edition}/release", tags=tags)
    def release(caller: Approving, edition: EditionId, said: Said | None = None) -> Brief:
        """Lets go of one that is held."""
        return moved(edition, lifecycle.release, caller, said)

    @router.post("/editions/{edition}/pause", tags=tags)
    def pause(caller: Approving, edition: EditionId, said: Said | None = None) -> Brief:
        """What is in flight ends, nothing more begins."""
        return moved(edition, lifecycle.pause, caller, said)

    @router.post("/editions/{edition}/resume", tags=tags)
    def resume(caller: Approving, edition: EditionId, said: Said | None = None) -> Brief:
        """It goes on where it stopped."""
        return moved(edition, lifecycle.resume, caller, said)

    @router.post("/editions/{edition}/cancel", tags=tags)
    def cancel(caller: Approving, edition: EditionId, said: Said | None = None) -> Brief:
        """Nothing more of it goes out. What was accepted stays so."""
        return moved(edition, lifecycle.cancel, caller, said)

    @router.post("/editions/{edition}/test", tags=tags, status_code=202)
    def test(caller: Writing, edition: EditionId, given: Test | None = None) -> Test:
        """Sends its mail to one address, marked as a test."""
        to = (given.to if given else "") or caller.user.address
        if not is_address(to):
            raise Refused(422, "This is no mail address.", pointer="#/to")
        asyncio.run(deciding.send_test(api.installation, edition, to))
        return Test(to=to)

    @router.post("/editions/{edition}/checks", tags=tags)
    def check(caller: Writing, edition: EditionId) -> Page[Check]:
        """Asks its links and pictures again, and says what a look at the whole finds."""
        return whole([Check.model_validate(each) for each in look(api.installation, edition)])

    def edited(edition: str, act: Callable[..., Edition], caller: Caller, *args: Any, **more: Any) -> Whole:
        act(api.installation, edition, *args, **more, **api.by(caller))
        return _whole(api, edition)

    @router.patch("/editions/{edition}/mail", tags=tags)
    def lines(caller: Writing, edition: EditionId, given: Lines) -> Whole:
        """Changes the mail's subject and preheader. An edit after a yes asks for it again."""
        return edited(edition, editing.lines, caller, **given.model_dump())

    @router.put("/editions/{edition}/posts", tags=tags)
    def post(caller: Writing, edition: EditionId, given: PostText) -> Whole:
        """Changes the text of one post."""
        return edited(edition, editing.post, caller, given.channel, given.subject, given.text, version=given.version)

    @router.put("/editions/{edition}/order", tags=tags)
    def order(caller: Writing, edition: EditionId, given: Order) -> Whole:
        """Puts the stories into another order; the first leads. Pinned ones stay in place."""
        return edited(edition, editing.order, caller, given.articles, version=given.version)

    @router.post("/editions/{edition}/stories", tags=tags, status_code=201)
    def add(caller: Writing, edition: EditionId, given: Added) -> Whole:
        """Takes in a stored article as a story."""
        return edited(edition, editing.add, caller, given.article, at=given.at, version=given.version)

    @router.patch("/editions/{edition}/stories/{article}", tags=tags)
    def tell(caller: Writing, edition: EditionId, article: Number, given: StoryText) -> Whole:
        """Changes what readers are told of a story."""
        told = given.model_dump(exclude={"version", "pinned"})
        version = given.version
        if any(each is not None for each in told.values()):
            made = editing.tell(api.installation, edition, article, **told, version=version, **api.by(caller))
            version = made.version
        if given.pinned is not None:
            editing.pin(api.installation, edition, article, pinned=given.pinned, version=version, **api.by(caller))
        return _whole(api, edition)

    @router.post("/editions/{edition}/stories/{article}/retell", tags=tags)
    def retell(caller: Writing, edition: EditionId, article: Number, given: Retold) -> Whole:
        """Tells a story by another one of its articles. What was written of it goes with the one it is about."""
        return edited(edition, editing.retell, caller, article, given.by, version=given.version)

    @router.delete("/editions/{edition}/stories/{article}", tags=tags)
    def drop(caller: Writing, edition: EditionId, article: Number, version: Version) -> Whole:
        """Takes a story out; other editions may pick it again."""
        return edited(edition, editing.drop, caller, article, version=version)


def _brief(api: Api, edition: str) -> Brief:
    with api.store.read() as tx:
        found = tx.editions.light(edition)
    if found is None:
        raise missing("edition")
    return Brief.model_validate(found)


def _whole(api: Api, edition: str, *, bodies: bool = False) -> Whole:
    installation = api.installation
    with api.store.read() as tx:
        found = tx.editions.get(edition)
        if found is None:
            raise missing("edition")
        texts = findings_of(tx, installation, found) if found.state in EDITABLE else ()
        checks, expires = findings(tx, installation, found), tx.editions.expires(edition)
    return Whole.made(found, texts, checks, expires, whole=bodies)
