"""Posts to a Matrix room, as a notice.

https://spec.matrix.org/latest/client-server-api/ (checked 2026-11-23 in the research of the networks, and against a
Synapse 1.163): PUT …/send/m.room.message/{txnId}, #mroommessage-msgtypes (``m.notice``, ``formatted_body``),
#event-replacements (``m.replace``), #redactions, #get_matrixclientv3roomsroomidmessages.

The delivery's token is the transaction id: the same one makes one event. Servers forget it after half an hour or a
day; then the room is read back before anything is sent again. A post is one event: pictures would be events of their
own, of which one could arrive without the other, so there are none; most clients show a preview of the link.
"""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.channels.fit import fitting
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown
from bot.model import Idempotency, Limits, Parcel, Phrase, Post, Receipt
from bot.settings import PostTable, Table, Url, secret_variable

_REMEMBERED = timedelta(minutes=25)
"""So long every server knows a transaction id again."""
_SKEW = timedelta(minutes=5)
_PAGE, _PAGES = 100, 10


class MatrixOptions(PostTable):
    """A room, and the access token of an account that may write there."""

    homeserver: Url = Field(description="The account's server, e.g. `https://matrix.org`.")
    token: SecretStr = Field(description="The account's access token.")
    room: str = Field(
        pattern=r"^[!#]\S{1,254}$",
        description="The room's address, `#news:example.org`, or its id, `!…`.",
    )


