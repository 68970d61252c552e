"""Posts to an account of Mastodon, or of a server with its API (Pleroma, GoToSocial, Takahe, snac …).

https://docs.joinmastodon.org/methods/statuses/, /methods/media/, /methods/instance/, /entities/Instance/ and
/api/rate-limits/ (checked 2026-11-23, research of the networks; a run against a real Takahe and snac the same day).

The delivery's token is the ``Idempotency-Key`` of the header. Mastodon knows it again for an hour, Pixelfed and Takahe
never do (pixelfed/pixelfed#3581, jointakahe/takahe#618): after an hour, and after an answer that was lost, the
account's own statuses are read back before anything is sent again.

How followers reacted stands in each status (``favourites_count``, ``reblogs_count``, ``replies_count``, since 4.5
``quotes_count``). Several are asked for at once since 4.3 (``GET /api/v1/statuses?id[]=…``, /methods/statuses/#index,
read in mastodon/documentation 2026-11-29; 20 at most: ``Api::V1::StatusesController``, from memory).

In one file, though it is long: what is posted, read back, changed and asked for are statuses of one account.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.channels.fit import fitting
from bot.channels.pictures import made_fit
from bot.editions.graphemes import Room, shortened
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.http import Upload
from bot.model import Counting, Idempotency, Limits, Parcel, Phrase, Post, Reactions, Receipt, figure
from bot.settings import PostTable, Table, Url, secret_variable

_PIXELS = 2048
_LARGEST = 8_000_000
_KEY_LASTS = timedelta(minutes=50)
"""Ten minutes before a server forgets the key."""
_SKEW = timedelta(minutes=5)
_PAGE, _PAGES = 40, 10
_BEGINNING = 40
_WAITS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between the looks at a picture that is being processed."""


class MastodonOptions(PostTable):
    """An account, by an access token (Preferences → Development → New application)."""

    instance: Url = Field(description="The account's server, e.g. `https://mastodon.social`.")
    token: SecretStr = Field(
        description="The application's access token; scopes `write:statuses write:media read:accounts read:statuses`."
    )
    visibility: Literal["public", "unlisted", "private"] = Field(
        "public", description="Who sees the posts: everyone, everyone but in no timeline of the server, or followers."
    )


