"""A strict Facebook: the Pages API of one page.

Documents: developers.facebook.com/docs/pages-api/posts and /docs/graph-api/guides/error-handling (read 2026-11-29:
codes 4, 32, 190, 368, 506, 613), /docs/graph-api/reference/object/reactions (the same day; ``comments`` and ``shares``
are told likewise, from memory). 63,206 characters: social.md. From memory: HTTP statuses of the errors, 10 MB a
photo, the headers X-App-Usage and X-Business-Use-Case-Usage, that a page's token ends with the short-lived token of
the user it came from, and never when that was a long-lived one.

The preview of a link is the network's own work (it reads the page's og: tags); here the link is recorded. Not here:
scheduled and unpublished posts, video, comments.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks import graph
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.grants import BadGrant, Grants
from bot.testing.networks.posted import Picture, Posted, picture
from bot.testing.networks.rates import Moving

SCOPES = ("pages_show_list", "pages_manage_posts", "pages_read_engagement", "pages_manage_engagement")
SHORT_SECONDS = 3600
LONG_SECONDS = 60 * 86_400
MESSAGE = 63_206
PHOTO_BYTES = 10_000_000
PHOTO_TYPES = ("image/jpeg", "image/png", "image/gif", "image/bmp", "image/tiff")
_THROTTLES = {
    4: (403, "(#4) Application request limit reached", None),
    32: (403, "(#32) Page request limit reached", None),
    368: (400, "The action attempted has been deemed abusive or is otherwise disallowed", 1_390_008),
    613: (403, "(#613) Calls to this api have exceeded the rate limit.", None),
}
SAMPLE = {"page": "{page}", "token": "{token}", "api": "{base}", "login": "{base}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@dataclass(frozen=True)
class _Photo:
    id: str
    picture: Picture


@network
class Facebook(Network):
    """``credentials["token"]`` is the page's, without an end; ``user_token`` is the long-lived one of who keeps it.

    ``calls_an_hour`` is what the page may be asked; Facebook's own figure follows from its readers.
    """

    kind: ClassVar[str] = "facebook"

    def __init__(
        self, clock: Clock = system_clock, *, newest: float = 25.0, calls_an_hour: int = 200, public_only: bool = True
    ) -> None:
        super().__init__(clock)
        self.newest = newest
        self.public_only = public_only
        self.page = "546349135390552"
        self.user = "10160000000000001"
        self.client = ("facebook-app", "facebook-secret")
        self.grants = Grants("facebook", clock)
        self._user = self.grants.issue(self.user, seconds=LONG_SECONDS, scopes=SCOPES)
        self._page = self.grants.issue(self.page, scopes=SCOPES, family=self._user.family)
        self._photos: dict[str, _Photo] = {}
        self._calls = Moving(calls_an_hour, 3600)
        self._throttled: tuple[int, datetime] | None = None

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "token": self._page.access,
            "user_token": self._user.access,
            "page": self.page,
            "client_id": self.client[0],
            "client_secret": self.client[1],
        }

    def revoke(self) -> None:
        self.grants.end_all()

    def throttle(self, code: int, seconds: float) -> None:
        """Everything is answered with ``code`` (4, 32, 368 or 613) for ``seconds`` from now."""
        if code not in _THROTTLES:
            raise ValueError(f"no throttle is {code}")
        self._throttled = (code, self.clock() + timedelta(seconds=seconds))

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("GET", "/{version}/dialog/oauth", self._authorize),
            ("GET", "/{version}/oauth/access_token", self._tokens),
            ("POST", "/{version}/oauth/access_token", self._tokens),
            ("GET", "/{version}/me/accounts", self._pages),
            ("GET", "/{version}/debug_token", self._debug),
            ("POST", "/{version}/{page}/feed", self._post),
            ("GET", "/{version}/{page}/feed", self._feed),
            ("POST", "/{version}/{page}/photos", self._photo),
            ("GET", "/{version}/{id}", self._show),
            ("POST", "/{version}/{id}", self._update),
            ("DELETE", "/{version}/{id}", self._delete),
        ]

    # Who asks, and how often

    def after(self, call: Call, answer: Response) -> None:
        reading = self._calls.read(self.clock())
        used = round(100 * (reading.limit - reading.remaining) / reading.limit)
        wait = 0 if reading.allowed else math.ceil((reading.reset - self.clock()).total_seconds() / 60)
        usage = {"call_count": used, "total_cputime": 0, "total_time": 0}
        answer.headers["X-App-Usage"] = json.dumps(usage)
        told = {"type": "pages", **usage, "estimated_time_to_regain_access": wait}
        answer.headers["X-Business-Use-Case-Usage"] = json.dumps({self.page: [told]})

    def _versioned(self, call: Call) -> None:
        version = call.parts["version"]
        if not re.fullmatch(r"v\d+\.\d", version) or float(version[1:]) > self.newest:
            raise graph.error(400, f"Unknown path components: {call.path}", 2500)

    def _page_call(self, call: Call, *scopes: str) -> None:
        """A call that only the page's own token may make."""
        self._versioned(call)
        grant = graph.signed_in(self.grants, call, *scopes)
        if grant.account != self.page:
            raise graph.error(403, "(#200) This endpoint requires a Page access token", 200)
        if self._throttled and self.clock() < self._throttled[1]:
            raise _throttle(self._throttled[0])
        if not self._calls.take(self.clock()).allowed:
            raise _throttle(32)

    # Posts

    def _own_page(self, call: Call) -> None:
        if call.parts["page"] not in (self.page, "me"):
            raise graph.missing(call.parts["page"], call.method)

    def _post(self, call: Call) -> Response:
        self._page_call(call, "pages_manage_posts", "pages_read_engagement")
        self._own_page(call)
        given = graph.parameters(call)
        if "scheduled_publish_time" in given or not graph.true(given.get("published", "true")):
            raise Refused(501, "this fake knows no scheduled or unpublished posts")
        message, link = str(given.get("message") or ""), str(given.get("link") or "")
        photos = self._attached(given)
        if not message.strip() and not link and not photos:
            raise graph.error(400, "(#100) Missing message or attachment", 100)
        _check_length(message)
        if link and photos:
            raise graph.error(400, "(#100) A post has a link or photos, not both", 100)
        if link and not self._reachable(link):
            raise graph.error(400, "(#100) The url you supplied is invalid", 100, subcode=1_500)
        last = next(reversed(self.visible), None)
        if last and not photos and (last.text, last.url) == (message, link):
            raise graph.error(400, "Duplicate status message", 506, type="FacebookApiException", subcode=1_455_006)
        made = self._publish(call, message, link, tuple(each.picture for each in photos))
        for each in photos:
            del self._photos[each.id]
        return JSONResponse({"id": made.id})

    def _publish(self, call: Call, message: str, link: str, pictures: tuple[Picture, ...]) -> Posted:
        return self.publish(
            Posted(
                id=f"{self.page}_{1_220_000_000_000 + self.number()}",
                text=message,
                when=self.clock(),
                account=self.page,
                url=link,
                pictures=pictures,
                raw=call.body,
            )
        )

    def _attached(self, given: dict[str, Any]) -> list[_Photo]:
        """``attached_media`` as a list of JSON, or ``attached_media[0]={"media_fbid": …}`` and so on in a form."""
        listed = given.get("attached_media", [])
        if isinstance(listed, str):
            listed = _json(listed)
        numbered = sorted((name for name in given if re.fullmatch(r"attached_media\[\d+\]", name)), key=_number)
        wanted = [*(listed if isinstance(listed, list) else []), *(_json(given[name]) for name in numbered)]
        found = [self._photos.get(str(each.get("media_fbid"))) for each in wanted if isinstance(each, dict)]
        if len(found) != len(wanted) or None in found:
            raise graph.error(400, "(#100) attached_media names a photo that is not there", 100)
        return [each for each in found if each is not None]

    def _photo(self, call: Call) -> Response:
        self._page_call(call, "pages_manage_posts", "pages_read_engagement")
        self._own_page(call)
        given = graph.parameters(call)
        alt, url = str(given.get("alt_text_custom") or ""), str(given.get("url") or "")
        if "source" in call.files:
            data = call.files["source"].data
            found = picture(data, alt=alt)
            if found is None or found.content_type not in PHOTO_TYPES or len(data) > PHOTO_BYTES:
                raise graph.error(400, "(#324) Missing or invalid image file", 324)
        elif url and self._reachable(url):
            found = Picture(alt=alt, url=url)
        else:
            raise graph.error(400, "(#324) Missing or invalid image file", 324)
        identity = str(1_330_000_000_000 + self.number())
        if not graph.true(given.get("published", "true")):
            self._photos[identity] = _Photo(identity, found)
            return JSONResponse({"id": identity})
        caption = str(given.get("caption") or given.get("message") or "")
        _check_length(caption)
        return JSONResponse({"id": identity, "post_id": self._publish(call, caption, "", (found,)).id})

    def _reachable(self, url: str) -> bool:
        return graph.public_url(url) or (not self.public_only and url.startswith(("http://", "https://")))

    def _feed(self, call: Call) -> Response:
        self._page_call(call, "pages_read_engagement")
        self._own_page(call)
        limit = min(100, call.number("limit", 25))
        return JSONResponse({"data": [self._entity(each, call) for each in list(reversed(self.visible))[:limit]]})

    def _own(self, call: Call) -> Posted:
        found = self.find(call.parts["id"])
        if found is None:
            raise graph.missing(call.parts["id"], call.method)
        return found

    def _show(self, call: Call) -> Response:
        if call.parts["id"] in ("me", self.page):
            self._versioned(call)
            grant = graph.signed_in(self.grants, call)
            name = "The Record" if grant.account == self.page else "Ines Okafor"
            return JSONResponse({"id": grant.account, "name": name})
        self._page_call(call, "pages_read_engagement")
        return JSONResponse(self._entity(self._own(call), call))

    def _entity(self, post: Posted, call: Call) -> dict[str, Any]:
        """The fields that were asked for: ``reactions.limit(0).summary(total_count)`` is one, too."""
        shares = self.reacted(post.id, "reposts")
        told = {
            "id": post.id,
            "message": post.text,
            "created_time": f"{post.when:%Y-%m-%dT%H:%M:%S}+0000",
            "permalink_url": f"https://www.facebook.com/{post.id.replace('_', '/posts/')}",
            "is_published": True,
            "reactions": {"data": [], "summary": {"total_count": self.reacted(post.id, "likes")}},
            "comments": {"data": [], "summary": {"total_count": self.reacted(post.id, "replies")}},
            **({"shares": {"count": shares}} if shares != 0 else {}),
        }
        wanted = call.query.get("fields", "created_time,message").split(",")
        edges = {each.partition(".")[0] for each in wanted if "summary(" in each}
        plain = {each for each in wanted if "(" not in each} - {"reactions", "comments"}
        return {name: value for name, value in told.items() if name == "id" or name in plain | edges}

    def _update(self, call: Call) -> Response:
        self._page_call(call, "pages_manage_posts")
        post = self._own(call)
        message = graph.parameters(call).get("message")
        if not isinstance(message, str) or not message.strip():
            raise graph.error(400, "(#100) message is what can be changed", 100)
        _check_length(message)
        self.edit(post.id, text=message, raw=call.body)
        return JSONResponse({"success": True})

    def _delete(self, call: Call) -> Response:
        self._page_call(call, "pages_manage_posts")
        self.remove(self._own(call).id)
        return JSONResponse({"success": True})

    # Tokens

    def _authorize(self, call: Call) -> Response:
        self._versioned(call)
        return self.grants.authorize(call, client=self.client[0], scopes=SCOPES)

    def _tokens(self, call: Call) -> Response:
        """A code becomes a short-lived token; ``fb_exchange_token`` makes a long-lived one of it."""
        self._versioned(call)
        given = {name: str(value) for name, value in graph.parameters(call).items()}
        if (given.get("client_id"), given.get("client_secret")) != self.client:
            raise graph.error(400, "Error validating client secret.", 1)
        if given.get("grant_type") == "fb_exchange_token":
            held = self.grants.find(given.get("fb_exchange_token", ""))
            if held is None or held.revoked or self.grants.expired(held):
                raise graph.error(400, "Error validating access token: Session has expired.", 190, subcode=463)
            made = self.grants.issue(self.user, seconds=LONG_SECONDS, scopes=held.scopes, family=held.family)
        else:
            redirect = given.get("redirect_uri", "")
            try:
                scopes = self.grants.redeem(given.get("code", ""), client=self.client[0], redirect=redirect)
            except BadGrant as bad:
                message = f"Error validating verification code. {bad.description}"
                raise graph.error(400, message, 100, subcode=36_009) from bad
            made = self.grants.issue(self.user, seconds=SHORT_SECONDS, scopes=scopes)
        told = {"access_token": made.access, "token_type": "bearer", "expires_in": made.seconds(self.clock())}
        return JSONResponse(told)

    def _pages(self, call: Call) -> Response:
        """The page's token has no end only when the user's was long-lived."""
        self._versioned(call)
        grant = graph.signed_in(self.grants, call, "pages_show_list")
        if grant.account != self.user:
            raise graph.error(400, "(#100) Tried accessing nonexisting field (accounts) on node type (Page)", 100)
        left = grant.seconds(self.clock())
        made = self.grants.issue(
            self.page, seconds=None if left > SHORT_SECONDS else left, scopes=grant.scopes, family=grant.family
        )
        told = {"access_token": made.access, "category": "Newspaper", "name": "The Record", "id": self.page}
        return JSONResponse({"data": [{**told, "tasks": ["CREATE_CONTENT", "MANAGE", "MODERATE"]}]})

    def _debug(self, call: Call) -> Response:
        self._versioned(call)
        app = "|".join(self.client)
        if graph.parameters(call).get("access_token") != app:
            graph.signed_in(self.grants, call)
        held = self.grants.find(call.query.get("input_token", ""))
        if held is None:
            return JSONResponse(
                {"data": {"is_valid": False, "error": {"code": 190, "message": "Malformed access token"}}}
            )
        expires = int(held.expires.timestamp()) if held.expires else 0
        valid = not held.revoked and not self.grants.expired(held)
        told = {"is_valid": valid, "expires_at": expires, "scopes": sorted(held.scopes), "user_id": self.user}
        return JSONResponse({"data": {**told, "type": "PAGE" if held.account == self.page else "USER"}})


def _throttle(code: int) -> Refused:
    status, message, subcode = _THROTTLES[code]
    return graph.error(status, message, code, subcode=subcode, is_transient=code in (4, 32))


def _check_length(message: str) -> None:
    if len(message.encode("utf-16-le")) // 2 > MESSAGE:
        raise graph.error(400, f"(#100) Param message must be at most {MESSAGE} characters long", 100)


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError as error:
        raise graph.error(400, "(#100) attached_media is not JSON", 100) from error


def _number(name: str) -> int:
    return int(re.sub(r"\D", "", name))
