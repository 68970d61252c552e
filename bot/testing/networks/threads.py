"""A strict Threads: containers are made, and then published once.

Documents, read 2026-11-29: developers.facebook.com/documentation/threads/posts.md, overview.md, troubleshooting.md,
insights.md, and /docs/threads/posts/delete-posts. A container that is not ready cannot be found when it is published
(code 24, subcode 4279009), texts too: gitroomhq/postiz-app#2047, trypostit/trypost#352. A text that is too long is code
100: gesteves/denali#1285. From memory: the answer to the 251st post, 1,000 replies in 24 hours, alt texts of 1,000
characters, that a token is renewed when it is a day old at least. Inferred: a container that is out cannot be found
by ``threads_publish`` either.

Pictures are not fetched. Not here: video, polls, text attachments, auto_publish_text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import regex
from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks import graph
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.grants import BadGrant, Grants
from bot.testing.networks.posted import Card, Picture, Posted
from bot.testing.networks.rates import Daily, Moving

SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_delete",
    "threads_read_replies",
    "threads_manage_replies",
    "threads_manage_insights",
)
METRICS = ("views", "likes", "replies", "reposts", "quotes", "shares")
SHORT_SECONDS = 3600
LONG_SECONDS = 60 * 86_400
OLD_ENOUGH = 86_400
CONTAINER_SECONDS = 86_400
TEXT = 500
LINKS = 5
ALT = 1000
_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Regional_Indicator}\uFE0F\u20E3]")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]]", re.IGNORECASE)
SAMPLE = {"token": "{token}", "api": "{base}", "login": "{base}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


def counted(text: str) -> int:
    """Characters as Threads counts them: an emoji (all of its parts) is as many as its bytes in UTF-8."""
    graphemes = regex.findall(r"\X", text)
    return sum(len(each.encode()) if _EMOJI.search(each) else len(each) for each in graphemes)


def links(text: str, attached: str = "") -> int:
    """Different links of a post, that of its card included."""
    found = {each.lower().rstrip("/") for each in _LINK.findall(text)}
    return len(found | ({attached.lower().rstrip("/")} if attached else set()))


@dataclass(frozen=True)
class _Container:
    id: str
    kind: str
    made: datetime
    pending: int
    text: str = ""
    link: str = ""
    pictures: tuple[Picture, ...] = ()
    reply_to: str = ""
    part: bool = False
    raw: bytes = b""
    published: str = ""


@network
class Threads(Network):
    """``processing`` is how often a container's status (or its publishing) is asked in vain before it is ready.

    ``scopes`` are those of the token in ``credentials``.
    """

    kind: ClassVar[str] = "threads"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        processing: int = 1,
        public_only: bool = True,
        scopes: Sequence[str] = SCOPES,
    ) -> None:
        super().__init__(clock)
        self.processing = processing
        self.public_only = public_only
        self.user = "17841400000000001"
        self.client = ("threads-app", "threads-secret")
        self.grants = Grants("threads", clock)
        self._first = self.grants.issue(self.user, seconds=LONG_SECONDS, scopes=scopes)
        self._containers: dict[str, _Container] = {}
        self._publishing = Moving(250, 86_400)
        self._replying = Moving(1000, 86_400)
        self._deleting = Daily(100)

    @property
    def credentials(self) -> dict[str, str]:
        client, secret = self.client
        return {"token": self._first.access, "user": self.user, "client_id": client, "client_secret": secret}

    def revoke(self) -> None:
        self.grants.end_all()

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("GET", "/oauth/authorize", self._authorize),
            ("POST", "/oauth/access_token", self._tokens),
            ("GET", "/access_token", self._exchange),
            ("GET", "/refresh_access_token", self._refresh),
            ("POST", "/v1.0/{user}/threads", self._create),
            ("GET", "/v1.0/{user}/threads", self._list),
            ("GET", "/v1.0/{user}/replies", self._replies),
            ("POST", "/v1.0/{user}/threads_publish", self._publish),
            ("GET", "/v1.0/{user}/threads_publishing_limit", self._limits),
            ("GET", "/v1.0/{id}/insights", self._insights),
            ("GET", "/v1.0/{id}", self._show),
            ("DELETE", "/v1.0/{id}", self._delete),
        ]

    def _own(self, call: Call, *scopes: str) -> None:
        graph.signed_in(self.grants, call, "threads_basic", *scopes)
        if call.parts.get("user", "me") not in ("me", self.user):
            raise graph.missing(call.parts["user"], call.method)

    # Step 1: the container

    def _create(self, call: Call) -> Response:
        self._own(call, "threads_content_publish")
        given = graph.parameters(call)
        kind, text = str(given.get("media_type")), str(given.get("text") or "")
        link, reply_to = str(given.get("link_attachment") or ""), str(given.get("reply_to_id") or "")
        part = graph.true(given.get("is_carousel_item"))
        if graph.true(given.get("auto_publish_text")):
            raise Refused(501, "this fake knows no auto_publish_text")
        pictures = self._pictures(kind, given, part=part)
        if kind == "TEXT" and not text.strip():
            raise _wrong("text is required for media_type TEXT")
        if counted(text) > TEXT:
            raise _wrong(f"Param text must be at most {TEXT} characters long.")
        if link and (kind != "TEXT" or not self._reachable(link)):
            raise _wrong("Param link_attachment must be a public URL, and is for media_type TEXT only")
        if links(text, link) > LINKS:
            message = "THREADS_API__LINK_LIMIT_EXCEEDED"
            raise graph.error(400, message, 100, type="THApiException", error_user_msg="A post has 5 links at most.")
        if reply_to:
            graph.signed_in(self.grants, call, "threads_manage_replies")
            if self.find(reply_to) is None:
                raise graph.missing(reply_to, call.method)
        made = _Container(
            id=str(18_078_000_000_000_000 + self.number()),
            kind=kind,
            made=self.clock(),
            pending=self.processing,
            text=text,
            link=link,
            pictures=pictures,
            reply_to=reply_to,
            part=part,
            raw=call.body,
        )
        self._containers[made.id] = made
        return JSONResponse({"id": made.id})

    def _pictures(self, kind: str, given: dict[str, Any], *, part: bool) -> tuple[Picture, ...]:
        if kind == "TEXT" and not part:
            if given.get("image_url"):
                raise _wrong("Param image_url is not for media_type TEXT")
            return ()
        if kind == "IMAGE":
            url, alt = str(given.get("image_url") or ""), str(given.get("alt_text") or "")
            if not self._reachable(url):
                raise _wrong("Param image_url must be a URL on a public server")
            if len(alt) > ALT:
                raise _wrong(f"Param alt_text must be at most {ALT} characters long.")
            return (Picture(alt=alt, url=url),)
        if kind == "CAROUSEL" and not part:
            named = given.get("children", "")
            wanted = named.split(",") if isinstance(named, str) else [str(each) for each in named]
            found = [self._containers.get(each) for each in wanted]
            if not 2 <= len(wanted) <= 20 or any(each is None or not each.part for each in found):
                raise _wrong("Param children must name 2 to 20 containers made with is_carousel_item")
            if any(each.pending for each in found if each):
                raise _not_found(wanted[0])
            return tuple(each.pictures[0] for each in found if each)
        raise _wrong("Param media_type must be one of {TEXT, IMAGE, CAROUSEL}")

    def _reachable(self, url: str) -> bool:
        return graph.public_url(url) or (not self.public_only and url.startswith(("http://", "https://")))

    # Step 2: it goes out, once

    def _publish(self, call: Call) -> Response:
        self._own(call, "threads_content_publish")
        identity = str(graph.parameters(call).get("creation_id") or "")
        held = self._containers.get(identity)
        if held is None or held.part or self._status(held) != "FINISHED":
            self._wait(held)
            raise _not_found(identity)
        bucket = self._replying if held.reply_to else self._publishing
        if not bucket.take(self.clock()).allowed:
            message = "(#9) Application request limit reached"
            raise graph.error(400, message, 9, subcode=2_207_042, error_user_msg="Too many posts in 24 hours.")
        made = self.publish(
            Posted(
                id=str(17_900_000_000_000_000 + self.number()),
                text=held.text,
                when=self.clock(),
                account=self.user,
                url=held.link,
                card=Card(held.link) if held.link else None,
                pictures=held.pictures,
                reply_to=held.reply_to,
                raw=held.raw,
                fields={"container": held.id, "media_type": held.kind},
            )
        )
        self._containers[identity] = replace(held, published=made.id)
        return JSONResponse({"id": made.id})

    def _status(self, held: _Container) -> str:
        if held.published:
            return "PUBLISHED"
        if self.clock() - held.made >= timedelta(seconds=CONTAINER_SECONDS):
            return "EXPIRED"
        return "IN_PROGRESS" if held.pending else "FINISHED"

    def _wait(self, held: _Container | None) -> None:
        if held is not None and held.pending:
            self._containers[held.id] = replace(held, pending=held.pending - 1)

    # What is there

    def _show(self, call: Call) -> Response:
        self._own(call)
        identity = call.parts["id"]
        if identity in ("me", self.user):
            return JSONResponse({"id": self.user, "username": "record"})
        held = self._containers.get(identity)
        if held is not None:
            status = self._status(held)
            self._wait(held)
            return JSONResponse({"status": status, "id": identity})
        found = self.find(identity)
        if found is None:
            raise graph.missing(identity, call.method)
        return JSONResponse(_entity(found, call))

    def _insights(self, call: Call) -> Response:
        self._own(call, "threads_manage_insights")
        found = self.find(call.parts["id"])
        if found is None:
            raise graph.missing(call.parts["id"], call.method)
        wanted = call.query.get("metric", "").split(",")
        if not set(wanted) <= set(METRICS):
            raise _wrong(f"Param metric must be one of {{{', '.join(METRICS)}}}")
        return JSONResponse(
            {
                "data": [
                    {
                        "name": each,
                        "period": "lifetime",
                        "values": [{"value": self.reacted(found.id, each)}],
                        "title": each.title(),
                        "description": "",
                        "id": f"{found.id}/insights/{each}/lifetime",
                    }
                    for each in wanted
                ]
            }
        )

    def _list(self, call: Call) -> Response:
        self._own(call)
        limit = min(100, call.number("limit", 25))
        shown = [each for each in reversed(self.visible) if not each.reply_to][:limit]
        return JSONResponse({"data": [_entity(each, call) for each in shown]})

    def _replies(self, call: Call) -> Response:
        """What the profile answered to others and itself (reply-management, from memory)."""
        self._own(call, "threads_read_replies")
        shown = [each for each in reversed(self.visible) if each.reply_to][: min(100, call.number("limit", 25))]
        return JSONResponse({"data": [_entity(each, call) for each in shown]})

    def _limits(self, call: Call) -> Response:
        self._own(call, "threads_content_publish")
        now = self.clock()
        posts, replies = self._publishing.read(now), self._replying.read(now)
        told = {
            "quota_usage": posts.limit - posts.remaining,
            "config": {"quota_total": posts.limit, "quota_duration": 86_400},
            "reply_quota_usage": replies.limit - replies.remaining,
            "reply_config": {"quota_total": replies.limit, "quota_duration": 86_400},
        }
        wanted = call.query.get("fields", "quota_usage").split(",")
        return JSONResponse({"data": [{name: value for name, value in told.items() if name in wanted}]})

    def _delete(self, call: Call) -> Response:
        self._own(call, "threads_delete")
        found = self.find(call.parts["id"])
        if found is None:
            raise graph.missing(call.parts["id"], call.method)
        if not self._deleting.take(self.clock()).allowed:
            raise graph.error(400, "(#9) Application request limit reached", 9)
        self.remove(found.id)
        return JSONResponse({"success": True, "deleted_id": found.id})

    # Tokens

    def _authorize(self, call: Call) -> Response:
        return self.grants.authorize(call, client=self.client[0], scopes=SCOPES)

    def _tokens(self, call: Call) -> Response:
        given = {name: str(value) for name, value in graph.parameters(call).items()}
        try:
            if (given.get("client_id"), given.get("client_secret")) != self.client:
                raise BadGrant("invalid_client", "Error validating client secret.")
            if given.get("grant_type") != "authorization_code":
                raise BadGrant("unsupported_grant_type", "grant_type must be authorization_code")
            redirect = given.get("redirect_uri", "")
            scopes = self.grants.redeem(given.get("code", ""), client=self.client[0], redirect=redirect)
        except BadGrant as bad:
            told = {"error_type": "OAuthException", "code": 400, "error_message": bad.description}
            raise Refused(400, told) from bad
        made = self.grants.issue(self.user, seconds=SHORT_SECONDS, scopes=scopes)
        return JSONResponse({"access_token": made.access, "user_id": int(self.user)})

    def _exchange(self, call: Call) -> Response:
        if call.query.get("grant_type") != "th_exchange_token" or call.query.get("client_secret") != self.client[1]:
            raise _wrong("grant_type th_exchange_token and the client_secret are required")
        return self._long_lived(call, "th_exchange_token")

    def _refresh(self, call: Call) -> Response:
        if call.query.get("grant_type") != "th_refresh_token":
            raise _wrong("grant_type must be th_refresh_token")
        return self._long_lived(call, "th_refresh_token")

    def _long_lived(self, call: Call, way: str) -> Response:
        held = graph.signed_in(self.grants, call)
        lives = held.expires - held.issued if held.expires and held.issued else timedelta()
        short = lives <= timedelta(seconds=SHORT_SECONDS)
        young = held.issued is not None and self.clock() - held.issued < timedelta(seconds=OLD_ENOUGH)
        if short != (way == "th_exchange_token") or (not short and young):
            raise _wrong("The token cannot be changed for a long-lived one: it is of the other kind, or not a day old")
        made = self.grants.issue(self.user, seconds=LONG_SECONDS, scopes=held.scopes, family=held.family)
        return JSONResponse({"access_token": made.access, "token_type": "bearer", "expires_in": LONG_SECONDS})


def _wrong(message: str) -> Refused:
    return graph.error(400, message, 100, type="THApiException")


def _not_found(identity: str) -> Refused:
    note = f"The media with id {identity} cannot be found."
    told = {"error_user_title": "Media Not Found", "error_user_msg": note}
    return graph.error(400, "The requested resource does not exist", 24, subcode=4_279_009, **told)


def _entity(post: Posted, call: Call) -> dict[str, Any]:
    told = {
        "id": post.id,
        "text": post.text,
        "timestamp": f"{post.when:%Y-%m-%dT%H:%M:%S}+0000",
        "permalink": f"https://www.threads.net/@record/post/{post.id}",
        "media_type": {"TEXT": "TEXT_POST", "CAROUSEL": "CAROUSEL_ALBUM"}.get(post.fields["media_type"], "IMAGE"),
        "is_reply": bool(post.reply_to),
        "alt_text": post.pictures[0].alt if post.pictures else "",
    }
    wanted = call.query.get("fields", "id").split(",")
    return {name: value for name, value in told.items() if name == "id" or name in wanted}