@kind("mastodon")
class MastodonChannel(Unopened):
    """One account."""

    Options: ClassVar[type[Table]] = MastodonOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.KEY
    verified: ClassVar[str] = ""
    template = "mastodon"
    connections = 1
    at_once: ClassVar[int] = 20
    # A fifth of what an account may ask in five minutes, also of a server that is asked for each by itself.
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(minutes=5): 60}

    def __init__(self, name: str, options: MastodonOptions, around: Surroundings) -> None:
        self.limits = Limits(
            characters=500,
            counting=Counting.MASTODON,
            url=23,
            images=4,
            image_size=_LARGEST,
            alt=1500,
            thread=True,
            mentions=True,
            warning=True,
        )
        self.rules = options.rules
        # A third of what an account may ask in five minutes: a post with pictures asks several times.
        self.pace = options.pace((timedelta(minutes=5), 25), (timedelta(minutes=30), 30))
        self._name = name
        self._around = around
        self._instance = options.instance.rstrip("/")
        self._visibility = options.visibility
        self._variable = secret_variable(name, "token")
        token = options.token.get_secret_value()
        self._signed = {"Authorization": f"Bearer {token}"}
        self._exchange = Exchange(around.http, around.clock, options.instance, judge=self._judged, secrets=[token])
        self._learned = False
        self._account = ""
        self._doubted: set[str] = set()

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is the status's id, ``text`` its address."""
        await self._know_limits()
        payload = self.payload(parcel)
        if self._around.clock() - parcel.slot > _KEY_LASTS:
            # Perhaps this is not the first time, and the server has forgotten the key.
            found = await self.recall(parcel, parcel.slot)
            if found:
                return found
        elif parcel.token in self._doubted:
            # The key does it where the token may not read.
            with suppress(ChannelRefused):
                found = await self.recall(parcel, parcel.slot)
                if found:
                    return found
        pictures = await self._uploaded(payload.pop("media_ids", []))
        body = payload | ({"media_ids": pictures} if pictures else {})
        try:
            told = await self._posted(body, parcel.token)
        except DeliveryError as error:
            if error.code != 404 or "in_reply_to_id" not in body:
                raise
            # What it answers is gone: it stands alone.
            del body["in_reply_to_id"]
            told = await self._posted(body, parcel.token)
        return self._receipt(told)

    async def _posted(self, body: Mapping[str, Any], token: str) -> Told:
        try:
            told = await self._ask("POST", "/api/v1/statuses", json=body, headers={"Idempotency-Key": token})
            self._exchange.named(told, told.data.get("id"), repeatable=True)
        except ServerBusy as error:
            # A gateway gives up on what its server goes on with.
            if error.code >= 500:
                self._doubted.add(token)
            raise
        except DeliveryError as error:
            if not error.permanent and not isinstance(error, ChannelRefused):
                self._doubted.add(token)
            raise
        self._doubted.discard(token)
        return told

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The status; in ``media_ids`` stand the addresses and descriptions of its pictures."""
        limits = self.limits if self._learned else replace(self.limits, characters=None)
        post = fitting(parcel, limits, self._exchange.server)
        pictures = [self._picture(each.url, each.alt) for each in post.pictures[: self.limits.images]]
        return {
            "status": post.text,
            "visibility": self._visibility,
            **_marks(post),
            **({"in_reply_to_id": post.answers} if post.answers else {}),
            **({"media_ids": pictures} if pictures else {}),
        }

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Changes text, warning and descriptions; the pictures stay, or are added where there were none."""
        await self._know_limits()
        payload = self.payload(parcel)
        path = f"/api/v1/statuses/{_segment(id)}"
        standing = (await self._ask("GET", path)).data
        kept = [str(each.get("id", "")) for each in standing.get("media_attachments") or [] if isinstance(each, dict)]
        wanted = payload.pop("media_ids", [])
        body = {key: value for key, value in payload.items() if key not in ("visibility", "in_reply_to_id")}
        body["spoiler_text"] = payload.get("spoiler_text", "")
        # An edit that names no pictures takes them away.
        body["media_ids"] = kept or await self._uploaded(wanted)
        if kept and len(kept) == len(wanted):
            described = zip(kept, wanted, strict=True)
            body["media_attributes"] = [{"id": each, "description": new["description"]} for each, new in described]
        return self._receipt(await self._ask("PUT", path, json=body))

    async def remove(self, id: str) -> None:
        """Deletes the status."""
        try:
            await self._ask("DELETE", f"/api/v1/statuses/{_segment(id)}")
        except DeliveryError as error:
            if error.code not in (404, 410):
                raise

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Looks through the account's statuses of that time: for the same text, else for the same link."""
        post = fitting(parcel, Limits(), self._exchange.server)
        path = f"/api/v1/accounts/{_segment(await self._me())}/statuses?limit={_PAGE}&exclude_reblogs=true"
        oldest = ""
        for _ in range(_PAGES):
            told = await self._ask("GET", f"{path}&max_id={oldest}" if oldest else path)
            rows = self._exchange.listed(told)
            for status in rows:
                if _moment(status.get("created_at")) < began - _SKEW:
                    return None
                if _same(status, post):
                    return self._receipt(replace(told, data=status), "already there")
            if not rows:
                return None
            oldest = _segment(str(rows[-1].get("id", "")))
        raise OutcomeUnknown(
            f"{self._exchange.server}: the account posted too much since to find out", server=self._exchange.server
        )

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """Asks for all at once, and by itself for each that the server leaves out: an older one knows no lists."""
        names = [id for id in ids if id and _segment(id) == id]
        query = urlencode([("id[]", name) for name in names])
        try:
            rows = self._exchange.listed(await self._ask("GET", f"/api/v1/statuses?{query}")) if names else []
        except (ChannelRefused, ServerBusy):
            raise
        except DeliveryError as error:
            # A server that knows no such list says so in its own way: 404, 400, 500, or with something that is none.
            if not error.permanent and error.code not in (200, 500, 501):
                raise
            rows = []
        found: dict[str, Reactions | None] = {}
        for row in rows:
            if str(row.get("id", "")) in names:
                found[str(row["id"])] = _reactions(row)
        for id in names:
            if id in found:
                continue
            try:
                told = await self._ask("GET", f"/api/v1/statuses/{id}")
            except DeliveryError as error:
                if error.code not in (404, 410) or isinstance(error, ChannelRefused):
                    raise
                found[id] = None
            else:
                if str(told.data.get("id", "")) != id:
                    said = f"{self._exchange.server} answers with another status than was asked for"
                    raise DeliveryError(said, permanent=False, code=told.status, server=self._exchange.server)
                found[id] = _reactions(told.data)
        return found

    async def learn(self) -> Limits:
        """Asks the instance, first by its newer address. They hold for this channel from then on."""
        try:
            told = await self._ask("GET", "/api/v2/instance")
        except ChannelRefused:
            raise
        except DeliveryError:
            # snac has none, Takahe's is broken.
            told = await self._ask("GET", "/api/v1/instance")
        self.limits = _limits(told.data, self.limits)
        self._learned = True
        return self.limits

    async def check(self) -> str:
        """Signs in and reads what the account posted last: both scopes for reading are there."""
        account = (await self._ask("GET", "/api/v1/accounts/verify_credentials")).data
        self._account = str(account.get("id", ""))
        await self._ask("GET", f"/api/v1/accounts/{_segment(self._account)}/statuses?limit=1")
        limits = await self.learn()
        return Phrase(
            "signed in to %(server)s as %(account)s; a post has %(most)s characters there",
            server=self._exchange.server,
            account=str(account.get("acct", "")),
            most=limits.characters or 0,
        )

    async def _know_limits(self) -> None:
        """The limits that the server told, from the store when they are there; without them nothing is refused here."""
        kept = await asyncio.to_thread(self._kept_limits)
        if kept:
            self.limits, self._learned = kept, True
        elif not self._learned:
            with suppress(DeliveryError):
                await self.learn()

    def _kept_limits(self) -> Limits | None:
        if self._around.store is None:
            return None
        with self._around.store.read() as tx:
            return tx.channels.get(self._name).limits

    async def _me(self) -> str:
        if not self._account:
            told = await self._ask("GET", "/api/v1/accounts/verify_credentials")
            self._account = str(told.data.get("id", ""))
        return self._account

    def _picture(self, url: str, alt: str) -> dict[str, str]:
        return {"file": url, "description": shortened(alt, Room(self.limits.alt, None))}

    async def _uploaded(self, wanted: list[dict[str, str]]) -> list[str]:
        """The ids of pictures that the server has taken and processed. One that is not to be had is left out."""
        ids = []
        for number, each in enumerate(wanted, start=1):
            size = self.limits.image_size or _LARGEST
            made = await made_fit(each["file"], self._around, longest=_PIXELS, size=size)
            if made is None:
                continue
            file = Upload(name=f"{number}.jpg", kind="image/jpeg", content=made)
            form = {"description": each["description"]}
            ids.append(await self._processed(await self._ask("POST", "/api/v2/media", form=form, files={"file": file})))
        return ids

    async def _processed(self, told: Told) -> str:
        id = str(told.data.get("id", ""))
        if told.status != 202:
            return id
        for seconds in _WAITS:
            await asyncio.sleep(seconds)
            if (await self._ask("GET", f"/api/v1/media/{_segment(id)}")).status != 206:
                return id
        raise DeliveryError(
            f"{self._exchange.server} is still processing the post's picture", permanent=False, code=206
        )

    async def _ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **body: Any) -> Told:
        # Doing any of it twice does no more: the key makes posting so, and a picture that was uploaded twice is unused.
        return await self._exchange.ask(
            method, self._instance + path, repeatable=True, headers={**self._signed, **(headers or {})}, **body
        )

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        words = refusal.said.casefold()
        if refusal.status in (401, 403) or (refusal.status == 400 and "token" in words):
            scopes = Phrase("put a token with its scopes into %(variable)s", variable=self._variable)
            hint = advised(refusal.said, scopes)
            return ChannelRefused(hint, code=refusal.status, server=refusal.server)
        return None

    def _receipt(self, told: Told, text: str = "") -> Receipt:
        return Receipt(
            server=self._exchange.server,
            code=told.status,
            text=text or str(told.data.get("url") or "")[:200],
            id=str(told.data.get("id", "")),
            quota=told.quota,
        )


