"""Posts to a LinkedIn page or member, by the Posts API.

Checked 2026-11-29:
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api?view=li-lms-2026-01 (kinds of
posts, headers, permissions), n8n-io/n8n#28967 and ComposioHQ/composio#4320 (426 NONEXISTENT_VERSION). From memory: that
page's partial update and finder, ``…/shares/images-api``,
https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow (tokens of 60 days, refresh
tokens for approved partners), error codes beside those and ``DUPLICATE_POST``.

LinkedIn has no key by which it knows a post again, and what it cuts it cuts with a success: the text is escaped here. A
page's posts can be read back; those of a member only by apps that LinkedIn approved, so they are not asked for.

In one file, though it is long: two kinds of accounts, two of pictures, a text of its own markup, and one network.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.credentials import Credential, Credentials, SignIn
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.channels.fit import fitting, post_of
from bot.channels.oauth import OAuth2, Provider
from bot.channels.pictures import fetched, jpeg
from bot.editions.escaping import escaped
from bot.errors import ChannelRefused, DeliveryError, FetchError, OutcomeUnknown, ServerBusy, StoreError
from bot.model import Counting, Idempotency, Limits, Markup, Parcel, Phrase, Post, Receipt, said_by
from bot.settings import PostTable, Table, Url

PAGE_SCOPES = ("w_organization_social", "r_organization_social")
MEMBER_SCOPES = ("openid", "profile", "w_member_social")
_PIXELS = 4096
_IMAGE = 5_000_000
_THUMB = 2_000_000
_ALT = 4086
_TITLE = 400
_NEWEST = 50
_IMAGES = 20
_SKEW = timedelta(minutes=10)
"""How far LinkedIn's clock may be off ours."""
_LISTED = timedelta(minutes=1)
"""How long LinkedIn's own lists may lag behind."""


class LinkedInOptions(PostTable):
    """A page (``organization``), or the member who signs in."""

    client_id: str = Field(description="The app's client id.", min_length=1)
    client_secret: SecretStr = Field(description="The app's client secret.")
    organization: str = Field(
        "",
        pattern=r"^(urn:li:organization:)?\d*$",
        description="The page's number, as its admin pages' addresses have it; without it, posts are the member's own.",
    )
    version: str = Field(
        "202606",
        pattern=r"^20\d{2}(0[1-9]|1[0-2])$",
        description="The API's version, year and month: LinkedIn retires each after about a year.",
    )
    api: Url = Field("https://api.linkedin.com", description="The API's address; another for tests.")
    oauth: Url = Field("https://www.linkedin.com/oauth/v2", description="Where sign-ins are; another for tests.")


