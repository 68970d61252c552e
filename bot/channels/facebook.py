"""Posts to a Facebook page.

Checked 2026-11-29: https://developers.facebook.com/docs/pages-api/posts (``/feed`` with ``message`` and ``link``; what
the app posted can be edited and deleted), https://developers.facebook.com/docs/graph-api/reference/page/photos
(versions up to v26.0). 63,206 characters: research of the networks, 2026-11-23. From memory: ``alt_text_custom``, 4 MB
a photo, and
https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived (a page's token that comes of a
long-lived one has no end).

Below the text Facebook shows a card of its own, made from the article's page: that must be public first. Nothing keeps
a post from standing there twice (506 only refuses the same twice in a row): what has no clear answer is looked for
among the page's posts.

How followers reacted: https://developers.facebook.com/docs/graph-api/reference/object/reactions (read 2026-11-29;
``pages_read_engagement``, summaries with ``total_count``); ``comments`` and ``shares`` of a post, and that ``shares``
is left out of one that nobody shared: from memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.credentials import Credential, Credentials, SignIn
from bot.channels.exchange import Exchange, Refusal, advised
from bot.channels.fit import fitting
from bot.channels.graph import Graph, Missing, cure, judged
from bot.channels.oauth import OAuth2, Provider
from bot.channels.parts import without_link
from bot.channels.pictures import made_fit
from bot.errors import DeliveryError, NothingToDo, OutcomeUnknown
from bot.http import Upload
from bot.model import Counting, Idempotency, Limits, Parcel, Phrase, Post, Reactions, Receipt, figure
from bot.settings import PostTable, Table, Url

SCOPES = ("pages_show_list", "pages_manage_posts", "pages_read_engagement")
MESSAGE = 63_206
_PHOTO = 4_000_000
_PIXELS = 2048
_NEWEST = 100
_SKEW = timedelta(minutes=10)
"""How far Facebook's clock may be off ours."""
_SETTLED = timedelta(minutes=5)
"""What is not listed by then surely is not there."""


class FacebookOptions(PostTable):
    """A page, and either an app with which an editor connects it, or a token of the page."""

    page: str = Field(pattern=r"^\d{5,25}$", description="The page's number (About → Page transparency → Page ID).")
    client_id: str = Field("", pattern=r"^[A-Za-z0-9-]{0,60}$", description="The app's id, to connect with.")
    client_secret: SecretStr | None = Field(None, description="The app's secret, to connect with.")
    token: SecretStr | None = Field(None, description="A token of the page, in place of connecting.")
    version: str = Field("v25.0", pattern=r"^v\d{2}\.\d$", description="The Graph API's version; each lives two years.")
    api: Url = Field("https://graph.facebook.com", description="The API's address.")
    login: Url = Field("https://www.facebook.com", description="Where editors sign in.")


