"""Posts to a Threads profile, in two steps: a container is made, and then published, which can be done once.

Checked 2026-11-29: https://developers.facebook.com/documentation/threads/posts (500 characters, emoji as their bytes, 5
links, pictures from a public address), …/threads/reference/publishing (``alt_text`` of 1,000, ``link_attachment``,
``reply_to_id``), …/threads/troubleshooting (a container's ``status``; unpublished ones end after 24 hours;
``threads_publishing_limit``), https://developers.facebook.com/docs/threads/posts/delete-posts (100 a day),
…/threads/get-started/long-lived-tokens (60 days, renewed when a day old). That a container may not be ready at once,
even a text's: gitroomhq/postiz-app#2047. ``/me/replies``: from memory.

A container's id is kept in the store before it is published. So whatever breaks then, its status says whether the post
is out, and sending again publishes the same container: it stands there once. A post cannot be changed.

How followers reacted: https://developers.facebook.com/documentation/threads/insights (of 2026-01-30, read 2026-11-29):
the permission ``threads_manage_insights``, which is asked for only when an editor wants reactions.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import Field, SecretStr, StrictBool

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.containers import Container, Containers, content_of
from bot.channels.credentials import Credential, Credentials, SignIn
from bot.channels.exchange import Exchange, Refusal
from bot.channels.fit import fitting, post_of
from bot.channels.graph import Graph, Missing, cure, judged
from bot.channels.oauth import OAuth2, Provider, without
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Counting, Idempotency, Limits, Parcel, Phrase, Post, Quota, Reactions, Receipt, figure, said_by
from bot.settings import PostTable, Table, Url

SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_delete",
    "threads_manage_replies",
    "threads_read_replies",
)
INSIGHTS = "threads_manage_insights"
TEXT = 500
ALT = 1000
_SKEW = timedelta(minutes=1)
_LATER = 60.0
_STATES = ("FINISHED", "IN_PROGRESS", "PUBLISHED", "EXPIRED", "ERROR")


class ThreadsOptions(PostTable):
    """An app with which an editor connects a profile, or a token of the profile."""

    client_id: str = Field("", pattern=r"^[A-Za-z0-9-]{0,60}$", description="The Threads app's id, to connect with.")
    client_secret: SecretStr | None = Field(None, description="The Threads app's secret, to connect with.")
    token: SecretStr | None = Field(
        None, description="A long-lived token in place of connecting; it ends after 60 days, and nobody renews it."
    )
    reactions: StrictBool = Field(
        False,
        description="Whether Threads is asked, five times in a week, how followers reacted to each post. The app then "
        "needs the permission `threads_manage_insights`: connect again.",
    )
    api: Url = Field("https://graph.threads.net", description="The API's address.")
    login: Url = Field("https://threads.com", description="Where editors sign in.")


@kind("threads")
class ThreadsChannel(Unopened):
    """One profile. ``waits`` are the seconds between two looks at whether a container is ready."""

    Options: ClassVar[type[Table]] = ThreadsOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.STEPS
    verified: ClassVar[str] = ""
    template = "threads"
    connections = 1
    waits: tuple[float, ...] = (0.5, 1, 2, 4, 8)
    at_once: ClassVar[int] = 10
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(hours=1): 100}

    def __init__(self, name: str, options: ThreadsOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when there is neither an app to connect with nor a token."""
        self.limits = Limits(
            characters=TEXT, counting=Counting.THREADS, links=5, images=1, alt=ALT, thread=True, mentions=True
        )
        self.rules = options.rules
        # Ten of the 250 of a day stay for people who post by hand.
        self.pace = options.pace((timedelta(days=1), 240))
        self._around = around
        self._secret = options.client_secret or SecretStr("")
        self._api = options.api.rstrip("/")
        self._cure = cure(name, options, token="token")
        self._scopes = (*SCOPES, INSIGHTS) if options.reactions else SCOPES
        self._oauth = OAuth2(
            Provider(
                name="Threads",
                authorize=f"{options.login.rstrip('/')}/oauth/authorize",
                token=f"{self._api}/oauth/access_token",
                client_id=options.client_id,
                client_secret=self._secret,
                scopes=self._scopes,
                pkce=False,
                separator=",",
            ),
            around.http,
            around.clock,
        )
        self._containers = Containers(around.store)
        self._credentials = Credentials(name, around, self.renew, kind="threads")
        self._exchange = Exchange(around.http, around.clock, options.api, judge=self._judged)
        self._graph = Graph(self._exchange, f"{self._api}/v1.0", options.token, self._credentials)
        self._server = self._exchange.server

    @property
    def keyed(self) -> bool:
        """Whether it was given a token, and needs no sign-in."""
        return self._graph.keyed

    async def send(self, parcel: Parcel) -> Receipt:
        """Publishes the parcel's container, which is made unless an earlier attempt left one. ``Receipt.id`` is the
        post's. A picture that Threads cannot fetch costs the picture only."""
        fields = self.payload(parcel)
        kept = await asyncio.to_thread(self._containers.find, parcel.token)
        status = await self._status(kept.id) if kept else ""
        if kept and (status == "PUBLISHED" or not status):
            found = await self._published(parcel, kept)
            # A container that Threads no longer knows says nothing: then the post itself does.
            if status or found.id:
                return found
        if not kept or status not in ("FINISHED", "IN_PROGRESS") or kept.content != content_of(fields):
            kept = await self._made(parcel, fields)
        if await self._ready(kept.id) == "ERROR":
            if "image_url" not in fields:
                said = f"{self._server} could not make the post ready"
                raise DeliveryError(said, permanent=False, server=self._server)
            kept = await self._made(parcel, fields, pictured=False)
            await self._ready(kept.id)
        try:
            told = await self._graph.ask("POST", "/me/threads_publish", repeatable=False, form={"creation_id": kept.id})
        except Missing as error:
            # Either it is not ready yet, or a request that was taken for lost has published it.
            if await self._status(kept.id) == "PUBLISHED":
                return await self._published(parcel, kept)
            raise DeliveryError(str(error), permanent=False, code=error.code, retry_after=_LATER) from error
        id = self._exchange.named(told, told.data.get("id"))
        return Receipt(server=self._server, code=told.status, id=id, quota=await self._quota())

    def payload(self, parcel: Parcel) -> dict[str, str]:
        """The fields of the container. Threads fetches the picture from its address."""
        post = fitting(parcel, self.limits, self._server)
        return self._fields(post, pictured=bool(post.pictures))

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:  # noqa: ARG002
        """Asks the container. One is kept before anything is published: without one, nothing was."""
        if self._around.store is None:
            raise OutcomeUnknown("without a store nobody knows the post's container", server=self._server)
        kept = await asyncio.to_thread(self._containers.find, parcel.token)
        if kept is None:
            return None
        status = await self._status(kept.id)
        if status == "PUBLISHED" or not status:
            found = await self._published(parcel, kept)
            if status or found.id:
                return found
            said = "Threads no longer knows the post's container; look at the profile"
            raise OutcomeUnknown(said, server=self._server)
        if status == "IN_PROGRESS":
            raise DeliveryError("Threads is at it", permanent=False, server=self._server, retry_after=_LATER)
        return None

    async def remove(self, id: str) -> None:
        """Deletes the post; Threads lets that be done 100 times a day."""
        if not re.fullmatch(r"\d{1,30}", id):
            raise DeliveryError(f'"{id[:60]}" names no post of Threads', permanent=True)
        try:
            await self._graph.ask("DELETE", f"/{id}", repeatable=True)
        except Missing:
            return

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """Asks for each by itself."""
        found: dict[str, Reactions | None] = {}
        for id in ids:
            if not re.fullmatch(r"[0-9]{1,30}", id):
                continue
            try:
                path = f"/{id}/insights?metric=views,likes,replies,reposts,quotes"
                told = await self._graph.ask("GET", path, repeatable=True)
            except Missing:
                found[id] = None
                continue
            found[id] = _reactions(self._exchange.listed(told, "data"))
        return found

    async def check(self) -> str:
        """Asks whose token it is."""
        told = await self._graph.ask("GET", "/me?fields=id,username", repeatable=True)
        account = f"@{str(told.data.get('username', ''))[:100]}"
        return Phrase("posts as %(account)s to %(server)s", account=account, server=self._server)

    async def sign_in(self, redirect: str, state: str) -> SignIn:
        """The Authorization Window of Threads."""
        if self.keyed:
            raise DeliveryError(Phrase("a token stands in the environment: no sign-in is needed"), permanent=True)
        return self._oauth.sign_in(redirect, state)

    async def connect(self, answer: Mapping[str, str], begun: SignIn, redirect: str) -> Credential:
        """A token of 60 days, by way of one of an hour."""
        short = await self._oauth.connect(answer, begun, redirect)
        secret = self._secret.get_secret_value()
        query = {"grant_type": "th_exchange_token", "client_secret": secret}
        long = await self._long(short.access, "access_token", query)
        told = await self._graph.bearing(long.access, "GET", "/me?fields=id,username", repeatable=True)
        return Credential(
            access=long.access,
            expires=long.expires,
            ends=long.ends,
            account=f"@{str(told.data.get('username', ''))[:100]}",
            id=str(told.data.get("id", "")),
        )

    async def renew(self, credential: Credential) -> Credential:
        """Another 60 days, while the old ones are not over."""
        return await self._long(credential.access, "refresh_access_token", {"grant_type": "th_refresh_token"})

    async def _long(self, token: str, path: str, query: Mapping[str, str]) -> Credential:
        url = f"{self._api}/{path}?{urlencode({**query, 'access_token': token})}"
        try:
            told = await self._exchange.ask("GET", url, repeatable=True)
        except DeliveryError as error:
            error.args = (without(said_by(error), (token, *query.values())),)
            if isinstance(error, ChannelRefused | ServerBusy) or error.permanent:
                raise
            raise ServerBusy(said_by(error), code=error.code, server=self._server) from error
        lasts, access = told.data.get("expires_in"), told.data.get("access_token")
        if not isinstance(access, str) or not access or not isinstance(lasts, int) or lasts <= 0:
            said = Phrase("%(network)s answered with no token", network=self._server)
            raise ServerBusy(said, server=self._server)
        now, life = self._around.clock(), timedelta(seconds=lasts)
        # It is renewed from the half of its life on: a token that ended cannot be.
        return Credential(access=access, expires=now + life / 2, ends=now + life)

    async def _made(self, parcel: Parcel, fields: dict[str, str], *, pictured: bool = True) -> Container:
        """A new container for ``fields``, kept. To make one twice does no harm: only what is published is seen."""
        plain = self._fields(post_of(parcel, self._server), pictured=False)
        try:
            told = await self._graph.ask("POST", "/me/threads", repeatable=True, form=fields if pictured else plain)
        except DeliveryError as error:
            if not error.permanent or not pictured or fields == plain:
                raise
            told = await self._graph.ask("POST", "/me/threads", repeatable=True, form=plain)
        id = str(told.data.get("id", ""))
        if not re.fullmatch(r"\d{1,30}", id):
            raise DeliveryError(f"{self._server} answers with no container", permanent=False, server=self._server)
        made = Container(id, content_of(fields), self._around.clock())
        await asyncio.to_thread(self._containers.keep, parcel.token, made)
        return made

    async def _ready(self, id: str) -> str:
        """The container's status once it is made. Raises ``DeliveryError`` when it takes longer."""
        for wait in (*self.waits, None):
            status = await self._status(id)
            if status != "IN_PROGRESS":
                return status
            if wait is not None:
                await asyncio.sleep(wait)
        raise DeliveryError(f"{self._server} is still making the post ready", permanent=False, retry_after=_LATER)

    async def _status(self, id: str) -> str:
        """``FINISHED``, ``IN_PROGRESS``, ``PUBLISHED``, ``EXPIRED`` or ``ERROR``; "" when nobody knows it."""
        try:
            told = await self._graph.ask("GET", f"/{id}?fields=status,error_message", repeatable=True)
        except Missing:
            return ""
        status = told.data.get("status")
        if status not in _STATES:
            # To take it for a container that is not there would be to publish another one.
            said = f"{self._server} does not say what became of the post's container"
            raise DeliveryError(said, permanent=False, code=told.status, server=self._server)
        return str(status)

    async def _published(self, parcel: Parcel, kept: Container) -> Receipt:
        """The receipt of a post that is out; its id stands in the profile's list of posts or of replies.

        Where that may not be read, the id is "": the post stands there all the same.
        """
        post = post_of(parcel, self._server)
        since = int((kept.made - _SKEW).timestamp())
        query = urlencode({"fields": "id,text,timestamp", "since": since, "limit": 100})
        try:
            told = await self._graph.ask(
                "GET", f"/me/{'replies' if post.answers else 'threads'}?{query}", repeatable=True
            )
        except DeliveryError as error:
            if not error.permanent and not isinstance(error, ChannelRefused):
                raise
            return Receipt(server=self._server, code=200, text="already out")
        listed = told.data.get("data")
        rows = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        found = [str(each.get("id", "")) for each in rows if each.get("text") == post.text]
        id = found[0] if len(found) == 1 else ""
        return Receipt(server=self._server, code=told.status, text="already out", id=id)

    async def _quota(self) -> Quota | None:
        """What is left of the 250 posts of 24 hours. The post is out: no fault here is one of it."""
        try:
            told = await self._graph.ask(
                "GET", "/me/threads_publishing_limit?fields=quota_usage,config", repeatable=True
            )
            row = told.data["data"][0]
            total, used, lasts = row["config"]["quota_total"], row["quota_usage"], row["config"]["quota_duration"]
            resets = self._around.clock() + timedelta(seconds=int(lasts))
            return Quota(remaining=max(0, int(total) - int(used)), resets=resets, limit=int(total))
        except (DeliveryError, KeyError, IndexError, TypeError, ValueError, OverflowError):
            return None

    def _fields(self, post: Post, *, pictured: bool) -> dict[str, str]:
        fields = {"media_type": "TEXT", "text": post.text}
        if pictured:
            alt = post.pictures[0].alt[:ALT]
            fields = {"media_type": "IMAGE", "text": post.text, "image_url": post.pictures[0].url, "alt_text": alt}
        elif post.url and self.rules.picture != "none":
            # The card that Threads makes of the page.
            fields["link_attachment"] = post.url
        return {**fields, **({"reply_to_id": post.answers} if post.answers else {})}

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        return judged(refusal, cure=self._cure, permissions=", ".join(self._scopes))


def _reactions(metrics: Sequence[Mapping[str, Any]]) -> Reactions:
    told: dict[str, int | None] = {}
    for each in metrics:
        values = each.get("values")
        first = values[0] if isinstance(values, list) and values else None
        told[str(each.get("name", ""))] = figure(first.get("value")) if isinstance(first, dict) else None
    return Reactions(
        likes=told.get("likes"),
        reposts=told.get("reposts"),
        replies=told.get("replies"),
        quotes=told.get("quotes"),
        views=told.get("views"),
    )
