"""Posts to a Bluesky account, over AT Protocol's XRPC.

Checked 2026-11-24: https://docs.bsky.app/docs/advanced-guides/posts (facets in UTF-8 bytes, cards),
https://docs.bsky.app/docs/advanced-guides/rate-limits, the lexicons ``app.bsky.feed.post`` (300 graphemes, 3000 bytes)
and ``app.bsky.embed.external`` (thumb of 1,000,000 bytes at most); 2026-11-23 ``app.bsky.embed.images``.

A post's record key comes from its slot and token, its ``createdAt`` is the slot: the same parcel is the same record
however often it is sent. So an answer that was lost is no harm, and no send here ends unknown. A record cannot be
changed without its readers' notice: a correction takes it down and posts another, or replies. Nobody is mentioned.

How followers reacted: ``app.bsky.feed.getPosts``, 25 at most (lexicons ``app.bsky.feed.getPosts`` and
``app.bsky.feed.defs#postView`` in bluesky-social/atproto, read 2026-11-29; ``quoteCount`` from memory). An account's
server passes the query on to the network's view; what that leaves out stands there no more.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.bluesky.record import COLLECTION, record_key, record_of
from bot.channels.bluesky.session import Session
from bot.channels.fit import post_of
from bot.channels.pictures import made_fit, measured
from bot.errors import DeliveryError
from bot.model import Card, Idempotency, Limits, Parcel, Phrase, Post, Reactions, Receipt, figure
from bot.settings import PostTable, Table, Url, secret_variable

_PIXELS, _IMAGE_PIXELS = 1200, 2000
# The lexicon of today gives an image 2,000,000 bytes; servers that are a little older refuse the post (measured).
_THUMB = _IMAGE = 1_000_000


class BlueskyOptions(PostTable):
    """An account and its app password (Settings → Privacy and security → App passwords)."""

    service: Url = Field("https://bsky.social", description="The account's server.")
    handle: str = Field(
        pattern=r"^@?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", description="The account's name, e.g. `record.bsky.social`."
    )
    password: SecretStr = Field(description="An app password, never the account's own.")


@kind("bluesky")
class BlueskyChannel(Unopened):
    """One account. It signs in once and keeps the session."""

    Options: ClassVar[type[Table]] = BlueskyOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.KEY
    verified: ClassVar[str] = "2026-11-29"
    template = "bluesky"
    connections = 1
    at_once: ClassVar[int] = 25
    # Forty requests of the 3,000 that a server takes in five minutes.
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(minutes=5): 1000}

    def __init__(self, name: str, options: BlueskyOptions, around: Surroundings) -> None:
        self.limits = Limits(
            characters=300, size=3000, thumbnail=_THUMB, images=4, image_size=_IMAGE, card=True, thread=True
        )
        self.rules = options.rules
        # Half of the write points of an hour and a day (3 each), so that people may post by hand too.
        self.pace = options.pace((timedelta(hours=1), 800), (timedelta(days=1), 5800))
        self._around = around
        self._handle = options.handle.removeprefix("@")
        # A server on this machine is known to nobody else.
        self._reachable = options.service.startswith("https://")
        variable = secret_variable(name, "password")
        self._session = Session(around, options.service, self._handle, options.password, variable)
        self._server = self._session.server

    async def send(self, parcel: Parcel) -> Receipt:
        """Writes the post's record; ``Receipt.id`` is its ``at://`` address. A record that is there stays as it is."""
        post = post_of(parcel, self._server)
        self.payload(parcel)  # What is wrong with it costs no upload.
        did = await self._session.did()
        key = record_key(parcel.slot, parcel.token)
        uri = f"at://{did}/{COLLECTION}/{key}"
        if await self._exists(did, key):
            return Receipt(server=self._server, code=200, text="already there", id=uri)
        images = await self._images(post)
        thumb = None if images else await self._thumb(post.card)
        record = record_of(post, parcel.slot, thumb, await self._reply(post.answers), images)
        put = {"repo": did, "collection": COLLECTION, "rkey": key, "record": record}
        told = await self._session.signed("com.atproto.repo.putRecord", put)
        if not isinstance(told.data.get("cid"), str):
            # A proxy's page, perhaps. The same record is put again.
            said = f"{self._server} does not say that it has the post"
            raise DeliveryError(said, permanent=False, code=told.status, server=self._server)
        text = str(told.data.get("cid", ""))[:200]
        return Receipt(server=self._server, code=200, text=text, id=uri, quota=told.quota)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The record, its pictures and the post that it answers by their addresses."""
        post = post_of(parcel, self._server)
        thumb = {"url": post.card.image_url} if post.card and post.card.image_url else None
        reply = {"parent": {"uri": post.answers}} if post.answers else None
        images = [{"image": {"url": each.url}, "alt": each.alt} for each in post.pictures[: self.limits.images]]
        return record_of(post, parcel.slot, thumb, reply, images)

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:  # noqa: ARG002  # the key tells it all
        """Looks for the record under its key: it is there or it is not, whenever that was."""
        did = await self._session.did()
        key = record_key(parcel.slot, parcel.token)
        if not await self._exists(did, key):
            return None
        uri = f"at://{did}/{COLLECTION}/{key}"
        return Receipt(server=self._server, code=200, text="already there", id=uri)

    def address(self, id: str) -> str:
        """The post's page in Bluesky's own app, which shows those of every server."""
        post = re.fullmatch(rf"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/{COLLECTION}/([A-Za-z0-9._~-]+)", id)
        return f"https://bsky.app/profile/{post[1]}/post/{post[2]}" if post and self._reachable else ""

    async def remove(self, id: str) -> None:
        """Deletes the record. Raises ``DeliveryError`` for good when it is another account's."""
        did = await self._session.did()
        repo, key = _named(id)
        if repo != did:
            said = f"{self._server}: {id[:200]} is no post of {self._handle}"
            raise DeliveryError(said, permanent=True, server=self._server)
        await self._session.signed(
            "com.atproto.repo.deleteRecord", {"repo": did, "collection": COLLECTION, "rkey": key}
        )

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """Asks for all at once."""
        names = [id for id in ids if _named(id)[0]]
        if not names:
            return {}
        told = await self._session.asked("app.bsky.feed.getPosts", [("uris", name) for name in names])
        listed = told.data.get("posts")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            said = f"{self._server} answers with no posts"
            raise DeliveryError(said, permanent=False, code=told.status, server=self._server)
        rows = {str(each.get("uri", "")): each for each in listed}
        return {name: _reactions(rows[name]) if name in rows else None for name in names}

    async def check(self) -> str:
        """Signs in."""
        await self._session.did()
        return Phrase("signed in to %(server)s as %(account)s", server=self._server, account=self._handle)

    async def _exists(self, did: str, key: str) -> bool:
        """Whether an earlier attempt wrote the record: what it wrote is never edited, not even by a newer picture."""
        return await self._session.record(did, COLLECTION, key) is not None

    async def _reply(self, answers: str) -> dict[str, Any] | None:
        """The ``reply`` of a record that answers the post of this address; None when it is gone: then it stands alone.

        A reply to a reply names the first post of the thread too (lexicon ``app.bsky.feed.post#replyRef``).
        """
        repo, key = _named(answers)
        found = await self._session.record(repo, COLLECTION, key) if repo else None
        if found is None:
            return None
        parent = {"uri": answers, "cid": str(found.data.get("cid", ""))}
        value = found.data.get("value")
        reply = value.get("reply") if isinstance(value, dict) else None
        root = reply.get("root") if isinstance(reply, dict) else None
        return {"root": root if isinstance(root, dict) else parent, "parent": parent} if parent["cid"] else None

    async def _images(self, post: Post) -> list[dict[str, Any]]:
        """The post's own pictures, uploaded; those that are not to be had are left out."""
        images = []
        for each in post.pictures[: self.limits.images]:
            picture = await made_fit(each.url, self._around, longest=_IMAGE_PIXELS, size=_IMAGE)
            blob = await self._blob(picture)
            if picture and blob:
                width, height = await asyncio.to_thread(measured, picture)
                images.append({"image": blob, "alt": each.alt, "aspectRatio": {"width": width, "height": height}})
        return images

    async def _thumb(self, card: Card | None) -> dict[str, Any] | None:
        """The card's picture, uploaded; None when there is none to be had."""
        if card is None or not card.image_url:
            return None
        return await self._blob(await made_fit(card.image_url, self._around, longest=_PIXELS, size=_THUMB))

    async def _blob(self, picture: bytes | None) -> dict[str, Any] | None:
        """A picture never costs the post: one that the server refuses is left out."""
        if picture is None:
            return None
        try:
            told = await self._session.signed("com.atproto.repo.uploadBlob", content=picture, kind="image/jpeg")
        except DeliveryError as error:
            if error.permanent:
                return None
            raise
        blob = told.data.get("blob")
        return blob if isinstance(blob, dict) else None


def _named(address: str) -> tuple[str, str]:
    """The repository and the key in a post's address; both "" when it is none."""
    found = re.fullmatch(rf"at://([^/?#]+)/{re.escape(COLLECTION)}/([^/?#]+)", address)
    return (found[1], found[2]) if found else ("", "")


def _reactions(post: Mapping[str, Any]) -> Reactions:
    return Reactions(
        likes=figure(post.get("likeCount")),
        reposts=figure(post.get("repostCount")),
        replies=figure(post.get("replyCount")),
        quotes=figure(post.get("quoteCount")),
    )
