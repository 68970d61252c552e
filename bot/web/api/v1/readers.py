"""``/audiences`` and ``/readers``: who reads, one reader's whole story, and what is done when they ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from bot.audience import care, enrolment
from bot.audience.data import forget_reader, personal_data
from bot.audience.export import exported, subscriber_lines
from bot.audience.mask import masked
from bot.audience.story import Entry, Kind, story
from bot.audience.suppression import allow, suppress
from bot.errors import StateError
from bot.model import Act, DeliveryState, Phrase, Role, Subscriber, Suppression, User
from bot.settings import is_address
from bot.store import Store
from bot.store.readers import SHORTEST
from bot.web.api.v1.api import NO_NUL, Api, Done, Given, Line, Number, Said, Word
from bot.web.api.v1.caller import Administering, Approving, Looking, Reading, Writing
from bot.web.api.v1.fault import Refused, missing
from bot.web.api.v1.page import Cursor, Cursors, Limit, Page, of_moment, whole

LEAST_EVIDENCE = 10
"""Letters of a consent's evidence: "yes" proves nothing."""
State = Literal["", "subscribed", "unsubscribed"]
Audience = Annotated[str, Query(max_length=100, pattern=NO_NUL)]
Address = Annotated[str, Field(min_length=3, max_length=254, pattern=NO_NUL)]


class AudienceShown(BaseModel):
    """``readers`` is how many are subscribed; ``more``: there are more than were counted now."""

    key: str
    name: str
    readers: int
    more: bool


class Subscription(BaseModel):
    """One audience that a reader is or was in, with the consent that stands."""

    audience: str
    state: str
    consented: datetime
    via: str
    note: str
    unsubscribed: datetime | None
    topics: list[str]
    schedules: list[str] | None

    @classmethod
    def of(cls, each: Subscriber) -> Subscription:
        chosen = each.preferences
        return cls(
            audience=each.audience,
            state=each.state,
            consented=each.consent.at,
            via=each.consent.via,
            note=each.consent.note,
            unsubscribed=each.unsubscribed,
            topics=list(chosen.topics),
            schedules=None if chosen.schedules is None else list(chosen.schedules),
        )


class Reader(BaseModel):
    """A reader. ``suppressed`` is why no audience may mail them, "" when they may. Who only reads sees them masked."""

    id: int
    address: str
    name: str
    suppressed: str
    subscriptions: list[Subscription]


class EntryShown(BaseModel):
    """Something that happened to a reader; ``count`` of the same since ``since``."""

    at: datetime
    kind: Kind
    audience: str
    via: str
    count: int
    since: datetime | None
    edition: str
    state: DeliveryState | None
    said: str

    @classmethod
    def of(cls, each: Entry) -> EntryShown:
        said = next(
            (
                text
                for text in (
                    each.mail.reason if each.mail else "",
                    each.event.reason if each.event else "",
                    each.consent.note if each.consent else "",
                    each.suppression.reason if each.suppression else "",
                    each.act.what if each.act else "",
                )
                if text
            ),
            "",
        )
        return cls(
            at=each.at,
            kind=each.kind,
            audience=each.audience,
            via=each.via or (each.consent.via if each.consent else ""),
            count=each.count,
            since=each.since,
            edition=each.mail.edition if each.mail else each.event.edition if each.event else "",
            state=each.mail.state if each.mail else None,
            said=said,
        )


class Added(Given):
    """A reader, and where and how they agreed: you must be able to prove it."""

    address: Address
    audience: Word
    name: Word = ""
    note: Line = Field(min_length=LEAST_EVIDENCE)


class AddedReader(Reader):
    """``outcome`` is `new`, `known` (was in it) or `returned` (had left it)."""

    outcome: str


class Left(Given):
    """``audience`` "" is all."""

    audience: Word = ""
    note: Line = ""


class LeftShown(BaseModel):
    """The audiences that were left just now, and how many deliveries were cancelled."""

    audiences: list[str]
    cancelled: int