@kind("matrix")
class MatrixChannel(Unopened):
    """One room. The account must be in it already."""

    Options: ClassVar[type[Table]] = MatrixOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.KEY
    verified: ClassVar[str] = "2026-11-29"
    template = "matrix"
    connections = 1

    def __init__(self, name: str, options: MatrixOptions, around: Surroundings) -> None:
        # An event has 65,536 bytes; the text stands in it twice, once escaped, in an edit four times.
        self.limits = Limits(size=4000, thread=True)
        self.rules = options.rules
        self.pace = options.pace()
        self._around = around
        self._client = f"{options.homeserver.rstrip('/')}/_matrix/client"
        self._room = options.room
        self._room_id = options.room if options.room.startswith("!") else ""
        self._variable = secret_variable(name, "token")
        token = options.token.get_secret_value()
        self._signed = {"Authorization": f"Bearer {token}"}
        self._exchange = Exchange(around.http, around.clock, options.homeserver, judge=self._judged, secrets=[token])

    async def send(self, parcel: Parcel) -> Receipt:
        """Sends one event; ``Receipt.id`` is its id."""
        content = self.payload(parcel)
        if self._around.clock() - parcel.slot > _REMEMBERED:
            # Perhaps this is not the first time, and the server has forgotten the transaction.
            found = await self.recall(parcel, parcel.slot)
            if found:
                return found
        told = await self._put(content, parcel.token)
        self._exchange.named(told, told.data.get("event_id"), repeatable=True)
        return self._receipt(told)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The event's content."""
        post = fitting(parcel, self.limits, self._exchange.server)
        reply = {"m.relates_to": {"m.in_reply_to": {"event_id": post.answers}}} if post.answers else {}
        return {**_content(post), **reply}

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Replaces the event's text; ``Receipt.id`` stays the event's, ``text`` is the id of the replacement."""
        post = fitting(parcel, self.limits, self._exchange.server)
        standing = (await self._ask("GET", f"{await self._path()}/event/{quote(id, safe='')}")).data
        if not standing.get("content"):
            said = f"{self._exchange.server}: the message was removed, it cannot be changed any more"
            raise DeliveryError(said, permanent=True, server=self._exchange.server)
        new = _content(post)
        content = {
            **new,
            "body": f"* {new['body']}",
            "formatted_body": f"* {new['formatted_body']}",
            "m.new_content": new,
            "m.relates_to": {"rel_type": "m.replace", "event_id": id},
        }
        told = await self._put(content, _transaction("edit", parcel.token, id, json.dumps(new, sort_keys=True)))
        receipt = self._receipt(told)
        return Receipt(server=receipt.server, code=receipt.code, text=receipt.id, id=id, quota=receipt.quota)

    async def remove(self, id: str) -> None:
        """Redacts the event, and what replaced it: an edit would else still tell it."""
        room = (await self._path()).removeprefix("/v3")
        related = await self._there("GET", f"/v1{room}/relations/{quote(id, safe='')}/m.replace")
        edits = related.data.get("chunk") if related else None
        for each in edits if isinstance(edits, list) else []:
            if isinstance(each, dict) and isinstance(each.get("event_id"), str):
                await self._redact(each["event_id"])
        await self._redact(id)

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Reads the room backwards to that time: for our transaction, else for our words from our account."""
        body = self.payload(parcel)["body"]
        me = (await self._ask("GET", "/v3/account/whoami")).data.get("user_id")
        if not isinstance(me, str):
            said = f"{self._exchange.server} does not say who we are"
            raise DeliveryError(said, permanent=False, server=self._exchange.server)
        page = f"{await self._path()}/messages?dir=b&limit={_PAGE}"
        since = ""
        for _ in range(_PAGES):
            told = await self._ask("GET", f"{page}&from={quote(since, safe='')}" if since else page)
            events = self._exchange.listed(told, "chunk")
            old = [_moment(each.get("origin_server_ts")) < began - _SKEW for each in events]
            for event, before in zip(events, old, strict=True):
                if before and event.get("sender") == me:
                    return None
                # Only who sent it, with the same access token, is told its transaction.
                transaction = _table(event, "unsigned").get("transaction_id")
                alike = event.get("sender") == me and _table(event, "content").get("body") == body
                if transaction == parcel.token or (alike and not transaction):
                    id = str(event.get("event_id", ""))
                    return Receipt(server=self._exchange.server, code=told.status, text="already there", id=id)
            since = str(told.data.get("end") or "")
            # The time of an event is what its sender's server says: a guest's may be wrong, those of a page hardly.
            if not since or all(old):
                return None
        raise OutcomeUnknown(
            f"{self._exchange.server}: too much was said in the room since to find out", server=self._exchange.server
        )

    async def check(self) -> str:
        """Asks whose token it is, and whether the account is in the room."""
        me = str((await self._ask("GET", "/v3/account/whoami")).data.get("user_id", ""))
        room = await self._id()
        joined = (await self._ask("GET", "/v3/joined_rooms")).data.get("joined_rooms")
        if room not in (joined if isinstance(joined, list) else []):
            said = Phrase(
                "%(account)s is not in %(room)s; invite it there and let it join", account=me, room=self._room
            )
            raise ChannelRefused(said, server=self._exchange.server)
        return Phrase(
            "signed in to %(server)s as %(account)s, which is in %(room)s",
            server=self._exchange.server,
            account=me,
            room=self._room,
        )

    async def _id(self) -> str:
        """The room's id. An address that does not exist refuses the channel, not the post."""
        if not self._room_id:
            told = await self._there("GET", f"/v3/directory/room/{quote(self._room, safe='')}")
            found = told.data.get("room_id") if told else None
            if not isinstance(found, str) or not found:
                said = Phrase(
                    "%(server)s knows no room %(room)s; compare its address",
                    server=self._exchange.server,
                    room=self._room,
                )
                raise ChannelRefused(said, server=self._exchange.server)
            self._room_id = found
        return self._room_id

    async def _path(self) -> str:
        return f"/v3/rooms/{quote(await self._id(), safe='')}"

    async def _put(self, content: Mapping[str, Any], transaction: str) -> Told:
        path = f"{await self._path()}/send/m.room.message/{quote(transaction, safe='')}"
        return await self._ask("PUT", path, json=content)

    async def _redact(self, id: str) -> None:
        path = f"{await self._path()}/redact/{quote(id, safe='')}/{_transaction('redact', id)}"
        await self._there("PUT", path, json={})

    async def _there(self, method: str, path: str, **body: Any) -> Told | None:
        try:
            return await self._ask(method, path, **body)
        except DeliveryError as error:
            if error.code == 404:
                return None
            raise

    async def _ask(self, method: str, path: str, **body: Any) -> Told:
        # All that writes carries a transaction id.
        return await self._exchange.ask(method, self._client + path, repeatable=True, headers=self._signed, **body)

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        if refusal.status == 401:
            said = advised(refusal.said, Phrase("put a new access token into %(variable)s", variable=self._variable))
            return ChannelRefused(said, code=401, server=refusal.server)
        if refusal.status == 403:
            there = Phrase("the account must be in %(room)s and may write there", room=self._room)
            said = advised(refusal.said, there)
            return ChannelRefused(said, code=403, server=refusal.server)
        return None

    def _receipt(self, told: Told) -> Receipt:
        id = str(told.data.get("event_id", ""))
        return Receipt(server=self._exchange.server, code=told.status, id=id, quota=told.quota)


def _content(post: Post) -> dict[str, Any]:
    return {
        "msgtype": "m.notice",
        "body": post.text,
        "format": "org.matrix.custom.html",
        "formatted_body": _formatted(post),
        # Nobody is called by what stands in a story.
        "m.mentions": {},
    }


def _formatted(post: Post) -> str:
    """The text as HTML: escaped, its link to be followed."""
    before, link, after = post.text.partition(post.url) if post.url else (post.text, "", "")
    anchor = f'<a href="{html.escape(link)}">{html.escape(link)}</a>' if link else ""
    whole = html.escape(before, quote=False) + anchor + html.escape(after, quote=False)
    return whole.replace("\n\n", "<br><br>").replace("\n", "<br>")


def _transaction(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def _table(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _moment(milliseconds: Any) -> datetime:
    known = type(milliseconds) is int and 0 <= milliseconds < 32_503_680_000_000
    return datetime.fromtimestamp(milliseconds / 1000 if known else 32_503_680_000, UTC)