@kind("linkedin")
class LinkedInChannel(Unopened):
    """One page or member."""

    Options: ClassVar[type[Table]] = LinkedInOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "linkedin"
    connections = 1

    def __init__(self, name: str, options: LinkedInOptions, around: Surroundings) -> None:
        # Whether escapes count is not documented: they are counted, because a text that is too long is refused.
        self.limits = Limits(
            characters=3000,
            counting=Counting.UTF16,
            markup=Markup.LITTLE,
            marked_up=True,
            thumbnail=_THUMB,
            images=_IMAGES,
            image_size=_IMAGE,
            alt=_ALT,
            card=True,
        )
        self.rules = options.rules
        self.pace = options.pace((timedelta(days=1), 150))
        self._name = name
        self._around = around
        self._api = options.api.rstrip("/")
        self._version = options.version
        number = options.organization.rpartition(":")[2]
        self._page = f"urn:li:organization:{number}" if number else ""
        oauth = options.oauth.rstrip("/")
        self._oauth = OAuth2(
            Provider(
                name="LinkedIn",
                authorize=f"{oauth}/authorization",
                token=f"{oauth}/accessToken",
                client_id=options.client_id,
                client_secret=options.client_secret,
                scopes=PAGE_SCOPES if self._page else MEMBER_SCOPES,
                # Its codes for apps with a secret know none.
                pkce=False,
            ),
            around.http,
            around.clock,
        )
        self._credentials = Credentials(name, around, self.renew, kind="linkedin")
        secrets = [options.client_secret.get_secret_value()]
        self._exchange = Exchange(around.http, around.clock, self._api, judge=self._judged, secrets=secrets)

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is the post's URN."""
        post = fitting(parcel, self.limits, self._exchange.server)
        author = await self._author()
        content = await self._content(post, author)
        told = await self._ask("POST", "/rest/posts", repeatable=False, json=body_of(post, author, content))
        return Receipt(
            server=self._exchange.server,
            code=told.status,
            id=self._exchange.named(told, told.headers.get("x-restli-id")),
            quota=told.quota,
        )

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The body, its pictures by their addresses; a member's name is not known here."""
        post = fitting(parcel, self.limits, self._exchange.server)
        pictures = [each.url for each in post.pictures[:_IMAGES]]
        thumb = post.card.image_url if post.card and not pictures else ""
        return body_of(post, self._page or "urn:li:person:…", content_of(post, pictures, thumb))

    async def check(self) -> str:
        """Asks for what the account may do: a page's newest post, a member's name."""
        if not self._page:
            told = await self._ask("GET", "/v2/userinfo", repeatable=True)
            name = _line(told.data.get("name"))
            return self._aged(
                Phrase("signed in to %(server)s as %(account)s", server=self._exchange.server, account=name)
            )
        await self._newest(1)
        return self._aged(
            Phrase(
                "signed in to %(server)s, and may post as %(account)s",
                server=self._exchange.server,
                account=_shown(self._page),
            )
        )

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Looks for the post among the page's newest."""
        server = self._exchange.server
        if not self._page:
            said = "LinkedIn lets no app read a member's posts back; look at the profile, and say whether it is there"
            raise OutcomeUnknown(said, server=server)
        since = (began - _SKEW).timestamp() * 1000
        words = commentary_of(post_of(parcel, self._exchange.server))
        try:
            told = await self._newest(_NEWEST)
        except ChannelRefused as error:
            if error.code != 403:
                raise
            said = f"LinkedIn does not let this app read posts back ({error}); look at the page, and say so"
            raise OutcomeUnknown(said, server=server) from error
        listed = self._exchange.listed(told, "elements")
        recent = [each for each in listed if _moment(each, since) >= since]
        for each in recent:
            if _same(str(each.get("commentary", "")), words):
                return Receipt(server=server, code=told.status, text="found", id=str(each.get("id", "")))
        beginning = _letters(words.split("\n", 1)[0])
        if any(_letters(str(each.get("commentary", ""))).startswith(beginning) for each in recent):
            raise OutcomeUnknown("the page has a post like it; look whether it is this", server=server)
        if self._around.clock() - began < _LISTED:
            said = "LinkedIn does not list it, and may not list it yet; it is asked again in a minute"
            raise DeliveryError(said, permanent=False, retry_after=_LISTED.total_seconds())
        # They are listed by their last change: a post that was changed since says nothing of those behind it.
        if len(listed) >= _NEWEST and all(_changed(each, since) >= since for each in listed):
            raise OutcomeUnknown(f"the page's newest {_NEWEST} posts do not reach back to it", server=server)
        return None

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Changes the text; card and pictures stay as they are."""
        patch = {"patch": {"$set": {"commentary": commentary_of(fitting(parcel, self.limits, self._exchange.server))}}}
        told = await self._ask(
            "POST", f"/rest/posts/{_in_path(id)}", repeatable=True, json=patch, method_of_rest="PARTIAL_UPDATE"
        )
        return Receipt(server=self._exchange.server, code=told.status, id=id)

    def address(self, id: str) -> str:
        """The post's page."""
        known = self._api == "https://api.linkedin.com" and re.fullmatch(r"urn:li:(share|ugcPost):[0-9]+", id)
        return f"https://www.linkedin.com/feed/update/{id}/" if known else ""

    async def remove(self, id: str) -> None:
        """Deletes the post."""
        try:
            await self._ask("DELETE", f"/rest/posts/{_in_path(id)}", repeatable=True, method_of_rest="DELETE")
        except DeliveryError as error:
            if error.code != 404:
                raise

    async def sign_in(self, redirect: str, state: str) -> SignIn:
        """OAuth 2 with the app's secret."""
        return self._oauth.sign_in(redirect, state)

    async def connect(self, answer: Mapping[str, str], begun: SignIn, redirect: str) -> Credential:
        """The tokens, and as whom they post."""
        credential = await self._oauth.connect(answer, begun, redirect)
        if self._page:
            await self._newest(1, credential)
            return replace(credential, account=_shown(self._page), id=self._page)
        told = await self._bearing(credential, "GET", "/v2/userinfo", repeatable=True)
        member = str(told.data.get("sub", ""))
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", member):
            raise DeliveryError(Phrase("LinkedIn does not say who signed in"), permanent=True)
        return replace(credential, account=_line(told.data.get("name")), id=f"urn:li:person:{member}")

    async def renew(self, credential: Credential) -> Credential:
        """Only apps that LinkedIn approved get refresh tokens; others' editors connect again every 60 days."""
        return await self._oauth.renew(credential)

    async def _author(self) -> str:
        return self._page or (await self._credentials.current()).id

    async def _newest(self, count: int, credential: Credential | None = None) -> Told:
        query = urlencode({"author": self._page, "q": "author", "count": count, "sortBy": "LAST_MODIFIED"})
        path = f"/rest/posts?{query}"
        if credential:
            return await self._bearing(credential, "GET", path, repeatable=True, method_of_rest="FINDER")
        return await self._ask("GET", path, repeatable=True, method_of_rest="FINDER")

    async def _content(self, post: Post, author: str) -> dict[str, Any] | None:
        """What stands below the text. A picture never costs the post: without it, it goes out without it."""
        pictures = [await self._uploaded(each.url, author, _IMAGE) for each in post.pictures[:_IMAGES]]
        alone = post.card and post.card.image_url and not any(pictures)
        thumb = await self._uploaded(post.card.image_url, author, _THUMB) if post.card and alone else ""
        return content_of(post, pictures, thumb)

    async def _uploaded(self, url: str, author: str, size: int) -> str:
        """The URN of an uploaded picture; "" when there is none to be had."""
        try:
            content = await fetched(url, self._around)
            made = await asyncio.to_thread(jpeg, content, longest=_PIXELS, size=size)
        except (FetchError, StoreError, ValueError):
            return ""
        asked = {"initializeUploadRequest": {"owner": author}}
        try:
            told = await self._ask("POST", "/rest/images?action=initializeUpload", repeatable=True, json=asked)
            value = told.data.get("value")
            there = value if isinstance(value, dict) else {}
            where, urn = str(there.get("uploadUrl", "")), str(there.get("image", ""))
            if not where or not urn:
                return ""
            headers = {"Content-Type": "image/jpeg"}
            if self._is_own(where):
                headers["Authorization"] = f"Bearer {(await self._credentials.current()).access}"
            await Exchange(self._around.http, self._around.clock, where).ask(
                "PUT", where, repeatable=True, content=made, headers=headers
            )
        except DeliveryError as error:
            if error.permanent:
                return ""
            raise
        return urn

    def _is_own(self, url: str) -> bool:
        """Whether the token may be shown to the address that an upload goes to."""
        host = (urlsplit(url).hostname or "").lower()
        own = (urlsplit(self._api).hostname or "").lower()
        linkedin = url.lower().startswith("https://") and f".{host}".endswith(".linkedin.com")
        return linkedin if f".{own}".endswith(".linkedin.com") else host == own

    async def _ask(self, method: str, path: str, *, repeatable: bool, **more: Any) -> Told:
        """As the account. A token that ended is renewed, and it is asked once more: a 401 has done nothing."""
        credential = await self._credentials.current()
        try:
            return await self._bearing(credential, method, path, repeatable=repeatable, **more)
        except _Ended:
            credential = await self._credentials.renewed(credential)
        try:
            return await self._bearing(credential, method, path, repeatable=repeatable, **more)
        except _Ended as error:
            said = advised(said_by(error), Phrase("run `broadsheet channels connect %(name)s`", name=self._name))
            raise ChannelRefused(said, code=error.code, server=error.server) from error

    async def _bearing(
        self,
        credential: Credential,
        method: str,
        path: str,
        *,
        repeatable: bool,
        json: Any = None,
        method_of_rest: str = "",
    ) -> Told:
        headers = {
            "Authorization": f"Bearer {credential.access}",
            "LinkedIn-Version": self._version,
            "X-Restli-Protocol-Version": "2.0.0",
            **({"X-RestLi-Method": method_of_rest} if method_of_rest else {}),
        }
        return await self._exchange.ask(method, f"{self._api}{path}", repeatable=repeatable, json=json, headers=headers)

    def _aged(self, said: Phrase) -> Phrase:
        """With what is to be known of a version that LinkedIn retires soon."""
        now = self._around.clock()
        months = now.year * 12 + now.month - int(self._version[:4]) * 12 - int(self._version[4:])
        if months < 10:
            return said
        return Phrase(
            "%(said)s; the API version %(version)s is %(months)s months old: set channels.%(name)s.version anew soon",
            said=said,
            version=self._version,
            months=months,
            name=self._name,
        )

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        said, code, server = refusal.said, refusal.status, refusal.server
        told = str(refusal.data)
        if code == 401:
            return _Ended(said, code=code, server=server)
        if code == 426 or "NONEXISTENT_VERSION" in told:
            now = self._around.clock() - timedelta(days=60)
            retired = Phrase(
                "LinkedIn has retired the API version %(version)s: set channels.%(name)s.version to a newer one, such "
                'as "%(newer)s"',
                version=self._version,
                name=self._name,
                newer=f"{now:%Y%m}",
            )
            said = advised(said, retired)
            return ChannelRefused(said, code=code, server=server)
        if "DUPLICATE_POST" in told or "is a duplicate of" in told:
            once = Phrase(
                "LinkedIn takes the same words only once, even when the first post was deleted: leave it at that"
            )
            said = advised(said, once)
            return DeliveryError(said, permanent=True, code=code, server=server)
        if code == 403:
            look = (
                Phrase(
                    "look at the app's permissions and that its member is an administrator of the page, then connect "
                    "again"
                )
                if self._page
                else Phrase("look at the app's permissions and its products, then connect again")
            )
            said = advised(said, look)
            return ChannelRefused(said, code=code, server=server)
        if code == 429 and " DAY " in told:
            # Days are those of UTC.
            now = self._around.clock()
            midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
            return ServerBusy(said, code=code, retry_after=(midnight - now).total_seconds(), server=server)
        return None


