"""A small strict fake of a Bluesky PDS: sessions, blobs and records of one account.

After https://docs.bsky.app/docs/advanced-guides/rate-limits, the lexicons com.atproto.server and com.atproto.repo
of https://github.com/bluesky-social/atproto, and what a PDS 0.4.217 and 0.5.35 were measured to do (social.md,
2026-11-23): an expired token is HTTP 400; ``createRecord`` on a key that is taken is HTTP 500; ``putRecord`` of the
same record changes nothing, of another one edits in silence. The cids have the form of real ones and are not computed
as theirs are: equal records have equal cids, and that is all. ``app.bsky.feed.getPosts``, which a PDS hands on to the
network's view: the lexicons ``getPosts`` and ``defs#postView``, read 2026-11-29.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.bluesky_record import POST, Invalid, check, check_key, seen
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.posted import Picture, Posted, picture
from bot.testing.networks.rates import Reading, Window

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
HANDLE = "news.record.example"
APP_PASSWORD = "abcd-efgh-ijkl-mnop"
_ACCESS, _REFRESH, _GRACE = timedelta(seconds=7200), timedelta(days=90), timedelta(hours=2)
_LARGEST_BLOB = 50 * 1024 * 1024
_POSTS_AT_ONCE = 25
_POINTS = {"create": 3, "update": 2, "delete": 1}
_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
SAMPLE = {"service": "{base}", "handle": "{handle}", "password": "{password}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@dataclass(frozen=True)
class _Token:
    scope: str
    expires: datetime


@dataclass(frozen=True)
class _Write:
    action: str
    collection: str
    key: str
    record: Mapping[str, Any] | None = None

    @property
    def uri(self) -> str:
        return f"at://{DID}/{self.collection}/{self.key}"


@network
class Bluesky(Network):
    """Posts have their ``at://`` address as id. ``fields``: ``links``, ``mentions``, ``tags`` (label, target).

    They come from facets: an address in the text that none covers is dead text.
    """

    kind = "bluesky"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        password: str = APP_PASSWORD,
        sign_ins: int = 30,
        points_an_hour: int = 5000,
        requests: int = 3000,
    ) -> None:
        super().__init__(clock)
        self._password = password
        self._tokens: dict[str, _Token] = {}
        self._blobs: dict[str, Picture] = {}
        self._records: dict[str, Mapping[str, Any]] = {}
        self._requests = Window(requests, 300)
        self._sign_ins = Window(sign_ins, 300)
        self._points = Window(points_an_hour, 3600)
        self._told: tuple[Reading, float] | None = None

    @property
    def credentials(self) -> dict[str, str]:
        return {"handle": HANDLE, "did": DID, "password": self._password}

    def revoke(self) -> None:
        self._password = ""
        self._tokens.clear()

    def blob(self, cid: str) -> Picture | None:
        """The picture that was uploaded, by its cid."""
        return self._blobs.get(cid)

    def endpoints(self) -> Sequence[Endpoint]:
        return [("GET", "/xrpc/{name}", self._xrpc), ("POST", "/xrpc/{name}", self._xrpc)]

    def after(self, call: Call, answer: Response) -> None:
        if self._told and call.path.startswith("/xrpc/"):
            reading, seconds = self._told
            answer.headers["RateLimit-Limit"] = str(reading.limit)
            answer.headers["RateLimit-Remaining"] = str(reading.remaining)
            answer.headers["RateLimit-Reset"] = str(int(reading.reset.timestamp()))
            answer.headers["RateLimit-Policy"] = f"{reading.limit};w={seconds:.0f}"

    def _xrpc(self, call: Call) -> Response:
        queries: dict[str, Callable[[Call], Any]] = {
            "_health": lambda _: {"version": "0.5.35"},
            "com.atproto.server.describeServer": lambda _: {"did": "did:web:pds.example", "availableUserDomains": []},
            "com.atproto.server.getSession": self._session,
            "com.atproto.identity.resolveHandle": self._resolve,
            "com.atproto.repo.getRecord": self._get,
            "com.atproto.repo.listRecords": self._list,
            "app.bsky.feed.getPosts": self._get_posts,
        }
        procedures: dict[str, Callable[[Call], Any]] = {
            "com.atproto.server.createSession": self._create_session,
            "com.atproto.server.refreshSession": self._refresh,
            "com.atproto.repo.createRecord": self._create,
            "com.atproto.repo.putRecord": self._put,
            "com.atproto.repo.deleteRecord": self._delete,
            "com.atproto.repo.applyWrites": self._apply,
            "com.atproto.repo.uploadBlob": self._upload,
        }
        self._count(self._requests, 300)
        name = call.parts["name"]
        if name not in queries and name not in procedures:
            raise _error(501, "MethodNotImplemented", "Method Not Implemented")
        if (call.method == "GET") != (name in queries):
            raise _error(400, "InvalidRequest", f"Incorrect HTTP method ({call.method})")
        return JSONResponse({**queries, **procedures}[name](call))

    def _create_session(self, call: Call) -> Any:
        self._count(self._sign_ins, 300)
        asked = _input(call)
        known = str(asked.get("identifier", "")).lower() in (HANDLE, DID)
        if not (known and self._password and asked.get("password") == self._password):
            raise _error(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._tokens_made()

    def _refresh(self, call: Call) -> Any:
        self._signed(call, "refresh")
        old = self._tokens[call.bearer]
        # The old token works on for a while: an answer may have been lost.
        self._tokens[call.bearer] = _Token("refresh", min(old.expires, self.clock() + _GRACE))
        return self._tokens_made()

    def _session(self, call: Call) -> Any:
        self._signed(call)
        return {"did": DID, "handle": HANDLE, "active": True}

    def _resolve(self, call: Call) -> Any:
        if call.query.get("handle", "").lower() != HANDLE:
            raise _error(400, "InvalidRequest", "Unable to resolve handle")
        return {"did": DID}

    def _create(self, call: Call) -> Any:
        asked = self._writing(call)
        write = self._checked({**asked, "rkey": asked.get("rkey") or self._tid()}, "create")
        self._spend([write])
        return {**self._written(write), "validationStatus": _status(write)}

    def _put(self, call: Call) -> Any:
        asked = self._writing(call)
        if not isinstance(asked.get("rkey"), str):
            raise _error(400, "InvalidRequest", 'Input must have the property "rkey"')
        uri = f"at://{DID}/{asked.get('collection')}/{asked['rkey']}"
        before = self._records.get(uri)
        write = self._checked(asked, "update" if before else "create")
        if before is not None and before == write.record:
            return {"uri": uri, "cid": _cid(before), "validationStatus": _status(write)}
        self._spend([write])
        return {**self._written(write), "validationStatus": _status(write)}

    def _delete(self, call: Call) -> Any:
        asked = self._writing(call)
        write = _Write("delete", str(asked.get("collection")), str(asked.get("rkey")))
        if write.uri not in self._records:
            return {}
        self._spend([write])
        return {"commit": self._written(write)["commit"]}

    def _apply(self, call: Call) -> Any:
        asked = self._writing(call)
        found = asked.get("writes")
        if not isinstance(found, list) or len(found) > 200:
            raise _error(400, "InvalidRequest", "Too many writes. Max: 200")
        writes = []
        for each in found:
            action = str(each.get("$type", "")).removeprefix("com.atproto.repo.applyWrites#")
            if action not in _POINTS:
                raise _error(400, "InvalidRequest", "Input/writes has no such action")
            fields = {**each, "record": each.get("value"), "rkey": each.get("rkey") or self._tid()}
            one = _Write("delete", str(each.get("collection")), str(each.get("rkey")))
            writes.append(one if action == "delete" else self._checked(fields, action))
        self._spend(writes)
        return {"results": [self._written(each) for each in writes]}

    def _get(self, call: Call) -> Any:
        repo, key = call.query.get("repo", ""), f"{call.query.get('collection')}/{call.query.get('rkey')}"
        uri = f"at://{DID if repo == HANDLE else repo}/{key}"
        if uri not in self._records:
            raise _error(400, "RecordNotFound", f"Could not locate record: {uri}")
        return {"uri": uri, "cid": _cid(self._records[uri]), "value": self._records[uri]}

    def _list(self, call: Call) -> Any:
        start = f"at://{DID}/{call.query.get('collection')}/"
        limit = call.query.get("limit", "50")
        if call.query.get("repo") not in (DID, HANDLE):
            raise _error(400, "InvalidRequest", f"Could not find repo: {call.query.get('repo')}")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise _error(400, "InvalidRequest", "limit must be from 1 to 100")
        newest_first = call.query.get("reverse") != "true"
        found = sorted((uri for uri in self._records if uri.startswith(start)), reverse=newest_first)
        if cursor := call.query.get("cursor"):
            at = start + cursor
            found = [uri for uri in found if (uri < at if newest_first else uri > at)]
        page = found[: int(limit)]
        records = [{"uri": uri, "cid": _cid(self._records[uri]), "value": self._records[uri]} for uri in page]
        return {"records": records, **({"cursor": page[-1].rpartition("/")[2]} if len(found) > len(page) else {})}

    def _get_posts(self, call: Call) -> Any:
        """What the network's view, which the server asks for the account, has of these posts; not what is gone."""
        self._signed(call)
        wanted = call.every("uris")
        if not wanted:
            raise _error(400, "InvalidRequest", 'Error: Params must have the property "uris"')
        if len(wanted) > _POSTS_AT_ONCE:
            raise _error(400, "InvalidRequest", f"Error: uris must not have more than {_POSTS_AT_ONCE} elements")
        if not all(re.fullmatch(r"at://[^/\s]+/[a-zA-Z.]+/[^/\s]+", each) for each in wanted):
            raise _error(400, "InvalidRequest", "Error: uris/0 must be a valid at-uri")
        return {"posts": [self._view(each) for each in dict.fromkeys(wanted) if each in self._records]}

    def _view(self, uri: str) -> dict[str, Any]:
        return {
            "uri": uri,
            "cid": _cid(self._records[uri]),
            "author": {"did": DID, "handle": HANDLE},
            "record": self._records[uri],
            "indexedAt": f"{self.clock():%Y-%m-%dT%H:%M:%S.000Z}",
            "likeCount": self.reacted(uri, "likes"),
            "repostCount": self.reacted(uri, "reposts"),
            "replyCount": self.reacted(uri, "replies"),
            "quoteCount": self.reacted(uri, "quotes"),
        }

    def _upload(self, call: Call) -> Any:
        self._signed(call)
        if not call.content_type:
            raise _error(400, "InvalidRequest", "Request encoding (Content-Type) required but not provided")
        if len(call.body) > _LARGEST_BLOB:
            raise _error(413, "PayloadTooLarge", "request entity too large")
        cid = "bafkrei" + _base32(hashlib.sha256(call.body).digest())
        found = picture(call.body, url=cid)  # The type is what the bytes are: the PDS looks at them too.
        self._blobs[cid] = found or Picture(content_type=call.content_type, data=call.body, url=cid)
        kind = self._blobs[cid].content_type
        return {"blob": {"$type": "blob", "ref": {"$link": cid}, "mimeType": kind, "size": len(call.body)}}

    def _signed(self, call: Call, scope: str = "access") -> None:
        if not call.bearer:
            raise _error(401, "AuthMissing", "Authentication Required")
        token = self._tokens.get(call.bearer)
        if token is None or token.scope != scope:
            raise _error(400, "InvalidToken", "Token could not be verified")
        if self.clock() >= token.expires:
            raise _error(400, "ExpiredToken", "Token has expired")

    def _tokens_made(self) -> dict[str, Any]:
        found = {"did": DID, "handle": HANDLE, "active": True}
        for name, scope, lasts in (("accessJwt", "access", _ACCESS), ("refreshJwt", "refresh", _REFRESH)):
            expires = self.clock() + lasts
            claims = {
                "scope": f"com.atproto.{scope}",
                "sub": DID,
                "exp": int(expires.timestamp()),
                "jti": self.number(),
            }
            head, body = (_base64(json.dumps(each).encode()) for each in ({"typ": "JWT", "alg": "HS256"}, claims))
            token = f"{head}.{body}.{_base64(hashlib.sha256(body.encode()).digest())}"
            self._tokens[token] = _Token(scope, expires)
            found[name] = token
        return found

    def _writing(self, call: Call) -> Mapping[str, Any]:
        self._signed(call)
        asked = _input(call)
        if asked.get("repo") not in (DID, HANDLE):
            raise _error(403, "Forbidden", "the repo is not that of the session")
        return asked

    def _checked(self, asked: Mapping[str, Any], action: str) -> _Write:
        collection, record, key = asked.get("collection"), asked.get("record"), str(asked["rkey"])
        if not isinstance(collection, str) or not isinstance(record, dict):
            raise _error(400, "InvalidRequest", "Input must have a collection and a record")
        if record.setdefault("$type", collection) != collection:
            message = f"Invalid $type: expected {collection}, got {record['$type']}"
            raise _error(400, "InvalidRequest", message)
        if not re.fullmatch(r"[A-Za-z0-9._:~-]{1,512}", key):
            raise _error(400, "InvalidRequest", "Invalid record key")
        write = _Write(action, collection, key, record)
        if collection == POST:
            try:
                check_key(key)
                check(record, self)
            except Invalid as error:
                raise _error(400, "InvalidRequest", f"Invalid {POST} record: {error}") from error
        if (write.uri in self._records) != (action == "update"):
            raise _error(500, "InternalServerError", "Internal Server Error")
        return write

    def _spend(self, writes: Sequence[_Write]) -> None:
        self._count(self._points, 3600, sum(_POINTS[each.action] for each in writes))

    def _count(self, window: Window, seconds: float, cost: int = 1) -> None:
        now = self.clock()
        reading = window.read(now)
        if reading.remaining < cost:
            self._told = (Reading(False, reading.limit, 0, reading.reset), seconds)
            raise _error(429, "RateLimitExceeded", "Rate Limit Exceeded")
        for _ in range(cost):
            reading = window.take(now)
        self._told = (reading, seconds)

    def _written(self, write: _Write) -> dict[str, Any]:
        commit = {"cid": "bafyrei" + _base32(hashlib.sha256(f"{self.number()}".encode()).digest()), "rev": self._tid()}
        if write.record is None:
            self._records.pop(write.uri, None)
            if self.find(write.uri):
                self.remove(write.uri)
            return {"commit": commit}
        self._records[write.uri] = write.record
        if write.collection == POST:
            self._show(write)
        return {"uri": write.uri, "cid": _cid(write.record), "commit": commit}

    def _show(self, write: _Write) -> None:
        assert write.record is not None
        shown = {**seen(write.record, self), "raw": json.dumps(write.record, ensure_ascii=False).encode()}
        if self.find(write.uri):
            self.edit(write.uri, **shown)
        elif any(each.id == write.uri for each in self.posts):  # Deleted, and written anew under its key.
            self.edit(write.uri, **shown, when=self.clock(), edited=None, deleted=None)
        else:
            self.publish(Posted(id=write.uri, when=self.clock(), account=HANDLE, **shown))

    def _tid(self) -> str:
        number = (int(self.clock().timestamp() * 1_000_000) + self.number()) << 10
        return "".join(_SORTABLE[(number >> shift) & 31] for shift in range(60, -1, -5))


def _input(call: Call) -> Mapping[str, Any]:
    if not isinstance(call.json, dict):
        raise _error(400, "InvalidRequest", "Request encoding (Content-Type) must be application/json, and an object")
    return call.json


def _status(write: _Write) -> str:
    return "valid" if write.collection == POST else "unknown"


def _cid(record: Mapping[str, Any]) -> str:
    told = json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    return "bafyrei" + _base32(hashlib.sha256(told).digest())


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _error(status: int, code: str, message: str) -> Refused:
    return Refused(status, {"error": code, "message": message})