def routes(api: Api) -> None:
    """Adds them."""
    router, store = api.router, api.store
    tags: list[Any] = ["audience"]

    def need_audience(key: str, pointer: str) -> None:
        if key and key not in api.installation.settings.audiences:
            raise Refused(422, "There is no such audience.", pointer=pointer)

    @router.get("/audiences", tags=tags)
    def audiences(caller: Reading) -> Page[AudienceShown]:
        """The audiences of the settings."""
        named = api.installation.settings.audiences
        with store.read() as tx:
            counted = tx.growth.now(list(named))
        return whole(
            [
                AudienceShown(key=key, name=table.name, readers=counted[key].readers, more=counted[key].more)
                for key, table in named.items()
            ]
        )

    @router.get("/readers", tags=tags)
    def every(
        request: Request,
        caller: Reading,
        q: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="In address or name; 3 letters.")] = "",
        audience: Audience = "",
        state: State = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Page[Reader]:
        """Readers: found by a part of address or name, or all of an audience and a state."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        after, words = str(place[0]) if place else "", q.strip()
        if words and len(words) < SHORTEST:
            raise Refused(422, f"A search needs {SHORTEST} letters.", pointer="q")
        with store.read() as tx:
            if words:
                page = tx.readers.find(words, audience=audience, state=state, limit=limit, after=after)
            else:
                page = tx.readers.page(audience=audience, state=state, limit=limit, after=after)
            ids = [id for id, _address, _name in page.readers]
            subscriptions = tx.readers.subscriptions(ids) if ids else {}
            suppressed = tx.readers.suppressed(ids) if ids else {}
        data = [
            _reader(caller.user, id, address, name, suppressed.get(id, ""), subscriptions.get(id, []))
            for id, address, name in page.readers
        ]
        return Page(data=data, next=cursors.next(page.after) if page.after else None)

    @router.post("/readers", tags=tags, status_code=201)
    def add(caller: Writing, given: Added) -> AddedReader:
        """Subscribes one address, with the evidence of its consent. No mail is sent to confirm it."""
        if not is_address(given.address):
            raise Refused(422, "This is no mail address.", pointer="#/address")
        if given.audience not in api.installation.settings.audiences:
            raise Refused(422, "There is no such audience.", pointer="#/audience")
        outcome = enrolment.add(
            store,
            given.address,
            given.audience,
            name=given.name,
            by=caller.who,
            note=given.note,
            now=api.now,
            via="api",
        )
        if outcome not in ("new", "known", "returned"):
            raise StateError("this address must not be mailed: it is on the list, or left later than this consent")
        with store.read() as tx:
            id = tx.subscribers.id_of(given.address)
        assert id is not None
        return AddedReader(**one_reader(caller.user, id).model_dump(), outcome=outcome)

    @router.get("/readers/export", tags=tags, response_class=StreamingResponse)
    def export(caller: Approving, audience: Audience = "", state: State = "") -> StreamingResponse:
        """All of them as CSV, the file that an import takes. On record before the first row."""
        need_audience(audience, "audience")
        with store.write() as tx:
            thing = f"audience:{audience or 'all'}"
            note = Phrase("by the API, token %(name)s", name=caller.token.name)
            tx.acts.add(Act(at=api.now, who=caller.who, what="export subscribers", thing=thing, note=note))
        return StreamingResponse(_lines(store, audience, state), media_type="text/csv; charset=utf-8")

    def one_reader(user: User, id: int) -> Reader:
        with store.read() as tx:
            known = tx.dossier.reader(id)
            if known is None:
                raise missing("reader")
            subscriptions = tx.readers.subscriptions([id]).get(id, [])
            suppressed = tx.readers.suppressed([id]).get(id, "")
        return _reader(user, id, str(known["address"]), str(known["name"]), suppressed, subscriptions)

    def address_of(id: int) -> str:
        with store.read() as tx:
            known = tx.dossier.reader(id)
        if known is None:
            raise missing("reader")
        return str(known["address"])

    @router.get("/readers/{reader}", tags=tags)
    def one(caller: Reading, reader: Number) -> Reader:
        """One reader."""
        return one_reader(caller.user, reader)

    @router.get("/readers/{reader}/story", tags=tags)
    def story_of(request: Request, caller: Looking, reader: Number, cursor: Cursor = "") -> Page[EntryShown]:
        """What happened to them, the newest first: consents, mails, what came back, when they left."""
        cursors = Cursors(api.whole, request)
        place = cursors.read(cursor)
        address = address_of(reader)
        with store.read() as tx:
            found = story(tx, reader, address, before=datetime.fromisoformat(place[0]) if place else None)
        following = cursors.next(of_moment(found.before)) if found.before else None
        return Page(data=[EntryShown.of(each) for each in found.entries], next=following)

    @router.get("/readers/{reader}/data", tags=tags)
    def data(caller: Administering, reader: Number) -> dict[str, Any]:
        """All that is held on them, as their own page of data has it (GDPR Articles 15 and 20)."""
        with store.read() as tx:
            held = personal_data(tx, reader)
        if held is None:
            raise missing("reader")
        return held

    @router.post("/readers/{reader}/unsubscribe", tags=tags)
    def unsubscribe(caller: Writing, reader: Number, given: Left | None = None) -> LeftShown:
        """Ends a subscription, or all, and stops what has not gone out."""
        given = given or Left()
        address_of(reader)
        left = care.unsubscribe(store, reader, given.audience, **api.by(caller), note=given.note)
        return LeftShown(audiences=list(left.audiences), cancelled=left.cancelled)

    @router.post("/readers/{reader}/suppress", tags=tags)
    def never(caller: Writing, reader: Number, said: Said | None = None) -> Done:
        """Never mails them again."""
        listed = Suppression(
            address=address_of(reader),
            reason="editor",
            at=api.now,
            source=f"api by {caller.who}",
            note=said.note if said else "",
        )
        return Done(changed=int(suppress(store, listed, who=caller.who)))

    @router.post("/readers/{reader}/allow", tags=tags)
    def permit(caller: Writing, reader: Number, given: Left | None = None) -> Done:
        """Takes them off the list of those who must not be mailed."""
        audience = given.audience if given else ""
        return Done(changed=int(allow(store, address_of(reader), audience, **api.by(caller))))

    @router.delete("/readers/{reader}", tags=tags, status_code=204)
    def forget(caller: Administering, reader: Number) -> None:
        """Erases them everywhere. No import can bring the address back."""
        if not forget_reader(store, reader, **api.by(caller)):
            raise missing("reader")


def _reader(user: User, id: int, address: str, name: str, suppressed: str, subscriptions: list[Subscriber]) -> Reader:
    seen = user.role.may(Role.EDITOR)
    shown = [Subscription.of(each) for each in subscriptions]
    if not seen:
        # What consents say often repeats who gave them.
        shown = [each.model_copy(update={"note": ""}) for each in shown]
    return Reader(
        id=id,
        address=address if seen else masked(address),
        name=name if seen else "",
        suppressed=suppressed,
        subscriptions=shown,
    )


def _lines(store: Store, audience: str, state: str) -> Iterator[str]:
    with store.read() as tx:
        yield from subscriber_lines(exported(tx, audience, state))
