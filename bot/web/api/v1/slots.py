"""``/agenda`` and ``/schedules/KEY/slots``: when what goes out; one slot is moved, skipped or put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field

from bot.model import EditionState
from bot.schedules.agenda import Entry, agenda
from bot.schedules.free import next_free
from bot.schedules.moving import Stand, move, put_back, skip_slot, stand
from bot.schedules.plan import Slot
from bot.web.api.v1.api import NO_NUL, Api, Given, Name, Said, Shown
from bot.web.api.v1.caller import Reading, Writing
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Page, whole

LONGEST = timedelta(days=62)
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL)]


class EntryShown(Shown):
    """An edition, or a slot without (``state`` null). ``was``: the timetable's time of one that was moved."""

    schedule: str
    key: str
    due: datetime
    name: str
    edition: str
    state: EditionState | None
    reason: str
    snapshot: int | None
    was: datetime | None
    moved_by: str
    note: str
    skipped: bool


class SlotShown(Shown):
    """``was``: the timetable's time of one that was moved."""

    schedule: str
    key: str
    due: datetime
    note: str
    was: datetime | None


class StandShown(BaseModel):
    """Where a slot stands, and the edition it made."""

    slot: SlotShown
    edition: str | None
    state: EditionState | None
    skipped: bool
    free: datetime | None = None

    @classmethod
    def of(cls, found: Stand, free: datetime | None = None) -> StandShown:
        made = found.edition
        return cls(
            slot=SlotShown.model_validate(found.slot),
            edition=made.id if made else None,
            state=made.state if made else None,
            skipped=found.skipped,
            free=free,
        )


class Moved(Given):
    """Which slot, and the time it is to have, to the minute."""

    key: Key
    due: AwareDatetime


class Named(Said):
    """Which slot."""

    key: Key


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["schedules"]

    @router.get("/agenda", tags=tags)
    def every(
        caller: Reading,
        since: Annotated[AwareDatetime | None, Query(description="Now, when left out.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="A week later, when left out.")] = None,
        schedule: Annotated[list[str] | None, Query(max_length=50)] = None,
    ) -> Page[EntryShown]:
        """Editions and slots to come, of 62 days at most, the oldest first."""
        begin = (since or api.now).astimezone(UTC)
        end = until.astimezone(UTC) if until else begin + timedelta(days=7)
        if not timedelta(0) < end - begin <= LONGEST:
            raise Refused(422, f"Ask for {LONGEST.days} days at most, and no end before its begin.", pointer="until")
        installation, now = api.installation, api.now
        with store.read() as tx:
            found: list[Entry] = agenda(tx, installation, begin, end, now, schedules=schedule)
        return whole([EntryShown.model_validate(each) for each in found])

    @router.get("/schedules/{schedule}/slots", tags=tags)
    def coming(caller: Reading, schedule: Name, count: Annotated[int, Query(ge=1, le=50)] = 10) -> Page[SlotShown]:
        """The next slots, as they stand by now."""
        installation = api.installation
        table = installation.settings.schedules.get(schedule)
        if table is None:
            raise missing("schedule")
        with store.read() as tx:
            found: list[Slot] = (
                [] if table.on_publish else installation.timetable(schedule, tx).after(api.now, count=count)
            )
        return whole([SlotShown.model_validate(each) for each in found])

    @router.get("/schedules/{schedule}/slot", tags=tags)
    def one(
        caller: Reading, schedule: Name, key: Annotated[str, Query(min_length=1, max_length=100, pattern=NO_NUL)]
    ) -> StandShown:
        """Where one slot stands. ``free`` is the next time at which no other edition goes out."""
        installation, now = api.installation, api.now
        with store.read() as tx:
            found = stand(tx, installation, schedule, key)
            free = next_free(tx, installation, now, schedule=schedule, key=key)
        return StandShown.of(found, free)

    @router.post("/schedules/{schedule}/slots/move", tags=tags)
    def move_it(caller: Writing, schedule: Name, given: Moved) -> StandShown:
        """Moves a slot, its edition with it: the old one fires no more."""
        due = given.due.astimezone(UTC)
        return StandShown.of(move(api.installation, schedule, given.key, due, **api.by(caller)))

    @router.post("/schedules/{schedule}/slots/skip", tags=tags)
    def skip_it(caller: Writing, schedule: Name, given: Named) -> StandShown:
        """Skips a slot: it makes no edition."""
        installation = api.installation
        skip_slot(installation, schedule, given.key, **api.by(caller), note=given.note)
        with store.read() as tx:
            return StandShown.of(stand(tx, installation, schedule, given.key))

    @router.post("/schedules/{schedule}/slots/put-back", tags=tags)
    def put_it_back(caller: Writing, schedule: Name, given: Named) -> StandShown:
        """Takes back what was done to a slot."""
        return StandShown.of(put_back(api.installation, schedule, given.key, **api.by(caller)))