def _marks(post: Post) -> dict[str, Any]:
    """Language, warning and sensitivity. Mastodon knows ISO 639 codes, some with a region."""
    language = re.fullmatch(r"([a-z]{2,3})(-[A-Za-z]{2,4})?", post.language)
    return {
        **({"language": post.language if language[1] == "zh" else language[1]} if language else {}),
        **({"spoiler_text": post.warning} if post.warning else {}),
        **({"sensitive": True} if post.sensitive or post.warning else {}),
    }


def _reactions(status: Mapping[str, Any]) -> Reactions:
    return Reactions(
        likes=figure(status.get("favourites_count")),
        reposts=figure(status.get("reblogs_count")),
        replies=figure(status.get("replies_count")),
        quotes=figure(status.get("quotes_count")),
    )


def _same(status: Mapping[str, Any], post: Post) -> bool:
    answers = str(status.get("in_reply_to_id") or "")
    # A status whose predecessor is gone answers nothing any more.
    alone = not answers and bool(post.answers) and str(status.get("id", "")) != post.answers
    if answers != post.answers and not alone:
        return False
    content = str(status.get("content") or "")
    theirs, ours = _letters(html.unescape(re.sub(r"<[^>]*>", "", content))), _letters(post.text)
    if theirs == ours or alone:
        return theirs == ours
    # A server may change a text here and there; its beginning and its link it keeps.
    links = map(html.unescape, re.findall(r"""href=["']([^"']+)["']""", content))
    return bool(post.url) and post.url in links and theirs[:_BEGINNING] == ours[:_BEGINNING]


def _letters(text: str) -> str:
    """What Markdown and typography leave alone."""
    return "".join(each for each in text if each.isalnum())


def _moment(value: Any) -> datetime:
    try:
        told = datetime.fromisoformat(str(value))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _segment(id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", id)


def _limits(told: Mapping[str, Any], before: Limits) -> Limits:
    """What an instance says of its limits; what it does not say stays as it was."""
    configuration = told.get("configuration")
    configuration = configuration if isinstance(configuration, dict) else {}

    def figure(table: str, name: str, most: int) -> int | None:
        values = configuration.get(table)
        value = values.get(name) if isinstance(values, dict) else None
        return min(value, most) if type(value) is int and value > 0 else None

    longest = told.get("max_toot_chars")  # Pleroma and its kin.
    other = longest if type(longest) is int and longest > 0 else None
    return replace(
        before,
        characters=figure("statuses", "max_characters", 100_000) or other or before.characters,
        url=figure("statuses", "characters_reserved_per_url", 1000) or before.url,
        images=figure("statuses", "max_media_attachments", 16) or before.images,
        alt=figure("media_attachments", "description_limit", 10_000) or before.alt,
        image_size=figure("media_attachments", "image_size_limit", 16_000_000) or before.image_size,
    )