@kind("facebook")
class FacebookChannel(Unopened):
    """One page."""

    Options: ClassVar[type[Table]] = FacebookOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "facebook"
    connections = 1
    at_once: ClassVar[int] = 10
    # A page may be asked some 200 times an hour, and each post is one request.
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(hours=1): 40}

    def __init__(self, name: str, options: FacebookOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when there is neither an app to connect with nor a token."""
        self.limits = Limits(characters=MESSAGE, counting=Counting.UTF16, images=1, image_size=_PHOTO, alt=1000)
        self.rules = options.rules
        self.pace = options.pace()
        self._around = around
        self._page = options.page
        self._root = f"{options.api.rstrip('/')}/{options.version}"
        self._cure = cure(name, options, token="token of the page")
        self._oauth = OAuth2(
            Provider(
                name="Facebook",
                authorize=f"{options.login.rstrip('/')}/{options.version}/dialog/oauth",
                token=f"{self._root}/oauth/access_token",
                client_id=options.client_id,
                client_secret=options.client_secret or SecretStr(""),
                scopes=SCOPES,
                pkce=False,
                separator=",",
            ),
            around.http,
            around.clock,
        )
        self._credentials = Credentials(name, around, self.renew, kind="facebook")
        self._exchange = Exchange(around.http, around.clock, options.api, judge=self._judged)
        self._graph = Graph(self._exchange, self._root, options.token, self._credentials)
        self._server = self._exchange.server

    @property
    def keyed(self) -> bool:
        """Whether it was given a token, and needs no sign-in."""
        return self._graph.keyed

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is ``PAGE_POST``. A picture that is not to be had costs the picture only."""
        post = fitting(parcel, self.limits, self._server)
        picture = await self._picture(post)
        if picture is None:
            told = await self._graph.ask("POST", f"/{self._page}/feed", repeatable=False, form=_linked(post))
        else:
            form = {key: value for key, value in _photo(post).items() if key != "url"}
            files = {"source": picture}
            told = await self._graph.ask("POST", f"/{self._page}/photos", repeatable=False, form=form, files=files)
        id = self._exchange.named(told, told.data.get("post_id") or told.data.get("id"))
        return Receipt(server=self._server, code=told.status, id=id, quota=told.quota)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The fields of ``/photos`` (with the picture's address as ``url``), or of ``/feed``."""
        post = fitting(parcel, self.limits, self._server)
        return _photo(post) if post.pictures else _linked(post)

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Looks for the post among those of the page since then."""
        post = fitting(parcel, self.limits, self._server)
        since = began - _SKEW
        fields = {"fields": "id,message,created_time,from", "since": int(since.timestamp()), "limit": _NEWEST}
        told = await self._graph.ask("GET", f"/{self._page}/feed?{urlencode(fields)}", repeatable=True)
        listed = [each for each in self._exchange.listed(told, "data") if _moment(each, since) >= since]
        wanted = _words(_linked(post)["message"]), _words(_photo(post).get("caption", ""))
        for each in listed:
            words = _words(each.get("message"))
            # A post without words is like any other one: a changed cover photo, a link alone.
            if words and words in wanted and self._is_the_pages(each):
                said = "found among the page's posts"
                return Receipt(server=self._server, code=told.status, text=said, id=str(each.get("id", "")))
        alike = _words(post.text.split("\n", 1)[0])
        if len(listed) >= _NEWEST or any(_words(each.get("message")).startswith(alike) for each in listed):
            raise OutcomeUnknown("the page has posts like it; look whether it is there", server=self._server)
        wait = began + _SETTLED - self._around.clock()
        if wait > timedelta(0):
            said = "Facebook may not list it yet; it is asked again"
            raise DeliveryError(said, permanent=False, retry_after=wait.total_seconds(), server=self._server)
        return None

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Changes the text; link and picture stay."""
        post = fitting(parcel, self.limits, self._server)
        words = _photo(post)["caption"] if post.pictures else _linked(post)["message"]
        told = await self._graph.ask("POST", f"/{_in_path(id)}", repeatable=True, form={"message": words})
        return Receipt(server=self._server, code=told.status, id=id, quota=told.quota)

    def address(self, id: str) -> str:
        """The post's page."""
        known = self._root.startswith("https://graph.facebook.com/") and re.fullmatch("[0-9]+_[0-9]+", id)
        return f"https://www.facebook.com/{id}" if known else ""

    async def remove(self, id: str) -> None:
        """Deletes the post."""
        try:
            await self._graph.ask("DELETE", f"/{_in_path(id)}", repeatable=True)
        except Missing:
            return

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """Asks for each by itself: of several, one that is gone would hide the others."""
        found: dict[str, Reactions | None] = {}
        for id in ids:
            if not _is_id(id):
                continue
            query = urlencode({"fields": f"id,{_summary('reactions')},{_summary('comments')},shares"})
            try:
                told = await self._graph.ask("GET", f"/{id}?{query}", repeatable=True)
            except Missing:
                found[id] = None
                continue
            if str(told.data.get("id", "")) != id:
                said = f"{self._server} answers with another post than was asked for"
                raise DeliveryError(said, permanent=False, code=told.status, server=self._server)
            found[id] = _reactions(told.data)
        return found

    async def check(self) -> str:
        """Asks for the page's name with the page's token."""
        told = await self._graph.ask("GET", f"/{self._page}?fields=id,name", repeatable=True)
        if str(told.data.get("id")) != self._page:
            said = Phrase(
                "%(server)s: the token is not that of the page %(page)s", server=self._server, page=self._page
            )
            raise DeliveryError(advised(said, self._cure), permanent=True, server=self._server)
        name = str(told.data.get("name", ""))[:100]
        return Phrase("posts to %(name)s on %(server)s", name=name, server=self._server)

    async def sign_in(self, redirect: str, state: str) -> SignIn:
        """Facebook Login, for who manages the page."""
        if self.keyed:
            said = Phrase("a page's token stands in the environment: no sign-in is needed")
            raise DeliveryError(said, permanent=True)
        return self._oauth.sign_in(redirect, state)

    async def connect(self, answer: Mapping[str, str], begun: SignIn, redirect: str) -> Credential:
        """The page's token, which has no end, by way of a long-lived one of who signed in."""
        short = await self._oauth.connect(answer, begun, redirect)
        form = {"grant_type": "fb_exchange_token", "fb_exchange_token": short.access}
        long = str((await self._oauth.grant(form, (short.access,)))["access_token"])
        told = await self._graph.bearing(
            long, "GET", "/me/accounts?fields=id,name,access_token&limit=100", repeatable=True
        )
        pages = {str(each.get("id")): each for each in _rows(told.data)}
        page = pages.get(self._page)
        if page is None or not page.get("access_token"):
            named = ", ".join(f"{each.get('name')} ({id})" for id, each in pages.items())[:200]
            said = Phrase(
                "Facebook: who signed in manages no page %(page)s, but: %(pages)s",
                page=self._page,
                pages=named or Phrase("none"),
            )
            raise DeliveryError(said, permanent=True, server=self._server)
        return Credential(access=str(page["access_token"]), account=str(page.get("name", ""))[:100], id=self._page)

    async def renew(self, credential: Credential) -> Credential:  # noqa: ARG002
        """Raises ``NothingToDo``: a page's token has no end, and one that was revoked is asked for again."""
        raise NothingToDo(Phrase("a page's token is not renewed"))

    def _is_the_pages(self, row: Mapping[str, Any]) -> bool:
        """Visitors write on a page too."""
        author = row.get("from")
        return not isinstance(author, dict) or author.get("id") in (None, self._page)

    async def _picture(self, post: Post) -> Upload | None:
        if not post.pictures:
            return None
        made = await made_fit(post.pictures[0].url, self._around, longest=_PIXELS, size=_PHOTO)
        return Upload("picture.jpg", "image/jpeg", made) if made else None

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        return judged(refusal, cure=self._cure, permissions=" and ".join(SCOPES[1:]))


def _linked(post: Post) -> dict[str, str]:
    return {"message": without_link(post), **({"link": post.url} if post.url else {})}


def _photo(post: Post) -> dict[str, str]:
    """A photo has no card: the link stands in its words."""
    words = post.text if not post.url or post.url in post.text else f"{post.text}\n\n{post.url}"
    shown = {"url": post.pictures[0].url, "alt_text_custom": post.pictures[0].alt} if post.pictures else {}
    return {"caption": words, **shown}


def _rows(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = data.get("data")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _moment(row: Mapping[str, Any], otherwise: datetime) -> datetime:
    try:
        told = datetime.fromisoformat(str(row.get("created_time")))
    except ValueError:
        return otherwise
    return told if told.tzinfo else otherwise


def _words(text: Any) -> str:
    return " ".join(str(text or "").split())


def _summary(edge: str) -> str:
    """How many there are of what hangs on a post, and none of them."""
    return f"{edge}.limit(0).summary(total_count)"


def _reactions(post: Mapping[str, Any]) -> Reactions:
    def total(edge: str) -> int | None:
        held = post.get(edge)
        summary = held.get("summary") if isinstance(held, dict) else None
        return figure(summary.get("total_count")) if isinstance(summary, dict) else None

    shares = post.get("shares", {"count": 0})
    return Reactions(
        likes=total("reactions"),
        reposts=figure(shares.get("count")) if isinstance(shares, dict) else None,
        replies=total("comments"),
    )


def _is_id(id: str) -> bool:
    return id.isascii() and id.replace("_", "").isdigit() and len(id) <= 60


def _in_path(id: str) -> str:
    if not _is_id(id):
        raise DeliveryError(f'"{id[:60]}" names no post of Facebook', permanent=True)
    return id
