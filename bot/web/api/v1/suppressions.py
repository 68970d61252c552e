"""``/suppressions``: who must not be mailed, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, Field

from bot.audience.mask import masked
from bot.audience.suppression import suppress, take_off_list
from bot.model import Role, Suppression, User
from bot.settings import is_address
from bot.web.api.v1.api import NO_NUL, Api, Done, Given, Line, Word
from bot.web.api.v1.caller import Reading, Writing
from bot.web.api.v1.fault import Refused
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page

Address = Annotated[str, Field(min_length=3, max_length=254, pattern=NO_NUL)]


class SuppressionShown(BaseModel):
    """``audience`` "" is all. ``address`` is "" of one that was erased; masked for who only reads."""

    address: str
    audience: str
    reason: str
    at: datetime
    source: str
    note: str


class Listed(Given):
    """Who is not to be mailed, by ``audience`` or by any."""

    address: Address
    audience: Word = ""
    note: Line = ""


class TakenOff(Given):
    """Who may be mailed again, and why: it stands on the record."""

    address: Address
    audience: Word = ""
    note: Line = Field(min_length=1)


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["audience"]

    @router.get("/suppressions", tags=tags)
    def every(
        request: Request,
        caller: Reading,
        q: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="In the address.")] = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Page[SuppressionShown]:
        """The newest first. A search goes some way on each page: follow `next` to its end."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        with store.read() as tx:
            found, more = tx.suppressions.page(words=q.strip(), limit=limit, after=str(place[0]) if place else "")
        data = [_shown(each, caller.user) for each in found]
        return Page(data=data, next=cursors.next(more) if more else None)

    @router.post("/suppressions", tags=tags)
    def add(caller: Writing, given: Listed) -> Done:
        """Never mails the address again, and cancels what waits to go out to it."""
        _check(api, given.address, given.audience)
        listed = Suppression(
            address=given.address,
            reason="editor",
            at=api.now,
            audience=given.audience,
            source=f"api by {caller.who}",
            note=given.note,
        )
        return Done(changed=int(suppress(store, listed, who=caller.who)))

    @router.post("/suppressions/remove", tags=tags)
    def remove(caller: Writing, given: TakenOff) -> Done:
        """Takes an address off the list."""
        _check(api, given.address, given.audience)
        with store.write() as tx:
            taken = take_off_list(tx, given.address, given.audience, **api.by(caller), note=given.note)
        return Done(changed=int(taken))


def _check(api: Api, address: str, audience: str) -> None:
    if not is_address(address):
        raise Refused(422, "This is no mail address.", pointer="#/address")
    if audience and audience not in api.installation.settings.audiences:
        raise Refused(422, "There is no such audience.", pointer="#/audience")


def _shown(each: Suppression, user: User) -> SuppressionShown:
    seen = user.role.may(Role.EDITOR)
    return SuppressionShown(
        address=each.address if seen or not each.address else masked(each.address),
        audience=each.audience,
        reason=each.reason,
        at=each.at,
        source=each.source,
        note=each.note if seen else "",
    )
