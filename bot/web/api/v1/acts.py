"""``/acts``: the record of who did what, append-only; ``/users``: who works here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request

from bot.accounts import users
from bot.model import Role
from bot.web.api.v1.api import NO_NUL, Api, Given, Number, Said, Shown
from bot.web.api.v1.caller import Administering, Reading
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, cut, of_moment, whole

Filter = Annotated[str, Query(max_length=200, pattern=NO_NUL)]


class Act(Shown):
    """One act on record. ``thing`` is `kind:name`."""

    at: datetime
    who: str
    what: str
    thing: str
    before: str
    after: str
    note: str


class User(Shown):
    """``disabled`` is since when they may not log in."""

    id: int
    name: str
    address: str
    role: Role
    language: str
    disabled: datetime | None


class NewRole(Given):
    """The role to give."""

    role: Role


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store

    @router.get("/acts", tags=["record"])
    def acts(
        request: Request,
        caller: Reading,
        who: Filter = "",
        kind: Annotated[str, Query(max_length=40, pattern=NO_NUL)] = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Page[Act]:
        """The record, the newest first: of one person, of one kind of things, of a time."""
        for name, moment in (("since", since), ("until", until)):
            if moment is not None and moment.tzinfo is None:
                raise Refused(422, "A moment names its offset from UTC.", pointer=name)
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        beyond = (datetime.fromisoformat(place[0]), int(place[1])) if place else None
        with store.read() as tx:
            found = tx.acts.page(who=who, kind=kind, since=since, until=until, beyond=beyond, limit=limit + 1)
        rows, last = cut(found, limit)
        following = cursors.next(of_moment(last[0][0]), last[0][1]) if last else None
        return Page(data=[Act.model_validate(act) for _place, act in rows], next=following)

    @router.get("/users", tags=["users"])
    def every(caller: Administering) -> Page[User]:
        """All who work here."""
        with store.read() as tx:
            return whole([User.model_validate(each) for each in tx.users.every()])

    @router.get("/users/{user}", tags=["users"])
    def one(caller: Administering, user: Number) -> User:
        """One of them."""
        with store.read() as tx:
            found = tx.users.get(user)
        if found is None:
            raise missing("user")
        return User.model_validate(found)

    @router.post("/users/{user}/role", tags=["users"])
    def give_role(caller: Administering, user: Number, given: NewRole) -> User:
        """Gives somebody a role; they are logged out everywhere."""
        return User.model_validate(users.change_role(store, user, given.role, **api.by(caller)))

    @router.post("/users/{user}/disable", tags=["users"])
    def disable(caller: Administering, user: Number, said: Said | None = None) -> User:
        """Shuts somebody out at once, and their tokens with them."""
        note = said.note if said else ""
        return User.model_validate(users.disable(store, user, **api.by(caller), note=note))

    @router.post("/users/{user}/enable", tags=["users"])
    def enable(caller: Administering, user: Number) -> User:
        """Lets somebody log in again."""
        return User.model_validate(users.enable(store, user, **api.by(caller)))
