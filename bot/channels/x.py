"""Posts to an X account, by API v2.

Checked 2026-11-29: https://docs.x.com/x-api/posts/create-or-edit-post (body, scopes),
https://developer.x.com/en/docs/twitter-api/tweets/manage-tweets/api-reference/post-tweets (100 posts in 15 minutes),
plhery/node-twitter-api-v2#595 (``media.write``), tryethernal/ethernal#1324 (402 without credits). From memory:
https://docs.x.com/x-api/media/upload-media and ``media/create-metadata`` (alt text of 1,000 characters),
https://docs.x.com/fundamentals/authentication, the account's timeline, the problem types of plans.

X has no key by which it knows a post again: what may have arrived is ``unknown`` until it is found among the account's
newest posts. It refuses the same words twice (403), but only for a while, so nothing rests on that.

How followers reacted: ``GET /2/tweets`` with ``public_metrics``, 100 posts at most, 5,000 requests in 15 minutes for a
user's token; each post that is read costs the app credits, so nobody is asked unless an editor says so
(https://docs.x.com/x-api/fundamentals/rate-limits and /x-api/introduction, read 2026-11-29; 100 and the form of
``errors`` from memory).

In one file, though it is long: two ways in, and one account that posts, is read back and is asked for figures.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import Field, SecretStr, StrictBool

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.credentials import Credential, Credentials, SignIn
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.channels.fit import fitting, post_of
from bot.channels.oauth import Method, OAuth2, Provider, UserKeys
from bot.channels.pictures import fetched, jpeg
from bot.errors import ChannelRefused, DeliveryError, FetchError, OutcomeUnknown, SettingsError, StoreError
from bot.http import Upload
from bot.model import (
    Counting,
    Idempotency,
    Limits,
    Parcel,
    Phrase,
    Post,
    PostPicture,
    Quota,
    Reactions,
    Receipt,
    figure,
    said_by,
)
from bot.settings import PostTable, Table, Url, secret_variable

SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
_KEYS = ("consumer_key", "consumer_secret", "access_token", "access_secret")
_PIXELS = 4096
_IMAGE = 5_000_000
_ALT = 1000
_NEWEST = 100
_SKEW = timedelta(minutes=10)
"""How far X's clock may be off ours."""
_LISTED = timedelta(minutes=1)
"""How long X's own lists may lag behind."""


class XOptions(PostTable):
    """An account: by sign-in (``client_id``, then `broadsheet channels connect`), or by its four keys."""

    api: Url = Field("https://api.x.com", description="The API's address; another for servers that speak as X does.")
    authorize: Url = Field("https://x.com/i/oauth2/authorize", description="Where an editor signs in.")
    client_id: str = Field("", description="The app's OAuth 2.0 client id, for signing in.")
    client_secret: SecretStr = Field(
        SecretStr(""),
        description="The app's OAuth 2.0 client secret; none for a native or public app.",
    )
    consumer_key: SecretStr = Field(SecretStr(""), description="The app's API key, with the three below instead.")
    consumer_secret: SecretStr = Field(SecretStr(""), description="The app's API key secret.")
    access_token: SecretStr = Field(SecretStr(""), description="The account's access token for this app.")
    access_secret: SecretStr = Field(SecretStr(""), description="That token's secret.")
    reactions: StrictBool = Field(
        False,
        description="Whether X is asked, five times in a week, how followers reacted to each post. X counts each post "
        "that is read against the app's credits.",
    )


