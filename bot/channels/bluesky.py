"""Posts to a Bluesky account, over AT Protocol's XRPC.

Checked 2026-11-24: https://docs.bsky.app/docs/advanced-guides/posts (facets in UTF-8 bytes, cards),
https://docs.bsky.app/docs/advanced-guides/rate-limits, https://atproto.com/specs/tid, the lexicons
``app.bsky.feed.post`` (300 graphemes, 3000 bytes) and ``app.bsky.embed.external`` (thumb of 1,000,000 bytes at most).

A post's record key comes from its slot and token, its ``createdAt`` is the slot: the same parcel is the same record
however often it is sent. So an answer that was lost is no harm, and no send here ends unknown.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from json import loads
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlencode, urlsplit

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, kind
from bot.channels.pictures import fetched, jpeg
from bot.errors import BlockedAddress, ChannelRefused, DeliveryError, FetchError, ServerBusy, StoreError
from bot.http import Answer
from bot.model import Card, Idempotency, Limits, Parcel, Post, Receipt
from bot.settings import PostTable, Table, Url, secret_variable

COLLECTION = "app.bsky.feed.post"
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_PIXELS = 1200
_THUMB = 1_000_000
_IMAGE = 2_000_000


class BlueskyOptions(PostTable):
    """An account and its app password (Settings → Privacy and security → App passwords)."""

    service: Url = Field("https://bsky.social", description="The account's server.")
    handle: str = Field(
        pattern=r"^@?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", description="The account's name, e.g. `record.bsky.social`."
    )
    password: SecretStr = Field(description="An app password, never the account's own.")


@kind("bluesky")
class BlueskyChannel:
    """One account. It signs in once and keeps the session: sign-ins are limited to 300 a day."""

    Options: ClassVar[type[Table]] = BlueskyOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.KEY
    verified: ClassVar[str] = "2026-11-29"
    template = "bluesky"
    connections = 1

    def __init__(self, name: str, options: BlueskyOptions, around: Surroundings) -> None:
        self.limits = Limits(
            characters=300,
            size=3000,
            thumbnail=_THUMB,
            images=4,
            image_size=_IMAGE,
            card=True,
            thread=True,
        )
        self.rules = options.rules
        # Half of the write points of an hour and a day (3 each), so that people may post by hand too.
        self.pace = options.pace((timedelta(hours=1), 800), (timedelta(days=1), 5800))
        self._around = around
        self._service = options.service
        self._server = urlsplit(options.service).netloc.rpartition("@")[2]
        self._handle = options.handle.removeprefix("@")
        self._password = options.password
        self._variable = secret_variable(name, "password")
        self._session: dict[str, str] = {}
        self._signing_in = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def send(self, parcel: Parcel) -> Receipt:
        """Writes the post's record; ``Receipt.id`` is its ``at://`` address. A record that is there stays as it is."""
        post = parcel.rendition.post
        if post is None:
            raise DeliveryError(f"edition {parcel.edition}: has no post for {self._server}", permanent=True)
        did = await self._did()
        key = record_key(parcel.slot, parcel.token)
        uri = f"at://{did}/{COLLECTION}/{key}"
        if await self._exists(did, key):
            return Receipt(server=self._server, code=200, text="already there", id=uri)
        record = record_of(post, parcel.slot, await self._thumb(post.card), await self._reply(post.answers))
        put = {"repo": did, "collection": COLLECTION, "rkey": key, "record": record}
        answer = await self._signed("com.atproto.repo.putRecord", put)
        return Receipt(server=self._server, code=200, text=str(answer.get("cid", ""))[:200], id=uri)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The record, its card's picture and the post that it answers by their addresses."""
        post = parcel.rendition.post
        if post is None:
            raise DeliveryError(f"edition {parcel.edition}: has no post for {self._server}", permanent=True)
        picture = post.card.image_url if post.card else ""
        reply = {"parent": {"uri": post.answers}} if post.answers else None
        return record_of(post, parcel.slot, {"url": picture} if picture else None, reply)

    async def check(self) -> str:
        """Signs in."""
        await self._did()
        return f"signed in to {self._server} as {self._handle}"

    async def _did(self) -> str:
        async with self._signing_in:
            if not self._session:
                await self._sign_in()
        return self._session["did"]

    async def _sign_in(self) -> None:
        login = {"identifier": self._handle, "password": self._password.get_secret_value()}
        try:
            self._keep(await self._call("com.atproto.server.createSession", json=login))
        except ChannelRefused as error:
            raise ChannelRefused(
                f"{error}; put a new app password of {self._handle} into {self._variable}",
                code=error.code,
                server=self._server,
            ) from error

    async def _renew(self, expired: str) -> None:
        async with self._signing_in:
            if self._session.get("accessJwt") != expired:
                return  # Another send renewed it meanwhile.
            try:
                refresh = self._session.get("refreshJwt", "")
                self._keep(await self._call("com.atproto.server.refreshSession", token=refresh))
            except _Expired:
                await self._sign_in()

    def _keep(self, answer: dict[str, Any]) -> None:
        session = {key: answer.get(key) for key in ("did", "accessJwt", "refreshJwt")}
        if not all(isinstance(value, str) and value for value in session.values()):
            raise ServerBusy(f"{self._server} answered the sign-in with no session", server=self._server)
        self._session = {key: str(value) for key, value in session.items()}

    async def _exists(self, did: str, key: str) -> bool:
        """Whether an earlier attempt wrote the record: what it wrote is never edited, not even by a newer picture."""
        query = urlencode({"repo": did, "collection": COLLECTION, "rkey": key})
        try:
            await self._around.http.get(f"{self._service}/xrpc/com.atproto.repo.getRecord?{query}")
        except FetchError as error:
            if error.status in (400, 404):
                return False
            raise self._broken(error) from error
        return True

    async def _reply(self, answers: str) -> dict[str, Any] | None:
        """The ``reply`` of a record that answers the post of this address; None when it is gone: then it stands alone.

        A reply to a reply names the first post of the thread too (lexicon ``app.bsky.feed.post#replyRef``).
        """
        address = re.fullmatch(rf"at://([^/?#]+)/{re.escape(COLLECTION)}/([^/?#]+)", answers)
        if not address:
            return None
        query = urlencode({"repo": address[1], "collection": COLLECTION, "rkey": address[2]})
        try:
            answer = await self._around.http.get(f"{self._service}/xrpc/com.atproto.repo.getRecord?{query}")
        except FetchError as error:
            if error.status in (400, 404):
                return None
            raise self._broken(error) from error
        told = _json(answer)
        parent = {"uri": answers, "cid": str(told.get("cid", ""))}
        value = told.get("value")
        reply = value.get("reply") if isinstance(value, dict) else None
        root = reply.get("root") if isinstance(reply, dict) else None
        return {"root": root if isinstance(root, dict) else parent, "parent": parent} if parent["cid"] else None

    async def _thumb(self, card: Card | None) -> dict[str, Any] | None:
        """The card's picture, uploaded; None when there is none to be had. A picture never costs the post."""
        if card is None or not card.image_url:
            return None
        try:
            content = await fetched(card.image_url, self._around)
            picture = await asyncio.to_thread(jpeg, content, longest=_PIXELS, size=_THUMB)
        except (FetchError, StoreError, ValueError):
            return None
        try:
            answer = await self._signed("com.atproto.repo.uploadBlob", content=picture, kind="image/jpeg")
        except DeliveryError as error:
            if error.permanent:
                return None
            raise
        blob = answer.get("blob")
        return blob if isinstance(blob, dict) else None

    async def _signed(self, name: str, json: Any = None, *, content: bytes = b"", kind: str = "") -> dict[str, Any]:
        token = self._session["accessJwt"]
        try:
            return await self._call(name, json=json, content=content, kind=kind, token=token)
        except _Expired:
            await self._renew(token)
        try:
            return await self._call(name, json=json, content=content, kind=kind, token=self._session["accessJwt"])
        except _Expired as error:
            raise ChannelRefused(f"{self._server} takes no session of ours: {error}", server=self._server) from error

    async def _call(
        self, name: str, *, json: Any = None, content: bytes = b"", kind: str = "", token: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if kind:
            headers["Content-Type"] = kind
        try:
            answer = await self._around.http.post(
                f"{self._service}/xrpc/{name}",
                json=json,
                content=None if json is not None else content,
                headers=headers,
            )
        except FetchError as error:
            raise self._broken(error) from error
        told = _json(answer)
        if answer.status == 200:
            return told
        raise self._refused(name, answer, told)

    def _broken(self, error: FetchError) -> DeliveryError:
        if isinstance(error, BlockedAddress):
            return ChannelRefused(str(error), server=self._server)
        if error.sent and error.status not in (429, 502, 503, 504):
            # Perhaps it was done. To do it again is harmless: the record would be the same.
            return DeliveryError(str(error), permanent=False, code=error.status, server=self._server)
        return ServerBusy(str(error), code=error.status, retry_after=error.retry_after, server=self._server)

    def _refused(self, name: str, answer: Answer, told: dict[str, Any]) -> DeliveryError:
        status, code = answer.status, str(told.get("error", ""))
        words = " ".join(f"{code} {told.get('message', '')}".split())[:300]
        said = f"{self._server} refuses {name.rpartition('.')[2]} (HTTP {status}): {words}"
        if status in (400, 401) and code in ("ExpiredToken", "InvalidToken"):
            return _Expired(said, code=status, server=self._server)
        if status in (401, 403):
            return ChannelRefused(said, code=status, server=self._server)
        if status == 429:
            return ServerBusy(said, code=status, retry_after=self._until_reset(answer), server=self._server)
        if status in (502, 503, 504):
            return ServerBusy(said, code=status, server=self._server)
        return DeliveryError(said, permanent=400 <= status < 500, code=status, server=self._server)

    def _until_reset(self, answer: Answer) -> float | None:
        reset = answer.headers.get("ratelimit-reset", "")
        if not re.fullmatch(r"\d{1,12}", reset):
            return None
        return max(0.0, int(reset) - self._around.clock().timestamp())


class _Expired(ChannelRefused):
    """The session's token is over."""


def record_key(slot: datetime, token: str) -> str:
    """The TID of a delivery: 53 bits of microseconds, 10 bits of clock id, in sortable base32 (13 characters).

    The second is the slot's; the rest is taken from the token, so that the posts of one slot differ.
    """
    digest = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8])
    microseconds = int(slot.timestamp()) * 1_000_000 + digest % 1_000_000
    value = (microseconds & (1 << 53) - 1) << 10 | (digest >> 40) & 1023
    return "".join(_SORTABLE[value >> shift & 31] for shift in range(60, -1, -5))


