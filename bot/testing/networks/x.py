"""A strict X, API v2, with one account.

Documents, read 2026-11-29: https://docs.x.com/x-api/posts/create-or-edit-post, /media/create-media-metadata; alt
texts of 1,000 characters: developer.x.com, POST media/metadata/create. Counting: twitter-text's configuration v3
(social.md), by ``twitter-text-parser``. The body of a 403 for a duplicate: akrherz/iembot#163, seen 2026-02; 100
posts in 15 minutes and 10,000 in 24 hours: social.md. From memory: the answer to a text that is too long, to a reply
to nothing, the windows of the other endpoints, posts by their ids (100 at most) with what is told of those that are
gone, and that texts come back with t.co links and & < > escaped.

Not here: polls, quotes, video, posts of more than 280.

In one file, though it is long: what one account is answered rests on the same statuses, keys and limits.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response
from twitter_text import extract_urls_with_indices, parse_tweet

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.grants import BadGrant, Grants
from bot.testing.networks.oauth1 import OAuth1, Unsigned
from bot.testing.networks.posted import Picture, Posted, picture
from bot.testing.networks.rates import Limit, Reading, Window

SAMPLE = {
    "api": "{base}",
    "authorize": "{base}/i/oauth2/authorize",
    "consumer_key": "{consumer_key}",
    "consumer_secret": "{consumer_secret}",
    "access_token": "{user_token}",
    "access_secret": "{user_secret}",
}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""
SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
ACCESS_SECONDS = 7200
MEDIA_SECONDS = 86_400
DUPLICATE_SECONDS = 86_400
IMAGE_BYTES = 5 * 1024 * 1024
ALT_CHARACTERS = 1000
AT_ONCE = 100
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_KNOWN = {"text", "media", "reply", "reply_settings", "made_with_ai", "nullcast", "for_super_followers_only"}
_INVALID = "https://api.twitter.com/2/problems/invalid-request"
_NOT_FOUND = "https://api.twitter.com/2/problems/resource-not-found"


@dataclass(frozen=True)
class _Medium:
    id: str
    picture: Picture
    expires: datetime


def _problem(status: int, title: str, detail: str, **more: Any) -> Refused:
    return Refused(status, {"title": title, "detail": detail, "type": "about:blank", "status": status, **more})


def _invalid(message: str, **parameters: Any) -> Refused:
    errors = [{"parameters": parameters, "message": message}]
    detail = "One or more parameters to your request was invalid."
    return Refused(400, {"errors": errors, "title": "Invalid Request", "detail": detail, "type": _INVALID})


@network
class X(Network):
    """``credentials`` has both ways in: ``token`` (OAuth 2, two hours) with ``refresh_token``, and the four of 1.0a.

    ``confidential``: the application has a secret, which its token requests must bring (HTTP Basic).
    """

    kind: ClassVar[str] = "x"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        confidential: bool = False,
        username: str = "record",
        posts_in_a_window: int = 100,
        posts_a_day: int = 10_000,
    ) -> None:
        super().__init__(clock)
        self.confidential = confidential
        self.username = username
        self.account = "1460000000000000001"
        self.client = ("x-client", "x-secret")
        self.consumer = ("x-consumer-key", "x-consumer-secret")
        self.user = ("1460000000000000001-x-user", "x-user-secret")
        self.oauth1 = OAuth1("x", self.consumer, clock)
        self.oauth1.give(*self.user)
        self.grants = Grants("x", clock)
        self._first = self.grants.issue(self.account, seconds=ACCESS_SECONDS, refreshable=True, scopes=SCOPES)
        self._media: dict[str, _Medium] = {}
        self._links: dict[str, str] = {}
        self._windows: dict[str, Limit] = {
            "post": Window(posts_in_a_window, 900),
            "delete": Window(50, 900),
            "timeline": Window(900, 900),
            "read": Window(900, 900),
            "me": Window(75, 900),
            "media": Window(500, 900),
        }
        self._day = Window(posts_a_day, 86_400)
        self._reading: Reading | None = None
        self._day_reading: Reading | None = None

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "token": self._first.access,
            "refresh_token": self._first.refresh,
            "client_id": self.client[0],
            "client_secret": self.client[1],
            "consumer_key": self.consumer[0],
            "consumer_secret": self.consumer[1],
            "user_token": self.user[0],
            "user_secret": self.user[1],
            "account": self.account,
        }

    def revoke(self) -> None:
        self.oauth1.end_all()
        self.grants.end_all()

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("POST", "/2/tweets", self._post),
            ("GET", "/2/tweets", self._several),
            ("GET", "/2/tweets/{id}", self._show),
            ("DELETE", "/2/tweets/{id}", self._delete),
            ("GET", "/2/users/me", self._me),
            ("GET", "/2/users/{id}/tweets", self._timeline),
            ("POST", "/2/media/upload", self._upload),
            ("POST", "/2/media/metadata", self._metadata),
            ("GET", "/i/oauth2/authorize", self._authorize),
            ("POST", "/2/oauth2/token", self._tokens),
            ("POST", "/2/oauth2/revoke", self._revoke),
            ("POST", "/oauth/request_token", self._request_token),
            ("GET", "/oauth/authorize", self.oauth1.authorize),
            ("POST", "/oauth/access_token", self._access_token),
        ]

    # Who asks, and how often

    def after(self, call: Call, answer: Response) -> None:
        for reading, prefix in ((self._reading, "x-rate-limit"), (self._day_reading, "x-app-limit-24hour")):
            if reading is not None:
                answer.headers[f"{prefix}-limit"] = str(reading.limit)
                answer.headers[f"{prefix}-remaining"] = str(reading.remaining)
                answer.headers[f"{prefix}-reset"] = str(int(reading.reset.timestamp()))
        self._reading = self._day_reading = None

    def _signed_in(self, call: Call, window: str, *scopes: str) -> None:
        """Raises ``Refused``: 401 without a token that lives, 403 without the scopes, 429 when it was too often."""
        scheme = call.headers.get("authorization", "").partition(" ")[0].lower()
        if scheme == "oauth":
            try:
                self.oauth1.check(call)
            except Unsigned as unsigned:
                raise _problem(401, "Unauthorized", "Unauthorized") from unsigned
        else:
            grant = self.grants.find(call.bearer)
            if grant is None or grant.revoked or self.grants.expired(grant):
                raise _problem(401, "Unauthorized", "Unauthorized")
            if missing := set(scopes) - grant.scopes:
                raise _problem(403, "Forbidden", f"Your token lacks the scopes {', '.join(sorted(missing))}")
        self._reading = self._windows[window].take(self.clock())
        if window == "post":
            self._day_reading = self._day.read(self.clock())
        if not self._reading.allowed or (self._day_reading is not None and not self._day_reading.allowed):
            raise _problem(429, "Too Many Requests", "Too Many Requests")

    # Posts

    def _post(self, call: Call) -> Response:
        self._signed_in(call, "post", "tweet.write", "tweet.read", "users.read")
        body = _json(call)
        if unknown := set(body) - _KNOWN:
            name = min(unknown)
            raise _invalid(
                f"$.{name}: is not defined in the schema and the schema does not allow additional properties"
            )
        text = body.get("text", "")
        if not isinstance(text, str):
            raise _invalid("$.text: must be a string", text=[str(text)])
        text = unicodedata.normalize("NFC", text).strip()
        media = self._attachable(body.get("media"))
        if not text and not media:
            raise _invalid("Either text or media must be given")
        if text:
            self._check_text(text)
        reply_to = _answered(body.get("reply"))
        if reply_to and self.find(reply_to) is None:
            detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
            raise _problem(403, "Forbidden", detail)
        now = self.clock()
        since = now - timedelta(seconds=DUPLICATE_SECONDS)
        if text and any(each.text == text and each.when > since for each in self.visible):
            raise _problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")
        self._day_reading = self._day.take(now)
        made = self.publish(
            Posted(
                id=str((int(now.timestamp() * 1000) << 12) + self.number()),
                text=text,
                when=now,
                account=self.account,
                pictures=tuple(each.picture for each in media),
                reply_to=reply_to,
                raw=call.body,
            )
        )
        for each in media:
            del self._media[each.id]
        told = {"id": made.id, "text": self._wired(text), "edit_history_tweet_ids": [made.id]}
        return JSONResponse({"data": told}, 201)

    def _check_text(self, text: str) -> None:
        parsed = parse_tweet(text)
        if parsed.weightedLength > 280:
            raise _problem(403, "Forbidden", "Tweet needs to be a bit shorter.")
        if not parsed.valid:
            raise _invalid("The text has characters that are not allowed", text=[text])

    def _attachable(self, given: Any) -> list[_Medium]:
        if given is None:
            return []
        wanted = given.get("media_ids") if isinstance(given, dict) else None
        if (
            not isinstance(wanted, list)
            or not 1 <= len(wanted) <= 4
            or not all(isinstance(each, str) for each in wanted)
        ):
            raise _invalid("$.media.media_ids: must be a list of 1 to 4 strings")
        held = [self._media.get(each) for each in wanted]
        found = [each for each in held if each is not None and each.expires > self.clock()]
        if len(found) != len(wanted) or len(set(wanted)) != len(wanted):
            raise _invalid("Your media IDs are invalid.", **{"media.media_ids": wanted})
        return found

    def _delete(self, call: Call) -> Response:
        self._signed_in(call, "delete", "tweet.write", "tweet.read", "users.read")
        if self.find(call.parts["id"]) is None:
            raise Refused(404, {"title": "Not Found Error", "detail": "Could not find tweet", "type": _NOT_FOUND})
        self.remove(call.parts["id"])
        return JSONResponse({"data": {"deleted": True}})

    def _show(self, call: Call) -> Response:
        self._signed_in(call, "read", "tweet.read", "users.read")
        found = self.find(call.parts["id"])
        if found is None:  # A post that is not there is no error of HTTP: 200, with errors in the body.
            value = call.parts["id"]
            told = {"value": value, "detail": f"Could not find tweet with id: [{value}].", "type": _NOT_FOUND}
            return JSONResponse({"errors": [{**told, "title": "Not Found Error", "resource_type": "tweet"}]})
        return JSONResponse({"data": self._entity(found, call)})

    def _several(self, call: Call) -> Response:
        """Those that are there in ``data``, the others in ``errors``; without any, there is no ``data``."""
        self._signed_in(call, "read", "tweet.read", "users.read")
        wanted = [each for each in call.query.get("ids", "").split(",") if each]
        if not 1 <= len(wanted) <= AT_ONCE:
            raise _invalid(
                f"The number of values in the `ids` query parameter list [{len(wanted)}] is not between 1 and {AT_ONCE}"
            )
        if not all(re.fullmatch(r"[0-9]{1,19}", each) for each in wanted):
            raise _invalid("The `ids` query parameter value is not valid", ids=wanted)
        found = {each: self.find(each) for each in wanted}
        data = [self._entity(each, call) for each in found.values() if each is not None]
        errors = [
            {
                "value": each,
                "detail": f"Could not find tweet with ids: [{each}].",
                "title": "Not Found Error",
                "resource_type": "tweet",
                "parameter": "ids",
                "resource_id": each,
                "type": _NOT_FOUND,
            }
            for each, post in found.items()
            if post is None
        ]
        return JSONResponse({**({"data": data} if data else {}), **({"errors": errors} if errors else {})})

    def _timeline(self, call: Call) -> Response:
        self._signed_in(call, "timeline", "tweet.read", "users.read")
        if call.parts["id"] != self.account:
            raise _invalid("The user is not known", id=[call.parts["id"]])
        asked = call.number("max_results", 0) if "max_results" in call.query else 10
        if not 5 <= asked <= 100:
            given = call.query["max_results"]
            raise _invalid(f"The `max_results` query parameter value [{given}] is not between 5 and 100")
        shown = [each for each in reversed(self.visible) if int(each.id) > call.number("since_id", 0)]
        if "replies" in call.query.get("exclude", "").split(","):
            shown = [each for each in shown if not each.reply_to]
        shown = shown[:asked]
        if not shown:
            return JSONResponse({"meta": {"result_count": 0}})
        meta = {"result_count": len(shown), "newest_id": shown[0].id, "oldest_id": shown[-1].id}
        return JSONResponse({"data": [self._entity(each, call) for each in shown], "meta": meta})

    def _entity(self, post: Posted, call: Call) -> dict[str, Any]:
        fields = call.query.get("tweet.fields", "").split(",")
        told: dict[str, Any] = {"id": post.id, "text": self._wired(post.text), "edit_history_tweet_ids": [post.id]}
        if "created_at" in fields:
            told["created_at"] = f"{post.when:%Y-%m-%dT%H:%M:%S}.000Z"
        if "referenced_tweets" in fields and post.reply_to:
            told["referenced_tweets"] = [{"type": "replied_to", "id": post.reply_to}]
        if "public_metrics" in fields:
            told["public_metrics"] = {
                "retweet_count": self.reacted(post.id, "reposts"),
                "reply_count": self.reacted(post.id, "replies"),
                "like_count": self.reacted(post.id, "likes"),
                "quote_count": self.reacted(post.id, "quotes"),
                "bookmark_count": 0,
                "impression_count": self.reacted(post.id, "views"),
            }
        if "entities" in fields:
            urls = [{"url": self._links[each], "expanded_url": each} for each in _urls(post.text)]
            told |= {"entities": {"urls": urls}} if urls else {}
        return told

    def _wired(self, text: str) -> str:
        """The text as the API gives it back: & < > escaped, every link a t.co one."""
        wired = escape(text, quote=False)
        for each in _urls(text):
            short = self._links.setdefault(each, f"https://t.co/{len(self._links):010d}")
            wired = wired.replace(escape(each, quote=False), short, 1)
        return wired

    def _me(self, call: Call) -> Response:
        self._signed_in(call, "me", "tweet.read", "users.read")
        return JSONResponse({"data": {"id": self.account, "name": "The Record", "username": self.username}})

    # Media

    def _upload(self, call: Call) -> Response:
        self._signed_in(call, "media", "media.write")
        data = call.files["media"].data if "media" in call.files else _decoded(call.fields.get("media"))
        if data is None:
            raise _invalid("$.media: is missing but it is required")
        if call.fields.get("media_category") != "tweet_image":
            raise _invalid("$.media_category: this fake takes tweet_image, which is required")
        found = picture(data)
        if found is None or found.content_type not in TYPES:
            raise _invalid("media type unrecognized.")
        if len(data) > IMAGE_BYTES:
            raise _invalid(f"File size exceeds {IMAGE_BYTES} bytes.")
        identity = str(1_880_000_000_000_000_000 + self.number())
        self._media[identity] = _Medium(identity, found, self.clock() + timedelta(seconds=MEDIA_SECONDS))
        told = {"id": identity, "media_key": f"3_{identity}", "size": len(data), "expires_after_secs": MEDIA_SECONDS}
        return JSONResponse({"data": told})

    def _metadata(self, call: Call) -> Response:
        self._signed_in(call, "media", "media.write")
        body = _json(call)
        held = self._media.get(str(body.get("id")))
        if held is None or held.expires <= self.clock():
            raise _invalid("Your media IDs are invalid.", id=[str(body.get("id"))])
        try:
            alt = body["metadata"]["alt_text"]["text"]
        except (KeyError, TypeError) as error:
            raise _invalid("$.metadata.alt_text.text: is missing") from error
        if not isinstance(alt, str) or not 1 <= len(alt) <= ALT_CHARACTERS:
            raise _invalid(f"$.metadata.alt_text.text: must be 1 to {ALT_CHARACTERS} characters long")
        self._media[held.id] = replace(held, picture=replace(held.picture, alt=alt))
        return JSONResponse({"data": {"id": held.id, "associated_metadata": {"alt_text": {"text": alt}}}})

    # OAuth 2

    def _authorize(self, call: Call) -> Response:
        return self.grants.authorize(call, client=self.client[0], scopes=SCOPES, pkce=True)

    def _tokens(self, call: Call) -> Response:
        fields = self._from_client(call)
        try:
            if fields.get("grant_type") == "authorization_code":
                scopes = self.grants.redeem(
                    fields.get("code", ""),
                    client=self.client[0],
                    redirect=fields.get("redirect_uri", ""),
                    verifier=fields.get("code_verifier", ""),
                )
                family = ""
            elif fields.get("grant_type") == "refresh_token":
                scopes, family = self._rotated(fields.get("refresh_token", ""))
            else:
                raise BadGrant("unsupported_grant_type", "The grant_type is not one of this server")
        except BadGrant as bad:
            # X says invalid_request of a code or refresh token that is used up.
            error = "invalid_request" if bad.error == "invalid_grant" else bad.error
            raise Refused(400, {"error": error, "error_description": bad.description}) from bad
        again = "offline.access" in scopes
        made = self.grants.issue(self.account, seconds=ACCESS_SECONDS, refreshable=again, scopes=scopes, family=family)
        told = {"token_type": "bearer", "expires_in": ACCESS_SECONDS, "access_token": made.access}
        return JSONResponse(
            {**told, "scope": " ".join(sorted(scopes)), **({"refresh_token": made.refresh} if again else {})}
        )

    def _rotated(self, refresh: str) -> tuple[frozenset[str], str]:
        """A refresh token works once: a second use means it was stolen, and ends all that came of that consent."""
        held = self.grants.by_refresh(refresh)
        if held is None or held.revoked:
            if held is not None:
                self.grants.end_family(held.family)
            raise BadGrant("invalid_grant", "Value passed for the token was invalid.")
        self.grants.end(held)
        return held.scopes, held.family

    def _revoke(self, call: Call) -> Response:
        held = self._from_client(call).get("token", "")
        found = self.grants.find(held) or self.grants.by_refresh(held)
        if found is not None:
            self.grants.end_family(found.family)
        return JSONResponse({"revoked": True})

    def _request_token(self, call: Call) -> Response:
        try:
            return self.oauth1.request_token(call)
        except Unsigned as unsigned:
            raise _not_authenticated() from unsigned

    def _access_token(self, call: Call) -> Response:
        try:
            return self.oauth1.access_token(call, {"user_id": self.account, "screen_name": self.username})
        except Unsigned as unsigned:
            raise _not_authenticated() from unsigned

    def _from_client(self, call: Call) -> Mapping[str, str]:
        fields = {name: str(value) for name, value in call.form}
        if self.confidential:
            basic = base64.b64encode(":".join(self.client).encode()).decode()
            if call.headers.get("authorization") != f"Basic {basic}":
                told = {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}
                raise Refused(401, told)
        elif fields.get("client_id") != self.client[0]:
            raise Refused(
                400, {"error": "invalid_request", "error_description": "Missing required parameter [client_id]."}
            )
        return fields


def _not_authenticated() -> Refused:
    return Refused(401, {"errors": [{"code": 32, "message": "Could not authenticate you."}]})


def _json(call: Call) -> dict[str, Any]:
    if call.content_type != "application/json" or not isinstance(call.json, dict):
        raise _invalid("The body must be a JSON object, and say so in Content-Type")
    return call.json


def _answered(given: Any) -> str:
    if given is None:
        return ""
    wanted = given.get("in_reply_to_tweet_id") if isinstance(given, dict) else None
    if not isinstance(wanted, str) or not wanted.isdigit():
        raise _invalid("$.reply.in_reply_to_tweet_id: must be a string of digits")
    return wanted


def _urls(text: str) -> list[str]:
    return [str(each["url"]) for each in extract_urls_with_indices(text)]


def _decoded(given: Any) -> bytes | None:
    try:
        return base64.b64decode(given, validate=True) if isinstance(given, str) else None
    except ValueError:
        return None