@kind("x")
class XChannel(Unopened):
    """One account."""

    Options: ClassVar[type[Table]] = XOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "x"
    connections = 1
    at_once: ClassVar[int] = 100
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(minutes=15): 300, timedelta(days=1): 1000}

    def __init__(self, name: str, options: XOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when neither a client id nor all four keys are given."""
        self.limits = Limits(
            characters=280,
            counting=Counting.WEIGHTED,
            url=23,
            images=4,
            image_size=_IMAGE,
            alt=_ALT,
            thread=True,
            mentions=True,
        )
        self.rules = options.rules
        self.pace = options.pace((timedelta(minutes=15), 100))
        self._name = name
        self._around = around
        self._api = options.api.rstrip("/")
        self._keys = _keys(name, options)
        self._oauth = OAuth2(
            Provider(
                name="X",
                authorize=options.authorize,
                token=f"{self._api}/2/oauth2/token",
                client_id=options.client_id,
                client_secret=options.client_secret,
                scopes=SCOPES,
                basic=True,
            ),
            around.http,
            around.clock,
        )
        self._credentials = Credentials(name, around, self.renew, kind="x")
        kept = (options.client_secret, options.consumer_secret, options.access_secret)
        secrets = [each.get_secret_value() for each in (*kept, options.consumer_key, options.access_token)]
        self._exchange = Exchange(around.http, around.clock, self._api, judge=self._judged, secrets=secrets)
        self._user = ""

    @property
    def keyed(self) -> bool:
        """Whether it posts with the account's own keys."""
        return self._keys is not None

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is the post's id."""
        post = fitting(parcel, self.limits, self._exchange.server)
        media = [each for each in [await self._uploaded(picture) for picture in post.pictures[:4]] if each]
        told = await self._ask("POST", "/2/tweets", repeatable=False, json=body_of(post, media))
        data = told.data.get("data")
        return Receipt(
            server=self._exchange.server,
            code=told.status,
            id=self._exchange.named(told, data.get("id") if isinstance(data, dict) else None),
            quota=self._quota(told),
        )

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The body, its pictures by their addresses."""
        post = fitting(parcel, self.limits, self._exchange.server)
        pictures = [{"url": each.url, "alt_text": each.alt[:_ALT]} for each in post.pictures[:4]]
        return body_of(post, []) | ({"media": pictures} if pictures else {})

    async def check(self) -> str:
        """Asks who it posts as."""
        return Phrase("signed in to %(server)s as %(account)s", server=self._exchange.server, account=await self._me())

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Looks for the post among the account's newest."""
        post, since = post_of(parcel, self._exchange.server), began - _SKEW
        if not self._user:
            await self._me()
        query = {
            "max_results": _NEWEST,
            "start_time": f"{since:%Y-%m-%dT%H:%M:%SZ}",
            "tweet.fields": "created_at,entities",
        }
        try:
            told = await self._ask("GET", f"/2/users/{self._user}/tweets?{urlencode(query)}", repeatable=True)
        except ChannelRefused as error:
            # An app that may post need not be one that may read.
            if error.code not in (402, 403):
                raise
            said = f"X does not let this app read posts back ({error}); look at the account, and say so"
            raise OutcomeUnknown(said, server=self._exchange.server) from error
        meta = told.data.get("meta")
        none = isinstance(meta, dict) and meta.get("result_count") == 0 and "data" not in told.data
        found = [] if none else self._exchange.listed(told, "data")
        recent = [each for each in found if _created(each, since) >= since]
        for each in recent:
            if _loosely(shown(each)) == _loosely(post.text):
                return Receipt(server=self._exchange.server, code=told.status, text="found", id=str(each.get("id", "")))
        beginning = _loosely(post.text.split("\n", 1)[0])
        if any(_loosely(shown(each)).startswith(beginning) for each in recent):
            raise OutcomeUnknown(
                "the account has a post like it; look whether it is this", server=self._exchange.server
            )
        if self._around.clock() - began < _LISTED:
            said = "X does not list it, and may not list it yet; it is asked again in a minute"
            raise DeliveryError(said, permanent=False, retry_after=_LISTED.total_seconds())
        # A page may be shorter than was asked for, and not be the last one.
        if len(recent) >= _NEWEST or (isinstance(meta, dict) and meta.get("next_token")):
            raise OutcomeUnknown(
                f"the account's newest {_NEWEST} posts do not reach back to it", server=self._exchange.server
            )
        return None

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """Asks for all at once. Of a post that is not there X says so, with 200."""
        names = [id for id in ids if id.isascii() and id.isdigit()]
        if not names:
            return {}
        query = urlencode({"ids": ",".join(names), "tweet.fields": "public_metrics"})
        told = await self._ask("GET", f"/2/tweets?{query}", repeatable=True)
        errors = told.data.get("errors")
        faults = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        rows = [] if faults and "data" not in told.data else self._exchange.listed(told, "data")
        found: dict[str, Reactions | None] = {
            str(each.get("value") or each.get("resource_id") or ""): None
            for each in faults
            if "not-found" in str(each.get("type", ""))
        }
        found |= {str(each.get("id", "")): _reactions(each.get("public_metrics")) for each in rows}
        return {name: found[name] for name in names if name in found}

    def address(self, id: str) -> str:
        """The post's page; X leads from any account's name to the right one."""
        return f"https://x.com/i/status/{id}" if self._api == "https://api.x.com" and re.fullmatch("[0-9]+", id) else ""

    async def remove(self, id: str) -> None:
        """Deletes the post."""
        try:
            await self._ask("DELETE", f"/2/tweets/{_digits(id)}", repeatable=True)
        except DeliveryError as error:
            if error.code != 404:
                raise

    async def sign_in(self, redirect: str, state: str) -> SignIn:
        """OAuth 2 with PKCE."""
        if self.keyed:
            said = Phrase("%(name)s has the account's keys, and needs no sign-in", name=self._name)
            raise DeliveryError(said, permanent=True)
        return self._oauth.sign_in(redirect, state)

    async def connect(self, answer: Mapping[str, str], begun: SignIn, redirect: str) -> Credential:
        """The account's tokens and its name."""
        credential = await self._oauth.connect(answer, begun, redirect)
        told = await self._bearing(credential, "GET", "/2/users/me", repeatable=True)
        account, user = _named(told)
        return replace(credential, account=account, id=user)

    async def renew(self, credential: Credential) -> Credential:
        """A refresh token is good once."""
        return await self._oauth.renew(credential)

    async def _me(self) -> str:
        """Who it posts as."""
        told = await self._ask("GET", "/2/users/me", repeatable=True)
        account, self._user = _named(told)
        return account

    async def _uploaded(self, picture: PostPicture) -> str:
        """The media id of a picture, with its description; "" when there is none. A picture never costs a post."""
        try:
            content = await fetched(picture.url, self._around)
            made = await asyncio.to_thread(jpeg, content, longest=_PIXELS, size=_IMAGE)
        except (FetchError, StoreError, ValueError):
            return ""
        try:
            told = await self._ask(
                "POST",
                "/2/media/upload",
                repeatable=True,
                form={"media_category": "tweet_image"},
                files={"media": Upload("picture.jpg", "image/jpeg", made)},
            )
            data = told.data.get("data")
            media = str(data.get("id", "")) if isinstance(data, dict) else ""
            if media:
                words = {"id": media, "metadata": {"alt_text": {"text": picture.alt[:_ALT]}}}
                await self._ask("POST", "/2/media/metadata", repeatable=True, json=words)
        except DeliveryError as error:
            if error.permanent:
                return ""
            raise
        return media

    async def _ask(self, method: Method, path: str, *, repeatable: bool, **body: Any) -> Told:
        """As the account. A token that ended is renewed, and it is asked once more: a 401 has done nothing."""
        url = f"{self._api}{path}"
        if self._keys:
            signed = {"Authorization": self._keys.authorization(method, url, self._around.clock)}
            try:
                return await self._exchange.ask(method, url, repeatable=repeatable, headers=signed, **body)
            except _Ended as error:
                variables = ", ".join(secret_variable(self._name, each) for each in _KEYS)
                anew = Phrase(
                    "make new keys in X's developer console and put them into %(variables)s", variables=variables
                )
                said = advised(said_by(error), anew)
                raise ChannelRefused(said, code=error.code, server=error.server) from error
        credential = await self._credentials.current()
        try:
            return await self._bearing(credential, method, path, repeatable=repeatable, **body)
        except _Ended:
            credential = await self._credentials.renewed(credential)
        try:
            return await self._bearing(credential, method, path, repeatable=repeatable, **body)
        except _Ended as error:
            said = advised(said_by(error), Phrase("run `broadsheet channels connect %(name)s`", name=self._name))
            raise ChannelRefused(said, code=error.code, server=error.server) from error

    async def _bearing(
        self, credential: Credential, method: Method, path: str, *, repeatable: bool, **body: Any
    ) -> Told:
        headers = {"Authorization": f"Bearer {credential.access}"}
        return await self._exchange.ask(method, f"{self._api}{path}", repeatable=repeatable, headers=headers, **body)

    def _quota(self, told: Told) -> Quota | None:
        """Of the windows that X tells of, the one with the least left."""
        day = {
            f"x-rate-limit-{part}": told.headers.get(f"{whose}-limit-24hour-{part}", "")
            for whose in ("x-app", "x-user")
            for part in ("limit", "remaining", "reset")
            if f"{whose}-limit-24hour-{part}" in told.headers
        }
        known = [each for each in (told.quota, self._exchange.quota(day)) if each]
        return min(known, key=lambda each: each.remaining, default=None)

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        said, code, server = refusal.said, refusal.status, refusal.server
        words = f"{refusal.data.get('detail', '')} {refusal.data.get('type', '')}".lower()
        if code == 401:
            return _Ended(said, code=code, server=server)
        if code == 402 or "credits" in words or "usage-capped" in words:
            left = Phrase("this app has no posts left: look at its plan and credits in X's developer console")
            said = advised(said, left)
            return ChannelRefused(said, code=code, server=server)
        if code != 403:
            return None
        if "duplicate" in words:
            same = Phrase(
                "a post of the account says the same already: leave it at that one, or delete that one and try again"
            )
            said = advised(said, same)
        elif "reply" in words and "deleted" in words:
            said = advised(said, Phrase("the post that it answers is gone"))
        elif "shorter" not in words and "characters" not in words:
            look = Phrase(
                "look that the app may read and write, that its plan allows this, and that X has not locked the "
                "account; then connect again"
            )
            return ChannelRefused(advised(said, look), code=code, server=server)
        return DeliveryError(said, permanent=True, code=code, server=server)


class _Ended(ChannelRefused):
    """The token is not taken any more."""


def body_of(post: Post, media: list[str]) -> dict[str, Any]:
    """The body of ``POST /2/tweets``; ``media`` are ids of uploaded pictures."""
    body: dict[str, Any] = {"text": _plain(post.text)}
    if media:
        body["media"] = {"media_ids": media}
    if post.answers:
        body["reply"] = {"in_reply_to_tweet_id": _digits(post.answers)}
    return body


def shown(told: Mapping[str, Any]) -> str:
    """The words of a post as they were sent: X gives them back escaped, with its own short links for addresses.

    The link that it adds for pictures is left out.
    """
    text = str(told.get("text", ""))
    entities = told.get("entities")
    urls = entities.get("urls") if isinstance(entities, dict) else None
    for each in urls if isinstance(urls, list) else ():
        if isinstance(each, dict) and each.get("url"):
            own = each.get("media_key")
            text = text.replace(str(each["url"]), "" if own else str(each.get("expanded_url", "")), 1)
    return _plain(unescape(text))


def _reactions(metrics: object) -> Reactions:
    told = metrics if isinstance(metrics, dict) else {}
    return Reactions(
        likes=figure(told.get("like_count")),
        reposts=figure(told.get("retweet_count")),
        replies=figure(told.get("reply_count")),
        quotes=figure(told.get("quote_count")),
        views=figure(told.get("impression_count")),
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _loosely(text: str) -> str:
    """What stays the same where X makes a link of a mere name: it gives ``record.example`` back with a scheme."""
    # U+200B stands behind an @ so that nobody is called, and may not come back.
    bare = re.sub(r"https?://|/(?=\s|$)|\u200b", "", _plain(text), flags=re.IGNORECASE)
    return " ".join(bare.casefold().split())


def _created(told: Mapping[str, Any], otherwise: datetime) -> datetime:
    """One that tells no time is looked at."""
    try:
        created = datetime.fromisoformat(str(told.get("created_at", "")))
    except ValueError:
        return otherwise
    return created if created.tzinfo else otherwise


def _named(told: Told) -> tuple[str, str]:
    """Name and id of the account."""
    data = told.data.get("data")
    user = data if isinstance(data, dict) else {}
    name = "".join(each for each in str(user.get("username", "")) if each.isprintable())[:100]
    return f"@{name}", _digits(str(user.get("id", "")))


def _digits(id: str) -> str:
    """What is put into a path. Raises ``DeliveryError`` for what is no id of X."""
    if not (id.isascii() and id.isdigit()):
        raise DeliveryError("that is no id of a post or account of X", permanent=True)
    return id


def _keys(name: str, options: XOptions) -> UserKeys | None:
    given = {each: getattr(options, each).get_secret_value() for each in _KEYS}
    missing = [secret_variable(name, each) for each, value in given.items() if not value]
    if not missing:
        return UserKeys(
            consumer=given["consumer_key"],
            consumer_secret=options.consumer_secret,
            token=given["access_token"],
            token_secret=options.access_secret,
        )
    if len(missing) < len(_KEYS):
        raise SettingsError(f"channels.{name}: {', '.join(missing)} is missing: put all four keys into .env, or none")
    if not options.client_id:
        raise SettingsError(
            f"channels.{name}.client_id: is missing; put the app's client id there and run "
            f"`broadsheet channels connect {name}`, or put the account's four keys into .env: {', '.join(missing)}"
        )
    return None