def record_of(
    post: Post, slot: datetime, thumb: dict[str, Any] | None, reply: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The record of a post; ``createdAt`` is the slot."""
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": post.text,
        "createdAt": slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", post.language):
        record["langs"] = [post.language]
    if reply:
        record["reply"] = reply
    facets = facets_of(post)
    if facets:
        record["facets"] = facets
    if post.card and post.card.url:
        card = {"uri": post.card.url, "title": post.card.title, "description": post.card.description}
        record["embed"] = {
            "$type": "app.bsky.embed.external",
            "external": {**card, "thumb": thumb} if thumb else card,
        }
    return record


def facets_of(post: Post) -> list[dict[str, Any]]:
    """What of the text is a link or a hashtag, by offsets into its UTF-8 bytes, the end exclusive."""
    facets: list[dict[str, Any]] = []

    def add(begin: int, end: int, feature: dict[str, str]) -> None:
        before = len(post.text[:begin].encode())
        index = {"byteStart": before, "byteEnd": before + len(post.text[begin:end].encode())}
        facets.append({"index": index, "features": [feature]})

    place = post.text.find(post.url) if post.url else -1
    if place >= 0:
        add(place, place + len(post.url), {"$type": "app.bsky.richtext.facet#link", "uri": post.url})
    for hashtag in post.data.get("hashtags", []):
        found = re.search(rf"(?<!\w){re.escape(hashtag)}(?!\w)", post.text)
        within_link = found and place >= 0 and place <= found.start() < place + len(post.url)
        if found and not within_link:
            add(found.start(), found.end(), {"$type": "app.bsky.richtext.facet#tag", "tag": hashtag.removeprefix("#")})
    return facets


def _json(answer: Answer) -> dict[str, Any]:
    try:
        told = loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