class _Ended(ChannelRefused):
    """The token is not taken any more."""


def commentary_of(post: Post) -> str:
    """The text in little text: all that LinkedIn would read as markup is escaped, hashtags are hashtags."""
    return escaped(post.text, Markup.LITTLE, (post.url,) if post.url else ())


def body_of(post: Post, author: str, content: dict[str, Any] | None) -> dict[str, Any]:
    """The body of ``POST /rest/posts``."""
    body: dict[str, Any] = {
        "author": author,
        "commentary": commentary_of(post),
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    return body | ({"content": content} if content else {})


def content_of(post: Post, pictures: list[str], thumb: str) -> dict[str, Any] | None:
    """One of pictures (in the order of the post's, "" for one that is not to be had), a card, or nothing."""
    shown = [
        {"id": urn, "altText": picture.alt[:_ALT]} for urn, picture in zip(pictures, post.pictures, strict=False) if urn
    ]
    if shown:
        return {"media": shown[0]} if len(shown) == 1 else {"multiImage": {"images": shown}}
    card = post.card
    if card is None or not card.url or not card.title:
        return None
    article = {"source": card.url, "title": card.title[:_TITLE]}
    if card.description:
        article["description"] = card.description[:_ALT]
    if thumb:
        article |= {"thumbnail": thumb, **({"thumbnailAltText": card.image_alt[:_ALT]} if card.image_alt else {})}
    return {"article": article}


def _same(theirs: str, ours: str) -> bool:
    return " ".join(theirs.split()) == " ".join(ours.split())


def _moment(told: Mapping[str, Any], otherwise: float) -> float:
    """When it was published, in milliseconds; one that does not tell is looked at."""
    value = told.get("publishedAt") or told.get("createdAt")
    return float(value) if isinstance(value, int | float) else otherwise


def _changed(told: Mapping[str, Any], otherwise: float) -> float:
    value = told.get("lastModifiedAt")
    return float(value) if isinstance(value, int | float) else _moment(told, otherwise)


def _letters(text: str) -> str:
    """What no escape and no template of a hashtag changes."""
    return "".join(each for each in text.replace("{hashtag|", "") if each.isalnum())


def _in_path(id: str) -> str:
    """Raises ``DeliveryError`` for what is no post of LinkedIn."""
    if not re.fullmatch(r"urn:li:(share|ugcPost|activity):\d{1,25}", id):
        raise DeliveryError("that is no post of LinkedIn", permanent=True)
    return quote(id, safe="")


def _shown(page: str) -> str:
    return f"page {page.rpartition(':')[2]}"


def _line(name: object) -> str:
    text = " ".join(str(name or "").split())
    return "".join(each for each in text if each.isprintable())[:100] or "a member"
